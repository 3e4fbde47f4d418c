//! Sets of packet headers as disjoint boxes: an interval for each field that a filter or a route looks at.
//!
//! ICMP and ICMPv6 carry no ports: their message stands in the destination port as `type * 256 + code`, and the source
//! port is any. Protocols without ports have any of both. So a box that is narrower than "any" in a port is always a
//! box of one protocol, and the algebra keeps it so.

use model::packet::{IcmpMatch, Packet, PortRange, Traffic, Transport};
use thiserror::Error;

use crate::family::{Family, ICMP, ICMPV6, TCP, UDP, number};
use crate::interval::Interval;

/// The most boxes that one set may have: past it the answer is unknown. AWS allows 40 entries in an ACL and 60 rules in
/// a group, which make some hundred boxes; a set of 4,096 (350 KiB) is no network that somebody wrote by hand.
pub const MAX_BOXES: usize = 4096;

/// The largest set that is looked through for boxes to join: it takes time by the cube of the number.
const MAX_MERGED: usize = 128;

/// A set would have more than [`MAX_BOXES`] boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("more than {MAX_BOXES} header boxes")]
pub struct TooManyBoxes;

/// Packet headers: every combination of one value out of each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderBox {
    /// Family of both addresses.
    pub family: Family,
    /// Source addresses, as numbers in the family's space.
    pub source: Interval<u128>,
    /// Destination addresses, as numbers in the family's space.
    pub destination: Interval<u128>,
    /// IP protocol numbers.
    pub protocol: Interval<u8>,
    /// Source ports; any where the protocol has none.
    pub source_port: Interval<u16>,
    /// Destination ports; for ICMP `type * 256 + code`; any where the protocol has none.
    pub destination_port: Interval<u16>,
}

impl HeaderBox {
    /// Every header of a family.
    pub fn all(family: Family) -> Self {
        Self {
            family,
            source: family.space(),
            destination: family.space(),
            protocol: Interval::ALL,
            source_port: Interval::ALL,
            destination_port: Interval::ALL,
        }
    }

    /// The headers of a family that carry this traffic; none when its range of ports is the wrong way round.
    pub fn of_traffic(family: Family, traffic: Traffic) -> Option<Self> {
        let message = |wanted: IcmpMatch| match wanted {
            IcmpMatch::All => Some(Interval::ALL),
            IcmpMatch::Type(kind) => {
                Interval::between(icmp_message(kind, 0), icmp_message(kind, u8::MAX))
            }
            IcmpMatch::TypeCode(kind, code) => Some(Interval::one(icmp_message(kind, code))),
        };
        let range = |ports: PortRange| Interval::between(ports.first, ports.last);
        let (protocol, destination_port) = match traffic {
            Traffic::All => (Interval::ALL, Interval::ALL),
            Traffic::Tcp(ports) => (Interval::one(TCP), range(ports)?),
            Traffic::Udp(ports) => (Interval::one(UDP), range(ports)?),
            Traffic::Icmp(wanted) => (Interval::one(ICMP), message(wanted)?),
            Traffic::Icmpv6(wanted) => (Interval::one(ICMPV6), message(wanted)?),
            Traffic::Protocol(number) => (Interval::one(number), Interval::ALL),
        };
        Some(Self {
            protocol,
            destination_port,
            ..Self::all(family)
        })
    }

    /// The box of one packet, with ports 0 where its protocol has none; none for a packet that cannot be: addresses of
    /// two families, or a protocol with ports given without them.
    pub fn of_packet(packet: &Packet) -> Option<Self> {
        let family = Family::of(packet.source);
        let (source_port, destination_port) = match packet.transport {
            Transport::Tcp {
                source,
                destination,
            }
            | Transport::Udp {
                source,
                destination,
            } => (source, destination),
            Transport::Icmp { kind, code } | Transport::Icmpv6 { kind, code } => {
                (0, icmp_message(kind, code))
            }
            Transport::Other(TCP | UDP | ICMP | ICMPV6) => return None,
            Transport::Other(_) => (0, 0),
        };
        (family == Family::of(packet.destination)).then(|| Self {
            family,
            source: Interval::one(number(packet.source)),
            destination: Interval::one(number(packet.destination)),
            protocol: Interval::one(packet.transport.protocol()),
            source_port: Interval::one(source_port),
            destination_port: Interval::one(destination_port),
        })
    }

    /// Whether the packet is one of them.
    pub fn contains(&self, packet: &Packet) -> bool {
        Self::of_packet(packet).is_some_and(|point| self.covers(&point))
    }

    /// Whether every header of the other is one of them.
    pub fn covers(&self, other: &Self) -> bool {
        self.family == other.family
            && self.source.covers(other.source)
            && self.destination.covers(other.destination)
            && self.protocol.covers(other.protocol)
            && self.source_port.covers(other.source_port)
            && self.destination_port.covers(other.destination_port)
    }

    /// The headers in both; none when there is none.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        if self.family != other.family {
            return None;
        }
        Some(Self {
            family: self.family,
            source: self.source.intersect(other.source)?,
            destination: self.destination.intersect(other.destination)?,
            protocol: self.protocol.intersect(other.protocol)?,
            source_port: self.source_port.intersect(other.source_port)?,
            destination_port: self.destination_port.intersect(other.destination_port)?,
        })
    }

    /// Appends the headers that are not the other's, as at most ten disjoint boxes.
    fn subtract_into(&self, other: &Self, rest: &mut Vec<Self>) {
        let Some(common) = self.intersect(other) else {
            rest.push(*self);
            return;
        };
        // Each side in turn: what lies outside the common part there is kept, the remainder is narrowed to it.
        let mut left = *self;
        macro_rules! peel {
            ($($side:ident),*) => {$(
                for outside in [left.$side.before(common.$side), left.$side.after(common.$side)] {
                    rest.extend(outside.map(|outside| Self { $side: outside, ..left }));
                }
                left.$side = common.$side;
            )*};
        }
        peel!(source, destination, protocol, source_port, destination_port);
    }

    /// Both as one box, when they differ in one side at most and touch there.
    fn join(&self, other: &Self) -> Option<Self> {
        if self.family != other.family {
            return None;
        }
        let mut joined = *self;
        let mut differing = 0;
        macro_rules! side {
            ($($side:ident),*) => {$(
                if self.$side != other.$side {
                    differing += 1;
                    joined.$side = self.$side.join(other.$side)?;
                }
            )*};
        }
        side!(source, destination, protocol, source_port, destination_port);
        (differing <= 1).then_some(joined)
    }

    /// A packet of the box with the given values, which the caller took from its sides.
    pub(crate) fn packet(
        &self,
        source: u128,
        destination: u128,
        protocol: u8,
        ports: (u16, u16),
    ) -> Packet {
        let [kind, code] = ports.1.to_be_bytes();
        let transport = match protocol {
            TCP => Transport::Tcp {
                source: ports.0,
                destination: ports.1,
            },
            UDP => Transport::Udp {
                source: ports.0,
                destination: ports.1,
            },
            ICMP => Transport::Icmp { kind, code },
            ICMPV6 => Transport::Icmpv6 { kind, code },
            other => Transport::Other(other),
        };
        Packet {
            source: self.family.address(source),
            destination: self.family.address(destination),
            transport,
        }
    }

    /// The packet in the box's lowest corner.
    pub fn sample(&self) -> Packet {
        self.packet(
            self.source.first(),
            self.destination.first(),
            self.protocol.first(),
            (self.source_port.first(), self.destination_port.first()),
        )
    }
}

/// An ICMP message as it stands in a box's destination port.
pub(crate) const fn icmp_message(kind: u8, code: u8) -> u16 {
    u16::from_be_bytes([kind, code])
}

/// A set of packet headers: boxes of which no two have a header in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoxSet {
    boxes: Vec<HeaderBox>,
}

impl BoxSet {
    /// No header.
    pub const fn empty() -> Self {
        Self { boxes: Vec::new() }
    }

    /// Every header of both families.
    pub fn all() -> Self {
        Self {
            boxes: Family::BOTH.map(HeaderBox::all).to_vec(),
        }
    }

    /// The disjoint boxes.
    pub fn boxes(&self) -> &[HeaderBox] {
        &self.boxes
    }

    /// Whether there is no header in the set.
    pub fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// Whether the packet is in the set.
    pub fn contains(&self, packet: &Packet) -> bool {
        HeaderBox::of_packet(packet)
            .is_some_and(|point| self.boxes.iter().any(|held| held.covers(&point)))
    }

    /// Adds a box that the caller knows to share no header with the set.
    pub(crate) fn push_disjoint(&mut self, added: HeaderBox) -> Result<(), TooManyBoxes> {
        if self.boxes.len() >= MAX_BOXES {
            return Err(TooManyBoxes);
        }
        self.boxes.push(added);
        Ok(())
    }

    /// Adds a box.
    ///
    /// # Errors
    /// Fails when the set would have too many boxes.
    pub fn insert(&mut self, added: HeaderBox) -> Result<(), TooManyBoxes> {
        for piece in Self::from(added).subtract(self)?.boxes {
            self.push_disjoint(piece)?;
        }
        Ok(())
    }

    /// The headers in either set.
    ///
    /// # Errors
    /// Fails when the set would have too many boxes.
    pub fn union(&self, other: &Self) -> Result<Self, TooManyBoxes> {
        let mut all = self.clone();
        for piece in other.subtract(self)?.boxes {
            all.push_disjoint(piece)?;
        }
        Ok(all)
    }

    /// The headers in both sets.
    ///
    /// # Errors
    /// Fails when the set would have too many boxes.
    pub fn intersect(&self, other: &Self) -> Result<Self, TooManyBoxes> {
        let mut both = Self::empty();
        for left in &self.boxes {
            for common in other.boxes.iter().filter_map(|right| left.intersect(right)) {
                both.push_disjoint(common)?;
            }
        }
        Ok(both)
    }

    /// The headers in this set and not in the other.
    ///
    /// # Errors
    /// Fails when the set would have too many boxes.
    pub fn subtract(&self, other: &Self) -> Result<Self, TooManyBoxes> {
        let mut left = self.boxes.clone();
        for taken in &other.boxes {
            // What the box does not touch stays as it is, without a copy: most boxes of two sets never meet.
            if left.iter().all(|held| held.intersect(taken).is_none()) {
                continue;
            }
            let mut rest = Vec::with_capacity(left.len() + 4);
            for held in &left {
                held.subtract_into(taken, &mut rest);
            }
            if rest.len() > MAX_BOXES {
                return Err(TooManyBoxes);
            }
            left = rest;
        }
        Ok(Self { boxes: left })
    }

    /// Whether every header of the other set is in this one.
    ///
    /// # Errors
    /// Fails when the difference would have too many boxes.
    pub fn covers(&self, other: &Self) -> Result<bool, TooManyBoxes> {
        Ok(other.subtract(self)?.is_empty())
    }

    /// The same set in fewer boxes where two can be one, in a fixed order. Large sets stay as they are.
    #[must_use]
    pub(crate) fn merged(mut self) -> Self {
        if self.boxes.len() > MAX_MERGED {
            return self;
        }
        // Each round but the last makes one box fewer, so there are at most as many rounds as boxes.
        'again: loop {
            self.boxes.sort_unstable();
            for left in 0..self.boxes.len() {
                for right in left + 1..self.boxes.len() {
                    if let Some(joined) = self.boxes[left].join(&self.boxes[right]) {
                        self.boxes[left] = joined;
                        self.boxes.swap_remove(right);
                        continue 'again;
                    }
                }
            }
            return self;
        }
    }
}

impl From<HeaderBox> for BoxSet {
    fn from(only: HeaderBox) -> Self {
        Self { boxes: vec![only] }
    }
}

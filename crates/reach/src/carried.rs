//! A set of packets under way: what was sent, and what the headers look like by now.

use std::net::IpAddr;

use model::id::{AttachmentId, NatId, TransitGatewayId, VpcId};
use model::packet::PortRange;

use crate::addresses::AddressSet;
use crate::boxes::{BoxSet, HeaderBox, TooManyBoxes, icmp_message};
use crate::family::{Family, ICMP, ICMPV6, TCP, UDP};
use crate::filter::Filter;
use crate::interval::Interval;

/// Echo request, ICMP's and ICMPv6's.
pub(crate) const ECHO_REQUEST: [(u8, u8); 2] = [(ICMP, 8), (ICMPV6, 128)];
/// Echo reply, ICMP's and ICMPv6's.
const ECHO_REPLY: [u8; 2] = [0, 129];

/// An address of packets under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// One address, whatever was sent.
    Fixed(u128),
    /// The one that the sender put in as its own.
    Sender,
    /// The one that the sender put in as the receiver's.
    Receiver,
}

impl Address {
    /// The part of a box whose packets have this address within an interval.
    fn within(self, part: HeaderBox, span: Interval<u128>) -> Option<HeaderBox> {
        match self {
            Self::Fixed(address) => span.contains(address).then_some(part),
            Self::Sender => Some(HeaderBox {
                source: part.source.intersect(span)?,
                ..part
            }),
            Self::Receiver => Some(HeaderBox {
                destination: part.destination.intersect(span)?,
                ..part
            }),
        }
    }
}

/// A translation by a NAT gateway, and what undoes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hidden<'n> {
    /// Who translated.
    pub(crate) nat: &'n NatId,
    /// The source before.
    pub(crate) source: Address,
    /// The destination, which must be the answer's source.
    pub(crate) destination: Address,
}

/// Where the destination port of packets under way is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ports {
    /// It is the one that was sent.
    Destination,
    /// The packets are answers: it is the source port that was sent.
    Source,
    /// The packets are answers to what a NAT gateway hid: it is whichever the gateway chose.
    ChosenByNat,
}

/// Packets under way.
#[derive(Clone, Debug)]
pub(crate) struct Carried<'n> {
    /// The headers as sent; where these are answers, of what they answer.
    pub(crate) set: BoxSet,
    /// The source by now.
    pub(crate) source: Address,
    /// The destination by now.
    pub(crate) destination: Address,
    /// Whether these are answers.
    pub(crate) answers: bool,
    /// Translations made by NAT gateways; for answers, those still to be undone. The last one is the outermost.
    pub(crate) hidden: Vec<Hidden<'n>>,
    /// The VPC that they left by its egress-only gateway.
    pub(crate) egress_only: Option<&'n VpcId>,
    /// Attachments passed, each with the number of translations at that time.
    pub(crate) legs: Vec<(&'n TransitGatewayId, &'n AttachmentId, usize)>,
}

/// What a filter makes of packets: those that it passes, and those of which that depends on a port that is not known.
pub(crate) struct Filtered {
    pub(crate) passed: BoxSet,
    pub(crate) undecided: BoxSet,
}

impl<'n> Carried<'n> {
    /// Packets as they are sent.
    pub(crate) fn sent(set: BoxSet, source: Address, destination: Address) -> Self {
        Self {
            set,
            source,
            destination,
            answers: false,
            hidden: Vec::new(),
            egress_only: None,
            legs: Vec::new(),
        }
    }

    /// The same packets, but only some of them.
    pub(crate) fn only(&self, set: BoxSet) -> Self {
        Self {
            set,
            ..self.clone()
        }
    }

    /// Those whose destination is in a set of addresses.
    pub(crate) fn destined(
        &self,
        family: Family,
        space: &AddressSet,
    ) -> Result<BoxSet, TooManyBoxes> {
        self.with(self.destination, family, space)
    }

    /// Those whose source is in a set of addresses.
    pub(crate) fn sourced(
        &self,
        family: Family,
        space: &AddressSet,
    ) -> Result<BoxSet, TooManyBoxes> {
        self.with(self.source, family, space)
    }

    fn with(
        &self,
        end: Address,
        family: Family,
        space: &AddressSet,
    ) -> Result<BoxSet, TooManyBoxes> {
        if let Address::Fixed(address) = end {
            return Ok(if space.has(family, address) {
                self.set.clone()
            } else {
                BoxSet::empty()
            });
        }
        let mut within = BoxSet::empty();
        for part in self.set.boxes() {
            for part in space.of(family).filter_map(|span| end.within(*part, span)) {
                within.push_disjoint(part)?;
            }
        }
        Ok(within)
    }

    /// The destination, where it is one address.
    pub(crate) fn destination_address(&self, family: Family) -> Option<IpAddr> {
        match self.destination {
            Address::Fixed(number) => Some(family.address(number)),
            Address::Sender | Address::Receiver => None,
        }
    }

    /// What a filter makes of the packets.
    pub(crate) fn filtered(&self, filter: &Filter) -> Result<Filtered, TooManyBoxes> {
        let mut passed = BoxSet::empty();
        let mut undecided = BoxSet::empty();
        for part in self.set.boxes() {
            if self.ports(*part) == Ports::ChosenByNat {
                let allowed = self.at_some_port(*part, &filter.allowed)?;
                let denied = self.at_some_port(*part, &filter.denied)?;
                for always in BoxSet::from(*part).subtract(&denied)?.boxes() {
                    passed.push_disjoint(*always)?;
                }
                for sometimes in allowed.intersect(&denied)?.boxes() {
                    undecided.push_disjoint(*sometimes)?;
                }
            } else {
                self.match_into(*part, &filter.allowed, &mut passed)?;
            }
        }
        Ok(Filtered { passed, undecided })
    }

    /// The packets that a filter's boxes match, where no port is of a NAT gateway's choice.
    pub(crate) fn matched(&self, filter: &BoxSet) -> Result<BoxSet, TooManyBoxes> {
        let mut matched = BoxSet::empty();
        for part in self.set.boxes() {
            self.match_into(*part, filter, &mut matched)?;
        }
        Ok(matched)
    }

    fn match_into(
        &self,
        part: HeaderBox,
        filter: &BoxSet,
        matched: &mut BoxSet,
    ) -> Result<(), TooManyBoxes> {
        for rule in filter.boxes() {
            if let Some(part) = self.meet(part, rule) {
                matched.push_disjoint(part)?;
            }
        }
        Ok(())
    }

    /// The part of a box that a filter's box matches, for at least one of the ports that a NAT gateway may choose.
    fn at_some_port(&self, part: HeaderBox, filter: &BoxSet) -> Result<BoxSet, TooManyBoxes> {
        let chosen = Interval::between(PortRange::EPHEMERAL.first, PortRange::EPHEMERAL.last);
        let mut matched = BoxSet::empty();
        for rule in filter.boxes() {
            let chosen = chosen.and_then(|chosen| rule.destination_port.intersect(chosen));
            if let (Some(part), Some(_)) = (self.meet_but_for_ports(part, rule), chosen) {
                matched.insert(part)?;
            }
        }
        Ok(matched)
    }

    /// The part of a box that a filter's box matches.
    fn meet(&self, part: HeaderBox, rule: &HeaderBox) -> Option<HeaderBox> {
        let part = self.meet_but_for_ports(part, rule)?;
        match self.ports(part) {
            Ports::Destination => Some(HeaderBox {
                destination_port: part.destination_port.intersect(rule.destination_port)?,
                ..part
            }),
            Ports::Source if is_icmp(part) => ECHO_REPLY
                .iter()
                .zip(ECHO_REQUEST)
                .any(|(reply, (protocol, _))| {
                    part.protocol == Interval::one(protocol)
                        && rule.destination_port.contains(icmp_message(*reply, 0))
                })
                .then_some(part),
            Ports::Source => Some(HeaderBox {
                source_port: part.source_port.intersect(rule.destination_port)?,
                ..part
            }),
            Ports::ChosenByNat => Some(part),
        }
    }

    fn meet_but_for_ports(&self, part: HeaderBox, rule: &HeaderBox) -> Option<HeaderBox> {
        if part.family != rule.family {
            return None;
        }
        let part = HeaderBox {
            protocol: part.protocol.intersect(rule.protocol)?,
            ..part
        };
        let part = self.source.within(part, rule.source)?;
        self.destination.within(part, rule.destination)
    }

    fn ports(&self, part: HeaderBox) -> Ports {
        match (self.answers, self.hidden.is_empty() || is_icmp(part)) {
            (false, _) => Ports::Destination,
            (true, true) => Ports::Source,
            (true, false) => Ports::ChosenByNat,
        }
    }
}

/// Whether a box is of ICMP messages alone. Answers are of one protocol to a box.
fn is_icmp(part: HeaderBox) -> bool {
    ECHO_REQUEST
        .iter()
        .any(|(protocol, _)| part.protocol == Interval::one(*protocol))
}

/// The packets that something answers: TCP, UDP and echo requests; a box for each.
pub(crate) fn answerable() -> Vec<HeaderBox> {
    let mut kinds = Vec::new();
    for (family, (icmp, request)) in Family::BOTH.into_iter().zip(ECHO_REQUEST) {
        let all = HeaderBox::all(family);
        kinds.extend([TCP, UDP].map(|protocol| HeaderBox {
            protocol: Interval::one(protocol),
            ..all
        }));
        kinds.push(HeaderBox {
            protocol: Interval::one(icmp),
            destination_port: Interval::one(icmp_message(request, 0)),
            ..all
        });
    }
    kinds
}

/// [`answerable`] as a set.
pub(crate) fn answerable_set() -> Result<BoxSet, TooManyBoxes> {
    let mut set = BoxSet::empty();
    for kind in answerable() {
        set.push_disjoint(kind)?;
    }
    Ok(set)
}

//! What one interface can send to another, and the packets that test it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::id::InterfaceId;
use model::packet::Packet;

use crate::boxes::{BoxSet, HeaderBox, icmp_message};
use crate::carried::answerable;
use crate::family::{Family, ICMPV6, TCP, UDP, number};
use crate::interval::{Interval, Whole};
use crate::prover::{Answers, Flow};
use crate::walk::Doubtful;

/// What one address of an interface can send to one address of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The sender.
    pub from: InterfaceId,
    /// The receiver.
    pub to: InterfaceId,
    /// The sender's address that packets carry when they are sent.
    pub source: IpAddr,
    /// The address of the receiver's that packets are sent to: its own, or its public one.
    pub destination: IpAddr,
    /// Packets as sent that arrive; disjoint.
    pub forward: Vec<HeaderBox>,
    /// Those of them whose answer comes back: TCP, UDP and echo requests; disjoint.
    pub answered: Vec<HeaderBox>,
    /// Packets of which it is not known whether they arrive.
    pub unknown: Vec<Doubt>,
    /// Packets that arrive, of which it is not known whether the answer comes back.
    pub unknown_answers: Vec<Doubt>,
}

/// Headers whose fate is not known, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The headers, as sent; disjoint.
    pub boxes: Vec<HeaderBox>,
    /// What the model does not hold, by name.
    pub reason: String,
}

impl From<&Doubtful> for Doubt {
    fn from(doubtful: &Doubtful) -> Self {
        Self {
            boxes: doubtful.set.boxes().to_vec(),
            reason: doubtful.reason.clone(),
        }
    }
}

/// A packet of the matrix and what must become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sample {
    /// The packet as sent.
    pub packet: Packet,
    /// Whether it arrives.
    pub delivered: bool,
    /// Whether its answer comes back; none where nothing answers it, or it is not known.
    pub answered: Option<bool>,
}

/// What must become of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Predicted {
    /// Whether it arrives.
    pub delivered: bool,
    /// Whether its answer comes back; none where nothing answers it, or it is not known.
    pub answered: Option<bool>,
}

impl Delivery {
    pub(crate) fn new(
        from: &InterfaceId,
        to: &InterfaceId,
        source: IpAddr,
        flow: &Flow<'_>,
        answers: &Answers,
    ) -> Self {
        let mut unknown: Vec<Doubt> = flow.doubts.iter().map(Doubt::from).collect();
        let forward = flow.delivered(to).unwrap_or_else(|error| {
            unknown.push(Doubt {
                boxes: flow.sent.boxes().to_vec(),
                reason: error.to_string(),
            });
            BoxSet::empty()
        });
        Self {
            from: from.clone(),
            to: to.clone(),
            source,
            destination: flow.destination,
            forward: forward.merged().boxes().to_vec(),
            answered: answers.answered.clone().merged().boxes().to_vec(),
            unknown,
            unknown_answers: answers.doubts.iter().map(Doubt::from).collect(),
        }
    }
}

/// What a delivery says of a packet; none when that is unknown, or the packet is not between its two addresses.
pub fn predicted(delivery: &Delivery, packet: &Packet) -> Option<Predicted> {
    let held = |boxes: &[HeaderBox]| boxes.iter().any(|held| held.contains(packet));
    let doubted = |doubts: &[Doubt]| doubts.iter().any(|doubt| held(&doubt.boxes));
    let between = packet.source == delivery.source && packet.destination == delivery.destination;
    if !between || HeaderBox::of_packet(packet).is_none() || doubted(&delivery.unknown) {
        return None;
    }
    let delivered = held(&delivery.forward);
    let known = held(&answerable()) && !doubted(&delivery.unknown_answers);
    Some(Predicted {
        delivered,
        answered: known.then(|| held(&delivery.answered)),
    })
}

/// Ports asked where a box leaves the source port open: its ends, the first unprivileged port, and the first that is
/// ephemeral by IANA. Port 0 is among them: no filter treats it apart, and packets from it are carried like any other.
const SOURCE_PORTS: [u16; 4] = [0, 1024, 49152, 65535];
/// The source port where only the rest of the header matters.
const EPHEMERAL: u16 = 49152;
/// Services asked between every two addresses, whatever the boxes are: SSH, HTTPS, a port that nobody names.
const TCP_ASKED: [u16; 3] = [22, 443, 55555];
/// DNS, and a port that nobody names.
const UDP_ASKED: [u16; 2] = [53, 55555];

/// The packets that test a delivery, in order and each once: for every box that arrives or is answered the corners and
/// the packet on either side of each corner, in ports, in ICMP's messages and between TCP, UDP and ICMP; and some that
/// are asked between every two addresses.
///
/// Packets whose fate is not known are left out, and what is left open of an answer is none in its sample:
/// [`Delivery::unknown`] and [`Delivery::unknown_answers`] hold both, with the reasons, and whoever counts what was tested
/// counts them beside it.
///
/// Left out too are other protocols than TCP, UDP and ICMP, and ICMPv6 types 130 to 137 and 143: they are the housekeeping
/// of a link (multicast listeners, routers, neighbours, redirects), which a host's kernel sends and answers on its own.
pub fn samples(delivery: &Delivery) -> Vec<Sample> {
    let family = Family::of(delivery.source);
    let icmp = family.icmp();
    let echo = icmp_message(if icmp == ICMPV6 { 128 } else { 8 }, 0);
    let mut asked: BTreeSet<(u8, u16, u16)> = BTreeSet::from([(icmp, 0, echo)]);
    asked.extend(TCP_ASKED.map(|port| (TCP, EPHEMERAL, port)));
    asked.extend(UDP_ASKED.map(|port| (UDP, EPHEMERAL, port)));
    for held in delivery.forward.iter().chain(&delivery.answered) {
        for protocol in [TCP, UDP, icmp] {
            if held.protocol.contains(protocol) {
                ask_around(held, protocol, icmp, &mut asked);
            }
        }
    }
    let header = HeaderBox::all(family);
    let (source, destination) = (number(delivery.source), number(delivery.destination));
    let samples: BTreeSet<Sample> = asked
        .into_iter()
        .filter(|(protocol, _, message)| !is_housekeeping(*protocol, *message))
        .filter_map(|(protocol, from, to)| {
            let packet = header.packet(source, destination, protocol, (from, to));
            let predicted = predicted(delivery, &packet)?;
            Some(Sample {
                packet,
                delivered: predicted.delivered,
                answered: predicted.answered,
            })
        })
        .collect();
    samples.into_iter().collect()
}

/// Asks the corners of a box, for one of its protocols, and what lies on either side of them.
fn ask_around(held: &HeaderBox, protocol: u8, icmp: u8, asked: &mut BTreeSet<(u8, u16, u16)>) {
    let destinations = around(held.destination_port);
    if protocol == icmp {
        asked.extend(destinations.iter().map(|message| (icmp, 0, *message)));
        return;
    }
    let sources = if held.source_port == Interval::ALL {
        SOURCE_PORTS.to_vec()
    } else {
        around(held.source_port)
    };
    for source in &sources {
        asked.extend(destinations.iter().map(|port| (protocol, *source, *port)));
    }
    // Beside it in the protocol: the same service by the other protocol with ports.
    let other = if protocol == TCP { UDP } else { TCP };
    let ends = [held.destination_port.first(), held.destination_port.last()];
    asked.extend(ends.map(|port| (other, EPHEMERAL, port)));
}

/// An interval's ends and the numbers beyond them.
fn around<T: Whole>(interval: Interval<T>) -> Vec<T> {
    let (first, last) = (interval.first(), interval.last());
    let beyond = [first.below(), last.above()];
    [first, last]
        .into_iter()
        .chain(beyond.into_iter().flatten())
        .collect()
}

/// Whether a header is one of ICMPv6's that keep a link going.
fn is_housekeeping(protocol: u8, message: u16) -> bool {
    let [kind, _] = message.to_be_bytes();
    protocol == ICMPV6 && matches!(kind, 130..=137 | 143)
}

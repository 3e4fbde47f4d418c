//! The packet that shows why an intent fails.

use std::fmt;

use model::claim::{Hop, Witness};
use model::packet::Packet;

use crate::boxes::{BoxSet, HeaderBox, icmp_message};
use crate::carried::ECHO_REQUEST;
use crate::endpoint::Endpoint;
use crate::family::{Family, TCP, UDP};
use crate::interval::Interval;
use crate::prover::Prover;
use crate::trace::trace;
use crate::walk::Sender;

/// Addresses that people know for somebody on the Internet, taken where a set has them: the documentation ranges, and a
/// well-known resolver.
const FAMILIAR_V4: [u32; 4] = [0xcb00_714d, 0xc633_644d, 0xc000_024d, 0x0808_0808];
/// The same for IPv6.
const FAMILIAR_V6: [u128; 2] = [
    0x2001_0db8_ffff_0000_0000_0000_0000_004d,
    0x2001_4860_4860_0000_0000_0000_0000_8888,
];
/// The first port that is ephemeral by IANA.
const EPHEMERAL: u16 = 49152;
/// Protocols that people know beside TCP, UDP and ICMP: SCTP, GRE, ESP.
const FAMILIAR_PROTOCOLS: [u8; 3] = [132, 47, 50];
/// Services that people know, taken where a set has every port.
const FAMILIAR_TCP: [u16; 2] = [22, 443];
/// The same for UDP.
const FAMILIAR_UDP: [u16; 1] = [53];

/// How much of a witness's way is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The packet's own way.
    Forward,
    /// And its answer's.
    AndReply,
}

/// A packet of a set that people can make sense of; none of an empty set.
pub(super) fn plausible(set: &BoxSet) -> Option<Packet> {
    let rank = |held: &&HeaderBox| {
        let mut kinds = protocols(held.family);
        let kind = kinds.position(|kind| held.protocol.contains(kind));
        let place = |span| familiar(held.family, span).map_or(usize::MAX, |(place, _)| place);
        let known = (place(held.source), place(held.destination));
        (kind.unwrap_or(usize::MAX), known, **held)
    };
    let held = set.boxes().iter().min_by_key(rank)?;
    let address =
        |span| familiar(held.family, span).map_or_else(|| middle(span), |(_, known)| known);
    let protocol = protocols(held.family)
        .find(|protocol| held.protocol.contains(*protocol))
        .unwrap_or(held.protocol.first());
    let first = held.source_port.first();
    let from = if held.source_port.contains(EPHEMERAL) {
        EPHEMERAL
    } else {
        first
    };
    let to = service(protocol, held.destination_port);
    Some(held.packet(
        address(held.source),
        address(held.destination),
        protocol,
        (from, to),
    ))
}

/// A family's protocols that people know, the best known first.
fn protocols(family: Family) -> impl Iterator<Item = u8> {
    [TCP, UDP, family.icmp()]
        .into_iter()
        .chain(FAMILIAR_PROTOCOLS)
}

/// An address of an interval that people know, and its place among those.
fn familiar(family: Family, span: Interval<u128>) -> Option<(usize, u128)> {
    let known = match family {
        Family::V4 => FAMILIAR_V4.map(u128::from).to_vec(),
        Family::V6 => FAMILIAR_V6.to_vec(),
    };
    let mut known = known.into_iter().enumerate();
    known.find(|(_, address)| span.contains(*address))
}

/// The address in the middle of an interval, where it is least likely to be a special one.
fn middle(span: Interval<u128>) -> u128 {
    span.first() + (span.last() - span.first()) / 2
}

/// The lowest port, or a service that people know where the lowest is 0.
fn service(protocol: u8, ports: Interval<u16>) -> u16 {
    let known: Vec<u16> = match protocol {
        TCP => FAMILIAR_TCP.to_vec(),
        UDP => FAMILIAR_UDP.to_vec(),
        _ => ECHO_REQUEST
            .iter()
            .filter(|(icmp, _)| *icmp == protocol)
            .map(|(_, kind)| icmp_message(*kind, 0))
            .collect(),
    };
    if ports.first() > 0 && matches!(protocol, TCP | UDP) {
        return ports.first();
    }
    let known = known.into_iter().find(|port| ports.contains(*port));
    known.unwrap_or_else(|| ports.first())
}

impl<'n> Prover<'n> {
    /// A packet out of a set, and its way.
    pub(super) fn witness(
        &self,
        from: Sender<'n>,
        to: &impl fmt::Display,
        set: &BoxSet,
        shown: Shown,
    ) -> Option<Witness> {
        let packet = plausible(set)?;
        let from = match from {
            Sender::Interface(id) => Endpoint::Interface(id.clone()),
            Sender::Site(id) => Endpoint::Site(id.clone()),
        };
        let journey = trace(self.network, &from, &packet);
        let path = match shown {
            Shown::Forward => journey.forward.hops,
            Shown::AndReply => journey.hops(),
        };
        Some(Witness {
            packet,
            from: from.to_string(),
            to: to.to_string(),
            path,
        })
    }
}

/// The hop at which a witness was lost, in words.
pub(super) fn lost_at(witness: &Witness) -> String {
    let lost = witness.path.iter().rfind(|hop| !hop.passed);
    lost.map_or_else(|| "it does not get there".to_owned(), words)
}

/// The last that let a witness through, in words: behind it there is its end, or a site's firewall, on which no proof of
/// what leaves relies.
pub(super) fn let_in_by(witness: &Witness) -> String {
    let last = witness.path.iter().rfind(|hop| hop.passed);
    last.map_or_else(|| "nothing stops it".to_owned(), words)
}

fn words(hop: &Hop) -> String {
    format!("{}: {}", hop.at, hop.decision)
}

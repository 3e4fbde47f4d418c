//! A NAT gateway: it hides what goes out by it, and opens nothing from outside.

use std::net::Ipv4Addr;

use super::{
    Chain, ChainKind, Connection, Family, Hook, ICMP, Point, Rule, Ruleset, TCP, Term, UDP,
};

/// Where the kernel translates sources.
const SOURCE_NAT: i32 = 100;

/// The type of an ICMP echo request (RFC 792), the one ICMP message that opens something.
const ECHO_REQUEST: u8 = 8;

/// The filter of a NAT gateway with this private address.
///
/// A packet from outside to what stands behind it is known, and goes on with its own destination; any other packet to
/// the gateway's address ends in `input`.
pub(crate) fn ruleset(address: Ipv4Addr) -> Ruleset {
    let opening = [
        vec![Term::Protocol(TCP)],
        vec![Term::Protocol(UDP)],
        vec![
            Term::Protocol(ICMP),
            Term::IcmpTypes(ECHO_REQUEST, ECHO_REQUEST),
        ],
    ];
    let hidden = |last: Term| {
        opening.clone().into_iter().map(move |conditions| {
            Rule::new(
                [Term::Family(Family::V4), Term::Connection(Connection::New)]
                    .into_iter()
                    .chain(conditions)
                    .chain([last.clone()]),
            )
        })
    };
    let known = Rule::new([Term::Connection(Connection::Known), Term::Accept]);
    let forward = [Rule::sentinel(), known]
        .into_iter()
        .chain(hidden(Term::Accept))
        .chain([Rule::refuse()])
        .collect();
    let nat = Hook {
        point: Point::Postrouting,
        priority: SOURCE_NAT,
        kind: ChainKind::Nat,
        accept: true,
    };
    Ruleset {
        table: "nat-gateway",
        sets: Vec::new(),
        chains: vec![
            Chain::base(
                "input",
                Hook::filter(Point::Input, 0, false),
                vec![Rule::sentinel(), Rule::refuse()],
            ),
            Chain::base("forward", Hook::filter(Point::Forward, 0, false), forward),
            Chain::base(
                "postrouting",
                nat,
                hidden(Term::HideBehind(address)).collect(),
            ),
        ],
    }
}

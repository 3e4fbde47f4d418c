//! A VPC's router: its ACLs, its peerings, and its Internet gateways, which translate without state.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::acl::{self, Border};
use super::peering::{self, Crossing};
use super::{Chain, Connection, End, Family, Hook, ICMP, Point, Rule, Ruleset, Term};

/// Before connection tracking (-200), so that what need not be tracked is not.
const RAW: i32 = -300;
/// After everything else.
const LAST: i32 = 100;

/// ICMP messages that quote the packet that they are about: unreachable, time exceeded, parameter problem (RFC 792).
const QUOTING: [u8; 3] = [3, 11, 12];

/// What a VPC's router filters and translates.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouterFilter<'a> {
    /// The subnets' borders.
    pub(crate) borders: Vec<Border<'a>>,
    /// The peerings.
    pub(crate) peerings: Vec<Crossing>,
    /// The link to the Internet gateway, by index.
    pub(crate) internet: Option<u32>,
    /// The link to the egress-only gateway, by index.
    pub(crate) egress_only: Option<u32>,
    /// Private addresses by the public ones that stand for them.
    pub(crate) public: BTreeMap<Ipv4Addr, Ipv4Addr>,
    /// The VPC's IPv6 ranges, the only sources that pass the Internet gateway untranslated.
    pub(crate) own: Vec<IpNet>,
}

/// The router's filter.
pub(crate) fn ruleset(router: &RouterFilter<'_>) -> Ruleset {
    let mut chains = acl::chains(&router.borders);
    chains.extend(peering::chains(&router.peerings));
    chains.extend([
        Chain::base(
            "prerouting",
            Hook::filter(Point::Prerouting, RAW, true),
            arriving(router),
        ),
        // The router is nobody: it answers sentinels and nothing else.
        Chain::base(
            "input",
            Hook::filter(Point::Input, 0, false),
            vec![Rule::sentinel(), Rule::refuse()],
        ),
        Chain::base(
            "forward",
            Hook::filter(Point::Forward, 0, false),
            forwarded(router),
        ),
        Chain::base(
            "postrouting",
            Hook::filter(Point::Postrouting, LAST, true),
            leaving(router),
        ),
    ]);
    Ruleset {
        table: "router",
        sets: Vec::new(),
        chains,
    }
}

/// Only the egress-only gateway needs to know connections, and only those of IPv6.
fn arriving(router: &RouterFilter<'_>) -> Vec<Rule> {
    let tracked = router.egress_only.is_some();
    let untracked = Family::BOTH
        .into_iter()
        .filter(|family| !(tracked && *family == Family::V6))
        .map(|family| Rule::new([Term::Family(family), Term::Untracked]));
    let translated = router.internet.into_iter().flat_map(|link| {
        translations(router, Term::From(link), End::Destination)
            .into_iter()
            .chain([Rule::new([
                Term::From(link),
                Term::Family(Family::V4),
                Term::Count,
                Term::Drop,
            ])])
    });
    untracked.chain(translated).collect()
}

fn forwarded(router: &RouterFilter<'_>) -> Vec<Rule> {
    let mut rules = vec![Rule::sentinel()];
    if let Some(link) = router.egress_only {
        // What the router knows may have left another way; the gateway knows what left by it.
        rules.extend(
            [Connection::Unknown, Connection::Unmarked].map(|connection| {
                Rule::new([
                    Term::From(link),
                    Term::Connection(connection),
                    Term::Count,
                    Term::Drop,
                ])
            }),
        );
    }
    rules.extend(peering::asked(&router.peerings));
    rules.extend(acl::crossings(&router.borders));
    rules.push(Rule::new([Term::Accept]));
    rules
}

/// What leaves by the Internet gateway has a public address or one of the VPC's own IPv6 addresses; by the egress-only
/// one goes IPv6. Nothing else passes.
fn leaving(router: &RouterFilter<'_>) -> Vec<Rule> {
    let refuse = |link| Rule::new([Term::To(link), Term::Count, Term::Drop]);
    let mut rules = Vec::new();
    if let Some(link) = router.internet {
        rules.extend(translations(router, Term::To(link), End::Source));
        rules.extend(router.own.iter().map(|range| {
            Rule::new([
                Term::To(link),
                Term::Address(End::Source, *range),
                Term::Accept,
            ])
        }));
        rules.push(refuse(link));
    }
    if let Some(link) = router.egress_only {
        rules.extend([
            Rule::new([
                Term::To(link),
                Term::Connection(Connection::New),
                Term::Mark,
            ]),
            Rule::new([Term::To(link), Term::Family(Family::V6), Term::Accept]),
            refuse(link),
        ]);
    }
    rules
}

/// One public address to one private one at one end of the packets of a link; each packet once.
///
/// A message that quotes a translated packet quotes it as its reader knows it. The quoted packet went the other way, so
/// that its other end is the one to be translated.
fn translations(router: &RouterFilter<'_>, link: Term, end: End) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (public, private) in &router.public {
        let (from, to, quoted) = match end {
            End::Destination => (*public, *private, End::Source),
            End::Source => (*private, *public, End::Destination),
        };
        for kind in QUOTING {
            rules.push(Rule::new([
                link.clone(),
                Term::Family(Family::V4),
                Term::Protocol(ICMP),
                Term::IcmpTypes(kind, kind),
                Term::Quoted(quoted, from),
                Term::RewriteQuoted(quoted, to),
            ]));
        }
        rules.push(Rule::new([
            link.clone(),
            Term::Address(end, IpNet::from(std::net::IpAddr::V4(from))),
            Term::Rewrite(end, to),
            Term::Accept,
        ]));
    }
    rules
}

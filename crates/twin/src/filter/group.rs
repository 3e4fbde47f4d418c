//! Security groups: the stateful filter in a host's own namespace, so that it holds within a subnet too.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use model::id::GroupId;
use model::network::RulePeer;
use model::packet::Traffic;

use super::{
    AddressSet, Chain, ChainKind, Connection, End, Family, Hook, ICMPV6, Point, Rule, Ruleset,
    Term, traffic,
};

/// Where packets are routed again (`NF_IP_PRI_MANGLE`): after connections were tracked, before anything filters.
const ROUTING: i32 = -150;

/// One link of a host, as its filter sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guarded {
    /// The link's index.
    pub(crate) link: u32,
    /// Whether nothing is filtered: it stands outside AWS, and its site has no firewall for it.
    pub(crate) open: bool,
    /// Its addresses.
    pub(crate) addresses: Vec<IpAddr>,
    /// Whether packets that are neither from nor to them are dropped.
    pub(crate) own_only: bool,
    /// What its groups let in; a rule of two groups is one.
    pub(crate) ingress: BTreeSet<(Traffic, RulePeer)>,
    /// What its groups let out.
    pub(crate) egress: BTreeSet<(Traffic, RulePeer)>,
}

/// The private addresses of the members of each group that rules name.
pub(crate) type Members = BTreeMap<GroupId, BTreeSet<IpAddr>>;

#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

impl Direction {
    const fn link(self, link: u32) -> Term {
        match self {
            Self::In => Term::From(link),
            Self::Out => Term::To(link),
        }
    }

    /// The end of the packet that is the peer's.
    const fn peer(self) -> End {
        match self {
            Self::In => End::Source,
            Self::Out => End::Destination,
        }
    }

    /// The end of the packet that is the host's own.
    const fn own(self) -> End {
        match self {
            Self::In => End::Destination,
            Self::Out => End::Source,
        }
    }

    fn rules(self, guarded: &Guarded) -> &BTreeSet<(Traffic, RulePeer)> {
        match self {
            Self::In => &guarded.ingress,
            Self::Out => &guarded.egress,
        }
    }
}

/// The filter of a host; none where nothing is filtered at its one link.
///
/// The order is: loopback, the sentinel, neighbour discovery, the source and destination check, what is known, then the groups' rules.
pub(crate) fn ruleset(links: &[Guarded], loopback: u32, members: &Members) -> Option<Ruleset> {
    let several = links.len() > 1;
    let filtered = links.iter().any(|link| !link.open);
    if !several && !filtered {
        return None;
    }
    let names = set_names(links, members);
    let sets = names
        .iter()
        .map(|((group, family), name)| AddressSet {
            name: name.clone(),
            family: *family,
            addresses: of_family(members.get(*group), *family),
        })
        .collect();
    let chain = |name, point, direction: Direction| {
        let mut rules = vec![
            Rule::new([direction.link(loopback), Term::Accept]),
            Rule::sentinel(),
            neighbour_discovery(),
        ];
        for link in links {
            own_only(link, direction, &mut rules);
        }
        rules.push(Rule::new([
            Term::Connection(Connection::Known),
            Term::Accept,
        ]));
        for link in links {
            allowed(link, direction, several, &names, &mut rules);
        }
        rules.push(Rule::refuse());
        Chain::base(name, Hook::filter(point, 0, false), rules)
    };
    let mut chains = Vec::new();
    let mut leaving = Point::Output;
    if several {
        chains.push(by_source(links));
        // At its own hook a packet still shows the link that it was to leave by before it was routed again.
        leaving = Point::Postrouting;
    }
    if filtered {
        chains.push(chain("input", Point::Input, Direction::In));
        chains.push(chain("output", leaving, Direction::Out));
    }
    Some(Ruleset {
        table: "groups",
        sets,
        chains,
    })
}

/// Routes what carries one of the host's own addresses once more. A raw packet brings its source along, of which the
/// kernel takes no notice when it routes it first.
fn by_source(links: &[Guarded]) -> Chain {
    let own = links.iter().flat_map(|link| &link.addresses);
    let rules = own.map(|address| {
        Rule::new([
            Term::Address(End::Source, IpNet::from(*address)),
            Term::Reroute,
        ])
    });
    let hook = Hook {
        point: Point::Output,
        priority: ROUTING,
        kind: ChainKind::Route,
        accept: true,
    };
    Chain::base("by-source", hook, rules.collect())
}

/// The source and destination check: drops what is none of the link's own addresses.
fn own_only(guarded: &Guarded, direction: Direction, rules: &mut Vec<Rule>) {
    if !guarded.own_only {
        return;
    }
    for family in Family::BOTH {
        let mut terms = vec![direction.link(guarded.link), Term::Family(family)];
        terms.extend(
            guarded
                .addresses
                .iter()
                .filter(|address| Family::of(**address) == family)
                .map(|address| Term::NotAddress(direction.own(), *address)),
        );
        terms.extend([Term::Count, Term::Drop]);
        rules.push(Rule(terms));
    }
}

fn allowed(
    guarded: &Guarded,
    direction: Direction,
    several: bool,
    names: &SetNames<'_>,
    rules: &mut Vec<Rule>,
) {
    let here = if several {
        vec![direction.link(guarded.link)]
    } else {
        Vec::new()
    };
    if guarded.open {
        rules.push(Rule::new([direction.link(guarded.link), Term::Accept]));
        return;
    }
    for (wanted, peer) in direction.rules(guarded) {
        let Some(conditions) = traffic(*wanted) else {
            continue;
        };
        for end in peers(peer, direction.peer(), names) {
            rules.push(Rule::new(
                here.iter()
                    .cloned()
                    .chain([end])
                    .chain(conditions.iter().cloned())
                    .chain([Term::Accept]),
            ));
        }
    }
}

/// The peer as one condition for each family in which it has addresses.
fn peers(peer: &RulePeer, end: End, names: &SetNames<'_>) -> Vec<Term> {
    match peer {
        RulePeer::Prefix(net) => vec![Term::Address(end, *net)],
        RulePeer::Group(group) => Family::BOTH
            .into_iter()
            .filter_map(|family| {
                let name = names.get(&(group, family))?;
                Some(Term::AddressIn(end, family, name.clone()))
            })
            .collect(),
    }
}

type SetNames<'a> = BTreeMap<(&'a GroupId, Family), String>;

/// Names a set for each family of each group that has members and that one of the rules names.
fn set_names<'a>(links: &'a [Guarded], members: &Members) -> SetNames<'a> {
    let named: BTreeSet<&GroupId> = links
        .iter()
        .flat_map(|link| link.ingress.iter().chain(&link.egress))
        .filter_map(|(_, peer)| match peer {
            RulePeer::Group(group) => Some(group),
            RulePeer::Prefix(_) => None,
        })
        .collect();
    named
        .into_iter()
        .enumerate()
        .flat_map(|(position, group)| {
            Family::BOTH
                .into_iter()
                .filter(move |family| !of_family(members.get(group), *family).is_empty())
                .map(move |family| {
                    let digit = if family == Family::V4 { 4 } else { 6 };
                    ((group, family), format!("group{position}-{digit}"))
                })
        })
        .collect()
}

fn of_family(addresses: Option<&BTreeSet<IpAddr>>, family: Family) -> BTreeSet<IpAddr> {
    addresses
        .into_iter()
        .flatten()
        .filter(|address| Family::of(**address) == family)
        .copied()
        .collect()
}

/// Neighbour discovery is beneath what groups filter; a hop limit of 255 shows that it was not forwarded (RFC 4861).
fn neighbour_discovery() -> Rule {
    Rule::new([
        Term::Family(Family::V6),
        Term::Protocol(ICMPV6),
        Term::IcmpTypes(133, 137),
        Term::HopLimit(255),
        Term::Accept,
    ])
}

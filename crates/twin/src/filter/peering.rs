//! A peering's filter in the routers that it joins: it carries what is between their VPCs' own addresses, and nothing on.

use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::{Chain, End, Family, Rule, Term};

/// A peering as the router of one of its VPCs sees it.
#[derive(Clone, Debug)]
pub(crate) struct Crossing {
    /// The link to the other VPC's router, by index.
    pub(crate) link: u32,
    /// Its name, by which the chain is named.
    pub(crate) name: String,
    /// The VPC's own ranges.
    pub(crate) own: Vec<IpNet>,
    /// The other VPC's.
    pub(crate) others: Vec<IpNet>,
    /// The VPC's NAT gateways, which no peering leads to.
    pub(crate) hidden: Vec<Ipv4Addr>,
}

impl Crossing {
    fn chain_name(&self) -> String {
        format!("peering-{}", self.name)
    }
}

/// A chain for what leaves by each peering.
pub(crate) fn chains(crossings: &[Crossing]) -> Vec<Chain> {
    crossings
        .iter()
        .map(|crossing| Chain {
            name: crossing.chain_name(),
            hook: None,
            rules: leaving(crossing),
        })
        .collect()
}

/// The part of the router's `forward` chain that asks them.
pub(crate) fn asked(crossings: &[Crossing]) -> Vec<Rule> {
    let mut rules = Vec::new();
    for crossing in crossings {
        for gateway in &crossing.hidden {
            rules.push(Rule::new([
                Term::From(crossing.link),
                Term::Address(
                    End::Destination,
                    IpNet::from(std::net::IpAddr::V4(*gateway)),
                ),
                Term::Count,
                Term::Drop,
            ]));
        }
        rules.push(Rule::new([
            Term::To(crossing.link),
            Term::Jump(crossing.chain_name()),
        ]));
    }
    rules
}

/// From the VPC's own addresses to the other's; the rest is dropped.
fn leaving(crossing: &Crossing) -> Vec<Rule> {
    let mut rules = Vec::new();
    for own in &crossing.own {
        let family = Family::of_net(own);
        let others = crossing.others.iter();
        for other in others.filter(|other| Family::of_net(other) == family) {
            rules.push(Rule::new([
                Term::Address(End::Source, *own),
                Term::Address(End::Destination, *other),
                Term::Return,
            ]));
        }
    }
    rules.push(Rule::refuse());
    rules
}

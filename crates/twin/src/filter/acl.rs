//! Network ACLs: the stateless filter of a VPC's router between one subnet and anything else.

use ipnet::IpNet;
use model::network::{AclEntry, NetworkAcl};

use super::{Chain, End, Rule, Term, traffic};

/// A subnet's border in its router: the links that are on the subnet's side of it, and the two chains that guard it.
///
/// The links are the subnet's bridge and those of the transit gateways that are attached to the subnet.
#[derive(Clone, Debug)]
pub(crate) struct Border<'a> {
    /// The bridge's name, by which the chains are named.
    pub(crate) bridge: String,
    /// Indexes of the links on the subnet's side.
    pub(crate) links: Vec<u32>,
    /// What holds there.
    pub(crate) acl: &'a NetworkAcl,
}

/// The chains of all borders.
pub(crate) fn chains(borders: &[Border<'_>]) -> Vec<Chain> {
    let chain = |name, entries, end| Chain {
        name,
        hook: None,
        rules: rules(entries, end),
    };
    borders
        .iter()
        .flat_map(|border| {
            [
                chain(border.egress(), &border.acl.egress, End::Destination),
                chain(border.ingress(), &border.acl.ingress, End::Source),
            ]
        })
        .collect()
}

/// The part of the router's `forward` chain that asks them: nothing for what stays on one side of a border; else the
/// egress of the subnet that the packet leaves, then the ingress of the one that it enters.
pub(crate) fn crossings(borders: &[Border<'_>]) -> Vec<Rule> {
    let mut rules = Vec::new();
    for border in borders {
        for from in &border.links {
            for to in &border.links {
                rules.push(Rule::new([Term::From(*from), Term::To(*to), Term::Accept]));
            }
        }
    }
    let jump = |link, chain| Rule::new([link, Term::Jump(chain)]);
    for border in borders {
        for link in &border.links {
            rules.push(jump(Term::From(*link), border.egress()));
        }
    }
    for border in borders {
        for link in &border.links {
            rules.push(jump(Term::To(*link), border.ingress()));
        }
    }
    rules
}

impl Border<'_> {
    fn egress(&self) -> String {
        format!("acl-out-{}", self.bridge)
    }

    fn ingress(&self) -> String {
        format!("acl-in-{}", self.bridge)
    }
}

/// The entries in order of their numbers; the first that matches decides, and what none matches is denied.
fn rules(entries: &[AclEntry], end: End) -> Vec<Rule> {
    let mut ordered: Vec<&AclEntry> = entries.iter().collect();
    ordered.sort_by_key(|entry| entry.number);
    ordered
        .into_iter()
        .filter_map(|entry| rule(entry, end))
        .chain([Rule::refuse()])
        .collect()
}

fn rule(entry: &AclEntry, end: End) -> Option<Rule> {
    let conditions = traffic(entry.traffic)?;
    let prefix: IpNet = entry.prefix.trunc();
    let verdict = if entry.allow {
        vec![Term::Return]
    } else {
        vec![Term::Count, Term::Drop]
    };
    Some(Rule::new(
        [Term::Address(end, prefix)]
            .into_iter()
            .chain(conditions)
            .chain(verdict),
    ))
}

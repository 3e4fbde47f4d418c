//! Openings: what the customer's network team lets pass at its firewall, so that the design works.
//!
//! They are read from the groups of sites, which say it one address at a time. People read who, to whom, what and why:
//! what differs in one end alone is one opening.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use model::Network;
use model::id::SiteId;
use model::network::{GroupHome, GroupRule, Interface, RulePeer};
use model::packet::Traffic;

use crate::design::Design;

/// One opening of the customer's firewall: who opens connections to whom, and what for. A stateful firewall lets the
/// answers through; any other needs them too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// Who opens the connection: names, with their addresses.
    pub from: String,
    /// To whom: names, with their addresses.
    pub to: String,
    /// Protocol and destination ports.
    pub traffic: Traffic,
    /// What for.
    pub why: String,
}

/// What the customer's firewall must let pass between the data centre, the environments and the operator; nothing where
/// no data centre is joined. The tunnels of a VPN need openings of their own.
pub fn openings(design: &Design) -> Vec<Opening> {
    let network = design.network();
    let mut single = BTreeSet::new();
    for (id, group) in &network.groups {
        let GroupHome::Site(site) = &group.home else {
            continue;
        };
        for (_, interface) in network.members(id) {
            let own = name_of(interface);
            for rule in across(&network, site, &group.ingress) {
                single.insert(opening(peer(&network, rule), own.clone(), rule));
            }
            for rule in across(&network, site, &group.egress) {
                single.insert(opening(own.clone(), peer(&network, rule), rule));
            }
        }
    }
    let by_sender = merged(single, |it| &it.to, |it| &mut it.from);
    merged(by_sender, |it| &it.from, |it| &mut it.to)
        .into_iter()
        .collect()
}

fn opening(from: String, to: String, rule: &GroupRule) -> Opening {
    Opening {
        from,
        to,
        traffic: rule.traffic,
        why: rule.description.clone(),
    }
}

/// The rules that are needed at the site's border: those for all traffic speak of its inside, or of what nobody needs.
fn across<'a>(
    network: &'a Network,
    site: &'a SiteId,
    rules: &'a [GroupRule],
) -> impl Iterator<Item = &'a GroupRule> {
    let inside = |rule: &GroupRule| match &rule.peer {
        RulePeer::Prefix(prefix) => {
            let own = network.sites.get(site).map(|site| &site.prefixes[..]);
            own.unwrap_or_default()
                .iter()
                .any(|own| own.contains(prefix))
        }
        RulePeer::Group(_) => false,
    };
    rules
        .iter()
        .filter(move |rule| rule.traffic != Traffic::All && !inside(rule))
}

/// A machine with the addresses of one of its interfaces.
fn name_of(interface: &Interface) -> String {
    let addresses: Vec<String> = interface
        .addresses
        .iter()
        .map(ToString::to_string)
        .collect();
    format!("{} ({})", interface.host, addresses.join(", "))
}

/// The other end of a rule, by the name of what stands there.
fn peer(network: &Network, rule: &GroupRule) -> String {
    let RulePeer::Prefix(prefix) = &rule.peer else {
        return rule.peer.to_string();
    };
    let named = |name: &str, range: &dyn std::fmt::Display| format!("{name} ({range})");
    if prefix.prefix_len() == prefix.max_prefix_len()
        && let Some((_, interface)) = network.interface_at(prefix.addr())
    {
        return named(interface.host.as_str(), &prefix.addr());
    }
    let has = |ranges: &[IpNet]| ranges.contains(prefix);
    let subnet = network
        .subnets
        .iter()
        .find(|(_, subnet)| has(&subnet.cidrs));
    let site = network.sites.iter().find(|(_, site)| has(&site.prefixes));
    match (subnet, site) {
        (Some((id, _)), _) => named(id.as_str(), prefix),
        (None, Some((id, _))) => named(id.as_str(), prefix),
        (None, None) => prefix.to_string(),
    }
}

/// Puts openings together that differ in one end alone.
fn merged(
    openings: BTreeSet<Opening>,
    same: impl Fn(&Opening) -> &String,
    other: impl Fn(&mut Opening) -> &mut String,
) -> BTreeSet<Opening> {
    let mut ends: BTreeMap<(String, Traffic, String), (Opening, BTreeSet<String>)> =
        BTreeMap::new();
    for mut opening in openings {
        let key = (same(&opening).clone(), opening.traffic, opening.why.clone());
        let end = std::mem::take(other(&mut opening));
        let (_, ends) = ends.entry(key).or_insert((opening, BTreeSet::new()));
        ends.insert(end);
    }
    ends.into_values()
        .map(|(mut opening, ends)| {
            let ends: Vec<String> = ends.into_iter().collect();
            *other(&mut opening) = ends.join(", ");
            opening
        })
        .collect()
}

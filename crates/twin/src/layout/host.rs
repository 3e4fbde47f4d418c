//! Hosts: a namespace each, a link for each interface, and the filter that its security groups are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{GroupId, HostId, InterfaceId};
use model::network::{Interface, Place, RulePeer, SecurityGroup};
use model::packet::Traffic;

use super::lookup::{Lookup, find, same_vpc};
use super::outside::{self, Outside};
use super::plan::{Plan, default_net, site_router};
use super::vpc::Grounds;
use super::{Condition, Hop, LOOPBACK, LayoutError, Link, MAIN_TABLE, Node, Setting};
use crate::filter::Family;
use crate::filter::group::{self, Guarded, Members};

/// The table of a host's first interface, if it has several; the others follow.
const FIRST_TABLE: u32 = 1000;

/// Draws each host with its links, addresses, routes and filter.
pub(super) fn draw(
    plan: &mut Plan,
    lookup: &Lookup<'_>,
    outside: &Outside,
    grounds: &mut Grounds,
) -> Result<(), LayoutError> {
    let mut hosts: BTreeMap<&HostId, Vec<(&InterfaceId, &Interface)>> = BTreeMap::new();
    for (id, interface) in &lookup.network.interfaces {
        hosts
            .entry(&interface.host)
            .or_default()
            .push((id, interface));
    }
    let members = members(lookup);
    for (host, interfaces) in hosts {
        let v6 = interfaces
            .iter()
            .any(|(_, one)| one.addresses.iter().any(IpAddr::is_ipv6));
        let namespace = plan.host(Node::Host(host.clone()), v6);
        let mut guarded = Vec::new();
        let mut ways = Vec::new();
        for (position, (id, interface)) in interfaces.iter().enumerate() {
            let name = format!("eth{position}");
            let by = format!("interface {id}");
            let end = (namespace, name.as_str());
            let (link, way) = match &interface.place {
                Place::Subnet(subnet) => {
                    let (link, ground) =
                        grounds.attach(plan, subnet, end, &interface.addresses, by)?;
                    let way = Way::new(&link, interface, ground.ranges.iter().copied());
                    (link, way)
                }
                Place::Site(site) => {
                    let router = outside.site(site, &by)?;
                    let link = outside::attach(plan, router, end, &interface.addresses);
                    let gateways = Family::BOTH.map(|family| {
                        let gateway = site_router(family);
                        (IpNet::from(gateway), gateway)
                    });
                    let way = Way::new(&link, interface, gateways);
                    (link, way)
                }
            };
            guarded.push(guard(lookup, id, interface, &link)?);
            ways.push(way);
        }
        routes(plan, namespace, &ways);
        plan.filter(namespace, group::ruleset(&guarded, LOOPBACK, &members));
    }
    Ok(())
}

/// The way out by one interface: for each family in which it has an address, that, the link's range and the gateway.
struct Way {
    link: u32,
    families: Vec<(IpAddr, IpNet, IpAddr)>,
}

impl Way {
    fn new(
        link: &Link,
        interface: &Interface,
        gateways: impl IntoIterator<Item = (IpNet, IpAddr)>,
    ) -> Self {
        let families = gateways
            .into_iter()
            .filter_map(|(range, gateway)| {
                let family = Family::of(gateway);
                let own = interface
                    .addresses
                    .iter()
                    .find(|address| Family::of(**address) == family)?;
                Some((*own, range, gateway))
            })
            .collect();
        Self {
            link: link.index,
            families,
        }
    }
}

/// Routes by the first interface of each family; with several, what carries an interface's address leaves by it.
fn routes(plan: &mut Plan, namespace: usize, ways: &[Way]) {
    let mut open = BTreeSet::from(Family::BOTH);
    for (way, table) in ways.iter().zip(FIRST_TABLE..) {
        for (own, range, gateway) in &way.families {
            let family = Family::of(*own);
            let everything = default_net(family);
            let hop = Hop::Gateway(*gateway, way.link);
            if open.remove(&family) {
                plan.route(namespace, MAIN_TABLE, everything, hop);
            }
            if ways.len() > 1 {
                plan.route(namespace, table, *range, Hop::Link(way.link));
                plan.route(namespace, table, everything, hop);
                plan.set(
                    namespace,
                    Setting::Rule {
                        priority: table,
                        condition: Condition::Source(*own),
                        table,
                    },
                );
            }
        }
    }
}

/// The private addresses of the members of each group.
fn members(lookup: &Lookup<'_>) -> Members {
    let mut members = Members::new();
    for interface in lookup.network.interfaces.values() {
        if Lookup::in_aws(interface) {
            for group in &interface.groups {
                members
                    .entry(group.clone())
                    .or_default()
                    .extend(&interface.addresses);
            }
        }
    }
    members
}

/// What guards an interface.
fn guard(
    lookup: &Lookup<'_>,
    id: &InterfaceId,
    interface: &Interface,
    link: &Link,
) -> Result<Guarded, LayoutError> {
    let mut guarded = Guarded {
        link: link.index,
        open: !Lookup::in_aws(interface),
        ..Guarded::default()
    };
    if guarded.open {
        if !interface.groups.is_empty() {
            return Err(LayoutError::OutsideAws {
                interface: id.clone(),
                what: "a security group",
            });
        }
        return Ok(guarded);
    }
    guarded.own_only = interface
        .source_dest_check
        .then(|| interface.addresses.clone());
    for name in &interface.groups {
        let by = format!("interface {id}");
        let group = find(&lookup.network.groups, "security group", name, &by)?;
        if let Some(vpc) = lookup.network.vpc_of(interface) {
            if let Some(home) = group.vpc() {
                same_vpc(home, vpc, "security group", name, &by)?;
            }
        }
        allow(lookup, name, group, &mut guarded)?;
    }
    Ok(guarded)
}

fn allow(
    lookup: &Lookup<'_>,
    name: &GroupId,
    group: &SecurityGroup,
    guarded: &mut Guarded,
) -> Result<(), LayoutError> {
    let by = || format!("security group {name}");
    let known = |peer: &RulePeer| match peer {
        RulePeer::Group(peer) => {
            find(&lookup.network.groups, "security group", peer, by()).map(|_| ())
        }
        RulePeer::Prefix(_) => Ok(()),
    };
    let into = |to: &mut BTreeSet<(Traffic, RulePeer)>, rules: &[_]| {
        for rule in rules {
            let rule: &model::network::GroupRule = rule;
            known(&rule.peer)?;
            to.insert((rule.traffic, rule.peer.clone()));
        }
        Ok(())
    };
    into(&mut guarded.ingress, &group.ingress)?;
    into(&mut guarded.egress, &group.egress)
}

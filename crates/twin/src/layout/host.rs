//! Hosts: a namespace each, a link for each interface, and the filter that its security groups are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{GroupId, HostId, InterfaceId};
use model::network::{GroupHome, Interface, Place, RulePeer, SecurityGroup};
use model::packet::Traffic;

use super::leaving::{self, Way};
use super::lookup::{Lookup, find};
use super::outside::{self, Outside};
use super::plan::{Plan, site_router};
use super::vpc::Grounds;
use super::{LOOPBACK, LayoutError, Link, Node, Setting, tunnel};
use crate::filter::Family;
use crate::filter::group::{self, Guarded, Members};

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
                    let way = Way::new(lookup, &link, interface, ground.ranges.iter().copied());
                    (link, way)
                }
                Place::Site(site) => {
                    let router = outside.site(site, &by)?;
                    let link = outside::attach(plan, router, end, &interface.addresses);
                    if outside.has_tunnels(site) {
                        let (link, bytes) = (link.index, tunnel::MTU);
                        plan.set(namespace, Setting::Mtu { link, bytes });
                    }
                    let gateways = Family::BOTH.map(|family| {
                        let gateway = site_router(family);
                        (IpNet::from(gateway), gateway)
                    });
                    let way = Way::new(lookup, &link, interface, gateways);
                    (link, way)
                }
            };
            guarded.push(guard(lookup, id, interface, &link)?);
            ways.push(way);
        }
        leaving::draw(plan, lookup, namespace, &ways);
        plan.filter(namespace, group::ruleset(&guarded, LOOPBACK, &members));
    }
    Ok(())
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
    let in_aws = Lookup::in_aws(interface);
    let mut guarded = Guarded {
        link: link.index,
        open: !in_aws && interface.groups.is_empty(),
        addresses: interface.addresses.clone(),
        own_only: in_aws && interface.source_dest_check,
        ..Guarded::default()
    };
    let home = home(lookup, interface);
    for name in &interface.groups {
        let by = format!("interface {id}");
        let group = find(&lookup.network.groups, "security group", name, &by)?;
        if home.as_ref() != Some(&group.home) {
            return Err(LayoutError::ForeignGroup {
                group: name.clone(),
                interface: id.clone(),
            });
        }
        allow(lookup, name, group, &mut guarded)?;
    }
    Ok(guarded)
}

/// Where an interface's groups belong: to its VPC, or to its site, whose firewall they are.
fn home(lookup: &Lookup<'_>, interface: &Interface) -> Option<GroupHome> {
    match &interface.place {
        Place::Subnet(_) => lookup
            .network
            .vpc_of(interface)
            .cloned()
            .map(GroupHome::Vpc),
        Place::Site(site) => Some(GroupHome::Site(site.clone())),
    }
}

fn allow(
    lookup: &Lookup<'_>,
    name: &GroupId,
    group: &SecurityGroup,
    guarded: &mut Guarded,
) -> Result<(), LayoutError> {
    let by = || format!("security group {name}");
    let known = |peer: &RulePeer| {
        let RulePeer::Group(peer) = peer else {
            return Ok(());
        };
        let named = find(&lookup.network.groups, "security group", peer, by())?;
        // A firewall knows addresses; AWS's groups know those of AWS.
        if group.vpc().is_none() || named.vpc().is_none() {
            return Err(LayoutError::FirewallPeer {
                group: name.clone(),
                peer: peer.clone(),
            });
        }
        Ok(())
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

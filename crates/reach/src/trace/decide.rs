//! Decisions on one packet, in words: by groups, ACLs and route tables.

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;
use model::Network;
use model::claim::Hop;
use model::id::VpcId;
use model::network::{
    AclEntry, GroupRule, Interface, NetworkAcl, Route, RouteTable, RouteTarget, RulePeer,
    SecurityGroup, Subnet, TransitRoute,
};
use model::packet::{Packet, PortRange, Traffic, Transport};

use crate::filter::{Side, foreign_rule};

/// Makes a hop.
pub(super) fn hop(at: String, decision: String, passed: bool) -> Hop {
    Hop {
        at,
        decision,
        passed,
    }
}

impl Side {
    fn toward(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }

    /// The end of a packet that a rule's prefix speaks of.
    fn end(self, packet: &Packet) -> IpAddr {
        match self {
            Self::Ingress => packet.source,
            Self::Egress => packet.destination,
        }
    }
}

/// What an interface's groups say, or why that is not known; `peer` is the VPC with which the packet goes by a peering,
/// if it does.
pub(super) fn groups(
    network: &Network,
    name: &str,
    interface: &Interface,
    side: Side,
    packet: &Packet,
    peer: Option<&VpcId>,
) -> Result<Hop, String> {
    let end = side.end(packet);
    let mut unsure = None;
    for id in &interface.groups {
        let Some(group) = network.groups.get(id) else {
            continue;
        };
        let rules = match side {
            Side::Ingress => &group.ingress,
            Side::Egress => &group.egress,
        };
        for (index, rule) in rules.iter().enumerate() {
            let matches = match &rule.peer {
                RulePeer::Prefix(prefix) => prefix.contains(&end),
                RulePeer::Group(peer) => network
                    .members(peer)
                    .any(|(_, member)| member.addresses.contains(&end)),
            };
            if !matches || !rule.traffic.contains(packet.transport) {
                continue;
            }
            if !is_sure(network, group, rule, peer) {
                unsure.get_or_insert_with(|| foreign_rule(id, side, index, rule));
            } else {
                let why = if rule.description.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", rule.description)
                };
                let decision = format!(
                    "{} rule {} allows {} {} {}{why}",
                    side.word(),
                    index + 1,
                    rule.traffic,
                    side.toward(),
                    rule.peer,
                );
                return Ok(hop(format!("group {id}"), decision, true));
            }
        }
    }
    if let Some(reason) = unsure {
        return Err(reason);
    }
    let names: Vec<&str> = interface.groups.iter().map(|id| id.as_str()).collect();
    let decision = if names.is_empty() {
        "has no group, so nothing passes".to_owned()
    } else {
        format!(
            "no {} rule of {} allows {} {} {end}",
            side.word(),
            names.join(", "),
            service(packet.transport),
            side.toward(),
        )
    };
    Ok(hop(format!("interface {name}"), decision, false))
}

/// Whether it is known that a rule which matches a packet holds: one that names a group of another VPC does where the
/// packet goes by a peering with that VPC, in one region.
fn is_sure(
    network: &Network,
    group: &SecurityGroup,
    rule: &GroupRule,
    peer: Option<&VpcId>,
) -> bool {
    let named = match &rule.peer {
        RulePeer::Prefix(_) => None,
        RulePeer::Group(named) => network.groups.get(named),
    };
    let Some(named) = named.filter(|named| named.home != group.home) else {
        return true;
    };
    let ends = [group.vpc(), named.vpc()];
    let [Some(here), Some(there)] = ends.map(|end| end.and_then(|vpc| network.vpcs.get(vpc)))
    else {
        return false;
    };
    here.region == there.region && named.vpc() == peer
}

/// A packet's protocol and destination port, as rules write them.
fn service(transport: Transport) -> String {
    match transport {
        Transport::Tcp { destination, .. } => Traffic::tcp(destination).to_string(),
        Transport::Udp { destination, .. } => Traffic::udp(destination).to_string(),
        Transport::Icmp { kind, code } => format!("icmp type {kind} code {code}"),
        Transport::Icmpv6 { kind, code } => format!("icmpv6 type {kind} code {code}"),
        Transport::Other(number) => format!("protocol {number}"),
    }
}

/// What a subnet's ACL says; nothing when that depends on the port that a NAT gateway chose.
pub(super) fn acl(
    acl: &NetworkAcl,
    at: String,
    side: Side,
    packet: &Packet,
    chosen_by_nat: bool,
) -> Option<Hop> {
    let entries = match side {
        Side::Ingress => &acl.ingress,
        Side::Egress => &acl.egress,
    };
    let mut entries: Vec<&AclEntry> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.number);
    let decides = |packet: &Packet| {
        entries.iter().find(|entry| {
            entry.prefix.contains(&side.end(packet)) && entry.traffic.contains(packet.transport)
        })
    };
    let decided = if chosen_by_nat {
        let decisions: Vec<_> = possible_ports(&entries)
            .into_iter()
            .map(|port| decides(&to_port(packet, port)))
            .collect();
        let passed = |entry: &Option<&&AclEntry>| entry.is_some_and(|entry| entry.allow);
        let first = decisions.first().copied().flatten();
        if decisions
            .iter()
            .any(|entry| passed(entry) != passed(&first))
        {
            return None;
        }
        first
    } else {
        decides(packet)
    };
    let (side_word, toward) = (side.word(), side.toward());
    Some(match decided {
        Some(entry) => {
            let verb = if entry.allow { "allows" } else { "denies" };
            let decision = format!(
                "{side_word} entry {} {verb} {} {toward} {}",
                entry.number, entry.traffic, entry.prefix
            );
            hop(at, decision, entry.allow)
        }
        None => {
            let what = service(packet.transport);
            let end = side.end(packet);
            let decision = format!("no {side_word} entry matches {what} {toward} {end}: denied");
            hop(at, decision, false)
        }
    })
}

/// The ports of a NAT gateway's choice at which an ACL's decision may change.
fn possible_ports(entries: &[&AclEntry]) -> Vec<u16> {
    let mut ports = vec![PortRange::EPHEMERAL.first, PortRange::EPHEMERAL.last];
    for entry in entries {
        if let Traffic::Tcp(range) | Traffic::Udp(range) = entry.traffic {
            ports.extend([range.first, range.last]);
            ports.extend([range.first.saturating_sub(1), range.last.saturating_add(1)]);
        }
    }
    ports.retain(|port| PortRange::EPHEMERAL.contains(*port));
    ports
}

/// The packet with another destination port, where it has one.
fn to_port(packet: &Packet, port: u16) -> Packet {
    let transport = match packet.transport {
        Transport::Tcp { source, .. } => Transport::Tcp {
            source,
            destination: port,
        },
        Transport::Udp { source, .. } => Transport::Udp {
            source,
            destination: port,
        },
        other => other,
    };
    Packet {
        transport,
        ..*packet
    }
}

/// The route of a VPC's table that decides where an address is.
pub(super) fn route(table: &RouteTable, to: IpAddr) -> Option<&Route> {
    let local = |route: &&Route| route.target == RouteTarget::Local;
    let candidates = || {
        table
            .routes
            .iter()
            .filter(|route| route.destination.contains(&to))
    };
    let is_local = candidates().any(|route| local(&route));
    best(
        candidates().filter(|route| local(route) || !(route.propagated && is_local)),
        |route| {
            (
                route.destination,
                !local(&route),
                route.propagated && !local(&route),
            )
        },
    )
}

/// The route of a transit gateway's table that decides where an address is.
pub(super) fn transit_route(routes: &[TransitRoute], to: IpAddr) -> Option<&TransitRoute> {
    let candidates = routes
        .iter()
        .filter(|route| route.destination.contains(&to));
    best(candidates, |route| {
        (route.destination, true, route.propagated)
    })
}

/// The first of the routes that no other beats: by prefix length, then local, then static.
fn best<'r, R>(
    routes: impl Iterator<Item = &'r R>,
    key: impl Fn(&'r R) -> (IpNet, bool, bool),
) -> Option<&'r R> {
    routes.reduce(|best, next| {
        let ((held, held_other, held_propagated), (new, new_other, new_propagated)) =
            (key(best), key(next));
        let order = new
            .prefix_len()
            .cmp(&held.prefix_len())
            .then(held_other.cmp(&new_other))
            .then(held_propagated.cmp(&new_propagated));
        if order == Ordering::Greater {
            next
        } else {
            best
        }
    })
}

/// A route in words.
pub(super) fn route_words(route: &Route) -> String {
    let how = if route.propagated { ", propagated" } else { "" };
    let to = &route.destination;
    match &route.target {
        RouteTarget::Local => format!("{to} is local"),
        RouteTarget::InternetGateway(id) => format!("{to} goes to Internet gateway {id}{how}"),
        RouteTarget::EgressOnlyGateway(id) => format!("{to} goes to egress-only gateway {id}{how}"),
        RouteTarget::NatGateway(id) => format!("{to} goes to NAT gateway {id}{how}"),
        RouteTarget::TransitGateway(id) => format!("{to} goes to transit gateway {id}{how}"),
        RouteTarget::Peering(id) => format!("{to} goes to peering {id}{how}"),
        RouteTarget::Blackhole => format!("{to} is a black hole"),
        RouteTarget::Unmodelled(what) => format!("{to} goes to {what}, which is not modelled"),
    }
}

/// Whether an address stands in a subnet's own range.
pub(super) fn is_neighbour(subnet: &Subnet, address: IpAddr) -> bool {
    subnet.cidrs.iter().any(|cidr| cidr.contains(&address))
}

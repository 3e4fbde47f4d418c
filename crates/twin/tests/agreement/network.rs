//! Random networks that can be stood up: everything is connected in some way, often a strange one.

use std::collections::BTreeSet;

use ipnet::IpNet;
use model::network::{AclEntry, Place, SiteKind};
use model::packet::{IcmpMatch, PortRange, Traffic};
use model::{InterfaceId, Network, SiteId, SubnetId};

use crate::choices::Choices;
use crate::transit::{route_tables, transit};
use crate::world::{ANYWHERE, World, entry};

const MOST_VPCS: usize = 3;

/// Subnets of a VPC by their names, of which the last letter is the zone.
const SUBNETS: [&str; 3] = ["first-a", "first-b", "second-a"];

/// Subnets for a transit gateway's attachments and nothing else.
pub(crate) const TRANSIT_SUBNETS: [&str; 2] = ["transit-a", "transit-b"];

/// What routes and rules speak of: whole sites and VPCs, and parts of them.
pub(crate) const PREFIXES: [&str; 24] = [
    "0.0.0.0/0",
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.2.0.0/16",
    "10.3.0.0/16",
    "10.1.0.0/24",
    "10.1.1.0/24",
    "10.2.0.0/23",
    "10.2.2.0/24",
    "10.1.0.0/28",
    "10.2.0.10/32",
    "192.168.0.0/16",
    "192.168.1.0/24",
    "172.16.0.0/16",
    "198.51.100.0/24",
    "198.18.0.0/15",
    "198.18.1.0/24",
    "::/0",
    "::/0",
    "2001:db8:1::/48",
    "2001:db8:2:1::/64",
    "2001:db8:3::/48",
    "2001:db8:ffff::/48",
];

const SERVICE: PortRange = PortRange {
    first: 1024,
    last: 65000,
};

const TRAFFIC: [Traffic; 14] = [
    Traffic::All,
    Traffic::All,
    Traffic::All,
    Traffic::Tcp(PortRange::ALL),
    Traffic::tcp(22),
    Traffic::tcp(443),
    Traffic::Tcp(PortRange::EPHEMERAL),
    Traffic::udp(53),
    Traffic::Udp(SERVICE),
    Traffic::Icmp(IcmpMatch::All),
    Traffic::Icmp(IcmpMatch::Type(8)),
    Traffic::Icmp(IcmpMatch::TypeCode(0, 0)),
    Traffic::Icmpv6(IcmpMatch::All),
    Traffic::Icmpv6(IcmpMatch::Type(128)),
];

/// A network of a seed's choice.
pub(crate) fn network(choices: &mut Choices) -> Network {
    let vpcs = 1 + choices.below(MOST_VPCS);
    let world = sites(choices);
    let mut world = outside(world, choices);
    for index in 1..=vpcs {
        world = vpc(world, index, choices);
    }
    for index in 1..=vpcs {
        world = hosts(world, index, vpcs, choices);
    }
    world = peerings(world, vpcs, choices);
    for name in ["tgw", "other-tgw"] {
        // The second one is rare, as it takes packets round by strange ways.
        if choices.chance(if name == "tgw" { 9 } else { 2 }) {
            world = transit(world, name, vpcs, choices);
        }
    }
    let mut network = world.0;
    route_tables(&mut network, choices);
    network
}

fn sites(choices: &mut Choices) -> World {
    let mut world = World::default()
        .site("dc", SiteKind::Private, &["192.168.0.0/16", "10.9.0.0/16"])
        .outsider("dns", "dc", &["192.168.0.53"])
        .outsider("ntp", "dc", &["192.168.1.123"])
        .site("branch", SiteKind::Private, &["172.16.0.0/16"])
        .outsider("till", "branch", &["172.16.0.5"])
        .site("internet", SiteKind::Internet, &[])
        .outsider("client", "internet", &["203.0.113.9", "2001:db8:ffff::9"]);
    if choices.chance(7) {
        world = world
            .site(
                "operator",
                SiteKind::OnInternet,
                &["198.51.100.0/24", "2001:db8:aaaa::/48"],
            )
            .outsider(
                "operator",
                "operator",
                &["198.51.100.10", "2001:db8:aaaa::10"],
            );
    }
    world
}

/// Some hosts outside AWS stand behind their sites' firewalls, and some have legs at two sites.
fn outside(mut world: World, choices: &mut Choices) -> World {
    if choices.chance(5) {
        let places = [("dc", "192.168.2.22"), ("branch", "172.16.2.22")];
        let (site, address) = choices.one(&places);
        world = world
            .interface("gate-0", "gate", Place::Site(site.into()), &[address], &[])
            .interface(
                "gate-1",
                "gate",
                Place::Site("internet".into()),
                &["203.0.113.22", "2001:db8:ffff::22"],
                &[],
            );
    }
    let outsiders: Vec<(InterfaceId, SiteId)> = (world.0.interfaces.iter())
        .filter_map(|(id, interface)| match &interface.place {
            Place::Site(site) => Some((id.clone(), site.clone())),
            Place::Subnet(_) => None,
        })
        .collect();
    for (interface, site) in outsiders {
        if choices.chance(4) {
            let group = format!("{interface}/firewall");
            let (ingress, egress) = (firewall_rules(choices), firewall_rules(choices));
            world = world
                .firewall(site.as_str(), &group, &ingress, &egress)
                .behind(interface.as_str(), &[&group]);
        }
    }
    world
}

/// One side of a firewall. Most let something through from or to everywhere, without which hardly a packet would pass.
fn firewall_rules(choices: &mut Choices) -> Vec<(Traffic, &'static str)> {
    let mut rules = Vec::new();
    for prefix in ANYWHERE {
        if choices.chance(6) {
            rules.push((choices.one(&TRAFFIC), prefix));
        }
    }
    for _ in 0..choices.below(4) {
        rules.push((choices.one(&TRAFFIC), choices.one(&PREFIXES)));
    }
    rules
}

/// Peerings between some of the VPCs.
fn peerings(mut world: World, vpcs: usize, choices: &mut Choices) -> World {
    for one in 1..=vpcs {
        for other in one + 1..=vpcs {
            if choices.chance(6) {
                let name = format!("pcx{one}{other}");
                world = world.peering(&name, &vpc_name(one), &vpc_name(other));
            }
        }
    }
    world
}

pub(crate) fn vpc_name(index: usize) -> String {
    format!("vpc{index}")
}

/// A VPC with its subnets and gateways.
fn vpc(mut world: World, index: usize, choices: &mut Choices) -> World {
    let vpc = vpc_name(index);
    let (v4, v6) = (
        format!("10.{index}.0.0/16"),
        format!("2001:db8:{index}::/48"),
    );
    let has_v6 = choices.chance(8);
    world = if has_v6 {
        world.vpc(&vpc, &[&v4, &v6])
    } else {
        world.vpc(&vpc, &[&v4])
    };
    for (place, name) in SUBNETS.iter().take(1 + choices.below(3)).enumerate() {
        let has_v6 = has_v6 && choices.chance(8);
        world = subnet(world, index, (place, name), has_v6, choices);
        if choices.chance(5) {
            world = nat(world, index, (place, name), choices);
        }
    }
    if choices.chance(7) {
        for (place, name) in TRANSIT_SUBNETS.iter().enumerate() {
            world = subnet(world, index, (100 + place, name), has_v6, choices);
        }
    }
    if choices.chance(8) {
        world = world.gateway(&format!("igw{index}"), &vpc, false);
    }
    if choices.chance(5) {
        world = world.gateway(&format!("eigw{index}"), &vpc, true);
    }
    world
}

/// A subnet, most with a route table of its own. Those for transit gateways mostly share the VPC's table and ACL.
fn subnet(
    mut world: World,
    vpc: usize,
    (place, name): (usize, &str),
    has_v6: bool,
    choices: &mut Choices,
) -> World {
    let (v4, v6) = (
        format!("10.{vpc}.{place}.0/24"),
        format!("2001:db8:{vpc}:{place}::/64"),
    );
    let vpc = vpc_name(vpc);
    let id = format!("{vpc}/{name}");
    world = if has_v6 {
        world.subnet(&vpc, name, &[&v4, &v6])
    } else {
        world.subnet(&vpc, name, &[&v4])
    };
    let alike = TRANSIT_SUBNETS.contains(&name) && choices.chance(8);
    let mut acl = vpc.as_str();
    if !alike && choices.chance(4) {
        let (ingress, egress) = (entries(choices), entries(choices));
        world = world.acl(&id, &vpc, &ingress, &egress);
        acl = &id;
    }
    if alike {
        world
    } else {
        world.table(&id, &vpc).under(&id, &id, acl)
    }
}

fn nat(world: World, vpc: usize, (place, name): (usize, &str), choices: &mut Choices) -> World {
    let id = format!("vpc{vpc}/{name}/nat");
    let subnet = format!("vpc{vpc}/{name}");
    let (address, public) = (
        format!("10.{vpc}.{place}.250"),
        format!("198.18.{vpc}.{}", 250 + place),
    );
    let mut world = world.nat(&id, &subnet, &address, &public);
    if choices.chance(3)
        && let Some(nat) = world.0.nat_gateways.get_mut(&id.as_str().into())
    {
        nat.public = None;
    }
    world
}

/// One side of an ACL. Most let the rest through in the end, without which hardly a packet would pass; some let through
/// one service and what answers others, as operators write them.
fn entries(choices: &mut Choices) -> Vec<AclEntry> {
    let mut entries = Vec::new();
    for number in 1..=choices.below(5) {
        let number = u16::try_from(number).unwrap_or(1);
        let (allow, traffic) = (choices.chance(6), choices.one(&TRAFFIC));
        entries.push(entry(number, allow, traffic, choices.one(&PREFIXES)));
    }
    let rest: &[Traffic] = if choices.chance(3) {
        &[
            Traffic::tcp(443),
            Traffic::Tcp(PortRange::EPHEMERAL),
            Traffic::Udp(PortRange::EPHEMERAL),
        ]
    } else {
        &[Traffic::All]
    };
    for prefix in ANYWHERE {
        if choices.chance(9) {
            for (number, traffic) in (90 + 10 * u16::from(prefix == ANYWHERE[1])..).zip(rest) {
                entries.push(entry(number, true, *traffic, prefix));
            }
        }
    }
    entries
}

fn group_name(vpc: usize, group: usize) -> String {
    format!("vpc{vpc}/group{group}")
}

/// A VPC's groups and hosts.
fn hosts(mut world: World, index: usize, vpcs: usize, choices: &mut Choices) -> World {
    let vpc = vpc_name(index);
    for group in [1, 2] {
        let name = group_name(index, group);
        // Without which hardly a packet would pass.
        for prefix in ANYWHERE {
            if choices.chance(8) {
                world = world.allow_out(&vpc, &name, Traffic::All, prefix);
            }
            if choices.chance(5) {
                world = world.allow_in(&vpc, &name, choices.one(&TRAFFIC), prefix);
            }
        }
        for _ in 0..1 + choices.below(3) {
            let (traffic, peer) = (choices.one(&TRAFFIC), peer(vpcs, choices));
            world = world.allow_in(&vpc, &name, traffic, &peer);
            let (traffic, peer) = (choices.one(&TRAFFIC), self::peer(vpcs, choices));
            world = world.allow_out(&vpc, &name, traffic, &peer);
        }
    }
    let is_for_hosts = |id: &SubnetId| SUBNETS.iter().any(|name| id.as_str().ends_with(name));
    let subnets: Vec<(SubnetId, Vec<IpNet>)> = (world.0.subnets.iter())
        .filter(|(id, subnet)| subnet.vpc.as_str() == vpc && is_for_hosts(id))
        .map(|(id, subnet)| (id.clone(), subnet.cidrs.clone()))
        .collect();
    for (subnet, ranges) in subnets {
        for number in 0..1 + choices.below(2) {
            world = host(world, index, (&subnet, &ranges), number, choices);
        }
    }
    world
}

/// A prefix, or the name of a group of any VPC.
fn peer(vpcs: usize, choices: &mut Choices) -> String {
    if choices.chance(3) {
        group_name(1 + choices.below(vpcs), 1 + choices.below(2))
    } else {
        choices.one(&PREFIXES).to_owned()
    }
}

fn host(
    mut world: World,
    vpc: usize,
    (subnet, ranges): (&SubnetId, &[IpNet]),
    number: usize,
    choices: &mut Choices,
) -> World {
    let name = format!("{subnet}/host{number}");
    // Most have an address of every range; some have one of IPv6 alone.
    let mut ranges = ranges.to_vec();
    if ranges.len() > 1 && choices.chance(2) {
        ranges.remove(choices.below(2));
    }
    let addresses: Vec<String> = ranges
        .iter()
        .map(|range| match range.network() {
            std::net::IpAddr::V4(first) => {
                std::net::Ipv4Addr::from_bits(first.to_bits() + 10 + u32::from(number > 0))
                    .to_string()
            }
            std::net::IpAddr::V6(first) => {
                std::net::Ipv6Addr::from_bits(first.to_bits() + 16 + u128::from(number > 0))
                    .to_string()
            }
        })
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let own = [
        format!("vpc{vpc}/all"),
        group_name(vpc, 1),
        group_name(vpc, 2),
    ];
    let mut groups: BTreeSet<String> = BTreeSet::new();
    for _ in 0..1 + choices.below(2) {
        if choices.chance(9) {
            groups.insert(choices.one(&own));
        }
    }
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    world = world.host(&name, subnet.as_str(), &addresses, &groups);
    if ranges.iter().any(|range| range.addr().is_ipv4()) && choices.chance(5) {
        let public = world.0.interfaces.len() + 1;
        world = world.public(&name, &format!("198.18.{vpc}.{public}"));
    }
    world
}

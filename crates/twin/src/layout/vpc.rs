//! A VPC: its router with a bridge for each subnet, its NAT gateways, and a routing table for each subnet.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{NatId, SubnetId, VpcId};
use model::network::{NatGateway, Subnet};

use super::lookup::{Lookup, find, router_address};
use super::outside::Doors;
use super::peering::Peers;
use super::plan::{Plan, default_net};
use super::transit::Legs;
use super::way::Ways;
use super::{Hop, INSIDE_TABLE, LayoutError, Link, MAIN_TABLE, Mac, Node, Setting};
use crate::filter::acl::Border;
use crate::filter::gateway::{self, RouterFilter};
use crate::filter::{Family, nat};

/// The table of a router's first subnet; the others follow.
const FIRST_TABLE: u32 = 1000;

/// A subnet as it was drawn.
pub(super) struct Ground {
    pub(super) vpc: VpcId,
    pub(super) zone: String,
    /// The VPC router's namespace.
    pub(super) router: usize,
    /// The subnet's bridge in it.
    pub(super) bridge: Link,
    /// The routing table for what comes from the subnet.
    pub(super) table: u32,
    /// The subnet's ranges with the router's address in each.
    pub(super) ranges: Vec<(IpNet, IpAddr)>,
    /// The links of transit gateways that are attached to the subnet.
    pub(super) transit: Vec<Link>,
    stations: Vec<Station>,
}

/// What stands in a subnet.
struct Station {
    namespace: usize,
    link: u32,
    mac: Mac,
    addresses: Vec<IpAddr>,
}

/// All that was drawn of VPCs.
pub(super) struct Grounds {
    routers: BTreeMap<VpcId, usize>,
    subnets: BTreeMap<SubnetId, Ground>,
}

impl Grounds {
    /// The router of a VPC.
    pub(super) fn router(
        &self,
        vpc: &VpcId,
        by: impl FnOnce() -> String,
    ) -> Result<usize, LayoutError> {
        self.routers
            .get(vpc)
            .copied()
            .ok_or_else(|| LayoutError::Unknown {
                what: "VPC",
                name: vpc.to_string(),
                by: by(),
            })
    }

    pub(super) fn subnet(&self, id: &SubnetId, by: impl Display) -> Result<&Ground, LayoutError> {
        find(&self.subnets, "subnet", id, by)
    }

    /// The subnets of a VPC.
    pub(super) fn of(&self, vpc: &VpcId) -> impl Iterator<Item = &Ground> {
        self.subnets.values().filter(move |one| one.vpc == *vpc)
    }

    /// Notes a transit gateway's link into a subnet.
    pub(super) fn attach_transit(&mut self, id: &SubnetId, link: Link) {
        if let Some(ground) = self.subnets.get_mut(id) {
            ground.transit.push(link);
        }
    }

    /// Joins a link with the bridge of a subnet: its addresses, and the router as its neighbour.
    pub(super) fn attach(
        &mut self,
        plan: &mut Plan,
        subnet: &SubnetId,
        station: (usize, &str),
        addresses: &[IpAddr],
        by: impl Display,
    ) -> Result<(Link, &Ground), LayoutError> {
        let Some(ground) = self.subnets.get_mut(subnet) else {
            return Err(LayoutError::Unknown {
                what: "subnet",
                name: subnet.to_string(),
                by: by.to_string(),
            });
        };
        let (router, bridge) = (ground.router, &ground.bridge);
        let (port, link) = plan.cable((router, "port"), Some(bridge.index), station);
        plan.set(
            router,
            Setting::Station {
                port: port.index,
                mac: link.mac,
            },
        );
        for address in addresses {
            plan.neighbour(router, bridge.index, *address, link.mac);
        }
        for (range, gateway) in &ground.ranges {
            for address in addresses.iter().filter(|one| range.contains(*one)) {
                if let Ok(net) = IpNet::new(*address, range.prefix_len()) {
                    plan.address(station.0, link.index, net);
                }
            }
            plan.neighbour(station.0, link.index, *gateway, bridge.mac);
        }
        ground.stations.push(Station {
            namespace: station.0,
            link: link.index,
            mac: link.mac,
            addresses: addresses.to_vec(),
        });
        Ok((link, ground))
    }
}

/// Draws the router of each VPC with a bridge for each subnet, and the NAT gateways.
pub(super) fn draw(plan: &mut Plan, lookup: &Lookup<'_>) -> Result<Grounds, LayoutError> {
    let mut grounds = Grounds {
        routers: BTreeMap::new(),
        subnets: BTreeMap::new(),
    };
    for vpc in lookup.network.vpcs.keys() {
        let router = plan.router(Node::Vpc(vpc.clone()));
        grounds.routers.insert(vpc.clone(), router);
        for ((id, subnet), table) in lookup.subnets_of(vpc).zip(FIRST_TABLE..) {
            let ground = ground(plan, subnet, router, table);
            grounds.subnets.insert(id.clone(), ground);
        }
    }
    for (id, nat) in &lookup.network.nat_gateways {
        draw_nat(plan, &mut grounds, id, nat)?;
    }
    Ok(grounds)
}

fn ground(plan: &mut Plan, subnet: &Subnet, router: usize, table: u32) -> Ground {
    let bridge = plan.bridge(router, "subnet");
    let ranges: Vec<(IpNet, IpAddr)> = subnet
        .cidrs
        .iter()
        .filter_map(|range| Some((range.trunc(), router_address(range)?)))
        .collect();
    for (range, address) in &ranges {
        if let Ok(net) = IpNet::new(*address, range.prefix_len()) {
            plan.address(router, bridge.index, net);
        }
    }
    plan.ask(router, &bridge, table);
    Ground {
        vpc: subnet.vpc.clone(),
        zone: subnet.zone.clone(),
        router,
        bridge,
        table,
        ranges,
        transit: Vec::new(),
        stations: Vec::new(),
    }
}

fn draw_nat(
    plan: &mut Plan,
    grounds: &mut Grounds,
    id: &NatId,
    gateway: &NatGateway,
) -> Result<(), LayoutError> {
    let by = format!("NAT gateway {id}");
    let namespace = plan.nat(Node::Nat(id.clone()));
    let address = IpAddr::V4(gateway.address);
    let (link, ground) =
        grounds.attach(plan, &gateway.subnet, (namespace, "eth0"), &[address], by)?;
    for (range, router) in &ground.ranges {
        let hop = Hop::Gateway(*router, link.index);
        plan.route(
            namespace,
            MAIN_TABLE,
            default_net(Family::of_net(range)),
            hop,
        );
    }
    plan.filter(namespace, Some(nat::ruleset(gateway.address)));
    Ok(())
}

/// The ways out of VPCs.
pub(super) struct Exits<'a> {
    pub(super) doors: &'a BTreeMap<VpcId, Doors>,
    pub(super) legs: &'a Legs,
    pub(super) peers: &'a Peers,
}

impl Exits<'_> {
    fn doors(&self, vpc: &VpcId) -> Doors {
        self.doors.get(vpc).copied().unwrap_or_default()
    }
}

/// Gives each router its tables and its filter, and everything in a subnet its neighbours.
pub(super) fn finish(
    plan: &mut Plan,
    lookup: &Lookup<'_>,
    grounds: &Grounds,
    exits: &Exits<'_>,
) -> Result<(), LayoutError> {
    for (id, subnet) in &lookup.network.subnets {
        let ground = grounds.subnet(id, id)?;
        let ways = Ways {
            lookup,
            grounds,
            doors: exits.doors(&subnet.vpc),
            legs: exits.legs,
            peers: exits.peers,
            ground,
            table: &subnet.route_table,
        };
        ways.draw(plan)?;
        for link in &ground.transit {
            plan.ask(ground.router, link, ground.table);
        }
        acquaint(plan, ground);
    }
    for (vpc, router) in &grounds.routers {
        for ground in grounds.of(vpc) {
            for (range, _) in &ground.ranges {
                let hop = Hop::Link(ground.bridge.index);
                plan.route(*router, INSIDE_TABLE, *range, hop);
            }
        }
        plan.close_table(*router, INSIDE_TABLE);
        let filter = filter(lookup, grounds, vpc, exits)?;
        plan.filter(*router, Some(filter));
    }
    Ok(())
}

/// Tells everything in a subnet where everything else in it is.
fn acquaint(plan: &mut Plan, ground: &Ground) {
    for (position, one) in ground.stations.iter().enumerate() {
        for (other_position, other) in ground.stations.iter().enumerate() {
            if position == other_position {
                continue;
            }
            for address in &other.addresses {
                plan.neighbour(one.namespace, one.link, *address, other.mac);
            }
        }
    }
}

fn filter(
    lookup: &Lookup<'_>,
    grounds: &Grounds,
    vpc: &VpcId,
    exits: &Exits<'_>,
) -> Result<crate::filter::Ruleset, LayoutError> {
    let mut borders = Vec::new();
    for (id, subnet) in lookup.subnets_of(vpc) {
        let ground = grounds.subnet(id, vpc)?;
        let links = [&ground.bridge].into_iter().chain(&ground.transit);
        borders.push(Border {
            bridge: ground.bridge.name.clone(),
            links: links.map(|link| link.index).collect(),
            acl: find(&lookup.network.acls, "ACL", &subnet.acl, id)?,
        });
    }
    let doors = exits.doors(vpc);
    Ok(gateway::ruleset(&RouterFilter {
        borders,
        peerings: exits.peers.of(vpc).cloned().collect(),
        internet: doors.internet,
        egress_only: doors.egress_only,
        public: lookup.public_addresses(vpc),
        own: lookup.v6_ranges(vpc),
    }))
}

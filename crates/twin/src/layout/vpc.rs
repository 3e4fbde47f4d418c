//! A VPC: its router with a bridge for each subnet, its NAT gateways, and a routing table for each subnet.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{NatId, RouteTableId, SubnetId, VpcId};
use model::network::{NatGateway, Route, RouteTarget, Subnet};

use super::lookup::{Lookup, find, router_address, same_vpc};
use super::outside::Doors;
use super::plan::{Plan, default_net, next_hop};
use super::route::{Standing, spread, strongest};
use super::transit::Legs;
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

/// Gives each router its tables and its filter, and everything in a subnet its neighbours.
pub(super) fn finish(
    plan: &mut Plan,
    lookup: &Lookup<'_>,
    grounds: &Grounds,
    doors: &BTreeMap<VpcId, Doors>,
    legs: &Legs,
) -> Result<(), LayoutError> {
    for (id, subnet) in &lookup.network.subnets {
        let ground = grounds.subnet(id, id)?;
        let ways = Ways {
            lookup,
            grounds,
            doors: doors.get(&subnet.vpc).copied().unwrap_or_default(),
            legs,
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
        let filter = filter(lookup, grounds, vpc, doors.get(vpc).copied())?;
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
    doors: Option<Doors>,
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
    let doors = doors.unwrap_or_default();
    Ok(gateway::ruleset(&RouterFilter {
        borders,
        internet: doors.internet,
        egress_only: doors.egress_only,
        public: lookup.public_addresses(vpc),
        own: lookup.v6_ranges(vpc),
    }))
}

/// The ways out of one subnet.
struct Ways<'a> {
    lookup: &'a Lookup<'a>,
    grounds: &'a Grounds,
    doors: Doors,
    legs: &'a Legs,
    ground: &'a Ground,
    table: &'a RouteTableId,
}

impl Ways<'_> {
    fn draw(&self, plan: &mut Plan) -> Result<(), LayoutError> {
        let routes = &find(
            &self.lookup.network.route_tables,
            "route table",
            self.table,
            &self.ground.vpc,
        )?
        .routes;
        let table = strongest(routes.iter().map(|route| {
            let standing = match (&route.target, route.propagated) {
                (RouteTarget::Local, _) => Standing::Local,
                (_, false) => Standing::Static,
                (_, true) => Standing::Propagated,
            };
            (route.destination, standing, &route.target)
        }))
        .map_err(|destination| LayoutError::Ambiguous {
            table: format!("route table {}", self.table),
            destination,
        })?;
        for route in routes {
            self.hop(route)?;
        }
        let (router, number) = (self.ground.router, self.ground.table);
        // What is in the subnet is never routed elsewhere, whatever the table says.
        let own = &self.ground.ranges;
        for (range, _) in own {
            plan.route(router, number, *range, Hop::Link(self.ground.bridge.index));
        }
        let elsewhere = |prefix: &IpNet| own.iter().all(|(range, _)| !range.contains(prefix));
        for (destination, target) in table.iter().filter(|(prefix, _)| elsewhere(prefix)) {
            if **target == RouteTarget::Local {
                let bridges = self.grounds.of(&self.ground.vpc).flat_map(|ground| {
                    let hop = Hop::Link(ground.bridge.index);
                    ground.ranges.iter().map(move |(range, _)| (*range, hop))
                });
                let others = bridges.filter(|(range, _)| elsewhere(range));
                for (range, hop) in spread(&table, *destination, others, Hop::Blackhole) {
                    plan.route(router, number, range, hop);
                }
            } else {
                let route = Route {
                    destination: *destination,
                    target: (*target).clone(),
                    propagated: false,
                };
                plan.route(router, number, *destination, self.hop(&route)?);
            }
        }
        plan.close_table(router, number);
        Ok(())
    }

    /// Where a route leads, if it leads anywhere that can be stood up.
    fn hop(&self, route: &Route) -> Result<Hop, LayoutError> {
        let family = Family::of_net(&route.destination);
        let by = || format!("route table {}", self.table);
        match &route.target {
            RouteTarget::Local | RouteTarget::Blackhole => Ok(Hop::Blackhole),
            RouteTarget::InternetGateway(id) | RouteTarget::EgressOnlyGateway(id) => {
                let gateways = &self.lookup.network.internet_gateways;
                let gateway = find(gateways, "gateway", id, by())?;
                same_vpc(&gateway.vpc, &self.ground.vpc, "gateway", id, by())?;
                let egress_only = matches!(route.target, RouteTarget::EgressOnlyGateway(_));
                if gateway.egress_only != egress_only {
                    return Err(LayoutError::GatewayKind {
                        table: self.table.clone(),
                        destination: route.destination,
                        gateway: id.clone(),
                    });
                }
                let door = match (egress_only, family) {
                    (false, _) => self.doors.internet,
                    (true, Family::V6) => self.doors.egress_only,
                    (true, Family::V4) => None,
                };
                Ok(door.map_or(Hop::Blackhole, |link| Hop::Gateway(next_hop(family), link)))
            }
            RouteTarget::NatGateway(id) => {
                let nat = find(&self.lookup.network.nat_gateways, "NAT gateway", id, by())?;
                let ground = self.grounds.subnet(&nat.subnet, id)?;
                same_vpc(&ground.vpc, &self.ground.vpc, "NAT gateway", id, by())?;
                if family == Family::V6 {
                    return Err(LayoutError::Family {
                        table: self.table.clone(),
                        destination: route.destination,
                        gateway: id.clone(),
                    });
                }
                Ok(Hop::Gateway(IpAddr::V4(nat.address), ground.bridge.index))
            }
            RouteTarget::TransitGateway(id) => {
                find(
                    &self.lookup.network.transit_gateways,
                    "transit gateway",
                    id,
                    by(),
                )?;
                let leg = self.legs.leg(id, &self.ground.vpc, &self.ground.zone);
                let leg = leg.ok_or_else(|| LayoutError::NotAttached {
                    table: self.table.clone(),
                    destination: route.destination,
                    transit: id.clone(),
                })?;
                Ok(Hop::Gateway(next_hop(family), leg))
            }
            RouteTarget::Unmodelled(target) => Err(LayoutError::Unmodelled {
                table: self.table.clone(),
                destination: route.destination,
                target: target.clone(),
            }),
        }
    }
}

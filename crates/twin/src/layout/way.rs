//! The ways out of a subnet: its route table as routes of its VPC's router.

use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{GatewayId, NatId, PeeringId, RouteTableId, TransitGatewayId};
use model::network::RouteTarget;

use super::lookup::{Lookup, find, same_vpc};
use super::outside::Doors;
use super::peering::Peers;
use super::plan::{Plan, next_hop};
use super::route::{Standing, spread, strongest};
use super::transit::Legs;
use super::vpc::{Ground, Grounds};
use super::{Hop, LayoutError};
use crate::filter::Family;

/// The ways out of one subnet, by its route table.
pub(super) struct Ways<'a> {
    pub(super) lookup: &'a Lookup<'a>,
    pub(super) grounds: &'a Grounds,
    pub(super) doors: Doors,
    pub(super) legs: &'a Legs,
    pub(super) peers: &'a Peers,
    pub(super) ground: &'a Ground,
    pub(super) table: &'a RouteTableId,
}

impl Ways<'_> {
    /// Writes the subnet's routing table into its router. Every route is looked at, also one that another outdoes.
    pub(super) fn draw(&self, plan: &mut Plan) -> Result<(), LayoutError> {
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
            table: self.name(),
            destination,
        })?;
        for route in routes {
            self.hop(route.destination, &route.target)?;
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
                plan.route(
                    router,
                    number,
                    *destination,
                    self.hop(*destination, target)?,
                );
            }
        }
        plan.close_table(router, number);
        Ok(())
    }

    /// Where a route leads, if it leads anywhere that can be stood up.
    fn hop(&self, destination: IpNet, target: &RouteTarget) -> Result<Hop, LayoutError> {
        match target {
            RouteTarget::Local | RouteTarget::Blackhole => Ok(Hop::Blackhole),
            RouteTarget::InternetGateway(id) => self.by_gateway(destination, id, false),
            RouteTarget::EgressOnlyGateway(id) => self.by_gateway(destination, id, true),
            RouteTarget::NatGateway(id) => self.by_nat(destination, id),
            RouteTarget::TransitGateway(id) => self.by_transit(destination, id),
            RouteTarget::Peering(id) => self.by_peering(destination, id),
            RouteTarget::Unmodelled(target) => Err(LayoutError::Unmodelled {
                table: self.table.clone(),
                destination,
                target: target.clone(),
            }),
        }
    }

    /// An egress-only gateway carries no IPv4.
    fn by_gateway(
        &self,
        destination: IpNet,
        id: &GatewayId,
        egress_only: bool,
    ) -> Result<Hop, LayoutError> {
        let gateways = &self.lookup.network.internet_gateways;
        let gateway = find(gateways, "gateway", id, self.name())?;
        same_vpc(&gateway.vpc, &self.ground.vpc, "gateway", id, self.name())?;
        if gateway.egress_only != egress_only {
            return Err(LayoutError::GatewayKind {
                table: self.table.clone(),
                destination,
                gateway: id.clone(),
            });
        }
        let family = Family::of_net(&destination);
        let door = match (egress_only, family) {
            (false, _) => self.doors.internet,
            (true, Family::V6) => self.doors.egress_only,
            (true, Family::V4) => None,
        };
        Ok(door.map_or(Hop::Blackhole, |link| Hop::Gateway(next_hop(family), link)))
    }

    fn by_nat(&self, destination: IpNet, id: &NatId) -> Result<Hop, LayoutError> {
        let gateways = &self.lookup.network.nat_gateways;
        let nat = find(gateways, "NAT gateway", id, self.name())?;
        let ground = self.grounds.subnet(&nat.subnet, id)?;
        same_vpc(
            &ground.vpc,
            &self.ground.vpc,
            "NAT gateway",
            id,
            self.name(),
        )?;
        if Family::of_net(&destination) == Family::V6 {
            return Err(LayoutError::Family {
                table: self.table.clone(),
                destination,
                gateway: id.clone(),
            });
        }
        Ok(Hop::Gateway(IpAddr::V4(nat.address), ground.bridge.index))
    }

    fn by_transit(&self, destination: IpNet, id: &TransitGatewayId) -> Result<Hop, LayoutError> {
        let gateways = &self.lookup.network.transit_gateways;
        find(gateways, "transit gateway", id, self.name())?;
        let family = Family::of_net(&destination);
        let hop = self
            .legs
            .hop((id, &self.ground.vpc), &self.ground.zone, family);
        hop.ok_or_else(|| LayoutError::NotAttached {
            table: self.table.clone(),
            destination,
            transit: id.clone(),
        })
    }

    fn by_peering(&self, destination: IpNet, id: &PeeringId) -> Result<Hop, LayoutError> {
        find(&self.lookup.network.peerings, "peering", id, self.name())?;
        let family = Family::of_net(&destination);
        let hop = self.peers.hop(&self.ground.vpc, id, family);
        hop.ok_or_else(|| LayoutError::NotPeered {
            table: self.table.clone(),
            destination,
            peering: id.clone(),
        })
    }

    /// The route table, as errors name it.
    fn name(&self) -> String {
        format!("route table {}", self.table)
    }
}

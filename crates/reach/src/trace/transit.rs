//! Follows one packet by transit gateways.

use std::net::IpAddr;

use model::id::{AttachmentId, SubnetId, TransitGatewayId, VpcId};
use model::network::{AttachedTo, Place, RouteTarget, SiteKind, Subnet};

use super::decide;
use super::follow::{Follower, Way};
use crate::filter::Side;
use crate::walk::MAX_LEGS;

impl<'n> Follower<'n> {
    pub(super) fn leave_by_transit(
        &mut self,
        from: &'n SubnetId,
        subnet: &'n Subnet,
        gateway: &'n TransitGatewayId,
    ) -> Way {
        let vpc = &subnet.vpc;
        let known = self.network.transit_gateways.get(gateway);
        let attachments: Vec<_> = known
            .into_iter()
            .flat_map(|known| &known.attachments)
            .filter_map(|(id, attachment)| match &attachment.to {
                AttachedTo::Vpc { vpc: to, subnets } if to == vpc => Some((id, subnets)),
                _ => None,
            })
            .collect();
        let [(attachment, subnets)] = attachments.as_slice() else {
            let count = attachments.len();
            return self.unknown(format!(
                "{vpc} has {count} attachments to transit gateway {gateway}, not one"
            ));
        };
        let unknown = |id: &SubnetId| !self.network.subnets.contains_key(id);
        if subnets.is_empty() || subnets.iter().any(unknown) {
            return self.unknown(format!("attachment {attachment} has no known subnet"));
        }
        let zone = &subnet.zone;
        let Some(by) = self.in_zone(subnets, zone) else {
            let decision = format!("attachment {attachment} has no subnet in zone {zone}");
            return self.lose(format!("transit gateway {gateway}"), decision);
        };
        if by == from {
            return self.unknown(format!(
                "subnet {from} sends by attachment {attachment} of its own, past an ACL that is not modelled there"
            ));
        }
        self.cross(from, by)?;
        self.transit(gateway, attachment)
    }

    /// The attachment's subnet in a zone.
    fn in_zone(&self, subnets: &'n [SubnetId], zone: &str) -> Option<&'n SubnetId> {
        subnets.iter().find(|id| {
            let subnet = self.network.subnets.get(*id);
            subnet.is_some_and(|subnet| subnet.zone == zone)
        })
    }

    pub(super) fn transit(&mut self, id: &'n TransitGatewayId, by: &'n AttachmentId) -> Way {
        let network = self.network;
        let to = self.packet.destination;
        let at = format!("transit gateway {id}");
        let leg = (id, by, self.connections.len());
        if self.legs.contains(&leg) {
            return self.lose(
                at,
                "has the packet for the second time: it goes round".to_owned(),
            );
        }
        if self.legs.len() >= MAX_LEGS {
            return self.unknown(format!("more than {MAX_LEGS} transit gateways"));
        }
        self.legs.push(leg);
        let Some(gateway) = network.transit_gateways.get(id) else {
            return self.unknown(format!("{at} is not known"));
        };
        let attachment = gateway.attachments.get(by);
        let Some(table) = attachment.and_then(|attachment| attachment.table.as_ref()) else {
            return self.lose(at, format!("attachment {by} has no table"));
        };
        let Some(routes) = gateway.tables.get(table) else {
            return self.unknown(format!("table {table} of {at} is not known"));
        };
        let at = format!("{at}, table {table}");
        let Some(route) = decide::transit_route(routes, to) else {
            return self.lose(at, format!("no route to {to}"));
        };
        let Some(out) = &route.attachment else {
            return self.lose(at, format!("{} is a black hole", route.destination));
        };
        let how = if route.propagated { ", propagated" } else { "" };
        self.go(
            at,
            format!("{} goes to attachment {out}{how}", route.destination),
        );
        match gateway
            .attachments
            .get(out)
            .map(|attachment| &attachment.to)
        {
            None => self.unknown(format!("attachment {out} is not known")),
            Some(AttachedTo::Site(site)) => match network.sites.get(site).map(|site| site.kind) {
                Some(SiteKind::Private) => self.enter_site(site),
                _ => self.unknown(format!("attachment {out} to {site}, no private site")),
            },
            Some(AttachedTo::Vpc { vpc, subnets }) => {
                let zone = self.zone_of(vpc, to);
                let own = zone.and_then(|zone| self.in_zone(subnets, zone));
                match own.or(subnets.first()) {
                    None => self.unknown(format!("attachment {out} has no subnet")),
                    Some(_) if self.fares_otherwise(subnets) => self.unknown(format!(
                        "the subnets of attachment {out} differ, and AWS may bring the packet by any"
                    )),
                    Some(subnet) => self.leave_subnet(subnet),
                }
            }
        }
    }

    /// The zone where an address of a VPC stands.
    fn zone_of(&self, vpc: &'n VpcId, address: IpAddr) -> Option<&'n String> {
        let network = self.network;
        let interface = network.interfaces.values().find(|interface| {
            network.vpc_of(interface) == Some(vpc) && interface.addresses.contains(&address)
        });
        let subnet = match interface.map(|interface| &interface.place) {
            Some(Place::Subnet(subnet)) => Some(subnet),
            _ => self.nat_at(vpc, address).map(|(_, nat)| &nat.subnet),
        };
        subnet
            .and_then(|subnet| network.subnets.get(subnet))
            .map(|subnet| &subnet.zone)
    }

    /// Whether the packet fares otherwise by one of an attachment's subnets than by another: AWS may choose any.
    fn fares_otherwise(&self, subnets: &'n [SubnetId]) -> bool {
        let [first, others @ ..] = subnets else {
            return false;
        };
        if others.is_empty() {
            return false;
        }
        let Some(way) = self.way_by(first) else {
            return true;
        };
        if others.iter().any(|id| self.way_by(id) != Some(way)) {
            return true;
        }
        match way {
            None | Some(RouteTarget::Blackhole | RouteTarget::Unmodelled(_)) => return false,
            Some(RouteTarget::TransitGateway(_)) => return true,
            Some(RouteTarget::NatGateway(id)) => {
                let nat = self.network.nat_gateways.get(id);
                if nat.is_none_or(|nat| subnets.contains(&nat.subnet)) {
                    return true;
                }
            }
            Some(_) => {}
        }
        let passed: Vec<_> = subnets
            .iter()
            .map(|id| self.lands_by(id, subnets))
            .collect();
        passed.iter().any(|passed| *passed != Some(false))
            && passed.iter().any(|passed| *passed != Some(true))
    }

    /// Where a subnet leads the packet, if anywhere; none when its table is not known.
    fn way_by(&self, id: &SubnetId) -> Option<Option<&'n RouteTarget>> {
        let subnet = self.network.subnets.get(id)?;
        let to = self.packet.destination;
        if decide::is_neighbour(subnet, to) {
            return Some(Some(&RouteTarget::Local));
        }
        let table = self.network.route_tables.get(&subnet.route_table)?;
        Some(decide::route(table, to).map(|route| &route.target))
    }

    /// Whether the packet passes the ACLs when it comes in by a subnet; none when that is not known.
    fn lands_by(&self, by: &'n SubnetId, subnets: &'n [SubnetId]) -> Option<bool> {
        let to = self.packet.destination;
        let at_home = |id: &&SubnetId| {
            let subnet = self.network.subnets.get(*id);
            subnet.is_some_and(|subnet| decide::is_neighbour(subnet, to))
        };
        if at_home(&by) {
            return Some(true);
        }
        let lets_pass = |id, side| {
            self.asked_acl(id, side)
                .ok()
                .map(|decision| decision.passed)
        };
        if !lets_pass(by, Side::Egress)? {
            return Some(false);
        }
        match subnets.iter().find(at_home) {
            Some(home) => lets_pass(home, Side::Ingress),
            None => Some(true),
        }
    }
}

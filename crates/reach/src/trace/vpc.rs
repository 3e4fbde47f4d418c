//! Follows one packet within a VPC, and by a peering into another.

use model::id::{PeeringId, SubnetId, VpcId};
use model::network::{Place, RouteTarget};

use super::decide;
use super::follow::{Follower, Stopped, Way};
use crate::endpoint::Endpoint;
use crate::filter::Side;

/// Where a packet comes from that a VPC brings to its receiver.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'n> {
    /// Out of a subnet of the VPC.
    Subnet(&'n SubnetId),
    /// By a peering, out of this VPC.
    Peering(&'n VpcId),
    /// From the Internet.
    Internet,
}

impl<'n> Follower<'n> {
    /// Passes from one subnet into another: out by the first one's ACL, in by the other's. Within one, neither is asked.
    pub(super) fn cross(&mut self, from: &'n SubnetId, to: &'n SubnetId) -> Result<(), Stopped> {
        if from == to {
            return Ok(());
        }
        self.pass_acl(from, Side::Egress)?;
        self.pass_acl(to, Side::Ingress)
    }

    pub(super) fn leave_subnet(&mut self, from: &'n SubnetId) -> Way {
        let network = self.network;
        let Some(subnet) = network.subnets.get(from) else {
            return self.unknown(format!("subnet {from} is not known"));
        };
        let to = self.packet.destination;
        if decide::is_neighbour(subnet, to) {
            return self.reach(&subnet.vpc, Origin::Subnet(from));
        }
        let at = format!("route table {}", subnet.route_table);
        let Some(table) = network.route_tables.get(&subnet.route_table) else {
            return self.unknown(format!("{at} is not known"));
        };
        let Some(route) = decide::route(table, to) else {
            return self.lose(at, format!("no route to {to}"));
        };
        let words = decide::route_words(route);
        match &route.target {
            RouteTarget::Local => {
                self.pass_acl(from, Side::Egress)?;
                self.go(at, words);
                self.reach(&subnet.vpc, Origin::Subnet(from))
            }
            RouteTarget::InternetGateway(gateway) => {
                self.pass_acl(from, Side::Egress)?;
                self.go(at, words);
                self.leave_by_internet_gateway(&subnet.vpc, gateway)
            }
            RouteTarget::EgressOnlyGateway(gateway) => {
                self.pass_acl(from, Side::Egress)?;
                self.go(at, words);
                self.leave_by_egress_only(&subnet.vpc, gateway)
            }
            RouteTarget::NatGateway(nat) => {
                self.go(at, words);
                self.translate(from, nat)
            }
            RouteTarget::TransitGateway(gateway) => {
                self.go(at, words);
                self.leave_by_transit(from, subnet, gateway)
            }
            RouteTarget::Blackhole => self.lose(at, words),
            RouteTarget::Peering(peering) => {
                self.pass_acl(from, Side::Egress)?;
                self.go(at, words);
                self.cross_peering(&subnet.vpc, peering)
            }
            RouteTarget::Unmodelled(what) => self.unknown(format!("{what} is not modelled")),
        }
    }

    /// Passes from one VPC into another, between their own addresses alone.
    fn cross_peering(&mut self, vpc: &'n VpcId, id: &'n PeeringId) -> Way {
        let at = format!("peering {id}");
        let known = self.network.peerings.get(id);
        let Some(other) = known.and_then(|peering| peering.other(vpc)) else {
            return self.unknown(format!("{at} does not join {vpc}"));
        };
        let (source, destination) = (self.packet.source, self.packet.destination);
        if !self.is_of(vpc, source) {
            return self.lose(
                at,
                format!("{source} is not of {vpc}: nothing passes on by it"),
            );
        }
        if !self.is_of(other, destination) {
            return self.lose(
                at,
                format!("{destination} is not of {other}: it leads no further"),
            );
        }
        if !self.is_answer && !self.connections.is_empty() {
            return self.unknown(format!("what a NAT gateway sends by {at}"));
        }
        self.go(at, format!("leads from {vpc} to {other}"));
        self.reach(other, Origin::Peering(vpc))
    }

    /// The VPC to which the packet leaves a subnet by a peering, if it does.
    pub(super) fn peer_behind(&self, from: &SubnetId) -> Option<&'n VpcId> {
        let network = self.network;
        let subnet = network.subnets.get(from)?;
        let to = self.packet.destination;
        if decide::is_neighbour(subnet, to) {
            return None;
        }
        let table = network.route_tables.get(&subnet.route_table)?;
        match &decide::route(table, to)?.target {
            RouteTarget::Peering(id) => network.peerings.get(id)?.other(&subnet.vpc),
            _ => None,
        }
    }

    /// Gives the packet to whatever has its destination in a VPC.
    pub(super) fn reach(&mut self, vpc: &'n VpcId, origin: Origin<'n>) -> Way {
        let network = self.network;
        let to = self.packet.destination;
        let interface = network.interfaces.iter().find(|(_, interface)| {
            network.vpc_of(interface) == Some(vpc) && interface.addresses.contains(&to)
        });
        if let Some((id, interface)) = interface {
            let Place::Subnet(subnet) = &interface.place else {
                return self.unknown(format!("interface {id} is in no subnet"));
            };
            if origin != Origin::Subnet(subnet) {
                self.pass_acl(subnet, Side::Ingress)?;
            }
            if !self.is_answer {
                let peer = match origin {
                    Origin::Peering(from) => Some(from),
                    Origin::Subnet(_) | Origin::Internet => None,
                };
                self.pass_groups(id, interface, Side::Ingress, peer)?;
            }
            return Ok(Endpoint::Interface(id.clone()));
        }
        match self.nat_at(vpc, to) {
            Some((id, nat)) => {
                if origin != Origin::Subnet(&nat.subnet) {
                    self.pass_acl(&nat.subnet, Side::Ingress)?;
                }
                if matches!(origin, Origin::Peering(_)) {
                    let at = format!("NAT gateway {id}");
                    return self.lose(at, "is not reached by a peering".to_owned());
                }
                self.translate_back(id, nat)
            }
            None => self.lose(vpc.to_string(), format!("nobody has {to}")),
        }
    }
}

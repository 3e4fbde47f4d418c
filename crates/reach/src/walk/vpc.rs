//! The way of sets of packets within a VPC, and by a peering into another.

use model::id::{PeeringId, SubnetId, VpcId};
use model::network::RouteTarget;

use super::filters::Way;
use super::{Step, Walk};
use crate::atlas::Holder;
use crate::carried::Carried;
use crate::filter::Side;

/// Where packets come from that a VPC brings to their receiver.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'n> {
    /// Out of a subnet of the VPC.
    Subnet(&'n SubnetId),
    /// By a peering, out of this VPC.
    Peering(&'n VpcId),
    /// From the Internet.
    Internet,
}

impl<'n> Walk<'_, 'n> {
    /// Packets that something in a subnet sends.
    pub(super) fn leave(&mut self, from: &'n SubnetId, mut packets: Carried<'n>) -> Step {
        if packets.set.is_empty() {
            return Ok(());
        }
        let Some(subnet) = self.atlas.network.subnets.get(from) else {
            return self.doubt(packets.set, format!("subnet {from} is not known"));
        };
        let neighbours = self.atlas.range(from);
        let within = packets.destined(self.family, &neighbours)?;
        if !within.is_empty() {
            let origin = Origin::Subnet(from);
            self.hand_over(&subnet.vpc, origin, packets.only(within.clone()))?;
            packets.set = packets.set.subtract(&within)?;
        }
        if packets.set.is_empty() {
            return Ok(());
        }
        let Some(claims) = self.atlas.table(&subnet.route_table) else {
            let reason = format!("route table {} is not known", subnet.route_table);
            return self.doubt(packets.set, reason);
        };
        for (space, target) in claims {
            let taken = packets.destined(self.family, space)?;
            if !taken.is_empty() {
                self.follow(from, &subnet.vpc, target, packets.only(taken))?;
            }
        }
        Ok(())
    }

    /// Packets that leave a subnet by a route.
    fn follow(
        &mut self,
        from: &'n SubnetId,
        vpc: &'n VpcId,
        target: &'n RouteTarget,
        packets: Carried<'n>,
    ) -> Step {
        match target {
            RouteTarget::Local => {
                let packets = self.acl(from, Side::Egress, packets)?;
                self.hand_over(vpc, Origin::Subnet(from), packets)
            }
            RouteTarget::InternetGateway(gateway) => {
                let packets = self.acl(from, Side::Egress, packets)?;
                self.leave_vpc(vpc, gateway, packets)
            }
            RouteTarget::EgressOnlyGateway(gateway) => {
                let packets = self.acl(from, Side::Egress, packets)?;
                self.leave_by_egress_only(vpc, gateway, packets)
            }
            RouteTarget::NatGateway(nat) => self.hide(from, nat, packets),
            RouteTarget::TransitGateway(gateway) => self.enter_transit(from, vpc, gateway, packets),
            RouteTarget::Peering(peering) => {
                let packets = self.acl(from, Side::Egress, packets)?;
                self.cross_peering(vpc, peering, packets)
            }
            RouteTarget::Blackhole => Ok(()),
            RouteTarget::Unmodelled(what) => {
                self.doubt(packets.set, format!("{what} is not modelled"))
            }
        }
    }

    /// Packets that leave a VPC by a peering: it carries nothing but what is from one VPC's addresses to the other's.
    fn cross_peering(
        &mut self,
        vpc: &'n VpcId,
        id: &'n PeeringId,
        mut packets: Carried<'n>,
    ) -> Step {
        let peering = self.atlas.network.peerings.get(id);
        let Some(other) = peering.and_then(|peering| peering.other(vpc)) else {
            return self.doubt(packets.set, format!("peering {id} does not join {vpc}"));
        };
        packets.set = packets.sourced(self.family, &self.atlas.ranges(vpc))?;
        packets.set = packets.destined(self.family, &self.atlas.ranges(other))?;
        // AWS says that a NAT gateway sends by Internet, transit and virtual private gateways, and nothing of peerings.
        if !packets.answers && !packets.hidden.is_empty() {
            let reason = format!("what a NAT gateway sends by peering {id}");
            return self.doubt(packets.set, reason);
        }
        self.hand_over(other, Origin::Peering(vpc), packets)
    }

    /// Packets to whatever has their destination in a VPC.
    pub(super) fn hand_over(
        &mut self,
        vpc: &'n VpcId,
        origin: Origin<'n>,
        packets: Carried<'n>,
    ) -> Step {
        // Packets to many addresses are followed to sites alone: what a VPC is given goes no further.
        let holder = packets
            .destination_address(self.family)
            .and_then(|address| self.atlas.holder(vpc, address));
        let Some(holder) = holder else {
            return Ok(());
        };
        let packets = if origin == Origin::Subnet(holder.subnet()) {
            packets
        } else {
            self.acl(holder.subnet(), Side::Ingress, packets)?
        };
        match holder {
            Holder::Interface(id, _) => {
                let way = match origin {
                    Origin::Peering(from) => Way::InFrom(from),
                    Origin::Subnet(_) | Origin::Internet => Way::Other,
                };
                let packets = if packets.answers {
                    packets
                } else {
                    self.group(id, Side::Ingress, way, packets)?
                };
                self.arrive(id, packets)
            }
            // No peering leads to one.
            Holder::Nat(..) if matches!(origin, Origin::Peering(_)) => Ok(()),
            Holder::Nat(id, nat) => self.reveal(id, &nat.subnet, packets),
        }
    }
}

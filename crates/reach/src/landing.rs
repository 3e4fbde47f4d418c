//! How packets land in a VPC that a transit gateway's attachment brings by one of several subnets.
//!
//! AWS may choose any of them. What becomes of a packet is known only where the choice does not matter.

use model::id::{AttachmentId, SubnetId, TransitGatewayId};
use model::network::{AttachedTo, RouteTarget};

use crate::addresses::AddressSet;
use crate::atlas::Atlas;
use crate::routes::Claims;

/// What the subnets of an attachment have in common, and what not.
#[derive(Debug)]
pub(crate) struct Landing {
    /// Destinations that the subnets' route tables lead apart, or to what looks at the subnet that a packet comes from.
    pub(crate) routed_apart: AddressSet,
    /// Destinations, of the others, on the way to which the subnets' ACLs are asked.
    pub(crate) filtered: AddressSet,
    /// The subnets' own addresses, to which packets may pass one ACL, two or none.
    pub(crate) own: AddressSet,
    /// Whether the subnets share one ACL.
    pub(crate) has_one_acl: bool,
}

impl<'n> Atlas<'n> {
    /// The attachments that have several subnets.
    pub(crate) fn landings_among_several(
        &self,
    ) -> impl Iterator<Item = ((&'n TransitGatewayId, &'n AttachmentId), Landing)> {
        let gateways = self.network.transit_gateways.iter();
        gateways
            .flat_map(|(id, gateway)| {
                let legs = gateway.attachments.iter();
                legs.map(move |(by, leg)| ((id, by), &leg.to))
            })
            .filter_map(|(key, to)| match to {
                AttachedTo::Vpc { subnets, .. } if subnets.len() > 1 => {
                    Some((key, self.landing_among(subnets)))
                }
                _ => None,
            })
    }

    fn landing_among(&self, subnets: &'n [SubnetId]) -> Landing {
        let ways: Vec<_> = subnets.iter().map(|subnet| self.ways(subnet)).collect();
        let mut landing = Landing {
            routed_apart: AddressSet::none(),
            filtered: AddressSet::none(),
            own: AddressSet::none(),
            has_one_acl: subnets.windows(2).all(|pair| {
                let acl = |id| self.network.subnets.get(id).map(|subnet| &subnet.acl);
                acl(&pair[0]) == acl(&pair[1])
            }),
        };
        for subnet in subnets {
            landing.own.unite(&self.range(subnet));
        }
        let Some(ways) = ways.into_iter().collect::<Option<Vec<_>>>() else {
            landing.routed_apart = AddressSet::everything();
            return landing;
        };
        let [first, others @ ..] = ways.as_slice() else {
            return landing;
        };
        for (space, target) in first {
            let mut alike = space.clone();
            for way in others {
                let mut same = AddressSet::none();
                for (other, _) in way.iter().filter(|(_, other)| other == target) {
                    same.unite(&alike.intersect(other));
                }
                alike = same;
            }
            if self.looks_at_sender(target, subnets) {
                alike = AddressSet::none();
            }
            let mut apart = space.clone();
            apart.subtract(&alike);
            landing.routed_apart.unite(&apart);
            if !matches!(target, RouteTarget::Blackhole | RouteTarget::Unmodelled(_)) {
                landing.filtered.unite(&alike);
            }
        }
        // What the first table does not route at all is led apart where another one does.
        let mut routed_first = AddressSet::none();
        first
            .iter()
            .for_each(|(space, _)| routed_first.unite(space));
        for (space, _) in others.iter().flatten() {
            let mut apart = space.clone();
            apart.subtract(&routed_first);
            landing.routed_apart.unite(&apart);
        }
        landing
    }

    /// Where a subnet leads which addresses, its own ones included; none where its table is not known.
    fn ways(&self, subnet: &SubnetId) -> Option<Claims<&'n RouteTarget>> {
        let known = self.network.subnets.get(subnet)?;
        let own = self.range(subnet);
        let mut ways: Claims<&'n RouteTarget> = vec![(own.clone(), &RouteTarget::Local)];
        for (space, target) in self.table(&known.route_table)? {
            let mut space = space.clone();
            space.subtract(&own);
            ways.push((space, target));
        }
        Some(ways)
    }

    /// Whether a route leads to what fares otherwise by the subnet that a packet comes from: another transit gateway's
    /// attachment of that zone, or a NAT gateway in one of these subnets.
    fn looks_at_sender(&self, target: &RouteTarget, subnets: &[SubnetId]) -> bool {
        match target {
            RouteTarget::TransitGateway(_) => true,
            RouteTarget::NatGateway(id) => {
                let nat = self.network.nat_gateways.get(id);
                nat.is_none_or(|nat| subnets.contains(&nat.subnet))
            }
            _ => false,
        }
    }
}

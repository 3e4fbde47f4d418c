//! Peerings: a trunk between the routers of two VPCs, which carries what is between their own addresses.

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::id::{PeeringId, VpcId};
use model::network::Peering;

use super::lookup::{Lookup, find};
use super::plan::{Plan, next_hop};
use super::vpc::Grounds;
use super::{Hop, INSIDE_TABLE, LayoutError};
use crate::filter::Family;
use crate::filter::peering::Crossing;

/// The links by which VPCs' routers reach their peers.
#[derive(Default)]
pub(super) struct Peers {
    by_vpc: BTreeMap<(VpcId, PeeringId), Crossing>,
}

impl Peers {
    /// How a VPC's router sends packets by a peering; none where the peering does not join the VPC.
    pub(super) fn hop(&self, vpc: &VpcId, peering: &PeeringId, family: Family) -> Option<Hop> {
        let crossing = self.by_vpc.get(&(vpc.clone(), peering.clone()))?;
        Some(Hop::Gateway(next_hop(family), crossing.link))
    }

    /// A VPC's peerings, as its router filters them.
    pub(super) fn of(&self, vpc: &VpcId) -> impl Iterator<Item = &Crossing> {
        self.by_vpc
            .iter()
            .filter(move |((of, _), _)| of == vpc)
            .map(|(_, crossing)| crossing)
    }
}

/// Joins the routers of each two peers. What comes in by a peering is asked of the table that leads to the VPC's own
/// subnets and nowhere else.
pub(super) fn draw(
    plan: &mut Plan,
    lookup: &Lookup<'_>,
    grounds: &Grounds,
) -> Result<Peers, LayoutError> {
    let mut peers = Peers::default();
    for (id, peering) in &lookup.network.peerings {
        let ranges = ranges(lookup, id, peering)?;
        let [one, other] = &peering.vpcs;
        let by = || format!("peering {id}");
        let routers = [grounds.router(one, by)?, grounds.router(other, by)?];
        let (near, far) = plan.trunk((routers[0], "peer"), (routers[1], "peer"));
        let [own, others] = ranges;
        for (vpc, router, link, own, others) in [
            (one, routers[0], near, own.clone(), others.clone()),
            (other, routers[1], far, others, own),
        ] {
            plan.ask(router, &link, INSIDE_TABLE);
            let crossing = Crossing {
                link: link.index,
                name: link.name,
                own,
                others,
                hidden: lookup.nat_addresses(vpc),
            };
            peers.by_vpc.insert((vpc.clone(), id.clone()), crossing);
        }
    }
    Ok(peers)
}

/// The ranges of both VPCs, which must be apart.
fn ranges(
    lookup: &Lookup<'_>,
    id: &PeeringId,
    peering: &Peering,
) -> Result<[Vec<IpNet>; 2], LayoutError> {
    let [one, other] = &peering.vpcs;
    if one == other {
        return Err(LayoutError::PeeredWithItself {
            peering: id.clone(),
            vpc: one.clone(),
        });
    }
    let of = |vpc| -> Result<Vec<IpNet>, LayoutError> {
        let vpc = find(&lookup.network.vpcs, "VPC", vpc, format!("peering {id}"))?;
        Ok(vpc.cidrs.iter().map(IpNet::trunc).collect())
    };
    let (own, others) = (of(one)?, of(other)?);
    if super::check::overlap(&own, &others) {
        return Err(LayoutError::PeersOverlap(id.clone()));
    }
    Ok([own, others])
}

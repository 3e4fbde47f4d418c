//! The way of sets of packets by transit gateways.

use model::id::{AttachmentId, SubnetId, TransitGatewayId, VpcId};
use model::network::{AttachedTo, SiteKind};

use super::{MAX_LEGS, Step, Walk};
use crate::addresses::AddressSet;
use crate::boxes::{BoxSet, TooManyBoxes};
use crate::carried::{Carried, Filtered};
use crate::filter::Side;

impl<'n> Walk<'_, 'n> {
    /// Packets that leave a VPC by a transit gateway.
    pub(super) fn enter_transit(
        &mut self,
        from: &'n SubnetId,
        vpc: &'n VpcId,
        gateway: &'n TransitGatewayId,
        mut packets: Carried<'n>,
    ) -> Step {
        let attachment = match self.atlas.attachments(gateway, vpc) {
            [only] => *only,
            several => {
                let count = several.len();
                let reason =
                    format!("{vpc} has {count} attachments to transit gateway {gateway}, not one");
                return self.doubt(packets.set, reason);
            }
        };
        let subnets = self.atlas.attached(gateway, attachment);
        if !self.atlas.are_known(subnets) {
            let reason = format!("attachment {attachment} has no known subnet");
            return self.doubt(packets.set, reason);
        }
        // AWS gives a zone without an attached subnet no way to the transit gateway.
        let Some(by) = self
            .atlas
            .zone_of(from)
            .and_then(|zone| self.atlas.in_zone(subnets, zone))
        else {
            return Ok(());
        };
        if by == from {
            // AWS asks this subnet's ACL both outward and inward here, as if the packets left it and came back.
            let reason = format!(
                "subnet {from} sends by attachment {attachment} of its own, past an ACL that is not modelled there"
            );
            return self.doubt(packets.set, reason);
        }
        packets = self.acl(from, Side::Egress, packets)?;
        packets = self.acl(by, Side::Ingress, packets)?;
        self.transit(gateway, attachment, packets)
    }

    /// Packets that a transit gateway gets by an attachment.
    pub(super) fn transit(
        &mut self,
        gateway: &'n TransitGatewayId,
        by: &'n AttachmentId,
        mut packets: Carried<'n>,
    ) -> Step {
        let leg = (gateway, by, packets.hidden.len());
        // Nothing was translated since, so these packets go round for ever.
        if packets.set.is_empty() || packets.legs.contains(&leg) {
            return Ok(());
        }
        if packets.legs.len() >= MAX_LEGS {
            return self.doubt(
                packets.set,
                format!("more than {MAX_LEGS} transit gateways"),
            );
        }
        packets.legs.push(leg);
        let Some(known) = self.atlas.network.transit_gateways.get(gateway) else {
            return self.doubt(
                packets.set,
                format!("transit gateway {gateway} is not known"),
            );
        };
        let table = known.attachments.get(by).and_then(|leg| leg.table.as_ref());
        let Some(table) = table else {
            return Ok(());
        };
        let Some(claims) = self.atlas.transit_table(gateway, table) else {
            let reason = format!("table {table} of transit gateway {gateway} is not known");
            return self.doubt(packets.set, reason);
        };
        for (space, route) in claims {
            let taken = packets.only(packets.destined(self.family, space)?);
            match &route.attachment {
                Some(attachment) if !taken.set.is_empty() => {
                    self.leave_transit(gateway, attachment, taken)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Packets that leave a transit gateway by an attachment.
    fn leave_transit(
        &mut self,
        gateway: &'n TransitGatewayId,
        by: &'n AttachmentId,
        packets: Carried<'n>,
    ) -> Step {
        let network = self.atlas.network;
        let known = network.transit_gateways.get(gateway);
        match known
            .and_then(|known| known.attachments.get(by))
            .map(|leg| &leg.to)
        {
            None => self.doubt(packets.set, format!("attachment {by} is not known")),
            Some(AttachedTo::Site(site)) => match network.sites.get(site) {
                Some(known) if known.kind == SiteKind::Private => self.enter_site(site, packets),
                _ => self.doubt(
                    packets.set,
                    format!("attachment {by} to {site}, no private site"),
                ),
            },
            Some(AttachedTo::Vpc { vpc, subnets }) => {
                let packets = self.by_whichever(gateway, by, packets)?;
                let zone = packets
                    .destination_address(self.family)
                    .and_then(|address| self.atlas.holder(vpc, address))
                    .and_then(|holder| self.atlas.zone_of(holder.subnet()));
                let own = zone.and_then(|zone| self.atlas.in_zone(subnets, zone));
                match own.or(subnets.first()) {
                    Some(subnet) => self.leave(subnet, packets),
                    None => self.doubt(packets.set, format!("attachment {by} has no subnet")),
                }
            }
        }
    }

    /// Those packets that fare alike by whichever of an attachment's subnets they enter the VPC: AWS may choose any of
    /// them, so what becomes of the others is not known.
    fn by_whichever(
        &mut self,
        gateway: &'n TransitGatewayId,
        by: &'n AttachmentId,
        mut packets: Carried<'n>,
    ) -> Result<Carried<'n>, TooManyBoxes> {
        let Some(landing) = self.atlas.landing(gateway, by) else {
            return Ok(packets);
        };
        let reason = || {
            format!("the subnets of attachment {by} differ, and AWS may bring the packet by any")
        };
        let routed_apart = packets.destined(self.family, &landing.routed_apart)?;
        packets.set = packets.set.subtract(&routed_apart)?;
        self.doubt(routed_apart, reason())?;
        // The common case is quickly known: one ACL, asked once.
        let lands_there = !packets.destined(self.family, &landing.own)?.is_empty();
        if landing.has_one_acl && !lands_there && !packets.answers {
            return Ok(packets);
        }
        let filtered = packets.only(packets.destined(self.family, &landing.filtered)?);
        let subnets = self.atlas.attached(gateway, by);
        let (mut always, mut perhaps) = (filtered.set.clone(), BoxSet::empty());
        for id in subnets {
            let through = self.landed(id, subnets, &filtered)?;
            always = always.intersect(&through.passed)?;
            perhaps = perhaps.union(&through.passed)?.union(&through.undecided)?;
        }
        let filtered_apart = perhaps.subtract(&always)?;
        packets.set = packets.set.subtract(&filtered_apart)?;
        self.doubt(filtered_apart, reason())?;
        Ok(packets)
    }

    /// What the ACLs let through that packets pass which come in by one of an attachment's subnets.
    fn landed(
        &self,
        by: &'n SubnetId,
        subnets: &'n [SubnetId],
        packets: &Carried<'n>,
    ) -> Result<Filtered, TooManyBoxes> {
        let within = packets.destined(self.family, &self.atlas.range(by))?;
        let leaving = packets.only(packets.set.subtract(&within)?);
        let Filtered {
            mut passed,
            mut undecided,
        } = self.through(by, Side::Egress, &leaving)?;
        for other in subnets.iter().filter(|other| *other != by) {
            let range: AddressSet = self.atlas.range(other);
            let entering = leaving.only(passed.clone());
            let entering = entering.only(entering.destined(self.family, &range)?);
            let entered = self.through(other, Side::Ingress, &entering)?;
            passed = passed.subtract(&entering.set)?.union(&entered.passed)?;
            undecided = undecided.union(&entered.undecided)?;
        }
        Ok(Filtered {
            passed: passed.union(&within)?,
            undecided,
        })
    }

    /// What a subnet's ACL makes of packets; nothing is decided where it is not known.
    fn through(
        &self,
        subnet: &SubnetId,
        side: Side,
        packets: &Carried<'n>,
    ) -> Result<Filtered, TooManyBoxes> {
        let acl = self
            .atlas
            .network
            .subnets
            .get(subnet)
            .map(|known| &known.acl);
        match acl
            .and_then(|acl| self.atlas.acl(acl))
            .map(|acl| acl.on(side))
        {
            Some(Ok(filter)) => packets.filtered(filter),
            Some(Err(_)) | None => Ok(Filtered {
                passed: BoxSet::empty(),
                undecided: packets.set.clone(),
            }),
        }
    }
}

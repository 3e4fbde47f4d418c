//! The way of sets of packets outside a VPC: the Internet, transit gateways, sites.

use std::net::IpAddr;

use model::id::{AttachmentId, GatewayId, SiteId, SubnetId, TransitGatewayId, VpcId};
use model::network::{AttachedTo, SiteKind};

use super::{MAX_LEGS, Sender, Step, Walk};
use crate::addresses::AddressSet;
use crate::atlas::Beyond;
use crate::boxes::TooManyBoxes;
use crate::carried::{Address, Carried};
use crate::family::{Family, number};
use crate::filter::Side;
use crate::interval::Interval;

impl<'n> Walk<'_, 'n> {
    /// Packets that leave a VPC by its Internet gateway.
    pub(super) fn leave_vpc(
        &mut self,
        vpc: &'n VpcId,
        gateway: &'n GatewayId,
        packets: Carried<'n>,
    ) -> Step {
        let known = self.atlas.network.internet_gateways.get(gateway);
        if known.is_none_or(|known| known.egress_only || known.vpc != *vpc) {
            let reason = format!("Internet gateway {gateway} is not one of {vpc}");
            return self.doubt(packets.set, reason);
        }
        if self.family == Family::V6 {
            let own = self.own(vpc, &format!("Internet gateway {gateway}"), packets)?;
            return self.internet(own);
        }
        for (private, public) in self.atlas.translations(vpc) {
            let private = AddressSet::from(Family::V4, Interval::one(number((*private).into())));
            let mut translated = packets.only(packets.sourced(self.family, &private)?);
            translated.source = Address::Fixed(number((*public).into()));
            self.internet(translated)?;
        }
        Ok(())
    }

    /// Packets that leave a VPC by its egress-only gateway.
    pub(super) fn leave_by_egress_only(
        &mut self,
        vpc: &'n VpcId,
        gateway: &'n GatewayId,
        packets: Carried<'n>,
    ) -> Step {
        let known = self.atlas.network.internet_gateways.get(gateway);
        if known.is_none_or(|known| !known.egress_only || known.vpc != *vpc) {
            let reason = format!("egress-only gateway {gateway} is not one of {vpc}");
            return self.doubt(packets.set, reason);
        }
        if self.family == Family::V4 {
            return Ok(());
        }
        let mut packets = self.own(vpc, &format!("egress-only gateway {gateway}"), packets)?;
        // An answer opens nothing: the gateway that waits for it is the one by which the packet left.
        if !packets.answers {
            packets.egress_only = Some(vpc);
        }
        self.internet(packets)
    }

    /// Those IPv6 packets whose source is the VPC's own. What a gateway of it makes of others is not known.
    fn own(
        &mut self,
        vpc: &'n VpcId,
        gateway: &str,
        packets: Carried<'n>,
    ) -> Result<Carried<'n>, TooManyBoxes> {
        let cidrs = self.atlas.network.vpcs.get(vpc).map(|vpc| &vpc.cidrs[..]);
        let own = AddressSet::of_prefixes(cidrs.unwrap_or_default());
        let own = packets.sourced(self.family, &own)?;
        let foreign = packets.set.subtract(&own)?;
        self.doubt(
            foreign,
            format!("{gateway} with IPv6 sources of outside {vpc}"),
        )?;
        Ok(packets.only(own))
    }

    /// Packets on the Internet.
    pub(super) fn internet(&mut self, packets: Carried<'n>) -> Step {
        if packets.set.is_empty() {
            return Ok(());
        }
        let atlas = self.atlas;
        for (space, to) in &atlas.beyond {
            let packets = packets.only(packets.destined(self.family, space)?);
            if packets.set.is_empty() {
                continue;
            }
            match to {
                Beyond::Site(site) => self.enter_site(site, packets)?,
                Beyond::Vpc(vpc) => self.enter_vpc(vpc, packets)?,
            }
        }
        Ok(())
    }

    /// Packets that reach a VPC from the Internet.
    fn enter_vpc(&mut self, vpc: &'n VpcId, mut packets: Carried<'n>) -> Step {
        match packets.destination_address(self.family) {
            Some(IpAddr::V4(public)) => {
                let Some(private) = self.atlas.private_of(public) else {
                    return Ok(());
                };
                packets.destination = Address::Fixed(number(private.into()));
            }
            Some(IpAddr::V6(_)) => {
                let answers_own = packets.answers && packets.egress_only == Some(vpc);
                if !self.atlas.is_open(vpc) && !answers_own {
                    return Ok(());
                }
            }
            None => return Ok(()),
        }
        self.hand_over(vpc, None, packets)
    }

    /// Packets that leave a VPC by a transit gateway.
    pub(super) fn enter_transit(
        &mut self,
        from: &'n SubnetId,
        vpc: &'n VpcId,
        gateway: &'n TransitGatewayId,
        mut packets: Carried<'n>,
    ) -> Step {
        let network = self.atlas.network;
        let attachment = match self.atlas.attachments(gateway, vpc) {
            [only] => *only,
            several => {
                let count = several.len();
                let reason =
                    format!("{vpc} has {count} attachments to transit gateway {gateway}, not one");
                return self.doubt(packets.set, reason);
            }
        };
        let zone = network.subnets.get(from).map(|from| from.zone.as_str());
        let by = network
            .transit_gateways
            .get(gateway)
            .and_then(|gateway| gateway.attachments.get(attachment))
            .and_then(|attachment| match &attachment.to {
                AttachedTo::Vpc { subnets, .. } => self.atlas.transit_subnet(subnets, zone),
                AttachedTo::Site(_) => None,
            });
        let Some(by) = by else {
            let reason = format!("attachment {attachment} has no subnet");
            return self.doubt(packets.set, reason);
        };
        // Within the attachment's own subnet the model asks no ACL, as AWS does inward. Outward AWS asks that ACL's egress
        // and ingress even there: a subnet that holds both hosts and an attachment is more open here than on AWS.
        if by != from {
            packets = self.acl(from, Side::Egress, packets)?;
            packets = self.acl(by, Side::Ingress, packets)?;
        }
        self.transit(gateway, attachment, packets)
    }

    /// Packets that a transit gateway gets by an attachment.
    fn transit(
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
                let zone = packets
                    .destination_address(self.family)
                    .and_then(|address| self.atlas.holder(vpc, address))
                    .and_then(|holder| network.subnets.get(holder.subnet()))
                    .map(|subnet| subnet.zone.as_str());
                match self.atlas.transit_subnet(subnets, zone) {
                    Some(subnet) => self.leave(subnet, packets),
                    None => self.doubt(packets.set, format!("attachment {by} has no subnet")),
                }
            }
        }
    }

    /// Packets that somebody at a site sends.
    pub(super) fn leave_site(&mut self, site: &'n SiteId, mut packets: Carried<'n>) -> Step {
        let own = packets.destined(self.family, self.atlas.space(site))?;
        if !own.is_empty() {
            self.enter_site(site, packets.only(own.clone()))?;
            packets.set = packets.set.subtract(&own)?;
        }
        if packets.set.is_empty() {
            return Ok(());
        }
        match self.atlas.network.sites.get(site).map(|site| site.kind) {
            None => self.doubt(packets.set, format!("site {site} is not known")),
            Some(SiteKind::Internet | SiteKind::OnInternet) => self.internet(packets),
            Some(SiteKind::Private) => match self.atlas.exits(site) {
                [] => Ok(()),
                [(gateway, attachment)] => self.transit(gateway, attachment, packets),
                _ => self.doubt(packets.set, format!("site {site} has several attachments")),
            },
        }
    }

    /// Packets that reach a site.
    fn enter_site(&mut self, site: &'n SiteId, packets: Carried<'n>) -> Step {
        match packets.destination_address(self.family) {
            Some(address) => match self.atlas.resident(site, address) {
                Some(interface) => self.arrive(interface, packets),
                None => Ok(()),
            },
            None if packets.answers => self.found(Sender::Site(site), &packets),
            None => {
                if !packets.set.is_empty() {
                    self.departures.push((site, packets.set));
                }
                Ok(())
            }
        }
    }
}

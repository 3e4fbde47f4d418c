//! The way of sets of packets outside a VPC: the Internet and sites.

use std::net::IpAddr;

use model::id::{GatewayId, SiteId, VpcId};
use model::network::SiteKind;

use super::filters::Way;
use super::vpc::Origin;
use super::{Sender, Step, Walk};
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
        self.hand_over(vpc, Origin::Internet, packets)
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
    pub(super) fn enter_site(&mut self, site: &'n SiteId, packets: Carried<'n>) -> Step {
        match packets.destination_address(self.family) {
            Some(address) => match self.atlas.resident(site, address) {
                Some(interface) if packets.answers => self.arrive(interface, packets),
                Some(interface) => {
                    let packets = self.group(interface, Side::Ingress, Way::Other, packets)?;
                    self.arrive(interface, packets)
                }
                None => Ok(()),
            },
            None if packets.answers => self.found(Sender::Site(site), &packets),
            // What leaves for a site has left, whatever the site's firewall does to it.
            None => {
                if !packets.set.is_empty() {
                    self.departures.push((site, packets.set));
                }
                Ok(())
            }
        }
    }
}

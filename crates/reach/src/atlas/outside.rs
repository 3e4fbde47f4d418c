//! What stands outside AWS, and where the Internet takes a packet.

use model::id::SiteId;
use model::network::{Place, SiteKind};

use super::{Atlas, Beyond};
use crate::addresses::AddressSet;
use crate::routes::Claims;

impl<'n> Atlas<'n> {
    pub(super) fn read_sites(&mut self) {
        let network = self.network;
        let residents = |site: &SiteId| {
            let mut space = AddressSet::default();
            for interface in network.interfaces.values() {
                if matches!(&interface.place, Place::Site(at) if at == site) {
                    interface
                        .addresses
                        .iter()
                        .for_each(|address| space.insert_address(*address));
                }
            }
            space
        };
        // The Internet is what is left over.
        let mut elsewhere = AddressSet::default();
        for vpc in network.vpcs.values() {
            elsewhere.unite(&AddressSet::of_prefixes(&vpc.cidrs));
        }
        let interfaces = network.interfaces.values();
        let nats = network.nat_gateways.values();
        for public in interfaces
            .filter_map(|interface| interface.public)
            .chain(nats.filter_map(|nat| nat.public))
        {
            elsewhere.insert_address(public.into());
        }
        let (internet, others): (Vec<_>, Vec<_>) = network
            .sites
            .iter()
            .partition(|(_, site)| site.kind == SiteKind::Internet);
        for (id, site) in others {
            let mut space = AddressSet::of_prefixes(&site.prefixes);
            space.unite(&residents(id));
            elsewhere.unite(&space);
            self.spaces.insert(id, space);
        }
        for (id, _) in internet {
            let mut space = AddressSet::public();
            space.subtract(&elsewhere);
            space.unite(&residents(id));
            self.spaces.insert(id, space);
        }
    }

    /// Public addresses first, then sites on the Internet, VPCs' IPv6 ranges, and the Internet itself.
    pub(super) fn read_beyond(&mut self) {
        let network = self.network;
        let mut claims: Claims<Beyond<'n>> = Vec::new();
        let mut claimed = AddressSet::default();
        let mut claim = |mut space: AddressSet, to: Beyond<'n>| {
            space.subtract(&claimed);
            if !space.is_empty() {
                claimed.unite(&space);
                claims.push((space, to));
            }
        };
        for (public, (vpc, _)) in &self.privates {
            let mut space = AddressSet::default();
            space.insert_address((*public).into());
            claim(space, Beyond::Vpc(vpc));
        }
        let of_kind = |kind: SiteKind| {
            network
                .sites
                .iter()
                .filter(move |(_, site)| site.kind == kind)
                .map(|(id, _)| id)
        };
        for site in of_kind(SiteKind::OnInternet) {
            claim(self.space(site).clone(), Beyond::Site(site));
        }
        let public = AddressSet::public();
        for (id, vpc) in &network.vpcs {
            let global =
                AddressSet::of_prefixes(vpc.cidrs.iter().filter(|cidr| cidr.addr().is_ipv6()));
            claim(global.intersect(&public), Beyond::Vpc(id));
        }
        for site in of_kind(SiteKind::Internet) {
            claim(self.space(site).clone(), Beyond::Site(site));
        }
        self.beyond = claims;
    }
}

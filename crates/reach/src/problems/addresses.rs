//! Faults of sites, and of addresses that several have.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::network::{AttachedTo, Place, SiteKind};

use super::Found;
use crate::addresses::AddressSet;

impl Found<'_> {
    pub(super) fn sites(&mut self) {
        let network = self.network;
        let internets = network
            .sites
            .values()
            .filter(|site| site.kind == SiteKind::Internet);
        let count = internets.count();
        self.want(count <= 1, || {
            format!("there are {count} sites that are the Internet")
        });
        for id in network.sites.keys() {
            let gateways = network.transit_gateways.values();
            let attachments = gateways.flat_map(|gateway| gateway.attachments.values());
            let count = attachments
                .filter(|attachment| matches!(&attachment.to, AttachedTo::Site(site) if site == id))
                .count();
            self.want(count <= 1, || {
                format!("site {id} has {count} attachments; which one it sends by is not modelled")
            });
        }
    }

    /// Two sites on the Internet with one address leave open who gets a packet; so does a site with an address that an
    /// Internet gateway translates.
    pub(super) fn overlaps(&mut self) {
        let network = self.network;
        let mut taken = AddressSet::default();
        let interfaces = network.interfaces.values();
        let nats = network.nat_gateways.values();
        for public in interfaces
            .filter_map(|interface| interface.public)
            .chain(nats.filter_map(|nat| nat.public))
        {
            taken.insert_address(public.into());
        }
        for (id, site) in &network.sites {
            if site.kind == SiteKind::OnInternet {
                let space = AddressSet::of_prefixes(&site.prefixes);
                let free = space.intersect(&taken).is_empty();
                self.want(free, || {
                    format!("site {id} has addresses that others on the Internet have too")
                });
                taken.unite(&space);
            }
        }
    }

    /// Two that have one address leave open who gets a packet.
    pub(super) fn addresses_once(&mut self) {
        let network = self.network;
        let mut own: BTreeMap<(String, IpAddr), usize> = BTreeMap::new();
        let mut public: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for interface in network.interfaces.values() {
            let place = match &interface.place {
                Place::Site(site) => format!("site {site}"),
                Place::Subnet(subnet) => match self.vpc_of_subnet(subnet) {
                    Some(vpc) => vpc.to_string(),
                    None => continue,
                },
            };
            for address in &interface.addresses {
                *own.entry((place.clone(), *address)).or_default() += 1;
            }
            if let Some(address) = interface.public {
                *public.entry(address.into()).or_default() += 1;
            }
        }
        for nat in network.nat_gateways.values() {
            if let Some(vpc) = self.vpc_of_subnet(&nat.subnet) {
                *own.entry((vpc.to_string(), nat.address.into()))
                    .or_default() += 1;
            }
            if let Some(address) = nat.public {
                *public.entry(address.into()).or_default() += 1;
            }
        }
        for ((place, address), count) in own {
            self.want(count == 1, || {
                format!("{count} in {place} have the address {address}")
            });
        }
        for (address, count) in public {
            self.want(count == 1, || {
                format!("{count} have the public address {address}")
            });
        }
    }
}

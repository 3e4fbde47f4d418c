//! Follows one packet outside a VPC: by gateways, over the Internet, to and from sites.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use model::id::{GatewayId, InterfaceId, SiteId, VpcId};
use model::network::{AttachedTo, Interface, Place, SiteKind};

use super::follow::{Follower, Way};
use super::vpc::Origin;
use crate::addresses::AddressSet;
use crate::atlas::primary;
use crate::endpoint::Endpoint;
use crate::filter::Side;

impl<'n> Follower<'n> {
    pub(super) fn leave_by_internet_gateway(&mut self, vpc: &'n VpcId, id: &'n GatewayId) -> Way {
        let at = format!("Internet gateway {id}");
        let known = self.network.internet_gateways.get(id);
        if known.is_none_or(|known| known.egress_only || known.vpc != *vpc) {
            return self.unknown(format!("{at} is not one of {vpc}"));
        }
        let source = self.packet.source;
        match source {
            IpAddr::V6(_) if !self.is_of(vpc, source) => {
                return self.unknown(format!("{at} with IPv6 sources of outside {vpc}"));
            }
            IpAddr::V6(_) => self.go(at, "passes IPv6 untranslated".to_owned()),
            IpAddr::V4(private) => {
                let pairs = self.public_addresses();
                let pair = pairs
                    .iter()
                    .find(|(of, from, _)| *of == vpc && *from == private);
                let Some((_, _, public)) = pair else {
                    return self.lose(at, format!("{private} has no public address"));
                };
                self.packet.source = (*public).into();
                self.go(at, format!("source {private} becomes {public}"));
            }
        }
        self.cross_internet()
    }

    /// Every public address that an Internet gateway translates: VPC, private address, public address.
    fn public_addresses(&self) -> Vec<(&'n VpcId, Ipv4Addr, Ipv4Addr)> {
        let network = self.network;
        let interfaces = network.interfaces.values().filter_map(|interface| {
            let vpc = network.vpc_of(interface)?;
            Some((vpc, primary(interface)?, interface.public?))
        });
        let nats = network.nat_gateways.values().filter_map(|nat| {
            let vpc = &network.subnets.get(&nat.subnet)?.vpc;
            Some((vpc, nat.address, nat.public?))
        });
        interfaces
            .chain(nats)
            .filter(|(vpc, ..)| self.is_open(vpc))
            .collect()
    }

    pub(super) fn is_of(&self, vpc: &VpcId, address: IpAddr) -> bool {
        let vpc = self.network.vpcs.get(vpc);
        vpc.is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(&address)))
    }

    fn is_open(&self, vpc: &VpcId) -> bool {
        let mut gateways = self.network.internet_gateways.values();
        gateways.any(|gateway| gateway.vpc == *vpc && !gateway.egress_only)
    }

    pub(super) fn leave_by_egress_only(&mut self, vpc: &'n VpcId, id: &'n GatewayId) -> Way {
        let at = format!("egress-only gateway {id}");
        let known = self.network.internet_gateways.get(id);
        if known.is_none_or(|known| !known.egress_only || known.vpc != *vpc) {
            return self.unknown(format!("{at} is not one of {vpc}"));
        }
        let source = self.packet.source;
        if source.is_ipv4() {
            return self.lose(at, "passes IPv6 alone".to_owned());
        }
        if !self.is_of(vpc, source) {
            return self.unknown(format!("{at} with IPv6 sources of outside {vpc}"));
        }
        // An answer opens nothing: the gateway that waits for it is the one by which the packet left.
        if !self.is_answer {
            self.left_by_egress_only = Some(vpc);
        }
        self.go(at, "lets it out".to_owned());
        self.cross_internet()
    }

    fn cross_internet(&mut self) -> Way {
        let network = self.network;
        let to = self.packet.destination;
        if let IpAddr::V4(wanted) = to {
            let pairs = self.public_addresses();
            let pair = pairs.iter().find(|(.., public)| *public == wanted);
            if let Some((vpc, private, public)) = pair {
                self.go(
                    format!("Internet gateway of {vpc}"),
                    format!("destination {public} becomes {private}"),
                );
                self.packet.destination = (*private).into();
                return self.reach(vpc, Origin::Internet);
            }
        }
        let sites_of = |kind: SiteKind| {
            let sites = network.sites.iter();
            sites
                .filter(move |(_, site)| site.kind == kind)
                .map(|(id, _)| id)
        };
        if let Some(site) = sites_of(SiteKind::OnInternet).find(|site| self.stands_at(site, to)) {
            return self.enter_site(site);
        }
        let public = AddressSet::public().contains(to);
        let mut vpcs = network.vpcs.iter();
        let vpc = vpcs.find(|(_, vpc)| {
            to.is_ipv6() && public && vpc.cidrs.iter().any(|cidr| cidr.contains(&to))
        });
        if let Some((vpc, _)) = vpc {
            let answers_own = self.is_answer && self.left_by_egress_only == Some(vpc);
            if !self.is_open(vpc) && !answers_own {
                let decision = format!("no gateway lets in what is sent to {to}");
                return self.lose(vpc.to_string(), decision);
            }
            self.go(format!("gateway of {vpc}"), "lets it in".to_owned());
            return self.reach(vpc, Origin::Internet);
        }
        match sites_of(SiteKind::Internet).find(|site| self.stands_at(site, to)) {
            Some(site) => self.enter_site(site),
            None => self.lose("the Internet".to_owned(), format!("no route to {to}")),
        }
    }

    pub(super) fn leave_site(&mut self, site: &'n SiteId) -> Way {
        let network = self.network;
        if self.stands_at(site, self.packet.destination) {
            return self.enter_site(site);
        }
        match network.sites.get(site).map(|site| site.kind) {
            None => self.unknown(format!("site {site} is not known")),
            Some(SiteKind::Internet | SiteKind::OnInternet) => self.cross_internet(),
            Some(SiteKind::Private) => {
                let gateways = network.transit_gateways.iter();
                let exits: Vec<_> = gateways
                    .flat_map(|(id, gateway)| {
                        let attachments = gateway.attachments.iter();
                        attachments.map(move |(by, attachment)| (id, by, attachment))
                    })
                    .filter(|(.., attachment)| {
                        matches!(&attachment.to, AttachedTo::Site(to) if to == site)
                    })
                    .collect();
                match exits.as_slice() {
                    [] => self.lose(format!("site {site}"), "has no way out".to_owned()),
                    [(gateway, by, _)] => {
                        self.go(format!("site {site}"), format!("sends by attachment {by}"));
                        self.transit(gateway, by)
                    }
                    _ => self.unknown(format!("site {site} has several attachments")),
                }
            }
        }
    }

    pub(super) fn enter_site(&mut self, site: &'n SiteId) -> Way {
        let to = self.packet.destination;
        let at = format!("site {site}");
        match self.resident(site, to) {
            Some((id, interface)) => {
                self.go(at, format!("{to} is {id}"));
                if !self.is_answer {
                    self.pass_firewall(id, interface, Side::Ingress)?;
                }
                Ok(Endpoint::Interface(id.clone()))
            }
            None if self.is_answer || self.stands_at(site, to) => {
                self.go(at, format!("{to} is there"));
                Ok(Endpoint::Site(site.clone()))
            }
            None => self.lose(at, format!("nobody has {to}")),
        }
    }

    /// The interface at a site that has an address.
    pub(super) fn resident(
        &self,
        site: &SiteId,
        address: IpAddr,
    ) -> Option<(&'n InterfaceId, &'n Interface)> {
        let mut interfaces = self.network.interfaces.iter();
        interfaces.find(|(_, interface)| {
            matches!(&interface.place, Place::Site(at) if at == site)
                && interface.addresses.contains(&address)
        })
    }

    /// Whether an address is one of a site's.
    pub(super) fn stands_at(&self, id: &SiteId, address: IpAddr) -> bool {
        let network = self.network;
        let resident = |at: Option<&SiteId>| {
            network.interfaces.values().any(|interface| {
                let here = match &interface.place {
                    Place::Site(site) => at.is_none_or(|at| at == site),
                    Place::Subnet(_) => false,
                };
                here && interface.addresses.contains(&address)
            })
        };
        let in_any = |cidrs: &[IpNet]| cidrs.iter().any(|cidr| cidr.contains(&address));
        let Some(site) = network.sites.get(id) else {
            return false;
        };
        if resident(Some(id)) {
            return true;
        }
        if site.kind != SiteKind::Internet {
            return in_any(&site.prefixes);
        }
        let is_public_of_somebody = || {
            let interfaces = network.interfaces.values();
            let nats = network.nat_gateways.values();
            interfaces
                .filter_map(|interface| interface.public)
                .chain(nats.filter_map(|nat| nat.public))
                .any(|public| IpAddr::V4(public) == address)
        };
        let others = network.sites.values();
        AddressSet::public().contains(address)
            && !network.vpcs.values().any(|vpc| in_any(&vpc.cidrs))
            && !others
                .filter(|site| site.kind != SiteKind::Internet)
                .any(|site| in_any(&site.prefixes))
            && !resident(None)
            && !is_public_of_somebody()
    }
}

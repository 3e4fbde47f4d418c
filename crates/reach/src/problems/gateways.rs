//! Faults of gateways: to the Internet, of translation, of transit.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::id::VpcId;
use model::network::{AttachedTo, SiteKind, TransitGateway};

use super::Found;

impl<'n> Found<'n> {
    pub(super) fn gateways(&mut self) {
        let network = self.network;
        let mut of_vpc: BTreeMap<_, usize> = BTreeMap::new();
        for (id, gateway) in &network.internet_gateways {
            self.vpc(&format!("Internet gateway {id}"), &gateway.vpc);
            *of_vpc
                .entry((&gateway.vpc, gateway.egress_only))
                .or_default() += 1;
        }
        for ((vpc, _), count) in of_vpc {
            self.want(count == 1, || {
                format!("{vpc} has {count} Internet gateways of one kind")
            });
        }
        for (id, nat) in &network.nat_gateways {
            let subnet = network.subnets.get(&nat.subnet);
            let address = IpAddr::V4(nat.address);
            let within =
                subnet.is_some_and(|known| known.cidrs.iter().any(|cidr| cidr.contains(&address)));
            self.want(within, || {
                format!(
                    "NAT gateway {id} has {address}, which is not in a subnet {} that is there",
                    nat.subnet
                )
            });
        }
    }

    pub(super) fn transit_gateway(&mut self, of: &str, gateway: &'n TransitGateway) {
        let network = self.network;
        for (id, attachment) in &gateway.attachments {
            let of = format!("attachment {id} of {of}");
            if let Some(table) = &attachment.table {
                let known = gateway.tables.contains_key(table);
                self.want(known, || {
                    format!("{of} names table {table}, which is not there")
                });
            }
            match &attachment.to {
                AttachedTo::Vpc { vpc, subnets } => {
                    self.vpc(&of, vpc);
                    let count = count_attached(gateway, vpc);
                    self.want(count == 1, || format!("{of} is one of {count} to {vpc}"));
                    self.want(!subnets.is_empty(), || format!("{of} has no subnet"));
                    for subnet in subnets {
                        let in_vpc = self.vpc_of_subnet(subnet) == Some(vpc);
                        self.want(in_vpc, || {
                            format!("{of} names subnet {subnet}, not of {vpc}")
                        });
                    }
                    // Two of one zone leave open by which of them the zone's packets leave.
                    let known = subnets.iter().filter_map(|id| network.subnets.get(id));
                    let mut zones: Vec<&str> = known.map(|subnet| subnet.zone.as_str()).collect();
                    zones.sort_unstable();
                    let distinct = zones.windows(2).all(|pair| pair[0] != pair[1]);
                    self.want(distinct, || format!("{of} has several subnets in one zone"));
                }
                AttachedTo::Site(site) => {
                    let kind = network.sites.get(site).map(|site| site.kind);
                    self.want(kind == Some(SiteKind::Private), || {
                        format!("{of} leads to {site}, which is no private site")
                    });
                }
            }
        }
        for (id, routes) in &gateway.tables {
            let of = format!("table {id} of {of}");
            for attachment in routes.iter().filter_map(|route| route.attachment.as_ref()) {
                let known = gateway.attachments.contains_key(attachment);
                self.want(known, || {
                    format!("{of} names attachment {attachment}, which is not there")
                });
            }
            let keys = routes
                .iter()
                .map(|route| (route.destination, false, route.propagated));
            self.once(&of, keys);
        }
    }
}

/// How many attachments a VPC has to a transit gateway.
pub(super) fn count_attached(gateway: &TransitGateway, vpc: &VpcId) -> usize {
    let attachments = gateway.attachments.values();
    attachments
        .filter(|attachment| matches!(&attachment.to, AttachedTo::Vpc { vpc: to, .. } if to == vpc))
        .count()
}

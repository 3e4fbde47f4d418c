//! A network's faults: references to what is not there, and what the model's semantics leave open.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use model::Network;
use model::id::{SubnetId, VpcId};
use model::network::{
    AttachedTo, GroupHome, Interface, Place, RouteTable, RouteTarget, RulePeer, SiteKind,
    TransitGateway,
};

use crate::addresses::AddressSet;
use crate::atlas::primary;

/// Everything about a network for which a proof on it could not be trusted, in a fixed order.
///
/// While there is any, no intent holds: it is unknown, and the proof names the fault.
pub fn problems(network: &Network) -> Vec<String> {
    let mut found = Found {
        network,
        problems: Vec::new(),
    };
    found.subnets();
    for (id, table) in &network.route_tables {
        found.route_table(&format!("route table {id}"), table);
    }
    found.filters();
    for (id, interface) in &network.interfaces {
        found.interface(&format!("interface {id}"), interface);
    }
    found.gateways();
    for (id, gateway) in &network.transit_gateways {
        found.transit_gateway(&format!("transit gateway {id}"), gateway);
    }
    found.sites();
    found.overlaps();
    found.addresses_once();
    found.problems
}

struct Found<'n> {
    network: &'n Network,
    problems: Vec<String>,
}

impl<'n> Found<'n> {
    /// Notes a problem unless all is well.
    fn want(&mut self, well: bool, problem: impl FnOnce() -> String) {
        if !well {
            self.problems.push(problem());
        }
    }

    fn vpc(&mut self, of: &str, vpc: &VpcId) {
        let known = self.network.vpcs.contains_key(vpc);
        self.want(known, || format!("{of} names {vpc}, which is not there"));
    }

    fn vpc_of_subnet(&self, subnet: &SubnetId) -> Option<&'n VpcId> {
        self.network.subnets.get(subnet).map(|subnet| &subnet.vpc)
    }

    fn subnets(&mut self) {
        let network = self.network;
        for (id, subnet) in &network.subnets {
            let of = format!("subnet {id}");
            self.vpc(&of, &subnet.vpc);
            let table = network.route_tables.get(&subnet.route_table);
            self.want(table.is_some_and(|table| table.vpc == subnet.vpc), || {
                format!(
                    "{of} names route table {}, which is not one of its VPC",
                    subnet.route_table
                )
            });
            let acl = network.acls.get(&subnet.acl);
            self.want(acl.is_some_and(|acl| acl.vpc == subnet.vpc), || {
                format!("{of} names acl {}, which is not one of its VPC", subnet.acl)
            });
            let vpc = network.vpcs.get(&subnet.vpc);
            let within = vpc.is_none_or(|vpc| {
                let mut outside = AddressSet::of_prefixes(&subnet.cidrs);
                outside.subtract(&AddressSet::of_prefixes(&vpc.cidrs));
                outside.is_empty()
            });
            self.want(within, || {
                format!("{of} reaches beyond the ranges of {}", subnet.vpc)
            });
        }
    }

    fn route_table(&mut self, of: &str, table: &'n RouteTable) {
        let network = self.network;
        self.vpc(of, &table.vpc);
        let gateway = |id, egress_only| {
            let gateway = network.internet_gateways.get(id);
            gateway.is_some_and(|known| known.vpc == table.vpc && known.egress_only == egress_only)
        };
        for route in &table.routes {
            let (well, target) = match &route.target {
                RouteTarget::Local
                | RouteTarget::Peering(_)
                | RouteTarget::Blackhole
                | RouteTarget::Unmodelled(_) => (true, String::new()),
                RouteTarget::InternetGateway(id) => {
                    (gateway(id, false), format!("Internet gateway {id}"))
                }
                RouteTarget::EgressOnlyGateway(id) => {
                    (gateway(id, true), format!("egress-only gateway {id}"))
                }
                RouteTarget::NatGateway(id) => {
                    let nat = network.nat_gateways.get(id);
                    let vpc = nat.and_then(|nat| self.vpc_of_subnet(&nat.subnet));
                    (vpc == Some(&table.vpc), format!("NAT gateway {id}"))
                }
                RouteTarget::TransitGateway(id) => {
                    let gateway = network.transit_gateways.get(id);
                    let attached = gateway.map_or(0, |gateway| count_attached(gateway, &table.vpc));
                    (attached == 1, format!("transit gateway {id}"))
                }
            };
            self.want(well, || {
                format!("{of} names {target}, which does not serve {}", table.vpc)
            });
        }
        let routes = table.routes.iter();
        let keys = routes.map(|route| {
            let local = route.target == RouteTarget::Local;
            (route.destination, local, route.propagated)
        });
        self.once(of, keys);
    }

    /// Two routes of one rank to one prefix leave open which of them holds.
    fn once(&mut self, of: &str, routes: impl Iterator<Item = (IpNet, bool, bool)>) {
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        for (prefix, local, propagated) in routes {
            *counts
                .entry((prefix.trunc(), local, propagated))
                .or_default() += 1;
        }
        for ((prefix, ..), count) in counts {
            self.want(count == 1, || {
                format!("{of} has {count} equal routes to {prefix}")
            });
        }
    }

    fn filters(&mut self) {
        let network = self.network;
        for (id, acl) in &network.acls {
            let of = format!("acl {id}");
            self.vpc(&of, &acl.vpc);
            for entries in [&acl.ingress, &acl.egress] {
                let mut numbers: Vec<u16> = entries.iter().map(|entry| entry.number).collect();
                numbers.sort_unstable();
                let distinct = numbers.windows(2).all(|pair| pair[0] != pair[1]);
                self.want(distinct, || {
                    format!("{of} has several entries of one number")
                });
            }
        }
        for (id, group) in &network.groups {
            let of = format!("group {id}");
            match &group.home {
                GroupHome::Vpc(vpc) => self.vpc(&of, vpc),
                GroupHome::Site(site) => self.want(network.sites.contains_key(site), || {
                    format!("{of} names site {site}, which is not there")
                }),
            }
            for rule in group.ingress.iter().chain(&group.egress) {
                if let RulePeer::Group(peer) = &rule.peer {
                    let known = network.groups.contains_key(peer);
                    self.want(known, || {
                        format!("{of} names group {peer}, which is not there")
                    });
                }
            }
        }
    }

    fn interface(&mut self, of: &str, interface: &Interface) {
        let network = self.network;
        for v4 in [true, false] {
            let addresses = interface.addresses.iter();
            let count = addresses.filter(|address| address.is_ipv4() == v4).count();
            self.want(count <= 1, || {
                format!("{of} has {count} addresses of one family")
            });
        }
        self.want(interface.source_dest_check, || {
            format!("{of} may forward for others: it has no source and destination check")
        });
        let translatable = interface.public.is_none() || primary(interface).is_some();
        self.want(translatable, || {
            format!("{of} has a public address and no IPv4 address")
        });
        match &interface.place {
            Place::Site(site) => {
                let known = network.sites.contains_key(site);
                self.want(known, || {
                    format!("{of} names site {site}, which is not there")
                });
                self.want(interface.public.is_none(), || {
                    format!("{of} has a public address to translate, outside AWS")
                });
            }
            Place::Subnet(id) => {
                let Some(subnet) = network.subnets.get(id) else {
                    self.want(false, || {
                        format!("{of} names subnet {id}, which is not there")
                    });
                    return;
                };
                for address in &interface.addresses {
                    let within = subnet.cidrs.iter().any(|cidr| cidr.contains(address));
                    self.want(within, || {
                        format!("{of} has {address}, outside subnet {id}")
                    });
                }
                for id in &interface.groups {
                    let group = network.groups.get(id);
                    self.want(
                        group.is_some_and(|group| group.vpc() == Some(&subnet.vpc)),
                        || format!("{of} names group {id}, which is not one of its VPC"),
                    );
                }
            }
        }
    }

    fn gateways(&mut self) {
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

    fn transit_gateway(&mut self, of: &str, gateway: &'n TransitGateway) {
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

    fn sites(&mut self) {
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
    fn overlaps(&mut self) {
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
    fn addresses_once(&mut self) {
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

fn count_attached(gateway: &TransitGateway, vpc: &VpcId) -> usize {
    let attachments = gateway.attachments.values();
    attachments
        .filter(|attachment| matches!(&attachment.to, AttachedTo::Vpc { vpc: to, .. } if to == vpc))
        .count()
}

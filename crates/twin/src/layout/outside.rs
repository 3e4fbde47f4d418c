//! The Internet and the sites outside AWS, and the gateways by which VPCs meet the Internet.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{GatewayId, SiteId, VpcId};
use model::network::SiteKind;

use super::lookup::Lookup;
use super::plan::{Plan, default_net, next_hop, site_router};
use super::vpc::Grounds;
use super::{Hop, INSIDE_TABLE, LOOPBACK, LayoutError, MAIN_TABLE, Node};
use crate::filter::Family;

/// The routers outside AWS, by their namespaces.
pub(super) struct Outside {
    internet: Option<usize>,
    sites: BTreeMap<SiteId, usize>,
    /// Where a site is joined with transit gateways, if that is not its own router.
    uplinks: BTreeMap<SiteId, usize>,
}

impl Outside {
    /// The router of a site.
    pub(super) fn site(&self, site: &SiteId, by: &str) -> Result<usize, LayoutError> {
        self.sites
            .get(site)
            .copied()
            .ok_or_else(|| LayoutError::Unknown {
                what: "site",
                name: site.to_string(),
                by: by.to_owned(),
            })
    }

    /// The router by which a site is joined with transit gateways.
    pub(super) fn uplink(&self, site: &SiteId, by: &str) -> Result<usize, LayoutError> {
        match self.uplinks.get(site) {
            Some(router) => Ok(*router),
            None => self.site(site, by),
        }
    }

    /// Whether VPN connections join a site.
    pub(super) fn has_tunnels(&self, site: &SiteId) -> bool {
        self.uplinks.contains_key(site)
    }

    /// Puts a router between a site and whatever it is joined with.
    pub(super) fn put_between(&mut self, site: &SiteId, router: usize) {
        self.uplinks.insert(site.clone(), router);
    }

    /// The Internet, where the network has one.
    pub(super) fn internet(&self) -> Option<usize> {
        self.internet
    }
}

/// A VPC's doors to the Internet: links of its router, by index.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Doors {
    pub(super) internet: Option<u32>,
    pub(super) egress_only: Option<u32>,
}

/// Draws the routers of the Internet and of each site, and joins those that are on the Internet with it.
pub(super) fn draw(
    plan: &mut Plan,
    lookup: &Lookup<'_>,
    tunnels: bool,
) -> Result<Outside, LayoutError> {
    let mut outside = Outside {
        internet: None,
        sites: BTreeMap::new(),
        uplinks: BTreeMap::new(),
    };
    let network = lookup.network;
    let public = |kind| kind != SiteKind::Private;
    let gateways = !network.internet_gateways.is_empty();
    if tunnels || gateways || network.sites.values().any(|one| public(one.kind)) {
        outside.internet = Some(site_namespace(plan, Node::Internet));
    }
    for (id, site) in &network.sites {
        let router = match (site.kind, outside.internet) {
            (SiteKind::Internet, Some(internet)) => internet,
            (SiteKind::OnInternet, Some(internet)) => {
                let router = site_namespace(plan, Node::Site(id.clone()));
                let (inward, outward) = plan.trunk((internet, "site"), (router, "wan"));
                for prefix in &site.prefixes {
                    let hop = Hop::Gateway(next_hop(Family::of_net(prefix)), inward.index);
                    plan.route(internet, MAIN_TABLE, prefix.trunc(), hop);
                }
                for family in Family::BOTH {
                    let hop = Hop::Gateway(next_hop(family), outward.index);
                    plan.route(router, MAIN_TABLE, default_net(family), hop);
                }
                router
            }
            _ => site_namespace(plan, Node::Site(id.clone())),
        };
        if outside.sites.values().any(|taken| *taken == router) {
            return Err(LayoutError::SecondInternet(id.clone()));
        }
        outside.sites.insert(id.clone(), router);
    }
    Ok(outside)
}

/// A router with the address that hosts at a site know it by.
fn site_namespace(plan: &mut Plan, node: Node) -> usize {
    let router = plan.router(node);
    for family in Family::BOTH {
        plan.address(router, LOOPBACK, IpNet::from(site_router(family)));
    }
    router
}

/// Joins a host's link with its site's router. The router knows each address by a route of its own, also in the table
/// for what comes in by a transit gateway: a site carries nothing on to elsewhere.
pub(super) fn attach(
    plan: &mut Plan,
    router: usize,
    host: (usize, &str),
    addresses: &[IpAddr],
) -> super::Link {
    let (inward, outward) = plan.cable((router, "host"), None, host);
    for address in addresses {
        let alone = IpNet::from(*address);
        plan.neighbour(router, inward.index, *address, outward.mac);
        for table in [MAIN_TABLE, INSIDE_TABLE] {
            plan.route(router, table, alone, Hop::Link(inward.index));
        }
        plan.address(host.0, outward.index, alone);
    }
    for family in Family::BOTH {
        plan.neighbour(host.0, outward.index, site_router(family), inward.mac);
    }
    outward
}

/// Joins each VPC that has gateways with the Internet, and gives the Internet the ways to what is public there.
pub(super) fn join(
    plan: &mut Plan,
    lookup: &Lookup<'_>,
    outside: &Outside,
    grounds: &Grounds,
) -> Result<BTreeMap<VpcId, Doors>, LayoutError> {
    let mut doors: BTreeMap<VpcId, Doors> = BTreeMap::new();
    let Some(internet) = outside.internet else {
        return Ok(doors);
    };
    // Internet gateways before egress-only ones: the first link is the one by which IPv6 comes in.
    let mut gateways: Vec<(&GatewayId, _)> = lookup.network.internet_gateways.iter().collect();
    gateways.sort_by_key(|(id, gateway)| (gateway.egress_only, *id));
    for (id, gateway) in gateways {
        let router = grounds.router(&gateway.vpc, || format!("gateway {id}"))?;
        let door = doors.entry(gateway.vpc.clone()).or_default();
        let slot = if gateway.egress_only {
            &mut door.egress_only
        } else {
            &mut door.internet
        };
        if slot.is_some() {
            return Err(LayoutError::SecondGateway {
                gateway: id.clone(),
                vpc: gateway.vpc.clone(),
            });
        }
        let name = if gateway.egress_only { "eigw" } else { "igw" };
        let (inward, outward) = plan.trunk((internet, "vpc"), (router, name));
        *slot = Some(outward.index);
        plan.ask(router, &outward, INSIDE_TABLE);
        let way = |family| Hop::Gateway(next_hop(family), inward.index);
        if !gateway.egress_only {
            for public in lookup.public_addresses(&gateway.vpc).into_keys() {
                let alone = IpNet::from(IpAddr::V4(public));
                plan.route(internet, MAIN_TABLE, alone, way(Family::V4));
            }
        }
        if !gateway.egress_only || door.internet.is_none() {
            let global = lookup.v6_ranges(&gateway.vpc);
            for range in global.into_iter().filter(is_global) {
                plan.route(internet, MAIN_TABLE, range, way(Family::V6));
            }
        }
    }
    Ok(doors)
}

/// Whether IPv6 addresses are of those that the Internet routes, 2000::/3.
fn is_global(range: &IpNet) -> bool {
    match range.network() {
        IpAddr::V6(first) => first.octets()[0] >> 5 == 0b001,
        IpAddr::V4(_) => false,
    }
}

/// Ends the tables of all routers outside AWS. What a site has but nobody there holds is nowhere else.
pub(super) fn finish(plan: &mut Plan, lookup: &Lookup<'_>, outside: &Outside) {
    for (id, site) in &lookup.network.sites {
        if let (Some(router), true) = (outside.sites.get(id), site.kind != SiteKind::Internet) {
            for prefix in &site.prefixes {
                plan.otherwise(*router, MAIN_TABLE, prefix.trunc(), Hop::Blackhole);
            }
        }
    }
    let routers = outside.internet.iter().chain(outside.sites.values());
    for router in routers.chain(outside.uplinks.values()) {
        plan.close_table(*router, MAIN_TABLE);
        plan.close_table(*router, INSIDE_TABLE);
    }
}

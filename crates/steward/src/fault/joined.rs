//! Faults of what joins networks: environments that meet, routes that the data centre withdraws or leaks.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use model::network::{
    AttachedTo, Peering, Route, RouteTarget, RulePeer, TransitGateway, TransitRoute,
};
use model::packet::PortRange;
use model::{
    AttachmentId, EnvironmentId, HostId, PeeringId, Role, RouteTableId, ServiceKind, Traffic, VpcId,
};

use super::ground::{Way, acl_of, enter, group_of, open, subnet_of};
use super::subnet::{anywhere, ranges_of};
use super::{Caught, Fault, Ground, Planted};

pub(super) const STAGING_REACHES_PRODUCTION: Fault = Fault {
    name: "staging-reaches-production",
    summary: "a peering joins another environment with production, and production's groups and ACLs let it in",
    rows: &["R1", "R18"],
    caught: Caught {
        proof: &["isolation/*"],
        packets: true,
        probe: &["isolation/*"],
        besides: &[
            "ENV/consumers/*",
            "ENV/cluster/*",
            "ENV/console/*",
            "*/outbound/*",
        ],
        cause: &["group ", "allows tcp/"],
    },
    plant: staging_reaches_production,
};

fn staging_reaches_production(ground: &mut Ground<'_>) -> Option<Planted> {
    let (victim, other) = apart(ground)?;
    let (inside, outside) = (node_of(ground, &victim)?, node_of(ground, &other)?);
    let ports = ports_of(ground, &inside)?;
    let (to, from) = (ground.vpc_of(&victim)?, ground.vpc_of(&other)?);
    let (inner, to_ranges) = homes_of(ground, &victim);
    let (outer, from_ranges) = homes_of(ground, &other);
    let network = &mut *ground.network;
    let peering = PeeringId::new(format!("{other}-{victim}"));
    let vpcs = [from, to];
    network.peerings.insert(peering.clone(), Peering { vpcs });
    let target = RouteTarget::Peering(peering.clone());
    let replies = Traffic::Tcp(PortRange::EPHEMERAL);
    for (tables, ranges) in [(inner, &from_ranges), (outer, &to_ranges)] {
        for table in tables {
            let routes = &mut network.route_tables.get_mut(&table)?.routes;
            routes.extend(ranges.iter().map(|range| Route {
                destination: *range,
                target: target.clone(),
                propagated: false,
            }));
        }
    }
    let (guarded, sender) = (acl_of(network, &inside)?, acl_of(network, &outside)?);
    let (group, senders) = (group_of(network, &inside)?, group_of(network, &outside)?);
    for port in ports {
        let traffic = Traffic::tcp(port);
        for range in &from_ranges {
            open(network, &group, Way::In, traffic, RulePeer::Prefix(*range))?;
            enter(network, &guarded, Way::In, true, traffic, *range)?;
            enter(network, &guarded, Way::Out, true, replies, *range)?;
        }
        for range in &to_ranges {
            open(
                network,
                &senders,
                Way::Out,
                traffic,
                RulePeer::Prefix(*range),
            )?;
            enter(network, &sender, Way::Out, true, traffic, *range)?;
            enter(network, &sender, Way::In, true, replies, *range)?;
        }
    }
    let change = format!(
        "the peering {peering} joins {other} with {victim}, and {group} lets the ports of {inside} in from there"
    );
    Some(Planted::new(victim, change))
}

pub(super) const ENVIRONMENTS_JOINED: Fault = Fault {
    name: "environments-joined",
    summary: "the transit gateway's table for one environment has a route to another, though no packet takes it yet",
    rows: &["R1", "R18"],
    caught: Caught {
        proof: &["isolation/*"],
        packets: false,
        probe: &[],
        besides: &[],
        cause: &["transit"],
    },
    plant: environments_joined,
};

fn environments_joined(ground: &mut Ground<'_>) -> Option<Planted> {
    let (victim, other) = apart(ground)?;
    let (to, from) = (ground.vpc_of(&victim)?, ground.vpc_of(&other)?);
    let ranges: Vec<IpNet> = ranges_of(ground.network, &to)
        .into_iter()
        .filter(|range| range.addr().is_ipv4())
        .collect();
    for (id, gateway) in &mut ground.network.transit_gateways {
        let Some(attachment) = attachment_of(gateway, &to) else {
            continue;
        };
        let asked = attachment_of(gateway, &from)
            .and_then(|leg| gateway.attachments.get(&leg)?.table.clone());
        let Some(table) = asked else { continue };
        let routes = gateway.tables.get_mut(&table)?;
        routes.extend(ranges.iter().map(|range| TransitRoute {
            destination: *range,
            attachment: Some(attachment.clone()),
            propagated: true,
        }));
        let change = format!(
            "the attachment of {victim} propagates its range to the table {table} of {id}, which the attachment of {other} asks"
        );
        return Some(Planted::new(victim, change));
    }
    None
}

pub(super) const ROUTES_WITHDRAWN: Fault = Fault {
    name: "routes-withdrawn",
    summary: "the data centre announces nothing any more: no route leads to it",
    rows: &["R9", "R10"],
    caught: Caught {
        proof: &["*/dns/from-data-centre", "*/ntp/*"],
        packets: true,
        probe: &["*/dns/from-data-centre", "*/ntp/*"],
        besides: &["*"],
        cause: &["transit"],
    },
    plant: routes_withdrawn,
};

fn routes_withdrawn(ground: &mut Ground<'_>) -> Option<Planted> {
    let environment = anywhere(ground)?;
    let mut withdrawn = BTreeSet::new();
    for gateway in ground.network.transit_gateways.values_mut() {
        let sites = to_sites(gateway);
        for routes in gateway.tables.values_mut() {
            let leads = |route: &TransitRoute| {
                let mut leg = route.attachment.iter();
                leg.any(|attachment| sites.contains(attachment))
            };
            let gone = routes.iter().filter(|route| leads(route));
            withdrawn.extend(gone.map(|route| route.destination));
            routes.retain(|route| !leads(route));
        }
    }
    if withdrawn.is_empty() {
        return None;
    }
    let change = format!(
        "the transit gateway has no route to {} any more",
        list(&withdrawn)
    );
    Some(Planted::new(environment, change))
}

/// What a data centre leaks in a rehearsal: a range that no estate's data centre is likely to have.
const LEAKED: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(172, 31, 0, 0), 16);

pub(super) const ROUTE_LEAKED: Fault = Fault {
    name: "route-leaked",
    summary: "the data centre's router announces a range that nobody declared, and the transit gateway takes it",
    rows: &["R9", "R10"],
    caught: Caught {
        proof: &["*/data-centre/prefixes"],
        packets: false,
        probe: &[],
        besides: &[],
        cause: &["172.31.0.0/16"],
    },
    plant: route_leaked,
};

fn route_leaked(ground: &mut Ground<'_>) -> Option<Planted> {
    let environment = anywhere(ground)?;
    let leaked = IpNet::V4(LEAKED);
    for (id, gateway) in &mut ground.network.transit_gateways {
        let sites = to_sites(gateway);
        for (table, routes) in &mut gateway.tables {
            let known = routes.iter().find_map(|route| {
                let attachment = route.attachment.as_ref()?;
                sites.contains(attachment).then(|| attachment.clone())
            });
            let Some(attachment) = known else { continue };
            let change = format!(
                "{attachment} announces {leaked} too, and the table {table} of {id} has taken it"
            );
            routes.push(TransitRoute {
                destination: leaked,
                attachment: Some(attachment),
                propagated: true,
            });
            return Some(Planted::new(environment, change));
        }
    }
    None
}

/// Production, and an environment that has nothing to look for there.
fn apart(ground: &Ground<'_>) -> Option<(EnvironmentId, EnvironmentId)> {
    let all = || ground.estate.environments.iter();
    let (victim, _) = all().find(|(_, environment)| environment.production)?;
    let (other, _) = all().find(|(id, _)| *id != victim)?;
    Some((victim.clone(), other.clone()))
}

fn node_of(ground: &Ground<'_>, environment: &EnvironmentId) -> Option<HostId> {
    let mut nodes = ground.all_of(Role::Product);
    let (node, _) = nodes.find(|(_, its)| *its == environment)?;
    Some(node.clone())
}

/// The route tables that the products' nodes of an environment ask, and the IPv4 ranges in which they stand.
fn homes_of(
    ground: &Ground<'_>,
    environment: &EnvironmentId,
) -> (BTreeSet<RouteTableId>, BTreeSet<IpNet>) {
    let nodes = ground.all_of(Role::Product);
    let own = nodes.filter(|(_, its)| *its == environment);
    let (mut tables, mut ranges) = (BTreeSet::new(), BTreeSet::new());
    for (_, subnet) in own.filter_map(|(node, _)| subnet_of(ground.network, node)) {
        tables.insert(subnet.route_table.clone());
        ranges.extend(subnet.cidrs.iter().filter(|range| range.addr().is_ipv4()));
    }
    (tables, ranges)
}

/// The ports of a product's node.
fn ports_of(ground: &Ground<'_>, node: &HostId) -> Option<Vec<u16>> {
    let services = &ground.hosts.get(node)?.services;
    services.iter().find_map(|service| match &service.kind {
        ServiceKind::Product(product) => Some(product.ports.iter().map(|port| port.port).collect()),
        _ => None,
    })
}

fn attachment_of(gateway: &TransitGateway, vpc: &VpcId) -> Option<AttachmentId> {
    let mut attachments = gateway.attachments.iter();
    let (id, _) = attachments.find(
        |(_, attachment)| matches!(&attachment.to, AttachedTo::Vpc { vpc: to, .. } if to == vpc),
    )?;
    Some(id.clone())
}

/// The attachments that lead to sites outside AWS.
fn to_sites(gateway: &TransitGateway) -> BTreeSet<AttachmentId> {
    let attachments = gateway.attachments.iter();
    attachments
        .filter(|(_, attachment)| matches!(attachment.to, AttachedTo::Site(_)))
        .map(|(id, _)| id.clone())
        .collect()
}

fn list(ranges: &BTreeSet<IpNet>) -> String {
    let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    ranges.join(", ")
}

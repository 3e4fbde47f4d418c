//! Random transit gateways, and route tables that lead to them, to peerings and to all else.

use std::collections::BTreeSet;

use ipnet::IpNet;
use model::network::{AttachedTo, Route, RouteTable, RouteTarget, TransitRoute};
use model::{AttachmentId, Network, VpcId};

use crate::choices::Choices;
use crate::network::{PREFIXES, TRANSIT_SUBNETS, vpc_name};
use crate::world::{World, net};

/// A transit gateway with some of the VPCs and private sites, and a table for each or one for several.
pub(crate) fn transit(mut world: World, name: &str, vpcs: usize, choices: &mut Choices) -> World {
    let tables = ["one", "another", "third"].map(|table| format!("{name}/{table}"));
    let mut attachments: Vec<String> = Vec::new();
    let table = |choices: &mut Choices| choices.chance(9).then(|| choices.one(&tables));
    for index in 1..=vpcs {
        if !choices.chance(8) {
            continue;
        }
        let vpc = vpc_name(index);
        let mut subnets = subnets(&world, &vpc);
        if choices.chance(2) {
            subnets.truncate(1);
        }
        let subnets: Vec<&str> = subnets.iter().map(String::as_str).collect();
        let attachment = format!("{name}/{vpc}");
        world = world.attach(name, &attachment, &vpc, &subnets, table(choices).as_deref());
        attachments.push(attachment);
    }
    for site in ["dc", "branch"] {
        // A site with several ways out leaves the choice open.
        let attached = world.0.transit_gateways.values().any(|gateway| {
            gateway.attachments.values().any(
                |one| matches!(&one.to, AttachedTo::Site(attached) if attached.as_str() == site),
            )
        });
        if !attached && choices.chance(8) {
            let attachment = format!("{name}/{site}");
            world = world.attach(name, &attachment, site, &[], table(choices).as_deref());
            attachments.push(attachment);
        }
    }
    let Some(gateway) = world.0.transit_gateways.get_mut(&name.into()) else {
        return world;
    };
    for table in &tables {
        let routes = transit_routes(&attachments, choices);
        gateway.tables.insert(table.as_str().into(), routes);
    }
    world
}

/// One subnet of each zone of a VPC: those for transit gateways if there are any, else some with hosts.
fn subnets(world: &World, vpc: &str) -> Vec<String> {
    let of_vpc = || {
        world
            .0
            .subnets
            .iter()
            .filter(|(_, one)| one.vpc.as_str() == vpc)
    };
    let is_for_transit = |id: &str| TRANSIT_SUBNETS.iter().any(|name| id.ends_with(name));
    let has_some = of_vpc().any(|(id, _)| is_for_transit(id.as_str()));
    let mut zones = BTreeSet::new();
    of_vpc()
        .filter(|(id, _)| is_for_transit(id.as_str()) == has_some)
        .filter(|(_, one)| zones.insert(&one.zone))
        .map(|(id, _)| id.to_string())
        .collect()
}

fn transit_routes(attachments: &[String], choices: &mut Choices) -> Vec<TransitRoute> {
    let route = |prefix: &str, attachment: Option<&str>, propagated| TransitRoute {
        destination: net(prefix),
        attachment: attachment.map(AttachmentId::from),
        propagated,
    };
    let mut routes = Vec::new();
    for attachment in attachments {
        let prefixes: &[&str] = match attachment.rsplit('/').next() {
            Some("vpc1") => &["10.1.0.0/16", "2001:db8:1::/48"],
            Some("vpc2") => &["10.2.0.0/16", "2001:db8:2::/48"],
            Some("vpc3") => &["10.3.0.0/16", "2001:db8:3::/48"],
            Some("dc") => &["192.168.0.0/16"],
            _ => &["172.16.0.0/16"],
        };
        for prefix in prefixes {
            if choices.chance(8) {
                routes.push(route(prefix, Some(attachment), true));
            }
        }
    }
    for _ in 0..choices.below(4) {
        let to = choices.chance(8).then(|| choices.one(attachments));
        let (prefix, propagated) = (choices.one(&PREFIXES), choices.chance(3));
        routes.push(route(prefix, to.as_deref(), propagated));
    }
    let mut seen = BTreeSet::new();
    routes.retain(|route| seen.insert((route.destination, route.propagated)));
    routes
}

/// Fills every subnet's route table with what its VPC has.
pub(crate) fn route_tables(network: &mut Network, choices: &mut Choices) {
    let ways: Vec<(VpcId, Vec<RouteTarget>)> = (network.vpcs.keys())
        .map(|vpc| (vpc.clone(), targets(network, vpc)))
        .collect();
    for (id, table) in &mut network.route_tables {
        // A VPC's own table is that of its transit subnets, by which packets mostly come in and go nowhere else.
        if id.as_str() == table.vpc.as_str() && choices.chance(6) {
            continue;
        }
        if let Some((_, targets)) = ways.iter().find(|(vpc, _)| *vpc == table.vpc) {
            fill(table, targets, choices);
        }
    }
}

/// Whereto a VPC's routes may lead.
fn targets(network: &Network, vpc: &VpcId) -> Vec<RouteTarget> {
    let mut targets = vec![RouteTarget::Blackhole];
    for (id, gateway) in &network.internet_gateways {
        if gateway.vpc == *vpc && gateway.egress_only {
            targets.push(RouteTarget::EgressOnlyGateway(id.clone()));
        } else if gateway.vpc == *vpc {
            targets.push(RouteTarget::InternetGateway(id.clone()));
        }
    }
    for (id, nat) in &network.nat_gateways {
        if network.subnets[&nat.subnet].vpc == *vpc {
            targets.push(RouteTarget::NatGateway(id.clone()));
        }
    }
    for (id, transit) in &network.transit_gateways {
        let to_vpc = |to: &AttachedTo| matches!(to, AttachedTo::Vpc { vpc: to, .. } if to == vpc);
        if transit.attachments.values().any(|leg| to_vpc(&leg.to)) {
            targets.push(RouteTarget::TransitGateway(id.clone()));
        }
    }
    for (id, peering) in &network.peerings {
        if peering.other(vpc).is_some() {
            targets.push(RouteTarget::Peering(id.clone()));
        }
    }
    targets
}

fn fill(table: &mut RouteTable, targets: &[RouteTarget], choices: &mut Choices) {
    let carries = |target: &RouteTarget, to: &IpNet| match target {
        RouteTarget::NatGateway(_) => to.addr().is_ipv4(),
        RouteTarget::EgressOnlyGateway(_) => to.addr().is_ipv6(),
        _ => true,
    };
    let mut add = |prefix: &str, among: &[RouteTarget], propagated, choices: &mut Choices| {
        let destination = net(prefix);
        let fitting: Vec<&RouteTarget> = among
            .iter()
            .filter(|target| carries(target, &destination))
            .collect();
        let taken = |route: &Route| {
            route.destination == destination
                && (route.propagated == propagated || route.target == RouteTarget::Local)
        };
        if !fitting.is_empty() && !table.routes.iter().any(taken) {
            table.routes.push(Route {
                destination,
                target: choices.one(&fitting).clone(),
                propagated,
            });
        }
    };
    let some = |is: fn(&RouteTarget) -> bool| -> Vec<RouteTarget> {
        let targets = targets[1..].iter();
        targets.filter(|target| is(target)).cloned().collect()
    };
    let transit = some(|target| matches!(target, RouteTarget::TransitGateway(_)));
    let peers = some(|target| matches!(target, RouteTarget::Peering(_)));
    let out = some(|target| {
        use RouteTarget::{Peering, TransitGateway};
        !matches!(target, TransitGateway(_) | Peering(_))
    });
    for (prefix, among) in [
        ("0.0.0.0/0", &out),
        ("::/0", &out),
        ("10.1.0.0/16", &peers),
        ("10.2.0.0/16", &peers),
        ("10.3.0.0/16", &peers),
        ("10.0.0.0/8", &transit),
        ("192.168.0.0/16", &transit),
        ("172.16.0.0/16", &transit),
        ("2001:db8::/40", &transit),
        ("2001:db8:1::/48", &peers),
        ("2001:db8:2::/48", &peers),
    ] {
        if choices.chance(8) {
            add(prefix, among, false, choices);
        }
    }
    for _ in 0..choices.below(4) {
        let (prefix, propagated) = (choices.one(&PREFIXES), choices.chance(3));
        add(prefix, targets, propagated, choices);
    }
}

//! Faults of names: resolvers that cannot be asked, and records that are missing, stale, or of the wrong view.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use model::network::RulePeer;
use model::service::{Record, RecordData};
use model::{EnvironmentId, HostId, Role, ServiceKind, Traffic};

use super::ground::group_of;
use super::subnet::ranges_of;
use super::{Caught, Fault, Ground, Planted};

/// Port of DNS.
const DNS: u16 = 53;

/// What fails when a name that clients use is not as it was handed over.
const MAPPED: &[&str] = &["ENV/dns/mapping/*"];

/// Everybody resolves the name of a product.
const RESOLVED: &[&str] = &["ENV/dns/*"];

pub(super) const RESOLVERS_CLOSED: Fault = Fault {
    name: "resolvers-closed",
    summary: "the resolvers' group no longer lets the data centre's questions in",
    rows: &["R4"],
    caught: Caught {
        proof: &["ENV/dns/from-data-centre"],
        packets: true,
        probe: &["ENV/dns/from-data-centre"],
        besides: &["*/dns/mapping/*", "ENV/dns/*"],
        cause: &["no ingress rule"],
    },
    plant: resolvers_closed,
};

fn resolvers_closed(ground: &mut Ground<'_>) -> Option<Planted> {
    let (resolver, environment) = ground.first(Role::Resolver)?;
    let own = ranges_of(ground.network, &ground.vpc_of(&environment)?);
    let group = group_of(ground.network, &resolver)?;
    let rules = &mut ground.network.groups.get_mut(&group)?.ingress;
    let before = rules.len();
    rules.retain(|rule| match &rule.peer {
        RulePeer::Prefix(prefix) => own.iter().any(|range| range.contains(prefix)),
        RulePeer::Group(_) => true,
    });
    if rules.len() == before {
        return None;
    }
    let change = format!(
        "{group} lets {} and {} in from the VPC alone",
        Traffic::udp(DNS),
        Traffic::tcp(DNS)
    );
    Some(Planted::new(environment, change))
}

pub(super) const WRONG_VIEW: Fault = Fault {
    name: "wrong-view",
    summary: "whoever keeps the zone of the products answers with public addresses where private ones were handed over",
    rows: &["R4", "R5"],
    caught: Caught {
        proof: &[],
        packets: false,
        probe: MAPPED,
        besides: RESOLVED,
        cause: &["wrong view"],
    },
    plant: wrong_view,
};

fn wrong_view(ground: &mut Ground<'_>) -> Option<Planted> {
    let (environment, name) = entry(ground)?;
    let of_environment = |host: &HostId| {
        let host = ground.hosts.get(host);
        host.is_some_and(|host| {
            host.role == Role::PublicBalancer && host.environment.as_ref() == Some(&environment)
        })
    };
    let public: Vec<IpAddr> = ground
        .network
        .interfaces
        .values()
        .filter(|interface| of_environment(&interface.host))
        .filter_map(|interface| interface.public.map(IpAddr::V4))
        .collect();
    if public.is_empty() {
        return None;
    }
    let change = format!("{name} leads to the public addresses {}", list(&public));
    rewrite(ground, &name, Some(&RecordData::Addresses(public)));
    Some(Planted::new(environment, change))
}

pub(super) const RECORD_MISSING: Fault = Fault {
    name: "record-missing",
    summary: "a product's name was never entered into the zone that clients ask",
    rows: &["R4", "R5"],
    caught: Caught {
        proof: &[],
        packets: false,
        probe: MAPPED,
        besides: RESOLVED,
        cause: &["NXDOMAIN"],
    },
    plant: record_missing,
};

fn record_missing(ground: &mut Ground<'_>) -> Option<Planted> {
    let (environment, name) = entry(ground)?;
    rewrite(ground, &name, None);
    let change = format!("no server has a record of {name}");
    Some(Planted::new(environment, change))
}

pub(super) const RECORD_STALE: Fault = Fault {
    name: "record-stale",
    summary: "a product's name still leads to the address of an earlier design",
    rows: &["R4", "R5"],
    caught: Caught {
        proof: &[],
        packets: false,
        probe: MAPPED,
        besides: RESOLVED,
        cause: &["wanted: exactly "],
    },
    plant: record_stale,
};

fn record_stale(ground: &mut Ground<'_>) -> Option<Planted> {
    let (environment, name) = entry(ground)?;
    let ranges = ranges_of(ground.network, &ground.vpc_of(&environment)?);
    let taken: BTreeSet<IpAddr> = ground
        .network
        .interfaces
        .values()
        .flat_map(|interface| interface.addresses.iter().copied())
        .collect();
    // The last addresses of a VPC's range are those of nobody: designs leave its end free.
    let last = ranges.iter().find_map(|range| match range {
        IpNet::V4(range) => Some(range.broadcast()),
        IpNet::V6(_) => None,
    })?;
    let former = IpAddr::V4(Ipv4Addr::from(u32::from(last).checked_sub(1)?));
    if taken.contains(&former) {
        return None;
    }
    let change = format!("{name} still leads to {former}, where nothing stands");
    rewrite(ground, &name, Some(&RecordData::Addresses(vec![former])));
    Some(Planted::new(environment, change))
}

/// The name of a product that clients enter by a balancer, and its environment.
fn entry(ground: &Ground<'_>) -> Option<(EnvironmentId, String)> {
    let zone = &ground.estate.dns.zone;
    let records = zones(ground).filter(|(name, _)| *name == zone);
    let mut entries: Vec<(EnvironmentId, String)> = records
        .flat_map(|(_, records)| records)
        .filter_map(|record| Some((leads_to(ground, record)?, record.name.clone())))
        .collect();
    // Production's, where there is one.
    let production = |id: &EnvironmentId| {
        let environment = ground.estate.environments.get(id);
        environment.is_some_and(|environment| environment.production)
    };
    entries.sort_by_key(|(id, _)| !production(id));
    entries.into_iter().next()
}

/// Every zone that a server has.
fn zones<'g>(ground: &'g Ground<'_>) -> impl Iterator<Item = (&'g String, &'g Vec<Record>)> {
    let services = ground.hosts.values().flat_map(|host| &host.services);
    services
        .filter_map(|service| match &service.kind {
            ServiceKind::Dns { zones, .. } => Some(zones),
            _ => None,
        })
        .flatten()
        .map(|zone| (&zone.name, &zone.records))
}

/// The environment whose balancers a record leads to, straight or by an alias.
fn leads_to(ground: &Ground<'_>, record: &Record) -> Option<EnvironmentId> {
    match &record.data {
        RecordData::Alias(target) => zones(ground)
            .flat_map(|(_, records)| records)
            .filter(|other| other.name == *target)
            .find(|other| !matches!(other.data, RecordData::Alias(_)))
            .and_then(|other| leads_to(ground, other)),
        RecordData::Addresses(addresses) => addresses.iter().find_map(|address| {
            let (_, interface) = ground.network.interface_at(*address)?;
            let host = ground.hosts.get(&interface.host)?;
            matches!(host.role, Role::InternalBalancer | Role::PublicBalancer)
                .then(|| host.environment.clone())?
        }),
        RecordData::Text(_) | RecordData::Mail { .. } => None,
    }
}

/// Changes what every server has for a name, or removes it.
fn rewrite(ground: &mut Ground<'_>, name: &str, data: Option<&RecordData>) {
    let services = ground
        .hosts
        .values_mut()
        .flat_map(|host| &mut host.services);
    for service in services {
        let ServiceKind::Dns { zones, .. } = &mut service.kind else {
            continue;
        };
        for zone in zones {
            match data {
                None => zone.records.retain(|record| record.name != name),
                Some(data) => {
                    let own = zone.records.iter_mut().filter(|record| record.name == name);
                    own.for_each(|record| record.data = data.clone());
                }
            }
        }
    }
}

fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

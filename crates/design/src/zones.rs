//! The zone of the names that clients use: kept by the customer's servers with what is handed over, or by the operator in
//! Route 53.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::estate::{DnsKeeper, Estate, HandOver};
use model::service::{Forward, Record, RecordData, Zone};

use crate::account::offered;
use crate::balancing::Face;
use crate::plan::{EnvironmentPlan, HostPlan, Plan};

/// The zone of the names that clients use, whoever keeps it: the customer's own servers by name, and each product by the
/// way into it.
pub(crate) fn public(plan: &Plan<'_>) -> Zone {
    let name = plan.estate.dns.zone.clone();
    let mut addresses: BTreeMap<String, BTreeSet<IpAddr>> = BTreeMap::new();
    let mut aliases: BTreeMap<String, String> = BTreeMap::new();
    let suffix = format!(".{name}");
    for host in plan.outside.hosts.values() {
        if host.name.ends_with(&suffix) {
            let own = addresses.entry(host.name.clone()).or_default();
            own.extend(&host.addresses);
        }
    }
    for (environment, product) in entered(plan) {
        let Some(known_as) = environment.products.get(product) else {
            continue;
        };
        let known_as = known_as.public_name.clone();
        match plan.estate.dns.keeper {
            DnsKeeper::Customer(HandOver::Alias) => {
                aliases.insert(known_as, entry_name(environment, product));
            }
            DnsKeeper::Customer(HandOver::Address) | DnsKeeper::Route53 => {
                let own = addresses.entry(known_as).or_default();
                own.extend(entry_points(environment, product));
            }
        }
    }
    let addresses = addresses
        .into_iter()
        .filter(|(name, _)| !aliases.contains_key(name))
        .map(|(name, addresses)| Record::addresses(name, addresses.into_iter().collect()));
    let mut records: Vec<Record> = addresses.collect();
    records.extend(aliases.iter().map(|(name, target)| Record {
        name: name.clone(),
        data: RecordData::Alias(target.clone()),
    }));
    records.sort();
    Zone { name, records }
}

/// Each product that somebody may enter from outside, with its environment.
fn entered<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = (&'p EnvironmentPlan<'p>, &'p str)> {
    plan.environments.values().flat_map(|environment| {
        environment
            .products
            .keys()
            .filter(|product| !entry_points(environment, product).is_empty())
            .map(move |product| (environment, *product))
    })
}

/// The zone as the customer's servers keep it; none where the operator does.
pub(crate) fn of_customer(plan: &Plan<'_>) -> Option<Zone> {
    (plan.estate.dns.keeper != DnsKeeper::Route53).then(|| public(plan))
}

/// The zone as the operator keeps it in Route 53; none where the customer does.
pub(crate) fn of_operator(plan: &Plan<'_>) -> Option<Zone> {
    (plan.estate.dns.keeper == DnsKeeper::Route53).then(|| public(plan))
}

/// The customer's servers that the resolvers ask: none where the operator keeps the zone.
pub(crate) fn asked(estate: &Estate) -> &[IpAddr] {
    match estate.dns.keeper {
        DnsKeeper::Customer(_) => &estate.dns.servers,
        DnsKeeper::Route53 => &[],
    }
}

/// Whom servers in the data centre ask: the customer's servers, else the resolvers themselves.
pub(crate) fn asked_by_clients(plan: &Plan<'_>) -> Vec<IpAddr> {
    if plan.estate.dns.servers.is_empty() {
        resolvers(plan)
    } else {
        plan.estate.dns.servers.clone()
    }
}

/// The resolvers of all environments, production's first.
fn resolvers(plan: &Plan<'_>) -> Vec<IpAddr> {
    let mut environments: Vec<_> = plan.environments.values().collect();
    environments.sort_by_key(|environment| !environment.environment.production);
    let resolvers = environments.into_iter();
    resolvers.flat_map(EnvironmentPlan::resolvers).collect()
}

/// The zones that the customer's servers ask the resolvers for: the environments' own, and the operator's.
pub(crate) fn forwards(plan: &Plan<'_>) -> Vec<Forward> {
    let private = plan.environments.values().map(|environment| Forward {
        zone: environment.private_zone(),
        servers: environment.resolvers(),
    });
    let operators = of_operator(plan).map(|zone| Forward {
        zone: zone.name,
        servers: resolvers(plan),
    });
    private.chain(operators).collect()
}

/// The name that an alias of the customer's leads to. It stays while the addresses behind it move.
pub(crate) fn entry_name(environment: &EnvironmentPlan<'_>, product: &str) -> String {
    format!("{product}.entry.{}", environment.private_zone())
}

/// The names that aliases lead to, of an environment's private zone; none where addresses are handed over.
pub(crate) fn entries(environment: &EnvironmentPlan<'_>) -> Vec<Record> {
    if environment.estate.dns.keeper != DnsKeeper::Customer(HandOver::Alias) {
        return Vec::new();
    }
    let products = environment.products.keys();
    products
        .map(|product| {
            let addresses = entry_points(environment, product);
            Record::addresses(entry_name(environment, product), addresses)
        })
        .filter(|record| !record.own_addresses().is_empty())
        .collect()
}

/// The addresses by which the data centre enters a product: the internal balancers', else the public ones'.
///
/// An internal balancer's IPv6 address is handed over only where the data centre has IPv6 too: nobody else may use it, and
/// clients try it first.
pub(crate) fn entry_points(environment: &EnvironmentPlan<'_>, product: &str) -> Vec<IpAddr> {
    let serves = |face: Face| {
        environment
            .listeners(face)
            .any(|listener| listener.product == product)
    };
    if serves(Face::Internal) {
        let usable = offered(environment);
        environment
            .balancers(Face::Internal)
            .flat_map(HostPlan::addresses)
            .filter(|address| usable.iter().any(|range| range.contains(address)))
            .collect()
    } else if serves(Face::Public) {
        environment
            .balancers(Face::Public)
            .flat_map(|host| {
                let ipv4 = host.public.map(IpAddr::V4);
                ipv4.into_iter().chain(host.ipv6.map(IpAddr::V6))
            })
            .collect()
    } else {
        Vec::new()
    }
}

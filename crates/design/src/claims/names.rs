//! Names: the environment's hosts resolve the customer's, the data centre's servers resolve the environment's.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::Claim;
use model::blueprint::Role;
use model::claim::{Expect, Question};
use model::estate::{DnsKeeper, HandOver};
use model::id::{HostId, InterfaceId};
use model::intent::Sources;
use model::service::{Record, RecordData};

use super::draft::{Draft, both, must_reach, no_path};
use super::egress::{self, Beyond, but_for};
use super::vantages::{Vantage, Vantages, inside, interfaces};
use crate::environment::{mail_zone, zone};
use crate::mail::relay;
use crate::outside::{DATA_CENTRE, OutsideHost};
use crate::plan::{EnvironmentPlan, Plan};
use crate::services::DNS;
use crate::zones;

pub(super) fn claims(
    plan: &EnvironmentPlan<'_>,
    whole: &Plan<'_>,
    vantages: &Vantages,
) -> Vec<Claim> {
    let customers = customers(plan, whole);
    let bastion = plan.bastion.iter().map(|bastion| Asker {
        name: "bastion",
        id: &bastion.id,
        interface: bastion.interface(),
    });
    let nodes = plan.hosts_of(Role::Product).map(|node| Asker {
        name: &node.name,
        id: &node.id,
        interface: node.interface(),
    });
    let mut claims: Vec<Claim> = bastion
        .chain(nodes)
        .map(|asker| from_host(plan, &customers, asker))
        .collect();
    if let Some(client) = &vantages.data_centre
        && asked_in_data_centre(whole)
    {
        claims.push(from_data_centre(plan, whole, client));
        claims.extend(mappings(plan, whole, client));
    }
    claims.extend(resolvers(plan, whole, &customers));
    claims.extend(unknown(plan));
    claims.push(nothing_else(plan, whole));
    claims
}

/// A name that no design gives.
const NOBODY: &str = "nobody-is-called-so";

/// A wildcard would answer for every misspelt name, and hide that one is missing.
fn unknown(plan: &EnvironmentPlan<'_>) -> Option<Claim> {
    let node = plan.hosts_of(Role::Product).next()?;
    let mut draft = Draft::of(
        plan,
        "dns/unknown",
        "A name that nobody recorded does not exist",
        &["R4"],
    );
    for server in plan.resolvers() {
        let question = Question::Resolve {
            server,
            name: format!("{NOBODY}.{}", plan.private_zone()),
        };
        draft = draft.ask(&node.id, question, Expect::NoSuchName);
    }
    Some(draft.done())
}

/// Whether whoever stands in the data centre has a server to ask: one of the customer's there, or the resolvers.
fn asked_in_data_centre(whole: &Plan<'_>) -> bool {
    let in_data_centre = |id: &HostId| id.as_str().starts_with(DATA_CENTRE);
    whole.estate.dns.servers.is_empty() || whole.outside.dns.iter().any(in_data_centre)
}

/// What hosts need of the zone that clients use: the mail relay, and the environment's own products.
fn customers(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Vec<Record> {
    let needed = |name: &String| {
        let services = whole.estate.outbound.values();
        let mut services = services.filter(|service| service.address.is_some());
        *name == relay(whole.estate).name
            || services.any(|service| service.name == *name)
            || plan
                .products
                .values()
                .any(|product| product.public_name == *name)
    };
    zones::public(whole)
        .records
        .into_iter()
        .filter(|record| needed(&record.name))
        .collect()
}

/// What titles say where names have IPv6 addresses beside those of IPv4.
const fn too(plan: &EnvironmentPlan<'_>) -> &'static str {
    if plan.ipv6.is_some() {
        ", AAAA records too"
    } else {
        ""
    }
}

fn resolve(
    draft: Draft,
    vantage: &HostId,
    servers: &[IpAddr],
    name: &str,
    addresses: &[IpAddr],
) -> Draft {
    servers.iter().fold(draft, |draft, server| {
        let question = Question::Resolve {
            server: *server,
            name: name.to_owned(),
        };
        draft.ask(vantage, question, Expect::Addresses(addresses.to_vec()))
    })
}

/// A host that asks for names.
struct Asker<'a> {
    name: &'a str,
    id: &'a HostId,
    interface: InterfaceId,
}

/// A host resolves itself, the products, and what it needs of the customer's zone, at every resolver.
fn from_host(plan: &EnvironmentPlan<'_>, customers: &[Record], host: Asker<'_>) -> Claim {
    let mut draft = Draft::of(
        plan,
        &format!("dns/{}", host.name),
        format!(
            "{} resolves the environment's and the customer's names{}",
            host.name,
            too(plan)
        ),
        &["R4"],
    )
    .prove_it(must_reach(
        Sources::interfaces([host.interface]),
        interfaces(plan.hosts_of(Role::Resolver)),
        both(DNS),
    ));
    let private = zone(plan);
    let mail = mail_zone(plan);
    let products = plan
        .products
        .keys()
        .map(|product| format!("{product}.{}", private.name));
    let own: Vec<String> = products
        .chain([format!("{}.{}", host.name, private.name)])
        .collect();
    let asked = private
        .records
        .iter()
        .filter(|record| own.contains(&record.name))
        .chain(customers)
        .chain(mail.iter().flat_map(|zone| &zone.records));
    for record in asked {
        draft = resolve(
            draft,
            host.id,
            &plan.resolvers(),
            &record.name,
            &behind(plan, record),
        );
    }
    draft.done()
}

/// The customer's DNS servers.
fn servers(whole: &Plan<'_>) -> BTreeSet<InterfaceId> {
    whole
        .outside
        .dns
        .iter()
        .filter_map(|id| whole.outside.hosts.get(id))
        .map(OutsideHost::interface)
        .collect()
}

/// Every resolver asks every one of the customer's servers, and hears what hosts need of the customer's zone. Where the
/// operator keeps the zone, resolvers ask nobody.
fn resolvers(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, customers: &[Record]) -> Option<Claim> {
    let asked = zones::asked(whole.estate);
    if asked.is_empty() {
        return None;
    }
    let mut draft = Draft::of(
        plan,
        "dns/resolvers",
        "Every resolver asks every one of the customer's DNS servers",
        &["R4"],
    )
    .prove_it(must_reach(
        Sources::interfaces(interfaces(plan.hosts_of(Role::Resolver))),
        servers(whole),
        both(DNS),
    ));
    for resolver in plan.hosts_of(Role::Resolver) {
        for record in customers {
            draft = resolve(
                draft,
                &resolver.id,
                asked,
                &record.name,
                &behind(plan, record),
            );
        }
    }
    Some(draft.done())
}

/// The addresses that a name of the zone stands for in the end: an alias leads to those of the way into the product.
fn behind(plan: &EnvironmentPlan<'_>, record: &Record) -> Vec<IpAddr> {
    match &record.data {
        RecordData::Alias(target) => zones::entries(plan)
            .into_iter()
            .find(|entry| entry.name == *target)
            .map(|entry| entry.own_addresses().to_vec())
            .unwrap_or_default(),
        _ => record.own_addresses().to_vec(),
    }
}

/// The data centre's servers resolve every host of the environment.
fn from_data_centre(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, client: &Vantage) -> Claim {
    let asked = zones::asked_by_clients(whole);
    let (who, askers) = if whole.estate.dns.servers.is_empty() {
        let askers = whole.outside.clients.iter();
        let askers = askers.filter_map(|id| whole.outside.hosts.get(id));
        let askers: BTreeSet<InterfaceId> = askers.map(OutsideHost::interface).collect();
        ("The data centre's servers reach the resolvers", askers)
    } else {
        (
            "The customer's DNS servers reach the resolvers",
            servers(whole),
        )
    };
    let mut draft = Draft::of(
        plan,
        "dns/from-data-centre",
        format!(
            "The data centre resolves every host of the environment{}",
            too(plan)
        ),
        &["R4"],
    )
    .prove(
        who,
        must_reach(
            Sources::interfaces(askers),
            interfaces(plan.hosts_of(Role::Resolver)),
            both(DNS),
        ),
    );
    for record in zone(plan).records {
        draft = resolve(
            draft,
            &client.id,
            &asked,
            &record.name,
            record.own_addresses(),
        );
    }
    draft.done()
}

/// Whoever keeps the zone of the names that clients use has the products in it.
fn mappings(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, client: &Vantage) -> Vec<Claim> {
    let asked = zones::asked_by_clients(whole);
    plan.products
        .iter()
        .filter_map(|(name, product)| {
            let addresses = zones::entry_points(plan, name);
            if addresses.is_empty() {
                return None;
            }
            let of_both = if addresses.iter().any(IpAddr::is_ipv6) {
                " of IPv4 and IPv6"
            } else {
                ""
            };
            let known = &product.public_name;
            let (title, row) = match whole.estate.dns.keeper {
                DnsKeeper::Customer(HandOver::Address) => (
                    format!("The customer's servers know {known} by its fixed addresses{of_both}"),
                    "R5",
                ),
                DnsKeeper::Customer(HandOver::Alias) => (
                    format!(
                        "The customer's servers know {known} as an alias of {}, and so its addresses{of_both}",
                        zones::entry_name(plan, name)
                    ),
                    "R5",
                ),
                DnsKeeper::Route53 => (
                    format!("The data centre hears {known}'s addresses{of_both} from Route 53"),
                    "R4",
                ),
            };
            let draft = Draft::of(plan, &format!("dns/mapping/{name}"), title, &[row]);
            Some(resolve(draft, &client.id, &asked, known, &addresses).done())
        })
        .collect()
}

/// Hosts ask their resolvers, resolvers ask the customer's servers; port 53 leads nowhere else.
fn nothing_else(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Claim {
    let resolvers = interfaces(plan.hosts_of(Role::Resolver));
    let others = inside(whole)
        .into_iter()
        .filter(|it| !resolvers.contains(it));
    let draft = Draft::of(
        plan,
        "dns/nothing-else",
        format!(
            "Names are asked of the resolvers{}, and of nobody else{}",
            if zones::asked(whole.estate).is_empty() {
                ""
            } else {
                " and of the customer's servers"
            },
            but_for(plan, [DNS])
        ),
        &["R4", "R5"],
    )
    .prove(
        "Of all environments, hosts ask nobody but their own resolvers",
        no_path(
            Sources::interfaces(interfaces(&plan.hosts)),
            others,
            both(DNS),
        ),
    );
    egress::prove(draft, plan, &Beyond::ALL).done()
}

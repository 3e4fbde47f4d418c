//! Names: the environment's hosts resolve the customer's, the data centre's servers resolve the environment's.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::Claim;
use model::blueprint::Role;
use model::claim::{Expect, Question};
use model::id::{HostId, InterfaceId};
use model::intent::Sources;
use model::service::Record;

use super::draft::{Draft, both, must_reach, no_path};
use super::egress::{self, Beyond, but_for};
use super::vantages::{Vantage, Vantages, inside, interfaces};
use crate::account::{customer_zone, entry_points};
use crate::environment::zone;
use crate::outside::{DATA_CENTRE, OutsideHost};
use crate::plan::{EnvironmentPlan, HostPlan, Plan};
use crate::services::DNS;

pub(super) fn claims(
    plan: &EnvironmentPlan<'_>,
    whole: &Plan<'_>,
    vantages: &Vantages,
) -> Vec<Claim> {
    let customers = customers(plan, whole);
    let mut claims: Vec<Claim> = plan
        .hosts
        .iter()
        .filter(|host| host.managed())
        .map(|host| from_host(plan, &customers, host))
        .collect();
    if let Some(client) = &vantages.data_centre
        && whole
            .outside
            .dns
            .iter()
            .any(|id| id.as_str().starts_with(DATA_CENTRE))
    {
        claims.push(from_data_centre(plan, whole, client));
        claims.extend(mappings(plan, whole, client));
    }
    claims.push(resolvers(plan, whole, &customers));
    claims.push(nothing_else(plan, whole));
    claims
}

/// What hosts need of the customer's zone: the mail relay, and the environment's own products.
fn customers(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Vec<Record> {
    let needed = |name: &String| {
        let mail = whole.estate.customer_mail();
        mail.is_some_and(|mail| mail.name == *name)
            || plan
                .products
                .values()
                .any(|product| product.public_name == *name)
    };
    customer_zone(whole)
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

/// A host resolves itself, the products, and what it needs of the customer's zone, at every resolver.
fn from_host(plan: &EnvironmentPlan<'_>, customers: &[Record], host: &HostPlan) -> Claim {
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
        Sources::interfaces([host.interface()]),
        interfaces(plan.hosts_of(Role::Resolver)),
        both(DNS),
    ));
    let private = zone(plan);
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
        .chain(customers);
    for record in asked {
        draft = resolve(
            draft,
            &host.id,
            &plan.resolvers(),
            &record.name,
            record.own_addresses(),
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

/// Every resolver asks every one of the customer's servers, and hears what hosts need of the customer's zone.
fn resolvers(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, customers: &[Record]) -> Claim {
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
            let servers = &whole.estate.dns.servers;
            draft = resolve(
                draft,
                &resolver.id,
                servers,
                &record.name,
                record.own_addresses(),
            );
        }
    }
    draft.done()
}

/// The data centre's servers resolve every host of the environment.
fn from_data_centre(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, client: &Vantage) -> Claim {
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
        "The customer's DNS servers reach the resolvers",
        must_reach(
            Sources::interfaces(servers(whole)),
            interfaces(plan.hosts_of(Role::Resolver)),
            both(DNS),
        ),
    );
    for record in zone(plan).records {
        let servers = &whole.estate.dns.servers;
        draft = resolve(
            draft,
            &client.id,
            servers,
            &record.name,
            record.own_addresses(),
        );
    }
    draft.done()
}

/// The customer's servers have the mappings that the operator handed over.
fn mappings(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>, client: &Vantage) -> Vec<Claim> {
    plan.products
        .iter()
        .filter_map(|(name, product)| {
            let addresses = entry_points(plan, name);
            if addresses.is_empty() {
                return None;
            }
            let of_both = if addresses.iter().any(IpAddr::is_ipv6) {
                " of IPv4 and IPv6"
            } else {
                ""
            };
            let draft = Draft::of(
                plan,
                &format!("dns/mapping/{name}"),
                format!(
                    "The customer's servers know {} by its fixed addresses{of_both}",
                    product.public_name
                ),
                &["R5"],
            );
            let servers = &whole.estate.dns.servers;
            let draft = resolve(draft, &client.id, servers, &product.public_name, &addresses);
            Some(draft.done())
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
            "Names are asked of the resolvers and of the customer's servers, and of nobody else{}",
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

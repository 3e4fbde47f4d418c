//! What must be so before anything can be allotted: findings with the arithmetic, all at once.

mod bastions;
mod links;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use model::Catalog;
use model::catalog::Product;
use model::estate::{BastionPlace, Environment, Estate, ProductUse};
use model::finding::{Finding, Severity};
use model::id::EnvironmentId;

use crate::address::{NARROWEST, Tier, WIDEST, ZONE_SLOTS, overlap, usable_count};
use crate::names::public_name;
use crate::roster::{RESERVED, RESERVED_ENVIRONMENTS, Seat, roster, shared_names, short_zones};

/// An error that stops the design.
pub(crate) fn error(
    rule: &str,
    subject: impl Into<String>,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Error,
        subject: subject.into(),
        message: message.into(),
        remedy: remedy.into(),
        span: None,
        label: None,
        waived: None,
    }
}

/// Everything that stands in the way of a design.
pub(crate) fn check(estate: &Estate, catalog: &Catalog) -> Vec<Finding> {
    let mut findings = Vec::new();
    zones(estate, &mut findings);
    if estate.operator.networks.is_empty() {
        findings.push(error(
            "operator-without-network",
            "operator.networks",
            "no network is named from which the bastions would accept SSH, so that nobody could log in",
            "name the operator's public ranges",
        ));
    }
    ranges(estate, &mut findings);
    bastions::check(estate, &mut findings);
    links::check(estate, &mut findings);
    public_names(estate, &mut findings);
    for (id, environment) in &estate.environments {
        if RESERVED_ENVIRONMENTS.contains(&id.as_str()) {
            findings.push(error(
                "name-reserved",
                format!("environments.{id}"),
                format!("`{id}` is the name of something that stands outside every environment"),
                "give the environment another name",
            ));
        }
        names(estate, id, environment, &mut findings);
        room(estate, id, environment, &mut findings);
        products(id, environment, catalog, &mut findings);
    }
    findings
}

fn zones(estate: &Estate, findings: &mut Vec<Finding>) {
    let count = estate.zones.len();
    if !(2..=ZONE_SLOTS).contains(&count) {
        findings.push(error(
            "zone-count",
            "zones",
            format!("{count} zones are named; a design stands over 2 to {ZONE_SLOTS}"),
            "name two or three availability zones of the region",
        ));
    }
    if short_zones(estate).iter().collect::<BTreeSet<_>>().len() != count {
        findings.push(error(
            "zone-named-twice",
            "zones",
            "a zone is named more than once",
            "name each zone once",
        ));
    }
}

/// Every server of the customer's with the place where it is declared.
fn servers(estate: &Estate) -> Vec<(String, IpAddr)> {
    let of = |subject: &'static str| move |server: &IpAddr| (subject.to_owned(), *server);
    let mut servers: Vec<(String, IpAddr)> =
        estate.dns.servers.iter().map(of("dns.servers")).collect();
    servers.extend(estate.ntp.servers.iter().map(of("ntp.servers")));
    let smtp = estate.customer_mail().map(|smtp| smtp.address);
    servers.extend(smtp.iter().map(of("smtp.address")));
    servers.extend(estate.outbound.iter().filter_map(|(name, outbound)| {
        Some((format!("outbound.{name}.address"), outbound.address?))
    }));
    let clients = estate.data_centre.iter().flat_map(|centre| &centre.clients);
    servers.extend(clients.map(|(name, client)| (format!("data-centre.clients.{name}"), *client)));
    servers
}

/// Every range that somebody declared, with the place where he did.
pub(crate) fn declared_ranges(estate: &Estate) -> Vec<(String, IpNet)> {
    let environments = estate.environments.iter().map(|(id, environment)| {
        (
            format!("environments.{id}.cidr"),
            IpNet::V4(environment.cidr),
        )
    });
    let data_centre = estate
        .data_centre
        .iter()
        .flat_map(|data_centre| &data_centre.prefixes)
        .map(|prefix| ("data-centre.prefixes".to_owned(), *prefix));
    let operator = estate
        .operator
        .networks
        .iter()
        .map(|network| ("operator.networks".to_owned(), *network));
    let vpc = estate.operator.vpc.iter();
    let vpc = vpc.map(|vpc| ("operator.vpc.cidr".to_owned(), IpNet::V4(vpc.cidr)));
    let edge = estate.environments.iter().filter_map(|(id, environment)| {
        let BastionPlace::DataCentre { public_address, .. } = environment.bastion.place else {
            return None;
        };
        let subject = format!("environments.{id}.bastion.public-address");
        Some((subject, IpNet::from(IpAddr::V4(public_address))))
    });
    environments
        .chain(data_centre)
        .chain(operator)
        .chain(vpc)
        .chain(edge)
        .collect()
}

fn ranges(estate: &Estate, findings: &mut Vec<Finding>) {
    let declared = declared_ranges(estate);
    for (position, (subject, range)) in declared.iter().enumerate() {
        for (other_subject, other) in declared.iter().skip(position + 1) {
            if overlap(range, other) {
                findings.push(error(
                    "ranges-overlap",
                    other_subject,
                    format!("{other} shares addresses with {range} ({subject})"),
                    "choose ranges that have no address in common",
                ));
            }
        }
    }
    for (id, environment) in &estate.environments {
        let length = environment.cidr.prefix_len();
        if !(WIDEST..=NARROWEST).contains(&length) {
            findings.push(error(
                "range-size",
                format!("environments.{id}.cidr"),
                format!(
                    "{} is a /{length}; an environment's range is a /{WIDEST} to a /{NARROWEST}",
                    environment.cidr
                ),
                "choose a range of that size",
            ));
        }
    }
}

fn names(
    estate: &Estate,
    id: &EnvironmentId,
    environment: &Environment,
    findings: &mut Vec<Finding>,
) {
    for name in environment.products.keys() {
        if RESERVED.contains(&name.as_str()) {
            findings.push(error(
                "name-reserved",
                format!("environments.{id}.products.{name}"),
                format!("`{name}` is what a part of every environment is called"),
                "give the product another name",
            ));
        }
    }
    let seats = roster(estate, environment, &short_zones(estate));
    for name in shared_names(&seats, environment) {
        findings.push(error(
            "name-taken",
            format!("environments.{id}.products"),
            format!("two machines of {id} would be called `{name}`"),
            "give one of the products another name",
        ));
    }
}

/// Two products must not have one name: clients could not tell them apart.
fn public_names(estate: &Estate, findings: &mut Vec<Finding>) {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (id, environment) in &estate.environments {
        for (name, product) in &environment.products {
            let subject = format!("environments.{id}.products.{name}.hostname");
            let fqdn = public_name(estate, id, &product.hostname);
            if let Some(other) = taken.get(&fqdn) {
                findings.push(error(
                    "hostname-taken",
                    subject,
                    format!("{fqdn} is the name that {other} gives already"),
                    "give one of them another host name",
                ));
            } else {
                taken.insert(fqdn, subject);
            }
        }
    }
}

/// Whether each tier has an address for everybody who is to stand in it.
fn room(
    estate: &Estate,
    id: &EnvironmentId,
    environment: &Environment,
    findings: &mut Vec<Finding>,
) {
    let zones = short_zones(estate);
    let seats = roster(estate, environment, &zones);
    for tier in Tier::ALL {
        let wanted = seats
            .iter()
            .filter(|seat: &&Seat| seat.tier == tier)
            .count();
        let slots = tier.slots(environment.cidr);
        let Some(each) = slots.first().map(|slot| usable_count(*slot)) else {
            // Too narrow to be cut: said by `range-size`.
            continue;
        };
        let zone_count = zones.len();
        let usable = usize::try_from(each)
            .unwrap_or(usize::MAX)
            .saturating_mul(zone_count);
        if wanted > usable {
            findings.push(error(
                "range-too-small",
                format!("environments.{id}.cidr"),
                format!(
                    "the {tier} subnets of {} have {zone_count} × {each} = {usable} usable addresses, and {wanted} are wanted",
                    environment.cidr
                ),
                "take a wider range, or fewer nodes",
            ));
        }
    }
}

fn products(
    id: &EnvironmentId,
    environment: &Environment,
    catalog: &Catalog,
    findings: &mut Vec<Finding>,
) {
    for (name, wanted) in &environment.products {
        let subject = format!("environments.{id}.products.{name}");
        let Some(product) = catalog.products.get(&wanted.product) else {
            findings.push(error(
                "unknown-product",
                format!("{subject}.product"),
                format!("the catalogue has no product `{}`", wanted.product),
                "name one that it has, or add it to the catalogue",
            ));
            continue;
        };
        ports(&subject, wanted, product, findings);
        for callee in &wanted.calls {
            if !environment.products.contains_key(callee) {
                findings.push(error(
                    "unknown-callee",
                    format!("{subject}.calls"),
                    format!("{id} has no product `{callee}` that could be called"),
                    "name a product of the same environment",
                ));
            }
        }
        if !product.databases.is_empty() && environment.database.is_none() {
            findings.push(error(
                "database-missing",
                &subject,
                format!(
                    "{} keeps {} in a database, and {id} has none",
                    product.name,
                    product.databases.join(" and ")
                ),
                format!("add [environments.{id}.database]"),
            ));
        }
    }
    if let Some(database) = &environment.database
        && database_port(&database.engine).is_none()
    {
        findings.push(error(
            "unknown-engine",
            format!("environments.{id}.database.engine"),
            format!("the port of the engine `{}` is not known", database.engine),
            "name the engine as AWS does: postgres, mysql, mariadb, oracle-se2, sqlserver-se",
        ));
    }
}

fn ports(subject: &str, wanted: &ProductUse, product: &Product, findings: &mut Vec<Finding>) {
    let of_estate = [("public", &wanted.public), ("internal", &wanted.internal)];
    for (field, names) in of_estate {
        for name in names {
            if port_named(product, name).is_none() {
                findings.push(error(
                    "unknown-port",
                    format!("{subject}.{field}"),
                    format!("{} has no port `{name}`", product.name),
                    "name one of the catalogue's ports",
                ));
            }
        }
    }
    let of_catalog = [&product.called_on]
        .into_iter()
        .chain(&product.cluster)
        .chain(&product.console_port)
        .chain(&product.console_aliases);
    for name in of_catalog {
        if port_named(product, name).is_none() {
            findings.push(error(
                "catalogue-port",
                format!("catalogue.{}", wanted.product),
                format!("the catalogue speaks of a port `{name}` that it does not list"),
                "mend the catalogue's entry",
            ));
        }
    }
}

/// The number of a product's port.
pub(crate) fn port_named(product: &Product, name: &str) -> Option<u16> {
    product
        .ports
        .iter()
        .find(|port| port.name == name)
        .map(|port| port.port)
}

/// The port on which AWS's engines listen unless told otherwise.
pub(crate) fn database_port(engine: &str) -> Option<u16> {
    let families = [
        ("aurora-postgresql", 5432),
        ("aurora-mysql", 3306),
        ("postgres", 5432),
        ("mysql", 3306),
        ("mariadb", 3306),
        ("oracle", 1521),
        ("sqlserver", 1433),
    ];
    families
        .into_iter()
        .find(|(family, _)| engine == *family || engine.starts_with(&format!("{family}-")))
        .map(|(_, port)| port)
}

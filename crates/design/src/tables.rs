//! Tables of a design, for those who show them.

use model::blueprint::Host;
use model::network::{Place, RulePeer};
use model::service::RecordData;

use crate::design::Design;

/// A table: rows of as many cells as there are columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What the table shows.
    pub title: String,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Rows in order.
    pub rows: Vec<Vec<String>>,
}

/// The tables that an operator reads: subnets, hosts, allowed flows, names and claims.
pub fn tables(design: &Design) -> Vec<Table> {
    vec![
        subnets(design),
        hosts(design),
        flows(design),
        names(design),
        claims(design),
    ]
}

fn table(title: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Table {
    Table {
        title: title.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows,
    }
}

fn joined<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(", ")
}

fn subnets(design: &Design) -> Table {
    let network = design.network();
    let rows = network.subnets.iter().map(|(id, subnet)| {
        vec![
            id.to_string(),
            subnet.zone.clone(),
            joined(&subnet.cidrs),
            subnet.route_table.to_string(),
            subnet.acl.to_string(),
        ]
    });
    table(
        "Subnets",
        &["subnet", "zone", "ranges", "route table", "ACL"],
        rows.collect(),
    )
}

fn hosts(design: &Design) -> Table {
    let network = design.network();
    let rows = design.hosts().into_iter().map(|(id, host)| {
        let legs = || network.interfaces_of(&id).map(|(_, interface)| interface);
        vec![
            id.to_string(),
            host.name.clone(),
            joined(legs().map(|leg| match &leg.place {
                Place::Subnet(subnet) => subnet.to_string(),
                Place::Site(site) => site.to_string(),
            })),
            joined(legs().flat_map(|leg| &leg.addresses)),
            joined(legs().filter_map(|leg| leg.public)),
            services(&host),
        ]
    });
    table(
        "Hosts",
        &["host", "name", "place", "addresses", "public", "serves"],
        rows.collect(),
    )
}

fn services(host: &Host) -> String {
    joined(host.services.iter().map(|service| &service.name))
}

/// What the groups let in: the only way to anything in a VPC.
fn flows(design: &Design) -> Table {
    let network = design.network();
    let rows = network.groups.iter().flat_map(|(id, group)| {
        group.ingress.iter().map(move |rule| {
            let from = match &rule.peer {
                RulePeer::Prefix(prefix) => prefix.to_string(),
                RulePeer::Group(group) => group.to_string(),
            };
            vec![
                from,
                id.to_string(),
                rule.traffic.to_string(),
                rule.description.clone(),
            ]
        })
    });
    table(
        "Allowed flows",
        &["from", "to", "traffic", "why"],
        rows.collect(),
    )
}

fn names(design: &Design) -> Table {
    let rows = design
        .blueprints
        .values()
        .flat_map(|blueprint| &blueprint.zones)
        .flat_map(|zone| {
            zone.records
                .iter()
                .map(|record| vec![zone.name.clone(), record.name.clone(), data(&record.data)])
        });
    table("Names", &["zone", "name", "addresses"], rows.collect())
}

/// What a name stands for, as it is written in a zone file.
fn data(data: &RecordData) -> String {
    match data {
        RecordData::Addresses(addresses) => joined(addresses),
        RecordData::Alias(name) => name.clone(),
        RecordData::Text(text) => format!("\"{text}\""),
        RecordData::Mail {
            preference,
            exchange,
        } => format!("{preference} {exchange}"),
    }
}

fn claims(design: &Design) -> Table {
    let rows = design.blueprints.iter().map(|(unit, blueprint)| {
        let count = |wanted: &dyn Fn(&model::Claim) -> bool| {
            blueprint
                .claims
                .iter()
                .filter(|claim| wanted(claim))
                .count()
                .to_string()
        };
        vec![
            unit.clone(),
            blueprint.claims.len().to_string(),
            count(&|claim| !claim.intents.is_empty()),
            count(&|claim| !claim.probes.is_empty()),
            count(&|claim| claim.live_only.is_some()),
        ]
    });
    table(
        "Required claims",
        &["unit", "claims", "to prove", "to ask", "only live"],
        rows.collect(),
    )
}

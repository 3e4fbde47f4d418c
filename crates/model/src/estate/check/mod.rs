//! What is checked of an estate that could be read. Each file has one subject, its checks and their words.
//!
//! The estate may hold placeholders where the file was faulty; the report drops what is said about them.

mod account;
mod addresses;
mod agreements;
mod backups;
mod balancers;
mod bastion;
mod calls;
mod certificates;
mod database;
mod dns;
mod environments;
mod images;
mod likeness;
mod link;
mod mail;
mod monitoring;
mod names;
mod operator;
mod operator_vpc;
mod outbound;
mod people;
mod products;
mod ranges;
mod recovery;
mod region;
mod servers;
mod terms;
mod windows;

use jiff::civil::Date;

use crate::catalog::Catalog;
use crate::document::{Check, Report, quote_key};
use crate::estate::Estate;
use crate::finding::Severity;
use crate::id::EnvironmentId;

/// Checks everything.
pub(super) fn all(estate: &Estate, catalog: &Catalog, today: Date, report: &mut Report) {
    region::check(estate, report);
    names::check(estate, report);
    account::check(estate, report);
    operator::check(estate, report);
    operator_vpc::check(estate, report);
    ranges::check(estate, report);
    link::check(estate, report);
    dns::check(estate, report);
    servers::check(estate, report);
    mail::check(estate, report);
    images::check(estate, report);
    environments::check(estate, report);
    bastion::check(estate, catalog, report);
    products::check(estate, catalog, report);
    balancers::check(estate, catalog, report);
    database::check(estate, catalog, report);
    likeness::check(estate, report);
    outbound::check(estate, report);
    certificates::check(estate, report);
    people::check(estate, report);
    recovery::check(estate, today, report);
    backups::check(estate, report);
    windows::check(estate, today, report);
    calls::check(estate, report);
    monitoring::check(estate, today, report);
    terms::check(estate, report);
    agreements::check(estate, today, report);
}

/// The cards of all checks here.
pub(super) fn cards() -> impl Iterator<Item = Check> {
    [
        region::CHECKS,
        names::CHECKS,
        account::CHECKS,
        operator::CHECKS,
        operator_vpc::CHECKS,
        ranges::CHECKS,
        link::CHECKS,
        link::VPN_CHECKS,
        link::DIRECT_CONNECT_CHECKS,
        dns::CHECKS,
        servers::CHECKS,
        mail::CHECKS,
        images::CHECKS,
        environments::CHECKS,
        bastion::CHECKS,
        products::CHECKS,
        balancers::CHECKS,
        database::CHECKS,
        likeness::CHECKS,
        outbound::CHECKS,
        certificates::CHECKS,
        people::CHECKS,
        recovery::CHECKS,
        backups::CHECKS,
        windows::CHECKS,
        calls::CHECKS,
        monitoring::CHECKS,
        terms::CHECKS,
        agreements::CHECKS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// A check whose findings are worth knowing, and in nobody's way.
const fn advice(name: &'static str, meaning: &'static str) -> Check {
    Check {
        name,
        severity: Severity::Advice,
        waivable: true,
        meaning,
    }
}

/// The path of an environment.
fn environment_path(name: &EnvironmentId) -> String {
    format!("environments.{}", quote_key(name.as_str()))
}

/// The path of a product in an environment.
fn product_path(environment: &EnvironmentId, product: &str) -> String {
    format!(
        "{}.products.{}",
        environment_path(environment),
        quote_key(product)
    )
}

/// "did you mean `x`?", or what else there is to say.
fn meant_or(meant: Option<&str>, otherwise: &str) -> String {
    meant.map_or_else(
        || otherwise.to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    )
}

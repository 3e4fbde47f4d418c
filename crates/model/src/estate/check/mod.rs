//! What is checked of an estate that could be read. Each file has one subject, its checks and their words.
//!
//! The estate may hold placeholders where the file was faulty; the report drops what is said about them.

mod addresses;
mod agreements;
mod bastion;
mod database;
mod environments;
mod likeness;
mod link;
mod names;
mod operator;
mod people;
mod products;
mod ranges;
mod recovery;
mod region;
mod servers;

use jiff::civil::Date;

use crate::catalog::Catalog;
use crate::document::{Check, Report, quote_key};
use crate::estate::Estate;
use crate::id::EnvironmentId;

/// Checks everything.
pub(super) fn all(estate: &Estate, catalog: &Catalog, today: Date, report: &mut Report) {
    region::check(estate, report);
    names::check(estate, report);
    operator::check(estate, report);
    ranges::check(estate, report);
    link::check(estate, report);
    servers::check(estate, report);
    environments::check(estate, report);
    bastion::check(estate, catalog, report);
    products::check(estate, catalog, report);
    database::check(estate, catalog, report);
    likeness::check(estate, report);
    people::check(estate, report);
    recovery::check(estate, today, report);
    agreements::check(estate, today, report);
}

/// The cards of all checks here.
pub(super) fn cards() -> impl Iterator<Item = Check> {
    [
        region::CHECKS,
        names::CHECKS,
        operator::CHECKS,
        ranges::CHECKS,
        link::CHECKS,
        servers::CHECKS,
        environments::CHECKS,
        bastion::CHECKS,
        products::CHECKS,
        database::CHECKS,
        likeness::CHECKS,
        people::CHECKS,
        recovery::CHECKS,
        agreements::CHECKS,
    ]
    .into_iter()
    .flatten()
    .copied()
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

//! Bastions: SSH on a port that nothing else uses and nobody expects.

use super::environment_path;
use crate::catalog::Catalog;
use crate::document::{Check, Report, quote};
use crate::estate::{Environment, Estate};

const ON_22: Check = Check::error(
    "bastion-on-22",
    "A bastion accepts SSH on port 22, where every scanner knocks.",
);
const ON_ZERO: Check = Check::fatal("bastion-on-0", "A bastion's port is 0.");
const ON_PRODUCT_PORT: Check = Check::error(
    "bastion-on-product-port",
    "A bastion's port is one of a product's.",
);

pub(super) const CHECKS: &[Check] = &[ON_22, ON_ZERO, ON_PRODUCT_PORT];

pub(super) fn check(estate: &Estate, catalog: &Catalog, report: &mut Report) {
    for (name, environment) in &estate.environments {
        let path = format!("{}.bastion.port", environment_path(name));
        let port = environment.bastion.port;
        match port {
            0 => report.add(
                ON_ZERO,
                &path,
                "nothing listens on 0",
                "Port 0 cannot be listened on.",
                "Choose a port from 1024 to 65535.",
            ),
            22 => report.add(
                ON_22,
                &path,
                "the standard port",
                "The bastion would accept SSH on port 22. What was agreed is a non-standard port: every scanner knocks on 22.",
                "Choose another port from 1024 to 65535, for example 40022.",
            ),
            _ => {}
        }
        if let Some((product, port_name)) = product_on(environment, catalog, port) {
            report.add(
                ON_PRODUCT_PORT,
                &path,
                "a product's port",
                format!(
                    "{port} is {} of {}: who reads a rule for it could not tell which is meant.",
                    quote(&port_name),
                    quote(&product)
                ),
                "Choose a port that no product of the environment has.",
            );
        }
    }
}

/// The product of the environment that has this port, and the port's name.
fn product_on(environment: &Environment, catalog: &Catalog, port: u16) -> Option<(String, String)> {
    environment.products.iter().find_map(|(name, product)| {
        let ports = &catalog.products.get(&product.product)?.ports;
        let taken = ports.iter().find(|candidate| candidate.port == port)?;
        Some((name.clone(), taken.name.clone()))
    })
}

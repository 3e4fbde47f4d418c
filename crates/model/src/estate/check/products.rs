//! Products: that the catalogue knows them, that their pattern is met, that what they name exists.

use super::environments::instance_type;
use super::{environment_path, meant_or, product_path};
use crate::catalog::{Catalog, Product};
use crate::document::{Check, Report, did_you_mean, list, quote};
use crate::estate::{Environment, Estate, ProductUse};
use crate::service::PortProtocol;

const NONE: Check = Check::error("no-product", "An environment has no product.");
const UNKNOWN_PRODUCT: Check =
    Check::fatal("unknown-product", "A product is not in the catalogue.");
const UNKNOWN_VERSION: Check = Check::error(
    "unknown-version",
    "The catalogue's entry does not hold for a product's version.",
);
const UNKNOWN_PATTERN: Check = Check::fatal(
    "unknown-pattern",
    "A product has no such deployment pattern.",
);
const UNKNOWN_PORT: Check = Check::fatal("unknown-port", "A product has no port of that name.");
const NODES: Check = Check::error(
    "nodes-outside-pattern",
    "A product has more or fewer nodes than its pattern allows.",
);
const ZONES: Check = Check::error(
    "too-few-zones",
    "A product's pattern needs more zones than the estate has.",
);
const UNKNOWN_CALL: Check = Check::fatal(
    "unknown-call",
    "A product calls one that the environment does not have, or itself.",
);
const CONSOLE_PUBLIC: Check = Check::error(
    "console-public",
    "A port on which a product's management consoles answer is open to the Internet.",
);
const CLEAR_PUBLIC: Check = Check::warning(
    "clear-text-public",
    "A port without TLS is open to the Internet.",
);
const UNUSED: Check = Check::warning(
    "product-unused",
    "Nobody may use a product, and no other product calls it.",
);
const DEFAULT_ADMIN: Check = Check::warning(
    "default-admin-name",
    "A product's administrator keeps the name that everybody knows.",
);
const VOLUME: Check = Check::error(
    "volume-size",
    "A volume is smaller or larger than AWS makes.",
);

pub(super) const CHECKS: &[Check] = &[
    NONE,
    UNKNOWN_PRODUCT,
    UNKNOWN_VERSION,
    UNKNOWN_PATTERN,
    UNKNOWN_PORT,
    NODES,
    ZONES,
    UNKNOWN_CALL,
    CONSOLE_PUBLIC,
    CLEAR_PUBLIC,
    UNUSED,
    DEFAULT_ADMIN,
    VOLUME,
];

/// Sizes of a gp3 volume that holds an operating system, GiB.
const VOLUMES: std::ops::RangeInclusive<u32> = 8..=16_384;

pub(super) fn check(estate: &Estate, catalog: &Catalog, report: &mut Report) {
    for (name, environment) in &estate.environments {
        if environment.products.is_empty() {
            report.add(
                NONE,
                &format!("{}.products", environment_path(name)),
                "no product",
                format!("{name} has no product, so that there is nothing to run."),
                "Add `[environments.NAME.products.NAME]`, or `like = \"…\"` to take over those of another environment.",
            );
        }
        for (key, product) in &environment.products {
            let path = product_path(name, key);
            by_itself(product, &path, report);
            calls(key, product, environment, &path, report);
            unused(key, product, environment, &path, report);
            match catalog.products.get(&product.product) {
                Some(known) => {
                    against(product, known, &path, report);
                    pattern(product, known, estate.zones.len(), &path, report);
                    exposed(product, known, &path, report);
                }
                None => unknown(product, catalog, &path, report),
            }
        }
    }
}

/// What can be said without the catalogue.
fn by_itself(product: &ProductUse, path: &str, report: &mut Report) {
    instance_type(&product.instance, "", &format!("{path}.instance"), report);
    if !VOLUMES.contains(&product.volume_gib) {
        report.add(
            VOLUME,
            &format!("{path}.volume-gib"),
            "no such volume",
            if product.volume_gib < *VOLUMES.start() {
                format!(
                    "A volume of {} GiB cannot hold a system.",
                    product.volume_gib
                )
            } else {
                format!("AWS makes no volume of {} GiB.", product.volume_gib)
            },
            format!(
                "Write a size from {} to {} GiB.",
                VOLUMES.start(),
                VOLUMES.end()
            ),
        );
    }
}

fn unknown(product: &ProductUse, catalog: &Catalog, path: &str, report: &mut Report) {
    let known = || catalog.products.keys().map(String::as_str);
    let meant = did_you_mean(&product.product, known());
    report.add(
        UNKNOWN_PRODUCT,
        &format!("{path}.product"),
        &meant_or(meant, "not in the catalogue"),
        format!("{} is not in the catalogue, so that nothing is known of its ports, health and databases.", quote(&product.product)),
        format!("Name one of {}, or describe it in a catalogue file of your own.", list(known())),
    );
}

fn against(product: &ProductUse, known: &Product, path: &str, report: &mut Report) {
    let versions = || known.versions.iter().map(String::as_str);
    if !known.versions.contains(&product.version) {
        report.add(
            UNKNOWN_VERSION,
            &format!("{path}.version"),
            &meant_or(
                did_you_mean(&product.version, versions()),
                "not in the catalogue",
            ),
            format!(
                "The catalogue's entry for {} does not say that it holds for {}.",
                known.name,
                quote(&product.version)
            ),
            format!(
                "Name one of {}, or extend the entry once its facts were checked for this version.",
                list(versions())
            ),
        );
    }
    if product.admin_user == known.default_admin.0 {
        report.add(
            DEFAULT_ADMIN,
            &format!("{path}.admin-user"),
            "published",
            format!("{} is the administrator's name in every installation of {}: half of the credential is known.", quote(&product.admin_user), known.name),
            "Choose another name.",
        );
    }
}

fn pattern(product: &ProductUse, known: &Product, zones: usize, path: &str, report: &mut Report) {
    let Some(pattern) = known.patterns.get(&product.pattern) else {
        let names = || known.patterns.keys().map(String::as_str);
        report.add(
            UNKNOWN_PATTERN,
            &format!("{path}.pattern"),
            &meant_or(did_you_mean(&product.pattern, names()), "no such pattern"),
            format!(
                "{} has no deployment pattern {}.",
                known.name,
                quote(&product.pattern)
            ),
            format!("Name one of {}.", list(names())),
        );
        return;
    };
    let (least, most) = (pattern.min_nodes, pattern.max_nodes);
    if !(least..=most).contains(&product.nodes) && !report.doubts(&format!("{path}.pattern")) {
        let allowed = if least == most {
            format!("exactly {least}")
        } else {
            format!("{least} to {most}")
        };
        report.add(
            NODES,
            &format!("{path}.nodes"),
            &format!("must be {allowed}"),
            format!(
                "The pattern {} of {} has {allowed} nodes, not {}.",
                quote(&product.pattern),
                known.name,
                product.nodes
            ),
            format!(
                "Write a number that fits, or choose another pattern: {}.",
                list(known.patterns.keys().map(String::as_str))
            ),
        );
    }
    // One zone is too few for every pattern, which is said of the zones themselves.
    if zones > 1 && zones < usize::from(pattern.min_zones) {
        report.add(
            ZONES,
            "zones",
            &format!("{} needed", pattern.min_zones),
            format!("The pattern {} of {} stands in at least {} zones, and the estate has {zones}: one failing zone must not take all nodes.", quote(&product.pattern), known.name, pattern.min_zones),
            "Add zones of the region.",
        );
    }
}

/// Ports that others may use.
fn exposed(product: &ProductUse, known: &Product, path: &str, report: &mut Report) {
    let names = || known.ports.iter().map(|port| port.name.as_str());
    for (key, ports) in [("public", &product.public), ("internal", &product.internal)] {
        for (index, name) in ports.iter().enumerate() {
            let path = format!("{path}.{key}[{index}]");
            let Some(port) = known.port(name) else {
                report.add(
                    UNKNOWN_PORT,
                    &path,
                    &meant_or(did_you_mean(name, names()), "no such port"),
                    format!("{} has no port {}.", known.name, quote(name)),
                    format!("Name one of {}.", list(names())),
                );
                continue;
            };
            if key != "public" {
                continue;
            }
            if known.has_consoles_on(name) {
                report.add(
                    CONSOLE_PUBLIC,
                    &path,
                    "consoles answer here",
                    format!("On {name} ({}) {} answers for its management consoles {}: the Internet would see their logins.", port.port, known.name, list(known.consoles.iter().map(String::as_str))),
                    "Move it to `internal`, so that only the data centre reaches it.",
                );
            }
            if port.protocol == PortProtocol::Http {
                report.add(
                    CLEAR_PUBLIC,
                    &path,
                    "no TLS",
                    format!(
                        "On {name} ({}) tokens and passwords would cross the Internet in clear.",
                        port.port
                    ),
                    "Open the port that speaks HTTPS.",
                );
            }
        }
    }
}

fn calls(
    key: &str,
    product: &ProductUse,
    environment: &Environment,
    path: &str,
    report: &mut Report,
) {
    let others = || {
        environment
            .products
            .keys()
            .map(String::as_str)
            .filter(|other| *other != key)
    };
    for (index, called) in product.calls.iter().enumerate() {
        if others().any(|other| other == called) {
            continue;
        }
        let itself = called == key;
        report.add(
            UNKNOWN_CALL,
            &format!("{path}.calls[{index}]"),
            &if itself {
                "itself".to_owned()
            } else {
                meant_or(did_you_mean(called, others()), "no such product here")
            },
            if itself {
                format!(
                    "{} calls itself; nodes of one product reach each other anyway.",
                    quote(key)
                )
            } else {
                format!("{} is not a product of this environment.", quote(called))
            },
            if others().next().is_none() {
                "Remove it, or add that product to the environment.".to_owned()
            } else {
                format!(
                    "Name another product of the environment: {}.",
                    list(others())
                )
            },
        );
    }
}

fn unused(
    key: &str,
    product: &ProductUse,
    environment: &Environment,
    path: &str,
    report: &mut Report,
) {
    let called = environment
        .products
        .values()
        .any(|other| other.calls.iter().any(|call| call == key));
    if product.public.is_empty() && product.internal.is_empty() && !called {
        report.add(
            UNUSED,
            path,
            "nobody may use it",
            format!("Neither the Internet nor the data centre may use {}, and no product calls it.", quote(key)),
            "Name its ports under `public` or `internal`, or name it under `calls` of the product that needs it.",
        );
    }
}

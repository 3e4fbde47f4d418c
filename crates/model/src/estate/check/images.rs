//! Machine images: that hosts name ones that exist, that these get patches, and that they may.

use std::collections::BTreeSet;

use super::{environment_path, meant_or, product_path};
use crate::document::{Check, Report, did_you_mean, list, quote, quote_key};
use crate::estate::{Environment, Estate, Hardening, Image, System};

const UNKNOWN: Check = Check::fatal(
    "unknown-image",
    "A host is to have an image that is not declared.",
);
const UNUSED: Check = Check::warning("image-unused", "No host has an image.");
const NO_SUBSCRIPTION: Check = Check::error(
    "red-hat-without-subscription",
    "An image is of Red Hat, and no subscription is named: its hosts get no patches.",
);
const SUBSCRIPTION: Check = Check::warning(
    "subscription-unused",
    "An image of Ubuntu has a subscription, which only Red Hat asks for.",
);
const VERSION: Check = Check::warning(
    "image-version",
    "An image's version is not one that gets patches for years.",
);
const NO_PATCHES: Check = Check::warning(
    "hardening-without-patches",
    "An image is hardened by CIS's benchmark, which asks for patches, and nothing says where they come from.",
);
const UNKNOWN_PATCHES: Check = Check::error(
    "unknown-patch-source",
    "An image's patches come from a dependency that is not declared.",
);
const PATCHES_OF_OTHERS: Check = Check::error(
    "patch-source-of-others",
    "Hosts are not let out to the source of their image's patches.",
);

pub(super) const CHECKS: &[Check] = &[
    UNKNOWN,
    UNUSED,
    NO_SUBSCRIPTION,
    SUBSCRIPTION,
    VERSION,
    NO_PATCHES,
    UNKNOWN_PATCHES,
    PATCHES_OF_OTHERS,
];

/// Ubuntu's long-term releases under standard support, and Red Hat's majors under maintenance (both vendors' life-cycle
/// pages, November 2026).
const UBUNTU: [&str; 3] = ["22.04", "24.04", "26.04"];
const RED_HAT: [&str; 3] = ["8", "9", "10"];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    let mut used = BTreeSet::new();
    for (path, name) in named(estate) {
        used.insert(name);
        if !estate.images.contains_key(name) {
            unknown(estate, name, &path, report);
        }
    }
    for (name, image) in &estate.images {
        let path = format!("images.{}", quote_key(name));
        if !used.contains(name.as_str()) && !report.doubts("environments") {
            report.add(
                UNUSED,
                &path,
                "no host has it",
                format!(
                    "No environment, bastion or product names the image {}.",
                    quote(name)
                ),
                "Name it with `image` where it is meant, or remove it.",
            );
        }
        by_itself(name, image, &path, report);
        patches(estate, name, image, &path, report);
    }
}

/// Every place where an image is named, and its name.
fn named(estate: &Estate) -> Vec<(String, &str)> {
    let mut all = Vec::new();
    for (id, environment) in &estate.environments {
        let path = environment_path(id);
        let own = [
            (format!("{path}.image"), &environment.image),
            (format!("{path}.bastion.image"), &environment.bastion.image),
        ];
        let products = environment.products.iter();
        let products = products
            .map(|(key, product)| (format!("{}.image", product_path(id, key)), &product.image));
        let declared = own.into_iter().chain(products);
        all.extend(declared.filter_map(|(path, image)| Some((path, image.as_deref()?))));
    }
    all
}

fn unknown(estate: &Estate, name: &str, path: &str, report: &mut Report) {
    let known = || estate.images.keys().map(String::as_str);
    report.add(
        UNKNOWN,
        path,
        &meant_or(did_you_mean(name, known()), "no such image"),
        format!("There is no image {}.", quote(name)),
        if estate.images.is_empty() {
            format!(
                "Add `[images.{}]` with its system and version.",
                quote_key(name)
            )
        } else {
            format!(
                "Name one of {}, or declare it under `images`.",
                list(known())
            )
        },
    );
}

fn by_itself(name: &str, image: &Image, path: &str, report: &mut Report) {
    let (system, versions, known) = match image.system {
        System::Ubuntu => ("Ubuntu", UBUNTU, UBUNTU.contains(&image.version.as_str())),
        System::RedHat => {
            let major = image.version.split('.').next().unwrap_or_default();
            (
                "Red Hat Enterprise Linux",
                RED_HAT,
                RED_HAT.contains(&major),
            )
        }
    };
    if !known {
        report.add(
            VERSION,
            &format!("{path}.version"),
            "no long-term release",
            format!(
                "{system} {} is not a long-term release that still gets patches.",
                quote(&image.version)
            ),
            format!("Write one of {}.", list(versions)),
        );
    }
    match (image.system, &image.subscription) {
        (System::RedHat, None) => report.add(
            NO_SUBSCRIPTION,
            path,
            "no `subscription`",
            format!("Red Hat gives patches to subscribers alone, and the image {} names no subscription: its hosts would never be patched.", quote(name)),
            "Write `subscription` with the reference to the customer's activation key.",
        ),
        (System::Ubuntu, Some(_)) => report.add(
            SUBSCRIPTION,
            &format!("{path}.subscription"),
            "not asked for",
            "Ubuntu gives the patches of a long-term release to everybody: the key would be kept for nothing.",
            "Remove it; if the image is Red Hat's, correct `system`.",
        ),
        _ => {}
    }
}

fn patches(estate: &Estate, name: &str, image: &Image, path: &str, report: &mut Report) {
    let Some(source) = &image.patches else {
        if image.hardening != Hardening::None {
            report.add(
                NO_PATCHES,
                path,
                "no `patches`",
                format!("CIS's benchmark asks for patches in time, and nothing says where those of {} come from: a scan would fail from the first month on.", quote(name)),
                "Write `patches` with the key of the mirror under `outbound`.",
            );
        }
        return;
    };
    let path = format!("{path}.patches");
    let Some(outbound) = estate.outbound.get(source) else {
        let known = || estate.outbound.keys().map(String::as_str);
        if !report.doubts("outbound") {
            report.add(
                UNKNOWN_PATCHES,
                &path,
                &meant_or(did_you_mean(source, known()), "no such dependency"),
                format!(
                    "{} is not among `outbound`: no host would be let out to it.",
                    quote(source)
                ),
                format!("Name one of {}, or declare the mirror.", list(known())),
            );
        }
        return;
    };
    let barred = estate.environments.iter().find_map(|(id, environment)| {
        let host = barred_host(environment, name, &|product| outbound.is_for(product))?;
        Some((id, host))
    });
    if let Some((id, host)) = barred.filter(|_| !outbound.products.is_empty()) {
        report.add(
            PATCHES_OF_OTHERS,
            &path,
            "not for all of its hosts",
            format!(
                "{} is for {} alone, and {host} of {id} has this image: it is not let out to it.",
                quote(source),
                list(outbound.products.iter().map(String::as_str))
            ),
            format!(
                "Remove `products` of `outbound.{}`, or name the product there too.",
                quote_key(source)
            ),
        );
    }
}

/// A host of an environment that has the image and is not let out: a product, or the bastion.
fn barred_host(
    environment: &Environment,
    image: &str,
    let_out: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let has = |own: Option<&String>| {
        own.or(environment.image.as_ref())
            .is_some_and(|own| own == image)
    };
    let mut products = environment.products.iter();
    let product = products.find(|(name, product)| has(product.image.as_ref()) && !let_out(name));
    let bastion = || {
        let ours = environment.bastion.instance().is_some();
        (ours && has(environment.bastion.image.as_ref())).then(|| "the bastion".to_owned())
    };
    product.map(|(name, _)| quote(name)).or_else(bastion)
}

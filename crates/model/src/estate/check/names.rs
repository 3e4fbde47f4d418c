//! Names: those that become host names and domains, and that each is given once.

use std::collections::BTreeMap;

use super::{environment_path, product_path};
use crate::document::{Check, Report, quote, quote_key};
use crate::estate::{Estate, RESERVED_ENVIRONMENTS, RESERVED_PRODUCTS};

const BAD_LABEL: Check = Check::fatal(
    "bad-name",
    "A name that becomes part of host names is not one that DNS takes.",
);
const BAD_DOMAIN: Check = Check::fatal("bad-domain", "A domain is not one that DNS takes.");
const RESERVED: Check = Check::fatal(
    "reserved-name",
    "A name is taken by something that every estate has.",
);
const HOSTNAME_REPEATED: Check = Check::fatal(
    "hostname-repeated",
    "Two products have the same host name, so that clients reach either.",
);
const ZONES_COLLIDE: Check = Check::error(
    "zones-collide",
    "The private zone and the customer's zone lie in one another, so that one hides names of the other.",
);

pub(super) const CHECKS: &[Check] = &[
    BAD_LABEL,
    BAD_DOMAIN,
    RESERVED,
    HOSTNAME_REPEATED,
    ZONES_COLLIDE,
];

/// Longest label and longest domain, RFC 1035.
const LONGEST_LABEL: usize = 63;
const LONGEST_DOMAIN: usize = 253;

/// Longest name of an environment, product or server: AWS cuts or refuses resource names beyond 32 characters, and they
/// carry a suffix.
const LONGEST_NAME: usize = 24;

pub(super) fn check(estate: &Estate, report: &mut Report) {
    name(&estate.name, "name", report);
    domain(&estate.private_zone, "private-zone", report);
    domain(&estate.dns.zone, "dns.zone", report);
    for (key, outbound) in &estate.outbound {
        let path = format!("outbound.{}", quote_key(key));
        name(key, &path, report);
        domain(&outbound.name, &format!("{path}.name"), report);
    }
    if let Some(data_centre) = &estate.data_centre {
        for client in data_centre.clients.keys() {
            let path = format!("data-centre.clients.{}", quote_key(client));
            name(client, &path, report);
        }
    }
    for (environment, content) in &estate.environments {
        let path = environment_path(environment);
        name(environment.as_str(), &path, report);
        reserved(environment.as_str(), &RESERVED_ENVIRONMENTS, &path, report);
        for product in content.products.keys() {
            let path = product_path(environment, product);
            name(product, &path, report);
            reserved(product, &RESERVED_PRODUCTS, &path, report);
        }
    }
    hostnames(estate, report);
    zones(estate, report);
}

fn hostnames(estate: &Estate, report: &mut Report) {
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (environment, content) in &estate.environments {
        for (product, declared) in &content.products {
            let path = format!("{}.hostname", product_path(environment, product));
            if report.doubts(&path) {
                continue;
            }
            label(&declared.hostname, LONGEST_LABEL, &path, report);
            let whose = format!("{} of {environment}", quote(product));
            if let Some(other) = seen.get(declared.hostname.as_str()) {
                report.add(
                    HOSTNAME_REPEATED,
                    &path,
                    &format!("also {other}"),
                    format!("{} is the host name of {other} and of {whose}: clients would reach either.", quote(&declared.hostname)),
                    format!("Give {whose} a host name of its own; an environment that is like another must say it itself."),
                );
            }
            seen.entry(&declared.hostname).or_insert(whose);
        }
    }
}

fn zones(estate: &Estate, report: &mut Report) {
    let (private, public) = (&estate.private_zone, &estate.dns.zone);
    if report.doubts("dns.zone") || (!within(private, public) && !within(public, private)) {
        return;
    }
    report.add(
        ZONES_COLLIDE,
        "private-zone",
        "hides names",
        format!(
            "{} and {} lie in one another: in the VPC one would hide names of the other.",
            quote(private),
            quote(public)
        ),
        "Choose a private zone apart from the customer's, such as acme.internal.",
    );
}

/// Whether a domain is another or lies in it.
pub(super) fn within(inner: &str, outer: &str) -> bool {
    inner
        .strip_suffix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn reserved(name: &str, taken: &[&str], path: &str, report: &mut Report) {
    if taken.contains(&name) {
        report.add(
            RESERVED,
            path,
            "taken",
            format!(
                "{} is the name of something that every estate has.",
                quote(name)
            ),
            "Choose another name.",
        );
    }
}

/// Checks a name that becomes a part of host names.
fn name(name: &str, path: &str, report: &mut Report) {
    label(name, LONGEST_NAME, path, report);
}

fn label(name: &str, longest: usize, path: &str, report: &mut Report) {
    if let Some(problem) = label_problem(name, longest) {
        report.add(
            BAD_LABEL,
            path,
            "not a host name",
            format!("{} {problem}, and it becomes part of host names.", quote(name)),
            format!("Use small letters, digits and `-`, at most {longest}, beginning and ending with a letter or digit."),
        );
    }
}

/// What DNS would refuse in a label: RFC 1123's host names, in small letters so that each has one spelling.
fn label_problem(name: &str, longest: usize) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.len() > longest {
        Some("is too long")
    } else if name.starts_with('-') || name.ends_with('-') {
        Some("begins or ends with `-`")
    } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Some("has capital letters")
    } else if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        Some("has characters other than letters, digits and `-`")
    } else {
        None
    }
}

/// Checks a domain: labels joined by dots, at least two, the last not all digits (an address is not a name).
pub(super) fn domain(domain: &str, path: &str, report: &mut Report) {
    let labels: Vec<_> = domain.split('.').collect();
    let problem = if domain.len() > LONGEST_DOMAIN {
        Some("is too long")
    } else if domain.ends_with('.') {
        Some("ends with a dot")
    } else if labels.len() < 2 {
        Some("has no dot")
    } else if labels
        .last()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
    {
        Some("is an address or ends with a number")
    } else {
        labels
            .iter()
            .find_map(|label| label_problem(label, LONGEST_LABEL))
    };
    if let Some(problem) = problem {
        report.add(
            BAD_DOMAIN,
            path,
            "not a domain",
            format!("{} {problem}.", quote(domain)),
            "Write it like acme.example, without a dot at the end.",
        );
    }
}

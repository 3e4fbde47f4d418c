//! What hosts need outside the estate: that a way leads there, and that what is said there is not overheard.

use super::servers::{place, port_zero};
use super::{environment_path, meant_or};
use crate::document::{Check, Report, did_you_mean, list, quote, quote_key};
use crate::estate::{Estate, Outbound, OutboundKind};

const UNKNOWN_PRODUCT: Check = Check::error(
    "outbound-for-unknown-product",
    "A dependency is one of a product that no environment has.",
);
const LDAP_IN_CLEAR: Check =
    Check::warning("ldap-in-clear", "Passwords go to a directory without TLS.");
const IN_CLEAR: Check = Check::warning(
    "outbound-in-clear",
    "A back-end or a proxy is asked over the Internet without TLS.",
);
const FAMILY: Check = Check::error(
    "outbound-family",
    "A dependency has an IPv6 address, and an environment that needs it has IPv4 alone.",
);
const REPEATED: Check = Check::warning("outbound-repeated", "One dependency is declared twice.");

pub(super) const CHECKS: &[Check] = &[UNKNOWN_PRODUCT, LDAP_IN_CLEAR, IN_CLEAR, FAMILY, REPEATED];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    let all: Vec<_> = estate.outbound.iter().collect();
    for (index, (name, outbound)) in all.iter().enumerate() {
        let path = format!("outbound.{}", quote_key(name));
        if outbound.port == 0 {
            port_zero(&format!("{path}.port"), report);
        }
        if let Some(address) = outbound.address {
            place(estate, &format!("{path}.address"), address, report);
        }
        products(estate, outbound, &path, report);
        family(estate, outbound, &path, report);
        in_clear(outbound, &path, report);
        let same = |other: &Outbound| {
            (&other.name, other.address, other.port)
                == (&outbound.name, outbound.address, outbound.port)
        };
        let earlier = all.iter().take(index).find(|(_, other)| same(other));
        if let Some((other, _)) = earlier {
            report.add(
                REPEATED,
                &path,
                &format!("also {}", quote(other)),
                format!(
                    "{} port {} is {} already: whoever closes one of the two closes nothing.",
                    quote(&outbound.name),
                    outbound.port,
                    quote(other)
                ),
                "Keep one of them, with the products of both.",
            );
        }
    }
}

fn products(estate: &Estate, outbound: &Outbound, path: &str, report: &mut Report) {
    if report.doubts("environments") {
        return;
    }
    let environments = estate.environments.values();
    let mut known: Vec<_> = environments
        .flat_map(|environment| environment.products.keys().map(String::as_str))
        .collect();
    known.sort_unstable();
    known.dedup();
    for (index, product) in outbound.products.iter().enumerate() {
        if known.contains(&product.as_str()) {
            continue;
        }
        report.add(
            UNKNOWN_PRODUCT,
            &format!("{path}.products[{index}]"),
            &meant_or(
                did_you_mean(product, known.iter().copied()),
                "no such product",
            ),
            format!(
                "No environment has a product {}: nobody would be let out for it.",
                quote(product)
            ),
            format!(
                "Name one of {}; without any, every host is let out.",
                list(known.iter().copied())
            ),
        );
    }
}

fn family(estate: &Estate, outbound: &Outbound, path: &str, report: &mut Report) {
    let Some(address) = outbound.address.filter(std::net::IpAddr::is_ipv6) else {
        return;
    };
    let needs = estate.environments.iter().find(|(_, environment)| {
        !environment.ipv6
            && environment
                .products
                .keys()
                .any(|product| outbound.is_for(product))
    });
    if let Some((name, _)) = needs {
        report.add(
            FAMILY,
            &format!("{path}.address"),
            "IPv6 alone",
            format!("{address} is an IPv6 address, and {name} has IPv4 alone: its hosts cannot reach it."),
            format!("Name its IPv4 address, or write `ipv6 = true` in `{}`.", environment_path(name)),
        );
    }
}

fn in_clear(outbound: &Outbound, path: &str, report: &mut Report) {
    if outbound.tls {
        return;
    }
    let path = format!("{path}.tls");
    match outbound.kind {
        OutboundKind::Ldap => report.add(
            LDAP_IN_CLEAR,
            &path,
            "passwords in clear",
            format!("Products ask {} whether passwords are right; without TLS every device on the way reads them.", quote(&outbound.name)),
            "Use LDAPS, port 636, with `tls = true`.",
        ),
        OutboundKind::BackEnd | OutboundKind::Proxy if outbound.address.is_none() => report.add(
            IN_CLEAR,
            &path,
            "in clear over the Internet",
            format!("What goes to {} crosses the Internet, and without TLS everybody on the way reads and changes it.", quote(&outbound.name)),
            "Use its port with TLS; if the products begin it themselves (STARTTLS), waive this.",
        ),
        // Packages are signed, whatever carries them.
        _ => {}
    }
}

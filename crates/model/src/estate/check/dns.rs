//! The zone of the names that clients use: what is handed over, and that no name has another meaning already.

use std::collections::BTreeMap;

use super::names::within;
use super::{environment_path, product_path};
use crate::document::{Check, Report, quote, quote_key};
use crate::estate::{BalancerKind, DnsKeeper, Environment, Estate, HandOver, Mail};

const ADDRESS_MOVES: Check = Check::error(
    "hand-over-address-moves",
    "Names are handed over by address, to load balancers whose addresses move.",
);
const POINTLESS: Check = Check::warning(
    "hand-over-to-nobody",
    "The operator keeps the zone itself, so that nothing is handed over.",
);
const TAKEN: Check = Check::error(
    "hostname-taken",
    "A product's name is the name of another thing in the zone.",
);

pub(super) const CHECKS: &[Check] = &[ADDRESS_MOVES, POINTLESS, TAKEN];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    match estate.dns.keeper {
        DnsKeeper::Customer(HandOver::Address) => addresses_move(estate, report),
        DnsKeeper::Customer(HandOver::Alias) => {}
        DnsKeeper::Route53 => pointless(report),
    }
    taken(estate, report);
}

fn addresses_move(estate: &Estate, report: &mut Report) {
    if report.doubts("dns") {
        return;
    }
    let entered = |environment: &Environment| {
        let mut products = environment.products.values();
        products.any(|product| !product.public.is_empty() || !product.internal.is_empty())
    };
    for (name, environment) in &estate.environments {
        if environment.balancer == BalancerKind::Application && entered(environment) {
            report.add(
                ADDRESS_MOVES,
                &format!("{}.balancer", environment_path(name)),
                "its addresses move",
                "The names are handed over by address, and AWS moves the addresses of an application load balancer whenever it scales: the customer's records would lead nowhere within days.",
                "Write `hand-over = \"alias\"` under `[dns]`, or `balancer = \"network\"`, whose addresses are fixed.",
            );
        }
    }
}

fn pointless(report: &mut Report) {
    let path = "dns.hand-over";
    // Where nothing is said, the nearest place is the table's.
    if report.span_of(path) == report.span_of("dns") {
        return;
    }
    report.add(
        POINTLESS,
        path,
        "means nothing here",
        "The operator keeps the zone in Route 53, so that nothing is handed over to the customer's servers.",
        "Remove it; or write `kept-by = \"customer\"` if the customer keeps the zone.",
    );
}

/// An alias cannot stand beside any other record of its name (RFC 1034), and two addresses under one name are asked in turn.
fn taken(estate: &Estate, report: &mut Report) {
    let zone = &estate.dns.zone;
    let mut others: BTreeMap<&str, String> = BTreeMap::new();
    match &estate.mail {
        Mail::Customer(smtp) => {
            others.insert(&smtp.name, "smtp.name".to_owned());
        }
        Mail::Ses(ses) => {
            others.insert(&ses.domain, "ses.domain".to_owned());
            if let Some(mail_from) = &ses.mail_from {
                others.insert(mail_from, "ses.mail-from".to_owned());
            }
        }
    }
    for (key, outbound) in &estate.outbound {
        let path = format!("outbound.{}.name", quote_key(key));
        others.entry(&outbound.name).or_insert(path);
    }
    others.retain(|name, _| within(name, zone));
    for (environment, content) in &estate.environments {
        for (product, declared) in &content.products {
            let name = format!("{}.{zone}", declared.hostname);
            let Some(other) = others
                .get(name.as_str())
                .filter(|path| !report.doubts(path))
            else {
                continue;
            };
            report.add(
                TAKEN,
                &format!("{}.hostname", product_path(environment, product)),
                &format!("also `{other}`"),
                format!("{} would be this product and is {} already: whoever asks for one reaches the other.", quote(&name), quote(other)),
                "Choose another host name.",
            );
        }
    }
}

//! The link to the data centre.

use std::net::IpAddr;

use super::addresses::{Purpose, purpose_of};
use super::ranges::host_bits;
use crate::document::{Check, Report};
use crate::estate::{DataCentre, Estate, Link, Vpn};

const WITHOUT_ROUTING: Check = Check::error(
    "vpn-without-routing",
    "A VPN has neither an ASN for dynamic routing nor prefixes for static routing.",
);
const BOTH_ROUTINGS: Check = Check::warning(
    "vpn-with-both-routings",
    "A VPN has both an ASN and static prefixes; AWS uses one of the two.",
);
const GATEWAY_NOT_PUBLIC: Check = Check::error(
    "vpn-gateway-not-public",
    "The customer gateway's address does not exist on the Internet.",
);
const BAD_ASN: Check = Check::error(
    "bad-asn",
    "An autonomous system number is reserved or taken by AWS.",
);
const STATIC_OUTSIDE: Check = Check::error(
    "static-prefix-outside-data-centre",
    "A static prefix is not among those of the data centre.",
);

pub(super) const CHECKS: &[Check] = &[
    WITHOUT_ROUTING,
    BOTH_ROUTINGS,
    GATEWAY_NOT_PUBLIC,
    BAD_ASN,
    STATIC_OUTSIDE,
];

const VPN: &str = "data-centre.vpn";
const SECOND: &str = "data-centre.vpn.second";
const DIRECT: &str = "data-centre.direct-connect";

pub(super) fn check(estate: &Estate, report: &mut Report) {
    let Some(data_centre) = &estate.data_centre else {
        return;
    };
    match &data_centre.link {
        Link::Vpn(link) => vpn(link, data_centre, estate, report),
        Link::DirectConnect(link) => number(link.asn, &estate.region, DIRECT, report),
    }
}

fn vpn(link: &Vpn, data_centre: &DataCentre, estate: &Estate, report: &mut Report) {
    let static_prefixes = &link.static_prefixes;
    for (index, gateway) in link.gateways.iter().enumerate() {
        let path = if index == 0 { VPN } else { SECOND };
        address(gateway.address, path, report);
        if let Some(asn) = gateway.asn {
            number(asn, &estate.region, path, report);
        }
    }
    let dynamic = link.gateways.iter().any(|gateway| gateway.asn.is_some());
    match (dynamic, static_prefixes.is_empty()) {
        (false, true) => report.add(
            WITHOUT_ROUTING,
            VPN,
            "neither `asn` nor `static-prefixes`",
            "The VPN has neither an ASN for dynamic routing nor prefixes for static routing: no packet would find its way.",
            "Add `asn` with the customer's number, or `static-prefixes` with what is behind the gateway.",
        ),
        (true, false) => report.add(
            BOTH_ROUTINGS,
            &format!("{VPN}.static-prefixes"),
            "not used beside `asn`",
            "With an ASN, routes come by BGP, and AWS takes no static prefixes for the connection.",
            "Remove one of the two.",
        ),
        _ => {}
    }
    prefixes(data_centre, static_prefixes, report);
}

fn address(gateway: IpAddr, path: &str, report: &mut Report) {
    let what = match purpose_of(gateway) {
        Purpose::Public => return,
        Purpose::Private => "private networks",
        Purpose::Special(what) => what,
    };
    report.add(
        GATEWAY_NOT_PUBLIC,
        &format!("{path}.gateway"),
        "not on the Internet",
        format!("{gateway} is kept for {what}. AWS reaches the customer gateway over the Internet."),
        "Ask the customer for the gateway's Internet-routable address; behind NAT it is the NAT device's.",
    );
}

/// Sources: RFC 4893, 7300 and 7607 for reserved numbers; AWS's documentation of customer gateways for its own.
fn number(asn: u32, region: &str, path: &str, report: &mut Report) {
    let why = match (asn, region) {
        (0 | 65_535 | u32::MAX, _) => "is reserved and never used",
        (23_456, _) => "stands for numbers of four bytes and is nobody's own",
        (64_512, _) => "is the one that AWS's side of the connection has",
        (7_224, _) => "is reserved by AWS in every region",
        (9_059, "eu-west-1") | (10_124, "ap-northeast-1") | (17_943, "ap-southeast-1") => {
            "is reserved by AWS in this region"
        }
        _ => return,
    };
    report.add(
        BAD_ASN,
        &format!("{path}.asn"),
        "cannot be used",
        format!("The autonomous system number {asn} {why}."),
        "Ask the customer for its number; without a public one, agree on one from 64513 to 65534.",
    );
}

fn prefixes(data_centre: &DataCentre, prefixes: &[ipnet::IpNet], report: &mut Report) {
    if report.doubts("data-centre.prefixes") {
        return;
    }
    for (index, prefix) in prefixes.iter().enumerate() {
        let path = format!("{VPN}.static-prefixes[{index}]");
        host_bits(prefix, &path, report);
        if !data_centre.prefixes.iter().any(|own| own.contains(prefix)) {
            report.add(
                STATIC_OUTSIDE,
                &path,
                "not the data centre's",
                format!(
                    "{prefix} would be routed to the data centre without being one of its prefixes."
                ),
                "Add it to `data-centre.prefixes` too, or remove it here.",
            );
        }
    }
}

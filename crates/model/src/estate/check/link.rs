//! The link to the data centre.

use std::net::IpAddr;

use super::addresses::{Purpose, purpose_of};
use super::ranges::host_bits;
use crate::document::{Check, Report};
use crate::estate::{DataCentre, Estate, Link};

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

pub(super) fn check(estate: &Estate, report: &mut Report) {
    let Some(data_centre) = &estate.data_centre else {
        return;
    };
    let Link::Vpn {
        gateway,
        asn,
        static_prefixes,
        ..
    } = &data_centre.link;
    address(*gateway, report);
    match (asn, static_prefixes.is_empty()) {
        (None, true) => report.add(
            WITHOUT_ROUTING,
            VPN,
            "neither `asn` nor `static-prefixes`",
            "The VPN has neither an ASN for dynamic routing nor prefixes for static routing: no packet would find its way.",
            "Add `asn` with the customer's number, or `static-prefixes` with what is behind the gateway.",
        ),
        (Some(_), false) => report.add(
            BOTH_ROUTINGS,
            &format!("{VPN}.static-prefixes"),
            "not used beside `asn`",
            "With an ASN, routes come by BGP, and AWS takes no static prefixes for the connection.",
            "Remove one of the two.",
        ),
        _ => {}
    }
    if let Some(asn) = asn {
        number(*asn, &estate.region, report);
    }
    prefixes(data_centre, static_prefixes, report);
}

fn address(gateway: IpAddr, report: &mut Report) {
    let what = match purpose_of(gateway) {
        Purpose::Public => return,
        Purpose::Private => "private networks",
        Purpose::Special(what) => what,
    };
    report.add(
        GATEWAY_NOT_PUBLIC,
        &format!("{VPN}.gateway"),
        "not on the Internet",
        format!("{gateway} is kept for {what}. AWS reaches the customer gateway over the Internet."),
        "Ask the customer for the gateway's Internet-routable address; behind NAT it is the NAT device's.",
    );
}

/// Sources: RFC 4893, 7300 and 7607 for reserved numbers; AWS's documentation of customer gateways for its own.
fn number(asn: u32, region: &str, report: &mut Report) {
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
        &format!("{VPN}.asn"),
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

//! Whether the link to the data centre can be built as it is declared.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::estate::{BastionPlace, DataCentre, Estate, Link, Vpn};
use model::finding::Finding;

use super::{error, servers};
use crate::outside::in_data_centre;

/// The customer's gateways that one site has at the most: two for one to be lost.
const GATEWAYS: usize = 2;
/// The lines of Direct Connect that one site has at the most: two pairs, which is AWS's model for the greatest resilience.
const LINES: u8 = 4;
/// The tunnels that AWS gives each connection.
const TUNNELS: usize = 2;

pub(super) fn check(estate: &Estate, findings: &mut Vec<Finding>) {
    let Some(data_centre) = &estate.data_centre else {
        return;
    };
    match &data_centre.link {
        Link::Vpn(vpn) => {
            gateways(vpn, findings);
            keys(vpn, findings);
            prefixes(data_centre, vpn, findings);
            routed(estate, vpn, findings);
        }
        Link::DirectConnect(direct) => lines(direct.connections, findings),
    }
}

fn lines(count: u8, findings: &mut Vec<Finding>) {
    if !(1..=LINES).contains(&count) {
        findings.push(error(
            "line-count",
            "data-centre.direct-connect.connections",
            format!("{count} lines are named; Direct Connect has 1 to {LINES}"),
            "name one line, or two for a pair that fails apart",
        ));
    }
}

fn gateways(vpn: &Vpn, findings: &mut Vec<Finding>) {
    let subject = "data-centre.vpn.gateway";
    let count = vpn.gateways.len();
    if !(1..=GATEWAYS).contains(&count) {
        findings.push(error(
            "gateway-count",
            subject,
            format!("{count} gateways of the customer's are named; a VPN has 1 or {GATEWAYS}"),
            "name one gateway, or two for one to be lost",
        ));
    }
    let mut seen = BTreeSet::new();
    for gateway in &vpn.gateways {
        if !seen.insert(gateway.address) {
            findings.push(error(
                "address-taken",
                subject,
                format!("{} is the address of both gateways", gateway.address),
                "give each gateway its own address, or name one alone",
            ));
        }
        if gateway.address.is_ipv6() {
            findings.push(error(
                "gateway-ipv6",
                subject,
                format!(
                    "{} is an IPv6 address; the tunnels are built between IPv4 addresses",
                    gateway.address
                ),
                "name the gateway's Internet-routable IPv4 address",
            ));
        }
        if gateway.asn.is_none() && vpn.static_prefixes.is_empty() {
            findings.push(error(
                "vpn-without-routing",
                subject,
                format!(
                    "nothing says which prefixes are behind {}: it has no ASN, and no static prefix is named",
                    gateway.address
                ),
                "name the gateway's ASN, or the prefixes behind it",
            ));
        }
    }
}

fn keys(vpn: &Vpn, findings: &mut Vec<Finding>) {
    let wanted = vpn.gateways.len().saturating_mul(TUNNELS);
    let count = vpn.keys.len();
    if count != 0 && count != wanted {
        findings.push(error(
            "key-count",
            "data-centre.vpn.keys",
            format!(
                "{count} keys are named for {} × {TUNNELS} = {wanted} tunnels",
                vpn.gateways.len()
            ),
            "name one key for each tunnel, or none and AWS makes them",
        ));
    }
}

/// Whether what is routed to the data centre is the data centre's.
fn prefixes(data_centre: &DataCentre, vpn: &Vpn, findings: &mut Vec<Finding>) {
    for prefix in &vpn.static_prefixes {
        if !data_centre.prefixes.iter().any(|own| own.contains(prefix)) {
            findings.push(error(
                "static-prefix-outside-data-centre",
                "data-centre.vpn.static-prefixes",
                format!("{prefix} is in none of the data centre's prefixes"),
                "correct it, or add it to data-centre.prefixes",
            ));
        }
    }
}

/// Whether each server of the customer's has a route over the VPN.
fn routed(estate: &Estate, vpn: &Vpn, findings: &mut Vec<Finding>) {
    if vpn.gateways.iter().any(|gateway| gateway.asn.is_some()) {
        return;
    }
    let bastions = estate.environments.iter().filter_map(|(id, environment)| {
        let BastionPlace::DataCentre { address, .. } = environment.bastion.place else {
            return None;
        };
        Some((format!("environments.{id}.bastion.address"), address))
    });
    let routed = |address: IpAddr| vpn.static_prefixes.iter().any(|net| net.contains(&address));
    for (subject, address) in servers(estate).into_iter().chain(bastions) {
        if in_data_centre(estate, address) && !routed(address) {
            findings.push(error(
                "server-not-routed",
                subject,
                format!("{address} is behind none of the VPN's static prefixes, so that no route leads to it"),
                "add its prefix to data-centre.vpn.static-prefixes",
            ));
        }
    }
}

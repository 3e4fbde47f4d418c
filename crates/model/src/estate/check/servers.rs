//! The customer's servers: DNS, NTP, mail, and those that use the products.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::addresses::{Purpose, purpose_of};
use crate::document::{Check, Report, quote, quote_key};
use crate::estate::{BastionPlace, DnsKeeper, Estate, Link, Mail};

const OUTSIDE: Check = Check::error(
    "server-outside-data-centre",
    "A server of the customer's lies outside the data centre's prefixes, so that no route leads to it.",
);
const NOT_JOINED: Check = Check::error(
    "server-not-joined",
    "A server has a private address, and no data centre is joined.",
);
const REPEATED: Check = Check::fatal("address-repeated", "Two servers have the same address.");
const NO_SERVER: Check = Check::error(
    "no-server",
    "A service that every host needs has no server.",
);
const SINGLE_DNS: Check = Check::warning(
    "single-dns-server",
    "There is one DNS server: without it no name of the customer's resolves.",
);
const SINGLE_NTP: Check = Check::warning(
    "single-ntp-server",
    "There is one NTP server: without it the clocks of a cluster drift apart.",
);
const FAMILY: Check = Check::error(
    "server-family",
    "A server has IPv6 addresses alone, and an environment that needs it has IPv4 alone.",
);
const PORT_ZERO: Check = Check::error("port-zero", "A port is 0, which nothing listens on.");

pub(super) const CHECKS: &[Check] = &[
    OUTSIDE, NOT_JOINED, REPEATED, NO_SERVER, SINGLE_DNS, SINGLE_NTP, FAMILY, PORT_ZERO,
];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    repeated(estate, report);
    let recovery = at_recovery(estate);
    for (path, address) in servers(estate).iter().chain(&recovery) {
        place(estate, path, *address, report);
    }
    // Route 53 has servers enough of its own.
    if estate.dns.keeper != DnsKeeper::Route53 {
        count(&estate.dns.servers, "dns.servers", SINGLE_DNS, report);
    }
    count(&estate.ntp.servers, "ntp.servers", SINGLE_NTP, report);
    families(estate, report);
}

/// Addresses with their paths.
fn listed(path: &str, servers: &[IpAddr]) -> Vec<(String, IpAddr)> {
    let servers = servers.iter().enumerate();
    servers
        .map(|(index, server)| (format!("{path}[{index}]"), *server))
        .collect()
}

/// Every server with its path.
fn servers(estate: &Estate) -> Vec<(String, IpAddr)> {
    let mut all = listed("dns.servers", &estate.dns.servers);
    all.extend(listed("ntp.servers", &estate.ntp.servers));
    all.extend(
        estate
            .customer_mail()
            .map(|smtp| ("smtp.address".to_owned(), smtp.address)),
    );
    if let Some(data_centre) = &estate.data_centre {
        all.extend(
            data_centre.clients.iter().map(|(name, address)| {
                (format!("data-centre.clients.{}", quote_key(name)), *address)
            }),
        );
    }
    all
}

/// The servers that the recovery site uses, which may be the estate's.
fn at_recovery(estate: &Estate) -> Vec<(String, IpAddr)> {
    let Some(recovery) = estate.wanted_recovery() else {
        return Vec::new();
    };
    let mut all = listed("recovery.dns-servers", &recovery.dns_servers);
    all.extend(listed("recovery.ntp-servers", &recovery.ntp_servers));
    if let Some(Mail::Customer(smtp)) = &recovery.mail {
        all.push(("recovery.smtp.address".to_owned(), smtp.address));
    }
    all
}

/// Two servers with one address, a bastion in the data centre and a gateway among them.
fn repeated(estate: &Estate, report: &mut Report) {
    let mut all = servers(estate);
    if let Some(Link::Vpn(vpn)) = estate.data_centre.as_ref().map(|centre| &centre.link) {
        // Two gateways with one address are said of the VPN.
        let first = vpn.gateways.first();
        all.extend(first.map(|it| ("data-centre.vpn.gateway".to_owned(), it.address)));
    }
    all.extend(estate.outbound.iter().filter_map(|(name, outbound)| {
        let path = format!("outbound.{}.address", quote_key(name));
        Some((path, outbound.address?))
    }));
    for (name, environment) in &estate.environments {
        if let BastionPlace::DataCentre {
            address,
            public_address,
        } = environment.bastion.place
        {
            let path = format!("{}.bastion", super::environment_path(name));
            all.push((format!("{path}.address"), address));
            all.push((format!("{path}.public-address"), public_address.into()));
        }
    }
    let mut seen: BTreeMap<IpAddr, String> = BTreeMap::new();
    for (path, address) in all {
        if report.doubts(&path) {
            continue;
        }
        match seen.get(&address) {
            // What hosts need may be served by a machine that does other things too: a directory server, for one.
            Some(_) if path.starts_with("outbound.") => {}
            Some(other) => report.add(
                REPEATED,
                &path,
                "taken already",
                format!("{address} is also {}: each server is a host of its own.", quote(other)),
                "Give each its own address; a server that does two things needs an address for each.",
            ),
            None => {
                seen.insert(address, path);
            }
        }
    }
}

/// Reports an address to which no route leads.
pub(super) fn place(estate: &Estate, path: &str, address: IpAddr, report: &mut Report) {
    match &estate.data_centre {
        Some(data_centre) => {
            let inside = data_centre.prefixes.iter().any(|prefix| prefix.contains(&address));
            // No prefix at all is said of the data centre.
            let certain = !data_centre.prefixes.is_empty() && !report.doubts("data-centre.prefixes");
            if !inside && certain {
                report.add(
                    OUTSIDE,
                    path,
                    "not in `data-centre.prefixes`",
                    format!("{address} lies in none of the data centre's prefixes, so that no route leads to it."),
                    "Correct the address, or add its prefix to `data-centre.prefixes`.",
                );
            }
        }
        None if purpose_of(address) != Purpose::Public && !report.doubts("data-centre") => report.add(
            NOT_JOINED,
            path,
            "not reachable",
            format!("{address} is not on the Internet, and no data centre is joined: no route leads to it."),
            "Add `[data-centre]` with the prefix of the server, or name a server on the Internet.",
        ),
        None => {}
    }
}

fn count(servers: &[IpAddr], path: &str, single: Check, report: &mut Report) {
    match servers.len() {
        0 => report.add(
            NO_SERVER,
            path,
            "empty",
            format!("{} is empty, and every host needs one.", quote(path)),
            "Name the customer's servers.",
        ),
        1 => report.add(
            single,
            path,
            "one only",
            single.meaning,
            "Name a second server, or waive this until the customer has one.",
        ),
        _ => {}
    }
}

/// Whether every environment can reach what all its hosts need.
fn families(estate: &Estate, report: &mut Report) {
    let Some((name, _)) = estate.environments.iter().find(|(_, it)| !it.ipv6) else {
        return;
    };
    let mail: Vec<_> = estate
        .customer_mail()
        .map(|smtp| smtp.address)
        .into_iter()
        .collect();
    for (path, servers) in [
        ("dns.servers", &estate.dns.servers),
        ("ntp.servers", &estate.ntp.servers),
        ("smtp.address", &mail),
    ] {
        if !servers.is_empty() && servers.iter().all(IpAddr::is_ipv6) {
            report.add(
                FAMILY,
                path,
                "IPv6 alone",
                format!("{} has IPv6 addresses alone, and {name} has IPv4 alone: its hosts cannot reach them.", quote(path)),
                format!("Name an IPv4 address too, or write `ipv6 = true` in {name}."),
            );
        }
    }
}

/// Reports a port on which nothing can listen.
pub(super) fn port_zero(path: &str, report: &mut Report) {
    report.add(
        PORT_ZERO,
        path,
        "nothing listens on 0",
        "Port 0 cannot be listened on.",
        "Write the port's number, 1 to 65535.",
    );
}

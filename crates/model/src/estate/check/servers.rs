//! The customer's servers: DNS, NTP, mail, and those that use the products. And what hosts need of the Internet.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::addresses::{Purpose, purpose_of};
use super::people::valid_mail;
use crate::document::{Check, Report, quote, quote_key};
use crate::estate::{DnsKeeper, Estate, Mail};

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
const SMTP_25: Check = Check::warning(
    "smtp-port-25",
    "Mail is submitted on port 25, which AWS throttles.",
);
const SMTP_465: Check = Check::error(
    "smtp-port-465",
    "Mail is submitted on port 465, where STARTTLS is not spoken.",
);
const SENDER: Check = Check::error("smtp-sender", "The sender is not a mail address.");
const PORT_ZERO: Check = Check::error("port-zero", "A port is 0, which nothing listens on.");

pub(super) const CHECKS: &[Check] = &[
    OUTSIDE, NOT_JOINED, REPEATED, NO_SERVER, SINGLE_DNS, SINGLE_NTP, SMTP_25, SMTP_465, SENDER,
    PORT_ZERO,
];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    places(estate, report);
    // Route 53 has servers enough of its own.
    if estate.dns.keeper != DnsKeeper::Route53 {
        count(&estate.dns.servers, "dns.servers", SINGLE_DNS, report);
    }
    count(&estate.ntp.servers, "ntp.servers", SINGLE_NTP, report);
    mail(estate, report);
    for (name, outbound) in &estate.outbound {
        if outbound.port == 0 {
            port_zero(&format!("outbound.{}.port", quote_key(name)), report);
        }
    }
}

/// Every server with its path.
fn servers(estate: &Estate) -> Vec<(String, IpAddr)> {
    let list = |path: &'static str, servers: &[IpAddr]| -> Vec<_> {
        let path_of = |index| format!("{path}.servers[{index}]");
        let servers = servers.iter().enumerate();
        servers
            .map(|(index, server)| (path_of(index), *server))
            .collect()
    };
    let mut all = list("dns", &estate.dns.servers);
    all.extend(list("ntp", &estate.ntp.servers));
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

fn places(estate: &Estate, report: &mut Report) {
    let mut seen: BTreeMap<IpAddr, String> = BTreeMap::new();
    for (path, address) in servers(estate) {
        if report.doubts(&path) {
            continue;
        }
        place(estate, &path, address, report);
        if let Some(other) = seen.get(&address) {
            report.add(
                REPEATED,
                &path,
                "taken already",
                format!("{address} is also {}: each server is a host of its own.", quote(other)),
                "Give each its own address; a server that does two things needs an address for each.",
            );
        }
        seen.entry(address).or_insert(path);
    }
}

fn place(estate: &Estate, path: &str, address: IpAddr, report: &mut Report) {
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

fn mail(estate: &Estate, report: &mut Report) {
    let sender = match &estate.mail {
        Mail::Customer(smtp) => {
            submission(smtp.port, report);
            ("smtp.sender", &smtp.sender)
        }
        Mail::Ses(ses) => ("ses.sender", &ses.sender),
    };
    let (path, sender) = sender;
    if !valid_mail(sender) {
        report.add(
            SENDER,
            path,
            "not a mail address",
            format!(
                "{} has no domain that a receiver could check, so that its mails would be refused.",
                quote(sender)
            ),
            "Write it like managed-cloud@example.com.",
        );
    }
}

fn submission(port: u16, report: &mut Report) {
    let path = "smtp.port";
    match port {
        0 => port_zero(path, report),
        25 => report.add(
            SMTP_25,
            path,
            "meant for servers",
            "Port 25 is for mail between servers. AWS throttles it for instances until a request is granted, and many servers there ask for no password.",
            "Use the submission port, 587.",
        ),
        465 => report.add(
            SMTP_465,
            path,
            "STARTTLS is not spoken here",
            "On port 465 TLS begins at once; Reeve and the products submit with STARTTLS.",
            "Use the submission port, 587.",
        ),
        _ => {}
    }
}

fn port_zero(path: &str, report: &mut Report) {
    report.add(
        PORT_ZERO,
        path,
        "nothing listens on 0",
        "Port 0 cannot be listened on.",
        "Write the port's number, 1 to 65535.",
    );
}

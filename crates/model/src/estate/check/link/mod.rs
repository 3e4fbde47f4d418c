//! Links to the data centre, the primary region's and the recovery region's: that each can be built as it is declared,
//! and that somebody uses it.

mod direct_connect;
mod vpn;

use std::net::IpAddr;

use crate::document::{Check, Report, quote_key};
use crate::estate::{BastionPlace, Estate, Link};

pub(super) use direct_connect::CHECKS as DIRECT_CONNECT_CHECKS;
pub(super) use vpn::CHECKS as VPN_CHECKS;

const BAD_ASN: Check = Check::error(
    "bad-asn",
    "An autonomous system number is reserved or taken by AWS.",
);
const UNUSED: Check = Check::warning(
    "link-unused",
    "A data centre is joined, and nobody there and nobody here uses the link.",
);
const LEADS_NOWHERE: Check = Check::error(
    "recovery-link-without-data-centre",
    "The recovery site has a link to a data centre that the estate does not have.",
);

pub(super) const CHECKS: &[Check] = &[BAD_ASN, UNUSED, LEADS_NOWHERE];

/// A link, the path of the table in which it is declared, and the region in which it ends.
struct Joint<'e> {
    estate: &'e Estate,
    path: &'static str,
    region: &'e str,
}

pub(super) fn check(estate: &Estate, report: &mut Report) {
    if let Some(data_centre) = &estate.data_centre {
        let joint = Joint {
            estate,
            path: "data-centre",
            region: &estate.region,
        };
        joint.check(&data_centre.link, report);
        unused(estate, report);
    }
    let recovery = estate.wanted_recovery();
    if let Some((recovery, link)) = recovery.and_then(|it| Some((it, it.link.as_ref()?))) {
        let joint = Joint {
            estate,
            path: "recovery",
            region: &recovery.region,
        };
        joint.check(link, report);
        if estate.data_centre.is_none() && !report.doubts("data-centre") {
            report.add(
                LEADS_NOWHERE,
                &joint.path_of(link),
                "leads to no data centre",
                "The recovery site is to be joined with a data centre, and the estate has none.",
                "Add `[data-centre]`, or remove the link.",
            );
        }
    }
}

impl Joint<'_> {
    fn check(&self, link: &Link, report: &mut Report) {
        let path = self.path_of(link);
        match link {
            Link::Vpn(vpn) => self.vpn(vpn, &path, report),
            Link::DirectConnect(line) => self.direct_connect(line, &path, report),
        }
    }

    fn path_of(&self, link: &Link) -> String {
        let table = match link {
            Link::Vpn(_) => "vpn",
            Link::DirectConnect(_) => "direct-connect",
        };
        format!("{}.{table}", self.path)
    }

    /// Sources: RFC 4893, 7300 and 7607 for reserved numbers; AWS's documentation of customer gateways for its own.
    fn number(&self, asn: u32, path: &str, report: &mut Report) {
        let why = match (asn, self.region) {
            (0 | 65_535 | u32::MAX, _) => "is reserved and never used",
            (23_456, _) => "stands for numbers of four bytes and is nobody's own",
            (65_552..=131_071, _) => "is reserved by IANA and nobody's own",
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
}

/// Everything of the customer's that may stand in the data centre, with its path: whoever uses the link.
fn at_the_customers(estate: &Estate) -> Vec<(String, IpAddr)> {
    let listed = |path: &'static str, servers: &[IpAddr]| -> Vec<_> {
        let numbered = servers.iter().enumerate();
        numbered
            .map(|(index, server)| (format!("{path}[{index}]"), *server))
            .collect()
    };
    let mut all = listed("dns.servers", &estate.dns.servers);
    all.extend(listed("ntp.servers", &estate.ntp.servers));
    let mail = estate.customer_mail();
    all.extend(mail.map(|smtp| ("smtp.address".to_owned(), smtp.address)));
    for (name, outbound) in &estate.outbound {
        let path = format!("outbound.{}.address", quote_key(name));
        all.extend(outbound.address.map(|address| (path, address)));
    }
    for (name, environment) in &estate.environments {
        if let BastionPlace::DataCentre { address, .. } = environment.bastion.place {
            let path = format!("{}.bastion.address", super::environment_path(name));
            all.push((path, address));
        }
    }
    if let Some(centre) = &estate.data_centre {
        for (name, client) in &centre.clients {
            let path = format!("data-centre.clients.{}", quote_key(name));
            all.push((path, *client));
        }
    }
    all
}

/// A link costs money, and is a way in: one that nobody uses is not to be built.
fn unused(estate: &Estate, report: &mut Report) {
    let Some(centre) = &estate.data_centre else {
        return;
    };
    let in_centre = |address: &IpAddr| centre.prefixes.iter().any(|net| net.contains(address));
    let served = at_the_customers(estate)
        .iter()
        .any(|(_, address)| in_centre(address));
    let mut products = estate
        .environments
        .values()
        .flat_map(|environment| environment.products.values());
    let serves = products.any(|product| !product.internal.is_empty());
    // What could not be read may be the one that uses it.
    if served || serves || report.is_faulty() {
        return;
    }
    report.add(
        UNUSED,
        "data-centre",
        "nobody uses the link",
        "No server and no client of the customer's lies in the data centre's prefixes, no bastion and no dependency stands there, and no product has a port under `internal`: the link would be paid for, and be a way in, for nothing.",
        "Name who uses it (`data-centre.clients`, `internal` ports, servers), or remove `[data-centre]`.",
    );
}

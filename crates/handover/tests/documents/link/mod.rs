//! What the customer's network team is given: every dialect, every way of routing.

mod lint;
mod sheet;

use std::collections::BTreeMap;

use crate::{golden, tools};
use handover::link::{Document, LinkContext, link};
use model::SecretName;
use model::vpn::{CustomerGateway, Tunnel, VpnConnection, VpnRouting};

/// A router of each dialect: the name of its goldens, vendor, model, software.
const ROUTERS: [(&str, [&str; 3]); 7] = [
    ("cisco-ios", ["Cisco", "ISR 4331", "IOS XE 17.6"]),
    ("cisco-asa", ["Cisco", "ASA 5516-X", "9.14"]),
    ("junos", ["Juniper", "SRX345", "Junos 21.4"]),
    ("fortios", ["Fortinet", "FortiGate 100F", "FortiOS 7.2"]),
    ("panos", ["Palo Alto Networks", "PA-850", "PAN-OS 10.2"]),
    ("strongswan", ["strongSwan", "server", "5.9.8"]),
    ("generic", ["MikroTik", "CCR2004", "RouterOS 7"]),
];

const BGP: VpnRouting = VpnRouting::Bgp {
    customer_asn: 65_010,
    amazon_asn: 64_512,
};

fn connection([vendor, model, software]: [&str; 3], routing: VpnRouting) -> VpnConnection {
    let tunnel = |outside: [u8; 4], inside: &str, key: &str| Tunnel {
        outside: outside.into(),
        inside: inside.parse().expect("a range"),
        key: SecretName(key.to_owned()),
    };
    VpnConnection {
        id: "vpn-1".into(),
        transit_gateway: "hub".into(),
        attachment: "data-centre/vpn".into(),
        site: "data-centre".into(),
        gateway: CustomerGateway {
            address: [203, 0, 113, 9].into(),
            vendor: vendor.to_owned(),
            model: model.to_owned(),
            software: software.to_owned(),
        },
        routing,
        site_prefixes: ["10.10.0.0/16", "172.20.4.0/22"]
            .map(|net| net.parse().expect("a range"))
            .into(),
        cloud_prefixes: ["10.20.0.0/16", "10.21.0.0/16", "2001:db8:20::/56"]
            .map(|net| net.parse().expect("a range"))
            .into(),
        tunnels: [
            tunnel(
                [198, 18, 1, 1],
                "169.254.10.0/30",
                "data-centre/vpn-1/tunnel-1",
            ),
            tunnel(
                [198, 18, 2, 1],
                "169.254.11.4/30",
                "data-centre/vpn-1/tunnel-2",
            ),
        ],
    }
}

fn keys() -> BTreeMap<SecretName, String> {
    BTreeMap::from([
        (
            SecretName("data-centre/vpn-1/tunnel-1".to_owned()),
            "file:secrets/vpn-1-tunnel-1".to_owned(),
        ),
        (
            SecretName("data-centre/vpn-1/tunnel-2".to_owned()),
            "AWS Secrets Manager: acme/vpn-1/tunnel-2".to_owned(),
        ),
    ])
}

fn files(connection: &VpnConnection, estate: &str) -> Vec<Document> {
    let context = LinkContext {
        estate,
        customer: "ACME Corporation",
        keys: &keys(),
    };
    link(connection, &context).expect("rendered").files
}

/// Every router with every way of routing: the golden's name and the connection.
fn cases() -> impl Iterator<Item = (String, VpnConnection)> {
    ROUTERS.into_iter().flat_map(|(name, router)| {
        [("bgp", BGP), ("static", VpnRouting::Static)]
            .map(|(way, routing)| (format!("{name}-{way}"), connection(router, routing)))
    })
}

#[test]
fn every_dialect_reads_as_it_did() {
    for (name, connection) in cases() {
        golden::check(&format!("link-{name}"), &files(&connection, "acme"));
    }
}

#[test]
fn bird_itself_takes_what_is_written_for_it() {
    for (name, connection) in cases() {
        for document in files(&connection, "acme") {
            if document.name.ends_with(".bird.conf") {
                tools::accepts("bird", &["-p", "-c"], &[], &document.text, &name);
            }
        }
    }
}

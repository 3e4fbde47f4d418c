//! The network team's sheet.

use handover::link::{DirectConnect, LinkContext, NetworkSheet, Opening, VirtualInterface};
use model::{SecretName, Traffic};

use super::{BGP, ROUTERS, connection, keys};
use crate::golden;

fn openings() -> Vec<Opening> {
    vec![
        Opening {
            from: "production: 10.20.0.0/16".to_owned(),
            to: "10.10.0.53".to_owned(),
            traffic: Traffic::udp(53),
            why: "names | of the data centre".to_owned(),
        },
        Opening {
            from: "10.10.8.0/24".to_owned(),
            to: "production/internal-balancer 10.20.1.10".to_owned(),
            traffic: Traffic::tcp(8243),
            why: "clients of the gateway".to_owned(),
        },
    ]
}

fn direct(site_prefixes: usize) -> DirectConnect {
    let interface = |number: u8| VirtualInterface {
        connection: format!("dx-{number}"),
        vlan: 100 + u16::from(number),
        customer_asn: 65_010,
        amazon_asn: 64_512,
        peers: ipnet::Ipv4Net::new_assert([169, 254, 20, 4 * number].into(), 30),
        key: SecretName(format!("data-centre/dx-{number}/md5")),
    };
    DirectConnect {
        provider: "Equinix".to_owned(),
        location: "EqFR5".to_owned(),
        bandwidth: "1 Gbit/s".to_owned(),
        interfaces: vec![interface(1), interface(2)],
        site_prefixes: vec!["10.10.0.0/16".parse().expect("a range"); site_prefixes],
        cloud_prefixes: vec!["10.20.0.0/16".parse().expect("a range")],
    }
}

fn sheet(
    routers: &[usize],
    direct: Option<&DirectConnect>,
    openings: &[Opening],
) -> handover::link::Document {
    let connections: Vec<_> = routers
        .iter()
        .map(|index| connection(ROUTERS[*index].1, BGP))
        .collect();
    NetworkSheet {
        context: LinkContext {
            estate: "acme",
            customer: "ACME | Corporation",
            keys: &keys(),
        },
        region: "eu-central-1",
        connections: &connections,
        direct_connect: direct,
        openings,
    }
    .document()
    .expect("rendered")
}

#[test]
fn it_reads_as_it_did() {
    golden::check("network-vpn", &[sheet(&[0, 6], None, &openings())]);
    golden::check(
        "network-direct-connect",
        &[sheet(&[], Some(&direct(1)), &openings())],
    );
    golden::check("network-none", &[sheet(&[], None, &[])]);
}

#[test]
fn more_prefixes_than_a_session_takes_are_said() {
    let says = |count| {
        sheet(&[], Some(&direct(count)), &[])
            .text
            .contains("AWS takes the session down")
    };
    assert!(!says(100));
    assert!(says(101));
}

#[test]
fn each_tunnel_asks_for_its_own_openings() {
    let text = sheet(&[0], None, &[]).text;
    for wanted in ["udp/500", "udp/4500", "protocol 50"] {
        assert_eq!(text.matches(wanted).count(), 2, "{wanted}");
    }
}

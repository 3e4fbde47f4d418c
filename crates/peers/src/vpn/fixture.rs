//! A connection and its routers, for tests.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use model::secret::SecretName;
use model::vpn::{CustomerGateway, Tunnel, VpnConnection, VpnRouting, VpnSide};

use super::{Installed, Leg, RouterPlan, Table};

pub(super) const BGP: VpnRouting = VpnRouting::Bgp {
    customer_asn: 65010,
    amazon_asn: 64512,
};

/// The table that AWS's router fills.
pub(super) const AMAZON_TABLE: u32 = 1000;

pub(super) fn connection(routing: VpnRouting) -> VpnConnection {
    let tunnel = |number: u8| Tunnel {
        outside: Ipv4Addr::new(198, 18, number, 1),
        inside: format!("169.254.{}.0/30", number + 10)
            .parse()
            .expect("a range"),
        key: SecretName(format!("vpn-1/tunnel-{number}")),
    };
    let nets = |all: &[&str]| {
        all.iter()
            .map(|net| net.parse().expect("a range"))
            .collect()
    };
    VpnConnection {
        id: "vpn-1".into(),
        transit_gateway: "hub".into(),
        attachment: "vpn".into(),
        site: "data-centre".into(),
        gateway: CustomerGateway {
            address: Ipv4Addr::new(203, 0, 113, 7),
            vendor: "strongSwan".to_owned(),
            model: "Linux".to_owned(),
            software: "5.9".to_owned(),
        },
        routing,
        site_prefixes: nets(&["10.10.0.0/16"]),
        cloud_prefixes: nets(&["10.20.0.0/16", "2001:db8::/32"]),
        tunnels: [tunnel(1), tunnel(2)],
    }
}

pub(super) fn router(vpn: &VpnConnection, side: VpnSide) -> RouterPlan {
    RouterPlan {
        side,
        // The second device's name is a word of BIRD's own.
        legs: [1, 4]
            .into_iter()
            .zip(vpn.named_tunnels())
            .map(|(number, (tunnel, _))| Leg {
                vpn: vpn.clone(),
                tunnel,
                device: format!("vpn{number}"),
            })
            .collect(),
        tables: vec![Table {
            number: AMAZON_TABLE,
            learns: [vpn.attachment.clone()].into(),
            fixed: Vec::new(),
        }],
        data: PathBuf::from("/run/reeve"),
        installed: Installed {
            charon: PathBuf::new(),
            swanctl: PathBuf::new(),
            bird: PathBuf::new(),
            ipsec: String::new(),
            routing: String::new(),
        },
    }
}

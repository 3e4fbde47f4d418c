//! A VPC with a host, a data centre with another, and a VPN connection between them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::IpNet;
use model::Network;
use model::network::{
    AclEntry, AttachedTo, Attachment, GroupHome, GroupRule, Interface, NetworkAcl, Place, Route,
    RouteTable, RouteTarget, RulePeer, SecurityGroup, Site, SiteKind, Subnet, TransitGateway,
    TransitRoute, Vpc,
};
use model::packet::Traffic;
use model::secret::SecretName;
use model::vpn::{CustomerGateway, Tunnel, VpnConnection, VpnRouting};

/// The data centre's prefix.
pub(crate) const SITE: &str = "10.10.0.0/16";

/// The VPC's range.
pub(crate) const CLOUD: &str = "10.20.0.0/16";

/// Where the VPC's host echoes.
pub(crate) const ECHO: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 20, 1, 10), 53);

/// The pre-shared keys of the two tunnels.
pub(crate) const KEYS: [&str; 2] = ["the first \"key\" of two", "the.second_key"];

/// How many questions tell whether a way is there.
pub(crate) const QUESTIONS: u16 = 10;

fn net(text: &str) -> IpNet {
    text.parse().expect("a range")
}

/// The first connection or the second: each has a gateway and tunnels of its own.
pub(crate) fn connection(routing: VpnRouting, which: u8) -> VpnConnection {
    let tunnel = |number: u8| Tunnel {
        outside: Ipv4Addr::new(198, 18, number, which),
        inside: format!("169.254.{}.0/30", number + 10 * which)
            .parse()
            .expect("a range"),
        key: SecretName(format!("data-centre/vpn-{which}/tunnel-{number}")),
    };
    VpnConnection {
        id: format!("vpn-{which}").as_str().into(),
        transit_gateway: "hub".into(),
        attachment: "data-centre".into(),
        site: "data-centre".into(),
        gateway: CustomerGateway {
            address: Ipv4Addr::new(203, 0, 113, which),
            vendor: "strongSwan".to_owned(),
            model: "Linux".to_owned(),
            software: "5.9".to_owned(),
        },
        routing,
        site_prefixes: vec![net(SITE)],
        cloud_prefixes: vec![net(CLOUD)],
        tunnels: [tunnel(1), tunnel(2)],
    }
}

pub(crate) fn network(routing: VpnRouting) -> Network {
    let mut network = Network::default();
    vpc(&mut network);
    network.sites.insert(
        "data-centre".into(),
        Site {
            kind: SiteKind::Private,
            prefixes: vec![net(SITE)],
        },
    );
    let interface = |host: &str, place, last, group: &[&str]| Interface {
        host: host.into(),
        place,
        addresses: vec![last],
        public: None,
        groups: group.iter().map(|&group| group.into()).collect(),
        source_dest_check: true,
    };
    let app = interface(
        "app",
        Place::Subnet("subnet".into()),
        ECHO.0.into(),
        &["group"],
    );
    let client = interface(
        "client",
        Place::Site("data-centre".into()),
        [10, 10, 0, 10].into(),
        &[],
    );
    network.interfaces.insert("app".into(), app);
    network.interfaces.insert("client".into(), client);
    network
        .transit_gateways
        .insert("hub".into(), transit(routing));
    network
}

fn vpc(network: &mut Network) {
    network.vpcs.insert(
        "vpc".into(),
        Vpc {
            region: "here".to_owned(),
            cidrs: vec![net(CLOUD)],
        },
    );
    let route = |destination, target| Route {
        destination: net(destination),
        target,
        propagated: false,
    };
    network.route_tables.insert(
        "table".into(),
        RouteTable {
            vpc: "vpc".into(),
            routes: vec![
                route(CLOUD, RouteTarget::Local),
                route(SITE, RouteTarget::TransitGateway("hub".into())),
            ],
        },
    );
    let everything = vec![AclEntry {
        number: 100,
        allow: true,
        traffic: Traffic::All,
        prefix: net("0.0.0.0/0"),
    }];
    network.acls.insert(
        "acl".into(),
        NetworkAcl {
            vpc: "vpc".into(),
            ingress: everything.clone(),
            egress: everything,
        },
    );
    network.subnets.insert(
        "subnet".into(),
        Subnet {
            vpc: "vpc".into(),
            zone: "a".to_owned(),
            cidrs: vec![net("10.20.1.0/24")],
            route_table: "table".into(),
            acl: "acl".into(),
        },
    );
    let any = || {
        vec![GroupRule {
            traffic: Traffic::All,
            peer: RulePeer::Prefix(net("0.0.0.0/0")),
            description: String::new(),
        }]
    };
    network.groups.insert(
        "group".into(),
        SecurityGroup {
            home: GroupHome::Vpc("vpc".into()),
            default: false,
            ingress: any(),
            egress: any(),
        },
    );
}

fn transit(routing: VpnRouting) -> TransitGateway {
    let route = |destination, to: &str, propagated| {
        vec![TransitRoute {
            destination: net(destination),
            attachment: Some(to.into()),
            propagated,
        }]
    };
    let attachment = |to, table: &str| Attachment {
        to,
        table: Some(table.into()),
    };
    let vpc = AttachedTo::Vpc {
        vpc: "vpc".into(),
        subnets: vec!["subnet".into()],
    };
    let learnt = matches!(routing, VpnRouting::Bgp { .. });
    TransitGateway {
        region: "here".to_owned(),
        attachments: BTreeMap::from([
            ("vpc".into(), attachment(vpc, "inside")),
            (
                "data-centre".into(),
                attachment(AttachedTo::Site("data-centre".into()), "outside"),
            ),
        ]),
        tables: BTreeMap::from([
            ("inside".into(), route(SITE, "data-centre", learnt)),
            ("outside".into(), route(CLOUD, "vpc", false)),
        ]),
    }
}

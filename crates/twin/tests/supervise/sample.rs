//! A network of three hosts, and a program for each.

use std::collections::BTreeMap;
use std::path::Path;

use model::HostId;
use model::network::{
    GroupHome, Interface, Network, NetworkAcl, Place, Route, RouteTable, RouteTarget,
    SecurityGroup, Subnet, Vpc,
};
use serde_json::{Value, json};
use twin::{Plan, Program};

use crate::program;

/// The hosts of every plan here.
pub(crate) const HOSTS: [&str; 3] = ["production/a", "production/b", "staging/c"];

/// Three hosts in one subnet. `mark` is in every process's command line; `inputs` are first messages, by host.
pub(crate) fn plan(run_dir: &Path, mark: &str, inputs: &[(&str, Value)]) -> Plan {
    let program = |host: &str| Program {
        argv: ["/proc/self/exe", program::WORD, mark, host]
            .map(str::to_owned)
            .to_vec(),
        hostname: host.replace('/', "-"),
        dns: vec!["10.9.0.2".parse().expect("an address")],
        search: vec!["acme.example".to_owned()],
        hosts_file: vec![(
            "10.9.0.10".parse().expect("an address"),
            "a.acme.example".to_owned(),
        )],
        input: inputs
            .iter()
            .find(|(name, _)| *name == host)
            .map_or_else(|| json!({"echo": host}), |(_, input)| input.clone()),
    };
    Plan {
        network: network(),
        vpns: Vec::new(),
        programs: BTreeMap::from(HOSTS.map(|host| (HostId::from(host), program(host)))),
        run_dir: run_dir.to_owned(),
        label: "sample".to_owned(),
        keep: false,
    }
}

fn network() -> Network {
    let range = "10.9.0.0/24".parse().expect("a range");
    let interface = |(host, last): (&str, u8)| {
        let interface = Interface {
            host: host.into(),
            place: Place::Subnet("subnet".into()),
            addresses: vec![[10, 9, 0, last].into()],
            public: None,
            groups: vec!["group".into()],
            source_dest_check: true,
        };
        (host.into(), interface)
    };
    Network {
        vpcs: BTreeMap::from([(
            "vpc".into(),
            Vpc {
                region: "here".to_owned(),
                cidrs: vec![range],
            },
        )]),
        subnets: BTreeMap::from([(
            "subnet".into(),
            Subnet {
                vpc: "vpc".into(),
                zone: "a".to_owned(),
                cidrs: vec![range],
                route_table: "table".into(),
                acl: "acl".into(),
            },
        )]),
        route_tables: BTreeMap::from([(
            "table".into(),
            RouteTable {
                vpc: "vpc".into(),
                routes: vec![Route {
                    destination: range,
                    target: RouteTarget::Local,
                    propagated: false,
                }],
            },
        )]),
        acls: BTreeMap::from([(
            "acl".into(),
            NetworkAcl {
                vpc: "vpc".into(),
                ingress: Vec::new(),
                egress: Vec::new(),
            },
        )]),
        groups: BTreeMap::from([(
            "group".into(),
            SecurityGroup {
                home: GroupHome::Vpc("vpc".into()),
                default: false,
                ingress: Vec::new(),
                egress: Vec::new(),
            },
        )]),
        interfaces: HOSTS.into_iter().zip(10..).map(interface).collect(),
        ..Network::default()
    }
}

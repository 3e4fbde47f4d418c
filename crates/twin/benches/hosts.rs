//! Stands many hosts up, each with its security groups and a program, and takes them down again. Prints what that took
//! as one JSON object: `cargo bench -p twin --bench hosts -- --hosts 100`. `cargo xtask bench twin` sets it beside a peer.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its figures"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::Instant;

use ipnet::{IpNet, Ipv4Net};
use model::network::{
    AclEntry, GroupHome, GroupRule, Interface, NetworkAcl, Place, Route, RouteTable, RouteTarget,
    RulePeer, SecurityGroup, Subnet, Vpc,
};
use model::packet::{PortRange, Traffic};
use model::{AclId, GroupId, HostId, InterfaceId, Network, RouteTableId, SubnetId, VpcId};
use serde_json::Value;

/// Hosts to a subnet, as a real environment has them: dozens, not hundreds.
const PER_SUBNET: usize = 25;

/// Tiers; each has a group of its own, which the next one may open.
const TIERS: usize = 5;

fn main() -> ExitCode {
    let argv: Vec<String> = std::env::args().collect();
    if let Some(code) = twin::main_if_hidden(&argv) {
        return code;
    }
    if argv.get(1).is_some_and(|word| word == "idle") {
        return idle();
    }
    let hosts = argv
        .iter()
        .position(|word| word == "--hosts")
        .and_then(|at| argv.get(at + 1)?.parse().ok());
    match measure(hosts.unwrap_or(100)) {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                eprintln!("  because: {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// What runs in each host: it says that it is ready, and waits for the end.
fn idle() -> ExitCode {
    let Ok(mut channel) = twin::host::channel() else {
        return ExitCode::FAILURE;
    };
    while let Ok(Some(request)) = channel.recv() {
        if channel.send(request.id, Ok(&Value::Null)).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(hosts: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let network = network(hosts)?;
    let rules: usize = network
        .groups
        .values()
        .map(|group| group.ingress.len() + group.egress.len())
        .sum();
    let programs = network
        .interfaces
        .values()
        .map(|interface| {
            let program = twin::Program {
                argv: vec!["/proc/self/exe".to_owned(), "idle".to_owned()],
                hostname: interface.host.as_str().replace('/', "-"),
                dns: Vec::new(),
                search: Vec::new(),
                hosts_file: Vec::new(),
                input: Value::Null,
            };
            (interface.host.clone(), program)
        })
        .collect();
    let folder = tempfile::tempdir()?;
    let plan = twin::Plan {
        network,
        vpns: Vec::new(),
        programs,
        run_dir: folder.path().join("run"),
        label: "bench".to_owned(),
        keep: false,
    };
    let began = Instant::now();
    let twin = twin::Twin::start(plan)?;
    let up = began.elapsed();
    let timings = *twin.timings();
    let memory = twin.memory()?;
    let began = Instant::now();
    twin.stop()?;
    let down = began.elapsed();
    Ok(serde_json::json!({
        "hosts": hosts,
        "group_rules": rules,
        "up_s": up.as_secs_f64(),
        "network_s": timings.network.as_secs_f64(),
        "programs_s": timings.programs.as_secs_f64(),
        "down_s": down.as_secs_f64(),
        "pss_bytes": memory.pss,
        "processes": memory.processes,
    }))
}

/// One VPC with hosts of several tiers in subnets with ACLs, every tier with a group that names the one before.
fn network(hosts: usize) -> Result<Network, Box<dyn std::error::Error>> {
    let mut network = Network::default();
    let vpc = VpcId::new("bench");
    let range = Ipv4Net::new(Ipv4Addr::new(10, 20, 0, 0), 16)?;
    network.vpcs.insert(
        vpc.clone(),
        Vpc {
            region: "eu-central-1".to_owned(),
            cidrs: vec![range.into()],
        },
    );
    let table = RouteTableId::new("bench/local");
    let local = Route {
        destination: range.into(),
        target: RouteTarget::Local,
        propagated: false,
    };
    network.route_tables.insert(
        table.clone(),
        RouteTable {
            vpc: vpc.clone(),
            routes: vec![local],
        },
    );
    let acl = AclId::new("bench/acl");
    let entry = AclEntry {
        number: 100,
        allow: true,
        traffic: Traffic::All,
        prefix: range.into(),
    };
    let entries = NetworkAcl {
        vpc: vpc.clone(),
        ingress: vec![entry.clone()],
        egress: vec![entry],
    };
    network.acls.insert(acl.clone(), entries);
    for tier in 0..TIERS {
        network
            .groups
            .insert(group_id(tier), group(&vpc, tier, range.into()));
    }
    for (index, cidr) in range
        .subnets(24)?
        .take(hosts.div_ceil(PER_SUBNET))
        .enumerate()
    {
        let id = SubnetId::new(format!("bench/subnet-{index}"));
        let subnet = Subnet {
            vpc: vpc.clone(),
            zone: format!("eu-central-1{}", if index % 2 == 0 { 'a' } else { 'b' }),
            cidrs: vec![cidr.into()],
            route_table: table.clone(),
            acl: acl.clone(),
        };
        network.subnets.insert(id.clone(), subnet);
        for (place, address) in cidr
            .hosts()
            .skip(9)
            .take(PER_SUBNET.min(hosts - index * PER_SUBNET))
            .enumerate()
        {
            let number = index * PER_SUBNET + place;
            let host = HostId::new(format!("bench/host-{number}"));
            let interface = Interface {
                host: host.clone(),
                place: Place::Subnet(id.clone()),
                addresses: vec![IpAddr::V4(address)],
                public: None,
                groups: vec![group_id(number % TIERS)],
                source_dest_check: true,
            };
            network
                .interfaces
                .insert(InterfaceId::new(host.as_str()), interface);
        }
    }
    Ok(network)
}

fn group_id(tier: usize) -> GroupId {
    GroupId::new(format!("bench/tier-{tier}"))
}

/// SSH from tier 0, an application's ports from the tier before, DNS and NTP out.
fn group(vpc: &VpcId, tier: usize, range: IpNet) -> SecurityGroup {
    let rule = |traffic, peer| GroupRule {
        traffic,
        peer,
        description: "bench".to_owned(),
    };
    let before = RulePeer::Group(group_id(tier.saturating_sub(1)));
    let after = RulePeer::Group(group_id((tier + 1).min(TIERS - 1)));
    SecurityGroup {
        home: GroupHome::Vpc(vpc.clone()),
        default: false,
        ingress: vec![
            rule(Traffic::tcp(22), RulePeer::Group(group_id(0))),
            rule(Traffic::tcp(9443), before.clone()),
            rule(
                Traffic::Tcp(PortRange {
                    first: 8243,
                    last: 8280,
                }),
                before,
            ),
        ],
        egress: vec![
            rule(Traffic::udp(53), RulePeer::Prefix(range)),
            rule(Traffic::udp(123), RulePeer::Prefix(range)),
            rule(Traffic::tcp(9443), after.clone()),
            rule(
                Traffic::Tcp(PortRange {
                    first: 8243,
                    last: 8280,
                }),
                after,
            ),
        ],
    }
}

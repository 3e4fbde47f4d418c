//! Faults in what joins places: each breaks a claim, wherever the bastions stand.

use model::Lock;
use model::Network;
use model::id::{AclId, AttachmentId, GroupId, InterfaceId, RouteTableId, VpcId};
use model::network::{AclEntry, GroupRule, Peering, RouteTarget, RulePeer, TransitRoute};
use model::packet::Traffic;

use crate::bastions::{Ground, put};
use crate::estates::{acme, designed};
use crate::proofs::broken_on;

/// Spoils acme's network with all bastions at one kind of place, and expects the claim to be broken by it.
fn check(ground: Ground, claim: &str, spoil: impl FnOnce(&mut Network)) {
    let mut estate = acme();
    put(&mut estate, &[ground, ground]);
    let design = designed(&estate, &Lock::default());
    let mut network = design.network();
    spoil(&mut network);
    let broken = broken_on(&design, &network);
    let named = format!("{claim}: ");
    assert!(
        broken.iter().any(|line| line.starts_with(&named)),
        "{claim}: {broken:#?}"
    );
}

fn rule(traffic: Traffic, prefix: &str) -> GroupRule {
    GroupRule {
        traffic,
        peer: RulePeer::Prefix(prefix.parse().expect("a range")),
        description: "a fault".to_owned(),
    }
}

/// Lets a group accept something.
fn let_in(network: &mut Network, group: &str, traffic: Traffic, from: &str) {
    let group = network.groups.get_mut(&GroupId::from(group));
    let group = group.expect("there is such a group");
    group.ingress.push(rule(traffic, from));
}

/// Lets a group send something.
fn let_out(network: &mut Network, group: &str, traffic: Traffic, to: &str) {
    let group = network.groups.get_mut(&GroupId::from(group));
    let group = group.expect("there is such a group");
    group.egress.push(rule(traffic, to));
}

/// Has an ACL let something in, before everything else.
fn admit(network: &mut Network, acl: &str, traffic: Traffic, from: &str) {
    let acl = network.acls.get_mut(&AclId::from(acl));
    let entry = AclEntry {
        number: 1,
        allow: true,
        traffic,
        prefix: from.parse().expect("a range"),
    };
    acl.expect("there is such an ACL").ingress.insert(0, entry);
}

/// Has the ACL of the bastions in the operator's VPC let everything out.
fn release(network: &mut Network, traffic: Traffic) {
    let acl = network.acls.get_mut(&AclId::from("operator-vpc/public"));
    let entry = AclEntry {
        number: 1,
        allow: true,
        traffic,
        prefix: EVERYWHERE.parse().expect("a range"),
    };
    acl.into_iter()
        .for_each(|acl| acl.egress.insert(0, entry.clone()));
}

const SSH: Traffic = Traffic::tcp(22);
const DOOR: Traffic = Traffic::tcp(40022);
const EVERYWHERE: &str = "0.0.0.0/0";

#[test]
fn a_bastion_open_to_everybody() {
    let claim = "production/ssh/bastion/only-from-operator";
    check(Ground::OperatorVpc, claim, |network| {
        let_in(network, "production/bastion", DOOR, EVERYWHERE);
        admit(network, "operator-vpc/public", DOOR, EVERYWHERE);
    });
    check(Ground::DataCentre, claim, |network| {
        let_in(network, "production/bastion/outside", DOOR, EVERYWHERE);
    });
    // From its own neighbours in the data centre.
    check(Ground::DataCentre, claim, |network| {
        let_in(network, "production/bastion", DOOR, "10.200.0.0/16");
    });
    let port = "production/ssh/bastion/only-its-port";
    check(Ground::DataCentre, port, |network| {
        let_in(
            network,
            "production/bastion/outside",
            SSH,
            "198.51.100.0/28",
        );
    });
}

#[test]
fn a_firewall_that_is_none() {
    let claim = "production/ssh/bastion/only-from-operator";
    check(Ground::DataCentre, claim, |network| {
        let id = InterfaceId::from("production/bastion/outside");
        let leg = network.interfaces.get_mut(&id);
        leg.expect("it has such a leg").groups.clear();
    });
}

#[test]
fn a_node_that_takes_ssh_from_more_than_the_bastion() {
    let claim = "production/ssh/apim-1/only-from-bastion";
    // Staging's bastion, which is next to production's.
    check(Ground::OperatorVpc, claim, |network| {
        let_in(network, "production/apim", SSH, "10.90.0.0/24");
        let_out(network, "staging/bastion", SSH, "10.20.0.0/16");
        admit(network, "production/app", SSH, "10.90.0.0/24");
    });
    check(Ground::DataCentre, claim, |network| {
        let_in(network, "production/apim", SSH, "10.200.0.0/16");
        admit(network, "production/app", SSH, "10.200.0.0/16");
    });
    for ground in [Ground::OperatorVpc, Ground::DataCentre] {
        check(ground, claim, |network| {
            let_in(network, "production/apim", SSH, "10.20.0.0/16");
            let_out(network, "production/is", SSH, "10.20.0.0/16");
        });
    }
}

#[test]
fn a_bastion_that_reaches_more_than_ssh() {
    for (ground, from) in [
        (Ground::OperatorVpc, "10.90.0.0/24"),
        (Ground::DataCentre, "10.200.9.0/24"),
    ] {
        check(ground, "production/ssh/bastion/nothing-else", |network| {
            let port = Traffic::tcp(9443);
            let_out(network, "production/bastion", port, "10.20.0.0/16");
            let_in(network, "production/apim", port, from);
            admit(network, "production/app", port, from);
            release(network, port);
        });
    }
    check(
        Ground::DataCentre,
        "production/ssh/bastion/nothing-else",
        |network| {
            let_out(
                network,
                "production/bastion",
                Traffic::tcp(443),
                "10.200.77.7/32",
            );
        },
    );
    check(
        Ground::OperatorVpc,
        "production/ssh/bastion/nothing-else",
        |network| {
            let port = Traffic::tcp(443);
            let_out(network, "production/bastion", port, EVERYWHERE);
            release(network, port);
        },
    );
}

#[test]
fn a_way_back_that_is_missing() {
    let claim = "production/ssh/apim-1/through-bastion";
    check(Ground::OperatorVpc, claim, |network| {
        let table = network
            .route_tables
            .get_mut(&RouteTableId::from("production/app-a"));
        let table = table.expect("the subnet has a table");
        table
            .routes
            .retain(|route| !matches!(route.target, RouteTarget::Peering(_)));
    });
    check(Ground::DataCentre, claim, |network| {
        let group = network.groups.get_mut(&GroupId::from("production/bastion"));
        group.expect("it is behind the firewall").egress.clear();
    });
}

#[test]
fn environments_that_are_joined() {
    let claim = "isolation/production/staging";
    for ground in Ground::ALL {
        check(ground, claim, |network| {
            let vpcs = [VpcId::from("production"), VpcId::from("staging")];
            network.peerings.insert("a-fault".into(), Peering { vpcs });
        });
        check(ground, claim, |network| {
            let gateway = network.transit_gateways.values_mut().next();
            let tables = &mut gateway.expect("there is one").tables;
            let table = tables.get_mut(&"account/environments".into());
            table.expect("environments ask it").push(TransitRoute {
                destination: "10.21.0.0/19".parse().expect("a range"),
                attachment: Some(AttachmentId::from("staging/transit")),
                propagated: true,
            });
        });
    }
}

#[test]
fn servers_behind_a_firewall_that_is_shut() {
    for (server, claim) in [
        ("ntp-1", "production/ntp/apim-1"),
        ("mail", "production/smtp/is-2"),
        ("dns-2", "production/dns/resolvers"),
    ] {
        check(Ground::Vpc, claim, |network| {
            let group = network
                .groups
                .get_mut(&GroupId::new(format!("data-centre/{server}")));
            let group = group.expect("it is behind the firewall");
            group.ingress.retain(|rule| rule.traffic == Traffic::All);
        });
    }
    check(Ground::Vpc, "production/dns/from-data-centre", |network| {
        let group = network.groups.get_mut(&GroupId::from("data-centre/dns-1"));
        group.expect("it is behind the firewall").egress.clear();
    });
}

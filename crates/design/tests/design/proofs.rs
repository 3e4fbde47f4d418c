//! Every intent of a design, proved on its own network by the prover.

use model::id::{AclId, AttachmentId, GatewayId, GroupId, RouteTableId, TransitTableId};
use model::network::{
    AclEntry, GroupRule, Route, RouteTarget, RulePeer, SecurityGroup, TransitRoute,
};
use model::packet::{PortRange, Traffic};
use model::{Lock, Network, Verdict};
use proptest::prelude::*;
use reach::Prover;

use crate::estates::{acme, designed, shape};
use design::Design;

/// Intents that do not hold on a network, with what the prover says.
pub(crate) fn broken_on(design: &Design, network: &Network) -> Vec<String> {
    let prover = Prover::new(network);
    let mut broken = Vec::new();
    for claim in design.claims() {
        for intent in &claim.intents {
            let proof = prover.prove(intent);
            if proof.verdict != Verdict::Holds {
                let (id, title) = (&claim.id, &intent.title);
                let witness = proof.witness.map(|witness| witness.packet.to_string());
                broken.push(format!("{id}: {title}: {}: {witness:?}", proof.detail));
            }
        }
    }
    broken
}

pub(crate) fn broken(design: &Design) -> Vec<String> {
    broken_on(design, &design.network())
}

/// Adds a rule to a group, in one direction.
fn rule(rules: &mut Vec<GroupRule>, traffic: Traffic, peer: RulePeer) {
    rules.push(GroupRule {
        traffic,
        peer,
        description: "a fault".to_owned(),
    });
}

fn group<'a>(network: &'a mut Network, name: &str) -> &'a mut SecurityGroup {
    let group = network.groups.get_mut(&GroupId::from(name));
    group.unwrap_or_else(|| panic!("no group {name}"))
}

fn prefix(text: &str) -> RulePeer {
    RulePeer::Prefix(text.parse().expect("a range"))
}

fn of(name: &str) -> RulePeer {
    RulePeer::Group(GroupId::from(name))
}

/// Spoils acme's network, and expects the named claim to be broken by it.
fn check(claim: &str, spoil: impl FnOnce(&mut Network)) {
    let mut estate = acme();
    for environment in estate.environments.values_mut() {
        environment.ipv6 = true;
    }
    let design = designed(&estate, &Lock::default());
    let mut network = design.network();
    spoil(&mut network);
    let broken = broken_on(&design, &network);
    let named = format!("production/{claim}: ");
    assert!(
        broken.iter().any(|line| line.starts_with(&named)),
        "{claim}: {broken:#?}"
    );
}

#[test]
fn a_balancer_that_a_node_does_not_let_in_breaks_a_claim() {
    check("targets/apim/internal", |network| {
        let apim = group(network, "production/apim");
        let balancer = of("production/internal-balancer");
        apim.ingress
            .retain(|rule| rule.peer != balancer || rule.traffic != Traffic::tcp(9443));
    });
}

/// Lets GRE through the public tier's ACL and into a group.
fn admit_gre(network: &mut Network, name: &str, from: &str) {
    let gre = Traffic::Protocol(47);
    let group = group(network, &format!("production/{name}"));
    rule(&mut group.ingress, gre, prefix(from));
    let acl = network.acls.get_mut(&AclId::from("production/public"));
    acl.expect("the public tier has an ACL").ingress.insert(
        0,
        AclEntry {
            number: 1,
            allow: true,
            traffic: gre,
            prefix: from.parse().expect("a range"),
        },
    );
}

#[test]
fn a_fault_in_a_group_breaks_a_claim() {
    check("ssh/bastion/only-from-operator", |network| {
        let bastion = group(network, "production/bastion");
        rule(
            &mut bastion.ingress,
            Traffic::tcp(40022),
            prefix("0.0.0.0/0"),
        );
    });
    check("ssh/bastion/only-its-port", |network| {
        let bastion = group(network, "production/bastion");
        rule(
            &mut bastion.ingress,
            Traffic::tcp(8443),
            prefix("198.51.100.0/28"),
        );
    });
    check("ssh/apim-2/only-from-bastion", |network| {
        rule(
            &mut group(network, "production/apim").ingress,
            Traffic::tcp(22),
            of("production/is"),
        );
        rule(
            &mut group(network, "production/is").egress,
            Traffic::tcp(22),
            of("production/apim"),
        );
    });
    check("consumers/is", |network| {
        rule(
            &mut group(network, "production/is").ingress,
            Traffic::tcp(9763),
            of("production/apim"),
        );
        rule(
            &mut group(network, "production/apim").egress,
            Traffic::tcp(9763),
            of("production/is"),
        );
    });
    check("database/only-from-products", |network| {
        let database = of("production/database");
        rule(
            &mut group(network, "production/resolver").egress,
            Traffic::tcp(5432),
            database,
        );
        let resolver = of("production/resolver");
        rule(
            &mut group(network, "production/database").ingress,
            Traffic::tcp(5432),
            resolver,
        );
    });
    check("data-centre/only-declared", |network| {
        let apim = group(network, "production/apim");
        rule(
            &mut apim.ingress,
            Traffic::tcp(9443),
            prefix("10.200.0.0/16"),
        );
    });
    check("internet/balancer-public-2/no-other-ports", |network| {
        let balancer = group(network, "production/public-balancer");
        rule(
            &mut balancer.ingress,
            Traffic::tcp(8443),
            prefix("0.0.0.0/0"),
        );
    });
    // GRE: neither TCP nor UDP nor ICMP.
    check("internet/balancer-public-1/no-other-ports", |network| {
        admit_gre(network, "public-balancer", "0.0.0.0/0");
    });
    check("ssh/bastion/only-its-port", |network| {
        admit_gre(network, "bastion", "198.51.100.0/28");
    });
    check("default-group", |network| {
        let default = group(network, "production/default");
        rule(&mut default.ingress, Traffic::All, prefix("10.20.0.0/16"));
    });
    check("ipv6", |network| {
        let apim = group(network, "production/apim");
        rule(&mut apim.ingress, Traffic::tcp(9443), prefix("::/0"));
    });
}

#[test]
fn a_fault_in_an_acl_or_a_route_breaks_a_claim() {
    check("outbound/apim-1", |network| {
        let acl = network.acls.get_mut(&AclId::from("production/app"));
        let acl = acl.expect("the app tier has an ACL");
        acl.ingress
            .retain(|entry| entry.traffic != Traffic::Tcp(PortRange::EPHEMERAL));
    });
    check("dns/resolvers", |network| {
        let acl = network.acls.get_mut(&AclId::from("production/app"));
        let second = "10.200.1.53/32".parse().expect("an address");
        acl.expect("the app tier has an ACL")
            .egress
            .retain(|entry| entry.prefix != second || entry.traffic != Traffic::tcp(53));
    });
    check("replies", |network| {
        let acl = network.acls.get_mut(&AclId::from("production/data"));
        acl.expect("the data tier has an ACL").egress.clear();
    });
    check("routes/data", |network| {
        let table = network
            .route_tables
            .get_mut(&RouteTableId::from("production/data"));
        table
            .expect("the data tier has a table")
            .routes
            .push(Route {
                destination: "0.0.0.0/0".parse().expect("a range"),
                target: RouteTarget::InternetGateway(GatewayId::from("production/internet")),
                propagated: false,
            });
    });
    check("data-centre/prefixes", |network| {
        for gateway in network.transit_gateways.values_mut() {
            let table = gateway
                .tables
                .get_mut(&TransitTableId::from("account/data-centre"));
            table.expect("the VPN has a table").push(TransitRoute {
                destination: "10.20.192.0/19".parse().expect("a range"),
                attachment: Some(AttachmentId::from("production/transit")),
                propagated: false,
            });
        }
    });
}

/// Lets a group send something to a range, and both tiers' ACLs pass it.
fn let_out(network: &mut Network, name: &str, traffic: Traffic, to: &str) {
    rule(
        &mut group(network, &format!("production/{name}")).egress,
        traffic,
        prefix(to),
    );
    for tier in ["app", "public"] {
        let acl = network
            .acls
            .get_mut(&AclId::new(format!("production/{tier}")));
        let acl = acl.expect("the tier has an ACL");
        for entries in [&mut acl.ingress, &mut acl.egress] {
            let entry = AclEntry {
                number: 1,
                allow: true,
                traffic,
                prefix: "0.0.0.0/0".parse().expect("a range"),
            };
            entries.insert(0, entry);
        }
    }
}

/// No host is known at any of these addresses: it is reached all the same.
#[test]
fn a_way_out_to_an_address_where_nobody_is_known_breaks_a_claim() {
    check("smtp/nothing-else", |network| {
        let_out(network, "is", Traffic::tcp(25), "0.0.0.0/0");
    });
    check("smtp/nothing-else", |network| {
        let_out(network, "is", Traffic::tcp(587), "10.200.9.9/32");
    });
    check("ntp/nothing-else", |network| {
        let_out(network, "apim", Traffic::udp(123), "192.0.2.200/32");
    });
    check("ntp/nothing-else", |network| {
        let_out(network, "bastion", Traffic::udp(123), "192.0.2.200/32");
    });
    check("dns/nothing-else", |network| {
        let_out(network, "resolver", Traffic::udp(53), "10.200.9.9/32");
    });
    check("dns/nothing-else", |network| {
        let_out(network, "apim", Traffic::udp(53), "192.0.2.200/32");
    });
    check("data-centre/only-its-servers", |network| {
        let_out(
            network,
            "internal-balancer",
            Traffic::tcp(443),
            "10.200.9.9/32",
        );
    });
    check("outbound/nothing-else", |network| {
        let_out(network, "public-balancer", Traffic::tcp(443), "0.0.0.0/0");
    });
    // The operator's second address, where no workstation stands: the ACL alone keeps port 443 from it.
    check("outbound/nothing-else", |network| {
        let acl = network.acls.get_mut(&AclId::from("production/app"));
        let acl = acl.expect("the app tier has an ACL");
        acl.egress
            .retain(|entry| entry.allow || entry.traffic != Traffic::All);
    });
    check("outbound/nothing-else", |network| {
        let_out(network, "apim", Traffic::Protocol(47), "0.0.0.0/0");
    });
}

/// An estate that publishes a console is designed as it says, and the claim says what that means.
#[test]
fn a_published_console_breaks_its_claim() {
    // Its own port, and the other one on which it answers.
    for port in ["https", "http"] {
        let mut estate = acme();
        for environment in estate.environments.values_mut() {
            let product = environment.products.get_mut("is").expect("acme has it");
            product.public = vec![port.to_owned()];
        }
        let broken = broken(&designed(&estate, &Lock::default()));
        assert_eq!(broken.len(), 2, "{port}: {broken:#?}");
        assert!(
            broken
                .iter()
                .all(|line| line.contains("/console/is/not-public: ")),
            "{port}: {broken:#?}"
        );
    }
}

#[test]
fn every_intent_of_acme_holds() {
    let broken = broken(&designed(&acme(), &Lock::default()));
    assert!(broken.is_empty(), "{broken:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        // Each case proves some hundred intents.
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_intent_of_any_estate_holds(shape in shape()) {
        let broken = broken(&designed(&shape.estate(), &Lock::default()));
        prop_assert!(broken.is_empty(), "{broken:#?}");
    }
}

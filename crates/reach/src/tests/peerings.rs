//! Peerings: between the own addresses of two VPCs, there and back each by a route, and no further.

use model::packet::Transport;

use super::paths::{End, check};
use super::plan::{Plan, at, estate, tcp};
use crate::endpoint::Endpoint;
use crate::trace::{Outcome, trace};

/// The estate, whose bastion is in a VPC of the operator's: `jump` there reaches `app` by a peering with production.
pub(super) fn peered() -> Plan {
    estate()
        .vpc("ops", &["10.9.0.0/16", "2001:db8:9::/56"])
        .internet_gateway("ops-igw", "ops", false)
        .subnet(
            "ops-a",
            "ops",
            &["10.9.1.0/24", "2001:db8:9:1::/64"],
            &[
                ("0.0.0.0/0", "igw ops-igw"),
                ("10.1.0.0/16", "pcx pcx"),
                ("2001:db8:1::/56", "pcx pcx"),
            ],
        )
        .group(
            "jump",
            "ops",
            &["tcp/22 198.51.100.0/24"],
            &["tcp/22 10.1.0.0/16", "tcp/22 2001:db8:1::/56"],
        )
        .host(
            "jump",
            "ops-a",
            &["10.9.1.10", "2001:db8:9:1::10"],
            &["jump"],
        )
        .public("jump", "198.18.9.10")
        .peering("pcx", "prod", "ops")
        .route("private-a", "10.9.0.0/16", "pcx pcx", false)
        .route("private-a", "2001:db8:9::/56", "pcx pcx", false)
        .group(
            "app",
            "prod",
            &["tcp/22 10.9.1.0/24", "tcp/22 2001:db8:9:1::/64"],
            &[],
        )
}

const SSH: (&str, &str) = ("10.9.1.10", "10.1.1.30");
const SSH_BY_IPV6: (&str, &str) = ("2001:db8:9:1::10", "2001:db8:1:1::30");

/// What becomes of the operator's SSH to the application.
fn check_ssh(plan: &Plan, (from, to): (&str, &str), wanted: &End, last: &str) {
    check(plan, "jump", "app", &tcp(from, to, 22), wanted, last);
}

#[test]
fn a_peering_leads_there_and_back_by_both_families() {
    let ingress = |prefix| format!("acl ops-open of ops-a: ingress entry {prefix}");
    let plan = peered();
    let v4 = ingress("100 allows all traffic from 0.0.0.0/0");
    check_ssh(&plan, SSH, &End::Answered, &v4);
    let v6 = ingress("101 allows all traffic from ::/0");
    check_ssh(&plan, SSH_BY_IPV6, &End::Answered, &v6);
}

#[test]
fn each_step_by_a_peering_is_named() {
    let packet = tcp(SSH.0, SSH.1, 22);
    let journey = trace(&peered().0, &Endpoint::Interface("jump".into()), &packet);
    let words: Vec<String> = journey
        .forward
        .hops
        .iter()
        .map(|hop| format!("{}: {}", hop.at, hop.decision))
        .collect();
    assert_eq!(
        words,
        [
            "group jump: egress rule 1 allows tcp/22 to 10.1.0.0/16",
            "acl ops-open of ops-a: egress entry 100 allows all traffic to 0.0.0.0/0",
            "route table ops-a-table: 10.1.0.0/16 goes to peering pcx",
            "peering pcx: leads from ops to prod",
            "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
            "group app: ingress rule 1 allows tcp/22 from 10.9.1.0/24",
        ]
    );
}

#[test]
fn the_way_back_needs_a_route_of_its_own() {
    let without = |prefix: &str| {
        let prefix = super::plan::net(prefix);
        peered().but(|network| {
            let table = network.route_tables.get_mut(&"private-a-table".into());
            let routes = &mut table.expect("there").routes;
            routes.retain(|route| route.destination != prefix);
        })
    };
    check_ssh(
        &without("10.9.0.0/16"),
        SSH,
        &End::Unanswered,
        "LOST NAT gateway nat: knows no connection that this answers",
    );
    check_ssh(
        &without("2001:db8:9::/56").but(|network| {
            network.internet_gateways.remove(&"eigw".into());
        }),
        SSH_BY_IPV6,
        &End::Unknown,
        "LOST unknown: egress-only gateway eigw is not one of prod",
    );
}

#[test]
fn the_acls_of_both_subnets_hold() {
    let all = ["1 allow all 0.0.0.0/0"];
    let no_ssh = ["1 deny tcp/22 0.0.0.0/0", "2 allow all 0.0.0.0/0"];
    check_ssh(
        &peered().acl("ops-a", &all, &no_ssh),
        SSH,
        &End::Lost,
        "LOST acl ops-a-acl of ops-a: egress entry 1 denies tcp/22 to 0.0.0.0/0",
    );
    check_ssh(
        &peered().acl("private-a", &no_ssh, &all),
        SSH,
        &End::Lost,
        "LOST acl private-a-acl of private-a: ingress entry 1 denies tcp/22 from 0.0.0.0/0",
    );
    check_ssh(
        &peered().acl("private-a", &all, &no_ssh[..1]),
        SSH,
        &End::Unanswered,
        "LOST acl private-a-acl of private-a: no egress entry matches tcp/49152 to 10.9.1.10: denied",
    );
}

#[test]
fn the_receivers_groups_hold() {
    let plan = peered().group("app", "prod", &["tcp/22 10.9.2.0/24"], &[]);
    let last = "LOST interface app: no ingress rule of app allows tcp/22 from 10.9.1.10";
    check_ssh(&plan, SSH, &End::Lost, last);
}

/// Traces a packet that no interface has the destination of, or the source of which is not the sender's VPC's.
fn check_lost(plan: &Plan, from: Endpoint, source: &str, destination: &str, last: &str) {
    let journey = trace(&plan.0, &from, &tcp(source, destination, 443));
    let hop = journey.forward.hops.last().expect("it meets something");
    assert_eq!(format!("{}: {}", hop.at, hop.decision), last);
    assert_eq!(journey.forward.outcome, Outcome::Lost);
}

#[test]
fn nothing_beyond_the_other_vpc_is_reached() {
    // The operator's VPC sends everything to its peer, which has a NAT gateway, a transit gateway and an Internet gateway.
    let plan = peered()
        .group("jump", "ops", &[], &["all 0.0.0.0/0"])
        .route("ops-a", "192.168.0.0/16", "pcx pcx", false)
        .route("ops-a", "203.0.113.0/24", "pcx pcx", false)
        .route("ops-a", "10.2.0.0/16", "pcx pcx", false)
        .route("ops-a", "198.18.0.0/24", "pcx pcx", false);
    let jump = || Endpoint::Interface("jump".into());
    for beyond in ["192.168.0.53", "203.0.113.80", "10.2.1.30", "198.18.0.20"] {
        let last = format!("peering pcx: {beyond} is not of prod: it leads no further");
        check_lost(&plan, jump(), "10.9.1.10", beyond, &last);
    }
    // The public address is there, but by the Internet.
    let open = peered().group("jump", "ops", &[], &["all 0.0.0.0/0"]);
    check(
        &open,
        "jump",
        "web",
        &tcp("10.9.1.10", "198.18.0.20", 443),
        &End::Answered,
        "acl ops-open of ops-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
    check_lost(
        &open,
        jump(),
        "10.9.1.10",
        "10.1.0.250",
        "NAT gateway nat: is not reached by a peering",
    );
    check_lost(
        &open,
        jump(),
        "10.9.1.10",
        "10.1.1.99",
        "prod: nobody has 10.1.1.99",
    );
}

#[test]
fn nothing_from_beyond_the_sending_vpc_passes() {
    // The data centre's packets come by the transit gateway into production, whose tables know the peering.
    let plan = peered()
        .transit("tgw", "dc", "10.9.0.0/16", Some("prod"))
        .route("transit-a", "10.9.0.0/16", "pcx pcx", false)
        .group("jump", "ops", &["all 0.0.0.0/0"], &[]);
    check(
        &plan,
        "dns",
        "jump",
        &tcp("192.168.0.53", "10.9.1.10", 443),
        &End::Lost,
        "LOST peering pcx: 192.168.0.53 is not of prod: nothing passes on by it",
    );
}

#[test]
fn two_peerings_do_not_make_one() {
    let plan = peered()
        .vpc("third", &["10.8.0.0/16"])
        .subnet(
            "third-a",
            "third",
            &["10.8.1.0/24"],
            &[("10.9.0.0/16", "pcx other")],
        )
        .group("third", "third", &["all 0.0.0.0/0"], &["all 0.0.0.0/0"])
        .host("third", "third-a", &["10.8.1.10"], &["third"])
        .peering("other", "third", "prod")
        .group("jump", "ops", &["all 0.0.0.0/0"], &["all 0.0.0.0/0"]);
    check(
        &plan,
        "third",
        "jump",
        &tcp("10.8.1.10", "10.9.1.10", 22),
        &End::Lost,
        "LOST peering other: 10.9.1.10 is not of prod: it leads no further",
    );
}

#[test]
fn what_a_nat_gateway_sends_by_a_peering_is_unknown() {
    let plan = peered()
        .but(|network| {
            let table = network.route_tables.get_mut(&"private-a-table".into());
            let routes = &mut table.expect("there").routes;
            routes.retain(|route| route.destination != super::plan::net("10.9.0.0/16"));
        })
        .route("public-a", "10.9.0.0/16", "pcx pcx", false)
        .group("app", "prod", &[], &["all 0.0.0.0/0"])
        .group("jump", "ops", &["all 0.0.0.0/0"], &[]);
    check(
        &plan,
        "app",
        "jump",
        &tcp("10.1.1.30", "10.9.1.10", 443),
        &End::Unknown,
        "LOST unknown: what a NAT gateway sends by peering pcx",
    );
}

#[test]
fn a_peering_that_is_not_there_or_of_others_is_unknown() {
    for (name, plan) in [
        (
            "gone",
            peered().route("ops-a", "10.1.1.0/24", "pcx gone", false),
        ),
        (
            "strange",
            peered().peering("strange", "prod", "staging").route(
                "ops-a",
                "10.1.1.0/24",
                "pcx strange",
                false,
            ),
        ),
    ] {
        let last = format!("LOST unknown: peering {name} does not join ops");
        check_ssh(&plan, SSH, &End::Unknown, &last);
    }
}

/// Groups that name each other over the peering.
fn by_groups() -> Plan {
    peered()
        .group("app", "prod", &["tcp/22 jump"], &[])
        .group("jump", "ops", &[], &["tcp/22 app"])
}

#[test]
fn a_rule_that_names_a_group_of_the_peers_holds_over_the_peering() {
    let last = "acl ops-open of ops-a: ingress entry 100 allows all traffic from 0.0.0.0/0";
    check_ssh(&by_groups(), SSH, &End::Answered, last);
    let last = "LOST interface app: no ingress rule of app allows tcp/22 from 10.9.1.11";
    let other = by_groups()
        .group("spare", "ops", &[], &["tcp/22 10.1.0.0/16"])
        .host("spare", "ops-a", &["10.9.1.11"], &["spare"]);
    check(
        &other,
        "spare",
        "app",
        &tcp("10.9.1.11", "10.1.1.30", 22),
        &End::Lost,
        last,
    );
}

#[test]
fn by_another_way_or_abroad_such_a_rule_is_unknown() {
    let out = "LOST unknown: egress rule 1 of group jump names app, a group of another VPC";
    let into = "LOST unknown: ingress rule 1 of group app names jump, a group of another VPC";
    let abroad = |plan: Plan| {
        plan.but(|network| {
            let ops = network.vpcs.get_mut(&"ops".into()).expect("there");
            ops.region = "eu-west-1".to_owned();
        })
    };
    check_ssh(&abroad(by_groups()), SSH, &End::Unknown, out);
    let open = by_groups().group("jump", "ops", &[], &["tcp/22 0.0.0.0/0"]);
    check_ssh(&abroad(open.clone()), SSH, &End::Unknown, into);
    // By the transit gateway, though there is a peering.
    let by_transit = |plan: Plan| {
        plan.subnet("ops-x-a", "ops", &["10.9.9.0/28"], &[])
            .attach_vpc("tgw", "ops", &["ops-x-a"])
            .route("ops-a", "10.1.1.0/24", "tgw tgw", false)
            .transit("tgw", "ops", "10.1.0.0/16", Some("prod"))
    };
    check_ssh(&by_transit(by_groups()), SSH, &End::Unknown, out);
    check_ssh(&by_transit(open), SSH, &End::Unknown, into);
}

#[test]
fn an_echo_goes_by_a_peering_too() {
    let plan = peered()
        .group("app", "prod", &["icmp/8 10.9.0.0/16"], &[])
        .group("jump", "ops", &[], &["icmp/8 10.1.0.0/16"]);
    let packet = model::packet::Packet {
        source: at(SSH.0),
        destination: at(SSH.1),
        transport: Transport::Icmp { kind: 8, code: 0 },
    };
    let last = "acl ops-open of ops-a: ingress entry 100 allows all traffic from 0.0.0.0/0";
    check(&plan, "jump", "app", &packet, &End::Answered, last);
}

#[test]
fn a_group_of_a_vpc_that_looks_like_the_peer_does_not_count_as_the_peers() {
    // Another VPC has the same ranges, and a host at the same address.
    let plan = |rules: &[&str]| {
        peered()
            .vpc("alike", &["10.9.0.0/16"])
            .subnet("alike-a", "alike", &["10.9.1.0/24"], &[])
            .group("stranger", "alike", &[], &[])
            .host("stranger", "alike-a", &["10.9.1.10"], &["stranger"])
            .group("app", "prod", rules, &[])
    };
    let last = "LOST unknown: ingress rule 1 of group app names stranger, a group of another VPC";
    check_ssh(&plan(&["tcp/22 stranger"]), SSH, &End::Unknown, last);
    let last = "acl ops-open of ops-a: ingress entry 100 allows all traffic from 0.0.0.0/0";
    let both = plan(&["tcp/22 stranger", "tcp/22 jump"]);
    check_ssh(&both, SSH, &End::Answered, last);
}

#[test]
fn a_nat_gateway_gets_no_answer_by_a_peering() {
    // The packet goes by the transit gateway; the answer comes by the peering, to the NAT gateway's address.
    let plan = peered()
        .subnet("ops-x-a", "ops", &["10.9.9.0/28"], &[])
        .attach_vpc("tgw", "ops", &["ops-x-a"])
        .transit("tgw", "prod", "10.9.0.0/16", Some("ops"))
        .route("private-a", "10.9.1.0/24", "nat nat", false)
        .route("public-a", "10.9.0.0/16", "tgw tgw", false)
        .group("app", "prod", &[], &["all 0.0.0.0/0"])
        .group("jump", "ops", &["all 0.0.0.0/0"], &[]);
    let last = "LOST NAT gateway nat: is not reached by a peering";
    let packet = tcp("10.1.1.30", "10.9.1.10", 443);
    check(&plan, "app", "jump", &packet, &End::Unanswered, last);
}

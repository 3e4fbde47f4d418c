//! AWS's rules that catch planners out: for each the packet that shows it, traced and predicted.

use model::claim::Hop;
use model::network::SiteKind;
use model::packet::{Packet, Transport};

use super::plan::{Plan, at, estate, net, tcp};
use crate::delivery::predicted;
use crate::endpoint::Endpoint;
use crate::prover::Prover;
use crate::trace::{Outcome, trace};

/// What becomes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Answered,
    Unanswered,
    Lost,
    Unknown,
}

/// Traces a packet between two interfaces, wants an end and the words of the last hop, and the same of the prover.
pub(super) fn check(plan: &Plan, from: &str, to: &str, packet: &Packet, wanted: &End, last: &str) {
    let network = &plan.0;
    let sender = Endpoint::Interface(from.into());
    let journey = trace(network, &sender, packet);
    let words: Vec<String> = journey.hops().iter().map(words).collect();
    let end = match (
        &journey.forward.outcome,
        journey.reply.as_ref().map(|reply| &reply.outcome),
    ) {
        (Outcome::Lost, _) => End::Lost,
        (Outcome::Unknown(_), _) | (_, Some(Outcome::Unknown(_))) => End::Unknown,
        (Outcome::Delivered { .. }, Some(Outcome::Delivered { .. })) => End::Answered,
        (Outcome::Delivered { .. }, _) => End::Unanswered,
    };
    assert_eq!(end, *wanted, "{packet}: {words:#?}");
    assert_eq!(
        words.last().map(String::as_str),
        Some(last),
        "{packet}: {words:#?}"
    );
    let deliveries = Prover::new(network).delivery(&from.into(), &to.into());
    let delivery = deliveries
        .iter()
        .find(|delivery| delivery.destination == packet.destination)
        .expect("the receiver has the address");
    let says = predicted(delivery, packet).map(|says| (says.delivered, says.answered));
    let agreed = match end {
        End::Answered => says == Some((true, Some(true))),
        End::Unanswered => matches!(says, Some((true, Some(false) | None))),
        End::Lost => matches!(says, Some((false, Some(false) | None))),
        End::Unknown => matches!(says, None | Some((true, None))),
    };
    assert!(agreed, "{packet}: {end:?}, and the prover says {says:?}");
}

fn words(hop: &Hop) -> String {
    let mark = if hop.passed { "" } else { "LOST " };
    format!("{mark}{}: {}", hop.at, hop.decision)
}

fn echo(source: &str, destination: &str) -> Packet {
    Packet {
        source: at(source),
        destination: at(destination),
        transport: Transport::Icmp { kind: 8, code: 0 },
    }
}

#[test]
fn a_packet_goes_where_it_may() {
    let plan = estate();
    check(
        &plan,
        "operator",
        "bastion",
        &tcp("198.51.100.10", "198.18.0.10", 22),
        &End::Answered,
        "site operator: 198.51.100.10 is operator",
    );
    check(
        &plan,
        "bastion",
        "app",
        &tcp("10.1.0.10", "10.1.1.30", 22),
        &End::Answered,
        "acl prod-open of public-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
}

#[test]
fn each_decision_is_named() {
    let plan = estate();
    let packet = tcp("10.1.1.30", "203.0.113.80", 443);
    let journey = trace(&plan.0, &Endpoint::Interface("app".into()), &packet);
    let words: Vec<String> = journey.hops().iter().map(words).collect();
    assert_eq!(
        words,
        [
            "group app: egress rule 1 allows tcp/443 to 0.0.0.0/0",
            "route table private-a-table: 0.0.0.0/0 goes to NAT gateway nat",
            "acl prod-open of private-a: egress entry 100 allows all traffic to 0.0.0.0/0",
            "acl prod-open of public-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
            "NAT gateway nat: source 10.1.1.30 becomes 10.1.0.250",
            "acl prod-open of public-a: egress entry 100 allows all traffic to 0.0.0.0/0",
            "route table public-a-table: 0.0.0.0/0 goes to Internet gateway igw",
            "Internet gateway igw: source 10.1.0.250 becomes 198.18.0.250",
            "site internet: 203.0.113.80 is mirror",
            "mirror: answers tcp 203.0.113.80:443 > 198.18.0.250:49152",
            "Internet gateway of prod: destination 198.18.0.250 becomes 10.1.0.250",
            "acl prod-open of public-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
            "NAT gateway nat: destination 10.1.0.250 becomes 10.1.1.30",
            "acl prod-open of public-a: egress entry 100 allows all traffic to 0.0.0.0/0",
            "route table public-a-table: 10.1.0.0/16 is local",
            "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
        ]
    );
}

#[test]
fn a_group_named_as_a_peer_is_its_members_private_addresses() {
    // The same two hosts, by the private and by the public address.
    let plan = estate()
        .group("web", "prod", &["tcp/443 bastion"], &[])
        .group("bastion", "prod", &[], &["tcp/443 0.0.0.0/0"]);
    check(
        &plan,
        "bastion",
        "web",
        &tcp("10.1.0.10", "10.1.0.20", 443),
        &End::Answered,
        "interface web: the groups know the connection",
    );
    check(
        &plan,
        "bastion",
        "web",
        &tcp("10.1.0.10", "198.18.0.20", 443),
        &End::Lost,
        "LOST interface web: no ingress rule of web allows tcp/443 from 198.18.0.10",
    );
}

#[test]
fn a_group_of_another_vpc_named_as_a_peer_is_unknown() {
    let joined = |stage: &[&str], app: &[&str]| {
        estate()
            .group("stage", "staging", stage, &[])
            .group("app", "prod", &[], app)
            .transit("tgw", "prod", "10.2.0.0/16", Some("staging"))
            .route("stage-a", "10.1.0.0/16", "tgw tgw", false)
            .transit("tgw", "staging", "10.1.0.0/16", Some("prod"))
    };
    let packet = tcp("10.1.1.30", "10.2.1.30", 22);
    let open = ["all 0.0.0.0/0"];
    let inward = "LOST unknown: ingress rule 1 of group stage names app, a group of another VPC";
    let plan = joined(&["tcp/22 app"], &open);
    check(&plan, "app", "stage", &packet, &End::Unknown, inward);
    let outward = "LOST unknown: egress rule 1 of group app names stage, a group of another VPC";
    let plan = joined(&open, &["tcp/22 stage"]);
    check(&plan, "app", "stage", &packet, &End::Unknown, outward);
    // What another rule lets through arrives; what no rule names is lost.
    let arrives = "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0";
    let plan = joined(&["tcp/22 app", "tcp/20-30 10.1.0.0/16"], &open);
    check(&plan, "app", "stage", &packet, &End::Answered, arrives);
    let plan = joined(&["tcp/23 app"], &open);
    let lost = "LOST interface stage: no ingress rule of stage allows tcp/22 from 10.1.1.30";
    check(&plan, "app", "stage", &packet, &End::Lost, lost);
}

#[test]
fn after_nat_a_group_matches_no_more() {
    let plan = estate().group("web", "prod", &["tcp/443 app"], &[]);
    check(
        &plan,
        "app",
        "web",
        &tcp("10.1.1.30", "198.18.0.20", 443),
        &End::Lost,
        "LOST interface web: no ingress rule of web allows tcp/443 from 198.18.0.250",
    );
}

#[test]
fn the_vpcs_own_public_address_goes_out_and_comes_back_in() {
    check(
        &estate(),
        "app",
        "web",
        &tcp("10.1.1.30", "198.18.0.20", 443),
        &End::Answered,
        "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
}

#[test]
fn a_stateless_acl_drops_the_answer() {
    let all = ["100 allow all 0.0.0.0/0"];
    let plan = estate().acl("public-a", &all, &["100 allow tcp/443 0.0.0.0/0"]);
    check(
        &plan,
        "client",
        "web",
        &tcp("203.0.113.9", "198.18.0.20", 443),
        &End::Unanswered,
        "LOST acl public-a-acl of public-a: no egress entry matches tcp/49152 to 203.0.113.9: denied",
    );
}

#[test]
fn the_first_entry_of_an_acl_decides() {
    let all = ["100 allow all 0.0.0.0/0"];
    let plan = estate().acl(
        "public-a",
        &["200 allow all 0.0.0.0/0", "50 deny tcp/443 203.0.113.0/24"],
        &all,
    );
    check(
        &plan,
        "client",
        "web",
        &tcp("203.0.113.9", "198.18.0.20", 443),
        &End::Lost,
        "LOST acl public-a-acl of public-a: ingress entry 50 denies tcp/443 from 203.0.113.0/24",
    );
}

#[test]
fn within_a_subnet_no_acl_is_asked() {
    let plan = estate()
        .acl(
            "public-a",
            &["1 deny all 0.0.0.0/0"],
            &["1 deny all 0.0.0.0/0"],
        )
        .group("web", "prod", &["tcp/443 bastion"], &[])
        .group("bastion", "prod", &[], &["tcp/443 web"]);
    check(
        &plan,
        "bastion",
        "web",
        &tcp("10.1.0.10", "10.1.0.20", 443),
        &End::Answered,
        "interface web: the groups know the connection",
    );
}

#[test]
fn a_propagated_route_never_beats_the_local_one() {
    let plan = estate().route("public-a", "10.1.1.0/24", "tgw tgw", true);
    check(
        &plan,
        "bastion",
        "app",
        &tcp("10.1.0.10", "10.1.1.30", 22),
        &End::Answered,
        "acl prod-open of public-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
}

#[test]
fn an_egress_only_gateway_lets_answers_in_and_nothing_else() {
    let plan = estate()
        .but(|network| {
            network.internet_gateways.remove(&"igw".into());
        })
        .group("app", "prod", &["all ::/0"], &["tcp/443 ::/0"]);
    check(
        &plan,
        "app",
        "client",
        &tcp("2001:db8:1:1::30", "2001:db8:ffff::9", 443),
        &End::Answered,
        "acl prod-open of private-a: ingress entry 101 allows all traffic from ::/0",
    );
    check(
        &plan,
        "client",
        "app",
        &tcp("2001:db8:ffff::9", "2001:db8:1:1::30", 443),
        &End::Lost,
        "LOST prod: no gateway lets in what is sent to 2001:db8:1:1::30",
    );
}

/// Two VPCs with IPv6 whose subnets go out by egress-only gateways; only `two` has a plain Internet gateway too.
fn egress_only_on_both_sides() -> Plan {
    let mut plan = Plan::default().internet_gateway("igw2", "two", false);
    for (index, vpc) in [(1, "one"), (2, "two")] {
        let of = |rest: &str| format!("2001:db8:{index}{rest}");
        let gateway = format!("eigw{index}");
        let name = format!("{vpc}-a");
        plan = plan
            .vpc(vpc, &[&format!("10.{index}.0.0/16"), &of("::/48")])
            .internet_gateway(&gateway, vpc, true)
            .subnet(
                &name,
                vpc,
                &[&format!("10.{index}.0.0/24"), &of("::/64")],
                &[("::/0", &format!("eigw {gateway}"))],
            )
            .group(vpc, vpc, &["all ::/0"], &["all ::/0"])
            .host(vpc, &name, &[&of("::10")], &[vpc]);
    }
    plan
}

#[test]
fn an_answer_that_leaves_by_an_egress_only_gateway_returns_by_another() {
    check(
        &egress_only_on_both_sides(),
        "one",
        "two",
        &tcp("2001:db8:1::10", "2001:db8:2::10", 443),
        &End::Answered,
        "acl one-open of one-a: ingress entry 101 allows all traffic from ::/0",
    );
    check(
        &egress_only_on_both_sides(),
        "two",
        "one",
        &tcp("2001:db8:2::10", "2001:db8:1::10", 443),
        &End::Lost,
        "LOST one: no gateway lets in what is sent to 2001:db8:1::10",
    );
}

#[test]
fn what_an_egress_only_gateway_makes_of_foreign_sources_is_unknown() {
    // `one` sends by `two`, whose gateway would let it out if it were its own.
    let plan = egress_only_on_both_sides()
        .subnet("crossing-a", "one", &["10.1.9.0/28"], &[])
        .attach_vpc("tgw", "one", &["crossing-a"])
        .attach_vpc("tgw", "two", &["two-a"])
        .transit("tgw", "one", "2001:db8:ffff::/48", Some("two"))
        .route("one-a", "2001:db8:ffff::/48", "tgw tgw", false)
        .site("internet", SiteKind::Internet, &[])
        .outsider("client", "internet", &["2001:db8:ffff::9"]);
    check(
        &plan,
        "one",
        "client",
        &tcp("2001:db8:1::10", "2001:db8:ffff::9", 443),
        &End::Unknown,
        "LOST unknown: egress-only gateway eigw2 with IPv6 sources of outside two",
    );
}

#[test]
fn a_plain_gateway_lets_ipv6_in_where_ipv4_has_no_address() {
    let plan = estate().group("app", "prod", &["tcp/443 ::/0"], &[]);
    check(
        &plan,
        "client",
        "app",
        &tcp("2001:db8:ffff::9", "2001:db8:1:1::30", 443),
        &End::Answered,
        "site internet: 2001:db8:ffff::9 is client",
    );
}

#[test]
fn what_has_no_public_address_does_not_pass_the_gateway() {
    let plan = estate().but(|network| {
        let bastion = network
            .interfaces
            .get_mut(&"bastion".into())
            .expect("the bastion");
        bastion.public = None;
    });
    let plan = plan.group("bastion", "prod", &[], &["all 0.0.0.0/0"]);
    check(
        &plan,
        "bastion",
        "mirror",
        &tcp("10.1.0.10", "203.0.113.80", 443),
        &End::Lost,
        "LOST Internet gateway igw: 10.1.0.10 has no public address",
    );
}

#[test]
fn a_private_address_is_nobody_on_the_internet() {
    check(
        &estate(),
        "client",
        "app",
        &tcp("203.0.113.9", "10.1.1.30", 8080),
        &End::Lost,
        "LOST the Internet: no route to 10.1.1.30",
    );
}

#[test]
fn a_nat_gateway_opens_nothing_inward() {
    let packet = tcp("203.0.113.9", "198.18.0.250", 443);
    let journey = trace(&estate().0, &Endpoint::Interface("client".into()), &packet);
    let last = journey.forward.hops.last().map(words);
    let wanted = "LOST NAT gateway nat: knows no connection that this answers";
    assert_eq!(last.as_deref(), Some(wanted));
}

#[test]
fn an_answer_finds_the_nat_gateway_by_a_route_to_it_too() {
    // The gateway's own range, seen from where the transit gateway comes in, leads to the gateway.
    let plan = estate()
        .group("app", "prod", &[], &["udp/53 192.168.0.0/16"])
        .but(|network| {
            let table = network.route_tables.get_mut(&"private-a-table".into());
            let routes = &mut table.expect("the table").routes;
            routes.retain(|route| route.destination != net("192.168.0.0/16"));
        })
        .route("transit-a", "10.1.0.0/24", "nat nat", false)
        .transit("tgw", "dc", "10.1.0.0/16", Some("prod"));
    let packet = Packet {
        transport: Transport::Udp {
            source: 49152,
            destination: 53,
        },
        ..tcp("10.1.1.30", "192.168.0.53", 53)
    };
    check(
        &plan,
        "app",
        "dns",
        &packet,
        &End::Answered,
        "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
}

#[test]
fn what_a_nat_gateway_does_not_translate_is_unknown() {
    let plan = estate().group("app", "prod", &[], &["all 0.0.0.0/0"]);
    let packet = Packet {
        transport: Transport::Other(50),
        ..tcp("10.1.1.30", "203.0.113.80", 0)
    };
    check(
        &plan,
        "app",
        "mirror",
        &packet,
        &End::Unknown,
        "LOST unknown: other than TCP, UDP and echo requests through NAT gateway nat",
    );
    check(
        &plan,
        "app",
        "mirror",
        &echo("10.1.1.30", "203.0.113.80"),
        &End::Answered,
        "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
}

#[test]
fn the_port_of_a_nat_gateways_choice_must_pass_whatever_it_is() {
    let answers_in = |range: &str| {
        let ingress = format!("200 allow tcp/{range} 0.0.0.0/0");
        estate().acl(
            "public-a",
            &["100 allow all 10.1.0.0/16", &ingress],
            &["100 allow all 0.0.0.0/0"],
        )
    };
    let packet = tcp("10.1.1.30", "203.0.113.80", 443);
    check(
        &answers_in("1024-65535"),
        "app",
        "mirror",
        &packet,
        &End::Answered,
        "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
    check(
        &answers_in("32768-65535"),
        "app",
        "mirror",
        &packet,
        &End::Unknown,
        "LOST unknown: acl public-a-acl passes some of the ports that a NAT gateway may choose, and not others",
    );
    check(
        &answers_in("80"),
        "app",
        "mirror",
        &packet,
        &End::Unanswered,
        "LOST acl public-a-acl of public-a: no ingress entry matches tcp/49152 from 203.0.113.80: denied",
    );
}

#[test]
fn the_acl_of_the_nat_gateways_subnet_holds_for_it() {
    let plan = estate().acl(
        "public-a",
        &["1 deny tcp/443 10.1.1.0/24", "2 allow all 0.0.0.0/0"],
        &["1 allow all 0.0.0.0/0"],
    );
    check(
        &plan,
        "app",
        "mirror",
        &tcp("10.1.1.30", "203.0.113.80", 443),
        &End::Lost,
        "LOST acl public-a-acl of public-a: ingress entry 1 denies tcp/443 from 10.1.1.0/24",
    );
}

#[test]
fn the_transit_subnets_acl_holds_for_what_passes() {
    let packet = Packet {
        transport: Transport::Udp {
            source: 49152,
            destination: 53,
        },
        ..tcp("10.1.1.30", "192.168.0.53", 53)
    };
    check(
        &estate(),
        "app",
        "dns",
        &packet,
        &End::Answered,
        "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
    let closed = estate().acl("transit-a", &[], &["1 allow all 0.0.0.0/0"]);
    check(
        &closed,
        "app",
        "dns",
        &packet,
        &End::Lost,
        "LOST acl transit-a-acl of transit-a: no ingress entry matches udp/53 from 10.1.1.30: denied",
    );
    let no_answer = estate().acl("transit-a", &["1 allow all 0.0.0.0/0"], &[]);
    check(
        &no_answer,
        "app",
        "dns",
        &packet,
        &End::Unanswered,
        "LOST acl transit-a-acl of transit-a: no egress entry matches udp/49152 to 10.1.1.30: denied",
    );
}

#[test]
fn the_way_back_may_lack_a_route() {
    let plan = estate()
        .group("app", "prod", &["tcp/443 192.168.0.0/16"], &[])
        .but(|network| {
            let table = network.route_tables.get_mut(&"private-a-table".into());
            let table = table.expect("the table");
            table
                .routes
                .retain(|route| !route.destination.to_string().starts_with("192.168"));
            table
                .routes
                .retain(|route| route.destination.prefix_len() > 0);
        });
    check(
        &plan,
        "dns",
        "app",
        &tcp("192.168.0.53", "10.1.1.30", 443),
        &End::Unanswered,
        "LOST route table private-a-table: no route to 192.168.0.53",
    );
}

#[test]
fn environments_meet_only_where_a_table_says_so() {
    let plan = estate()
        .group("app", "prod", &[], &["all 0.0.0.0/0"])
        .group("stage", "staging", &["all 0.0.0.0/0"], &[]);
    check(
        &plan,
        "app",
        "stage",
        &tcp("10.1.1.30", "10.2.1.30", 22),
        &End::Lost,
        "LOST transit gateway tgw, table prod: no route to 10.2.1.30",
    );
    let joined = plan.transit("tgw", "prod", "10.2.0.0/16", Some("staging"));
    check(
        &joined,
        "app",
        "stage",
        &tcp("10.1.1.30", "10.2.1.30", 22),
        &End::Unanswered,
        "LOST route table stage-a-table: no route to 10.1.1.30",
    );
}

#[test]
fn a_transit_loop_loses_its_packets() {
    // Out by one gateway, back by another, and out again.
    let plan = estate()
        .group("app", "prod", &[], &["all 0.0.0.0/0"])
        .subnet("back-a", "prod", &["10.1.8.0/28"], &[])
        .subnet("forth-a", "staging", &["10.2.8.0/28"], &[])
        .attach_vpc("other", "prod", &["back-a"])
        .attach_vpc("other", "staging", &["forth-a"])
        .route("private-a", "10.3.0.0/16", "tgw tgw", false)
        .transit("tgw", "prod", "10.3.0.0/16", Some("staging"))
        .route("crossing-a", "10.3.0.0/16", "tgw other", false)
        .transit("other", "staging", "10.3.0.0/16", Some("prod"))
        .route("back-a", "10.3.0.0/16", "tgw tgw", false)
        .vpc("third", &["10.3.0.0/16"])
        .subnet("third-a", "third", &["10.3.0.0/24"], &[])
        .group("third", "third", &["all 0.0.0.0/0"], &[])
        .host("third", "third-a", &["10.3.0.3"], &["third"]);
    check(
        &plan,
        "app",
        "third",
        &tcp("10.1.1.30", "10.3.0.3", 22),
        &End::Lost,
        "LOST transit gateway tgw: has the packet for the second time: it goes round",
    );
}

#[test]
fn central_egress_hides_another_vpcs_sources() {
    // Staging has no way out of its own: its traffic leaves by production's NAT gateway.
    let plan = estate()
        .group("stage", "staging", &[], &["tcp/443 0.0.0.0/0"])
        .route("stage-a", "0.0.0.0/0", "tgw tgw", false)
        .transit("tgw", "staging", "0.0.0.0/0", Some("prod"))
        .route("transit-a", "0.0.0.0/0", "nat nat", false);
    let packet = tcp("10.2.1.30", "203.0.113.80", 443);
    check(
        &plan,
        "stage",
        "mirror",
        &packet,
        &End::Unanswered,
        "LOST Internet gateway igw: 203.0.113.80 has no public address",
    );
    // The NAT gateway's subnet needs the way back, and the transit gateway too.
    let plan = plan.route("public-a", "10.2.0.0/16", "tgw tgw", false);
    check(
        &plan,
        "stage",
        "mirror",
        &packet,
        &End::Unanswered,
        "LOST transit gateway tgw, table prod: no route to 10.2.1.30",
    );
    check(
        &plan.transit("tgw", "prod", "10.2.0.0/16", Some("staging")),
        "stage",
        "mirror",
        &packet,
        &End::Answered,
        "acl staging-open of stage-a: ingress entry 100 allows all traffic from 0.0.0.0/0",
    );
}

#[test]
fn something_that_the_model_does_not_hold_is_unknown() {
    let plan = estate()
        .group("app", "prod", &[], &["all 0.0.0.0/0"])
        .route(
            "private-a",
            "203.0.113.80/32",
            "firewall endpoint vpce-1",
            false,
        );
    check(
        &plan,
        "app",
        "mirror",
        &tcp("10.1.1.30", "203.0.113.80", 443),
        &End::Unknown,
        "LOST unknown: firewall endpoint vpce-1 is not modelled",
    );
}

#[test]
fn a_private_site_has_no_other_exit() {
    let plan = estate().site("island", SiteKind::Private, &["172.20.0.0/16"]);
    let plan = plan.outsider("robinson", "island", &["172.20.0.1"]);
    check(
        &plan,
        "robinson",
        "mirror",
        &tcp("172.20.0.1", "203.0.113.80", 443),
        &End::Lost,
        "LOST site island: has no way out",
    );
}

#[test]
fn nobody_sends_from_an_address_that_is_not_his() {
    let network = estate().0;
    for (from, packet) in [
        (
            Endpoint::Interface("app".into()),
            tcp("10.1.0.10", "10.1.0.20", 443),
        ),
        (
            Endpoint::Site("operator".into()),
            tcp("203.0.113.1", "198.18.0.10", 22),
        ),
        (
            Endpoint::Site("internet".into()),
            tcp("198.51.100.7", "198.18.0.10", 22),
        ),
        (
            Endpoint::Site("internet".into()),
            tcp("10.1.0.10", "198.18.0.10", 22),
        ),
        (
            Endpoint::Interface("nobody".into()),
            tcp("10.1.0.10", "10.1.0.20", 443),
        ),
        (
            Endpoint::Site("nowhere".into()),
            tcp("10.1.0.10", "10.1.0.20", 443),
        ),
        (
            Endpoint::Interface("app".into()),
            tcp("10.1.1.30", "::1", 443),
        ),
    ] {
        let journey = trace(&network, &from, &packet);
        assert_eq!(
            journey.forward.outcome,
            Outcome::Lost,
            "{packet} from {from}"
        );
        assert_eq!(journey.reply, None, "{packet} from {from}");
    }
}

//! Every rule of an intent: holding, failing by a packet and the hop that lets it through or loses it, and unknown.

use std::collections::BTreeSet;

use model::intent::Sources;
use model::network::RouteTarget;
use model::{Intent, Rule, Verdict};

use super::plan::{Plan, estate, ids, net, traffic};
use crate::endpoint::Endpoint;
use crate::prove::{Proof, prove};
use crate::trace::{Outcome, trace};

pub(super) fn proved(plan: &Plan, rule: Rule) -> Proof {
    let title = "an intent".to_owned();
    prove(&plan.0, &Intent { title, rule })
}

pub(super) fn holds(plan: &Plan, rule: Rule) {
    let proof = proved(plan, rule);
    assert_eq!(proof.verdict, Verdict::Holds, "{}", proof.detail);
    assert_eq!(proof.witness, None);
}

/// Wants a witness, as its packet and the last hop of its way.
pub(super) fn fails(plan: &Plan, rule: Rule, packet: &str, last: &str) {
    let proof = proved(plan, rule);
    assert_eq!(proof.verdict, Verdict::Fails, "{}", proof.detail);
    let witness = proof.witness.expect("a packet shows it");
    assert_eq!(witness.packet.to_string(), packet, "{}", proof.detail);
    let hop = witness.path.last().expect("the packet meets something");
    assert_eq!(
        format!("{}: {}", hop.at, hop.decision),
        last,
        "{}",
        proof.detail
    );
    assert!(proof.detail.contains(&hop.decision), "{}", proof.detail);
}

/// Wants a failure that no packet shows, in words.
pub(super) fn fails_saying(plan: &Plan, rule: Rule, words: &str) {
    let proof = proved(plan, rule);
    assert_eq!(proof.verdict, Verdict::Fails, "{}", proof.detail);
    assert_eq!(proof.detail, words);
}

pub(super) fn unknown(plan: &Plan, rule: Rule, words: &str) {
    let proof = proved(plan, rule);
    assert_eq!(proof.verdict, Verdict::Unknown, "{}", proof.detail);
    assert_eq!(proof.detail, words);
    assert_eq!(proof.witness, None);
}

fn no_path(from: Sources, to: &[&str], what: &str) -> Rule {
    Rule::NoPath {
        from,
        to: ids(to),
        traffic: vec![traffic(what)],
    }
}

fn must_reach(from: Sources, to: &[&str], what: &str) -> Rule {
    Rule::MustReach {
        from,
        to: ids(to),
        traffic: vec![traffic(what)],
    }
}

fn hosts(names: &[&str]) -> Sources {
    Sources::interfaces(ids(names))
}

fn site(name: &str) -> Sources {
    Sources::site(name.into())
}

fn range(site: &str, prefix: &str) -> Sources {
    let mut sources = hosts(&[]);
    sources.ranges.insert((site.into(), net(prefix)));
    sources
}

const ANY: &str = "203.0.113.77";

#[test]
fn only_the_operator_reaches_the_bastion() {
    let rule = || no_path(site("operator").complement(), &["bastion"], "tcp");
    holds(&estate(), rule());
    fails(
        &estate().group("bastion", "prod", &["tcp/22 0.0.0.0/0"], &[]),
        rule(),
        &format!("tcp {ANY}:49152 > 198.18.0.10:22"),
        "group bastion: ingress rule 1 allows tcp/22 from 0.0.0.0/0",
    );
    fails(
        &estate()
            .group(
                "bastion",
                "prod",
                &["tcp/22 198.51.100.0/24", "tcp/22 10.0.0.0/8"],
                &[],
            )
            .group("app", "prod", &[], &["all 0.0.0.0/0"]),
        rule(),
        "tcp 10.1.1.30:49152 > 10.1.0.10:22",
        "group bastion: ingress rule 2 allows tcp/22 from 10.0.0.0/8",
    );
    fails(
        &estate().group("bastion", "prod", &["tcp/22 ::/0"], &[]),
        rule(),
        "tcp [2001:db8:ffff::4d]:49152 > [2001:db8:1::10]:22",
        "group bastion: ingress rule 1 allows tcp/22 from ::/0",
    );
}

#[test]
fn a_range_at_a_site_is_told_from_its_rest() {
    let but = |prefix: &str| {
        no_path(
            range("operator", prefix).complement(),
            &["bastion"],
            "tcp/22",
        )
    };
    holds(&estate(), but("198.51.100.0/24"));
    fails(
        &estate(),
        but("198.51.100.0/25"),
        "tcp 198.51.100.191:49152 > 198.18.0.10:22",
        "group bastion: ingress rule 1 allows tcp/22 from 198.51.100.0/24",
    );
    holds(
        &estate(),
        no_path(range("internet", "203.0.113.0/24"), &["bastion"], "all"),
    );
    fails(
        &estate(),
        no_path(range("internet", "20.0.0.0/8"), &["web"], "all"),
        "tcp 20.127.255.255:49152 > 198.18.0.20:443",
        "group web: ingress rule 1 allows tcp/443 from 0.0.0.0/0",
    );
}

#[test]
fn an_interface_at_a_site_may_be_all_that_is_excepted() {
    let rule = || no_path(hosts(&["operator"]).complement(), &["bastion"], "tcp/22");
    holds(
        &estate().group("bastion", "prod", &["tcp/22 198.51.100.10/32"], &[]),
        rule(),
    );
    fails(
        &estate().group("bastion", "prod", &["tcp/22 198.51.100.10/31"], &[]),
        rule(),
        "tcp 198.51.100.11:49152 > 198.18.0.10:22",
        "group bastion: ingress rule 1 allows tcp/22 from 198.51.100.10/31",
    );
}

#[test]
fn a_path_is_open_when_the_packet_arrives_answered_or_not() {
    let plan = estate().acl("public-a", &["1 allow all 0.0.0.0/0"], &[]);
    fails(
        &plan,
        no_path(site("internet"), &["web"], "tcp/443"),
        &format!("tcp {ANY}:49152 > 198.18.0.20:443"),
        "group web: ingress rule 1 allows tcp/443 from 0.0.0.0/0",
    );
}

#[test]
fn the_witness_of_a_failure_arrives() {
    let plan = estate().group(
        "app",
        "prod",
        &["all 0.0.0.0/0", "all ::/0"],
        &["all ::/0", "all 0.0.0.0/0"],
    );
    for what in ["all", "tcp", "udp/9", "icmp", "icmpv6", "proto/50"] {
        let rule = no_path(Sources::anywhere(), &["app"], what);
        let witness = proved(&plan, rule).witness.expect("a packet shows it");
        let from = if plan.0.sites.contains_key(&witness.from.as_str().into()) {
            Endpoint::Site(witness.from.as_str().into())
        } else {
            Endpoint::Interface(witness.from.as_str().into())
        };
        let journey = trace(&plan.0, &from, &witness.packet);
        let arrived = matches!(journey.forward.outcome, Outcome::Delivered { .. });
        assert!(arrived, "{what}: {}", witness.packet);
        assert_eq!(journey.forward.hops, witness.path);
    }
}

#[test]
fn no_path_is_unknown_behind_what_is_not_modelled() {
    let plan = estate()
        .group("app", "prod", &[], &["all 0.0.0.0/0"])
        .route("private-a", "10.2.1.0/24", "appliance", false);
    unknown(
        &plan,
        no_path(hosts(&["app"]), &["stage"], "tcp/22"),
        "appliance is not modelled",
    );
    // What the filters stop before is known all the same.
    holds(&plan, no_path(hosts(&["bastion"]), &["stage"], "tcp/22"));
}

fn only_traffic(from: Sources, to: &[&str], allowed: &[&str]) -> Rule {
    Rule::OnlyTraffic {
        from,
        to: ids(to),
        allowed: allowed.iter().map(|what| traffic(what)).collect(),
    }
}

#[test]
fn nothing_but_the_allowed_traffic_arrives() {
    let rule = || only_traffic(Sources::anywhere(), &["web"], &["tcp/443"]);
    holds(&estate(), rule());
    holds(
        &estate(),
        only_traffic(Sources::anywhere(), &["web", "app"], &["all"]),
    );
    holds(&estate(), only_traffic(site("internet"), &["app"], &[]));
    let also = |what: &str, from: &str| {
        let extra = format!("{what} {from}");
        estate().group("web", "prod", &["tcp/443 0.0.0.0/0", &extra], &[])
    };
    for (what, packet) in [
        ("tcp/440-443", format!("tcp {ANY}:49152 > 198.18.0.20:440")),
        ("udp/443", format!("udp {ANY}:49152 > 198.18.0.20:443")),
        ("icmp/8", format!("icmp {ANY} > 198.18.0.20 type 8 code 0")),
        ("proto/132", format!("protocol 132 {ANY} > 198.18.0.20")),
        ("proto/47", format!("protocol 47 {ANY} > 198.18.0.20")),
        ("proto/97", format!("protocol 97 {ANY} > 198.18.0.20")),
    ] {
        let rule_words = traffic(what);
        fails(
            &also(what, "0.0.0.0/0"),
            rule(),
            &packet,
            &format!("group web: ingress rule 2 allows {rule_words} from 0.0.0.0/0"),
        );
    }
    fails(
        &also("proto/132", "::/0"),
        rule(),
        "protocol 132 2001:db8:ffff::4d > 2001:db8:1::20",
        "group web: ingress rule 2 allows protocol 132 from ::/0",
    );
    // Of all that is open, the witness is of a protocol that people know.
    fails(
        &also("all", "0.0.0.0/0"),
        only_traffic(site("internet"), &["web"], &["tcp", "udp", "icmp"]),
        &format!("protocol 132 {ANY} > 198.18.0.20"),
        "group web: ingress rule 2 allows all traffic from 0.0.0.0/0",
    );
    unknown(
        &estate()
            .group("bastion", "prod", &[], &["all 0.0.0.0/0"])
            .route("public-a", "10.1.1.0/24", "appliance", false),
        only_traffic(hosts(&["bastion"]), &["app"], &["tcp/22"]),
        "appliance is not modelled",
    );
}

#[test]
fn senseless_intents_are_unknown() {
    let plan = estate();
    let cases = [
        (
            no_path(site("gone"), &["app"], "all"),
            "the intent names site gone, which is not there",
        ),
        (
            no_path(hosts(&["gone"]), &["app"], "all"),
            "the intent names interface gone, which is not there",
        ),
        (
            no_path(site("dc"), &["gone"], "all"),
            "the intent names interface gone, which is not there",
        ),
        (
            no_path(site("dc"), &[], "all"),
            "the intent names no receiver",
        ),
        (
            no_path(hosts(&[]), &["app"], "all"),
            "the intent names no sender",
        ),
        (
            range_rule(),
            "the intent names site gone, which is not there",
        ),
        (
            no_path(site("dc"), &["app"], "tcp/9-8"),
            "the intent names no traffic",
        ),
        (
            must_reach(Sources::anywhere(), &["app"], "tcp/22"),
            "the intent names everybody but some, whom nothing can be made to reach",
        ),
        (
            Rule::RepliesReturn {
                to: BTreeSet::new(),
            },
            "the intent names no receiver",
        ),
        (
            Rule::Ipv6AsClosedAsIpv4 {
                to: BTreeSet::new(),
            },
            "the intent names no receiver",
        ),
        (
            only_traffic(site("dc"), &[], &["all"]),
            "the intent names no receiver",
        ),
        (
            Rule::NoInternetRouteIn {
                subnets: BTreeSet::new(),
            },
            "the intent names no subnet",
        ),
        (
            isolated("prod", "gone"),
            "the intent names gone, which is not there",
        ),
        (
            Rule::DefaultGroupEmpty { vpc: "gone".into() },
            "the intent names gone, which is not there",
        ),
        (
            only_prefixes("gone", &[], &[]),
            "the intent names gone, which is not there",
        ),
    ];
    for (rule, words) in cases {
        unknown(&plan, rule, words);
    }
}

fn range_rule() -> Rule {
    no_path(range("gone", "10.0.0.0/8").complement(), &["app"], "all")
}

/// The estate, as open by IPv6 as it is by IPv4.
fn dual() -> Plan {
    estate()
        .group(
            "bastion",
            "prod",
            &["tcp/22 198.51.100.0/24"],
            &["tcp/22 10.1.0.0/16", "tcp/22 2001:db8:1::/56"],
        )
        .group(
            "web",
            "prod",
            &["tcp/443 0.0.0.0/0", "tcp/443 ::/0"],
            &["tcp/8080 app"],
        )
}

#[test]
fn the_bastion_reaches_the_application() {
    let rule = || must_reach(hosts(&["bastion"]), &["app"], "tcp/22");
    holds(&dual(), rule());
    fails(
        &dual().group("app", "prod", &["tcp/8080 web"], &[]),
        rule(),
        "tcp 10.1.0.10:49152 > 10.1.1.30:22",
        "interface app: no ingress rule of app allows tcp/22 from 10.1.0.10",
    );
    fails(
        &estate().group("bastion", "prod", &[], &["tcp/22 10.2.0.0/16"]),
        rule(),
        "tcp 10.1.0.10:49152 > 10.1.1.30:22",
        "interface bastion: no egress rule of bastion allows tcp/22 to 10.1.1.30",
    );
}

#[test]
fn both_families_must_reach_where_both_ends_have_them() {
    let rule = || must_reach(hosts(&["bastion"]), &["app"], "tcp/22");
    fails(
        &estate(),
        rule(),
        "tcp [2001:db8:1::10]:49152 > [2001:db8:1:1::30]:22",
        "interface bastion: no egress rule of bastion allows tcp/22 to 2001:db8:1:1::30",
    );
    // An answer by IPv6 that is lost breaks it as well.
    let all = ["1 allow all 0.0.0.0/0", "2 allow all ::/0"];
    fails(
        &dual().acl("private-a", &all, &all[..1]),
        rule(),
        "tcp [2001:db8:1::10]:49152 > [2001:db8:1:1::30]:22",
        "acl private-a-acl of private-a: no egress entry matches tcp/49152 to 2001:db8:1::10: denied",
    );
    unknown(
        &dual().route("public-a", "2001:db8:1:1::/64", "appliance", false),
        rule(),
        "appliance is not modelled",
    );
    let v4_alone = estate().but(|network| {
        let app = network.interfaces.get_mut(&"app".into()).expect("there");
        app.addresses.truncate(1);
    });
    holds(&v4_alone, rule());
}

#[test]
fn the_internet_must_reach_by_ipv6_what_a_plain_gateway_opens() {
    let rule = |from: Sources, to: &str| must_reach(from, &[to], "tcp/443");
    fails(
        &estate(),
        rule(site("internet"), "web"),
        "tcp [2001:db8:ffff::4d]:49152 > [2001:db8:1::20]:443",
        "interface web: no ingress rule of web allows tcp/443 from 2001:db8:ffff::4d",
    );
    fails(
        &estate(),
        rule(hosts(&["client"]), "web"),
        "tcp [2001:db8:ffff::9]:49152 > [2001:db8:1::20]:443",
        "interface web: no ingress rule of web allows tcp/443 from 2001:db8:ffff::9",
    );
    // The operator has no IPv6, and a range of the Internet may have none.
    holds(&estate(), rule(site("operator"), "web"));
    holds(&estate(), rule(range("internet", "203.0.113.0/24"), "web"));
    // Behind an egress-only gateway an IPv6 address is not public.
    let egress_only = estate().but(|network| {
        let table = network.route_tables.get_mut(&"public-a-table".into());
        for route in &mut table.expect("there").routes {
            if route.destination == net("::/0") {
                route.target = RouteTarget::EgressOnlyGateway("eigw".into());
            }
        }
    });
    holds(&egress_only, rule(site("internet"), "web"));
    let words = "app has no address that internet could send to";
    fails_saying(&estate(), rule(site("internet"), "app"), words);
    // Nor is one that is not global.
    let local = estate().but(|network| {
        let web = network.interfaces.get_mut(&"web".into()).expect("there");
        web.addresses[1] = "fd00::20".parse().expect("an address");
        let cidr = net("fd00::/64");
        network
            .vpcs
            .get_mut(&"prod".into())
            .expect("there")
            .cidrs
            .push(cidr);
        let subnet = network.subnets.get_mut(&"public-a".into());
        subnet.expect("there").cidrs.push(cidr);
    });
    holds(&local, rule(site("internet"), "web"));
}

#[test]
fn the_internet_must_reach_by_the_public_address() {
    let rule = |to: &str| must_reach(site("internet"), &[to], "tcp/443");
    holds(&dual(), rule("web"));
    fails(
        &estate().group("web", "prod", &["tcp/443 128.0.0.0/1"], &[]),
        rule("web"),
        "tcp 8.8.8.8:49152 > 198.18.0.20:443",
        "interface web: no ingress rule of web allows tcp/443 from 8.8.8.8",
    );
    let no_address = estate().but(|network| {
        let web = network.interfaces.get_mut(&"web".into()).expect("there");
        web.public = None;
        web.addresses.truncate(1);
    });
    let words = "web has no address that internet could send to";
    fails_saying(&no_address, rule("web"), words);
}

#[test]
fn what_must_reach_must_be_answered_on_every_clients_port() {
    let rule = || must_reach(site("internet"), &["web"], "tcp/443");
    let all = ["1 allow all 0.0.0.0/0", "2 allow all ::/0"];
    let answering = |ports: &str| {
        let lines = [
            "1 allow all ::/0",
            &format!("2 allow tcp/{ports} 0.0.0.0/0"),
        ];
        dual().acl("public-a", &all, &lines)
    };
    holds(&answering("1024-65535"), rule());
    fails(
        &answering("1025-65535"),
        rule(),
        &format!("tcp {ANY}:1024 > 198.18.0.20:443"),
        &format!("acl public-a-acl of public-a: no egress entry matches tcp/1024 to {ANY}: denied"),
    );
}

#[test]
fn a_name_server_at_the_data_centre_must_be_reached() {
    let rule = || must_reach(hosts(&["app", "stage"]), &["dns"], "udp/53");
    holds(&estate(), rule());
    let unrouted = estate().but(|network| {
        let gateway = network
            .transit_gateways
            .get_mut(&"tgw".into())
            .expect("there");
        gateway.tables.get_mut(&"dc".into()).expect("there").clear();
    });
    fails(
        &unrouted,
        rule(),
        "udp 10.1.1.30:49152 > 192.168.0.53:53",
        "transit gateway tgw, table dc: no route to 10.1.1.30",
    );
    unknown(
        &estate().route("private-a", "192.168.0.53/32", "appliance", false),
        rule(),
        "appliance is not modelled",
    );
}

#[test]
fn the_ends_of_a_nat_gateways_ports_leave_it_unknown() {
    let plan = estate().acl(
        "public-a",
        &[
            "1 allow all 10.1.0.0/16",
            "2 allow tcp/32768-65535 0.0.0.0/0",
        ],
        &["1 allow all 0.0.0.0/0"],
    );
    unknown(
        &plan,
        must_reach(hosts(&["app"]), &["mirror"], "tcp/443"),
        "acl public-a-acl passes some of the ports that a NAT gateway may choose, and not others",
    );
}

#[test]
fn replies_return() {
    let rule = || Rule::RepliesReturn {
        to: ids(&["app", "bastion", "web", "stage", "dns"]),
    };
    holds(&estate(), rule());
    let all = ["1 allow all 0.0.0.0/0"];
    holds(
        &estate().acl("public-a", &all, &["1 allow tcp 0.0.0.0/0"]),
        rule(),
    );
    fails(
        &estate().acl("private-a", &all, &["1 allow tcp/443 0.0.0.0/0"]),
        rule(),
        "tcp 10.1.0.10:49152 > 10.1.1.30:22",
        "acl private-a-acl of private-a: no egress entry matches tcp/49152 to 10.1.0.10: denied",
    );
    unknown(
        &estate().route("public-a", "198.51.100.0/24", "appliance", false),
        rule(),
        "appliance is not modelled",
    );
}

#[test]
fn private_subnets_have_no_way_in() {
    let rule = |subnets: &[&str]| Rule::NoInternetRouteIn {
        subnets: subnets.iter().map(|subnet| (*subnet).into()).collect(),
    };
    holds(&estate(), rule(&["private-a", "transit-a", "stage-a"]));
    fails_saying(
        &estate(),
        rule(&["private-a", "public-a"]),
        "subnet public-a is open to the Internet: route table public-a-table sends 0.0.0.0/0 to Internet gateway igw",
    );
    unknown(
        &estate(),
        rule(&["gone"]),
        "subnet gone has no known route table",
    );
    unknown(
        &estate().route("private-a", "9.0.0.0/8", "appliance", false),
        rule(&["private-a"]),
        "route table private-a-table sends 9.0.0.0/8 to appliance, which is not modelled",
    );
}

fn only_prefixes(vpc: &str, of_site: &[&str], of_vpc: &[&str]) -> Rule {
    Rule::OnlyPrefixes {
        vpc: vpc.into(),
        site: "dc".into(),
        of_site: of_site.iter().map(|prefix| net(prefix)).collect(),
        of_vpc: of_vpc.iter().map(|prefix| net(prefix)).collect(),
    }
}

#[test]
fn only_declared_prefixes_are_routed() {
    let halves = ["192.168.0.0/17", "192.168.128.0/17"];
    holds(
        &estate(),
        only_prefixes("prod", &["192.168.0.0/16"], &["10.1.0.0/16"]),
    );
    holds(&estate(), only_prefixes("prod", &halves, &["10.0.0.0/8"]));
    fails_saying(
        &estate(),
        only_prefixes("prod", &halves[..1], &["10.1.0.0/16"]),
        "route 192.168.0.0/16 of table prod of transit gateway tgw leads 192.168.128.0 from prod to dc, which no declared prefix covers",
    );
    fails_saying(
        &estate(),
        only_prefixes("prod", &["192.168.0.0/16"], &["10.1.0.0/24"]),
        "route 10.1.0.0/16 of table dc of transit gateway tgw leads 10.1.1.0 from dc to prod, which no declared prefix covers",
    );
    // A wider route of the VPC is no harm while the transit gateway's table is narrow.
    let wide = estate().route("public-a", "192.0.0.0/8", "tgw tgw", false);
    holds(
        &wide,
        only_prefixes("prod", &["192.168.0.0/16"], &["10.1.0.0/16"]),
    );
    unknown(
        &estate().route("private-a", "172.16.0.0/12", "appliance", false),
        only_prefixes("prod", &["192.168.0.0/16"], &["10.1.0.0/16"]),
        "route table private-a-table leads to appliance, which is not modelled",
    );
}

fn isolated(left: &str, right: &str) -> Rule {
    Rule::Isolated {
        left: left.into(),
        right: right.into(),
    }
}

#[test]
fn environments_are_isolated() {
    holds(&estate(), isolated("prod", "staging"));
    let joined = estate()
        .group("stage", "staging", &["all 10.1.0.0/16"], &[])
        .group("app", "prod", &[], &["all 10.0.0.0/8"])
        .transit("tgw", "prod", "10.2.0.0/16", Some("staging"));
    for rule in [isolated("prod", "staging"), isolated("staging", "prod")] {
        fails(
            &joined,
            rule,
            "tcp 10.1.1.30:49152 > 10.2.1.30:22",
            "group stage: ingress rule 1 allows all traffic from 10.1.0.0/16",
        );
    }
    let peered = joined.but(|network| {
        let table = network
            .route_tables
            .get_mut(&"private-a-table".into())
            .expect("there");
        for route in &mut table.routes {
            if route.destination == net("10.2.0.0/16") {
                route.target = RouteTarget::Unmodelled("appliance".to_owned());
            }
        }
    });
    unknown(
        &peered,
        isolated("prod", "staging"),
        "appliance is not modelled",
    );
}

#[test]
fn default_groups_are_empty() {
    let rule = || Rule::DefaultGroupEmpty { vpc: "prod".into() };
    holds(&estate(), rule());
    let default = |ingress: &[&str], egress: &[&str]| {
        let plan = estate().group("prod-default", "prod", ingress, egress);
        plan.but(|network| {
            let group = network
                .groups
                .get_mut(&"prod-default".into())
                .expect("there");
            group.default = true;
        })
    };
    fails_saying(
        &default(&["all prod-default"], &[]),
        rule(),
        "default group prod-default allows all traffic from prod-default",
    );
    fails_saying(
        &default(&[], &["all 0.0.0.0/0"]),
        rule(),
        "default group prod-default allows all traffic to 0.0.0.0/0",
    );
    fails_saying(
        &estate().host(
            "extra",
            "public-a",
            &["10.1.0.99"],
            &["web", "prod-default"],
        ),
        rule(),
        "extra is a member of default group prod-default",
    );
    fails_saying(
        &estate().host("extra", "public-a", &["10.1.0.99"], &[]),
        rule(),
        "extra names no group, so AWS makes it a member of default group prod-default",
    );
    let undescribed = estate().but(|network| {
        network.groups.remove(&"prod-default".into());
    });
    unknown(&undescribed, rule(), "prod has 0 default groups, not one");
}

#[test]
fn ipv6_is_as_closed_as_ipv4() {
    let rule = || Rule::Ipv6AsClosedAsIpv4 {
        to: ids(&["app", "bastion", "web"]),
    };
    holds(&estate(), rule());
    holds(
        &estate().group(
            "web",
            "prod",
            &[
                "tcp/443 0.0.0.0/0",
                "tcp/443 ::/0",
                "icmp/8 0.0.0.0/0",
                "icmpv6/128 ::/0",
            ],
            &[],
        ),
        rule(),
    );
    fails(
        &estate().group("app", "prod", &["tcp/22 ::/0"], &[]),
        rule(),
        "tcp [2001:db8:ffff::4d]:49152 > [2001:db8:1:1::30]:22",
        "group app: ingress rule 1 allows tcp/22 from ::/0",
    );
    // From everywhere by IPv6, from somewhere by IPv4.
    fails(
        &estate().group(
            "web",
            "prod",
            &["tcp/443 203.0.113.0/24", "tcp/443 ::/0"],
            &[],
        ),
        rule(),
        "tcp [2001:db8:ffff::4d]:49152 > [2001:db8:1::20]:443",
        "group web: ingress rule 2 allows tcp/443 from ::/0",
    );
    fails(
        &estate().group("web", "prod", &["icmp/8 0.0.0.0/0", "icmpv6 ::/0"], &[]),
        rule(),
        "icmpv6 2001:db8:ffff::4d > 2001:db8:1::20 type 0 code 0",
        "group web: ingress rule 2 allows icmpv6 from ::/0",
    );
    let through_appliance = estate()
        .group("bastion", "prod", &[], &["tcp/22 2001:db8:1:1::/64"])
        .route("public-a", "2001:db8:1:1::/64", "appliance", false);
    unknown(&through_appliance, rule(), "appliance is not modelled");
}

#[test]
fn icmp_must_reach_by_its_own_family() {
    let plan = estate()
        .group(
            "bastion",
            "prod",
            &[],
            &["icmp 0.0.0.0/0", "icmpv6/128 ::/0"],
        )
        .group("app", "prod", &["icmp bastion", "icmpv6 bastion"], &[]);
    let rule = |what: &str| must_reach(hosts(&["bastion"]), &["app"], what);
    holds(&plan, rule("icmp"));
    holds(&plan, rule("icmpv6/128"));
    fails(
        &plan,
        rule("icmpv6"),
        "icmpv6 2001:db8:1::10 > 2001:db8:1:1::30 type 0 code 0",
        "interface bastion: no egress rule of bastion allows icmpv6 type 0 code 0 to 2001:db8:1:1::30",
    );
    fails_saying(
        &plan,
        must_reach(hosts(&["stage"]), &["app"], "icmpv6"),
        "app has no address that stage could send to",
    );
}

#[test]
fn a_group_of_too_many_rules_is_unknown() {
    let rules: Vec<String> = (0..4200)
        .map(|port| format!("tcp/{} 0.0.0.0/0", port * 2))
        .collect();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    unknown(
        &estate().group("web", "prod", &rules, &[]),
        no_path(site("operator"), &["web"], "tcp/23"),
        "the groups of web make more than 4096 header boxes",
    );
}

#[test]
fn a_proof_names_what_it_did_not_look_behind() {
    let proof = proved(&estate(), Rule::DefaultGroupEmpty { vpc: "prod".into() });
    assert!(proof.not_looked_behind.contains(&"Session Manager"));
}

#[test]
fn more_than_one_broken_flow_is_counted() {
    let plan = estate().group("bastion", "prod", &["tcp/22 0.0.0.0/0", "tcp/22 ::/0"], &[]);
    let proof = proved(&plan, no_path(site("internet"), &["bastion"], "all"));
    assert!(
        proof.detail.ends_with("; and 1 more such flows"),
        "{}",
        proof.detail
    );
}

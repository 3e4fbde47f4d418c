//! Firewalls of sites, and hosts with a leg at each of several places.

use model::intent::Sources;
use model::network::SiteKind;
use model::packet::{Packet, Transport};
use model::{Rule, Verdict};

use super::intents::{fails, holds, proved};
use super::outbound::only_outbound;
use super::paths::{End, check};
use super::plan::{Plan, at, estate, ids, net, tcp, traffic};
use crate::delivery::samples;
use crate::endpoint::Endpoint;
use crate::prover::{Prover, delivery};
use crate::trace::{Outcome, trace};

fn udp(source: &str, destination: &str, port: u16) -> Packet {
    Packet {
        source: at(source),
        destination: at(destination),
        transport: Transport::Udp {
            source: 49152,
            destination: port,
        },
    }
}

/// The estate, whose data centre has a firewall in front of its server.
fn guarded(ingress: &[&str], egress: &[&str]) -> Plan {
    estate()
        .firewall("dc-firewall", "dc", ingress, egress)
        .member("dns", "dc-firewall")
        .group(
            "app",
            "prod",
            &["tcp/22 192.168.0.0/16"],
            &["all 0.0.0.0/0"],
        )
}

const APP: &str = "10.1.1.30";
const DNS: &str = "192.168.0.53";

#[test]
fn a_firewall_passes_what_a_rule_of_its_own_allows_and_its_answer() {
    let plan = guarded(&["udp/53 10.1.0.0/16"], &["tcp/22 10.1.0.0/16"]);
    let (query, other) = (udp(APP, DNS, 53), udp(APP, DNS, 123));
    let back = "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0";
    check(&plan, "app", "dns", &query, &End::Answered, back);
    let lost = "LOST interface dns: no ingress rule of dc-firewall allows udp/123 from 10.1.1.30";
    check(&plan, "app", "dns", &other, &End::Lost, lost);
    // Outward by its other list, and the answer comes in past both.
    let answered = "site dc: 192.168.0.53 is dns";
    check(
        &plan,
        "dns",
        "app",
        &tcp(DNS, APP, 22),
        &End::Answered,
        answered,
    );
    let kept = "LOST interface dns: no egress rule of dc-firewall allows tcp/443 to 10.1.1.30";
    check(&plan, "dns", "app", &tcp(DNS, APP, 443), &End::Lost, kept);
}

#[test]
fn a_firewall_with_no_rule_passes_nothing_and_without_one_all_passes() {
    let lost = "LOST interface dns: no ingress rule of dc-firewall allows udp/53 from 10.1.1.30";
    let query = udp(APP, DNS, 53);
    check(
        &guarded(&[], &["all 0.0.0.0/0"]),
        "app",
        "dns",
        &query,
        &End::Lost,
        lost,
    );
    let lost = "LOST interface dns: no egress rule of dc-firewall allows tcp/22 to 10.1.1.30";
    let login = tcp(DNS, APP, 22);
    check(
        &guarded(&["all 0.0.0.0/0"], &[]),
        "dns",
        "app",
        &login,
        &End::Lost,
        lost,
    );
    let back = "acl prod-open of private-a: ingress entry 100 allows all traffic from 0.0.0.0/0";
    check(&estate(), "app", "dns", &query, &End::Answered, back);
}

#[test]
fn a_firewall_stands_between_neighbours_of_its_site() {
    let plan = guarded(&["tcp/22 192.168.1.0/24"], &[])
        .outsider("near", "dc", &["192.168.0.54"])
        .outsider("admin", "dc", &["192.168.1.5"]);
    let answered = "site dc: 192.168.1.5 is admin";
    let login = tcp("192.168.1.5", DNS, 22);
    check(&plan, "admin", "dns", &login, &End::Answered, answered);
    let lost = "LOST interface dns: no ingress rule of dc-firewall allows tcp/22 from 192.168.0.54";
    check(
        &plan,
        "near",
        "dns",
        &tcp("192.168.0.54", DNS, 22),
        &End::Lost,
        lost,
    );
}

#[test]
fn what_a_site_sends_from_a_guarded_address_passes_the_firewall() {
    let no_path = |from: Sources| Rule::NoPath {
        from,
        to: ids(&["app"]),
        traffic: vec![traffic("tcp/22")],
    };
    let server = |prefix: &str| {
        let mut sources = Sources::interfaces(ids(&[]));
        sources.ranges.insert(("dc".into(), net(prefix)));
        sources
    };
    let plan = guarded(&[], &["udp/53 0.0.0.0/0"]);
    holds(&plan, no_path(server("192.168.0.53/32")));
    holds(&plan, no_path(Sources::interfaces(ids(&["dns"]))));
    // Others of the data centre have no firewall in front of them.
    fails(
        &plan,
        no_path(server("192.168.0.52/31")),
        "tcp 192.168.0.52:49152 > 10.1.1.30:22",
        "group app: ingress rule 1 allows tcp/22 from 192.168.0.0/16",
    );
}

#[test]
fn a_site_on_the_internet_may_have_one_too() {
    let plan = estate()
        .firewall(
            "edge",
            "operator",
            &["tcp/443 10.0.0.0/8"],
            &["tcp/22 0.0.0.0/0"],
        )
        .member("operator", "edge");
    let (operator, bastion) = ("198.51.100.10", "198.18.0.10");
    let login = tcp(operator, bastion, 22);
    let answered = "site operator: 198.51.100.10 is operator";
    check(
        &plan,
        "operator",
        "bastion",
        &login,
        &End::Answered,
        answered,
    );
    let lost = "LOST interface operator: no egress rule of edge allows tcp/443 to 198.18.0.20";
    let web = tcp(operator, "198.18.0.20", 443);
    check(&plan, "operator", "web", &web, &End::Lost, lost);
    // By then the source is the NAT gateway's public address.
    let lost = "LOST interface operator: no ingress rule of edge allows tcp/443 from 198.18.0.250";
    check(
        &plan,
        "app",
        "operator",
        &tcp(APP, operator, 443),
        &End::Lost,
        lost,
    );
}

#[test]
fn what_leaves_for_a_site_has_left_whatever_its_firewall_does() {
    let plan =
        guarded(&["udp/53 0.0.0.0/0"], &[]).group("app", "prod", &[], &["all 192.168.0.53/32"]);
    let proof = proved(
        &plan,
        only_outbound(&["app"], "dc", &["udp/53 192.168.0.53/32"]),
    );
    assert_eq!(proof.verdict, Verdict::Fails, "{}", proof.detail);
    assert_eq!(
        proof.detail,
        "tcp 10.1.1.30:49152 > 192.168.0.53:22 leaves for dc: site dc: 192.168.0.53 is dns"
    );
}

/// A bastion of the customer's with one leg on the Internet and one in the data centre.
fn two_legs() -> Plan {
    estate()
        .site("colo", SiteKind::OnInternet, &["203.0.113.128/28"])
        .outsider("jump-out", "colo", &["203.0.113.130"])
        .of_host("jump-out", "jump")
        .outsider("jump-in", "dc", &["192.168.0.10"])
        .of_host("jump-in", "jump")
        .firewall("edge", "colo", &["tcp/2222 198.51.100.0/24"], &[])
        .member("jump-out", "edge")
        .group("app", "prod", &["tcp/22 192.168.0.10/32"], &[])
}

#[test]
fn each_leg_of_a_host_sends_and_receives_by_itself() {
    let plan = two_legs();
    let answered = "site operator: 198.51.100.10 is operator";
    let login = tcp("198.51.100.10", "203.0.113.130", 2222);
    check(
        &plan,
        "operator",
        "jump-out",
        &login,
        &End::Answered,
        answered,
    );
    let lost = "LOST interface jump-out: no ingress rule of edge allows tcp/2222 from 203.0.113.9";
    let strange = tcp("203.0.113.9", "203.0.113.130", 2222);
    check(&plan, "client", "jump-out", &strange, &End::Lost, lost);
    let onward = tcp("192.168.0.10", APP, 22);
    let answered = "site dc: 192.168.0.10 is jump-in";
    check(&plan, "jump-in", "app", &onward, &End::Answered, answered);
}

#[test]
fn nothing_forwards_between_the_legs_of_a_host() {
    let plan = two_legs().group("app", "prod", &["all 0.0.0.0/0"], &["all 0.0.0.0/0"]);
    let lost = |from: &str, source: &str, to: &str| {
        let journey = trace(
            &plan.0,
            &Endpoint::Interface(from.into()),
            &tcp(source, to, 22),
        );
        assert_eq!(journey.forward.outcome, Outcome::Lost, "{journey:#?}");
    };
    // Into the data centre from the Internet, by the leg that is on it or past it.
    lost("operator", "198.51.100.10", "192.168.0.10");
    lost("jump-out", "203.0.113.130", "192.168.0.53");
    lost("jump-out", "203.0.113.130", APP);
    // Out of the data centre to the Internet.
    lost("dns", DNS, "203.0.113.80");
    // From an address of the other leg.
    lost("jump-out", "192.168.0.10", APP);
    let nothing = |from: Sources, to: &[&str]| Rule::NoPath {
        from,
        to: ids(to),
        traffic: vec![traffic("all")],
    };
    for site in ["operator", "internet", "colo"] {
        holds(
            &plan,
            nothing(Sources::site(site.into()), &["app", "dns", "jump-in"]),
        );
    }
    holds(
        &plan,
        nothing(Sources::interfaces(ids(&["jump-out"])), &["app", "dns"]),
    );
}

#[test]
fn what_a_host_sends_to_itself_is_not_compared() {
    let plan = two_legs();
    let (out, inside) = ("jump-out".into(), "jump-in".into());
    assert_eq!(delivery(&plan.0, &out, &inside), []);
    assert_eq!(delivery(&plan.0, &inside, &out), []);
    let prover = Prover::new(&plan.0);
    for leg in [&out, &inside] {
        let others = prover.delivery(leg, &"app".into());
        assert!(others.iter().any(|one| !samples(one).is_empty()), "{leg}");
    }
}

#[test]
fn samples_try_a_firewalls_ports_and_their_neighbours() {
    let plan = guarded(&["udp/53 10.1.0.0/16"], &[]);
    let deliveries = delivery(&plan.0, &"app".into(), &"dns".into());
    let samples = samples(&deliveries[0]);
    for (port, delivered) in [(52, false), (53, true), (54, false)] {
        let sample = samples
            .iter()
            .find(|sample| sample.packet == udp(APP, DNS, port));
        let sample = sample.expect("it is asked");
        assert_eq!(
            (sample.delivered, sample.answered),
            (delivered, Some(delivered)),
            "{port}"
        );
    }
}

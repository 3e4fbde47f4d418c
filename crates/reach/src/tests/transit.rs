//! How AWS joins a VPC with a transit gateway: zone by zone outward, by whichever attached subnet it likes inward.

use super::paths::{End, check};
use super::plan::{Plan, estate, tcp};

/// Production in two zones, joined in both.
fn two_zones() -> Plan {
    estate()
        .subnet(
            "private-b",
            "prod",
            &["10.1.2.0/24"],
            &[("192.168.0.0/16", "tgw tgw")],
        )
        .subnet("transit-b", "prod", &["10.1.10.0/28"], &[])
        .group(
            "far",
            "prod",
            &["tcp/22 192.168.0.0/16"],
            &["tcp/22 192.168.0.0/16"],
        )
        .host("far", "private-b", &["10.1.2.40"], &["far"])
        .attach_vpc("tgw", "prod", &["transit-a", "transit-b"])
}

/// What the data centre's server and `far` make of each other.
fn check_both_ways(plan: &Plan, out: (End, &str), back: (End, &str)) {
    let (there, here) = ("192.168.0.53", "10.1.2.40");
    check(plan, "far", "dns", &tcp(here, there, 22), &out.0, out.1);
    check(plan, "dns", "far", &tcp(there, here, 22), &back.0, back.1);
}

const DIFFER: &str =
    "LOST unknown: the subnets of attachment prod differ, and AWS may bring the packet by any";
const ARRIVES: &str =
    "acl prod-open of private-b: ingress entry 100 allows all traffic from 0.0.0.0/0";
const ANSWERED: &str = "site dc: 192.168.0.53 is dns";

#[test]
fn subnets_that_are_alike_are_as_one() {
    check_both_ways(
        &two_zones(),
        (End::Answered, ARRIVES),
        (End::Answered, ANSWERED),
    );
    // Two ACLs that differ in what does not matter here.
    let ingress = ["1 allow all 0.0.0.0/0"];
    let egress = ["1 deny udp 0.0.0.0/0", "2 allow all 0.0.0.0/0"];
    check_both_ways(
        &two_zones().acl("transit-a", &ingress, &egress),
        (End::Answered, ARRIVES),
        (End::Answered, ANSWERED),
    );
    // Routes that differ in what does not matter here.
    check_both_ways(
        &two_zones().route("transit-a", "0.0.0.0/0", "nat nat", false),
        (End::Answered, ARRIVES),
        (End::Answered, ANSWERED),
    );
}

#[test]
fn a_zone_without_an_attached_subnet_has_no_way_out() {
    let lost = "LOST transit gateway tgw: attachment prod has no subnet in zone b";
    let plan = two_zones().attach_vpc("tgw", "prod", &["transit-a"]);
    check_both_ways(&plan, (End::Lost, lost), (End::Unanswered, lost));
}

#[test]
fn subnets_whose_acls_differ_leave_it_unknown() {
    let all = ["1 allow all 0.0.0.0/0"];
    let closed = two_zones().acl(
        "transit-a",
        &all,
        &["1 deny tcp/22 10.1.2.0/24", "2 allow udp 0.0.0.0/0"],
    );
    check_both_ways(&closed, (End::Unknown, DIFFER), (End::Unknown, DIFFER));
    // Where both drop it, it is dropped.
    let both = closed.acl("transit-b", &all, &["1 allow udp 0.0.0.0/0"]);
    let lost =
        "LOST acl transit-b-acl of transit-b: no egress entry matches tcp/22 to 10.1.2.40: denied";
    check(
        &both,
        "dns",
        "far",
        &tcp("192.168.0.53", "10.1.2.40", 22),
        &End::Lost,
        lost,
    );
}

#[test]
fn subnets_whose_routes_differ_leave_it_unknown() {
    for (prefix, target) in [
        ("10.1.2.0/24", "blackhole"),
        ("10.1.2.40/32", "appliance"),
        ("10.1.2.0/25", "tgw tgw"),
    ] {
        let plan = two_zones().route("transit-a", prefix, target, false);
        check_both_ways(&plan, (End::Unknown, DIFFER), (End::Unknown, DIFFER));
    }
    let unrouted = two_zones().but(|network| {
        let table = network.route_tables.get_mut(&"transit-b-table".into());
        table.expect("there").routes.clear();
    });
    check_both_ways(&unrouted, (End::Unknown, DIFFER), (End::Unknown, DIFFER));
}

#[test]
fn equal_routes_to_a_gateway_of_one_of_the_subnets_leave_it_unknown() {
    // Central egress by a NAT gateway that stands beside one of the attachment's interfaces.
    let plan = two_zones()
        .group("stage", "staging", &[], &["tcp/443 0.0.0.0/0"])
        .route("stage-a", "0.0.0.0/0", "tgw tgw", false)
        .transit("tgw", "staging", "0.0.0.0/0", Some("prod"))
        .nat("beside", "transit-b", "10.1.10.5", Some("198.18.0.251"))
        .route("transit-a", "203.0.113.0/24", "nat beside", false)
        .route("transit-b", "203.0.113.0/24", "nat beside", false);
    check(
        &plan,
        "stage",
        "mirror",
        &tcp("10.2.1.30", "203.0.113.80", 443),
        &End::Unknown,
        DIFFER,
    );
}

#[test]
fn a_host_beside_one_of_several_attachments_may_be_brought_over_its_acl() {
    let beside = two_zones()
        .group("near", "prod", &["tcp/22 192.168.0.0/16"], &[])
        .host("near", "transit-b", &["10.1.10.7"], &["near"])
        .route("transit-b", "192.168.0.0/16", "tgw tgw", false);
    let packet = tcp("192.168.0.53", "10.1.10.7", 22);
    let own = "LOST unknown: subnet transit-b sends by attachment prod of its own, past an ACL that is not modelled there";
    check(&beside, "dns", "near", &packet, &End::Unknown, own);
    let guarded = beside.acl(
        "transit-b",
        &["1 deny tcp/22 0.0.0.0/0", "2 allow all 0.0.0.0/0"],
        &["1 allow all 0.0.0.0/0"],
    );
    check(&guarded, "dns", "near", &packet, &End::Unknown, DIFFER);
}

#[test]
fn what_a_subnet_sends_by_an_attachment_of_its_own_is_unknown() {
    let own = "LOST unknown: subnet stage-a sends by attachment staging of its own, past an ACL that is not modelled there";
    let deny = ["1 deny all 0.0.0.0/0"];
    let plan = estate().attach_vpc("tgw", "staging", &["stage-a"]).group(
        "stage",
        "staging",
        &["tcp/443 192.168.0.0/16"],
        &["tcp/443 192.168.0.0/16"],
    );
    for plan in [plan.clone(), plan.acl("stage-a", &deny, &deny)] {
        let (there, here) = ("192.168.0.53", "10.2.1.30");
        check(
            &plan,
            "stage",
            "dns",
            &tcp(here, there, 443),
            &End::Unknown,
            own,
        );
        // Inward no ACL is asked there; the answer is what is not known.
        check(
            &plan,
            "dns",
            "stage",
            &tcp(there, here, 443),
            &End::Unknown,
            own,
        );
    }
}

#[test]
fn an_attachment_with_a_subnet_that_is_not_there_is_unknown() {
    let plan = estate().attach_vpc("tgw", "prod", &["gone"]);
    let packet = tcp("10.1.1.30", "192.168.0.53", 443);
    let plan = plan.group("app", "prod", &[], &["tcp/443 0.0.0.0/0"]);
    let words = "LOST unknown: attachment prod has no known subnet";
    check(&plan, "app", "dns", &packet, &End::Unknown, words);
}

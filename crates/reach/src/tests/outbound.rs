//! What leaves for a site, whether or not an interface of the network stands there.

use model::Rule;
use model::intent::Outflow;
use model::network::SiteKind;

use super::intents::{fails, holds, unknown};
use super::plan::{Plan, estate, ids, net, traffic};

/// Allowed traffic is `tcp/443 0.0.0.0/0`.
pub(super) fn only_outbound(from: &[&str], site: &str, allowed: &[&str]) -> Rule {
    let outflow = |words: &&str| {
        let (what, to) = words.split_once(' ').expect("traffic and a prefix");
        Outflow {
            to: net(to),
            traffic: traffic(what),
        }
    };
    Rule::OnlyOutbound {
        from: ids(from),
        site: site.into(),
        allowed: allowed.iter().map(outflow).collect(),
    }
}

/// The application with other rules for what it sends.
fn sending(egress: &[&str]) -> Plan {
    estate().group("app", "prod", &[], egress)
}

#[test]
fn what_is_allowed_may_leave() {
    let plan = estate();
    let web = ["tcp/443 0.0.0.0/0", "tcp/443 ::/0"];
    holds(&plan, only_outbound(&["app"], "internet", &web));
    holds(&plan, only_outbound(&["app"], "operator", &web[..1]));
    let dns = ["udp/53 192.168.0.53/32", "tcp/443 192.168.0.0/16"];
    holds(&plan, only_outbound(&["app", "stage"], "dc", &dns));
    holds(&plan, only_outbound(&["web", "bastion"], "internet", &[]));
    holds(&plan, only_outbound(&["web"], "dc", &[]));
}

#[test]
fn addresses_at_which_nobody_is_known_are_reached_all_the_same() {
    fails(
        &estate(),
        only_outbound(
            &["app"],
            "internet",
            &["tcp/443 203.0.113.0/24", "tcp/443 ::/0"],
        ),
        "tcp 10.1.1.30:49152 > 192.0.2.77:443",
        "site internet: 192.0.2.77 is there",
    );
    fails(
        &estate(),
        only_outbound(&["app"], "internet", &["tcp/443 0.0.0.0/0"]),
        "tcp [2001:db8:1:1::30]:49152 > [2001:db8:ffff::4d]:443",
        "site internet: 2001:db8:ffff::4d is there",
    );
    fails(
        &estate(),
        only_outbound(&["app"], "operator", &["tcp/443 198.51.100.0/25"]),
        "tcp 10.1.1.30:49152 > 198.51.100.191:443",
        "site operator: 198.51.100.191 is there",
    );
    fails(
        &sending(&["udp/53 192.168.0.52/31"]),
        only_outbound(&["app"], "dc", &["udp/53 192.168.0.53/32"]),
        "udp 10.1.1.30:49152 > 192.168.0.52:53",
        "site dc: 192.168.0.52 is there",
    );
    fails(
        &estate(),
        only_outbound(&["app"], "dc", &["tcp/443 192.168.0.0/16"]),
        "udp 10.1.1.30:49152 > 192.168.0.53:53",
        "site dc: 192.168.0.53 is dns",
    );
}

#[test]
fn a_packet_that_could_not_be_answered_leaves_all_the_same() {
    let plan = sending(&["tcp/25 0.0.0.0/0"]).acl(
        "public-a",
        &["1 allow all 10.1.0.0/16"],
        &["1 allow all 0.0.0.0/0"],
    );
    fails(
        &plan,
        only_outbound(&["app"], "internet", &["tcp/443 0.0.0.0/0"]),
        "tcp 10.1.1.30:49152 > 203.0.113.77:25",
        "site internet: 203.0.113.77 is there",
    );
}

#[test]
fn other_protocols_leave_too() {
    let plan = estate().group("web", "prod", &[], &["proto/132 0.0.0.0/0"]);
    fails(
        &plan,
        only_outbound(&["web"], "internet", &["tcp 0.0.0.0/0", "udp 0.0.0.0/0"]),
        "protocol 132 10.1.0.20 > 203.0.113.77",
        "site internet: 203.0.113.77 is there",
    );
}

#[test]
fn filters_routes_and_gateways_hold_what_they_hold() {
    let rule = |from: &str, site: &str| only_outbound(&[from], site, &[]);
    let open = ["all 0.0.0.0/0", "all ::/0"];
    // No route, no public address, an ACL, a transit gateway's table, no way for IPv4 by an egress-only gateway.
    holds(
        &estate().group("stage", "staging", &[], &open),
        rule("stage", "internet"),
    );
    let unaddressed = estate()
        .group("web", "prod", &[], &open[..1])
        .but(|network| {
            let web = network.interfaces.get_mut(&"web".into()).expect("there");
            web.public = None;
        });
    holds(&unaddressed, rule("web", "internet"));
    holds(
        &sending(&open).acl(
            "private-a",
            &["1 allow all 0.0.0.0/0"],
            &["1 allow all 10.1.0.0/16"],
        ),
        rule("app", "internet"),
    );
    let untabled = sending(&open).but(|network| {
        let gateway = network.transit_gateways.get_mut(&"tgw".into());
        let tables = &mut gateway.expect("there").tables;
        tables.get_mut(&"prod".into()).expect("there").clear();
    });
    holds(&untabled, rule("app", "dc"));
    holds(
        &sending(&open[..1]).but(|network| {
            let table = network.route_tables.get_mut(&"private-a-table".into());
            table
                .expect("there")
                .routes
                .retain(|route| route.destination != net("0.0.0.0/0"));
        }),
        rule("app", "operator"),
    );
    // Of a group, its members alone: none of them is at the site.
    holds(
        &estate().group("app", "prod", &[], &["all web"]),
        rule("app", "internet"),
    );
}

#[test]
fn central_egress_leaves_by_another_vpc() {
    let plan = estate()
        .group("stage", "staging", &[], &["tcp/443 0.0.0.0/0"])
        .route("stage-a", "0.0.0.0/0", "tgw tgw", false)
        .transit("tgw", "staging", "0.0.0.0/0", Some("prod"))
        .route("transit-a", "0.0.0.0/0", "nat nat", false);
    fails(
        &plan,
        only_outbound(&["stage"], "internet", &[]),
        "tcp 10.2.1.30:49152 > 203.0.113.77:443",
        "site internet: 203.0.113.77 is there",
    );
    holds(
        &plan,
        only_outbound(&["stage"], "internet", &["tcp/443 0.0.0.0/0"]),
    );
}

#[test]
fn behind_what_is_not_modelled_it_is_unknown() {
    unknown(
        &sending(&["tcp/443 203.0.113.0/24"]).route(
            "private-a",
            "203.0.113.0/25",
            "appliance",
            false,
        ),
        only_outbound(&["app"], "internet", &["tcp/443 203.0.113.128/25"]),
        "appliance is not modelled",
    );
    // What may leave anyhow leaves nothing open.
    holds(
        &estate().route("private-a", "203.0.113.0/24", "appliance", false),
        only_outbound(&["app"], "internet", &["tcp/443 0.0.0.0/0", "tcp/443 ::/0"]),
    );
    unknown(
        &sending(&["all 0.0.0.0/0"]),
        only_outbound(
            &["app"],
            "internet",
            &["tcp 0.0.0.0/0", "udp 0.0.0.0/0", "icmp 0.0.0.0/0"],
        ),
        "other than TCP, UDP and echo requests through NAT gateway nat",
    );
}

#[test]
fn intents_that_name_nothing_are_unknown() {
    let plan = estate().site("void", SiteKind::Private, &[]);
    for (rule, words) in [
        (
            only_outbound(&[], "internet", &[]),
            "the intent names no sender",
        ),
        (
            only_outbound(&["gone"], "internet", &[]),
            "the intent names interface gone, which is not there",
        ),
        (
            only_outbound(&["app"], "gone", &[]),
            "the intent names site gone, which is not there",
        ),
        (
            only_outbound(&["app"], "void", &[]),
            "the intent names site void, which has no address",
        ),
    ] {
        unknown(&plan, rule, words);
    }
}

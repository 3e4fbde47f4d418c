//! Faults as people make them, each in an estate that was right: the intent that held fails, and says by what.

use std::collections::BTreeSet;

use model::intent::Sources;
use model::{Rule, Verdict};

use super::intents::{fails, fails_saying, holds, proved, unknown};
use super::peerings::peered;
use super::plan::{Plan, estate, ids, net, traffic};

fn only_from(site: &str, to: &str, what: &str) -> Rule {
    Rule::NoPath {
        from: Sources::site(site.into()).complement(),
        to: ids(&[to]),
        traffic: vec![traffic(what)],
    }
}

fn from_site(site: &str, to: &str, what: &str) -> Rule {
    Rule::NoPath {
        from: Sources::site(site.into()),
        to: ids(&[to]),
        traffic: vec![traffic(what)],
    }
}

/// Wants that the intent holds on the estate as it should be.
fn seeded(sound: &Plan, rule: impl Fn() -> Rule) -> Rule {
    holds(sound, rule());
    rule()
}

#[test]
fn the_operators_range_split_in_two_halves_of_everything() {
    let rule = seeded(&estate(), || only_from("operator", "bastion", "tcp/22"));
    let halves = ["tcp/22 0.0.0.0/1", "tcp/22 128.0.0.0/1"];
    fails(
        &estate().group("bastion", "prod", &halves, &[]),
        rule.clone(),
        "tcp 203.0.113.77:49152 > 198.18.0.10:22",
        "group bastion: ingress rule 2 allows tcp/22 from 128.0.0.0/1",
    );
    fails(
        &estate().group(
            "bastion",
            "prod",
            &["tcp/22 198.51.100.0/24", halves[0]],
            &[],
        ),
        rule.clone(),
        "tcp 8.8.8.8:49152 > 198.18.0.10:22",
        "group bastion: ingress rule 2 allows tcp/22 from 0.0.0.0/1",
    );
    fails(
        &estate().group("bastion", "prod", &["tcp/22 2000::/4"], &[]),
        rule,
        "tcp [2001:db8:ffff::4d]:49152 > [2001:db8:1::10]:22",
        "group bastion: ingress rule 1 allows tcp/22 from 2000::/4",
    );
}

#[test]
fn the_same_split_on_the_firewall_of_a_bastion_at_the_customers() {
    let bastion = |ingress: &[&str]| {
        estate()
            .outsider("jump", "internet", &["203.0.113.200"])
            .firewall("edge", "internet", ingress, &[])
            .member("jump", "edge")
    };
    let rule = seeded(&bastion(&["tcp/22 198.51.100.0/24"]), || {
        only_from("operator", "jump", "all")
    });
    fails(
        &bastion(&["tcp/22 0.0.0.0/1", "tcp/22 128.0.0.0/1"]),
        rule,
        "tcp 203.0.113.77:49152 > 203.0.113.200:22",
        "group edge: ingress rule 2 allows tcp/22 from 128.0.0.0/1",
    );
}

#[test]
fn a_private_subnet_with_the_public_route_table() {
    let rule = seeded(&estate(), || Rule::NoInternetRouteIn {
        subnets: ["private-a"].map(Into::into).into_iter().collect(),
    });
    let associated = estate().but(|network| {
        let subnet = network.subnets.get_mut(&"private-a".into()).expect("there");
        subnet.route_table = "public-a-table".into();
    });
    fails_saying(
        &associated,
        rule,
        "subnet private-a is open to the Internet: route table public-a-table sends 0.0.0.0/0 to Internet gateway igw",
    );
}

/// The estate with a database in a private subnet of production.
fn with_database(ingress: &[&str]) -> Plan {
    estate().group("database", "prod", ingress, &[]).host(
        "database",
        "private-a",
        &["10.1.1.50", "2001:db8:1:1::50"],
        &["database"],
    )
}

#[test]
fn a_database_port_open_to_the_internet() {
    let rule = seeded(&with_database(&["tcp/5432 app"]), || Rule::NoPath {
        from: Sources::interfaces(ids(&["app"])).complement(),
        to: ids(&["database"]),
        traffic: vec![traffic("tcp/5432")],
    });
    // In a private subnet the Internet does not get there yet; what does, now may.
    fails(
        &with_database(&["tcp/5432 0.0.0.0/0"]).group("web", "prod", &[], &["all 0.0.0.0/0"]),
        rule.clone(),
        "tcp 192.168.127.255:49152 > 10.1.1.50:5432",
        "group database: ingress rule 1 allows tcp/5432 from 0.0.0.0/0",
    );
    // With a public address and the public route table it does.
    let public = with_database(&["tcp/5432 0.0.0.0/0"])
        .public("database", "198.18.0.50")
        .but(|network| {
            let subnet = network.subnets.get_mut(&"private-a".into()).expect("there");
            subnet.route_table = "public-a-table".into();
        });
    fails(
        &public,
        from_site("internet", "database", "tcp/5432"),
        "tcp 203.0.113.77:49152 > 198.18.0.50:5432",
        "group database: ingress rule 1 allows tcp/5432 from 0.0.0.0/0",
    );
    // By IPv6 the address is public already, and only the route was missing.
    fails(
        &with_database(&["tcp/5432 ::/0"]),
        rule,
        "tcp [2001:db8:ffff::4d]:49152 > [2001:db8:1:1::50]:5432",
        "group database: ingress rule 1 allows tcp/5432 from ::/0",
    );
}

fn isolated() -> Rule {
    Rule::Isolated {
        left: "prod".into(),
        right: "staging".into(),
    }
}

fn not_joined() -> Rule {
    Rule::NotJoined {
        left: "prod".into(),
        right: "staging".into(),
    }
}

/// Groups that let staging's host reach production's, had they a way.
fn trusting() -> Plan {
    estate()
        .group("app", "prod", &["tcp/22 10.0.0.0/8"], &[])
        .group("stage", "staging", &[], &["tcp/22 10.0.0.0/8"])
}

#[test]
fn staging_that_reaches_production_by_a_peering() {
    let joined = |plan: Plan| {
        plan.peering("shortcut", "staging", "prod").route(
            "stage-a",
            "10.1.0.0/16",
            "pcx shortcut",
            false,
        )
    };
    let words = "peering shortcut joins prod and staging";
    seeded(&trusting(), isolated);
    seeded(&estate(), not_joined);
    fails(
        &joined(trusting()),
        isolated(),
        "tcp 10.2.1.30:49152 > 10.1.1.30:22",
        "group app: ingress rule 1 allows tcp/22 from 10.0.0.0/8",
    );
    // While the groups are closed no packet passes; the way is there all the same.
    holds(&joined(estate()), isolated());
    fails_saying(&joined(estate()), not_joined(), words);
    // Without any route, too: one line more and it leads.
    let idle = estate().peering("shortcut", "prod", "staging");
    fails_saying(&idle, not_joined(), words);
    // A peering with the operator joins them not.
    holds(&peered(), not_joined());
}

#[test]
fn staging_that_reaches_production_by_a_shared_transit_table() {
    let shared = |plan: Plan| {
        plan.but(|network| {
            let gateway = network
                .transit_gateways
                .get_mut(&"tgw".into())
                .expect("there");
            for attachment in gateway.attachments.values_mut() {
                attachment.table = Some("prod".into());
            }
        })
        .route("stage-a", "10.1.0.0/16", "tgw tgw", false)
        .propagate("tgw", "prod", "10.1.0.0/16", "prod")
        .propagate("tgw", "prod", "10.2.0.0/16", "staging")
    };
    fails(
        &shared(trusting()),
        isolated(),
        "tcp 10.2.1.30:49152 > 10.1.1.30:22",
        "group app: ingress rule 1 allows tcp/22 from 10.0.0.0/8",
    );
    fails_saying(
        &shared(estate()),
        not_joined(),
        "table prod of transit gateway tgw, which prod asks, leads 10.2.0.0/16, propagated, to staging",
    );
    // One way is enough, and a wide route is one.
    fails_saying(
        &estate().transit("tgw", "staging", "0.0.0.0/0", Some("prod")),
        not_joined(),
        "table staging of transit gateway tgw, which staging asks, leads 0.0.0.0/0 to prod",
    );
}

#[test]
fn ways_that_lead_nowhere_do_not_join() {
    // A static black hole wins over what is propagated.
    let shadowed = estate()
        .transit("tgw", "staging", "10.1.0.0/16", None)
        .propagate("tgw", "staging", "10.1.0.0/16", "prod");
    holds(&shadowed, not_joined());
    // The site's table is asked by the site alone.
    holds(&estate(), not_joined());
    unknown(
        &estate().route("stage-a", "10.1.1.0/24", "appliance", false),
        not_joined(),
        "route table stage-a-table leads to appliance, which is not modelled",
    );
    holds(
        &estate().route("stage-a", "9.0.0.0/8", "appliance", false),
        not_joined(),
    );
}

#[test]
fn intents_on_joined_vpcs_that_make_no_sense() {
    let rule = |left: &str, right: &str| Rule::NotJoined {
        left: left.into(),
        right: right.into(),
    };
    unknown(
        &estate(),
        rule("prod", "gone"),
        "the intent names gone, which is not there",
    );
    unknown(
        &estate(),
        rule("gone", "prod"),
        "the intent names gone, which is not there",
    );
    unknown(
        &estate(),
        rule("prod", "prod"),
        "the intent names prod twice",
    );
    let dangling = estate().transit("tgw", "prod", "10.9.0.0/16", Some("gone"));
    unknown(&dangling, not_joined(), "attachment gone is not known");
}

fn only_prefixes(vpc: &str) -> Rule {
    let range = if vpc == "prod" {
        "10.1.0.0/16"
    } else {
        "10.2.0.0/16"
    };
    let set = |prefix: &str| BTreeSet::from([net(prefix)]);
    Rule::OnlyPrefixes {
        vpc: vpc.into(),
        site: "dc".into(),
        of_site: set("192.168.0.0/16"),
        of_vpc: set(range),
    }
}

#[test]
fn a_route_leaked_by_bgp() {
    for vpc in ["prod", "staging"] {
        seeded(&estate(), || only_prefixes(vpc));
    }
    // The data centre announces everything, production's own range, staging's, or half of the Internet.
    for (prefix, first) in [
        ("0.0.0.0/0", "0.0.0.0"),
        ("10.1.0.0/16", "10.1.0.0"),
        ("10.2.1.0/24", "10.2.1.0"),
        ("128.0.0.0/1", "128.0.0.0"),
        ("::/0", "::"),
    ] {
        let leaked = estate().propagate("tgw", "prod", prefix, "dc");
        let words = format!(
            "propagated route {prefix} of table prod of transit gateway tgw leads {first} from prod to dc, which no declared prefix covers"
        );
        fails_saying(&leaked, only_prefixes("prod"), &words);
        holds(&leaked, only_prefixes("staging"));
    }
    // A range that is declared, or part of it, is none; nor is one of a family that the VPC has not.
    holds(
        &estate().propagate("tgw", "prod", "192.168.7.0/24", "dc"),
        only_prefixes("prod"),
    );
    holds(
        &estate().propagate("tgw", "staging", "::/0", "dc"),
        only_prefixes("staging"),
    );
    // A static route to the same prefix wins.
    let pinned = estate()
        .transit("tgw", "prod", "0.0.0.0/0", None)
        .propagate("tgw", "prod", "0.0.0.0/0", "dc");
    holds(&pinned, only_prefixes("prod"));
}

#[test]
fn a_route_leaked_to_the_data_centre() {
    fails_saying(
        &estate().propagate("tgw", "dc", "10.0.0.0/8", "prod"),
        only_prefixes("prod"),
        "propagated route 10.0.0.0/8 of table dc of transit gateway tgw leads 10.0.0.0 from dc to prod, which no declared prefix covers",
    );
}

#[test]
fn a_leaked_route_that_takes_an_environments_packets() {
    // A longer prefix than the static one brings what was production's own to the data centre's attachment.
    let needs = || Rule::MustReach {
        from: Sources::interfaces(ids(&["dns"])),
        to: ids(&["stage"]),
        traffic: vec![traffic("tcp/443")],
    };
    let rule = seeded(&estate(), needs);
    fails(
        &estate().propagate("tgw", "dc", "10.2.1.0/24", "prod"),
        rule,
        "tcp 192.168.0.53:49152 > 10.2.1.30:443",
        "route table transit-a-table: no route to 10.2.1.30",
    );
}

#[test]
fn a_site_firewall_that_blocks_ntp() {
    let needs = || Rule::MustReach {
        from: Sources::interfaces(ids(&["app"])),
        to: ids(&["ntp"]),
        traffic: vec![traffic("udp/123")],
    };
    let site = |ingress: &[&str]| {
        estate()
            .group("app", "prod", &[], &["udp/123 192.168.0.123/32"])
            .outsider("ntp", "dc", &["192.168.0.123"])
            .firewall("dc-firewall", "dc", ingress, &[])
            .member("ntp", "dc-firewall")
    };
    let rule = seeded(&site(&["udp/123 10.1.0.0/16", "udp/53 10.1.0.0/16"]), needs);
    fails(
        &site(&["udp/53 10.1.0.0/16"]),
        rule.clone(),
        "udp 10.1.1.30:49152 > 192.168.0.123:123",
        "interface ntp: no ingress rule of dc-firewall allows udp/123 from 10.1.1.30",
    );
    fails(
        &site(&["udp/123 10.1.9.0/24", "tcp/123 0.0.0.0/0"]),
        rule,
        "udp 10.1.1.30:49152 > 192.168.0.123:123",
        "interface ntp: no ingress rule of dc-firewall allows udp/123 from 10.1.1.30",
    );
}

#[test]
fn a_site_firewall_that_keeps_its_own_in() {
    let rule = || Rule::MustReach {
        from: Sources::interfaces(ids(&["dns"])),
        to: ids(&["stage"]),
        traffic: vec![traffic("tcp/443")],
    };
    let kept = estate()
        .firewall(
            "dc-firewall",
            "dc",
            &["all 0.0.0.0/0"],
            &["tcp/443 10.1.0.0/16"],
        )
        .member("dns", "dc-firewall");
    fails(
        &kept,
        rule(),
        "tcp 192.168.0.53:49152 > 10.2.1.30:443",
        "interface dns: no egress rule of dc-firewall allows tcp/443 to 10.2.1.30",
    );
}

#[test]
fn a_peering_with_no_way_back() {
    let rule = || Rule::MustReach {
        from: Sources::interfaces(ids(&["jump"])),
        to: ids(&["app"]),
        traffic: vec![traffic("tcp/22")],
    };
    holds(&peered(), rule());
    let one_way = peered().but(|network| {
        let table = network.route_tables.get_mut(&"private-a-table".into());
        let routes = &mut table.expect("there").routes;
        routes.retain(|route| route.destination != net("10.9.0.0/16"));
    });
    fails(
        &one_way,
        rule(),
        "tcp 10.9.1.10:49152 > 10.1.1.30:22",
        "NAT gateway nat: knows no connection that this answers",
    );
    let proof = proved(&one_way, Rule::RepliesReturn { to: ids(&["app"]) });
    assert_eq!(proof.verdict, Verdict::Fails, "{}", proof.detail);
}

//! Networks that are not described soundly: no intent holds on them, and each fault is named.

use model::intent::Sources;
use model::network::SiteKind;
use model::{Intent, Network, Rule, Verdict};

use super::plan::{Plan, estate, ids, net};
use crate::problems::problems;
use crate::prove::prove;

/// Wants one fault, and that an intent that held holds no more.
fn check(plan: &Plan, wanted: &str) {
    assert_eq!(problems(&plan.0), [wanted]);
    let intent = Intent {
        title: "the operator keeps away from the application".to_owned(),
        rule: Rule::NoPath {
            from: Sources::site("operator".into()),
            to: ids(&["app"]),
            traffic: vec![model::Traffic::tcp(22)],
        },
    };
    let proof = prove(&plan.0, &intent);
    assert_eq!(proof.verdict, Verdict::Unknown, "{}", proof.detail);
    assert!(proof.detail.contains(wanted), "{}", proof.detail);
}

fn check_change(change: impl FnOnce(&mut Network), wanted: &str) {
    check(&estate().but(change), wanted);
}

#[test]
fn a_sound_network_has_no_problem() {
    assert_eq!(problems(&estate().0), [""; 0]);
    assert_eq!(problems(&Network::default()), [""; 0]);
}

#[test]
fn dangling_names_in_vpcs() {
    check_change(
        |network| {
            network
                .subnets
                .get_mut(&"public-a".into())
                .expect("there")
                .acl = "gone".into()
        },
        "subnet public-a names acl gone, which is not one of its VPC",
    );
    check_change(
        |network| {
            let subnet = network.subnets.get_mut(&"public-a".into()).expect("there");
            subnet.route_table = "stage-a-table".into();
        },
        "subnet public-a names route table stage-a-table, which is not one of its VPC",
    );
    check(
        &estate().route("stage-a", "10.9.0.0/16", "nat nat", false),
        "route table stage-a-table names NAT gateway nat, which does not serve staging",
    );
    check(
        &estate().route("stage-a", "10.9.0.0/16", "igw igw", false),
        "route table stage-a-table names Internet gateway igw, which does not serve staging",
    );
    check(
        &estate().route("public-a", "10.9.0.0/16", "eigw igw", false),
        "route table public-a-table names egress-only gateway igw, which does not serve prod",
    );
    check(
        &estate().route("public-a", "10.9.0.0/16", "tgw other", false),
        "route table public-a-table names transit gateway other, which does not serve prod",
    );
    check(
        &estate().group("web", "prod", &["all gone"], &[]),
        "group web names group gone, which is not there",
    );
}

#[test]
fn dangling_names_of_interfaces() {
    check(
        &estate().host("lost", "gone", &["10.1.0.99"], &[]),
        "interface lost names subnet gone, which is not there",
    );
    check(
        &estate().outsider("lost", "gone", &["10.1.0.99"]),
        "interface lost names site gone, which is not there",
    );
    check(
        &estate().host("web2", "public-a", &["10.1.0.21"], &["stage"]),
        "interface web2 names group stage, which is not one of its VPC",
    );
    check(
        &estate().host("web2", "public-a", &["10.1.1.21"], &["web"]),
        "interface web2 has 10.1.1.21, outside subnet public-a",
    );
}

#[test]
fn addresses_that_leave_open_who_is_meant() {
    check(
        &estate().host("web2", "public-a", &["10.1.0.20"], &["web"]),
        "2 in prod have the address 10.1.0.20",
    );
    check(
        &estate().host("web2", "public-a", &["10.1.0.250"], &["web"]),
        "2 in prod have the address 10.1.0.250",
    );
    check(
        &estate().public("app", "198.18.0.20"),
        "2 have the public address 198.18.0.20",
    );
    check(
        &estate().host("two", "public-a", &["10.1.0.21", "10.1.0.22"], &["web"]),
        "interface two has 2 addresses of one family",
    );
    check(
        &estate()
            .host("six", "public-a", &["2001:db8:1::6"], &["web"])
            .public("six", "198.18.0.6"),
        "interface six has a public address and no IPv4 address",
    );
}

#[test]
fn sites_that_share_addresses() {
    let wanted = "site second has addresses that others on the Internet have too";
    for prefix in ["198.51.100.128/25", "198.18.0.0/24"] {
        let plan = estate().site("second", SiteKind::OnInternet, &[prefix]);
        assert_eq!(problems(&plan.0), [wanted], "{prefix}");
    }
    // Private sites may: what tells them apart is a transit gateway's table.
    let plan = estate().site("second", SiteKind::Private, &["192.168.0.0/16"]);
    assert_eq!(problems(&plan.0), [""; 0]);
}

#[test]
fn rules_that_leave_open_what_holds() {
    check(
        &estate().route("public-a", "0.0.0.0/0", "blackhole", false),
        "route table public-a-table has 2 equal routes to 0.0.0.0/0",
    );
    check(
        &estate().transit("tgw", "prod", "192.168.0.0/16", None),
        "table prod of transit gateway tgw has 2 equal routes to 192.168.0.0/16",
    );
    check(
        &estate().acl(
            "public-a",
            &["1 allow all 0.0.0.0/0", "1 deny all ::/0"],
            &[],
        ),
        "acl public-a-acl has several entries of one number",
    );
    check(
        &estate().internet_gateway("second", "prod", false),
        "prod has 2 Internet gateways of one kind",
    );
    check(
        &estate().site("second", SiteKind::Internet, &[]),
        "there are 2 sites that are the Internet",
    );
}

#[test]
fn transit_gateways_that_cannot_be() {
    check(
        &estate().transit("tgw", "prod", "10.9.0.0/16", Some("gone")),
        "table prod of transit gateway tgw names attachment gone, which is not there",
    );
    check(
        &estate().attach_site("tgw", "operator"),
        "attachment operator of transit gateway tgw leads to operator, which is no private site",
    );
    check(
        &estate().attach_site("tgw2", "dc"),
        "site dc has 2 attachments; which one it sends by is not modelled",
    );
    check(
        &estate()
            .vpc("empty", &["10.7.0.0/16"])
            .attach_vpc("tgw", "empty", &[]),
        "attachment empty of transit gateway tgw has no subnet",
    );
    check(
        &estate()
            .vpc("other", &["10.7.0.0/16"])
            .attach_vpc("tgw", "other", &["stage-a"]),
        "attachment other of transit gateway tgw names subnet stage-a, not of other",
    );
}

#[test]
fn an_attachment_takes_one_subnet_of_a_zone() {
    check(
        &estate().attach_vpc("tgw", "prod", &["transit-a", "private-a"]),
        "attachment prod of transit gateway tgw has several subnets in one zone",
    );
}

#[test]
fn what_forwards_for_others_is_not_modelled() {
    check_change(
        |network| {
            let app = network.interfaces.get_mut(&"app".into()).expect("there");
            app.source_dest_check = false;
        },
        "interface app may forward for others: it has no source and destination check",
    );
}

#[test]
fn ranges_that_do_not_fit() {
    check_change(
        |network| {
            let subnet = network.subnets.get_mut(&"public-a".into()).expect("there");
            subnet.cidrs.push(net("10.5.0.0/24"));
        },
        "subnet public-a reaches beyond the ranges of prod",
    );
    check(
        &estate().nat("lost", "public-a", "10.1.1.250", None),
        "NAT gateway lost has 10.1.1.250, which is not in a subnet public-a that is there",
    );
}

#[test]
fn peerings_that_cannot_be() {
    check(
        &estate().peering("pcx", "prod", "gone"),
        "peering pcx names gone, which is not there",
    );
    check(
        &estate().peering("pcx", "prod", "prod"),
        "peering pcx joins prod with itself",
    );
    for range in ["10.1.128.0/20", "2001:db8:1:80::/64"] {
        check(
            &estate()
                .vpc("near", &["10.7.0.0/16", range])
                .peering("pcx", "near", "prod"),
            "peering pcx joins near and prod, whose ranges overlap",
        );
    }
    let sound = estate().peering("pcx", "prod", "staging").route(
        "stage-a",
        "10.1.0.0/16",
        "pcx pcx",
        false,
    );
    assert_eq!(problems(&sound.0), [""; 0]);
}

#[test]
fn routes_to_peerings_of_others() {
    check(
        &estate().route("stage-a", "10.1.0.0/16", "pcx gone", false),
        "route table stage-a-table names peering gone, which does not serve staging",
    );
    check(
        &estate()
            .vpc("ops", &["10.7.0.0/16"])
            .peering("pcx", "prod", "ops")
            .route("stage-a", "10.1.0.0/16", "pcx pcx", false),
        "route table stage-a-table names peering pcx, which does not serve staging",
    );
}

#[test]
fn firewalls_that_cannot_be() {
    let firewall = |ingress: &[&str]| estate().firewall("edge", "dc", ingress, &[]);
    assert_eq!(
        problems(&firewall(&["udp/53 0.0.0.0/0"]).member("dns", "edge").0),
        [""; 0]
    );
    check(
        &estate().firewall("edge", "gone", &[], &[]),
        "group edge names site gone, which is not there",
    );
    check(
        &firewall(&["all web"]),
        "group edge is of a site's firewall and names group web, not a prefix",
    );
    check(
        &firewall(&["all gone"]),
        "group edge names group gone, which is not there",
    );
    check(
        &firewall(&[]).group("web", "prod", &["tcp/443 0.0.0.0/0"], &["all edge"]),
        "group web names group edge, which is of a site's firewall",
    );
    check(
        &firewall(&[]).member("web", "edge"),
        "interface web names group edge, which is not one of its VPC",
    );
    for group in ["edge", "web", "gone"] {
        check(
            &firewall(&[]).member("operator", group),
            &format!("interface operator names group {group}, which is not one of its site"),
        );
    }
}

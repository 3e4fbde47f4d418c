//! Layouts of small networks: the same each time, and refused by name when they cannot be laid out.

#[expect(dead_code, reason = "tests with real packets use the rest")]
#[path = "../../tests/network/world.rs"]
pub(super) mod world;

use std::collections::BTreeSet;

use model::network::{Place, RouteTarget, SiteKind};
use model::packet::Traffic;

use super::{Hop, Layout, LayoutError, Namespace, Setting};
use world::{World, net};

/// A VPC with two subnets and a host, a site, and a transit gateway between them.
fn sound() -> World {
    World::default()
        .vpc("v", &["10.0.0.0/16", "2001:db8:1::/56"])
        .vpc("w", &["10.9.0.0/16"])
        .subnet("v", "a", &["10.0.1.0/24", "2001:db8:1:1::/64"])
        .subnet("v", "b", &["10.0.2.0/24"])
        .subnet("w", "a", &["10.9.1.0/24"])
        .gateway("igw", "v", false)
        .gateway("eigw", "v", true)
        .gateway("w-igw", "w", false)
        .nat("nat", "v/a", "10.0.1.250", "198.18.0.250")
        .site("internet", SiteKind::Internet, &[])
        .site("operator", SiteKind::OnInternet, &["198.51.100.0/24"])
        .site("centre", SiteKind::Private, &["172.16.0.0/16"])
        .attach("hub", "v", "v", &["v/a", "v/b"], Some("all"))
        .attach("hub", "centre", "centre", &[], Some("all"))
        .transit_route("hub", "all", "10.0.0.0/16", Some("v"))
        .transit_route("hub", "all", "172.16.0.0/16", Some("centre"))
        .host("one", "v/a", &["10.0.1.10", "2001:db8:1:1::10"], &["v/all"])
        .public("one", "198.18.0.10")
        .host("two", "v/b", &["10.0.2.10"], &["v/all"])
        .outsider("dns", "centre", &["172.16.0.53"])
        .outsider("admin", "operator", &["198.51.100.7"])
}

#[test]
fn the_same_network_has_the_same_layout() {
    let world = sound();
    let first = Layout::of(&world.0, &[]).expect("it is sound");
    assert_eq!(Layout::of(&world.0.clone(), &[]), Ok(first.clone()));
    let names: BTreeSet<String> = first
        .namespaces
        .iter()
        .map(|namespace| namespace.node.to_string())
        .collect();
    assert_eq!(names.len(), first.namespaces.len(), "one namespace each");
}

#[test]
fn indexes_names_and_hardware_addresses_are_unique_and_short() {
    let layout = Layout::of(&sound().0, &[]).expect("it is sound");
    let ends = layout
        .cables
        .iter()
        .flat_map(|cable| [&cable.near, &cable.far])
        .map(|end| (end.namespace, &end.link));
    let bridges = layout
        .namespaces
        .iter()
        .enumerate()
        .flat_map(|(position, one)| one.bridges.iter().map(move |link| (position, link)));
    let (mut indexes, mut names, mut macs) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (namespace, link) in ends.chain(bridges) {
        assert!(indexes.insert(link.index), "{link:?}");
        assert!(names.insert((namespace, &link.name)), "{link:?}");
        assert!(macs.insert(link.mac), "{link:?}");
        assert!(link.name.len() <= 15, "{link:?}");
    }
}

/// Where a namespace's table sends a destination: the hop of that very route.
fn hop(namespace: &Namespace, table: u32, destination: &str) -> Option<Hop> {
    namespace.settings.iter().find_map(|setting| match setting {
        Setting::Route {
            table: of,
            destination: to,
            hop,
        } if *of == table && *to == net(destination) => Some(*hop),
        _ => None,
    })
}

#[test]
fn every_table_ends_in_silence() {
    let layout = Layout::of(&sound().0, &[]).expect("it is sound");
    let routers = layout
        .namespaces
        .iter()
        .filter(|one| !matches!(one.node, super::Node::Host(_) | super::Node::Nat(_)));
    for namespace in routers {
        let tables: BTreeSet<u32> = namespace
            .settings
            .iter()
            .filter_map(|setting| match setting {
                Setting::Rule { table, .. } => Some(*table),
                _ => None,
            })
            .collect();
        for table in tables {
            for everything in world::ANYWHERE {
                let found = hop(namespace, table, everything);
                assert!(found.is_some(), "{} {table} {everything}", namespace.node);
            }
        }
    }
}

/// Lays out the sound network with one fault, and looks for the words that name it.
fn check(fault: impl FnOnce(World) -> World, words: &[&str]) {
    let error = Layout::of(&fault(sound()).0, &[]).expect_err("a fault is refused");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

fn changed(change: impl FnOnce(&mut model::Network)) -> impl FnOnce(World) -> World {
    |mut world| {
        change(&mut world.0);
        world
    }
}

#[test]
fn references_that_lead_nowhere_are_named() {
    check(
        changed(|n| {
            n.vpcs.remove(&"w".into());
        }),
        &["VPC w", "subnet w/a"],
    );
    check(
        changed(|n| {
            n.acls.remove(&"v".into());
        }),
        &["ACL v", "subnet v/a"],
    );
    check(
        changed(|n| {
            n.route_tables.remove(&"v".into());
        }),
        &["route table v"],
    );
    check(
        changed(|n| {
            n.subnets.remove(&"v/b".into());
        }),
        &["subnet v/b"],
    );
    check(
        changed(|n| {
            n.groups.remove(&"v/all".into());
        }),
        &["security group v/all", "interface"],
    );
    check(
        changed(|n| {
            n.sites.remove(&"operator".into());
        }),
        &["site operator", "interface admin"],
    );
    check(
        |w| w.allow_in("v", "v/all", Traffic::All, "ghosts"),
        &["security group ghosts", "v/all"],
    );
    check(
        |w| {
            w.route(
                "v",
                "0.0.0.0/0",
                RouteTarget::InternetGateway("none".into()),
            )
        },
        &["gateway none", "route table v"],
    );
    check(
        |w| w.route("v", "0.0.0.0/0", RouteTarget::NatGateway("none".into())),
        &["NAT gateway none"],
    );
    check(
        |w| w.route("v", "0.0.0.0/0", RouteTarget::TransitGateway("none".into())),
        &["transit gateway none"],
    );
    check(
        |w| w.attach("hub", "x", "none", &[], Some("all")),
        &["site none", "attachment x"],
    );
    check(
        |w| w.attach("hub", "centre", "centre", &[], Some("none")),
        &["transit table none", "attachment centre"],
    );
    check(
        |w| w.transit_route("hub", "all", "10.7.0.0/16", Some("none")),
        &["attachment none", "all"],
    );
    check(
        |w| w.nat("x", "v/none", "10.0.1.7", "198.18.0.7"),
        &["subnet v/none", "NAT gateway x"],
    );
    check(
        |w| w.host("x", "v/none", &["10.0.1.7"], &[]),
        &["subnet v/none", "interface x"],
    );
    check(
        changed(|n| {
            n.vpcs.remove(&"w".into());
            n.subnets.remove(&"w/a".into());
        }),
        &["VPC w", "gateway w-igw"],
    );
}

#[test]
fn things_of_another_vpc_are_named() {
    check(
        |w| w.under("v/a", "w", "v"),
        &["route table w", "subnet v/a"],
    );
    check(|w| w.under("v/a", "v", "w"), &["ACL w", "subnet v/a"]);
    check(
        |w| w.host("x", "v/a", &["10.0.1.7"], &["w/all"]),
        &["security group w/all", "interface x"],
    );
    check(
        |w| {
            w.route(
                "v",
                "0.0.0.0/0",
                RouteTarget::InternetGateway("w-igw".into()),
            )
        },
        &["gateway w-igw"],
    );
    check(
        |w| w.route("w", "0.0.0.0/0", RouteTarget::NatGateway("nat".into())),
        &["NAT gateway nat"],
    );
    check(
        |w| w.attach("hub", "v", "v", &["w/a"], Some("all")),
        &["subnet w/a", "attachment v"],
    );
    check(
        |w| w.route("w", "0.0.0.0/0", RouteTarget::TransitGateway("hub".into())),
        &["hub", "not attached"],
    );
}

#[test]
fn addresses_that_cannot_be_are_named() {
    check(
        |w| w.subnet("v", "c", &["2001:db8:1:3::/64"]),
        &["subnet v/c", "one IPv4 range"],
    );
    check(
        |w| w.subnet("v", "c", &["10.0.3.0/24", "10.0.4.0/24"]),
        &["subnet v/c"],
    );
    check(
        |w| w.subnet("v", "c", &["10.0.3.0/31"]),
        &["10.0.3.0/31", "too small"],
    );
    check(
        |w| w.subnet("v", "c", &["255.255.255.255/32"]),
        &["too small"],
    );
    check(
        |w| w.subnet("v", "c", &["10.0.2.128/25"]),
        &["v/b", "v/c", "overlap"],
    );
    check(
        |w| w.host("x", "v/a", &["10.0.2.7"], &[]),
        &["interface x", "10.0.2.7", "subnet v/a"],
    );
    check(
        |w| w.outsider("x", "centre", &["10.0.2.7"]),
        &["interface x", "site centre"],
    );
    check(
        |w| w.nat("x", "v/a", "10.0.2.7", "198.18.0.7"),
        &["NAT gateway x", "10.0.2.7"],
    );
    check(
        |w| w.host("x", "v/a", &["10.0.1.1"], &[]),
        &["10.0.1.1", "router"],
    );
    check(
        |w| w.host("x", "v/a", &["10.0.1.10"], &[]),
        &["10.0.1.10", "interface one"],
    );
    check(
        |w| w.host("x", "v/a", &["10.0.1.250"], &[]),
        &["NAT gateway nat"],
    );
    check(
        |w| w.public("two", "198.18.0.10"),
        &["198.18.0.10", "interface one"],
    );
    check(
        |w| w.public("two", "198.18.0.250"),
        &["198.18.0.250", "NAT gateway nat"],
    );
    check(
        |w| w.host("x", "v/a", &["10.0.1.7", "10.0.1.8"], &[]),
        &["interface x", "second"],
    );
    check(
        |w| {
            w.host("x", "v/a", &["2001:db8:1:1::7"], &[])
                .public("x", "198.18.0.7")
        },
        &["interface x", "no private"],
    );
    check(
        |w| w.public("dns", "198.18.0.7"),
        &["interface dns", "outside AWS"],
    );
    check(
        |w| {
            w.interface(
                "x",
                "x",
                Place::Site("centre".into()),
                &["172.16.0.7"],
                &["v/all"],
            )
        },
        &["interface x", "security group v/all", "elsewhere"],
    );
}

#[test]
fn routes_that_cannot_be_are_named() {
    let unmodelled = || RouteTarget::Unmodelled("peering pcx-1".to_owned());
    check(
        |w| w.route("v", "10.8.0.0/16", unmodelled()),
        &["peering pcx-1", "10.8.0.0/16", "table v"],
    );
    // Even where a local route outdoes it.
    check(
        |w| w.route("v", "10.0.0.0/16", unmodelled()),
        &["peering pcx-1"],
    );
    check(
        |w| w.route("v", "::/0", RouteTarget::NatGateway("nat".into())),
        &["::/0", "nat", "IPv4"],
    );
    check(
        |w| w.route("v", "::/0", RouteTarget::InternetGateway("eigw".into())),
        &["eigw", "other kind"],
    );
    check(
        |w| w.route("v", "::/0", RouteTarget::EgressOnlyGateway("igw".into())),
        &["igw", "other kind"],
    );
    check(
        |w| {
            w.route("v", "0.0.0.0/0", RouteTarget::InternetGateway("igw".into()))
                .route("v", "0.0.0.0/0", RouteTarget::Blackhole)
        },
        &["route table v", "0.0.0.0/0"],
    );
    check(
        |w| w.transit_route("hub", "all", "10.0.0.0/16", Some("centre")),
        &["transit table all", "10.0.0.0/16"],
    );
    check(
        |w| w.site("rival", SiteKind::OnInternet, &["198.51.100.0/24"]),
        &["the Internet", "198.51.100.0/24"],
    );
}

#[test]
fn joints_that_cannot_be_are_named() {
    check(|w| w.gateway("x", "v", false), &["gateway x", "VPC v"]);
    check(|w| w.gateway("x", "v", true), &["gateway x", "VPC v"]);
    check(
        |w| w.site("other", SiteKind::Internet, &[]),
        &["site other", "the Internet"],
    );
    check(
        |w| w.attach("hub", "x", "v", &["v/a"], None),
        &["VPC v", "hub"],
    );
    check(
        |w| w.attach("hub", "x", "operator", &[], None),
        &["site operator", "private"],
    );
    check(
        changed(|n| {
            let hub = n
                .transit_gateways
                .get_mut(&"hub".into())
                .expect("it is there");
            let v = hub.attachments.get_mut(&"v".into()).expect("it is there");
            v.to = model::network::AttachedTo::Vpc {
                vpc: "v".into(),
                subnets: Vec::new(),
            };
        }),
        &["attachment", "names no subnet"],
    );
}

#[test]
fn peerings_that_cannot_be_are_named() {
    let by = |peering: &str| RouteTarget::Peering(peering.into());
    check(|w| w.peering("x", "v", "none"), &["VPC none", "peering x"]);
    check(|w| w.peering("x", "v", "v"), &["VPC v", "itself", "x"]);
    check(
        |w| {
            w.vpc("near", &["172.20.0.0/16", "10.0.128.0/17"])
                .peering("x", "v", "near")
        },
        &["by x", "overlap"],
    );
    check(
        |w| w.route("v", "10.9.0.0/16", by("none")),
        &["peering none", "route table v"],
    );
    check(
        |w| {
            w.vpc("u", &["10.8.0.0/16"])
                .peering("uw", "u", "w")
                .route("v", "10.9.0.0/16", by("uw"))
        },
        &["10.9.0.0/16", "table v", "uw", "does not join"],
    );
}

#[test]
fn firewalls_that_cannot_be_are_named() {
    let all = [(Traffic::All, "0.0.0.0/0")];
    check(
        |w| {
            w.firewall("operator", "gate", &all, &[])
                .behind("dns", &["gate"])
        },
        &["group gate", "interface dns", "elsewhere"],
    );
    check(
        |w| {
            w.firewall("centre", "gate", &all, &[])
                .host("x", "v/a", &["10.0.1.7"], &["gate"])
        },
        &["group gate", "interface x", "elsewhere"],
    );
    check(
        |w| w.behind("dns", &["ghosts"]),
        &["security group ghosts", "interface dns"],
    );
    check(
        |w| {
            w.firewall("centre", "gate", &[(Traffic::All, "v/all")], &[])
                .behind("dns", &["gate"])
        },
        &["group gate", "v/all", "prefixes alone"],
    );
    check(
        |w| {
            w.firewall("centre", "gate", &all, &[])
                .allow_in("v", "v/all", Traffic::All, "gate")
        },
        &["group v/all", "gate", "prefixes alone"],
    );
}

#[test]
fn an_error_says_what_it_is() {
    let world = sound().gateway("x", "v", false);
    let wanted = LayoutError::SecondGateway {
        gateway: "x".into(),
        vpc: "v".into(),
    };
    assert_eq!(Layout::of(&world.0, &[]), Err(wanted));
}

#[test]
fn a_route_into_a_vpc_goes_by_the_zone_of_the_destination() {
    let layout = Layout::of(&sound().0, &[]).expect("it is sound");
    let hub = layout
        .namespaces
        .iter()
        .find(|one| matches!(one.node, super::Node::Transit(_)))
        .expect("it is there");
    let to = |destination| hop(hub, 1000, destination);
    let (whole, a, b) = (to("10.0.0.0/16"), to("10.0.1.0/24"), to("10.0.2.0/24"));
    assert!(whole.is_some() && b.is_some(), "both are routed");
    assert_eq!(whole, a, "the first subnet is zone a's");
    assert_ne!(whole, b);
}

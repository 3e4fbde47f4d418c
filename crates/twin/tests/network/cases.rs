//! What each network must let through, and what it must not.

#[path = "outside.rs"]
mod outside;
#[path = "peering.rs"]
mod peering;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use model::network::{Place, RouteTarget, SiteKind};
use model::packet::{PortRange, Traffic};
use twin::stand;

use crate::packets::{Fate, Traveller};
use crate::ruleset;
use crate::world::{World, entry, ip, net};

/// A case: done, or what was wrong.
type Case = fn() -> Result<(), String>;

/// Every case by its name.
pub(crate) fn all() -> Vec<(&'static str, Case)> {
    vec![
        ("same subnet", same_subnet),
        ("acl between subnets", acl_between_subnets),
        ("acl drops the answer", acl_drops_the_answer),
        ("internet gateway", internet_gateway),
        ("connections through the gateways", connections),
        ("errors through the internet gateway", quoted_errors),
        ("nat gateway", nat_gateway),
        ("transit gateway", transit_gateway),
        ("transit subnets", transit_subnets),
        ("what is near stays near", near),
        ("egress-only gateway", egress_only_gateway),
        ("ipv6", ipv6),
        ("source and destination check", forged_source),
        ("peering", peering::between),
        ("peering leads no further", peering::no_further),
        ("firewall of a site", outside::firewall),
        ("legs at several sites", outside::legs),
        ("several interfaces", several_interfaces),
        ("read back with nft", ruleset::read_back),
        ("hostile networks", hostile),
    ]
}

/// One datagram and what must become of it.
struct Ask {
    from: &'static str,
    to: &'static str,
    destination: &'static str,
    fate: Fate,
}

const fn ask(from: &'static str, to: &'static str, destination: &'static str, fate: Fate) -> Ask {
    Ask {
        from,
        to,
        destination,
        fate,
    }
}

fn answered(source: &str) -> Fate {
    Fate::Answered(ip(source))
}

fn unanswered(source: &str) -> Fate {
    Fate::Unanswered(ip(source))
}

use Fate::Lost;

/// Stands the network up and asks everything.
fn check(world: &World, asks: &[Ask]) -> Result<(), String> {
    let standing = stand::up(&world.0).map_err(|error| chain(&error))?;
    let traveller = Traveller::new(&standing).map_err(|error| error.to_string())?;
    let mut wrong = Vec::new();
    for ask in asks {
        let destination: SocketAddr = ask
            .destination
            .parse()
            .expect("a destination of a test is well formed");
        let own = own_address(world, ask.to, destination.ip());
        let fate = traveller
            .datagram(
                (ask.from, router(world, ask.from)),
                (ask.to, router(world, ask.to), own),
                destination,
            )
            .map_err(|error| format!("{} to {}: {error}", ask.from, ask.to))?;
        if fate != ask.fate {
            wrong.push(format!(
                "{} to {destination} at {}: {fate:?}, not {:?}",
                ask.from, ask.to, ask.fate
            ));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n    "))
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The address at which a host listens: the destination if it is its own, else its address of that family.
fn own_address(world: &World, host: &str, destination: IpAddr) -> IpAddr {
    let id = host.into();
    let own: Vec<IpAddr> = world
        .0
        .interfaces_of(&id)
        .flat_map(|(_, interface)| interface.addresses.iter().copied())
        .filter(|address| address.is_ipv4() == destination.is_ipv4())
        .collect();
    let exact = own.iter().find(|address| **address == destination);
    exact
        .or(own.first())
        .copied()
        .expect("a test sends to hosts with an address of that family")
}

/// The router of a host's first interface, as the host knows it.
fn router(world: &World, host: &str) -> Ipv4Addr {
    let id = host.into();
    let (_, interface) = world
        .0
        .interfaces_of(&id)
        .next()
        .expect("a test sends from hosts that it made");
    match &interface.place {
        Place::Site(_) => Ipv4Addr::new(169, 254, 0, 1),
        Place::Subnet(subnet) => world.0.subnets[subnet]
            .cidrs
            .iter()
            .find_map(|range| match range.network() {
                IpAddr::V4(network) => Some(Ipv4Addr::from_bits(network.to_bits() + 1)),
                IpAddr::V6(_) => None,
            })
            .expect("every subnet has an IPv4 range"),
    }
}

/// One VPC with two subnets, whose hosts have the group `web` or `db` and nothing else.
fn two_subnets() -> World {
    World::default()
        .vpc("v", &["10.0.0.0/16"])
        .subnet("v", "a", &["10.0.1.0/24"])
        .subnet("v", "b", &["10.0.2.0/24"])
        .allow_out("v", "web", Traffic::All, "0.0.0.0/0")
        .allow_in("v", "db", Traffic::udp(5000), "web")
        .allow_in(
            "v",
            "db",
            Traffic::Udp(PortRange {
                first: 6000,
                last: 6010,
            }),
            "10.0.2.0/25",
        )
        .host("a1", "v/a", &["10.0.1.10"], &["web"])
        .host("a2", "v/a", &["10.0.1.11"], &["db"])
        .host("a3", "v/a", &["10.0.1.12"], &["v/all"])
        .host("a4", "v/a", &["10.0.1.13"], &[])
        .host("b1", "v/b", &["10.0.2.10"], &["web"])
        .host("b2", "v/b", &["10.0.2.11"], &["db"])
        .host("b3", "v/b", &["10.0.2.200"], &["v/all"])
}

fn same_subnet() -> Result<(), String> {
    check(
        &two_subnets(),
        &[
            ask("a1", "a2", "10.0.1.11:5000", answered("10.0.1.10")),
            ask("a1", "a2", "10.0.1.11:5001", Lost),
            ask("a1", "a2", "10.0.1.11:6000", Lost),
            ask("a3", "a2", "10.0.1.11:5000", Lost),
            ask("a2", "a1", "10.0.1.10:5000", Lost),
            ask("a2", "a3", "10.0.1.12:5000", Lost),
            ask("a4", "a3", "10.0.1.12:5000", Lost),
            ask("a3", "a4", "10.0.1.13:5000", Lost),
            ask("a1", "a3", "10.0.1.12:5000", answered("10.0.1.10")),
            ask("a1", "a3", "10.0.1.99:5000", Lost),
            ask("b1", "a2", "10.0.1.11:5999", Lost),
            ask("b1", "a2", "10.0.1.11:6000", answered("10.0.2.10")),
            ask("b1", "a2", "10.0.1.11:6010", answered("10.0.2.10")),
            ask("b1", "a2", "10.0.1.11:6011", Lost),
            ask("b3", "a2", "10.0.1.11:6005", Lost),
        ],
    )
}

fn acl_between_subnets() -> Result<(), String> {
    let everything = entry(32000, true, Traffic::All, "0.0.0.0/0");
    // The entries stand in the wrong order: their numbers count.
    let ingress = [
        everything.clone(),
        entry(20, true, Traffic::udp(5000), "10.0.2.0/24"),
        entry(10, false, Traffic::udp(5000), "10.0.2.10/32"),
        entry(30, false, Traffic::udp(5000), "0.0.0.0/0"),
    ];
    let egress = [
        entry(10, false, Traffic::udp(7000), "10.0.2.0/24"),
        everything.clone(),
    ];
    let world = two_subnets()
        .acl("guarded", "v", &ingress, &egress)
        .under("v/a", "v", "guarded")
        .host("b4", "v/b", &["10.0.2.12"], &["web"]);
    check(
        &world,
        &[
            ask("b1", "a2", "10.0.1.11:5000", Lost),
            ask("b4", "a2", "10.0.1.11:5000", answered("10.0.2.12")),
            ask("b1", "a2", "10.0.1.11:6000", answered("10.0.2.10")),
            ask("a3", "b3", "10.0.2.200:7000", Lost),
            ask("a3", "b3", "10.0.2.200:7001", answered("10.0.1.12")),
            ask("a1", "a2", "10.0.1.11:5000", answered("10.0.1.10")),
            ask("a3", "a3", "10.0.1.12:5000", answered("10.0.1.12")),
        ],
    )
}

fn acl_drops_the_answer() -> Result<(), String> {
    let egress = [entry(
        10,
        true,
        Traffic::Udp(PortRange::one(1)),
        "0.0.0.0/0",
    )];
    let ingress = [entry(10, true, Traffic::All, "0.0.0.0/0")];
    let world = two_subnets()
        .acl("mute", "v", &ingress, &egress)
        .under("v/a", "v", "mute");
    check(
        &world,
        &[
            ask("b1", "a2", "10.0.1.11:5000", unanswered("10.0.2.10")),
            ask("a1", "a2", "10.0.1.11:5000", answered("10.0.1.10")),
            ask("a3", "b3", "10.0.2.200:5000", Lost),
        ],
    )
}

/// A VPC with a public and a private subnet, the Internet with a host, and the operator's network.
fn on_the_internet() -> World {
    World::default()
        .vpc("v", &["10.0.0.0/16"])
        .table("public", "v")
        .table("private", "v")
        .subnet("v", "a", &["10.0.1.0/24"])
        .subnet("v", "b", &["10.0.2.0/24"])
        .subnet("v", "c", &["10.0.3.0/24"])
        .under("v/a", "public", "v")
        .under("v/b", "private", "v")
        .gateway("igw", "v", false)
        .nat("nat", "v/a", "10.0.1.250", "198.18.0.250")
        .route(
            "public",
            "0.0.0.0/0",
            RouteTarget::InternetGateway("igw".into()),
        )
        .route(
            "private",
            "0.0.0.0/0",
            RouteTarget::NatGateway("nat".into()),
        )
        .site("internet", SiteKind::Internet, &[])
        .site("operator", SiteKind::OnInternet, &["198.51.100.0/24"])
        .outsider("world", "internet", &["203.0.113.5"])
        .outsider("operator", "operator", &["198.51.100.7"])
        .outsider("colleague", "operator", &["198.51.100.8"])
        .host("front", "v/a", &["10.0.1.10"], &["v/all"])
        .public("front", "198.18.0.10")
        .host("other", "v/a", &["10.0.1.11"], &["v/all"])
        .public("other", "198.18.0.11")
        .host("hidden", "v/a", &["10.0.1.12"], &["v/all"])
        .host("app", "v/b", &["10.0.2.10"], &["v/all"])
        .host("lonely", "v/c", &["10.0.3.10"], &["v/all"])
        .public("lonely", "198.18.0.13")
}

fn internet_gateway() -> Result<(), String> {
    check(
        &on_the_internet(),
        &[
            ask("world", "front", "198.18.0.10:443", answered("203.0.113.5")),
            ask(
                "operator",
                "front",
                "198.18.0.10:443",
                answered("198.51.100.7"),
            ),
            ask("front", "world", "203.0.113.5:53", answered("198.18.0.10")),
            ask(
                "front",
                "operator",
                "198.51.100.7:53",
                answered("198.18.0.10"),
            ),
            ask(
                "operator",
                "world",
                "203.0.113.5:53",
                answered("198.51.100.7"),
            ),
            ask(
                "operator",
                "colleague",
                "198.51.100.8:53",
                answered("198.51.100.7"),
            ),
            // By their public addresses, out and in again.
            ask("front", "other", "198.18.0.11:443", answered("198.18.0.10")),
            ask("front", "other", "10.0.1.11:443", answered("10.0.1.10")),
            // No public address; a private one; nobody's.
            ask("hidden", "world", "203.0.113.5:53", Lost),
            ask("world", "front", "10.0.1.10:443", Lost),
            ask("world", "hidden", "10.0.1.12:443", Lost),
            ask("world", "front", "198.18.0.99:443", Lost),
            // In by the gateway, but no way out.
            ask(
                "world",
                "lonely",
                "198.18.0.13:443",
                unanswered("203.0.113.5"),
            ),
            ask("lonely", "world", "203.0.113.5:53", Lost),
        ],
    )
}

fn nat_gateway() -> Result<(), String> {
    let world = on_the_internet()
        .table("behind-nat", "v")
        .route(
            "behind-nat",
            "0.0.0.0/0",
            RouteTarget::NatGateway("nat".into()),
        )
        .subnet("v", "d", &["10.0.4.0/24"])
        .under("v/d", "behind-nat", "closed")
        .acl(
            "closed",
            "v",
            &[entry(
                10,
                true,
                Traffic::Udp(PortRange::EPHEMERAL),
                "203.0.113.0/24",
            )],
            &[entry(10, true, Traffic::udp(53), "0.0.0.0/0")],
        )
        .host("guarded", "v/d", &["10.0.4.10"], &["v/all"]);
    check(
        &world,
        &[
            ask("app", "world", "203.0.113.5:53", answered("198.18.0.250")),
            ask(
                "app",
                "operator",
                "198.51.100.7:53",
                answered("198.18.0.250"),
            ),
            ask("app", "front", "198.18.0.10:443", answered("198.18.0.250")),
            ask("app", "front", "10.0.1.10:443", answered("10.0.2.10")),
            ask("world", "app", "198.18.0.250:53", Lost),
            ask("world", "app", "10.0.2.10:53", Lost),
            ask("front", "app", "10.0.1.250:53", Lost),
            ask(
                "guarded",
                "world",
                "203.0.113.5:53",
                answered("198.18.0.250"),
            ),
            ask("guarded", "world", "203.0.113.5:54", Lost),
            ask(
                "guarded",
                "operator",
                "198.51.100.7:53",
                unanswered("198.18.0.250"),
            ),
        ],
    )
}

fn connections() -> Result<(), String> {
    let world = on_the_internet();
    let standing = stand::up(&world.0).map_err(|error| chain(&error))?;
    let traveller = Traveller::new(&standing).map_err(|error| error.to_string())?;
    let socket = |text: &str| text.parse().expect("an address of a test is well formed");
    for (from, to, listen, destination) in [
        ("world", "front", "10.0.1.10:443", "198.18.0.10:443"),
        ("app", "world", "203.0.113.5:80", "203.0.113.5:80"),
        ("front", "other", "10.0.1.11:80", "198.18.0.11:80"),
        ("app", "front", "10.0.1.10:81", "10.0.1.10:81"),
    ] {
        traveller
            .stream(from, to, socket(listen), socket(destination))
            .map_err(|error| format!("{from} to {destination}: {error}"))?;
    }
    Ok(())
}

/// "Nobody listens on that port" must reach the socket that asked, though the quoted packet was translated.
fn quoted_errors() -> Result<(), String> {
    let world = on_the_internet();
    let standing = stand::up(&world.0).map_err(|error| chain(&error))?;
    let traveller = Traveller::new(&standing).map_err(|error| error.to_string())?;
    for (from, to, destination) in [
        ("world", "front", "198.18.0.10:9"),
        ("front", "world", "203.0.113.5:9"),
        ("front", "other", "198.18.0.11:9"),
        ("app", "world", "203.0.113.5:9"),
    ] {
        let refused = traveller
            .is_refused(
                (from, router(&world, from)),
                (to, router(&world, to)),
                destination
                    .parse()
                    .expect("a test's address is well formed"),
            )
            .map_err(|error| error.to_string())?;
        if !refused {
            return Err(format!("{from} is not told that {destination} refuses"));
        }
    }
    Ok(())
}

/// Two VPCs and a data centre around a transit gateway; the VPCs see the data centre and not each other.
fn around_a_hub() -> World {
    let hub = || RouteTarget::TransitGateway("hub".into());
    World::default()
        .vpc("p", &["10.1.0.0/16"])
        .vpc("s", &["10.2.0.0/16"])
        .subnet("p", "a", &["10.1.1.0/24"])
        .subnet("p", "b", &["10.1.2.0/24"])
        .subnet("p", "transit-a", &["10.1.101.0/28"])
        .subnet("p", "transit-b", &["10.1.102.0/28"])
        .subnet("s", "a", &["10.2.1.0/24"])
        .route("p", "0.0.0.0/0", hub())
        .route("s", "172.16.0.0/12", hub())
        .route("s", "10.1.0.0/16", hub())
        .site("centre", SiteKind::Private, &["172.16.0.0/16"])
        .site("branch", SiteKind::Private, &["172.17.0.0/16"])
        .attach(
            "hub",
            "p",
            "p",
            &["p/transit-a", "p/transit-b"],
            Some("vpcs"),
        )
        .attach("hub", "s", "s", &["s/a"], Some("vpcs"))
        .attach("hub", "centre", "centre", &[], Some("sites"))
        .attach("hub", "branch", "branch", &[], None)
        .transit_route("hub", "vpcs", "172.16.0.0/16", Some("centre"))
        .transit_route("hub", "vpcs", "172.17.0.0/16", Some("branch"))
        .transit_route("hub", "sites", "10.1.0.0/16", Some("p"))
        .transit_route("hub", "sites", "10.2.0.0/16", Some("s"))
        .transit_route("hub", "sites", "10.1.2.64/26", None)
        .host("p1", "p/a", &["10.1.1.10"], &["p/all"])
        .host("p2", "p/b", &["10.1.2.10"], &["p/all"])
        .host("p3", "p/b", &["10.1.2.70"], &["p/all"])
        .host("s1", "s/a", &["10.2.1.10"], &["s/all"])
        .outsider("dns", "centre", &["172.16.0.53"])
        .outsider("till", "branch", &["172.17.0.9"])
}

fn transit_gateway() -> Result<(), String> {
    check(
        &around_a_hub(),
        &[
            ask("p1", "dns", "172.16.0.53:53", answered("10.1.1.10")),
            ask("s1", "dns", "172.16.0.53:53", answered("10.2.1.10")),
            ask("dns", "p1", "10.1.1.10:443", answered("172.16.0.53")),
            ask("dns", "p2", "10.1.2.10:443", answered("172.16.0.53")),
            ask("dns", "s1", "10.2.1.10:443", answered("172.16.0.53")),
            ask("p1", "s1", "10.2.1.10:443", Lost),
            ask("s1", "p1", "10.1.1.10:443", Lost),
            // Nowhere in the gateway's table.
            ask("dns", "p3", "10.1.2.70:443", Lost),
            ask("p3", "dns", "172.16.0.53:53", unanswered("10.1.2.70")),
            // An attachment without a table.
            ask("till", "p1", "10.1.1.10:443", Lost),
            ask("p1", "till", "172.17.0.9:53", unanswered("10.1.1.10")),
            // Sites are joined by nothing else.
            ask("dns", "till", "172.17.0.9:53", Lost),
        ],
    )
}

/// The ACLs of the attached subnets hold, by the zone of the host's subnet.
fn transit_subnets() -> Result<(), String> {
    let everything = entry(100, true, Traffic::All, "0.0.0.0/0");
    let some = [
        entry(10, false, Traffic::udp(7000), "0.0.0.0/0"),
        everything.clone(),
    ];
    let all = [everything.clone()];
    let world = around_a_hub()
        .acl("in", "p", &some, &all)
        .acl("out", "p", &all, &some)
        .acl("at-home", "s", &some, &some)
        .under("p/transit-a", "p", "in")
        .under("p/transit-b", "p", "out")
        .under("s/a", "s", "at-home");
    check(
        &world,
        &[
            // Into transit-a from the subnet a; out of it to the subnet a.
            ask("p1", "dns", "172.16.0.53:7000", Lost),
            ask("dns", "p1", "10.1.1.10:7000", answered("172.16.0.53")),
            // The other way round in zone b.
            ask("p2", "dns", "172.16.0.53:7000", answered("10.1.2.10")),
            ask("dns", "p2", "10.1.2.10:7000", Lost),
            ask("dns", "p2", "10.1.2.10:7001", answered("172.16.0.53")),
            // Attached by the subnet itself: nothing is crossed.
            ask("s1", "dns", "172.16.0.53:7000", answered("10.2.1.10")),
            ask("dns", "s1", "10.2.1.10:7000", answered("172.16.0.53")),
        ],
    )
}

/// A site carries nothing on, a subnet's own range is not routed, and local routes hold against propagated ones.
fn near() -> Result<(), String> {
    let mut world = around_a_hub()
        .transit_route("hub", "vpcs", "10.1.0.0/16", Some("centre"))
        .transit_route("hub", "sites", "172.16.0.0/16", Some("centre"))
        .table("odd", "p")
        .route("odd", "10.1.2.0/24", RouteTarget::Blackhole)
        .route("odd", "10.1.1.0/24", RouteTarget::Blackhole)
        .route(
            "odd",
            "172.16.0.0/12",
            RouteTarget::TransitGateway("hub".into()),
        )
        .attach("hub", "p", "p", &["p/b"], Some("vpcs"))
        .under("p/b", "odd", "p");
    let table = world.0.route_tables.get_mut(&"odd".into());
    let routes = &mut table.expect("the network has it").routes;
    for route in routes {
        route.propagated = route.destination == net("10.1.1.0/24");
    }
    check(
        &world,
        &[
            // By the centre and back again would be the way.
            ask("s1", "p1", "10.1.1.10:443", Lost),
            ask("dns", "dns", "172.16.0.53:443", answered("172.16.0.53")),
            // The static route is for the subnet's own range; the propagated one is within the local one.
            ask("dns", "p2", "10.1.2.10:443", answered("172.16.0.53")),
            // Zone a has no attached subnet, and so no way to the transit gateway.
            ask("dns", "p1", "10.1.1.10:443", unanswered("172.16.0.53")),
            ask("p1", "dns", "172.16.0.53:443", Lost),
            ask("p2", "p1", "10.1.1.10:443", answered("10.1.2.10")),
        ],
    )
}

/// An egress-only gateway knows what left by it, and not what left by a transit gateway.
fn egress_only_gateway() -> Result<(), String> {
    let hub = || RouteTarget::TransitGateway("hub".into());
    let world = World::default()
        .vpc("v", &["10.0.0.0/16", "2001:db8:1::/56"])
        .vpc("w", &["10.9.0.0/16", "2001:db8:2::/56"])
        .subnet("v", "a", &["10.0.1.0/24", "2001:db8:1:1::/64"])
        .subnet("w", "a", &["10.9.1.0/24", "2001:db8:2:1::/64"])
        .gateway("igw", "v", false)
        .gateway("eigw", "w", true)
        .attach("hub", "v", "v", &["v/a"], Some("all"))
        .attach("hub", "w", "w", &["w/a"], Some("all"))
        .transit_route("hub", "all", "2001:db8:1::/56", Some("v"))
        .route("w", "2001:db8:1::/56", hub())
        .route("w", "::/0", RouteTarget::EgressOnlyGateway("eigw".into()))
        .route("v", "::/0", RouteTarget::InternetGateway("igw".into()))
        .site("internet", SiteKind::Internet, &[])
        .outsider("world", "internet", &["203.0.113.5", "2001:db8:f::5"])
        .host("v1", "v/a", &["10.0.1.10", "2001:db8:1:1::10"], &["v/all"])
        .host("w1", "w/a", &["10.9.1.10", "2001:db8:2:1::10"], &["w/all"]);
    let own = "2001:db8:2:1::10";
    check(
        &world,
        &[
            ask("w1", "world", "[2001:db8:f::5]:53", answered(own)),
            ask("w1", "v1", "[2001:db8:1:1::10]:53", unanswered(own)),
            ask("world", "w1", "[2001:db8:2:1::10]:53", Lost),
            ask("v1", "w1", "[2001:db8:2:1::10]:53", Lost),
        ],
    )
}

fn ipv6() -> Result<(), String> {
    let world = World::default()
        .vpc("v", &["10.0.0.0/16", "2001:db8:1::/56"])
        .vpc("w", &["10.9.0.0/16", "2001:db8:2::/56"])
        .table("out", "v")
        .subnet("v", "a", &["10.0.1.0/24", "2001:db8:1:1::/64"])
        .subnet("v", "b", &["10.0.2.0/24", "2001:db8:1:2::/64"])
        .subnet("w", "a", &["10.9.1.0/24", "2001:db8:2:1::/64"])
        .under("v/a", "out", "v")
        .gateway("v-igw", "v", false)
        .gateway("w-out", "w", true)
        .route("out", "::/0", RouteTarget::InternetGateway("v-igw".into()))
        .route("w", "::/0", RouteTarget::EgressOnlyGateway("w-out".into()))
        .site("internet", SiteKind::Internet, &[])
        .site(
            "operator",
            SiteKind::OnInternet,
            &["198.51.100.0/24", "2001:db8:9::/48"],
        )
        .outsider("world", "internet", &["203.0.113.5", "2001:db8:f::5"])
        .outsider("operator", "operator", &["198.51.100.7", "2001:db8:9::7"])
        .allow_out("v", "web", Traffic::All, "::/0")
        .allow_in("v", "db", Traffic::udp(5000), "web")
        .host("a1", "v/a", &["10.0.1.10", "2001:db8:1:1::10"], &["v/all"])
        .host("a2", "v/a", &["10.0.1.11", "2001:db8:1:1::11"], &["web"])
        .host("a3", "v/a", &["10.0.1.12", "2001:db8:1:1::12"], &["db"])
        .host("b1", "v/b", &["10.0.2.10", "2001:db8:1:2::10"], &["v/all"])
        .host("w1", "w/a", &["10.9.1.10", "2001:db8:2:1::10"], &["w/all"]);
    check(
        &world,
        &[
            ask(
                "a2",
                "a3",
                "[2001:db8:1:1::12]:5000",
                answered("2001:db8:1:1::11"),
            ),
            ask("a2", "a3", "[2001:db8:1:1::12]:5001", Lost),
            ask("a1", "a3", "[2001:db8:1:1::12]:5000", Lost),
            ask("a2", "a3", "10.0.1.12:5000", Lost),
            ask(
                "a1",
                "b1",
                "[2001:db8:1:2::10]:53",
                answered("2001:db8:1:1::10"),
            ),
            ask(
                "world",
                "a1",
                "[2001:db8:1:1::10]:443",
                answered("2001:db8:f::5"),
            ),
            ask(
                "operator",
                "a1",
                "[2001:db8:1:1::10]:443",
                answered("2001:db8:9::7"),
            ),
            ask(
                "a1",
                "world",
                "[2001:db8:f::5]:53",
                answered("2001:db8:1:1::10"),
            ),
            ask("world", "a3", "[2001:db8:1:1::12]:443", Lost),
            ask("b1", "world", "[2001:db8:f::5]:53", Lost),
            ask(
                "world",
                "b1",
                "[2001:db8:1:2::10]:53",
                unanswered("2001:db8:f::5"),
            ),
            ask(
                "w1",
                "world",
                "[2001:db8:f::5]:53",
                answered("2001:db8:2:1::10"),
            ),
            ask("world", "w1", "[2001:db8:2:1::10]:53", Lost),
            ask(
                "w1",
                "a1",
                "[2001:db8:1:1::10]:53",
                answered("2001:db8:2:1::10"),
            ),
            ask("a1", "w1", "[2001:db8:2:1::10]:53", Lost),
            ask("world", "a1", "[2001:db8:1:1::99]:53", Lost),
        ],
    )
}

fn forged_source() -> Result<(), String> {
    let mut world = two_subnets();
    let careless = world
        .0
        .interfaces
        .get_mut(&"a3".into())
        .expect("the network has it");
    careless.source_dest_check = false;
    let standing = stand::up(&world.0).map_err(|error| chain(&error))?;
    let traveller = Traveller::new(&standing).map_err(|error| error.to_string())?;
    let to = ("b3", Ipv4Addr::new(10, 0, 2, 200));
    for (from, source, arrives) in [
        ("a1", [10, 0, 1, 10], true),
        ("a1", [10, 0, 1, 99], false),
        ("a1", [10, 0, 1, 11], false),
        ("a3", [10, 0, 1, 12], true),
        ("a3", [10, 0, 1, 99], true),
    ] {
        let found = traveller
            .forged((from, router(&world, from)), source.into(), to, 4000)
            .map_err(|error| error.to_string())?;
        if found != arrives {
            return Err(format!("{from} as {source:?}: arrives is {found}"));
        }
    }
    Ok(())
}

fn several_interfaces() -> Result<(), String> {
    let place = |subnet: &str| Place::Subnet(subnet.into());
    let world = two_subnets()
        .subnet("v", "c", &["10.0.3.0/24"])
        .allow_in("v", "narrow", Traffic::udp(5000), "0.0.0.0/0")
        .interface("m-0", "m", place("v/a"), &["10.0.1.50"], &["v/all"])
        .interface("m-1", "m", place("v/b"), &["10.0.2.50"], &["narrow"])
        .host("c1", "v/c", &["10.0.3.10"], &["v/all"])
        .acl(
            "not-from-b",
            "v",
            &[
                entry(10, false, Traffic::Udp(PortRange::EPHEMERAL), "10.0.1.0/24"),
                entry(20, true, Traffic::All, "0.0.0.0/0"),
            ],
            &[entry(20, true, Traffic::All, "0.0.0.0/0")],
        )
        .under("v/c", "v", "not-from-b");
    check(
        &world,
        &[
            ask("b3", "m", "10.0.2.50:5000", answered("10.0.2.200")),
            ask("b3", "m", "10.0.2.50:5001", Lost),
            ask("a3", "m", "10.0.1.50:5001", answered("10.0.1.12")),
            // The answer leaves by the interface by which the question came, with its address.
            ask("c1", "m", "10.0.2.50:5000", answered("10.0.3.10")),
            ask("c1", "m", "10.0.1.50:5000", unanswered("10.0.3.10")),
        ],
    )
}

/// What cannot be laid out is refused by name, and nothing stands.
fn hostile() -> Result<(), String> {
    let world = two_subnets().route(
        "v",
        "0.0.0.0/0",
        RouteTarget::Unmodelled("a gateway load balancer".to_owned()),
    );
    let refused = match stand::up(&world.0) {
        Ok(_) => return Err("it stands".to_owned()),
        Err(error) => chain(&error),
    };
    if !refused.contains("a gateway load balancer") || !refused.contains("0.0.0.0/0") {
        return Err(format!("not named: {refused}"));
    }
    let empty = stand::up(&World::default().0).map_err(|error| chain(&error))?;
    if empty.hosts().count() + empty.routers().count() != 0 {
        return Err("something stands for nothing".to_owned());
    }
    Ok(())
}

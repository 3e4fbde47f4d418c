//! Peerings: from one VPC into another, and no further.

use model::network::{RouteTarget, SiteKind};
use model::packet::Traffic;

use super::{answered, ask, check, unanswered};
use crate::packets::Fate::Lost;
use crate::world::{World, entry};

fn by(peering: &str) -> RouteTarget {
    RouteTarget::Peering(peering.into())
}

/// Three VPCs in a row, of which the middle one has gateways of every kind and a data centre behind it.
fn in_a_row() -> World {
    World::default()
        .vpc("p", &["10.1.0.0/16", "2001:db8:1::/56"])
        .vpc("s", &["10.2.0.0/16", "2001:db8:2::/56"])
        .vpc("t", &["10.3.0.0/16"])
        .table("silent", "s")
        .subnet("p", "a", &["10.1.1.0/24", "2001:db8:1:1::/64"])
        .subnet("s", "a", &["10.2.1.0/24", "2001:db8:2:1::/64"])
        .subnet("s", "b", &["10.2.2.0/24"])
        .subnet("s", "transit-a", &["10.2.101.0/28"])
        .subnet("t", "a", &["10.3.1.0/24"])
        .under("s/b", "silent", "s")
        .peering("ps", "p", "s")
        .peering("ts", "t", "s")
        .gateway("igw", "s", false)
        .nat("nat", "s/a", "10.2.1.250", "198.18.0.250")
        .site("internet", SiteKind::Internet, &[])
        .site("centre", SiteKind::Private, &["172.16.0.0/16"])
        .attach("hub", "s", "s", &["s/transit-a"], Some("all"))
        .attach("hub", "centre", "centre", &[], Some("all"))
        .transit_route("hub", "all", "10.0.0.0/8", Some("s"))
        .transit_route("hub", "all", "172.16.0.0/16", Some("centre"))
        .route("p", "10.0.0.0/8", by("ps"))
        .route("p", "0.0.0.0/0", by("ps"))
        .route("p", "::/0", by("ps"))
        .route("s", "10.1.0.0/16", by("ps"))
        .route("s", "2001:db8:1::/56", by("ps"))
        .route("s", "10.3.0.0/16", by("ts"))
        .route("s", "0.0.0.0/0", RouteTarget::InternetGateway("igw".into()))
        .route(
            "s",
            "172.16.0.0/16",
            RouteTarget::TransitGateway("hub".into()),
        )
        .route("t", "0.0.0.0/0", by("ts"))
        .outsider("world", "internet", &["203.0.113.5", "2001:db8:f::5"])
        .outsider("dns", "centre", &["172.16.0.53"])
        .host("p1", "p/a", &["10.1.1.10", "2001:db8:1:1::10"], &["p/all"])
        .host("s1", "s/a", &["10.2.1.10", "2001:db8:2:1::10"], &["s/all"])
        .public("s1", "198.18.0.10")
        .host("s2", "s/b", &["10.2.2.10"], &["s/all"])
        .host("t1", "t/a", &["10.3.1.10"], &["t/all"])
}

pub(super) fn between() -> Result<(), String> {
    let everything = entry(100, true, Traffic::All, "0.0.0.0/0");
    let not_7000 = [
        entry(10, false, Traffic::udp(7000), "0.0.0.0/0"),
        everything.clone(),
    ];
    let world = in_a_row()
        .acl("ingress", "s", &not_7000, std::slice::from_ref(&everything))
        .acl("egress", "t", &[everything], &not_7000)
        .subnet("s", "c", &["10.2.3.0/24"])
        .under("s/c", "s", "ingress")
        .under("t/a", "t", "egress")
        .allow_in("s", "for-p", Traffic::All, "p/all")
        .host("s3", "s/c", &["10.2.3.10"], &["s/all"])
        .host("s4", "s/c", &["10.2.3.11"], &["for-p"]);
    check(
        &world,
        &[
            ask("p1", "s1", "10.2.1.10:443", answered("10.1.1.10")),
            ask("s1", "p1", "10.1.1.10:443", answered("10.2.1.10")),
            ask("t1", "s1", "10.2.1.10:443", answered("10.3.1.10")),
            ask(
                "p1",
                "s1",
                "[2001:db8:2:1::10]:443",
                answered("2001:db8:1:1::10"),
            ),
            // The answer needs a route of its own.
            ask("p1", "s2", "10.2.2.10:443", unanswered("10.1.1.10")),
            ask("s2", "p1", "10.1.1.10:443", Lost),
            // The ACLs of both ends hold.
            ask("p1", "s3", "10.2.3.10:443", answered("10.1.1.10")),
            ask("p1", "s3", "10.2.3.10:7000", Lost),
            ask("t1", "s1", "10.2.1.10:7000", Lost),
            ask("t1", "s1", "10.2.1.10:7001", answered("10.3.1.10")),
            // A group may name one of the peer's.
            ask("p1", "s4", "10.2.3.11:443", answered("10.1.1.10")),
            ask("t1", "s4", "10.2.3.11:443", Lost),
            ask("p1", "s1", "10.2.1.99:443", Lost),
        ],
    )
}

pub(super) fn no_further() -> Result<(), String> {
    check(
        &in_a_row(),
        &[
            // To a third VPC, the Internet, a data centre, a public address, a NAT gateway.
            ask("p1", "t1", "10.3.1.10:443", Lost),
            ask("t1", "p1", "10.1.1.10:443", Lost),
            ask("p1", "world", "203.0.113.5:53", Lost),
            ask("p1", "world", "[2001:db8:f::5]:53", Lost),
            ask("p1", "dns", "172.16.0.53:53", Lost),
            ask("p1", "s1", "198.18.0.10:443", Lost),
            ask("p1", "s1", "10.2.1.250:443", Lost),
            // From there neither: the middle VPC's own gateways lead to it alone.
            ask("dns", "s1", "10.2.1.10:443", answered("172.16.0.53")),
            ask("dns", "p1", "10.1.1.10:443", Lost),
            ask("world", "s1", "198.18.0.10:443", answered("203.0.113.5")),
            ask("world", "p1", "[2001:db8:1:1::10]:443", Lost),
        ],
    )
}

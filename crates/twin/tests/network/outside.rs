//! Outside AWS: firewalls of sites, and hosts with legs at several of them.

use model::network::{Place, RouteTarget, SiteKind};
use model::packet::Traffic;

use super::{answered, ask, chain, check, router};
use crate::packets::Fate::Lost;
use crate::packets::Traveller;
use crate::world::World;
use twin::stand;

/// A VPC and a data centre around a transit gateway, and the operator's network on the Internet.
fn joined() -> World {
    World::default()
        .vpc("p", &["10.1.0.0/16"])
        .subnet("p", "a", &["10.1.1.0/24"])
        .gateway("igw", "p", false)
        .route(
            "p",
            "172.16.0.0/12",
            RouteTarget::TransitGateway("hub".into()),
        )
        .route("p", "0.0.0.0/0", RouteTarget::InternetGateway("igw".into()))
        .site("internet", SiteKind::Internet, &[])
        .site("operator", SiteKind::OnInternet, &["198.51.100.0/24"])
        .site("centre", SiteKind::Private, &["172.16.0.0/16"])
        .attach("hub", "p", "p", &["p/a"], Some("all"))
        .attach("hub", "centre", "centre", &[], Some("all"))
        .transit_route("hub", "all", "10.1.0.0/16", Some("p"))
        .transit_route("hub", "all", "172.16.0.0/16", Some("centre"))
        .outsider("world", "internet", &["203.0.113.5"])
        .outsider("admin", "operator", &["198.51.100.7"])
        .outsider("dns", "centre", &["172.16.0.53"])
        .outsider("till", "centre", &["172.16.0.9"])
        .host("p1", "p/a", &["10.1.1.10"], &["p/all"])
        .public("p1", "198.18.0.10")
}

pub(super) fn firewall() -> Result<(), String> {
    let world = joined()
        .firewall(
            "centre",
            "dns-only",
            &[(Traffic::udp(53), "10.0.0.0/8")],
            &[(Traffic::udp(53), "172.16.0.9/32")],
        )
        .firewall(
            "centre",
            "more",
            &[(Traffic::udp(54), "172.16.0.9/32")],
            &[],
        )
        .firewall(
            "operator",
            "no-way-in",
            &[],
            &[(Traffic::All, "198.18.0.0/15")],
        )
        .behind("dns", &["dns-only", "more"])
        .behind("admin", &["no-way-in"]);
    check(
        &world,
        &[
            // What is let in is answered, whatever is let out.
            ask("p1", "dns", "172.16.0.53:53", answered("10.1.1.10")),
            ask("p1", "dns", "172.16.0.53:54", Lost),
            ask("dns", "p1", "10.1.1.10:53", Lost),
            // Neighbours are filtered too.
            ask("till", "dns", "172.16.0.53:53", Lost),
            ask("till", "dns", "172.16.0.53:54", answered("172.16.0.9")),
            ask("dns", "till", "172.16.0.9:53", answered("172.16.0.53")),
            ask("dns", "till", "172.16.0.9:54", Lost),
            // Who names no group is open.
            ask("p1", "till", "172.16.0.9:54", answered("10.1.1.10")),
            ask("till", "p1", "10.1.1.10:443", answered("172.16.0.9")),
            ask("world", "admin", "198.51.100.7:22", Lost),
            ask("p1", "admin", "198.51.100.7:22", Lost),
            ask("admin", "p1", "198.18.0.10:22", answered("198.51.100.7")),
            ask("admin", "world", "203.0.113.5:53", Lost),
        ],
    )
}

/// A bastion with one leg in the data centre and one on the Internet. By the order of their names the inner one is first.
fn with_legs() -> World {
    let site = |name: &str| Place::Site(name.into());
    joined()
        .outsider("colleague", "operator", &["198.51.100.8"])
        .interface("b-0", "bastion", site("centre"), &["172.16.0.22"], &[])
        .interface(
            "b-1",
            "bastion",
            site("operator"),
            &["198.51.100.22"],
            &["gate"],
        )
        .firewall(
            "operator",
            "gate",
            &[(Traffic::udp(2222), "0.0.0.0/0")],
            &[(Traffic::udp(53), "0.0.0.0/0")],
        )
}

pub(super) fn legs() -> Result<(), String> {
    let world = with_legs();
    check(
        &world,
        &[
            // Each leg answers by itself, behind its own firewall.
            ask(
                "world",
                "bastion",
                "198.51.100.22:2222",
                answered("203.0.113.5"),
            ),
            ask(
                "colleague",
                "bastion",
                "198.51.100.22:2222",
                answered("198.51.100.8"),
            ),
            ask("world", "bastion", "198.51.100.22:22", Lost),
            ask("dns", "bastion", "172.16.0.22:22", answered("172.16.0.53")),
            ask("p1", "bastion", "172.16.0.22:22", answered("10.1.1.10")),
            ask(
                "p1",
                "bastion",
                "198.51.100.22:2222",
                answered("198.18.0.10"),
            ),
            // Without a source of its own a connection takes the leg that leads there.
            ask("bastion", "dns", "172.16.0.53:443", answered("172.16.0.22")),
            ask("bastion", "p1", "10.1.1.10:443", answered("172.16.0.22")),
            ask(
                "bastion",
                "world",
                "203.0.113.5:53",
                answered("198.51.100.22"),
            ),
            ask("bastion", "world", "203.0.113.5:54", Lost),
            ask(
                "bastion",
                "colleague",
                "198.51.100.8:53",
                answered("198.51.100.22"),
            ),
            // Nothing passes from one leg to the other.
            ask("world", "dns", "172.16.0.53:53", Lost),
            ask("colleague", "bastion", "172.16.0.22:22", Lost),
            ask("dns", "bastion", "198.51.100.22:2222", Lost),
        ],
    )?;
    let standing = stand::up(&world.0).map_err(|error| chain(&error))?;
    let traveller = Traveller::new(&standing).map_err(|error| error.to_string())?;
    let (inner, outer) = ([172, 16, 0, 22], [198, 51, 100, 22]);
    let (dns, world_at) = (("dns", [172, 16, 0, 53]), ("world", [203, 0, 113, 5]));
    for (source, to, port, arrives) in [
        (inner, dns, 4000, true),
        (outer, world_at, 53, true),
        // By the leg that has the source, whatever the destination is.
        (outer, dns, 53, false),
        (inner, world_at, 53, false),
        (outer, world_at, 4000, false),
    ] {
        let found = traveller
            .forged(
                ("bastion", router(&world, "bastion")),
                source.into(),
                (to.0, to.1.into()),
                port,
            )
            .map_err(|error| error.to_string())?;
        if found != arrives {
            return Err(format!("{source:?} to {to:?}: arrives is {found}"));
        }
    }
    Ok(())
}

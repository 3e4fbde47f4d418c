//! By which of its interfaces a host sends: the one that has the packet's source, and where there is no source yet, the
//! one that leads to the destination.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::network::{Interface, Place, SiteKind};

use super::lookup::Lookup;
use super::plan::{Plan, default_net};
use super::{Condition, Hop, Link, MAIN_TABLE, Setting};
use crate::filter::Family;

/// The table of a host's first interface, if it has several; the others follow.
const FIRST_TABLE: u32 = 1000;

/// What is nowhere on the Internet and so lies behind a private leg: the private ranges (RFC 1918), those shared with
/// carriers (RFC 6598), which VPCs may have too, and IPv6's unique local ones (RFC 4193).
const PRIVATE: [IpNet; 5] = [
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
    IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
    )),
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

/// The way out by one interface.
pub(super) struct Way {
    link: u32,
    /// For each family in which the interface has an address: that, the link's range and the gateway.
    families: Vec<(IpAddr, IpNet, IpAddr)>,
    /// The prefixes of the private site at which the interface stands; none elsewhere.
    private: Option<Vec<IpNet>>,
}

impl Way {
    pub(super) fn new(
        lookup: &Lookup<'_>,
        link: &Link,
        interface: &Interface,
        gateways: impl IntoIterator<Item = (IpNet, IpAddr)>,
    ) -> Self {
        let families = gateways
            .into_iter()
            .filter_map(|(range, gateway)| {
                let family = Family::of(gateway);
                let own = interface
                    .addresses
                    .iter()
                    .find(|address| Family::of(**address) == family)?;
                Some((*own, range, gateway))
            })
            .collect();
        Self {
            link: link.index,
            families,
            private: private_prefixes(lookup, interface),
        }
    }

    /// How a family's packets leave; none where the interface has no address of it.
    fn hop(&self, family: Family) -> Option<Hop> {
        let mut all = self.families.iter();
        let (.., gateway) = all.find(|(own, ..)| Family::of(*own) == family)?;
        Some(Hop::Gateway(*gateway, self.link))
    }
}

fn private_prefixes(lookup: &Lookup<'_>, interface: &Interface) -> Option<Vec<IpNet>> {
    let Place::Site(site) = &interface.place else {
        return None;
    };
    let site = lookup.network.sites.get(site)?;
    let trunc = || site.prefixes.iter().map(IpNet::trunc).collect();
    (site.kind == SiteKind::Private).then(trunc)
}

/// Gives a host its routes.
pub(super) fn draw(plan: &mut Plan, lookup: &Lookup<'_>, namespace: usize, ways: &[Way]) {
    for family in Family::BOTH {
        unbound(plan, lookup, namespace, ways, family);
    }
    if ways.len() > 1 {
        for (way, table) in ways.iter().zip(FIRST_TABLE..) {
            bound(plan, namespace, way, table);
        }
    }
}

/// Packets that carry an interface's address leave by it.
fn bound(plan: &mut Plan, namespace: usize, way: &Way, table: u32) {
    for (own, range, gateway) in &way.families {
        let everything = default_net(Family::of(*own));
        plan.route(namespace, table, *range, Hop::Link(way.link));
        plan.route(
            namespace,
            table,
            everything,
            Hop::Gateway(*gateway, way.link),
        );
        plan.set(
            namespace,
            Setting::Rule {
                priority: table,
                condition: Condition::Source(*own),
                table,
            },
        );
    }
}

/// What has no source yet leaves by the first interface that is not at a private site, if there is one. A private leg
/// beside it has its own site's prefixes, and the first of them all that only a private leg can lead to.
fn unbound(plan: &mut Plan, lookup: &Lookup<'_>, namespace: usize, ways: &[Way], family: Family) {
    let hops = || ways.iter().filter_map(|way| Some((way, way.hop(family)?)));
    let public = hops().find(|(way, _)| way.private.is_none());
    let Some((_, main)) = public.or_else(|| hops().next()) else {
        return;
    };
    let mut route = |destination: &IpNet, hop| {
        if Family::of_net(destination) == family {
            plan.otherwise(namespace, MAIN_TABLE, *destination, hop);
        }
    };
    route(&default_net(family), main);
    let legs = || hops().filter(|(way, hop)| way.private.is_some() && *hop != main);
    for (way, hop) in legs() {
        for prefix in way.private.iter().flatten() {
            route(prefix, hop);
        }
    }
    if let (Some(_), Some((_, first))) = (public, legs().next()) {
        for prefix in PRIVATE.iter().chain(&lookup.private_prefixes()) {
            route(prefix, first);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::network::Place;

    use super::super::tests::world::{World, ip};
    use super::super::{Layout, Node};
    use super::*;

    /// A host with legs at sites, in the order of the kernel's links, and by which of them it sends what has no source
    /// yet; none where it does not.
    fn check(legs: &[(&str, &[&str])], wanted: &[(&str, Option<usize>)]) {
        let mut world = World::default()
            .vpc("v", &["10.0.0.0/16", "2001:db8:1::/56"])
            .vpc("odd", &["198.19.0.0/16"])
            .site("internet", SiteKind::Internet, &[])
            .site("operator", SiteKind::OnInternet, &["198.51.100.0/24"])
            .site(
                "centre",
                SiteKind::Private,
                &["172.16.0.0/16", "fd00:1::/32"],
            )
            .site(
                "branch",
                SiteKind::Private,
                &["172.17.0.0/16", "192.0.2.0/24"],
            );
        for (position, (site, addresses)) in legs.iter().enumerate() {
            let place = Place::Site((*site).into());
            world = world.interface(&format!("leg-{position}"), "host", place, addresses, &[]);
        }
        let layout = Layout::of(&world.0, &[]).expect("it is sound");
        let (at, host) = (layout.namespaces.iter().enumerate())
            .find(|(_, namespace)| namespace.node == Node::Host("host".into()))
            .expect("it has a namespace");
        let positions: BTreeMap<u32, usize> = (layout.cables.iter())
            .filter(|cable| cable.far.namespace == at)
            .map(|cable| cable.far.link.index)
            .zip(0..)
            .collect();
        for (destination, leg) in wanted {
            let routes = host.settings.iter().filter_map(|setting| match setting {
                Setting::Route {
                    table: MAIN_TABLE,
                    destination: net,
                    hop: Hop::Gateway(_, link),
                } if net.contains(&ip(destination)) => Some((net.prefix_len(), *link)),
                _ => None,
            });
            let found = routes.max().map(|(_, link)| positions[&link]);
            assert_eq!(found, *leg, "{destination} from {legs:?}");
        }
    }

    #[test]
    fn what_has_no_source_leaves_by_the_leg_that_leads_there() {
        let centre: (&str, &[&str]) = ("centre", &["172.16.0.9", "fd00:1::9"]);
        let branch: (&str, &[&str]) = ("branch", &["172.17.0.9"]);
        let internet: (&str, &[&str]) = ("internet", &["203.0.113.9", "2001:db8:f::9"]);
        let operator: (&str, &[&str]) = ("operator", &["198.51.100.9"]);
        let everywhere =
            |leg| ["10.0.0.1", "172.17.0.1", "8.8.8.8", "198.19.0.1"].map(|to| (to, leg));
        check(&[centre], &everywhere(Some(0)));
        check(&[operator], &everywhere(Some(0)));
        check(&[operator], &[("2001:db8:1::1", None), ("fd00:1::1", None)]);
        let split = |inner, outer| {
            [
                ("10.0.0.1", inner),
                ("192.168.7.7", inner),
                ("100.64.0.1", inner),
                // Another private site, and a VPC whose range looks public.
                ("192.0.2.1", inner),
                ("198.19.0.1", inner),
                ("198.18.0.1", outer),
                ("8.8.8.8", outer),
                ("100.128.0.1", outer),
                ("fd00:1::1", inner),
                ("fc00::1", inner),
                // A VPC's IPv6 addresses are on the Internet as well.
                ("2001:db8:1::1", outer),
            ]
            .map(|(to, leg)| (to, Some(leg)))
        };
        check(&[centre, internet], &split(0, 1));
        check(&[internet, centre], &split(1, 0));
        // Each private leg has its own site's; the rest is for the first.
        check(
            &[operator, branch, centre],
            &[
                ("172.17.0.1", Some(1)),
                ("192.0.2.1", Some(1)),
                ("172.16.0.1", Some(2)),
                ("10.0.0.1", Some(1)),
                ("8.8.8.8", Some(0)),
                ("fd00:1::1", Some(2)),
                ("2001:db8:f::1", Some(2)),
            ],
        );
        check(
            &[centre, branch],
            &[
                ("172.17.0.1", Some(1)),
                ("172.16.0.1", Some(0)),
                ("10.0.0.1", Some(0)),
                ("8.8.8.8", Some(0)),
            ],
        );
        check(&[operator, internet], &everywhere(Some(0)));
    }
}

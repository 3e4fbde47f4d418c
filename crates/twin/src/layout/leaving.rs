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

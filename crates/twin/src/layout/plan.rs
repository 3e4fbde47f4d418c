//! A layout while it is drawn: it hands out link indexes and hardware addresses, and keeps what was drawn.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::lookup::Lookup;
use super::{
    Cable, CableEnd, Condition, Hop, Layout, LayoutError, Link, Mac, Namespace, Node, Setting,
    sysctl,
};
use crate::filter::{Family, Ruleset};

/// The first index for a link of ours: below it are the loopback and the tunnels that some kernels put into every
/// namespace.
const FIRST_LINK: u32 = 100;

/// The router on a trunk's other side, seen from either side. It is nobody's address: its neighbour entry is all of it.
const NEXT_HOP: (Ipv4Addr, Ipv6Addr) = (
    Ipv4Addr::new(169, 254, 0, 2),
    Ipv6Addr::new(0xfdff, 0x169, 0x254, 0, 0, 0, 0, 2),
);

/// The router of a site outside AWS, for the hosts at that site.
const SITE_ROUTER: (Ipv4Addr, Ipv6Addr) = (
    Ipv4Addr::new(169, 254, 0, 1),
    Ipv6Addr::new(0xfdff, 0x169, 0x254, 0, 0, 0, 0, 1),
);

/// A layout in the making.
pub(super) struct Plan {
    drawn: Vec<Drawn>,
    cables: Vec<Cable>,
    /// Links drawn so far.
    links: u32,
    /// Whether anything on the network has an IPv6 address.
    v6: bool,
}

struct Drawn {
    namespace: Namespace,
    v6: bool,
}

impl Plan {
    pub(super) fn new(lookup: &Lookup<'_>) -> Self {
        Self {
            drawn: Vec::new(),
            cables: Vec::new(),
            links: 0,
            v6: lookup.uses_v6(),
        }
    }

    /// A namespace that forwards packets.
    pub(super) fn router(&mut self, node: Node) -> usize {
        self.namespace(node, true, self.v6)
    }

    /// A NAT gateway's namespace: it forwards IPv4 alone.
    pub(super) fn nat(&mut self, node: Node) -> usize {
        self.namespace(node, true, false)
    }

    /// A host's namespace.
    pub(super) fn host(&mut self, node: Node, v6: bool) -> usize {
        self.namespace(node, false, v6)
    }

    fn namespace(&mut self, node: Node, forwards: bool, v6: bool) -> usize {
        self.drawn.push(Drawn {
            namespace: Namespace {
                node,
                sysctls: sysctl::of(forwards, v6),
                bridges: Vec::new(),
                settings: Vec::new(),
                filter: None,
            },
            v6,
        });
        self.drawn.len() - 1
    }

    pub(super) fn bridge(&mut self, at: usize, name: &str) -> Link {
        let link = self.link(name);
        self.drawn[at].namespace.bridges.push(link.clone());
        link
    }

    /// A pair of links. Their names are made unique by their indexes, but for a host's, which its caller numbers.
    pub(super) fn cable(
        &mut self,
        near: (usize, &str),
        bridge: Option<u32>,
        far: (usize, &str),
    ) -> (Link, Link) {
        let (one, other) = (self.link(near.1), self.link(far.1));
        let end = |namespace, link: &Link| CableEnd {
            namespace,
            link: link.clone(),
        };
        self.cables.push(Cable {
            near: end(near.0, &one),
            far: end(far.0, &other),
            bridge,
        });
        (one, other)
    }

    /// A cable between two routers, each the other's [`next_hop`].
    pub(super) fn trunk(&mut self, near: (usize, &str), far: (usize, &str)) -> (Link, Link) {
        let (one, other) = self.cable(near, None, far);
        for family in Family::BOTH {
            let address = next_hop(family);
            self.neighbour(near.0, one.index, address, other.mac);
            self.neighbour(far.0, other.index, address, one.mac);
        }
        (one, other)
    }

    /// A router's link of this kind gets its index for a number; a host's is numbered already.
    ///
    /// No two links of the network have one index. The kernel sees at once that a link carries whose index is not its
    /// other end's; of others it takes notice only once in a second (`linkwatch_urgent_event`).
    fn link(&mut self, kind: &str) -> Link {
        let index = FIRST_LINK + self.links;
        self.links += 1;
        let [_, high, middle, low] = self.links.to_be_bytes();
        let numbered = kind.ends_with(|last: char| last.is_ascii_digit());
        Link {
            index,
            name: if numbered {
                kind.to_owned()
            } else {
                format!("{kind}{index}")
            },
            // The second lowest bit of the first byte: administered locally.
            mac: Mac([0x02, 0, 0, high, middle, low]),
        }
    }

    /// Adds a setting. A namespace without IPv6 has no use for one of that family.
    pub(super) fn set(&mut self, at: usize, setting: Setting) {
        let drawn = &mut self.drawn[at];
        if drawn.v6 || setting.family() != Some(Family::V6) {
            drawn.namespace.settings.push(setting);
        }
    }

    pub(super) fn address(&mut self, at: usize, link: u32, net: IpNet) {
        self.set(at, Setting::Address { link, net });
    }

    pub(super) fn neighbour(&mut self, at: usize, link: u32, address: IpAddr, mac: Mac) {
        self.set(at, Setting::Neighbour { link, address, mac });
    }

    pub(super) fn route(&mut self, at: usize, table: u32, destination: IpNet, hop: Hop) {
        self.set(
            at,
            Setting::Route {
                table,
                destination,
                hop,
            },
        );
    }

    /// Ends a table: what none of its routes covers is dropped in silence, as AWS does.
    pub(super) fn close_table(&mut self, at: usize, table: u32) {
        for family in Family::BOTH {
            self.otherwise(at, table, default_net(family), Hop::Blackhole);
        }
    }

    /// Adds a route unless the table has one to that very destination.
    pub(super) fn otherwise(&mut self, at: usize, table: u32, destination: IpNet, hop: Hop) {
        let taken = self.drawn[at].namespace.settings.iter().any(|setting| {
            matches!(setting, Setting::Route { table: of, destination: to, .. }
                if *of == table && *to == destination)
        });
        if !taken {
            self.route(at, table, destination, hop);
        }
    }

    /// Has a table asked for what comes in by a link.
    pub(super) fn ask(&mut self, at: usize, link: &Link, table: u32) {
        for family in Family::BOTH {
            self.set(
                at,
                Setting::Rule {
                    priority: link.index,
                    condition: Condition::From {
                        link: link.name.clone(),
                        family,
                    },
                    table,
                },
            );
        }
    }

    pub(super) fn filter(&mut self, at: usize, filter: Option<Ruleset>) {
        self.drawn[at].namespace.filter = filter;
    }

    /// What was drawn, once no table has two routes to one destination.
    pub(super) fn finish(self) -> Result<Layout, LayoutError> {
        for drawn in &self.drawn {
            let mut seen = BTreeSet::new();
            for setting in &drawn.namespace.settings {
                if let Setting::Route {
                    table, destination, ..
                } = setting
                    && !seen.insert((*table, *destination))
                {
                    return Err(LayoutError::Ambiguous {
                        table: drawn.namespace.node.to_string(),
                        destination: *destination,
                    });
                }
            }
        }
        Ok(Layout {
            namespaces: self.drawn.into_iter().map(|one| one.namespace).collect(),
            cables: self.cables,
            replaced: Vec::new(),
        })
    }
}

impl Setting {
    fn family(&self) -> Option<Family> {
        match self {
            Self::Address { net, .. } => Some(Family::of_net(net)),
            Self::Neighbour { address, .. } => Some(Family::of(*address)),
            Self::Mtu { .. } | Self::Station { .. } => None,
            Self::Route { destination, .. } => Some(Family::of_net(destination)),
            Self::Rule { condition, .. } => Some(match condition {
                Condition::From { family, .. } => *family,
                Condition::Source(source) => Family::of(*source),
            }),
        }
    }
}

/// The address of a trunk's other side.
pub(super) const fn next_hop(family: Family) -> IpAddr {
    pick(NEXT_HOP, family)
}

/// The address of a site's router for the hosts at the site.
pub(super) const fn site_router(family: Family) -> IpAddr {
    pick(SITE_ROUTER, family)
}

const fn pick(pair: (Ipv4Addr, Ipv6Addr), family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(pair.0),
        Family::V6 => IpAddr::V6(pair.1),
    }
}

/// Every address of a family.
pub(super) fn default_net(family: Family) -> IpNet {
    match family {
        Family::V4 => IpNet::V4(Ipv4Net::default()),
        Family::V6 => IpNet::V6(Ipv6Net::default()),
    }
}

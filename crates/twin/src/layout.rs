//! A network as namespaces, links, addresses, routes and filter rules: data alone, and the same for the same network.
//!
//! The semantics are those of `model::network`. Whatever a network holds that cannot be laid out is an error that
//! names it; nothing is left out silently. All numbers that the kernel would otherwise choose (interface indexes,
//! hardware addresses, routing tables) are chosen here, so that every message can be written before the first is sent.

mod check;
mod error;
mod host;
mod leaving;
mod lookup;
mod outside;
mod peering;
mod plan;
mod route;
mod sysctl;
#[cfg(test)]
mod tests;
mod transit;
mod tunnel;
mod vpc;
mod way;

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use model::Network;
use model::id::{HostId, NatId, SiteId, TransitGatewayId, VpcId};
use model::vpn::{TunnelId, VpnConnection, VpnSide};

use crate::filter::{Family, Ruleset};
use lookup::Lookup;
use plan::Plan;

pub use error::LayoutError;
pub(crate) use transit::tables;

/// The index of every namespace's loopback.
pub(crate) const LOOPBACK: u32 = 1;

/// The kernel's routing table `main`.
pub(crate) const MAIN_TABLE: u32 = 254;

/// A router's table for what comes in by a gateway: to what is behind the router and nowhere else.
pub(crate) const INSIDE_TABLE: u32 = 900;

/// Everything that is to be made in the kernel, in the order in which it is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) namespaces: Vec<Namespace>,
    /// Pairs of links between them.
    pub(crate) cables: Vec<Cable>,
    /// The ends of links for which tunnels stand once a VPN is raised: namespace by position, link by index.
    pub(crate) replaced: Vec<(usize, u32)>,
}

/// One network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) node: Node,
    /// Written before any link is made, as later ones inherit them.
    pub(crate) sysctls: Vec<Sysctl>,
    /// Made before the cables that end in them.
    pub(crate) bridges: Vec<Link>,
    /// Made once all links are up.
    pub(crate) settings: Vec<Setting>,
    pub(crate) filter: Option<Ruleset>,
}

/// One of the kernel's settings under `/proc/sys/net`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sysctl {
    pub(crate) path: &'static str,
    pub(crate) value: &'static str,
}

/// One end of a cable, or a bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    pub(crate) mac: Mac,
}

/// A hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mac(pub(crate) [u8; 6]);

/// A pair of links, made from the near end's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cable {
    pub(crate) near: CableEnd,
    pub(crate) far: CableEnd,
    /// The bridge of the near end's namespace to which that end belongs, by index.
    pub(crate) bridge: Option<u32>,
}

/// One end of a cable and its namespace, by position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CableEnd {
    pub(crate) namespace: usize,
    pub(crate) link: Link,
}

/// One thing that the kernel is told about addresses and ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// An address of the namespace's own, with the prefix that is on the link.
    Address { link: u32, net: IpNet },
    /// Whose hardware address an address has, for good.
    Neighbour {
        link: u32,
        address: IpAddr,
        mac: Mac,
    },
    /// The longest packet that a link takes, in bytes.
    Mtu { link: u32, bytes: u32 },
    /// On which port of a bridge a hardware address is, for good.
    Station { port: u32, mac: Mac },
    /// A way to a destination.
    Route {
        table: u32,
        destination: IpNet,
        hop: Hop,
    },
    /// Which table is asked.
    Rule {
        priority: u32,
        condition: Condition,
        table: u32,
    },
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hop {
    /// The destination is on the link.
    Link(u32),
    /// By a neighbour on the link.
    Gateway(IpAddr, u32),
    /// Nowhere, in silence.
    Blackhole,
}

/// Which packets a policy rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Those of a family that came in by the link of this name.
    From { link: String, family: Family },
    /// Those that carry this source.
    Source(IpAddr),
}

/// What a network namespace stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// The Internet: its router, and whatever stands at a site of that kind hangs off it.
    Internet,
    /// The router of a site outside AWS.
    Site(SiteId),
    /// The router of a VPC.
    Vpc(VpcId),
    /// A transit gateway.
    Transit(TransitGatewayId),
    /// A NAT gateway.
    Nat(NatId),
    /// The customer's router at a site that is joined by VPN connections: all its gateways as one.
    CustomerRouter(SiteId),
    /// One end of a tunnel, with its address on the Internet.
    TunnelEnd(TunnelId, VpnSide),
    /// A host with all its interfaces.
    Host(HostId),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet => f.write_str("the Internet"),
            Self::Site(site) => write!(f, "site {site}"),
            Self::Vpc(vpc) => write!(f, "VPC {vpc}"),
            Self::Transit(transit) => write!(f, "transit gateway {transit}"),
            Self::Nat(nat) => write!(f, "NAT gateway {nat}"),
            Self::CustomerRouter(site) => write!(f, "customer's router at {site}"),
            Self::TunnelEnd(tunnel, side) => write!(f, "{side} of {tunnel}"),
            Self::Host(host) => write!(f, "host {host}"),
        }
    }
}

impl Layout {
    /// Lays a network out.
    ///
    /// # Errors
    /// The first thing found in the network that cannot be stood up as described.
    pub(crate) fn of(network: &Network, vpns: &[VpnConnection]) -> Result<Self, LayoutError> {
        let lookup = Lookup::check(network)?;
        tunnel::check(&lookup, vpns)?;
        let mut plan = Plan::new(&lookup);
        let mut outside = outside::draw(&mut plan, &lookup, !vpns.is_empty())?;
        tunnel::gateways(&mut plan, &lookup, &mut outside, vpns)?;
        let mut grounds = vpc::draw(&mut plan, &lookup)?;
        host::draw(&mut plan, &lookup, &outside, &mut grounds)?;
        let legs = transit::draw(&mut plan, &lookup, &outside, &mut grounds)?;
        tunnel::ends(&mut plan, &outside, vpns);
        tunnel::incoming(&mut plan, &legs.plain, vpns);
        let peers = peering::draw(&mut plan, &lookup, &grounds)?;
        let doors = outside::join(&mut plan, &lookup, &outside, &grounds)?;
        let exits = vpc::Exits {
            doors: &doors,
            legs: &legs,
            peers: &peers,
        };
        vpc::finish(&mut plan, &lookup, &grounds, &exits)?;
        outside::finish(&mut plan, &lookup, &outside);
        let mut layout = plan.finish()?;
        layout.replaced = tunnel::replaced(&legs.plain, vpns);
        Ok(layout)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { link, net } => write!(f, "address {net} on link {link}"),
            Self::Neighbour { link, address, mac } => {
                write!(f, "neighbour {address} at {mac} on link {link}")
            }
            Self::Mtu { link, bytes } => write!(f, "packets of {bytes} bytes on link {link}"),
            Self::Station { port, mac } => write!(f, "station {mac} on port {port}"),
            Self::Route {
                table,
                destination,
                hop,
            } => write!(f, "route to {destination} {hop} in table {table}"),
            Self::Rule {
                priority,
                condition,
                table,
            } => write!(f, "rule {priority}: {condition} asks table {table}"),
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(link) => write!(f, "on link {link}"),
            Self::Gateway(gateway, link) => write!(f, "by {gateway} on link {link}"),
            Self::Blackhole => f.write_str("nowhere"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From { link, family } => write!(f, "{family} from {link}"),
            Self::Source(source) => write!(f, "source {source}"),
        }
    }
}

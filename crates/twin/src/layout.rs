//! A network as namespaces, links, addresses, routes and filter rules: data alone, and the same for the same network.
//!
//! The semantics are those of `model::network`. Whatever a network holds that cannot be laid out is an error that
//! names it; nothing is left out silently. All numbers that the kernel would otherwise choose (interface indexes,
//! hardware addresses, routing tables) are chosen here, so that every message can be written before the first is sent.

mod error;

use std::fmt;

use model::id::{HostId, NatId, SiteId, TransitGatewayId, VpcId};

pub use error::LayoutError;

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
            Self::Host(host) => write!(f, "host {host}"),
        }
    }
}

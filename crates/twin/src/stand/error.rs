//! What can go wrong while a network is stood up, with the namespace and the thing in it.

use std::io;
use std::net::Ipv6Addr;

use model::vpn::TunnelId;

use crate::layout::{LayoutError, Node};

/// Why a network could not be stood up, or asked.
#[derive(Debug, thiserror::Error)]
pub enum StandError {
    /// The network cannot be laid out as described.
    #[error("lay the network out")]
    Layout(#[from] LayoutError),
    /// A network namespace could not be made.
    #[error("make a network namespace for {node}")]
    Namespace {
        /// What it was for.
        node: Node,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
    /// A setting of the kernel could not be written.
    #[error("set {path} for {node}")]
    Sysctl {
        /// Where.
        node: Node,
        /// The setting.
        path: String,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
    /// A socket to the kernel could not be opened.
    #[error("open a netlink socket for {node}")]
    Socket {
        /// Where.
        node: Node,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
    /// The kernel refused a link, an address, a route or a rule.
    #[error("make {object} for {node}")]
    Refused {
        /// Where.
        node: Node,
        /// What, in words.
        object: String,
        /// The kernel's answer, with its own words where it has any.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A link stayed down.
    #[error("wait for link {link} of {node}: it carries nothing after {seconds} s")]
    Silent {
        /// Where.
        node: Node,
        /// The link's index.
        link: u32,
        /// How long it had.
        seconds: u64,
    },
    /// An address stayed without effect.
    #[error("wait for address {address} of {node}: it receives nothing after {seconds} s")]
    Deaf {
        /// Where.
        node: Node,
        /// The address.
        address: Ipv6Addr,
        /// How long it had.
        seconds: u64,
    },
    /// The network has no such tunnel.
    #[error("find {0}")]
    NoSuchTunnel(TunnelId),
    /// The network has no such place.
    #[error("find {0}")]
    NoSuchPlace(Node),
    /// Tracked connections could not be forgotten.
    #[error("forget the connections of {node}")]
    Flush {
        /// Where.
        node: Node,
        /// The kernel's answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

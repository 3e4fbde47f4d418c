//! Stands a network up inside the current user namespace, and holds what stands.
//!
//! The order is: every namespace with its settings, then every pair of links, then what each namespace is told of
//! addresses, ways and filters, then a wait for the links to carry and the addresses to receive. Each step is spread over
//! a few threads, which work by the namespaces' own sockets; only the first step makes a thread leave the namespace that
//! it came from.

mod build;
mod error;
mod namespace;
mod tunnel;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use model::Network;
use model::id::HostId;
use model::vpn::VpnConnection;

use crate::layout::Layout;
use crate::netlink::{Connection, conntrack};

pub use crate::layout::{LayoutError, Node};
pub use error::StandError;

/// A network that stands. Dropping it removes every namespace in which no process is left.
#[derive(Debug)]
pub struct Standing {
    nodes: Vec<StandingNode>,
    /// The ends of links for which tunnels stand once they are raised.
    replaced: Vec<(usize, u32)>,
    vpns: Vec<VpnConnection>,
}

/// One namespace of a standing network.
#[derive(Debug)]
struct StandingNode {
    node: Node,
    namespace: OwnedFd,
    /// Where connections are tracked, if they are.
    connections: Option<Connection>,
}

impl Standing {
    /// The network namespace of each host, ordered by host. A host may have several interfaces in it.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostId, BorrowedFd<'_>)> {
        self.nodes.iter().filter_map(|one| match &one.node {
            Node::Host(host) => Some((host, one.namespace.as_fd())),
            _ => None,
        })
    }

    /// The network namespaces of everything that is not a host.
    pub fn routers(&self) -> impl Iterator<Item = (&Node, BorrowedFd<'_>)> {
        self.nodes
            .iter()
            .filter(|one| !matches!(one.node, Node::Host(_)))
            .map(|one| (&one.node, one.namespace.as_fd()))
    }

    /// Empties connection tracking everywhere, so that no earlier packet lets a later one through.
    ///
    /// # Errors
    /// When the kernel refuses in one of the namespaces.
    pub fn flush_connections(&self) -> Result<(), StandError> {
        for one in &self.nodes {
            if let Some(connections) = &one.connections {
                conntrack::forget_all(connections).map_err(|source| StandError::Flush {
                    node: one.node.clone(),
                    source: Box::new(source),
                })?;
            }
        }
        Ok(())
    }
}

/// Stands a network up. The caller has all capabilities in the current user namespace, which owns whatever is made.
///
/// The calling thread stays in its network namespace.
///
/// # Errors
/// When the network cannot be laid out, or the kernel refuses a part of it. Nothing of it is left then.
pub fn up(network: &Network) -> Result<Standing, StandError> {
    up_with(network, &[])
}

/// As [`up`], with VPN connections: the network stands plainly, and beside it what [`crate::vpn`] puts in the plain links'
/// place.
///
/// # Errors
/// As [`up`], and when a connection does not fit the network.
pub fn up_with(network: &Network, vpns: &[VpnConnection]) -> Result<Standing, StandError> {
    let layout = Layout::of(network, vpns)?;
    let nodes = build::all(&layout)?;
    Ok(Standing {
        nodes,
        replaced: layout.replaced,
        vpns: vpns.to_vec(),
    })
}

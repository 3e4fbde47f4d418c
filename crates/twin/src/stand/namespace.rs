//! One network namespace: made, set, and talked with.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;

use nix::sched::{CloneFlags, unshare};

use super::StandError;
use crate::layout::{Namespace, Node};
use crate::netlink::{Connection, Subsystem};

/// A namespace that is being furnished.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) node: Node,
    pub(super) fd: OwnedFd,
    pub(super) route: Connection,
    pub(super) netfilter: Connection,
}

/// Makes a namespace and takes the calling thread into it.
///
/// What `/proc/sys/net` shows and where a socket belongs go by the calling thread, so that both are seen to here.
pub(super) fn make(namespace: &Namespace) -> Result<Raw, StandError> {
    let node = &namespace.node;
    let fd = unshare(CloneFlags::CLONE_NEWNET)
        .map_err(io::Error::from)
        .and_then(|()| File::open("/proc/thread-self/ns/net"))
        .map_err(|source| StandError::Namespace {
            node: node.clone(),
            source,
        })?;
    for sysctl in &namespace.sysctls {
        let path = format!("/proc/sys/net/{}", sysctl.path);
        fs::write(&path, sysctl.value).map_err(|source| StandError::Sysctl {
            node: node.clone(),
            path,
            source,
        })?;
    }
    let open = |subsystem| {
        Connection::open(subsystem).map_err(|source| StandError::Socket {
            node: node.clone(),
            source,
        })
    };
    Ok(Raw {
        node: node.clone(),
        fd: fd.into(),
        route: open(Subsystem::Route)?,
        netfilter: open(Subsystem::Netfilter)?,
    })
}

//! What PID 1 itself is asked, and what it answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::HostId;
use model::vpn::{TunnelId, VpnSide};
use serde::{Deserialize, Serialize};

/// The number of the first question on the outer process's socket, whose body is the plan. The supervisor answers it
/// when it fails, else PID 1 does when everything stands or something does not.
pub(crate) const START: u64 = 0;

/// An order to PID 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Take the device of a tunnel's end to its router. Answered with null.
    Adopt {
        /// The tunnel.
        tunnel: TunnelId,
        /// Whose end.
        side: VpnSide,
        /// The device's name there.
        device: String,
    },
    /// Take down the plain links for which tunnels stand. Answered with null.
    Cut,
    /// Drop what is between a tunnel's ends, or no more. Answered with null.
    Sever {
        /// The tunnel.
        tunnel: TunnelId,
        /// Whether it is to be dropped.
        severed: bool,
    },
    /// Forget every tracked connection, of groups and NAT gateways. Answered with null.
    FlushConnections,
    /// Add the memory of all processes up. Answered with [`crate::Memory`].
    Memory,
    /// Say who you are. Answered with [`Status`].
    Status,
    /// Outlive the outer process. Answered with null.
    Release,
    /// End everything. Not answered: the stream ends when all is gone.
    Stop,
}

/// The answer to the plan, once everything stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    /// Microseconds for links, addresses, routes and filters.
    pub(crate) network: u64,
    /// Microseconds from there until the last program had answered its first message.
    pub(crate) programs: u64,
}

/// The refusal of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Failure {
    /// The machine does not allow it.
    CannotRunHere {
        /// What it does not allow.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A step of the twin's own failed.
    Twin(String),
    /// The network could not be stood up.
    Network(String),
    /// A program could not be started, died, or said that it failed.
    Program {
        /// Whose.
        host: HostId,
        /// What happened.
        detail: String,
    },
}

/// A running twin's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// The name that its starter gave it.
    pub(crate) label: String,
    /// Its folder, as its starter sees it.
    pub(crate) run_dir: PathBuf,
    /// Seconds since 1970 when it had started.
    pub(crate) since: u64,
    /// Whether it outlives its starter.
    pub(crate) released: bool,
    /// The programs in the order of their addresses on the wire, by process number inside the twin; none for a
    /// program that has ended.
    pub(crate) programs: BTreeMap<HostId, Option<i32>>,
}

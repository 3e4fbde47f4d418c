//! What can go wrong with a daemon of a VPN.

use std::io;
use std::path::PathBuf;

use model::vpn::TunnelId;

/// Why a daemon could not be run, told or asked.
#[derive(Debug, thiserror::Error)]
pub enum VpnError {
    /// The plan names a tunnel that its connection does not have.
    #[error("find {0} in its connection")]
    NoSuchTunnel(TunnelId),
    /// A file of the daemon's could not be written.
    #[error("write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The daemon could not be started.
    #[error("start {program}")]
    Start {
        /// Which.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The daemon ended, or never came to listen.
    #[error("wait for {daemon}: {what}; its log ends: {log}")]
    NotReady {
        /// Which.
        daemon: &'static str,
        /// What was seen instead.
        what: String,
        /// The last lines of its log.
        log: String,
    },
    /// `swanctl` failed.
    #[error("have swanctl {doing}: {said}")]
    Swanctl {
        /// What it was to do.
        doing: &'static str,
        /// What it said.
        said: String,
    },
    /// The daemon's control socket failed, or said what is not understood.
    #[error("ask {daemon}")]
    Ask {
        /// Which.
        daemon: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What passes on the wire could not be watched.
    #[error("watch the wire")]
    Watch(#[source] io::Error),
    /// The daemon is not running.
    #[error("ask a daemon that was not started")]
    NotStarted,
}

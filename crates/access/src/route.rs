//! The way to a host, who goes it, and how long each step of it may take.

use std::net::SocketAddr;
use std::time::Duration;

use model::HostId;
use model::claim::SshHop;
use serde::{Deserialize, Serialize};

use crate::authority::Credential;

/// The way to a host: straight, or through one bastion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The bastion, where there is one.
    pub via: Option<Stop>,
    /// The host meant.
    pub target: Stop,
}

impl Route {
    /// The way without a bastion.
    pub fn direct(target: Stop) -> Self {
        Self { via: None, target }
    }

    /// The way through a bastion, which must allow forwarding.
    pub fn through(bastion: Stop, target: Stop) -> Self {
        Self {
            via: Some(bastion),
            target,
        }
    }
}

/// One SSH server on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The host that must answer: its certificate must name this identifier.
    pub host: HostId,
    /// Where it listens. Behind a bastion, as the bastion sees it.
    pub address: SocketAddr,
    /// Login name.
    pub user: String,
}

impl From<&SshHop> for Stop {
    fn from(hop: &SshHop) -> Self {
        Self {
            host: hop.host.clone(),
            address: hop.target,
            user: hop.user.clone(),
        }
    }
}

/// Who logs in, and whose word on hosts is taken. It holds a private key: it crosses a process boundary only by a pipe
/// or a file with mode 0600.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user's key and certificate.
    pub user: Credential,
    /// The public key, in OpenSSH's text form, of the authority that signs host certificates.
    pub host_authority: String,
}

/// How long each step may take, and how much a command may say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// For a TCP connection, straight or opened by the bastion.
    pub reach: Duration,
    /// For the key exchange and the check of the host certificate.
    pub handshake: Duration,
    /// For the login.
    pub authenticate: Duration,
    /// For the server to open a channel or to agree to a request on it.
    pub open: Duration,
    /// For a command from its start to its exit.
    pub command: Duration,
    /// Most bytes that a command may write to standard output and standard error together.
    pub output: usize,
}

impl Default for Limits {
    /// Limits for commands that people wait for: five seconds cover three retransmitted SYNs, ten a loaded host's key
    /// exchange, a minute a command, and 4 MiB hold any answer that is read whole.
    fn default() -> Self {
        Self {
            reach: Duration::from_secs(5),
            handshake: Duration::from_secs(10),
            authenticate: Duration::from_secs(10),
            open: Duration::from_secs(10),
            command: Duration::from_secs(60),
            output: 4 * 1024 * 1024,
        }
    }
}

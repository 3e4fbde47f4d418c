//! What can go wrong on the way to a host and on it, told apart as far as the network tells it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use model::HostId;

use crate::certificate::CertificateFault;

/// Why there is no channel to a host.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The identity itself cannot be used; nothing was sent.
    #[error("read the identity")]
    Identity(#[source] IdentityError),
    /// There is no TCP connection.
    #[error("reach {host} at {address}")]
    Unreached {
        /// The host meant.
        host: HostId,
        /// Where it should listen.
        address: SocketAddr,
        /// What the network said.
        #[source]
        cause: Unreached,
    },
    /// The bastion let us in, but opened no connection onward.
    #[error("reach {host} at {address} through {bastion}")]
    NotForwarded {
        /// The bastion.
        bastion: HostId,
        /// The host meant.
        host: HostId,
        /// Where it should listen.
        address: SocketAddr,
        /// What the bastion said.
        #[source]
        cause: Refusal,
    },
    /// What answers does not speak SSH as it should.
    #[error("agree on keys with {host}")]
    Handshake {
        /// The host meant.
        host: HostId,
        /// What the protocol said.
        #[source]
        cause: russh::Error,
    },
    /// What answers has not proved that it is the host meant. Nothing was sent to it but a public key exchange.
    #[error("believe that {host} answers")]
    HostKey {
        /// The host meant.
        host: HostId,
        /// What is wrong with its proof.
        #[source]
        cause: HostKeyFault,
    },
    /// The host is the right one, and does not let this user in.
    #[error("log in to {host} as `{user}`: the certificate was refused")]
    Authentication {
        /// The host.
        host: HostId,
        /// Login name.
        user: String,
    },
    /// The connection ended within a step.
    #[error("{step} {host}: the connection ended")]
    Disconnected {
        /// The host.
        host: HostId,
        /// What was being done.
        step: Step,
    },
    /// A step took longer than its limit.
    #[error("{step} {host} within {limit:?}")]
    TimedOut {
        /// The host.
        host: HostId,
        /// What was being done.
        step: Step,
        /// How long it was given.
        limit: Duration,
    },
}

impl ConnectError {
    /// Whether the host itself (not the bastion before it) answered, if only to refuse. What did not answer may be
    /// absent, silent, or behind a filter: the network does not say which.
    pub fn answered(&self, target: &HostId) -> bool {
        match self {
            Self::Identity(_) | Self::Unreached { .. } | Self::NotForwarded { .. } => false,
            Self::Handshake { host, .. }
            | Self::HostKey { host, .. }
            | Self::Authentication { host, .. }
            | Self::Disconnected { host, .. }
            | Self::TimedOut { host, .. } => host == target,
        }
    }
}

/// Why an identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The private key cannot be read.
    #[error("parse the private key")]
    PrivateKey(#[source] russh::keys::ssh_key::Error),
    /// The certificate cannot be read.
    #[error("parse the certificate")]
    Certificate(#[source] russh::keys::ssh_key::Error),
    /// The certificate is for another key.
    #[error("match the certificate with the private key: it certifies another")]
    Mismatch,
    /// The pinned authority's key cannot be read.
    #[error("parse the host authority's public key")]
    HostAuthority(#[source] russh::keys::ssh_key::Error),
}

/// What the network said instead of a TCP connection.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// A reset came back: nothing listens there, or a filter rejects.
    #[error("connection refused")]
    Refused,
    /// Nothing came back in time: a filter drops, or nothing is there.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// There is no way to the address.
    #[error("no route")]
    NoRoute,
    /// This machine's own filter forbids it.
    #[error("forbidden by the local filter")]
    Forbidden,
    /// Anything else that the system reports.
    #[error("connect over TCP")]
    Other(#[source] io::Error),
}

/// Why a server did not open a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It may not: forwarding is off.
    #[error("the server forbids it")]
    Prohibited,
    /// It tried to connect onward, and could not.
    #[error("the server could not connect to the address")]
    ConnectFailed,
    /// It has too many already.
    #[error("the server is short of resources")]
    ResourceShortage,
    /// It does not know such channels.
    #[error("the server does not know this kind of channel")]
    UnknownKind,
    /// A reason outside RFC 4254, by its code.
    #[error("the server refused with code {0}")]
    Other(u32),
}

/// What is wrong with a host's proof of who it is.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyFault {
    /// It has a key but no certificate. Which key it is does not matter: nothing is trusted on first use.
    #[error("it shows the plain key {0}, not a host certificate")]
    PlainKey(String),
    /// Its certificate is not to be believed.
    #[error("believe its host certificate")]
    Certificate(#[source] CertificateFault),
}

/// A step on the way to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Agreeing on keys and checking the host certificate.
    Handshake,
    /// Logging in.
    Authenticate,
    /// Opening the bastion's connection onward.
    Forward,
    /// Opening a channel, or a request on it.
    Open,
    /// Running a command.
    Command,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "agree on keys with",
            Self::Authenticate => "log in to",
            Self::Forward => "go onward from",
            Self::Open => "open a channel on",
            Self::Command => "finish a command on",
        })
    }
}

/// Why something on a host did not work, once the channel stood.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The server did not open the channel.
    #[error("open a channel on {host}")]
    Refused {
        /// The host.
        host: HostId,
        /// What it said.
        #[source]
        cause: Refusal,
    },
    /// The server opened a channel, but refused what was asked on it.
    #[error("{request} on {host}: the server refused")]
    RequestRefused {
        /// The host.
        host: HostId,
        /// What was asked.
        request: &'static str,
    },
    /// The connection ended within a step.
    #[error("{step} {host}: the connection ended")]
    Disconnected {
        /// The host.
        host: HostId,
        /// What was being done.
        step: Step,
    },
    /// A step took longer than its limit. Whether a command took effect is not known.
    #[error("{step} {host} within {limit:?}")]
    TimedOut {
        /// The host.
        host: HostId,
        /// What was being done.
        step: Step,
        /// How long it was given.
        limit: Duration,
    },
    /// A command said more than it may; it was cut off.
    #[error("keep a command's output on {host} within {limit} bytes")]
    TooMuchOutput {
        /// The host.
        host: HostId,
        /// The limit.
        limit: usize,
    },
    /// A file's path cannot be used. Only absolute paths without NUL are.
    #[error("use `{0}` as the path of a file: it must be absolute, name a file and hold no NUL")]
    Path(String),
    /// A file was not written; what stood there before still does.
    #[error("write {path} on {host}: {said}")]
    Write {
        /// The host.
        host: HostId,
        /// The path.
        path: String,
        /// What the host said.
        said: String,
    },
    /// A file arrived damaged and was thrown away; what stood there before still does.
    #[error("write {path} on {host}: its SHA-256 differs after the transfer")]
    Damaged {
        /// The host.
        host: HostId,
        /// The path.
        path: String,
    },
    /// The local end of an interactive session failed.
    #[error("use the local terminal")]
    Local(#[source] io::Error),
}

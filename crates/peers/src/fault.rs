//! What can stop a host from being served.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use model::SecretName;

use crate::daemon::DaemonError;
use crate::database;
use crate::dns::DnsError;
use crate::serving::Transport;
use crate::smtp::MailboxError;
use crate::ssh::SshError;
use crate::tls::TlsError;

/// Why a host's servers do not run: everything that is wrong, not the first thing.
#[derive(Debug)]
pub struct ServeError {
    /// What is wrong with each service that cannot be served.
    pub faults: Vec<Fault>,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("serve the host's plan: ")?;
        for (index, fault) in self.faults.iter().enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            write!(f, "{comma}{fault}")?;
            let mut cause = std::error::Error::source(fault);
            while let Some(error) = cause {
                write!(f, ": {error}")?;
                cause = error.source();
            }
        }
        Ok(())
    }
}

impl std::error::Error for ServeError {}

/// One reason why a service cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An address and port could not be listened on.
    #[error("`{service}` cannot listen on {transport} {address}")]
    Bind {
        /// The service.
        service: String,
        /// What it was to receive.
        transport: Transport,
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The plan does not bring a secret that the service names.
    #[error("`{service}` needs the secret `{secret}`, which the plan does not bring")]
    NoSecret {
        /// The service.
        service: String,
        /// The secret.
        secret: SecretName,
    },
    /// The service speaks TLS, and the plan brings no identity.
    #[error("`{service}` speaks TLS, and the plan brings no certificate")]
    NoTls {
        /// The service.
        service: String,
    },
    /// The plan's TLS identity cannot be used.
    #[error("`{service}` cannot use the plan's certificate")]
    Tls {
        /// The service.
        service: String,
        /// Why not.
        #[source]
        source: TlsError,
    },
    /// An SSH server is asked for, and the plan brings no keys for it.
    #[error("`{service}` speaks SSH, and the plan brings no host key")]
    NoSsh {
        /// The service.
        service: String,
    },
    /// The SSH server cannot use what the plan brings.
    #[error("`{service}` cannot use the plan's SSH keys and folder")]
    Ssh {
        /// The service.
        service: String,
        /// Why not.
        #[source]
        source: SshError,
    },
    /// There is no stand-in for this database engine.
    #[error(
        "`{service}`: there is no stand-in for the database engine `{engine}`, only for `{}`",
        database::ENGINE
    )]
    Engine {
        /// The service.
        service: String,
        /// The engine, as AWS names it.
        engine: String,
    },
    /// A zone cannot be served.
    #[error("`{service}` cannot serve its zones")]
    Dns {
        /// The service.
        service: String,
        /// Why not.
        #[source]
        source: DnsError,
    },
    /// The place for received mail could not be made.
    #[error("`{service}` cannot keep mail")]
    Mailbox {
        /// The service.
        service: String,
        /// Why not.
        #[source]
        source: MailboxError,
    },
    /// A real daemon does not stand.
    #[error("`{service}` is to be played by a real daemon")]
    Daemon {
        /// The service.
        service: String,
        /// Why not.
        #[source]
        source: DaemonError,
    },
    /// The plan names no address to listen on.
    #[error("the plan names no address to listen on")]
    NoAddress,
}

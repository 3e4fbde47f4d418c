//! An SSH server that accepts certificates only: commands, terminals, and on bastions a way onward.
//!
//! It lets in whoever holds a *user certificate* of the pinned authority that is valid now, names the login name as a
//! principal, and carries no condition that is not understood here. There is no password, no plain key, no agent, no
//! forwarding back, and no file transfer but through a command. Every login and every refusal is recorded with the
//! certificate's key identifier, which is the reason for the login. (What the protocol library itself turns away before
//! it asks, certificates out of date above all, is refused without a record.)
//!
//! Commands run by `/bin/sh -c` as the server's own user, in its own namespaces, whatever the login name; the environment
//! is made anew. **A command does not outlive its channel**: when the client goes, what it started is killed, unless it
//! left its process group. OpenSSH lets it live.

mod audit;
mod command;
mod flow;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::TrustedAuthority;
use model::{HostId, Secret};
use russh::keys::{Certificate, PrivateKey};
use russh::server::Config;
use russh::{MethodKind, MethodSet, SshId};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use audit::Audit;
pub use audit::Login;
use session::Connection;

/// The stand-in's name and version, for evidence.
pub const NAME: &str = concat!("reeve ssh ", env!("CARGO_PKG_VERSION"));

/// Pause after a failed accept, most likely for want of descriptors: asking again at once would only burn time.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a silent client is asked whether it is there, and how often in vain: a dead one is noticed after a minute.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVES_UNANSWERED: usize = 3;

/// How long a connection may stay without a byte. Live clients answer the keep-alives; this ends the others, also where
/// nothing asks: before the first byte, and after the goodbye.
const SILENCE: Duration = Duration::from_secs(90);

/// What an SSH server is told. It holds the host's private key: it crosses a process boundary only by a pipe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SshConfig {
    /// The host, which commands see as `REEVE_HOST`.
    pub host: HostId,
    /// Addresses listened on.
    pub listen: Vec<SocketAddr>,
    /// The host's private key, in OpenSSH's text form.
    pub host_key: Secret,
    /// The host's certificate, in OpenSSH's text form.
    pub host_certificate: String,
    /// The public key of the authority whose user certificates are accepted, in OpenSSH's text form.
    pub user_authority: String,
    /// Login names.
    pub users: Vec<String>,
    /// Whether clients may open connections onward: on bastions only.
    pub forwarding: bool,
    /// Variables that commands get beside the usual ones.
    pub environment: BTreeMap<String, String>,
    /// Where commands start.
    pub home: PathBuf,
    /// A file to which each login is appended as a line of JSON. A login that cannot be recorded is refused.
    pub audit_log: Option<PathBuf>,
    /// What clients may take.
    pub limits: SshLimits,
}

/// What clients of an SSH server may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshLimits {
    /// Connections at a time; more are closed at once.
    pub connections: usize,
    /// Channels at a time on one connection.
    pub channels: usize,
    /// From the connection to the end of the login.
    pub login: Duration,
    /// Certificates that one connection may try.
    pub attempts: usize,
    /// For a connection onward.
    pub onward: Duration,
}

impl Default for SshLimits {
    /// Twice and more of what a rehearsal's probes and a few operators use at once; the login as long as a client waits
    /// for it, and onward a little less, so that the client learns why.
    fn default() -> Self {
        Self {
            connections: 64,
            channels: 32,
            login: Duration::from_secs(20),
            attempts: 6,
            onward: Duration::from_secs(4),
        }
    }
}

/// Why an SSH server does not start.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// The host's private key cannot be read.
    #[error("read the host key")]
    HostKey(#[source] russh::keys::ssh_key::Error),
    /// The host's certificate cannot be read.
    #[error("read the host certificate")]
    HostCertificate(#[source] russh::keys::ssh_key::Error),
    /// The certificate is for another key.
    #[error("match the host certificate with the host key: it certifies another")]
    Mismatch,
    /// The pinned authority's key cannot be read.
    #[error("read the user authority's public key")]
    UserAuthority(#[source] russh::keys::ssh_key::Error),
    /// The record of logins cannot be opened.
    #[error("open the record of logins {path}")]
    AuditLog {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An address cannot be listened on.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Binds every address of the configuration, then serves until the result is dropped.
///
/// # Errors
/// Fails when a key cannot be read, when the record of logins cannot be opened, or when an address cannot be bound.
pub async fn serve(config: SshConfig) -> Result<Running, SshError> {
    let mut listeners = Vec::with_capacity(config.listen.len());
    let mut addresses = Vec::with_capacity(config.listen.len());
    for &address in &config.listen {
        let unbound = |source| SshError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(unbound)?;
        addresses.push(listener.local_addr().map_err(unbound)?);
        listeners.push(listener);
    }
    let server = SshServer::new(config)?;
    let mut tasks = JoinSet::new();
    for listener in listeners {
        tasks.spawn(server.clone().accept(listener));
    }
    Ok(Running {
        addresses,
        server,
        _tasks: tasks,
    })
}

/// A running SSH server. Dropping it ends every connection and kills what runs on them.
pub struct Running {
    addresses: Vec<SocketAddr>,
    server: SshServer,
    _tasks: JoinSet<()>,
}

impl Running {
    /// The addresses bound, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The latest logins and refusals, oldest first.
    pub fn logins(&self) -> Vec<Login> {
        self.server.logins()
    }
}

/// An SSH server, ready to be given listeners.
#[derive(Clone)]
pub struct SshServer(Arc<Server>);

/// What all connections share.
struct Server {
    host: HostId,
    authority: TrustedAuthority,
    users: Vec<String>,
    forwarding: bool,
    environment: BTreeMap<String, String>,
    home: PathBuf,
    limits: SshLimits,
    audit: Audit,
    protocol: Arc<Config>,
    places: Arc<Semaphore>,
}

impl SshServer {
    /// Reads the keys and opens the record of logins. The configuration's addresses are not bound.
    ///
    /// # Errors
    /// Fails when a key cannot be read, or when the record of logins cannot be opened.
    pub fn new(config: SshConfig) -> Result<Self, SshError> {
        let key = PrivateKey::from_openssh(config.host_key.expose()).map_err(SshError::HostKey)?;
        let certificate = Certificate::from_openssh(config.host_certificate.trim())
            .map_err(SshError::HostCertificate)?;
        if key.public_key().key_data() != certificate.public_key() {
            return Err(SshError::Mismatch);
        }
        let authority = TrustedAuthority::from_openssh(&config.user_authority)
            .map_err(SshError::UserAuthority)?;
        let audit = Audit::open(config.audit_log.clone()).map_err(|source| SshError::AuditLog {
            path: config.audit_log.unwrap_or_default(),
            source,
        })?;
        Ok(Self(Arc::new(Server {
            host: config.host,
            authority,
            users: config.users,
            forwarding: config.forwarding,
            environment: config.environment,
            home: config.home,
            audit,
            protocol: Arc::new(protocol(key, certificate, &config.limits)),
            places: Arc::new(Semaphore::new(config.limits.connections)),
            limits: config.limits,
        })))
    }

    /// The latest logins and refusals, oldest first.
    pub fn logins(&self) -> Vec<Login> {
        self.0.audit.latest()
    }

    /// Serves a listener until the future is dropped, which ends every connection that came by it.
    pub async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, source)) => {
                        // Without a free place, the connection is closed at once.
                        if let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() {
                            let server = Arc::clone(&self.0);
                            connections.spawn(async move {
                                server.attend(stream, source).await;
                                drop(place);
                            });
                        }
                    }
                    Err(_) => sleep(PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

impl Server {
    /// Serves one connection to its end.
    async fn attend(self: Arc<Self>, stream: TcpStream, source: SocketAddr) {
        let tasks = Tasks::default();
        let Ok((stream, _hangup)) = HangUp::on(stream, tasks.clone()) else {
            return;
        };
        let admitted = Arc::new(AtomicBool::new(false));
        let connection = Connection::new(Arc::clone(&self), source, tasks, Arc::clone(&admitted));
        let protocol = Arc::clone(&self.protocol);
        let login = self.limits.login;
        let started = russh::server::run_stream(protocol, stream, connection);
        // Whatever ends a session, there is nobody to tell but the client, and the session has told it.
        let Ok(Ok(mut session)) = timeout(login, started).await else {
            return;
        };
        if timeout(login, &mut session).await.is_err() && admitted.load(Ordering::Acquire) {
            let _ = session.await;
        }
    }
}

/// What runs on a connection: commands, terminals, connections onward. Aborted together.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    /// How many have not ended.
    fn count(&self) -> usize {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.len()
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .spawn(task);
    }

    fn abort(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
    }
}

/// Ends a connection when dropped. The protocol library runs a session in a task of its own that cannot be aborted from
/// here; a closed socket ends it.
struct HangUp {
    socket: std::net::TcpStream,
    tasks: Tasks,
}

impl HangUp {
    fn on(stream: TcpStream, tasks: Tasks) -> io::Result<(TcpStream, Self)> {
        stream.set_nodelay(true)?;
        let socket = stream.into_std()?;
        let stream = TcpStream::from_std(socket.try_clone()?)?;
        Ok((stream, Self { socket, tasks }))
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.tasks.abort();
        // The client may have closed it already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

fn protocol(key: PrivateKey, certificate: Certificate, limits: &SshLimits) -> Config {
    Config {
        server_id: SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-Reeve_",
            env!("CARGO_PKG_VERSION")
        ))),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        // Waiting hides how long a password took to compare. Here is none, and a certificate is no secret.
        auth_rejection_time: Duration::ZERO,
        max_auth_attempts: limits.attempts,
        keys: vec![key],
        certificates: vec![certificate],
        inactivity_timeout: Some(SILENCE),
        keepalive_interval: Some(KEEPALIVE),
        keepalive_max: KEEPALIVES_UNANSWERED,
        ..Config::default()
    }
}

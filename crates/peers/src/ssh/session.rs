//! One connection: who it is, and what it may have.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use access::{CertificateKind, PERMIT_FORWARDING, PERMIT_TERMINAL};
use jiff::Timestamp;
use russh::keys::Certificate;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelMsg, ChannelOpenFailure, Pty};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::audit::Login;
use super::flow::{pass_in, pass_out};
use super::terminal::Terminal;
use super::{Server, Tasks, command, terminal};

/// Longest value of `TERM`, in bytes; terminfo's names are far shorter.
const LONGEST_TERM: usize = 64;

/// Where commands find programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One connection, from the first packet on.
pub(super) struct Connection {
    server: Arc<Server>,
    source: SocketAddr,
    tasks: Tasks,
    admitted: Arc<AtomicBool>,
    user: Option<User>,
    /// Session channels on which nothing runs yet.
    waiting: BTreeMap<u32, Waiting>,
}

/// Who is logged in, and what the certificate permits.
struct User {
    name: String,
    forwarding: bool,
    terminal: bool,
}

struct Waiting {
    channel: Channel<Msg>,
    terminal: Option<Terminal>,
}

impl Connection {
    pub(super) fn new(
        server: Arc<Server>,
        source: SocketAddr,
        tasks: Tasks,
        admitted: Arc<AtomicBool>,
    ) -> Self {
        Self {
            server,
            source,
            tasks,
            admitted,
            user: None,
            waiting: BTreeMap::new(),
        }
    }

    /// Why a certificate does not let this user in.
    fn objection(&self, user: &str, certificate: &Certificate) -> Option<String> {
        if !self.server.users.iter().any(|known| known == user) {
            return Some("there is no such user".to_owned());
        }
        self.server
            .authority
            .vouches_for(certificate, CertificateKind::User, user, Timestamp::now())
            .err()
            .map(|fault| fault.to_string())
    }

    /// Records a login or a refusal; says whether it could be recorded.
    fn record(&self, user: &str, reason: Option<&str>, refused: Option<String>) -> bool {
        self.server
            .audit
            .record(Login {
                at: Timestamp::now(),
                host: self.server.host.clone(),
                user: user.to_owned(),
                reason: reason.map(str::to_owned),
                source: self.source,
                refused,
            })
            .is_ok()
    }

    fn has_room(&self) -> bool {
        self.tasks.count() + self.waiting.len() < self.server.limits.channels
    }

    /// What a command finds in its environment.
    fn environment(&self, user: &str, terminal: Option<&Terminal>) -> Vec<(String, String)> {
        let home = self.server.home.to_string_lossy().into_owned();
        let mut environment = self.server.environment.clone();
        for (name, value) in [
            ("PATH", PATH),
            ("HOME", home.as_str()),
            ("USER", user),
            ("LOGNAME", user),
            ("SHELL", "/bin/sh"),
        ] {
            environment
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
        let host = self.server.host.as_str().to_owned();
        environment.insert("REEVE_HOST".to_owned(), host);
        if let Some(terminal) = terminal {
            environment.insert("TERM".to_owned(), terminal.term.clone());
        }
        environment.into_iter().collect()
    }

    /// Starts a command, or the shell where there is none, on a channel that waits for one.
    fn start(&mut self, channel: ChannelId, command: Option<&[u8]>, session: &Session) -> bool {
        let Some(waiting) = self.waiting.remove(&channel.number()) else {
            return false;
        };
        let Some(user) = &self.user else {
            return false;
        };
        let environment = self.environment(&user.name, waiting.terminal.as_ref());
        let handle = session.handle();
        if let Some(terminal) = waiting.terminal {
            let Some(arguments) = shell_arguments(command) else {
                return false;
            };
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let Ok(seated) = terminal.seat(&arguments, &environment) else {
                return false;
            };
            self.tasks
                .spawn(terminal::attend(waiting.channel, handle, terminal, seated));
        } else {
            // Without a command, the shell reads its commands from the channel.
            let command = command.unwrap_or(b"exec /bin/sh");
            let Ok(child) = command::start(command, &environment, &self.server.home) else {
                return false;
            };
            self.tasks
                .spawn(command::attend(waiting.channel, handle, child));
        }
        true
    }
}

/// Arguments for `/bin/sh` on a terminal. A command there must be text without NUL.
fn shell_arguments(command: Option<&[u8]>) -> Option<Vec<String>> {
    const ENTER_HOME: &str = "cd -- \"$HOME\" 2>/dev/null";
    let script = match command {
        Some(command) => format!("{ENTER_HOME}\n{}", std::str::from_utf8(command).ok()?),
        None => format!("{ENTER_HOME}\nexec \"$SHELL\" -i"),
    };
    Some(vec!["sh".to_owned(), "-c".to_owned(), script])
}

/// Answers a request on a channel.
fn answer(session: &mut Session, channel: ChannelId, agreed: bool) -> Result<(), russh::Error> {
    if agreed {
        session.channel_success(channel)
    } else {
        session.channel_failure(channel)
    }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        user: &str,
        _: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        self.record(
            user,
            None,
            Some("a plain key, not a certificate".to_owned()),
        );
        Ok(Auth::reject())
    }

    async fn auth_openssh_certificate(
        &mut self,
        user: &str,
        certificate: &Certificate,
    ) -> Result<Auth, Self::Error> {
        let objection = self.objection(user, certificate);
        let refused = objection.is_some();
        let recorded = self.record(user, Some(certificate.key_id()), objection);
        if refused || !recorded {
            return Ok(Auth::reject());
        }
        let permits = |extension: &str| certificate.extensions().contains_key(extension);
        self.user = Some(User {
            name: user.to_owned(),
            forwarding: permits(PERMIT_FORWARDING),
            terminal: permits(PERMIT_TERMINAL),
        });
        self.admitted.store(true, Ordering::Release);
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if !self.has_room() {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        let waiting = Waiting {
            channel,
            terminal: None,
        };
        self.waiting.insert(waiting.channel.id().number(), waiting);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(
        &mut self,
        channel: ChannelId,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.waiting.remove(&channel.number());
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let permitted = self.user.as_ref().is_some_and(|user| user.terminal);
        let named = term.len() <= LONGEST_TERM && term.chars().all(|c| c.is_ascii_graphic());
        let opened = match self.waiting.get_mut(&channel.number()) {
            Some(waiting) if permitted && named => {
                waiting.terminal = Terminal::open(term, columns, rows).ok();
                waiting.terminal.is_some()
            }
            _ => false,
        };
        answer(session, channel, opened)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let started = self.start(channel, Some(command), session);
        answer(session, channel, started)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let started = self.start(channel, None, session);
        answer(session, channel, started)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        answer(session, channel, false)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        answer(session, channel, false)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        answer(session, channel, false)
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        let permitted = self.user.as_ref().is_some_and(|user| user.forwarding);
        // Addresses only: a name would be resolved with this host's eyes, and the client could not say where it went.
        let address = host
            .parse::<IpAddr>()
            .ok()
            .zip(u16::try_from(port).ok())
            .map(SocketAddr::from);
        let Some(address) = address.filter(|_| permitted && self.server.forwarding) else {
            reply
                .reject(ChannelOpenFailure::AdministrativelyProhibited)
                .await;
            return Ok(());
        };
        if !self.has_room() {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        let limit = self.server.limits.onward;
        self.tasks.spawn(async move {
            match timeout(limit, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    reply.accept().await;
                    pass_onward(channel, stream).await;
                }
                _ => reply.reject(ChannelOpenFailure::ConnectFailed).await,
            }
        });
        Ok(())
    }
}

/// Passes bytes between a channel and a connection onward, until either ends.
async fn pass_onward(channel: Channel<Msg>, mut stream: TcpStream) {
    // Packets of the session inside must not wait for each other. A socket that cannot do so still passes them.
    let _ = stream.set_nodelay(true);
    let (mut messages, sender) = channel.split();
    let (from, to) = stream.split();
    // The far end's end of data is passed on; the client closes the channel when it has no more either.
    let backward = async {
        pass_out(from, &sender, None).await;
        let _ = sender.eof().await;
        pending::<()>().await;
    };
    tokio::select! {
        () = pass_in(&mut messages, to, |_: ChannelMsg| {}) => {}
        () = backward => {}
    }
    let _ = sender.close().await;
}

//! A mail submission stand-in (RFC 6409): STARTTLS, then AUTH, then mail, which it keeps and passes on to nobody.

mod auth;
mod mailbox;
mod session;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::credential::Credential;
use crate::socket::accept_each;
use crate::tls;
use mailbox::Envelope;
pub(crate) use mailbox::Mailbox;
pub use mailbox::{MailboxError, ReceivedMail};
use session::{Reply, Session, Step};
use wire::{Broken, Wire};

/// What evidence calls this server.
pub const NAME: &str = concat!("reeve smtp ", env!("CARGO_PKG_VERSION"));

/// Connections at a time: more than all hosts of an estate hold open together.
const CONNECTIONS: usize = 64;

/// Longest life of a connection: a submission takes a second.
const LIFETIME: Duration = Duration::from_secs(300);

/// A submission server, shared by its connections.
pub(crate) struct Submission {
    pub(crate) host: String,
    pub(crate) credential: Credential,
    pub(crate) tls: TlsAcceptor,
    pub(crate) mailbox: Arc<Mailbox>,
}

/// Serves submission on a listener for ever.
pub(crate) async fn serve(listener: TcpListener, submission: Arc<Submission>) {
    accept_each(listener, CONNECTIONS, move |stream, peer| {
        let submission = Arc::clone(&submission);
        async move {
            // How a client ends its connection concerns nobody here.
            let _ = tokio::time::timeout(LIFETIME, submission.converse(stream, peer)).await;
        }
    })
    .await;
}

/// How a dialogue went on.
enum Next {
    /// The client asked for TLS.
    Secure,
    /// It is over.
    End,
}

impl Submission {
    async fn converse(&self, stream: TcpStream, peer: SocketAddr) -> Result<(), Broken> {
        let mut wire = Wire::new(stream);
        let mut session = Session::new(&self.host, false);
        wire.say(&Reply::greeting(&self.host)).await?;
        if let Next::End = self.dialogue(&mut wire, &mut session, peer).await? {
            return Ok(());
        }
        // Whatever the client sent after STARTTLS was not protected and must not count as if it had been
        // (RFC 3207, section 6, and the injection of CVE-2011-0411).
        let Some(stream) = wire.into_unread() else {
            return Ok(());
        };
        let Some(stream) = tls::accept(&self.tls, stream).await else {
            return Ok(());
        };
        let mut wire = Wire::new(stream);
        let mut session = Session::new(&self.host, true);
        self.dialogue(&mut wire, &mut session, peer).await?;
        wire.close().await
    }

    /// Takes commands until the client quits, asks for TLS, or has tried the server's patience.
    async fn dialogue<S>(
        &self,
        wire: &mut Wire<S>,
        session: &mut Session,
        peer: SocketAddr,
    ) -> Result<Next, Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let line = match wire.line().await {
                Err(Broken::TooLong) => {
                    wire.say(&Reply::new(500, "line too long")).await?;
                    return Ok(Next::End);
                }
                line => line?,
            };
            let reply = match session.step(&line) {
                Step::Reply(reply) => reply,
                Step::StartTls => {
                    wire.say(&Reply::new(220, "go ahead")).await?;
                    return Ok(Next::Secure);
                }
                Step::LogIn { mechanism, initial } => {
                    let login = auth::log_in(wire, mechanism, initial, &self.credential).await?;
                    session.logged_in(login)
                }
                Step::Data(envelope) => self.take(wire, session, envelope, peer).await?,
                Step::Quit => {
                    wire.say(&Reply::new(221, "bye")).await?;
                    return Ok(Next::End);
                }
            };
            wire.say(&reply).await?;
            if reply.closes() {
                return Ok(Next::End);
            }
        }
    }

    /// Receives a mail's text and keeps it. 250 is said only when it is on disk.
    async fn take<S>(
        &self,
        wire: &mut Wire<S>,
        session: &Session,
        envelope: session::Accepted,
        peer: SocketAddr,
    ) -> Result<Reply, Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        wire.say(&Reply::new(354, "end with a line of one dot"))
            .await?;
        let Some(text) = wire.text().await? else {
            return Ok(Reply::new(552, "the message is too big"));
        };
        let envelope = Envelope {
            sender: envelope.sender,
            recipients: envelope.recipients,
            user: envelope.user,
            client: format!("{} ([{}])", session.client(), peer.ip().to_canonical()),
            host: self.host.clone(),
        };
        Ok(match self.mailbox.keep(envelope, text).await {
            Ok(()) => Reply::new(250, "kept"),
            Err(MailboxError::Full) => Reply::new(452, "the mailbox is full"),
            Err(_) => Reply::new(451, "the message could not be kept"),
        })
    }
}

#[cfg(test)]
mod tests;

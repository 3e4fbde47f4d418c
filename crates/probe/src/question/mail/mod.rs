//! Mail: submission with STARTTLS and AUTH (RFC 6409, 3207, 4954), of a text by which it is found again; and the
//! question whether a server relays for everybody.

mod letter;
mod reply;
mod wire;

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::claim::Question;
use model::{Secret, SecretName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::client::TlsStream;

use crate::answer::Outcome;
use crate::ask::{Heard, Miss, Vantage};
use crate::connect;
use crate::fault::{Fault, MailFault, MailStep, ServerReply};
use crate::tls::{self, Wanted};
use letter::Letter;
use reply::{Extensions, Reason, Reply, printable};
use wire::Wire;

/// What this client calls itself: a name that nobody has (RFC 6761).
const CLIENT: &str = "probe.reeve.invalid";

/// A failed step, or what stopped the question before it could be put.
enum Stop {
    Fault(MailFault),
    Miss(Miss),
}

impl From<MailFault> for Stop {
    fn from(fault: MailFault) -> Self {
        Self::Fault(fault)
    }
}

/// Submits one mail. That the server has accepted it says nothing of where it went: the token does, at the other end.
pub(crate) async fn submit(vantage: &Vantage<'_>, question: &Question) -> Result<Heard, Miss> {
    let Question::Mail {
        server,
        name,
        user,
        password,
        sender,
        recipient,
    } = question
    else {
        return Err(Miss::unknown("this is no question about mail"));
    };
    let login = Login::of(vantage, user, password)?;
    let letter = Letter::write(sender, recipient)?;
    // Without roots nobody could be believed: that is found before anything is sent.
    tls::roots(vantage)?;
    let mut peer = None;
    let sent = async {
        let mut session = Session::open(vantage, *server).await?;
        peer = Some(session.software.clone());
        let in_clear = session.hello().await?;
        if !in_clear.starttls {
            return Err(MailFault::NoStartTls.into());
        }
        let mut session = session.secure(vantage, name).await?;
        let offered = session.hello().await?;
        session.log_in(&login, &offered, &in_clear).await?;
        session.envelope(&letter).await?;
        session.message(&letter).await
    };
    match sent.await {
        Ok(reply) => Ok(Heard {
            token: Some(letter.token),
            ..Heard::new(format!("accepted: {reply}")).from(peer)
        }),
        Err(stop) => Err(stop.miss().from(peer)),
    }
}

/// Offers a mail without logging in, as far as its recipient. Nothing is sent: where the server would take it, the
/// client leaves.
pub(crate) async fn relay(
    vantage: &Vantage<'_>,
    server: SocketAddr,
    name: &str,
    sender: &str,
    recipient: &str,
) -> Result<Heard, Miss> {
    let letter = Letter::write(sender, recipient)?;
    let mut peer = None;
    let offered = async {
        let mut session = Session::open(vantage, server).await?;
        peer = Some(session.software.clone());
        if session.hello().await?.starttls {
            let mut session = session.secure(vantage, name).await?;
            session.hello().await?;
            session.envelope(&letter).await?;
            session.leave().await;
        } else {
            session.envelope(&letter).await?;
            session.leave().await;
        }
        Ok(())
    };
    match offered.await {
        Ok(()) => Ok(Heard::new(
            "the server takes mail for this recipient from a client that has not logged in",
        )
        .from(peer)),
        Err(stop) => Err(Stop::miss(stop).from(peer)),
    }
}

impl Stop {
    fn miss(self) -> Miss {
        match self {
            Self::Fault(fault) => Miss::new(
                outcome(&fault),
                format!("failed at {}: {fault}", fault.step()),
            )
            .because(Fault::Mail(fault)),
            Self::Miss(miss) => miss,
        }
    }
}

/// A no that is meant to last is a refusal; everything else is no answer.
fn outcome(fault: &MailFault) -> Outcome {
    match fault {
        MailFault::TurnedAway(reply)
        | MailFault::HelloRefused(reply)
        | MailFault::StartTlsRefused(reply)
            if reply.code < 500 =>
        {
            Outcome::Broken
        }
        MailFault::TurnedAway(_)
        | MailFault::HelloRefused(_)
        | MailFault::StartTlsRefused(_)
        | MailFault::LoginRefused(_)
        | MailFault::LoginRequired(_)
        | MailFault::TlsRequired(_)
        | MailFault::SenderRefused { .. }
        | MailFault::RelayDenied { .. }
        | MailFault::RecipientRefused { .. }
        | MailFault::MessageRefused(_) => Outcome::Refused,
        MailFault::Unreached(_)
        | MailFault::NotSmtp(_)
        | MailFault::NoStartTls
        | MailFault::Injected
        | MailFault::Certificate(_)
        | MailFault::Handshake(_)
        | MailFault::NoAuth { .. }
        | MailFault::NoMechanism(_)
        | MailFault::LoginDeferred(_)
        | MailFault::Deferred { .. }
        | MailFault::NotReceived
        | MailFault::BrokenOff { .. } => Outcome::Broken,
    }
}

/// What is logged in with, in the forms in which it is sent.
struct Login {
    plain: String,
    user: String,
    password: String,
    clear: String,
}

impl Login {
    fn of(vantage: &Vantage<'_>, user: &str, password: &SecretName) -> Result<Self, Miss> {
        let password: &Secret = vantage.secret(password)?;
        let clear = password.expose();
        if user.contains('\0') || clear.contains('\0') {
            return Err(Miss::unknown(
                "user or password holds a NUL, which AUTH cannot send",
            ));
        }
        Ok(Self {
            plain: STANDARD.encode(format!("\0{user}\0{clear}")),
            user: STANDARD.encode(user),
            password: STANDARD.encode(clear),
            clear: clear.to_owned(),
        })
    }

    /// What no quote may hold.
    fn unsaid(&self) -> Vec<String> {
        vec![
            self.plain.clone(),
            self.password.clone(),
            self.clear.clone(),
        ]
    }
}

/// One connection's dialogue.
struct Session<S> {
    wire: Wire<S>,
    /// What the server calls itself in its greeting.
    software: String,
    unsaid: Vec<String>,
}

impl Session<TcpStream> {
    async fn open(vantage: &Vantage<'_>, server: SocketAddr) -> Result<Self, Stop> {
        let stream = connect::open(&vantage.line, server).await.map_err(|miss| {
            let fault = MailFault::Unreached(miss.said.clone());
            Stop::Miss(Miss {
                said: format!("failed at {}: {}", fault.step(), miss.said),
                ..miss.because(Fault::Mail(fault))
            })
        })?;
        let mut wire = Wire::new(stream, vantage.line.end);
        let greeting = wire.reply(MailStep::Greeting).await?;
        if greeting.code != 220 {
            return Err(MailFault::TurnedAway(greeting.quote(&[])).into());
        }
        Ok(Self {
            wire,
            software: greeting.quote(&[]).text,
            unsaid: Vec::new(),
        })
    }

    /// Asks for TLS, and shakes hands.
    async fn secure(
        mut self,
        vantage: &Vantage<'_>,
        name: &str,
    ) -> Result<Session<TlsStream<TcpStream>>, Stop> {
        let reply = self.wire.command(MailStep::Tls, "STARTTLS").await?;
        if reply.code != 220 {
            return Err(MailFault::StartTlsRefused(reply.quote(&[])).into());
        }
        // RFC 3207, section 6, and CVE-2011-0411, from the client's side.
        let stream = self.wire.into_unread().ok_or(MailFault::Injected)?;
        let shaken = timeout_at(
            vantage.line.end,
            tls::connect(vantage, stream, Wanted::Named(name)),
        );
        let stream = match shaken.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(miss)) => {
                return Err(match (miss.outcome, miss.fault.map(|fault| *fault)) {
                    (_, Some(Fault::Certificate(fault))) => MailFault::Certificate(fault).into(),
                    (Outcome::Broken, _) => MailFault::Handshake(miss.said).into(),
                    // The roots or the name given cannot be used: that is not the server's doing.
                    (outcome, _) => Stop::Miss(Miss::new(outcome, miss.said)),
                });
            }
            Err(_) => {
                return Err(MailFault::BrokenOff {
                    step: MailStep::Tls,
                    why: "no handshake in time".to_owned(),
                }
                .into());
            }
        };
        Ok(Session {
            wire: Wire::new(stream, vantage.line.end),
            software: self.software,
            unsaid: self.unsaid,
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    async fn hello(&mut self) -> Result<Extensions, MailFault> {
        let reply = self
            .wire
            .command(MailStep::Hello, &format!("EHLO {CLIENT}"))
            .await?;
        if reply.is(2) {
            Ok(reply.extensions())
        } else {
            Err(MailFault::HelloRefused(self.quote(&reply)))
        }
    }

    async fn log_in(
        &mut self,
        login: &Login,
        offered: &Extensions,
        in_clear: &Extensions,
    ) -> Result<(), MailFault> {
        self.unsaid = login.unsaid();
        let offers = |mechanism: &str| offered.auth.iter().any(|one| one == mechanism);
        let reply = if offers("PLAIN") {
            let reply = self
                .wire
                .command(MailStep::Login, &format!("AUTH PLAIN {}", login.plain))
                .await?;
            match reply.code {
                // A server that does not take the credential along with the command asks for it.
                334 => self.wire.command(MailStep::Login, &login.plain).await?,
                _ => reply,
            }
        } else if offers("LOGIN") {
            let mut reply = self.wire.command(MailStep::Login, "AUTH LOGIN").await?;
            for answer in [&login.user, &login.password] {
                if reply.code == 334 {
                    reply = self.wire.command(MailStep::Login, answer).await?;
                }
            }
            reply
        } else if offered.auth.is_empty() {
            return Err(MailFault::NoAuth {
                in_clear: !in_clear.auth.is_empty(),
            });
        } else {
            return Err(MailFault::NoMechanism(printable(
                offered.auth.join(", ").as_bytes(),
            )));
        };
        match reply.code {
            235 => Ok(()),
            400..500 => Err(MailFault::LoginDeferred(self.quote(&reply))),
            _ => Err(MailFault::LoginRefused(self.quote(&reply))),
        }
    }

    /// Names sender and recipient.
    async fn envelope(&mut self, letter: &Letter) -> Result<(), MailFault> {
        let reply = self
            .wire
            .command(MailStep::Sender, &format!("MAIL FROM:<{}>", letter.sender))
            .await?;
        if !reply.is(2) {
            return Err(self.refused(MailStep::Sender, &letter.sender, &reply));
        }
        let reply = self
            .wire
            .command(
                MailStep::Recipient,
                &format!("RCPT TO:<{}>", letter.recipient),
            )
            .await?;
        if !reply.is(2) {
            return Err(self.refused(MailStep::Recipient, &letter.recipient, &reply));
        }
        Ok(())
    }

    fn refused(&self, step: MailStep, address: &str, reply: &Reply) -> MailFault {
        let (address, quote) = (address.to_owned(), self.quote(reply));
        match (reply.reason(), step) {
            (Reason::Login, _) => MailFault::LoginRequired(quote),
            (Reason::Tls, _) => MailFault::TlsRequired(quote),
            (Reason::Later, step) => MailFault::Deferred { step, reply: quote },
            (_, MailStep::Sender) => MailFault::SenderRefused {
                address,
                reply: quote,
            },
            (Reason::Relay, _) => MailFault::RelayDenied {
                address,
                reply: quote,
            },
            (Reason::Address, _) => MailFault::RecipientRefused {
                address,
                reply: quote,
            },
        }
    }

    /// Sends the text.
    async fn message(&mut self, letter: &Letter) -> Result<ServerReply, Stop> {
        let step = MailStep::Message;
        let mut reply = self.wire.command(step, "DATA").await?;
        if reply.code == 354 {
            self.wire.send(step, &letter.on_the_wire()).await?;
            reply = self.wire.reply(step).await?;
            if reply.is(2) {
                let accepted = self.quote(&reply);
                // The mail is the server's by now; how it takes leave changes nothing.
                self.leave().await;
                return Ok(accepted);
            }
        }
        let reply_quoted = self.quote(&reply);
        Err(if reply.is(4) {
            MailFault::Deferred {
                step,
                reply: reply_quoted,
            }
        } else {
            MailFault::MessageRefused(reply_quoted)
        }
        .into())
    }

    async fn leave(&mut self) {
        let _ = self.wire.send(MailStep::Message, b"QUIT\r\n").await;
    }

    fn quote(&self, reply: &Reply) -> ServerReply {
        reply.quote(&self.unsaid)
    }
}

#[cfg(test)]
mod tests;

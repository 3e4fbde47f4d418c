//! At which step a mail failed, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::CertificateFault;

/// The steps of a submission, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailStep {
    /// Opening the connection.
    Connect,
    /// The server's first words.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS, the handshake and the certificate.
    Tls,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA and the text.
    Message,
    /// Its arrival, after the server has accepted it.
    Delivery,
}

impl fmt::Display for MailStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Hello => "EHLO",
            Self::Tls => "TLS",
            Self::Login => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Message => "DATA",
            Self::Delivery => "delivery",
        })
    }
}

/// What a mail server replied: its code and its words in one line of at most 200 characters, without control
/// characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReply {
    /// Three digits.
    pub code: u16,
    /// The words.
    pub text: String,
}

impl fmt::Display for ServerReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}", self.code)?;
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        f.write_str("\"")
    }
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum MailFault {
    /// No connection.
    #[error("no connection: {0}")]
    Unreached(String),
    /// The server turns the client away before it has said anything.
    #[error("the server turns us away with {0}")]
    TurnedAway(ServerReply),
    /// What answers does not speak SMTP.
    #[error("what answers does not speak SMTP: {0}")]
    NotSmtp(String),
    /// EHLO refused.
    #[error("the server refuses EHLO with {0}")]
    HelloRefused(ServerReply),
    /// No STARTTLS among the extensions.
    #[error("the server offers no STARTTLS; no password was sent in clear")]
    NoStartTls,
    /// STARTTLS offered, and then refused.
    #[error("the server offers STARTTLS and refuses it with {0}")]
    StartTlsRefused(ServerReply),
    /// The server sent more than its answer to STARTTLS in clear.
    #[error(
        "the server sent commands' answers in clear before TLS: somebody may have put them there"
    )]
    Injected,
    /// The certificate is not trusted.
    #[error("{0}")]
    Certificate(CertificateFault),
    /// No agreement on TLS for any other reason.
    #[error("no agreement on TLS: {0}")]
    Handshake(String),
    /// No AUTH after TLS.
    #[error("the server offers no AUTH{}", if *in_clear { " after TLS, only in clear before it" } else { "" })]
    NoAuth {
        /// Whether it offered it before TLS.
        in_clear: bool,
    },
    /// AUTH, but neither PLAIN nor LOGIN.
    #[error("the server offers no AUTH that is spoken here, PLAIN or LOGIN, only {0}")]
    NoMechanism(String),
    /// Wrong user or password.
    #[error("user or password is refused: {0}")]
    LoginRefused(ServerReply),
    /// The server cannot check logins now.
    #[error("the server cannot check the login now: {0}")]
    LoginDeferred(ServerReply),
    /// A login is needed first.
    #[error("the server takes no mail without a login: {0}")]
    LoginRequired(ServerReply),
    /// TLS is needed first.
    #[error("the server takes no mail without TLS: {0}")]
    TlsRequired(ServerReply),
    /// The sender's address is refused.
    #[error("the sender {address} is refused: {reply}")]
    SenderRefused {
        /// The address.
        address: String,
        /// The reply.
        reply: ServerReply,
    },
    /// The recipient is somebody for whom this server takes no mail from us.
    #[error("the server does not relay to the foreign recipient {address}: {reply}")]
    RelayDenied {
        /// The address.
        address: String,
        /// The reply.
        reply: ServerReply,
    },
    /// The recipient's address is refused.
    #[error("the recipient {address} is refused: {reply}")]
    RecipientRefused {
        /// The address.
        address: String,
        /// The reply.
        reply: ServerReply,
    },
    /// Put off: greylisting, a full mailbox, a limit.
    #[error("put off at {step}: {reply}")]
    Deferred {
        /// Where.
        step: MailStep,
        /// The reply.
        reply: ServerReply,
    },
    /// The text is refused.
    #[error("the message is refused: {0}")]
    MessageRefused(ServerReply),
    /// Accepted and not found at the server.
    #[error("the server accepted the message, and it was not received")]
    NotReceived,
    /// The connection ended, or its patience.
    #[error("the server broke off at {step}: {why}")]
    BrokenOff {
        /// Where.
        step: MailStep,
        /// How.
        why: String,
    },
}

impl MailFault {
    /// The step that failed.
    pub fn step(&self) -> MailStep {
        match self {
            Self::Unreached(_) => MailStep::Connect,
            Self::TurnedAway(_) | Self::NotSmtp(_) => MailStep::Greeting,
            Self::HelloRefused(_) => MailStep::Hello,
            Self::NoStartTls
            | Self::StartTlsRefused(_)
            | Self::Injected
            | Self::Certificate(_)
            | Self::Handshake(_) => MailStep::Tls,
            Self::NoAuth { .. }
            | Self::NoMechanism(_)
            | Self::LoginRefused(_)
            | Self::LoginDeferred(_) => MailStep::Login,
            Self::LoginRequired(_) | Self::TlsRequired(_) | Self::SenderRefused { .. } => {
                MailStep::Sender
            }
            Self::RelayDenied { .. } | Self::RecipientRefused { .. } => MailStep::Recipient,
            Self::MessageRefused(_) => MailStep::Message,
            Self::NotReceived => MailStep::Delivery,
            Self::Deferred { step, .. } | Self::BrokenOff { step, .. } => *step,
        }
    }

    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreached(_) => {
                "open the submission port from here to the server, and see whether the server runs"
            }
            Self::TurnedAway(_) => {
                "let the mail server accept connections from this network; its reply says what it minds"
            }
            Self::NotSmtp(_) => {
                "see what listens there: a port of implicit TLS (465), or another service altogether"
            }
            Self::HelloRefused(_) => "see the server's log for what it has against this client",
            Self::NoStartTls => {
                "have STARTTLS offered on the submission port; a middlebox may also take it out"
            }
            Self::StartTlsRefused(_) => {
                "see the server's log: most often its certificate or key cannot be read"
            }
            Self::Injected => {
                "find who sits on the way to the server; update the server if it is old"
            }
            Self::Certificate(fault) => fault.remedy(),
            Self::Handshake(_) => "let the server speak TLS 1.2 or 1.3",
            Self::NoAuth { in_clear: true } => {
                "have AUTH offered after STARTTLS, and no more before it"
            }
            Self::NoAuth { in_clear: false } => {
                "have AUTH offered on the submission port (RFC 6409); port 25 often has none"
            }
            Self::NoMechanism(_) => "have AUTH PLAIN or LOGIN offered after STARTTLS",
            Self::LoginRefused(_) => {
                "correct the user or the password, or have the account unlocked"
            }
            Self::LoginDeferred(_) => {
                "ask the server's keeper what its logins are checked against, and ask again"
            }
            Self::LoginRequired(_) => "log in before sending: give user and password",
            Self::TlsRequired(_) => "use STARTTLS before sending",
            Self::SenderRefused { .. } => {
                "let the account send as this address; with SES, verify the sender's domain"
            }
            Self::RelayDenied { .. } => {
                "let logged-in clients send to foreign recipients; with SES, leave the sandbox"
            }
            Self::RecipientRefused { .. } => "correct the recipient's address",
            Self::Deferred { .. } => {
                "wait and ask again; exempt this client from greylisting, or raise the limit named"
            }
            Self::MessageRefused(_) => "see the server's reply: a content filter, or a size limit",
            Self::NotReceived => "see the server's queue and log for the message's token",
            Self::BrokenOff { .. } => {
                "see the server's log; a firewall that looks into SMTP may also break off"
            }
        }
    }
}

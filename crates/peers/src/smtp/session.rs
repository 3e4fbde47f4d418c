//! What a submission server answers to each command; it decides and performs nothing.

use std::borrow::Cow;
use std::fmt;

use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, Error, MailFrom, Request};

use super::auth::{Login, Mechanism};
use super::wire::MESSAGE;

/// Recipients of one mail: RFC 5321 asks for a hundred.
const RECIPIENTS: usize = 100;

/// Bytes of a recipient list's or a client's names that are repeated: a domain name's length.
const NAME: usize = 255;

/// Bad commands on one connection: a program that makes more does not speak SMTP.
const MISTAKES: u8 = 10;

/// Rejected logins on one connection: a person mistypes twice.
const REJECTIONS: u8 = 3;

/// A reply of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    code: u16,
    lines: Vec<Cow<'static, str>>,
}

impl Reply {
    pub(super) fn new(code: u16, line: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            lines: vec![line.into()],
        }
    }

    pub(super) fn greeting(host: &str) -> Self {
        Self::new(220, format!("{host} ESMTP {}, a stand-in", super::NAME))
    }

    /// Whether the server closes after it: 421 (RFC 5321, section 3.8).
    pub(super) fn closes(&self) -> bool {
        self.code == 421
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.lines.len().saturating_sub(1);
        for (index, line) in self.lines.iter().enumerate() {
            let mark = if index == last { ' ' } else { '-' };
            write!(f, "{}{mark}{line}\r\n", self.code)?;
        }
        Ok(())
    }
}

/// What is to be done about a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Reply(Reply),
    StartTls,
    LogIn {
        mechanism: Mechanism,
        /// The base64 text that came with the command.
        initial: Option<String>,
    },
    Data(Accepted),
    Quit,
}

/// An envelope that was accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    pub(super) user: String,
}

/// One connection's state. TLS starts a new one (RFC 3207, section 4.2).
#[derive(Debug)]
pub(super) struct Session {
    host: String,
    secure: bool,
    client: Option<String>,
    user: Option<String>,
    sender: Option<String>,
    recipients: Vec<String>,
    mistakes: u8,
    rejections: u8,
}

impl Session {
    pub(super) fn new(host: &str, secure: bool) -> Self {
        Self {
            host: host.to_owned(),
            secure,
            client: None,
            user: None,
            sender: None,
            recipients: Vec::new(),
            mistakes: 0,
            rejections: 0,
        }
    }

    /// What the client called itself.
    pub(super) fn client(&self) -> &str {
        self.client.as_deref().unwrap_or("unknown")
    }

    /// Takes one command line.
    pub(super) fn step(&mut self, line: &[u8]) -> Step {
        let step = match Request::parse(&mut line.iter()) {
            Ok(request) => self.command(request),
            Err(error) => Step::Reply(refusal(&error)),
        };
        match step {
            Step::Reply(reply) if reply.code >= 500 => Step::Reply(self.mistake(reply)),
            step => step,
        }
    }

    fn mistake(&mut self, reply: Reply) -> Reply {
        self.mistakes += 1;
        if self.mistakes < MISTAKES {
            reply
        } else {
            Reply::new(421, "too many mistakes")
        }
    }

    fn command(&mut self, request: Request<Cow<'_, str>>) -> Step {
        match request {
            Request::Ehlo { host } => Step::Reply(self.hello(&host, true)),
            Request::Helo { host } => Step::Reply(self.hello(&host, false)),
            Request::StartTls if self.secure => reply(503, "TLS is on already"),
            Request::StartTls => Step::StartTls,
            Request::Auth {
                mechanism,
                initial_response,
            } => self.auth(mechanism, &initial_response),
            Request::Mail { from } => Step::Reply(self.mail(&from)),
            Request::Rcpt { to } => Step::Reply(self.recipient(&to.address)),
            Request::Data => self.data(),
            Request::Rset => {
                self.forget_mail();
                reply(250, "forgotten")
            }
            Request::Noop { .. } => reply(250, "nothing done"),
            Request::Vrfy { .. } => reply(252, "send it and see"),
            Request::Help { .. } => reply(214, "RFC 5321, RFC 6409"),
            Request::Quit => Step::Quit,
            Request::Lhlo { .. }
            | Request::Bdat { .. }
            | Request::Expn { .. }
            | Request::Etrn { .. }
            | Request::Atrn { .. }
            | Request::Burl { .. } => reply(502, "not served here"),
        }
    }

    fn hello(&mut self, client: &str, extended: bool) -> Reply {
        if !is_printable(client) {
            return Reply::new(501, "that is not a name");
        }
        self.client = Some(client.to_owned());
        self.forget_mail();
        let mut lines = vec![Cow::from(self.host.clone())];
        if extended {
            lines.extend(["PIPELINING".into(), "8BITMIME".into()]);
            lines.push(format!("SIZE {MESSAGE}").into());
            lines.push(if self.secure {
                "AUTH PLAIN LOGIN".into()
            } else {
                "STARTTLS".into()
            });
        }
        Reply { code: 250, lines }
    }

    fn auth(&self, mechanism: u64, initial: &str) -> Step {
        let mechanism = match mechanism {
            AUTH_PLAIN => Mechanism::Plain,
            AUTH_LOGIN => Mechanism::Login,
            _ => return reply(504, "only PLAIN and LOGIN"),
        };
        if !self.secure {
            return reply(538, "TLS first: a password is not sent in clear");
        }
        if self.client.is_none() {
            return reply(503, "EHLO first");
        }
        if self.user.is_some() || self.sender.is_some() {
            return reply(503, "not now");
        }
        Step::LogIn {
            mechanism,
            initial: (!initial.is_empty()).then(|| initial.to_owned()),
        }
    }

    /// Notes how a login ended, and answers it.
    pub(super) fn logged_in(&mut self, login: Login) -> Reply {
        match login {
            Login::Accepted(user) => {
                self.user = Some(user);
                Reply::new(235, "logged in")
            }
            Login::Rejected => {
                self.rejections += 1;
                if self.rejections < REJECTIONS {
                    Reply::new(535, "user or password is wrong")
                } else {
                    Reply::new(421, "too many wrong passwords")
                }
            }
            Login::Broken => self.mistake(Reply::new(501, "no credential was sent")),
        }
    }

    fn mail(&mut self, from: &MailFrom<Cow<'_, str>>) -> Reply {
        if !self.secure {
            return Reply::new(530, "STARTTLS first");
        }
        if self.user.is_none() {
            return Reply::new(530, "log in first");
        }
        if self.sender.is_some() {
            return Reply::new(503, "one mail at a time");
        }
        if from.size > MESSAGE {
            return Reply::new(552, "the message is too big");
        }
        if !from.address.is_empty() && !is_printable(&from.address) {
            return Reply::new(553, "that is not an address");
        }
        self.sender = Some(from.address.clone().into_owned());
        Reply::new(250, "sender noted")
    }

    fn recipient(&mut self, address: &str) -> Reply {
        if self.sender.is_none() {
            return Reply::new(503, "MAIL first");
        }
        if !is_printable(address) {
            return Reply::new(553, "that is not an address");
        }
        if self.recipients.len() == RECIPIENTS {
            return Reply::new(452, "too many recipients");
        }
        self.recipients.push(address.to_owned());
        Reply::new(250, "recipient noted")
    }

    fn data(&mut self) -> Step {
        match (self.user.clone(), self.sender.take()) {
            (Some(user), Some(sender)) if !self.recipients.is_empty() => Step::Data(Accepted {
                sender,
                recipients: std::mem::take(&mut self.recipients),
                user,
            }),
            (_, Some(sender)) => {
                self.sender = Some(sender);
                reply(503, "RCPT first")
            }
            (_, None) => reply(503, "MAIL first"),
        }
    }

    fn forget_mail(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }
}

fn reply(code: u16, line: &'static str) -> Step {
    Step::Reply(Reply::new(code, line))
}

/// Whether a text can stand in a header line without breaking it.
fn is_printable(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME && text.chars().all(|c| !c.is_control() && c != ' ')
}

fn refusal(error: &Error) -> Reply {
    match error {
        Error::UnknownCommand => Reply::new(500, "no such command"),
        Error::SyntaxError { syntax } => Reply::new(501, format!("expected {syntax}")),
        Error::InvalidSenderAddress | Error::InvalidRecipientAddress => {
            Reply::new(553, "that is not an address")
        }
        Error::UnsupportedParameter { .. } => Reply::new(555, "no such parameter"),
        _ => Reply::new(501, "that was not understood"),
    }
}

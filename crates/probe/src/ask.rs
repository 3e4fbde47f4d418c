//! Puts a question and gives its answer a form.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use model::claim::{Password, Question, RecordValue};
use model::{Secret, SecretName};
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Closing, Means, Outcome};
use crate::fault::Fault;
use crate::line::Line;
use crate::{connect, question};

/// What a question that names its own steps may take beyond its patience, so that it can say at which one it ended.
const NET: Duration = Duration::from_millis(100);

/// Asks the question from the calling process's network namespace.
///
/// It never fails: what could not be asked is [`Outcome::Unknown`] and says why. It takes [`Means::patience`] at most,
/// and a tenth of a second, but for the play of a sentinel, which has a limit of its own.
pub async fn ask(question: &Question, means: &Means, closing: &Closing) -> Answer {
    let started = Instant::now();
    let vantage = Vantage {
        means,
        line: Line::new(*closing, means.patience),
    };
    let heard = timeout_at(vantage.line.end + NET, put(question, &vantage))
        .await
        .unwrap_or_else(|_| Err(vantage.line.nothing_more()));
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let asked = describe(question);
    match heard {
        Ok(heard) => Answer {
            outcome: Outcome::Works {
                addresses: heard.addresses,
            },
            detail: one_line(&format!("{asked}: {}", heard.said)),
            peer: heard.peer.map(|peer| one_line(&peer)),
            took_us,
            token: heard.token,
            records: heard.records,
            fault: None,
        },
        Err(miss) => Answer {
            outcome: miss.outcome,
            detail: one_line(&format!("{asked}: {}", miss.said)),
            peer: miss.peer.map(|peer| one_line(&peer)),
            took_us,
            token: None,
            records: None,
            fault: miss.fault.map(|fault| *fault),
        },
    }
}

/// A server that did what was asked.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub said: String,
    pub addresses: Option<Vec<IpAddr>>,
    pub peer: Option<String>,
    pub token: Option<String>,
    pub records: Option<Vec<RecordValue>>,
}

impl Heard {
    pub(crate) fn new(said: impl Into<String>) -> Self {
        Self {
            said: said.into(),
            ..Self::default()
        }
    }

    pub(crate) fn from(mut self, peer: Option<String>) -> Self {
        self.peer = peer;
        self
    }
}

/// Any other end of a question.
#[derive(Debug)]
pub(crate) struct Miss {
    pub outcome: Outcome,
    pub said: String,
    pub peer: Option<String>,
    pub fault: Option<Box<Fault>>,
}

impl Miss {
    pub(crate) fn new(outcome: Outcome, said: impl Into<String>) -> Self {
        Self {
            outcome,
            said: said.into(),
            peer: None,
            fault: None,
        }
    }

    /// With what exactly went wrong.
    pub(crate) fn because(mut self, fault: Fault) -> Self {
        self.fault = Some(Box::new(fault));
        self
    }

    /// The server answered and said no.
    pub(crate) fn refused(said: impl Into<String>) -> Self {
        Self::new(Outcome::Refused, said)
    }

    /// The packet arrived where nothing listens.
    pub(crate) fn closed(said: impl Into<String>) -> Self {
        Self::new(Outcome::Closed, said)
    }

    /// The server was reached; what came back was no answer.
    pub(crate) fn broken(said: impl Into<String>) -> Self {
        Self::new(Outcome::Broken, said)
    }

    /// As [`Miss::broken`], with the error that says so and its causes.
    pub(crate) fn broke(doing: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::broken(format!("could not {doing}: {}", causes(error)))
    }

    /// The network lost or rejected the packet.
    pub(crate) fn no_way(said: impl Into<String>) -> Self {
        Self::new(Outcome::NoWay, said)
    }

    /// It could not be asked.
    pub(crate) fn unknown(said: impl Into<String>) -> Self {
        Self::new(Outcome::Unknown, said)
    }

    pub(crate) fn from(mut self, peer: Option<String>) -> Self {
        self.peer = peer;
        self
    }
}

/// An error and its causes in one line.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    // A chain is as long as the layers of a protocol; the limit is against one that bites its tail.
    for _ in 0..8 {
        let Some(next) = cause else { break };
        let text = next.to_string();
        // Some libraries repeat the cause in their own text.
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = next.source();
    }
    line
}

/// One question being asked.
#[derive(Debug)]
pub(crate) struct Vantage<'m> {
    pub means: &'m Means,
    pub line: Line,
}

impl Vantage<'_> {
    /// The secret of that name.
    pub(crate) fn secret(&self, name: &SecretName) -> Result<&Secret, Miss> {
        self.means
            .secrets
            .get(name)
            .ok_or_else(|| Miss::unknown(format!("the vantage was not given the secret `{name}`")))
    }

    /// The password to try.
    pub(crate) fn password<'a>(&'a self, password: &'a Password) -> Result<&'a str, Miss> {
        match password {
            Password::Named(name) => Ok(self.secret(name)?.expose()),
            Password::Default(text) => Ok(text),
        }
    }
}

async fn put(question: &Question, vantage: &Vantage<'_>) -> Result<Heard, Miss> {
    match question {
        Question::Ssh {
            host,
            target,
            user,
            via,
        } => question::ssh::log_in(vantage, host, *target, user, via.as_ref()).await,
        Question::Connect { target } => {
            connect::open(&vantage.line, *target).await?;
            Ok(Heard::new("connected"))
        }
        Question::Resolve { server, name } => {
            question::resolve::resolve(vantage, *server, name).await
        }
        Question::Records { server, name, kind } => {
            question::resolve::records(vantage, *server, name, *kind).await
        }
        Question::Mail { .. } => question::mail::submit(vantage, question).await,
        Question::Relay {
            server,
            name,
            sender,
            recipient,
        } => question::mail::relay(vantage, *server, name, sender, recipient).await,
        Question::Time { server } => question::time::ask(vantage, *server).await,
        Question::Tunnel { .. } | Question::TunnelLoss { .. } => Err(Miss::unknown(
            "no vantage sees the ends of a tunnel: whoever runs them is to be asked",
        )),
        Question::Health {
            target,
            name,
            check,
        } => question::health::ask(vantage, *target, name, check).await,
        Question::Console {
            target,
            name,
            path,
            user,
            password,
        } => {
            let login = question::console::Login {
                path,
                user,
                password: vantage.password(password)?,
            };
            question::console::log_in(vantage, *target, name, &login).await
        }
        Question::Database {
            target,
            engine,
            database,
            user,
            password,
        } => {
            let login = question::database::Login {
                engine,
                database,
                user,
                password: vantage.secret(password)?,
            };
            question::database::open(vantage, *target, &login).await
        }
    }
}

/// What is asked, in a few words without any secret.
fn describe(question: &Question) -> String {
    let over = |at: &dyn Display, what: &str| format!("{what} {at}");
    match question {
        Question::Ssh {
            host,
            target,
            user,
            via,
        } => match via {
            Some(hop) => format!(
                "ssh {user}@{host} at {target} through {} at {}",
                hop.host, hop.target
            ),
            None => format!("ssh {user}@{host} at {target}"),
        },
        Question::Connect { target } => over(target, "connect to"),
        Question::Resolve { server, name } => format!("resolve {name} at {server}"),
        Question::Records { server, name, kind } => format!("{kind} of {name} at {server}"),
        Question::Relay {
            server,
            sender,
            recipient,
            ..
        } => format!("mail without a login from {sender} to {recipient} by {server}"),
        Question::Mail {
            server,
            sender,
            recipient,
            ..
        } => format!("mail from {sender} to {recipient} by {server}"),
        Question::Time { server } => over(server, "time from"),
        Question::Tunnel { tunnel } => over(tunnel, "state of"),
        Question::TunnelLoss { tunnels, target } => {
            let lost: Vec<_> = tunnels.iter().map(ToString::to_string).collect();
            format!("connect to {target} without {}", lost.join(" and "))
        }
        Question::Health {
            target,
            name,
            check,
        } => format!("health of {name} at {target}, path {}", check.path),
        Question::Console {
            target,
            name,
            path,
            user,
            password,
        } => {
            let which = match password {
                Password::Named(_) => "its own password",
                Password::Default(_) => "the product's default password",
            };
            format!("console {path} of {name} at {target} as {user} with {which}")
        }
        Question::Database {
            target,
            engine,
            database,
            user,
            ..
        } => format!("{engine} database {database} at {target} as {user}"),
    }
}

/// What a server sends may hold anything; a line of evidence may not. 400 characters tell what there is to tell.
fn one_line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(400)
        .collect();
    line.truncate(line.trim_end().len());
    line
}

/// The address of a server's well-known port.
pub(crate) fn at(server: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(server, port)
}

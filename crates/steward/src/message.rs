//! What the steward and a host's process say to each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::flow::Interruption;
use crate::kept::Login;
use model::Packet;
use model::claim::Question;
use peers::daemon::Daemons;
use peers::{HostPlan, Listening};
use probe::packets::{Caught, Fired, Shot};
use probe::{Answer, Means};
use serde::{Deserialize, Serialize};

/// The first message: what the host serves, and what it may use to ask.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SetUp {
    /// The host's servers.
    pub(crate) plan: HostPlan,
    /// The real daemons that play some of them.
    pub(crate) daemons: Daemons,
    /// What its probes may use.
    pub(crate) means: Means,
    /// On the operator's workstation: what a person logs in with.
    pub(crate) login: Option<Login>,
}

/// A request to a host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Tell what is listened on.
    Listening,
    /// Ask a question from here; the answer is an [`Answer`].
    Ask(Question, Closed),
    /// Begin to open connections to an address, one after the other.
    BeginFlow(SocketAddr),
    /// End it; the answer says what was seen.
    EndFlow,
    /// Find a mail that this host's server has kept; the answer says whether it did.
    FindMail(String),
    /// Start to see raw packets.
    Watch,
    /// Send packets, first dropping what was seen before; the answer is [`Fired`].
    Fire(Vec<Shot>),
    /// Tell what was seen since; the answer is [`Caught`].
    Drain,
    /// Answer these datagrams, seen here before; the answer is [`Fired`].
    AnswerDatagrams(BTreeMap<u32, Packet>),
}

/// How it is told that nothing more comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Closed {
    /// By the play of a sentinel, which overtakes nothing on ways that the kernel alone forwards.
    BySentinel,
    /// By a deadline: a tunnel's daemon forwards when it is scheduled.
    ByDeadline,
}

/// A host's answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// To [`Request::Listening`].
    Listening(Vec<Listening>),
    /// To [`Request::Ask`].
    Answer(Answer),
    /// To [`Request::BeginFlow`].
    Flowing,
    /// To [`Request::EndFlow`].
    Flow(Interruption),
    /// To [`Request::FindMail`].
    Mail(bool),
    /// To [`Request::Watch`].
    Watching,
    /// To [`Request::Fire`] and [`Request::AnswerDatagrams`].
    Fired(Fired),
    /// To [`Request::Drain`].
    Caught(Caught),
}

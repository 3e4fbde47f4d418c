//! What a question may use, and what came back.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use model::claim::RecordValue;
use model::{Secret, SecretName};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// What a vantage has at hand for its questions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Means {
    /// Key, certificate and authorities for SSH.
    pub ssh: access::Identity,
    /// The only roots that a TLS server's certificate may lead to, as PEM.
    pub tls_roots_pem: String,
    /// Passwords by the names under which questions ask for them.
    pub secrets: BTreeMap<SecretName, Secret>,
    /// The deadline of one question, from first packet to last.
    pub patience: Duration,
}

/// How a question ends to which nothing answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Closing {
    /// Nothing heard within [`Means::patience`]: all that can be done on a live site.
    Deadline,
    /// In a twin: loss is proved by sentinels, see [`crate::packets::sentinel`].
    Sentinel {
        /// The vantage's own router, which sends sentinels back.
        gateway: IpAddr,
    },
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// The server did what was asked.
    Works {
        /// The addresses that a name resolved to, ascending; none where no name was asked for.
        addresses: Option<Vec<IpAddr>>,
    },
    /// The server answered and said no: a login refused, a status that is not success, a name that is not there.
    Refused,
    /// The packet arrived at a host on which nothing listens: a TCP reset, or an unreachable port. A firewall that
    /// resets connections looks the same; AWS's drop.
    Closed,
    /// The server was reached, and what came back was no answer: an untrusted certificate, garbage, an end in the
    /// middle, or nothing more within the patience.
    Broken,
    /// The network lost or rejected the packet.
    NoWay,
    /// Nothing came back within the patience, and whether the packet arrived could not be told.
    Silent,
    /// It could not be asked.
    Unknown,
}

/// What came back to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What became of it.
    pub outcome: Outcome,
    /// What was asked and what came back, in one line.
    pub detail: String,
    /// The server's software, where it tells.
    pub peer: Option<String>,
    /// From first packet to outcome, in microseconds.
    pub took_us: u64,
    /// The unique text in a mail that was accepted, by which it is found again.
    pub token: Option<String>,
    /// The records that were asked for, ascending; none where no records were asked for, or none were told of.
    #[serde(default)]
    pub records: Option<Vec<RecordValue>>,
    /// What exactly went wrong, where the protocol tells.
    #[serde(default)]
    pub fault: Option<Fault>,
}

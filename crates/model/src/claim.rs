//! Required claims and the evidence that answers them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ClaimId, EnvironmentId, HostId};
use crate::intent::Intent;
use crate::packet::Packet;
use crate::secret::SecretName;
use crate::service::HealthCheck;
use crate::vpn::TunnelId;

/// Something that must be shown to hold, with a stable identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Stable across runs and designs: `production/ssh/apim-1/only-from-bastion`.
    pub id: ClaimId,
    /// The environment it speaks of; none when it speaks of the whole estate.
    pub environment: Option<EnvironmentId>,
    /// The sentence that people read.
    pub title: String,
    /// Rows of the request that it answers: `R2`.
    pub rows: Vec<String>,
    /// What must be proved on the network.
    pub intents: Vec<Intent>,
    /// What must be asked of a running site.
    pub probes: Vec<Probe>,
    /// Whether the packet matrix answers it.
    pub matrix: bool,
    /// Why only a live site can answer it, where that is so: "a twin has one clock".
    pub live_only: Option<String>,
}

impl Claim {
    /// The settings in which evidence is required before the estate is handed over.
    pub fn required_settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        if !self.intents.is_empty() {
            settings.push(Setting::Planned);
        }
        if !self.probes.is_empty() || self.matrix {
            settings.push(Setting::Rehearsed);
        }
        // Whatever was designed must be so on AWS: intents are proved again on what is observed there.
        if !self.intents.is_empty() || !self.probes.is_empty() || self.live_only.is_some() {
            settings.push(Setting::Live);
        }
        settings
    }
}

/// One question asked of a running site, and the answer that the claim wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Asked from here.
    pub vantage: HostId,
    /// What is asked.
    pub question: Question,
    /// What the answer must be.
    pub expect: Expect,
}

/// What can be asked of a running site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum Question {
    /// Log in over SSH and run a command that says where it ran.
    Ssh {
        /// The host that must answer, by its pinned host certificate.
        host: HostId,
        /// Where it listens.
        target: SocketAddr,
        /// Login name.
        user: String,
        /// The bastion that the connection goes through.
        via: Option<SshHop>,
    },
    /// Open a TCP connection and close it.
    Connect {
        /// Address and port.
        target: SocketAddr,
    },
    /// Ask a DNS server for a name's addresses.
    Resolve {
        /// The server asked.
        server: IpAddr,
        /// Fully qualified, without the final dot.
        name: String,
    },
    /// Ask a DNS server for a name's records of one kind.
    Records {
        /// The server asked.
        server: IpAddr,
        /// Fully qualified, without the final dot.
        name: String,
        /// The kind asked for.
        kind: RecordKind,
    },
    /// Submit a mail with STARTTLS and AUTH, and find it at the server.
    Mail {
        /// The server's address.
        server: SocketAddr,
        /// The server's name, checked against its certificate.
        name: String,
        /// User.
        user: String,
        /// Password.
        password: SecretName,
        /// Envelope sender.
        sender: String,
        /// Envelope recipient.
        recipient: String,
    },
    /// Offer a mail without logging in, as far as its recipient and no further: a relay for everybody takes it.
    Relay {
        /// The server's address.
        server: SocketAddr,
        /// The server's name, checked against its certificate where it offers TLS.
        name: String,
        /// Envelope sender.
        sender: String,
        /// Envelope recipient; one that the server is not responsible for.
        recipient: String,
    },
    /// Ask an NTP server for the time. Only that it answers counts: a twin has one clock.
    Time {
        /// The server asked.
        server: IpAddr,
    },
    /// Ask for health over HTTP or HTTPS.
    Health {
        /// Address asked; the port is the one connected to, which a balancer may map.
        target: SocketAddr,
        /// Server name for TLS and the Host header.
        name: String,
        /// Protocol and path.
        check: HealthCheck,
    },
    /// Log in to a management console.
    Console {
        /// Address and port.
        target: SocketAddr,
        /// Server name for TLS and the Host header.
        name: String,
        /// The console's path.
        path: String,
        /// User.
        user: String,
        /// Which password is tried.
        password: Password,
    },
    /// Look at a tunnel of the VPN: both ends hold an association, and packets pass. No vantage sees that by itself: it is
    /// asked of those who run the two ends, for the vantage whose packets go that way.
    Tunnel {
        /// Which.
        tunnel: TunnelId,
    },
    /// Take tunnels of the VPN away, open a TCP connection and close it, and give the tunnels back.
    TunnelLoss {
        /// Which are taken away, all at once.
        tunnels: BTreeSet<TunnelId>,
        /// Address and port that must be reached all the same.
        target: SocketAddr,
    },
    /// Open a database with the products' credential.
    Database {
        /// Address and port.
        target: SocketAddr,
        /// Engine, as AWS names it.
        engine: String,
        /// Database name.
        database: String,
        /// User.
        user: String,
        /// Password.
        password: SecretName,
    },
}

/// The bastion on the way of an SSH login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshHop {
    /// The bastion, by its pinned host certificate.
    pub host: HostId,
    /// Where it listens.
    pub target: SocketAddr,
    /// Login name.
    pub user: String,
}

/// The password that a login tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Password {
    /// One that was generated or handed over.
    Named(SecretName),
    /// The product's published default, which must be refused.
    Default(String),
}

/// The answer that a claim wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// It works.
    Works,
    /// Exactly these addresses, in any order.
    Addresses(Vec<IpAddr>),
    /// Exactly these records, in any order; none: the name has none of the kind.
    Records(Vec<RecordValue>),
    /// The server says that there is no such name. That it refuses to tell, or is silent, does not show it.
    NoSuchName,
    /// No packet of it arrives: the network loses or rejects it. An answer by the server breaks the claim.
    NoWay,
    /// The server answers and refuses.
    Refused,
}

/// A kind of DNS record that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordKind {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Alias.
    Cname,
    /// Text.
    Txt,
    /// Mail exchange.
    Mx,
    /// Name server.
    Ns,
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
            Self::Mx => "MX",
            Self::Ns => "NS",
        })
    }
}

/// What one DNS record holds. Names in it are fully qualified, in lower case, without the final dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordValue {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME: the other name.
    Alias(String),
    /// TXT: its pieces put together.
    Text(String),
    /// MX.
    Mail {
        /// Lower ones are tried first.
        preference: u16,
        /// The server's name.
        exchange: String,
    },
    /// NS: the server's name.
    Server(String),
}

impl fmt::Display for RecordValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Alias(name) | Self::Server(name) => write!(f, "{name}"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Mail {
                preference,
                exchange,
            } => write!(f, "{preference} {exchange}"),
        }
    }
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is so.
    Holds,
    /// It could not be told. Never shown as holds, never dropped.
    Unknown,
    /// It is not so.
    Fails,
}

impl Verdict {
    /// The verdict on both: fails if either fails, holds only if both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }

    /// The verdict on all of them; on nothing at all it is unknown.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts
            .into_iter()
            .reduce(Self::and)
            .unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Holds => "holds",
            Self::Unknown => "unknown",
            Self::Fails => "fails",
        })
    }
}

/// Where a piece of evidence comes from: the plan, the twin or AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// Proved on a plan.
    Planned,
    /// Seen in the twin.
    Rehearsed,
    /// Seen on AWS.
    Live,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Planned => "planned",
            Self::Rehearsed => "rehearsed",
            Self::Live => "live",
        })
    }
}

/// What answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// Nothing had to answer: a proof, or a packet that must be lost.
    None,
    /// The real software, by name and version.
    Real(String),
    /// A stand-in, always called one.
    StandIn(String),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.pad("—"),
            Self::Real(name) => write!(f, "{name}"),
            Self::StandIn(name) => write!(f, "stand-in: {name}"),
        }
    }
}

/// One answer to one claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The claim it answers.
    pub claim: ClaimId,
    /// What it says.
    pub verdict: Verdict,
    /// The design it was taken from.
    pub blueprint: Digest,
    /// Asked from where: a host, or `proof` for what was calculated.
    pub vantage: String,
    /// Plan, twin or AWS.
    pub setting: Setting,
    /// What answered.
    pub peer: Peer,
    /// What asked, by name and version.
    pub source: String,
    /// When.
    pub at: Timestamp,
    /// Until when it counts, where it ages.
    pub expires: Option<Timestamp>,
    /// What was asked and what came back, in one line.
    pub detail: String,
    /// What to do next when it does not hold.
    pub remedy: Option<String>,
    /// The packet that breaks the claim, where one does.
    pub witness: Option<Witness>,
}

/// A packet that breaks an intent, and how it got through (or where it was lost).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The packet as its sender sends it.
    pub packet: Packet,
    /// Who sends it: an interface, or a site's name.
    pub from: String,
    /// Who receives it, or was to.
    pub to: String,
    /// Each decision on its way, in order.
    pub path: Vec<Hop>,
}

/// One decision on a packet's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Where: a group, an ACL, a route table, a gateway, an interface.
    pub at: String,
    /// What was decided and by which rule: "ingress rule 2 allows tcp/22 from 0.0.0.0/0 (ssh for everybody)".
    pub decision: String,
    /// Whether the packet went on.
    pub passed: bool,
}

//! What went wrong with a question to a DNS server.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Why a DNS server did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NameFault {
    /// NXDOMAIN.
    #[error("NXDOMAIN: the server says that there is no such name")]
    NoSuchName,
    /// REFUSED.
    #[error("REFUSED: the server does not answer this question for this client")]
    Refused,
    /// SERVFAIL.
    #[error("SERVFAIL: the server tried and could not find out")]
    ServerFailure,
    /// Any other code.
    #[error("the server answers with the error {0}")]
    Code(String),
    /// The name is an alias for one that the server does not answer for.
    #[error("alias {chain}: {code} for the last name")]
    DanglingAlias {
        /// The names, joined by arrows.
        chain: String,
        /// What the server says of the last one.
        code: String,
    },
    /// Aliases without end.
    #[error("the answer follows more than {0} aliases")]
    AliasLoop(usize),
    /// Neither UDP nor TCP was answered.
    #[error("timeout: nothing came back over UDP; over TCP: {tcp}")]
    Silent {
        /// What became of the try over TCP.
        tcp: TcpTry,
    },
    /// TCP is answered, UDP is not.
    #[error("nothing came back over UDP, though over TCP the server answers")]
    OnlyTcp,
    /// The answer did not fit into a datagram, and could not be had over TCP.
    #[error("the answer was cut off over UDP, and could not be had over TCP: {tcp}")]
    CutOff {
        /// What became of the try over TCP.
        tcp: TcpTry,
    },
    /// The host answers that nothing listens.
    #[error("port unreachable: the packet arrived at a host on which no DNS server listens")]
    NothingListens,
    /// A router or firewall says no.
    #[error("{}", crate::datagram::rejected(*by, why))]
    Rejected {
        /// Who.
        by: Option<IpAddr>,
        /// What it says.
        why: String,
    },
    /// What came back was no answer to the question.
    #[error("{0} packets came back, none of them an answer to the question")]
    Strays(u32),
}

/// What became of a question put over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum TcpTry {
    /// Nothing came back, or a sentinel showed that the packet was lost.
    #[error("lost")]
    Lost,
    /// The connection was reset.
    #[error("reset, nothing listens or a firewall resets")]
    Closed,
    /// It opened, and no whole answer came.
    #[error("connected, but no answer came")]
    Unanswered,
    /// It could not be tried.
    #[error("not tried")]
    Untried,
}

impl NameFault {
    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoSuchName => {
                "add the record to the zone, or see whether the server has this view of the zone at all"
            }
            Self::Refused => {
                "let the server answer this client: its list of allowed clients, and whether it serves or forwards this zone"
            }
            Self::ServerFailure => {
                "see the server's log: most often a forwarder that it cannot reach, or a zone that it could not load"
            }
            Self::Code(_) => "see the server's log for what it has against the question",
            Self::DanglingAlias { .. } => {
                "let the alias name a host that exists, and let this server forward that host's zone"
            }
            Self::AliasLoop(_) => "correct the aliases: they lead back to one another",
            Self::Silent { .. } => {
                "open port 53, UDP and TCP, from here to the server, and see whether the server runs"
            }
            Self::OnlyTcp => "open UDP port 53 from here to the server, and back: only TCP passes",
            Self::CutOff { .. } => {
                "open TCP port 53 from here to the server: large answers come by TCP alone"
            }
            Self::NothingListens => {
                "start the DNS server, or let it listen on this address; or correct the address"
            }
            Self::Rejected { .. } => "open port 53, UDP and TCP, in the firewall that rejects it",
            Self::Strays(_) => "see what answers there: it does not speak DNS, or not to us",
        }
    }
}

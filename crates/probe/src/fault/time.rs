//! What went wrong with a question to an NTP server.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Why an NTP server does not give the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum TimeFault {
    /// It runs and does not know the time itself.
    #[error(
        "the server is not synchronised: stratum {stratum}, leap indicator {leap}{}",
        code(said)
    )]
    Unsynchronised {
        /// Its stratum, 0 or 16 where it has none.
        stratum: u8,
        /// Its leap indicator, 3 for "clock not synchronised".
        leap: u8,
        /// Its kiss code, such as INIT or STEP; empty where it has none.
        said: String,
    },
    /// Kiss of death RATE.
    #[error("kiss of death RATE: this client asks too often")]
    TooOften,
    /// Kiss of death DENY or RSTR.
    #[error("kiss of death {0}: the server denies this client")]
    Denied(String),
    /// Any other kiss of death.
    #[error("kiss of death {0}: the server does not serve this client")]
    Kiss(String),
    /// It says that its time is worth nothing.
    #[error("the server is {distance_ms} ms away from its source, more than clients accept")]
    TooFar {
        /// Root distance, milliseconds: half the root delay and the root dispersion.
        distance_ms: u64,
    },
    /// It answers and leaves out the time.
    #[error("the answer holds no time")]
    NoTime,
    /// The host answers that nothing listens.
    #[error("port unreachable: the packet arrived at a host on which no NTP server listens")]
    NothingListens,
    /// A router or firewall says no.
    #[error("{}", crate::datagram::rejected(*by, why))]
    Rejected {
        /// Who.
        by: Option<IpAddr>,
        /// What it says.
        why: String,
    },
    /// Nothing came back.
    #[error("nothing came back: a firewall drops UDP port 123, or there is no such server")]
    Silent,
    /// What came back was no answer to the question.
    #[error("{0} packets came back, none of them an answer to the question")]
    Strays(u32),
}

fn code(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(", code {said}")
    }
}

impl TimeFault {
    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unsynchronised { .. } | Self::TooFar { .. } => {
                "see the server's own sources (`chronyc sources`, `ntpq -p`), and ask again when it has one"
            }
            Self::TooOften => {
                "wait, and ask less often, or lift the server's rate limit for this network"
            }
            Self::Denied(_) | Self::Kiss(_) => {
                "let the server serve this network (`allow` in chrony, `restrict` in ntpd)"
            }
            Self::NoTime | Self::Strays(_) => {
                "see what answers there: it does not speak NTP as RFC 5905 has it"
            }
            Self::NothingListens => {
                "start the NTP server, or let it listen on this address; or correct the address"
            }
            Self::Rejected { .. } => "open UDP port 123 in the firewall that rejects it",
            Self::Silent => {
                "open UDP port 123 from here to the server and back, and see whether the server runs and allows this network"
            }
        }
    }
}

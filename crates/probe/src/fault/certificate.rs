//! What is wrong with a server's certificate.

use serde::{Deserialize, Serialize};

/// Why a server's certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateFault {
    /// It is for other names.
    #[error("the certificate is for {}, not for {wanted}", listed(presented))]
    NameMismatch {
        /// The name that it should be for.
        wanted: String,
        /// The names that it is for.
        presented: Vec<String>,
    },
    /// Its time is over.
    #[error("the certificate has expired{}", days(*days_ago, "ago"))]
    Expired {
        /// Days since then, where it is known.
        days_ago: Option<u64>,
    },
    /// Its time has not come.
    #[error("the certificate is not valid yet{}", days(*days_ahead, "to go"))]
    NotYetValid {
        /// Days until then, where it is known.
        days_ahead: Option<u64>,
    },
    /// It has signed itself.
    #[error("the certificate is self-signed: no authority vouches for it")]
    SelfSigned,
    /// It leads to no root that is trusted, or lacks what leads there.
    #[error("the certificate is from an unknown issuer: {issuer}")]
    UnknownIssuer {
        /// The issuer's common name as the certificate has it, or what stands in for it.
        issuer: String,
    },
    /// Anything else.
    #[error("the certificate is not accepted: {0}")]
    Other(String),
}

/// Names told at most: a certificate may hold hundreds.
const NAMES: usize = 5;

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "no name".to_owned();
    }
    let mut list = names
        .iter()
        .take(NAMES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more @ 1..) = names.len().checked_sub(NAMES) {
        list.push_str(&format!(" and {more} more"));
    }
    list
}

fn days(count: Option<u64>, when: &str) -> String {
    match count {
        None => String::new(),
        Some(0) => format!(", less than a day {when}"),
        Some(1) => format!(", a day {when}"),
        Some(count) => format!(", {count} days {when}"),
    }
}

impl CertificateFault {
    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NameMismatch { .. } => {
                "use the name that the certificate is for, or have it issued for this name"
            }
            Self::Expired { .. } => "renew the certificate, and have its renewal watched",
            Self::NotYetValid { .. } => {
                "see the clocks of both sides; else wait until the certificate is valid"
            }
            Self::SelfSigned => {
                "have the certificate issued by an authority that clients trust, or give its own root to the clients"
            }
            Self::UnknownIssuer { .. } => {
                "give the issuer's root to the clients, and let the server send the intermediate certificates"
            }
            Self::Other(_) => "have a new certificate issued, and see the words for what is wrong",
        }
    }
}

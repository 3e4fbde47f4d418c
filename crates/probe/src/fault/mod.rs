//! What exactly went wrong with a question, where the protocol tells: typed, with words and a remedy for each. Pure.

mod certificate;
mod mail;
mod name;
mod time;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use certificate::CertificateFault;
pub use mail::{MailFault, MailStep, ServerReply};
pub use name::{NameFault, TcpTry};
pub use time::TimeFault;

/// What exactly went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// With a server's certificate.
    Certificate(CertificateFault),
    /// With a mail.
    Mail(MailFault),
    /// With a name.
    Name(NameFault),
    /// With the time.
    Time(TimeFault),
}

impl Fault {
    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Certificate(fault) => fault.remedy(),
            Self::Mail(fault) => fault.remedy(),
            Self::Name(fault) => fault.remedy(),
            Self::Time(fault) => fault.remedy(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(fault) => fault.fmt(f),
            Self::Mail(fault) => fault.fmt(f),
            Self::Name(fault) => fault.fmt(f),
            Self::Time(fault) => fault.fmt(f),
        }
    }
}

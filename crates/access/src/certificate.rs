//! Whether an OpenSSH certificate is to be believed. Clients ask it of hosts, servers ask it of users.

use std::fmt;

use jiff::Timestamp;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Certificate, HashAlg, PublicKey};

/// The public key of an authority whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedAuthority(PublicKey);

/// What a certificate certifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// A user, who may log in under the names of its principals.
    User,
    /// A host, which is known by its principals.
    Host,
}

/// Why a certificate is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// A host showed a user's certificate, or a user a host's.
    #[error("it is not a {0} certificate")]
    Kind(CertificateKind),
    /// Another authority signed it.
    #[error("it is signed by {found}, not by the pinned authority {pinned}")]
    Authority {
        /// Fingerprint of the authority that signed it.
        found: String,
        /// Fingerprint of the authority that should have.
        pinned: String,
    },
    /// It claims the pinned authority, but the signature does not match.
    #[error("its signature does not match its content")]
    Signature,
    /// Its time has not come.
    #[error("it is valid only from {0}")]
    NotYetValid(String),
    /// Its time has gone.
    #[error("it expired at {0}")]
    Expired(String),
    /// It is for somebody else. A certificate that names nobody is for nobody.
    #[error("it names {}, not `{wanted}`", listed(.named))]
    Principal {
        /// Whom it must name.
        wanted: String,
        /// Whom it names.
        named: Vec<String>,
    },
    /// It is bound to a condition that is not understood here, and must then be refused
    /// (OpenSSH PROTOCOL.certkeys, "critical options").
    #[error("it carries the critical option `{0}`, which is not understood here")]
    CriticalOption(String),
}

impl TrustedAuthority {
    /// Reads a public key in OpenSSH's text form.
    ///
    /// # Errors
    /// Fails when the text is not a public key.
    pub fn from_openssh(text: &str) -> Result<Self, russh::keys::ssh_key::Error> {
        Ok(Self(PublicKey::from_openssh(text.trim())?))
    }

    /// Checks that this authority signed the certificate, that it is of the right kind, valid at `now`, free of unknown
    /// conditions, and names the principal. The order is from "whose is it" to "whom is it for", so that a forged
    /// certificate is never argued with about its dates.
    ///
    /// # Errors
    /// Says the first thing that is wrong.
    pub fn vouches_for(
        &self,
        certificate: &Certificate,
        kind: CertificateKind,
        principal: &str,
        now: Timestamp,
    ) -> Result<(), CertificateFault> {
        let found = certificate.signature_key().fingerprint(HashAlg::Sha256);
        let pinned = self.0.fingerprint(HashAlg::Sha256);
        if found != pinned {
            return Err(CertificateFault::Authority {
                found: found.to_string(),
                pinned: pinned.to_string(),
            });
        }
        // Asked at the certificate's own first second, only the signature can be at fault: the dates follow below, so
        // that they can be told apart.
        if certificate
            .validate_at(certificate.valid_after(), [&pinned])
            .is_err()
        {
            return Err(CertificateFault::Signature);
        }
        let wanted_type = match kind {
            CertificateKind::User => CertType::User,
            CertificateKind::Host => CertType::Host,
        };
        if certificate.cert_type() != wanted_type {
            return Err(CertificateFault::Kind(kind));
        }
        // A clock before 1970 is before every certificate.
        let now = u64::try_from(now.as_second()).unwrap_or(0);
        if now < certificate.valid_after() {
            return Err(CertificateFault::NotYetValid(date(
                certificate.valid_after(),
            )));
        }
        if now >= certificate.valid_before() {
            return Err(CertificateFault::Expired(date(certificate.valid_before())));
        }
        if let Some((name, _)) = certificate.critical_options().iter().next() {
            return Err(CertificateFault::CriticalOption(name.clone()));
        }
        if !certificate
            .valid_principals()
            .iter()
            .any(|named| named == principal)
        {
            return Err(CertificateFault::Principal {
                wanted: principal.to_owned(),
                named: certificate.valid_principals().to_vec(),
            });
        }
        Ok(())
    }
}

impl fmt::Display for CertificateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Host => "host",
        })
    }
}

/// A second of the Unix epoch as a date; beyond the calendar, the bare number.
fn date(second: u64) -> String {
    i64::try_from(second)
        .ok()
        .and_then(|second| Timestamp::from_second(second).ok())
        .map_or_else(|| second.to_string(), |at| at.to_string())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "nobody".to_owned();
    }
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

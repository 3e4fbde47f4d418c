//! The operator's SSH certificate authority, as values: keys, user certificates, host certificates.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use model::{HostId, Secret};
use rand::CryptoRng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::certificate::{Builder, CertType};
use russh::keys::{Algorithm, Certificate, HashAlg, PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};

/// The longest that a user certificate may be valid. Nobody is asked when one is used, so it cannot be withdrawn: it
/// must end by itself, within a working week even for a twin that is kept.
const LONGEST_LOGIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The longest reason and principal, in bytes. They are written into every login record.
const LONGEST_TEXT: usize = 256;

/// The most principals in one certificate: a host's identifier, names and addresses, or an operator's login names.
const MOST_PRINCIPALS: usize = 64;

/// Extensions without which a server gives a certified user no way through and no terminal (OpenSSH PROTOCOL.certkeys).
/// They stand in the order of their names, which certificates must keep.
pub const PERMIT_FORWARDING: &str = "permit-port-forwarding";
/// See [`PERMIT_FORWARDING`].
pub const PERMIT_TERMINAL: &str = "permit-pty";

/// An SSH certificate authority. Users and hosts have one each, so that neither's can speak for the other.
#[derive(Clone)]
pub struct Authority(PrivateKey);

/// A private key and the certificate that was issued for it, in OpenSSH's text form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The private key.
    pub private_key: Secret,
    /// The certificate, one line.
    pub certificate: String,
}

/// When a certificate is valid: from the first instant on, and no longer at the second. Whole seconds count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First instant.
    pub from: Timestamp,
    /// First instant after.
    pub until: Timestamp,
}

/// What a user is granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserGrant {
    /// Login names that the user may take.
    pub principals: Vec<String>,
    /// Why the login is needed. It is the certificate's key identifier, so every server records it.
    pub reason: String,
    /// When.
    pub window: Window,
}

/// What a host is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGrant {
    /// The host, whose identifier is the principal that Reeve itself asks for.
    pub host: HostId,
    /// Names and addresses that other SSH clients ask for.
    pub names: Vec<String>,
    /// When.
    pub window: Window,
}

/// Why an authority did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// No randomness, or none that makes a key.
    #[error("generate an Ed25519 key")]
    Generate(#[source] russh::keys::ssh_key::Error),
    /// A key is not in OpenSSH's text form, or is sealed with a passphrase.
    #[error("read a key")]
    Read(#[source] russh::keys::ssh_key::Error),
    /// A key or certificate cannot be written as text.
    #[error("write a key or certificate as text")]
    Write(#[source] russh::keys::ssh_key::Error),
    /// A grant that no certificate may be issued for.
    #[error("issue a certificate: {0}")]
    Grant(&'static str),
    /// The signature could not be made.
    #[error("sign a certificate")]
    Sign(#[source] russh::keys::ssh_key::Error),
}

impl Authority {
    /// Generates a new authority.
    ///
    /// # Errors
    /// Fails when no key can be made.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, AuthorityError> {
        generate_key(rng).map(Self)
    }

    /// Reads an authority's private key from OpenSSH's text form.
    ///
    /// # Errors
    /// Fails when the text is not a private key, or one that is sealed.
    pub fn from_openssh(text: &Secret) -> Result<Self, AuthorityError> {
        let key = PrivateKey::from_openssh(text.expose()).map_err(AuthorityError::Read)?;
        if key.is_encrypted() {
            return Err(AuthorityError::Read(russh::keys::ssh_key::Error::Encrypted));
        }
        Ok(Self(key))
    }

    /// The private key in OpenSSH's text form.
    ///
    /// # Errors
    /// Fails when the key has no text form.
    pub fn to_openssh(&self) -> Result<Secret, AuthorityError> {
        private_text(&self.0)
    }

    /// The public key in OpenSSH's text form: what servers and clients pin.
    ///
    /// # Errors
    /// Fails when the key has no text form.
    pub fn public_key(&self) -> Result<String, AuthorityError> {
        self.0
            .public_key()
            .to_openssh()
            .map_err(AuthorityError::Write)
    }

    /// Generates a user's key and issues its certificate.
    ///
    /// # Errors
    /// Fails on a grant without principals or reason, or with a window that is empty or longer than a week.
    pub fn issue_user(
        &self,
        rng: &mut impl CryptoRng,
        grant: &UserGrant,
    ) -> Result<Credential, AuthorityError> {
        let key = generate_key(rng)?;
        let certificate = self.sign_user(rng, key.public_key(), grant)?;
        credential(&key, &certificate)
    }

    /// Generates a host's key and issues its certificate.
    ///
    /// # Errors
    /// Fails on an empty or overlong name, or an empty window.
    pub fn issue_host(
        &self,
        rng: &mut impl CryptoRng,
        grant: &HostGrant,
    ) -> Result<Credential, AuthorityError> {
        let key = generate_key(rng)?;
        let certificate = self.sign_host(rng, key.public_key(), grant)?;
        credential(&key, &certificate)
    }

    /// Issues a certificate for a key that a host made itself, given in OpenSSH's text form.
    ///
    /// # Errors
    /// Fails when the text is no public key, and as [`Authority::issue_host`] does.
    pub fn certify_host(
        &self,
        rng: &mut impl CryptoRng,
        public_key: &str,
        grant: &HostGrant,
    ) -> Result<String, AuthorityError> {
        let key = PublicKey::from_openssh(public_key.trim()).map_err(AuthorityError::Read)?;
        self.sign_host(rng, &key, grant)?
            .to_openssh()
            .map_err(AuthorityError::Write)
    }

    fn sign_user(
        &self,
        rng: &mut impl CryptoRng,
        key: &PublicKey,
        grant: &UserGrant,
    ) -> Result<Certificate, AuthorityError> {
        if !is_plain(&grant.reason) {
            return Err(AuthorityError::Grant(
                "the reason must be one line of 1 to 256 bytes",
            ));
        }
        if grant.window.until.duration_since(grant.window.from) > LONGEST_LOGIN {
            return Err(AuthorityError::Grant(
                "a user certificate may be valid for a week at most",
            ));
        }
        self.sign(
            rng,
            key,
            &Statement {
                kind: CertType::User,
                key_id: &grant.reason,
                principals: &grant.principals,
                window: grant.window,
                extensions: &[PERMIT_FORWARDING, PERMIT_TERMINAL],
            },
        )
    }

    fn sign_host(
        &self,
        rng: &mut impl CryptoRng,
        key: &PublicKey,
        grant: &HostGrant,
    ) -> Result<Certificate, AuthorityError> {
        let mut principals = vec![grant.host.as_str().to_owned()];
        principals.extend(grant.names.iter().cloned());
        self.sign(
            rng,
            key,
            &Statement {
                kind: CertType::Host,
                key_id: grant.host.as_str(),
                principals: &principals,
                window: grant.window,
                extensions: &[],
            },
        )
    }

    fn sign(
        &self,
        rng: &mut impl CryptoRng,
        key: &PublicKey,
        statement: &Statement<'_>,
    ) -> Result<Certificate, AuthorityError> {
        let (from, until) = (
            second(statement.window.from)?,
            second(statement.window.until)?,
        );
        if until <= from {
            return Err(AuthorityError::Grant(
                "the window must end after it begins, by a second at least",
            ));
        }
        // Without a principal, OpenSSH takes a host certificate as valid for every host.
        if statement.principals.is_empty() || statement.principals.len() > MOST_PRINCIPALS {
            return Err(AuthorityError::Grant("1 to 64 principals must be named"));
        }
        if !statement.principals.iter().all(|name| is_plain(name)) {
            return Err(AuthorityError::Grant(
                "each principal must be one line of 1 to 256 bytes",
            ));
        }
        let mut builder =
            Builder::new_with_random_nonce(rng, key, from, until).map_err(AuthorityError::Sign)?;
        statement
            .write(&mut builder)
            .map_err(AuthorityError::Sign)?;
        builder.sign(&self.0).map_err(AuthorityError::Sign)
    }
}

/// What a certificate says of a key, its dates apart.
struct Statement<'a> {
    kind: CertType,
    key_id: &'a str,
    principals: &'a [String],
    window: Window,
    extensions: &'a [&'a str],
}

impl Statement<'_> {
    fn write(&self, builder: &mut Builder) -> Result<(), russh::keys::ssh_key::Error> {
        builder.cert_type(self.kind)?;
        builder.key_id(self.key_id)?;
        for principal in self.principals {
            builder.valid_principal(principal)?;
        }
        for extension in self.extensions {
            builder.extension(*extension, "")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.0.fingerprint(HashAlg::Sha256))
    }
}

fn generate_key(rng: &mut impl CryptoRng) -> Result<PrivateKey, AuthorityError> {
    PrivateKey::random(rng, Algorithm::Ed25519).map_err(AuthorityError::Generate)
}

fn private_text(key: &PrivateKey) -> Result<Secret, AuthorityError> {
    let text = key
        .to_openssh(LineEnding::LF)
        .map_err(AuthorityError::Write)?;
    Ok(Secret::new(text.as_str()))
}

fn credential(key: &PrivateKey, certificate: &Certificate) -> Result<Credential, AuthorityError> {
    Ok(Credential {
        private_key: private_text(key)?,
        certificate: certificate.to_openssh().map_err(AuthorityError::Write)?,
    })
}

fn second(at: Timestamp) -> Result<u64, AuthorityError> {
    u64::try_from(at.as_second())
        .map_err(|_| AuthorityError::Grant("the window must not begin before 1970"))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control)
}

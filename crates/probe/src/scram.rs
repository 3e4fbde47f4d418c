//! SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding, the client's side. Pure but for the nonce it is given.

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The mechanism's name.
pub(crate) const MECHANISM: &str = "SCRAM-SHA-256";

/// Most iterations that a server may ask for: ten times PostgreSQL's highest sensible setting, and well under a second.
const ITERATIONS: u32 = 1_000_000;

const KEY: usize = 32;

/// The client supports no channel binding, and has no other identity: base64 of it is `biws`.
const GS2_HEADER: &str = "n,,";

/// What is wrong with a server's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScramError {
    #[error("the server's SCRAM message is malformed")]
    Malformed,
    #[error("the server did not repeat the client's nonce")]
    Nonce,
    #[error("the server asks for {0} iterations, more than {ITERATIONS}")]
    Iterations(u32),
    #[error("the server does not know the password: its signature is wrong")]
    Signature,
    #[error("the server reports `{0}`")]
    Server(String),
}

/// A login that has begun.
#[derive(Debug)]
pub(crate) struct Client {
    first_bare: String,
    nonce: String,
}

/// A login that waits for the server's proof.
#[derive(Debug)]
pub(crate) struct Proved {
    signature: [u8; KEY],
}

impl Client {
    /// Begins with a fresh nonce of printable characters without comma. PostgreSQL knows the user already, and wants
    /// an empty name here.
    pub(crate) fn new(nonce: &str) -> Self {
        Self {
            first_bare: format!("n=,r={nonce}"),
            nonce: nonce.to_owned(),
        }
    }

    /// The client's first message.
    pub(crate) fn first(&self) -> String {
        format!("{GS2_HEADER}{}", self.first_bare)
    }

    /// Answers the server's first message; returns the client's last and what the server's last must prove.
    pub(crate) fn prove(
        self,
        server_first: &[u8],
        password: &str,
    ) -> Result<(String, Proved), ScramError> {
        let server_first = text(server_first)?;
        let mut fields = server_first.split(',');
        let mut field = |key: &str| {
            fields
                .next()
                .and_then(|field| field.strip_prefix(key))
                .ok_or(ScramError::Malformed)
        };
        let nonce = field("r=")?;
        let salt = BASE64
            .decode(field("s=")?.as_bytes())
            .map_err(|_| ScramError::Malformed)?;
        let iterations: u32 = field("i=")?.parse().map_err(|_| ScramError::Malformed)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(ScramError::Nonce);
        }
        if iterations > ITERATIONS {
            return Err(ScramError::Iterations(iterations));
        }
        let iterations = NonZeroU32::new(iterations).ok_or(ScramError::Malformed)?;

        let mut salted = [0; KEY];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            iterations,
            &salt,
            password.as_bytes(),
            &mut salted,
        );
        let binding = BASE64.encode(GS2_HEADER.as_bytes());
        let last_bare = format!("c={binding},r={nonce}");
        let signed = format!("{},{server_first},{last_bare}", self.first_bare);

        let client_key = mac(&salted, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, &client_key);
        let client_signature = mac(stored_key.as_ref(), signed.as_bytes());
        let mut proof = client_key;
        for (byte, mask) in proof.iter_mut().zip(client_signature) {
            *byte ^= mask;
        }
        let server_key = mac(&salted, b"Server Key");
        Ok((
            format!("{last_bare},p={}", BASE64.encode(proof)),
            Proved {
                signature: mac(&server_key, signed.as_bytes()),
            },
        ))
    }
}

impl Proved {
    /// Checks that the server knows the password too.
    pub(crate) fn check(&self, server_last: &[u8]) -> Result<(), ScramError> {
        let server_last = text(server_last)?;
        if let Some(error) = server_last.strip_prefix("e=") {
            return Err(ScramError::Server(error.to_owned()));
        }
        let signature = server_last
            .strip_prefix("v=")
            .and_then(|signature| signature.split(',').next())
            .and_then(|signature| BASE64.decode(signature.as_bytes()).ok())
            .ok_or(ScramError::Malformed)?;
        constant_time::verify_slices_are_equal(&signature, &self.signature)
            .map_err(|_| ScramError::Signature)
    }
}

fn text(bytes: &[u8]) -> Result<&str, ScramError> {
    std::str::from_utf8(bytes).map_err(|_| ScramError::Malformed)
}

fn mac(key: &[u8], message: &[u8]) -> [u8; KEY] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    let mut bytes = [0; KEY];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const SERVER_FIRST: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    /// RFC 7677, section 3, whose user name is `user`.
    #[test]
    fn the_rfcs_example_is_reproduced() {
        let client = Client {
            first_bare: format!("n=user,r={NONCE}"),
            nonce: NONCE.to_owned(),
        };
        assert_eq!(client.first(), format!("n,,n=user,r={NONCE}"));
        let (last, proved) = client
            .prove(SERVER_FIRST.as_bytes(), "pencil")
            .expect("the example is sound");
        assert_eq!(
            last,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        proved
            .check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
            .expect("the server's signature is right");
        assert_eq!(
            proved.check(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
            Err(ScramError::Signature)
        );
        assert_eq!(
            proved.check(b"e=invalid-proof"),
            Err(ScramError::Server("invalid-proof".to_owned()))
        );
        for garbage in [&b""[..], b"v=", b"v", b"x=abc", b"\xff"] {
            assert!(proved.check(garbage).is_err(), "{garbage:?}");
        }
    }

    #[test]
    fn a_servers_bad_message_is_refused() {
        let check = |message: &[u8], wanted: ScramError| {
            let error = Client::new("abc").prove(message, "pencil").map(|_| ());
            assert_eq!(error, Err(wanted), "{}", String::from_utf8_lossy(message));
        };
        check(b"", ScramError::Malformed);
        check(b"\xff\xfe", ScramError::Malformed);
        check(b"r=abcd", ScramError::Malformed);
        check(b"r=abcd,s=!!,i=1", ScramError::Malformed);
        check(b"r=abcd,s=QUJD,i=none", ScramError::Malformed);
        check(b"r=abcd,s=QUJD,i=0", ScramError::Malformed);
        check(b"s=QUJD,r=abcd,i=1", ScramError::Malformed);
        check(b"r=other,s=QUJD,i=1", ScramError::Nonce);
        check(b"r=abc,s=QUJD,i=1", ScramError::Nonce);
        check(
            b"r=abcd,s=QUJD,i=4000000000",
            ScramError::Iterations(4_000_000_000),
        );
    }
}

//! SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL speaks it: without channel binding, and with the user's name from the
//! start of the connection.
//!
//! A password is used as it stands: PostgreSQL normalises one that is not ASCII, the passwords made by a rehearsal are.

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};

use super::wire::{Broken, Failure, Wire, terminated};

const MECHANISM: &str = "SCRAM-SHA-256";

/// PostgreSQL's default `scram_iterations`.
const ITERATIONS: NonZeroU32 = match NonZeroU32::new(4_096) {
    Some(iterations) => iterations,
    None => NonZeroU32::MIN,
};

/// Bytes of a salt and of a nonce, PostgreSQL's own.
const SALT: usize = 16;
const NONCE: usize = 18;

/// Bytes of everything that SHA-256 makes.
const HASH: usize = digest::SHA256_OUTPUT_LEN;

/// What a server keeps of a password: enough to check it, not enough to use it.
pub(super) struct Verifier {
    salt: [u8; SALT],
    stored_key: [u8; HASH],
    server_key: [u8; HASH],
}

impl Verifier {
    pub(super) fn new(password: &Secret) -> Self {
        Self::salted(password, rand::random())
    }

    fn salted(password: &Secret, salt: [u8; SALT]) -> Self {
        let mut salted = [0; HASH];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ITERATIONS,
            &salt,
            password.expose().as_bytes(),
            &mut salted,
        );
        let client_key = mac(&salted, b"Client Key");
        Self {
            salt,
            stored_key: hash(&client_key),
            server_key: mac(&salted, b"Server Key"),
        }
    }

    /// The server's first message, in answer to the client's.
    fn challenge(&self, nonce: &str) -> String {
        format!("r={nonce},s={},i={ITERATIONS}", STANDARD.encode(self.salt))
    }

    /// Whether the proof over a whole exchange shows the password; then the server's own signature.
    fn judge(&self, exchange: &str, proof: &[u8]) -> Option<[u8; HASH]> {
        let signature = mac(&self.stored_key, exchange.as_bytes());
        let proof: &[u8; HASH] = proof.try_into().ok()?;
        let mut client_key = *proof;
        for (byte, mask) in client_key.iter_mut().zip(signature) {
            *byte ^= mask;
        }
        constant_time::verify_slices_are_equal(&hash(&client_key), &self.stored_key).ok()?;
        Some(mac(&self.server_key, exchange.as_bytes()))
    }
}

fn mac(key: &[u8], message: &[u8]) -> [u8; HASH] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    first(tag.as_ref())
}

fn hash(bytes: &[u8]) -> [u8; HASH] {
    first(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// What SHA-256 made, as the array that it is.
fn first(bytes: &[u8]) -> [u8; HASH] {
    let mut array = [0; HASH];
    for (to, from) in array.iter_mut().zip(bytes) {
        *to = *from;
    }
    array
}

/// Goes through the exchange. False when the password is wrong, or the user is not `known`: a client that guessed only
/// the password must not be shown the server's signature, which says so.
pub(super) async fn authenticate<S>(
    wire: &mut Wire<S>,
    verifier: &Verifier,
    known: bool,
) -> Result<bool, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // AuthenticationSASL, with the list of mechanisms ended by an empty one.
    let mut mechanisms = terminated(MECHANISM);
    mechanisms.push(0);
    say(wire, 10, &mechanisms).await?;

    let initial = password_message(wire).await?;
    let opening = initial_response(&initial).ok_or_else(violation)?;
    let bare = opening.strip_prefix("n,,").or(opening.strip_prefix("y,,"));
    let header = opening.get(..3).unwrap_or_default();
    let bare = bare.ok_or_else(violation)?;
    let client_nonce = attribute(bare, 'r').ok_or_else(violation)?;
    let nonce = format!(
        "{client_nonce}{}",
        STANDARD.encode(rand::random::<[u8; NONCE]>())
    );
    let challenge = verifier.challenge(&nonce);
    say(wire, 11, challenge.as_bytes()).await?;

    let last = password_message(wire).await?;
    let last = std::str::from_utf8(&last).map_err(|_| violation())?;
    let (unproven, proof) = last.rsplit_once(",p=").ok_or_else(violation)?;
    // The client repeats how it began and both nonces, so that nobody in between can have changed them.
    let repeated = attribute(unproven, 'c') == Some(STANDARD.encode(header).as_str())
        && attribute(unproven, 'r') == Some(nonce.as_str());
    let proof = STANDARD.decode(proof).map_err(|_| violation())?;
    if !repeated {
        return Err(violation());
    }
    let exchange = format!("{bare},{challenge},{unproven}");
    let Some(signature) = verifier.judge(&exchange, &proof).filter(|_| known) else {
        return Ok(false);
    };
    let signed = format!("v={}", STANDARD.encode(signature));
    say(wire, 12, signed.as_bytes()).await?;
    Ok(true)
}

/// Sends one of the authentication messages.
async fn say<S>(wire: &mut Wire<S>, kind: u32, body: &[u8]) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut message = kind.to_be_bytes().to_vec();
    message.extend(body);
    wire.put(b'R', &message);
    wire.flush().await
}

async fn password_message<S>(wire: &mut Wire<S>) -> Result<Vec<u8>, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match wire.receive().await? {
        Some(received) if received.kind == b'p' => Ok(received.body),
        _ => Err(violation()),
    }
}

/// The text of a SASLInitialResponse that names this mechanism.
fn initial_response(message: &[u8]) -> Option<&str> {
    let rest = message.strip_prefix(MECHANISM.as_bytes())?;
    let (length, text) = rest.strip_prefix(&[0])?.split_first_chunk::<4>()?;
    let announced = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (announced == text.len())
        .then(|| std::str::from_utf8(text).ok())
        .flatten()
}

/// The value of an attribute such as `r=…`.
fn attribute(message: &str, name: char) -> Option<&str> {
    message
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| key.chars().eq([name]).then_some(value))
        .filter(|value| !value.is_empty())
}

fn violation() -> Broken {
    Broken::Refused(Failure::violation("malformed SCRAM message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, section 3.
    #[test]
    fn the_rfcs_own_exchange_is_accepted() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let salt: [u8; SALT] = salt.try_into().expect("sixteen bytes");
        let verifier = Verifier::salted(&Secret::new("pencil"), salt);
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let exchange = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,{},c=biws,r={nonce}",
            verifier.challenge(nonce)
        );
        let proof = STANDARD
            .decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
            .expect("base64");
        let signature = verifier.judge(&exchange, &proof).expect("accepted");
        assert_eq!(
            STANDARD.encode(signature),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
        let refuse = |exchange: &str, proof: &[u8]| {
            assert!(verifier.judge(exchange, proof).is_none());
        };
        refuse(&exchange, &[0; HASH]);
        refuse(&exchange, &proof[1..]);
        refuse(&exchange, &[]);
        refuse(&exchange[1..], &proof);
    }

    #[test]
    fn initial_responses_are_read() {
        let check = |message: &[u8], text: Option<&str>| {
            assert_eq!(initial_response(message), text);
        };
        check(b"SCRAM-SHA-256\0\0\0\0\x08n,,n=,r=", Some("n,,n=,r="));
        check(b"SCRAM-SHA-256\0\0\0\0\x09n,,n=,r=", None);
        check(b"SCRAM-SHA-256\0\xff\xff\xff\xff", None);
        check(b"SCRAM-SHA-256-PLUS\0\0\0\0\0", None);
        check(b"SCRAM-SHA-256", None);
        check(b"", None);
    }
}

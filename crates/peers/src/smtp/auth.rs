//! AUTH PLAIN (RFC 4616) and AUTH LOGIN, within TLS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncWrite};

use super::session::Reply;
use super::wire::{Broken, Wire};
use crate::credential::Credential;

/// How a client logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
}

/// How a login ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// User and password are right.
    Accepted(String),
    /// They are not.
    Rejected,
    /// The client sent no proper credential, or gave up.
    Broken,
}

/// Asks for what the mechanism wants and was not sent at once, then judges it.
pub(super) async fn log_in<S>(
    wire: &mut Wire<S>,
    mechanism: Mechanism,
    initial: Option<String>,
    credential: &Credential,
) -> Result<Login, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let first = match initial {
        Some(initial) => decode(initial.as_bytes()),
        None if mechanism == Mechanism::Plain => ask(wire, "").await?,
        None => ask(wire, "Username:").await?,
    };
    let Some(first) = first else {
        return Ok(Login::Broken);
    };
    let (user, password) = match mechanism {
        Mechanism::Plain => match plain(&first) {
            Some((user, password)) => (user.to_vec(), password.to_vec()),
            None => return Ok(Login::Broken),
        },
        Mechanism::Login => match ask(wire, "Password:").await? {
            Some(password) => (first, password),
            None => return Ok(Login::Broken),
        },
    };
    Ok(if credential.accepts(&user, &password) {
        Login::Accepted(credential.user.clone())
    } else {
        Login::Rejected
    })
}

/// Sends a challenge and decodes the answer; none when it is not base64 or the client gives up with `*`.
async fn ask<S>(wire: &mut Wire<S>, challenge: &str) -> Result<Option<Vec<u8>>, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    wire.say(&Reply::new(334, STANDARD.encode(challenge)))
        .await?;
    Ok(decode(wire.line().await?.trim_ascii()))
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    match text {
        // An empty answer sent with the command is written as `=` (RFC 4954, section 4).
        b"=" => Some(Vec::new()),
        text => STANDARD.decode(text).ok(),
    }
}

/// Takes `authorisation NUL user NUL password` apart. Acting for somebody else is not served.
fn plain(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = message.split(|&byte| byte == 0);
    let (acting_for, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && (acting_for.is_empty() || acting_for == user);
    whole.then_some((user, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_messages_are_taken_apart() {
        let check = |message: &[u8], parts: Option<(&str, &str)>| {
            let parts = parts.map(|(user, password)| (user.as_bytes(), password.as_bytes()));
            assert_eq!(plain(message), parts);
        };
        check(b"\0user\0secret", Some(("user", "secret")));
        check(b"user\0user\0secret", Some(("user", "secret")));
        check(b"\0user\0", Some(("user", "")));
        check(b"root\0user\0secret", None);
        check(b"user\0secret", None);
        check(b"\0user\0secret\0", None);
        check(b"", None);
        check(b"\0", None);
    }
}

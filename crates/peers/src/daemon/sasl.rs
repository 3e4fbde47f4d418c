//! The one account of a mail server, told to Postfix by Dovecot's authentication protocol over a socket.
//!
//! Postfix knows no passwords itself. Of the two authorities that it can ask, Dovecot's speaks a protocol of a few lines
//! (<https://doc.dovecot.org/developer_manual/design/auth_protocol/>), which this answers, so that no third daemon is
//! needed. Only PLAIN is offered: it comes under TLS or not at all.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::credential::Credential;

/// Bytes of one line: an answer to PLAIN holds two names and a password, in base64.
const LINE: u64 = 8 << 10;

/// Conversations at a time: one for each of Postfix's processes.
const CONVERSATIONS: usize = 64;

/// Wait after a connection that could not be accepted: what is short then, descriptors or memory, comes back.
const PAUSE: Duration = Duration::from_millis(100);

/// What is said first. The cookie is for those who ask for details of a login, which nobody does.
const GREETING: &str = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n\
                        COOKIE\t00000000000000000000000000000000\nDONE\n";

/// Answers for ever.
pub(super) async fn serve(listener: UnixListener, credential: Credential) {
    let mut conversations = JoinSet::new();
    loop {
        while conversations.try_join_next().is_some() {}
        if conversations.len() >= CONVERSATIONS {
            conversations.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                conversations.spawn(converse(stream, credential.clone()));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn converse(mut stream: UnixStream, credential: Credential) {
    let (from, mut to) = stream.split();
    let mut from = BufReader::new(from);
    if to.write_all(GREETING.as_bytes()).await.is_err() {
        return;
    }
    loop {
        let mut line = Vec::new();
        match (&mut from).take(LINE).read_until(b'\n', &mut line).await {
            Ok(_) if line.ends_with(b"\n") => {}
            // Its end, or a line that is too long.
            _ => return,
        }
        let line = String::from_utf8_lossy(&line);
        let Some(answer) = answer(line.trim_end(), &credential) else {
            continue;
        };
        if to.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The answer to a line; none to what wants none.
fn answer(line: &str, credential: &Credential) -> Option<String> {
    let mut fields = line.split('\t');
    let (command, id) = (fields.next()?, fields.next()?);
    let given = match command {
        "AUTH" => {
            if fields.next() != Some("PLAIN") {
                return Some(format!("FAIL\t{id}\n"));
            }
            fields.find_map(|field| field.strip_prefix("resp="))
        }
        "CONT" => fields.next(),
        _ => return None,
    };
    // The client was to say it with the command, and did not: it is asked.
    let Some(given) = given else {
        return Some(format!("CONT\t{id}\t\n"));
    };
    Some(match plain(given) {
        Some((user, password)) if credential.accepts(&user, &password) => {
            format!("OK\t{id}\tuser={}\n", credential.user)
        }
        _ => format!("FAIL\t{id}\n"),
    })
}

/// User and password of PLAIN (RFC 4616): what the user is to act as, who he is, and his password.
fn plain(given: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let bytes = STANDARD.decode(given).ok()?;
    let mut parts = bytes.split(|byte| *byte == 0);
    let (acts_as, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    let sound = parts.next().is_none() && (acts_as.is_empty() || acts_as == user);
    sound.then(|| (user.to_vec(), password.to_vec()))
}

#[cfg(test)]
mod tests {
    use model::Secret;

    use super::*;

    #[test]
    fn only_the_one_account_is_let_in() {
        let credential = Credential {
            user: "mailer".to_owned(),
            password: Secret::new("s3cret"),
        };
        let check = |line: &str, wanted: Option<&str>| {
            assert_eq!(answer(line, &credential).as_deref(), wanted, "{line}");
        };
        let login = |text: &str| STANDARD.encode(text);
        let auth = |text: &str| format!("AUTH\t7\tPLAIN\tservice=smtp\tresp={}", login(text));
        check(&auth("\0mailer\0s3cret"), Some("OK\t7\tuser=mailer\n"));
        check(
            &auth("mailer\0mailer\0s3cret"),
            Some("OK\t7\tuser=mailer\n"),
        );
        check(
            &format!("CONT\t7\t{}", login("\0mailer\0s3cret")),
            Some("OK\t7\tuser=mailer\n"),
        );
        check("AUTH\t8\tPLAIN\tservice=smtp", Some("CONT\t8\t\n"));
        for bad in [
            "\0mailer\0wrong",
            "\0other\0s3cret",
            "root\0mailer\0s3cret",
            "\0mailer\0s3cret\0",
            "\0mailer",
            "",
            "\0\0",
        ] {
            check(&auth(bad), Some("FAIL\t7\n"));
        }
        check("AUTH\t7\tPLAIN\tresp=%%%", Some("FAIL\t7\n"));
        check("AUTH\t7\tLOGIN\tresp=bWFpbGVy", Some("FAIL\t7\n"));
        check("VERSION\t1\t2", None);
        check("CPID\t44", None);
        check("", None);
        check("AUTH", None);
    }

    #[tokio::test]
    async fn a_conversation_ends_at_a_line_without_end() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let credential = Credential {
            user: "u".to_owned(),
            password: Secret::new("p"),
        };
        let served = tokio::spawn(converse(theirs, credential));
        let (from, mut to) = ours.into_split();
        let endless = vec![b'x'; 20_000];
        let _ = to.write_all(&endless).await;
        served.await.expect("it ends");
        drop(from);
    }
}

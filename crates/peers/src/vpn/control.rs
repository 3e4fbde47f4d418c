//! BIRD's control socket: lines, each reply with a number in front.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// BIRD answers between two looks at its own work.
const LIMIT: Duration = Duration::from_secs(10);

/// A router of a rehearsal has a dozen routes, a line or two each; hundreds are not believed.
const MAX_REPLY: usize = 64 << 10;

/// Replies from this number on are errors.
const ERRORS: u16 = 8000;

/// Asks one thing and returns the lines of the reply without their numbers.
pub(super) fn ask(socket: &Path, question: &str) -> io::Result<Vec<String>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    // The greeting is a reply of its own.
    reply(&mut stream)?;
    stream.write_all(format!("{question}\n").as_bytes())?;
    reply(&mut stream)
}

fn reply(stream: &mut impl Read) -> io::Result<Vec<String>> {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        if text.last() == Some(&b'\n')
            && let Some(done) = whole(&String::from_utf8_lossy(&text))
        {
            return done;
        }
        let length = stream.read(&mut buffer)?;
        if length == 0 || text.len() > MAX_REPLY {
            let why = "the reply has no end";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        text.extend_from_slice(&buffer[..length]);
    }
}

/// The lines of a reply once its last one has come: a number and a blank. A number and a dash go on; a blank alone goes
/// on under the last number; a plus is of no reply but news.
fn whole(text: &str) -> Option<io::Result<Vec<String>>> {
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(more) = line.strip_prefix(' ') {
            lines.push(more.to_owned());
            continue;
        }
        let Some((number, rest)) = line.split_at_checked(4) else {
            continue;
        };
        let Ok(number) = number.parse::<u16>() else {
            continue;
        };
        let words = rest.get(1..).unwrap_or_default().to_owned();
        if number >= ERRORS {
            return Some(Err(io::Error::other(words)));
        }
        if !words.is_empty() {
            lines.push(words);
        }
        if !rest.starts_with('-') {
            return Some(Ok(lines));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_end_where_bird_ends_them() {
        let check = |text: &str, wanted: Result<&[&str], io::ErrorKind>| {
            let got = reply(&mut text.as_bytes()).map_err(|error| error.kind());
            let wanted = wanted.map(|lines| lines.iter().map(|&line| line.to_owned()).collect());
            assert_eq!(got, wanted, "{text:?}");
        };
        check("0001 BIRD 2.0.12 ready.\n", Ok(&["BIRD 2.0.12 ready."]));
        check(
            "1007-10.0.0.0/8 unicast [x]\n \tvia 1.2.3.4 on vpn1\n0000 \n",
            Ok(&["10.0.0.0/8 unicast [x]", "\tvia 1.2.3.4 on vpn1"]),
        );
        check("0000 \n", Ok(&[]));
        check("9001 syntax error\n", Err(io::ErrorKind::Other));
        check("8003 No protocols match\n", Err(io::ErrorKind::Other));
        check("1007-10.0.0.0/8\n", Err(io::ErrorKind::InvalidData));
        check("", Err(io::ErrorKind::InvalidData));
        check("no number\n", Err(io::ErrorKind::InvalidData));
        check("00é\n0000 \n", Ok(&[]));
    }

    #[test]
    fn a_reply_without_end_is_given_up() {
        let mut endless = io::repeat(b'\n');
        assert!(reply(&mut endless).is_err());
    }
}

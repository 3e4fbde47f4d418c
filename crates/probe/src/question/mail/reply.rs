//! A mail server's replies (RFC 5321, section 4.2), bounded and quoted. Pure.

use crate::fault::ServerReply;

/// Lines of one reply: an answer to EHLO has a dozen.
const LINES: usize = 128;
/// Characters of a server's words that are quoted: RFC 5321 gives a reply's line 512 bytes, and 200 tell what it minds.
const QUOTED: usize = 200;

/// What stops a reply from being one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadReply {
    #[error("a line that is no reply: `{0}`")]
    NoReply(String),
    #[error("a reply of two codes, {0} and {1}")]
    TwoCodes(u16, u16),
    #[error("a reply of more than {LINES} lines")]
    TooManyLines,
}

/// A reply of one or more lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Takes in a line, without its end. Returns whether it was the last one.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<bool, BadReply> {
        let bad = || BadReply::NoReply(printable(line));
        let (code, rest) = line.split_first_chunk::<3>().ok_or_else(bad)?;
        // Codes begin with 2 to 5; RFC 5321 gives the others no meaning.
        if !matches!(code[0], b'2'..=b'5') || !code.iter().all(u8::is_ascii_digit) {
            return Err(bad());
        }
        let code = code
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        let (last, text) = match rest.split_first() {
            None => (true, &b""[..]),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(bad()),
        };
        if self.lines.is_empty() {
            self.code = code;
        } else if self.code != code {
            return Err(BadReply::TwoCodes(self.code, code));
        }
        if self.lines.len() == LINES {
            return Err(BadReply::TooManyLines);
        }
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        Ok(last)
    }

    pub(super) fn is(&self, class: u16) -> bool {
        self.code / 100 == class
    }

    /// The reply in one line, without what must not be told: a server may repeat what it was sent.
    pub(super) fn quote(&self, unsaid: &[String]) -> ServerReply {
        let mut text = self.lines.join(" ");
        for secret in unsaid.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret.as_str(), "[withheld]");
        }
        ServerReply {
            code: self.code,
            text: printable(text.as_bytes()),
        }
    }

    /// What is offered after EHLO: keywords in capitals with their parameters.
    pub(super) fn extensions(&self) -> Extensions {
        let mut extensions = Extensions::default();
        for line in self.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            // "AUTH=" is how servers of old wrote it.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("STARTTLS") => extensions.starttls = true,
                Some("AUTH") => extensions.auth.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        extensions
    }

    /// Why a sender or recipient is refused, as far as the code and the words tell.
    pub(super) fn reason(&self) -> Reason {
        let text = self.lines.join(" ").to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        // Postfix puts off what it will not relay with 454, unless told to refuse it.
        if says(&["relay"]) || self.code == 551 {
            return Reason::Relay;
        }
        let required = says(&["required", "must", "first", "need"]);
        if self.code == 530 || required && matches!(self.code, 550..=554) {
            if says(&["starttls", "tls", "encrypt"]) {
                return Reason::Tls;
            }
            if self.code == 530 || says(&["auth", "log in", "login"]) {
                return Reason::Login;
            }
        }
        if self.is(4) {
            Reason::Later
        } else {
            Reason::Address
        }
    }
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A login is needed first.
    Login,
    /// TLS is needed first.
    Tls,
    /// The server takes no mail for that recipient from us.
    Relay,
    /// Not now.
    Later,
    /// The address itself, or nothing that can be told from it.
    Address,
}

/// What a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) starttls: bool,
    pub(super) auth: Vec<String>,
}

/// A server's words in one bounded line, without control characters and what hides or turns text around.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
        .take(QUOTED)
        .collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Result<Reply, BadReply> {
        let mut reply = Reply::default();
        for line in text.split('\n') {
            if reply.push(line.as_bytes())? {
                return Ok(reply);
            }
        }
        Err(BadReply::NoReply("unfinished".to_owned()))
    }

    #[test]
    fn replies_are_read_and_nothing_else_is() {
        let check = |text: &str, wanted: Result<(u16, usize), BadReply>| {
            let got = reply(text).map(|reply| (reply.code, reply.lines.len()));
            assert_eq!(got, wanted, "{text}");
        };
        check("250 ok", Ok((250, 1)));
        check("250", Ok((250, 1)));
        check("250-a\n250-b\n250 c", Ok((250, 3)));
        check("250-a\n550 c", Err(BadReply::TwoCodes(250, 550)));
        for bad in [
            "",
            "25",
            "ok",
            "199 no",
            "600 no",
            "25x no",
            "250_no",
            "HTTP/1.1 400",
        ] {
            check(bad, Err(BadReply::NoReply(bad.to_owned())));
        }
        let endless = "250-x\n".repeat(LINES + 1);
        check(endless.trim_end(), Err(BadReply::TooManyLines));
    }

    #[test]
    fn a_quote_is_one_bounded_line_without_secrets() {
        let check = |text: &str, wanted: &str| {
            let reply = reply(text).expect("a reply");
            let quote = reply.quote(&["c2VjcmV0".to_owned(), String::new()]);
            assert_eq!(quote.to_string(), wanted);
        };
        check("535 5.7.8 wrong", "\"535 5.7.8 wrong\"");
        check("535-a\n535 b", "\"535 a b\"");
        check("535", "\"535\"");
        check("535 \x1b[31mred\x07 \u{202e}x", "\"535 [31mred  x\"");
        check("535 you sent c2VjcmV0!", "\"535 you sent [withheld]!\"");
        let long = reply(&format!("535 {}", "x".repeat(4000))).expect("a reply");
        assert_eq!(long.quote(&[]).text.len(), QUOTED);
    }

    #[test]
    fn extensions_are_read_in_any_case() {
        let check = |text: &str, starttls: bool, auth: &[&str]| {
            let wanted = Extensions {
                starttls,
                auth: auth.iter().map(|word| (*word).to_owned()).collect(),
            };
            assert_eq!(reply(text).expect("a reply").extensions(), wanted, "{text}");
        };
        check(
            "250-x\n250-StartTLS\n250 auth plain LOGIN",
            true,
            &["PLAIN", "LOGIN"],
        );
        check("250-x\n250 AUTH=PLAIN", false, &["PLAIN"]);
        // The first line is the server's name, whatever it is.
        check("250 STARTTLS", false, &[]);
        check("250-x\n250-STARTTLSX\n250 SIZE", false, &[]);
    }

    #[test]
    fn reasons_are_told_apart() {
        let check = |text: &str, wanted: Reason| {
            assert_eq!(reply(text).expect("a reply").reason(), wanted, "{text}");
        };
        check("530 5.7.0 Authentication required", Reason::Login);
        check("530 log in first", Reason::Login);
        check("550 5.7.1 Client must authenticate first", Reason::Login);
        check("530 5.7.0 Must issue a STARTTLS command first", Reason::Tls);
        check("554 5.7.1 <a@b>: Relay access denied", Reason::Relay);
        check("454 4.7.1 <a@b>: Relay access denied", Reason::Relay);
        check("550 relay not permitted", Reason::Relay);
        check("551 User not local", Reason::Relay);
        check("450 4.2.0 Greylisted", Reason::Later);
        check("550 5.1.1 no such user", Reason::Address);
        check("553 5.7.1 not owned by user", Reason::Address);
    }
}

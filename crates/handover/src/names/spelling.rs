//! How names and texts are spelt in a zone file (RFC 1035, section 5.1).

use std::fmt::Write as _;

/// The longest label, bytes (RFC 1035, section 2.3.4).
const LABEL: usize = 63;
/// The longest name without its final dot, bytes (RFC 1035, section 2.3.4).
const NAME: usize = 253;
/// The longest string of a TXT record, bytes (RFC 1035, section 3.3).
const STRING: usize = 255;

/// Whether a name fits DNS at all: labels of 1 to 63 bytes, 253 together.
pub(super) fn fits(name: &str) -> bool {
    name.len() <= NAME
        && name
            .split('.')
            .all(|label| !label.is_empty() && label.len() <= LABEL)
}

/// A name with its final dot, escaped.
pub(super) fn absolute(name: &str) -> String {
    format!("{}.", escaped(name))
}

/// A name seen from its zone: `@` for the zone itself, relative below it, none where it lies elsewhere.
pub(super) fn within(name: &str, zone: &str) -> Option<String> {
    let (name, zone) = (name.to_lowercase(), zone.to_lowercase());
    if name == zone {
        return Some("@".to_owned());
    }
    let relative = name.strip_suffix(&zone)?.strip_suffix('.')?;
    Some(escaped(relative))
}

/// A name's letters, with those escaped that mean something else in a zone file.
fn escaped(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'*' | b'.' | b'/' => {
                safe.push(char::from(byte));
            }
            other => {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\{other:03}");
            }
        }
    }
    safe
}

/// A text as the strings of one TXT record, each of at most 255 bytes, quoted and escaped.
pub(super) fn strings(text: &str) -> String {
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    text.as_bytes()
        .chunks(STRING)
        .map(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(bytes: &[u8]) -> String {
    let mut safe = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                safe.push('\\');
                safe.push(char::from(*byte));
            }
            b' '..=b'~' => safe.push(char::from(*byte)),
            other => {
                let _ = write!(safe, "\\{other:03}");
            }
        }
    }
    safe.push('"');
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_their_zone_or_elsewhere() {
        let check = |name: &str, wanted: Option<&str>| {
            assert_eq!(within(name, "acme.example").as_deref(), wanted, "{name}");
        };
        check("acme.example", Some("@"));
        check("api.acme.example", Some("api"));
        check("A.API.ACME.Example", Some("a.api"));
        check("*.acme.example", Some("*"));
        check("_dmarc.acme.example", Some("_dmarc"));
        check("x;y.acme.example", Some("x\\059y"));
        check("$ORIGIN.acme.example", Some("\\036origin"));
        check("notacme.example", None);
        check("acme.example.org", None);
        check("", None);
    }

    #[test]
    fn names_that_dns_cannot_hold_do_not_fit() {
        for name in [
            "",
            ".",
            "a..b",
            ".a",
            "a.",
            &"a".repeat(64),
            &"abc.".repeat(64),
        ] {
            assert!(!fits(name), "{name}");
        }
        assert!(fits(&"a".repeat(63)));
        assert!(fits("a.b"));
    }

    #[test]
    fn texts_are_split_quoted_and_escaped() {
        let check = |text: &str, wanted: &str| assert_eq!(strings(text), wanted);
        check("", "\"\"");
        check("v=spf1 -all; x", "\"v=spf1 -all; x\"");
        check("a\"b\\c", "\"a\\\"b\\\\c\"");
        check("a\nb\u{e9}", "\"a\\010b\\195\\169\"");
        check(
            &"k".repeat(300),
            &format!("\"{}\" \"{}\"", "k".repeat(255), "k".repeat(45)),
        );
        check(&"k".repeat(255), &format!("\"{}\"", "k".repeat(255)));
    }
}

//! What of a text could be a secret, judged by the line and not by the syntax, which may be broken.
//!
//! It errs towards covering: a covered comment costs a look into the file, a shown password costs the password.

use std::ops::Range;

use crate::secret::SecretRef;

/// Words that make what follows a secret wherever they stand in a key, also joined with others: `smtpPasswords`.
const WORDS: [&str; 10] = [
    "password",
    "passphrase",
    "passwd",
    "passcode",
    "secret",
    "token",
    "credential",
    "privatekey",
    "apikey",
    "sharedkey",
];

/// Those of them that are looked for misspelt too: `private-zone` is too much like `privatekey`.
const MISSPELT: [&str; 4] = ["password", "passphrase", "secret", "token"];

/// Words that do so only when they stand alone, since others contain them: `compass`, `passes`.
const WHOLE_WORDS: [&str; 4] = ["pass", "pwd", "pw", "psk"];

/// Pairs of words that do so.
const PAIRS: [[&str; 2]; 4] = [
    ["private", "key"],
    ["api", "key"],
    ["access", "key"],
    ["shared", "key"],
];

/// How alike a key must be to one of the words, by Jaro and Winkler's measure, to be taken for a misspelling.
const ALIKE: f64 = 0.85;

/// Longest key that is compared: one of a real file is short, and comparing costs its length.
const LONGEST_KEY: usize = 64;

/// What a secret that goes on in the next line waits for.
#[derive(Clone, Copy)]
enum Open {
    Nothing,
    /// A table whose name is a secret's: every value in it, until the next table.
    Table,
    /// Everything up to these bytes.
    Until(&'static [u8]),
}

/// The ranges of bytes that could be secrets. They begin and end between characters.
pub(super) fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut open = Open::Nothing;
    let mut start = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (from, next) = after_word(line, open);
        open = next;
        let covered = from.map(|from| from..line.len());
        ranges.extend(
            userinfo(line)
                .chain(covered)
                .map(|range| start + range.start..start + range.end),
        );
        start += line.len();
    }
    ranges
}

/// The text with what could be a secret covered by stars.
pub(super) fn covered(text: &str) -> String {
    star(text, secrets(text.as_bytes()))
}

/// The text with the secrets of `user:secret@host` covered, and nothing else: for sentences, which may speak of
/// passwords.
pub(super) fn without_userinfo(text: &str) -> String {
    star(text, userinfo(text.as_bytes()).collect())
}

/// Covers ranges with stars, white space excepted, so that lines stay lines.
pub(super) fn cover(bytes: &mut [u8], ranges: impl IntoIterator<Item = Range<usize>>) {
    for range in ranges {
        for byte in bytes.get_mut(range).into_iter().flatten() {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
}

fn star(text: &str, ranges: Vec<Range<usize>>) -> String {
    if ranges.is_empty() {
        return text.to_owned();
    }
    let mut bytes = text.as_bytes().to_vec();
    cover(&mut bytes, ranges);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// From where on a line is to be covered, and what that leaves open for the next.
fn after_word(line: &[u8], open: Open) -> (Option<usize>, Open) {
    if let Open::Until(close) = open {
        let next = if find(line, close).is_some() {
            Open::Nothing
        } else {
            open
        };
        return (Some(0), next);
    }
    if find(line, b"-----BEGIN").is_some() && find(line, b"PRIVATE KEY").is_some() {
        return (Some(0), Open::Until(b"-----END"));
    }
    let header = line.trim_ascii_start().starts_with(b"[");
    let mut next = if header { Open::Nothing } else { open };
    let mut found = None;
    let mut at = 0;
    while let Some(word) = next_word(line, at) {
        at = word.end;
        let quoted = word.start > 0 && line.get(word.start - 1).is_some_and(is_quote);
        let named = names_secret(line, &word);
        // Asked of few words, since the answer costs the length of what follows.
        let referred = (quoted || named)
            .then(|| reference(line, word.start - usize::from(quoted)))
            .flatten();
        if let Some(end) = referred {
            at = end;
        } else if named {
            if header {
                next = Open::Table;
            }
            let Some(from) = value_after(line, word.end, is_separator) else {
                break;
            };
            match reference(line, from) {
                Some(end) => at = end,
                None => {
                    found = Some(from);
                    break;
                }
            }
        }
    }
    if found.is_none() && !header && matches!(open, Open::Table) {
        found = value_after(line, 0, |byte| matches!(byte, b'=' | b':'))
            .filter(|from| reference(line, *from).is_none());
    }
    let opened = found.and_then(|from| left_open(line.get(from..).unwrap_or_default()));
    (found, opened.unwrap_or(next))
}

/// Whether a value begins something that its line does not end.
fn left_open(value: &[u8]) -> Option<Open> {
    const BRACKETS: [(&[u8], &[u8]); 4] = [
        (b"\"\"\"", b"\"\"\""),
        (b"'''", b"'''"),
        (b"[", b"]"),
        (b"{", b"}"),
    ];
    BRACKETS.into_iter().find_map(|(begin, end)| {
        let rest = value.strip_prefix(begin)?;
        find(rest, end).is_none().then_some(Open::Until(end))
    })
}

/// The next run of letters, digits, `-` and `_`; what is not ASCII counts as letters.
fn next_word(line: &[u8], from: usize) -> Option<Range<usize>> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | 0x80..);
    let rest = line.get(from..)?;
    let start = from + rest.iter().position(inside)?;
    let rest = line.get(start..)?;
    let length = rest
        .iter()
        .position(|byte| !inside(byte))
        .unwrap_or(rest.len());
    Some(start..start + length)
}

/// Where the value begins after the first separator from an offset on, if anything follows it on the line.
fn value_after(line: &[u8], from: usize, separates: impl Fn(&u8) -> bool) -> Option<usize> {
    let mut at = from + line.get(from..)?.iter().position(separates)?;
    if line.get(at).is_some_and(is_quote) {
        at += 1;
    }
    at = skip_space(line, at);
    if matches!(line.get(at), Some(b'=' | b':')) {
        at = skip_space(line, at + 1);
    }
    (at < line.len()).then_some(at)
}

fn skip_space(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    from + rest.len() - rest.trim_ascii_start().len()
}

/// A closing quote separates too: `"password" "x"`.
fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'=' | b':') || byte.is_ascii_whitespace() || is_quote(byte)
}

fn is_quote(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

/// The end of a well-formed secret reference at an offset. Without quotes nothing else may follow it.
fn reference(line: &[u8], from: usize) -> Option<usize> {
    let value = line.get(from..)?;
    let (text, end) = match value.split_first()? {
        (quote, rest) if is_quote(quote) => {
            let length = rest.iter().position(|byte| byte == quote)?;
            (rest.get(..length)?, from + length + 2)
        }
        _ => {
            let length = value
                .iter()
                .position(|byte| byte.is_ascii_whitespace() || b",}]#".contains(byte))
                .unwrap_or(value.len());
            let rest = value.get(length..)?.trim_ascii_start();
            if rest.first().is_some_and(|byte| !b",}]#".contains(byte)) {
                return None;
            }
            (value.get(..length)?, from + length)
        }
    };
    let text = std::str::from_utf8(text).ok()?;
    SecretRef::parse(text).is_ok().then_some(end)
}

/// Whether a word of a line names a secret.
fn names_secret(line: &[u8], word: &Range<usize>) -> bool {
    let text = String::from_utf8_lossy(line.get(word.clone()).unwrap_or_default());
    let lower = text.to_lowercase();
    if WORDS.iter().any(|word| lower.contains(word)) {
        return true;
    }
    let parts = parts(&text);
    let parts: Vec<&str> = parts.split(' ').collect();
    if parts.iter().any(|part| WHOLE_WORDS.contains(part))
        || parts
            .windows(2)
            .any(|pair| PAIRS.iter().any(|known| pair == known))
    {
        return true;
    }
    let rest = line.get(word.end..).unwrap_or_default();
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let is_key = matches!(rest.trim_ascii_start().first(), Some(b'=' | b':'));
    is_key
        && lower.len() <= LONGEST_KEY
        && MISSPELT
            .iter()
            .any(|word| strsim::jaro_winkler(&lower, word) >= ALIKE)
}

/// The parts of a key in small letters, a space between them: `smtpPass_2` gives `smtp pass`.
fn parts(key: &str) -> String {
    let mut parts = String::with_capacity(key.len() + 8);
    let mut small = false;
    for character in key.chars() {
        if !character.is_alphabetic() || (small && character.is_uppercase()) {
            parts.push(' ');
        }
        if character.is_alphabetic() {
            parts.extend(character.to_lowercase());
        }
        small = character.is_lowercase();
    }
    parts
}

/// The secrets of `user:secret@host`, with or without a scheme before it.
fn userinfo(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split(|byte| byte.is_ascii_whitespace() || *byte == b'"')
        .filter_map(move |token| {
            let at = start;
            start += token.len() + 1;
            let end = token.iter().rposition(|byte| *byte == b'@')?;
            let begin = find(token, b"://").map_or(0, |scheme| scheme + 3);
            let user = token.get(begin..end)?;
            let colon = begin + user.iter().position(|byte| *byte == b':')? + 1;
            let mail = token.get(..colon)?.ends_with(b"mailto:");
            (colon < end && !mail).then_some(at + colon..at + end)
        })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

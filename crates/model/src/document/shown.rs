//! A document as it may be shown: what could be a secret is covered, what could harm a terminal is replaced.

use std::ops::Range;

use crate::document::SECRET_IN_CLEAR;
use crate::finding::Finding;
use crate::secret::SecretRef;

/// Words that make a key's value a secret, also when misspelt.
const SECRET_WORDS: [&str; 4] = ["password", "passphrase", "secret", "token"];

/// How alike a key must be to one of the words, by Jaro and Winkler's measure.
const ALIKE: f64 = 0.85;

/// The text as it may be shown, byte for byte as long as the document, so that spans hold for both.
///
/// A value that a finding calls a secret in clear is covered. Where the syntax is broken nobody knows the values: there,
/// and for misspelt keys, everything after `password =` and the like is covered unless it is a reference.
pub(crate) fn shown(document: &[u8], findings: &[Finding]) -> String {
    let mut bytes = document.to_vec();
    for range in likely_secrets(document) {
        cover(&mut bytes, range);
    }
    let found = findings
        .iter()
        .filter(|finding| finding.rule == SECRET_IN_CLEAR.name)
        .filter_map(|finding| finding.span);
    for span in found {
        cover(&mut bytes, span.start..span.end);
    }
    let mut text = String::with_capacity(bytes.len());
    for character in String::from_utf8_lossy(&bytes).chars() {
        if character.is_control() && !['\n', '\r', '\t'].contains(&character) {
            text.extend(std::iter::repeat_n('?', character.len_utf8()));
        } else {
            text.push(character);
        }
    }
    text
}

/// The ranges of the values that stand after a key like `password` and are no references, line by line.
fn likely_secrets(document: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for line in document.split_inclusive(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(line);
        if let Some((key, value)) = text.split_once('=') {
            let key = key.rsplit(['.', '{', ',']).next().unwrap_or(key);
            if names_secret(key.trim().trim_matches(['"', '\''])) && !is_reference(value) {
                // In bytes, since a lossy text may be longer than its line.
                let from = line.iter().position(|byte| *byte == b'=').unwrap_or(0) + 1;
                ranges.push(start + from..start + line.len());
            }
        }
        start += line.len();
    }
    ranges
}

fn names_secret(key: &str) -> bool {
    // A key of a real file is short, and comparing costs its length.
    key.len() <= 64
        && SECRET_WORDS
            .iter()
            .any(|word| key.contains(word) || strsim::jaro_winkler(key, word) >= ALIKE)
}

fn is_reference(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let value = value.split(['"', '\'']).next().unwrap_or(value);
    SecretRef::parse(value).is_ok()
}

/// Covers a range with stars, line ends excepted.
fn cover(bytes: &mut [u8], range: Range<usize>) {
    for byte in bytes.get_mut(range).into_iter().flatten() {
        if !byte.is_ascii_whitespace() {
            *byte = b'*';
        }
    }
}

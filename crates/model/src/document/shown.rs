//! A document as it may be shown: what could be a secret is covered, what could harm a terminal is replaced.

use crate::document::SECRET_IN_CLEAR;
use crate::document::hidden::is_hidden;
use crate::document::sensitive::{cover, secrets};
use crate::finding::Finding;

/// The text as it may be shown, byte for byte as long as the document, so that spans hold for both.
///
/// `file` is the document's number among those that the findings are about. A value that a finding calls a secret in clear is covered, and so is whatever looks like one: where the syntax is
/// broken nobody knows the values.
pub(crate) fn shown(document: &[u8], file: usize, findings: &[Finding]) -> String {
    let mut bytes = document.to_vec();
    cover(&mut bytes, secrets(document));
    let found = findings
        .iter()
        .filter(|finding| finding.rule == SECRET_IN_CLEAR.name)
        .filter_map(|finding| finding.span)
        .filter(|span| span.file == file);
    cover(&mut bytes, found.map(|span| span.start..span.end));
    let mut text = String::with_capacity(bytes.len());
    // A byte order mark at the very beginning is none of the text.
    let mark = document.starts_with("\u{feff}".as_bytes());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            let harmful = character.is_control() && !['\n', '\r', '\t'].contains(&character);
            if harmful || (is_hidden(character) && !(mark && text.is_empty())) {
                text.extend(std::iter::repeat_n('?', character.len_utf8()));
            } else {
                text.push(character);
            }
        }
        text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    text
}

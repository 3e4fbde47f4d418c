//! From bytes to tables: size, text, syntax and format, in this order.

use std::ops::Range;

use toml::de::DeTable;

use crate::document::hidden::is_hidden;
use crate::document::{
    DUPLICATE_KEY, HIDDEN_CHARACTER, Kind, NOT_TEXT, Need, Report, SYNTAX, Shape, TOO_LARGE, Table,
    UNKNOWN_FORMAT, quote, tame,
};

/// Largest document that is read, bytes. A real estate has some kilobytes; a mebibyte is parsed in well under a second.
const LARGEST: usize = 1024 * 1024;

/// Parses a document. What is not text or not TOML gives none; what merely repeats a key goes on with the first one, so
/// that everything else is found too.
///
/// Places in the report count from `start`, where the document begins among others; those in the tables do not. Nesting is
/// bounded by the parser itself, at 80 levels.
pub(crate) fn parse<'d>(
    name: &str,
    bytes: &'d [u8],
    start: usize,
    report: &mut Report,
) -> Option<DeTable<'d>> {
    let name = &tame(name);
    report.call(name);
    if bytes.len() > LARGEST {
        report.refuse(
            TOO_LARGE,
            name,
            None,
            "",
            format!(
                "{} has more than 1 MiB, and no more is read: a real file has some kilobytes.",
                quote(name)
            ),
            "Make sure that the right file is given.",
        );
        return None;
    }
    let text = text(name, bytes, start, report)?;
    hidden(name, text, start, report);
    let (root, errors) = DeTable::parse_recoverable(text);
    let (doubles, broken): (Vec<_>, Vec<_>) = errors
        .into_iter()
        .partition(|error| error.message() == "duplicate key");
    for double in doubles {
        let (key, span) = key_at(text, double.span());
        report.refuse(
            DUPLICATE_KEY,
            &crate::document::quote_key(key.trim_matches(['"', '\''])),
            span.map(|span| start + span.start..start + span.end),
            "stands here again",
            format!(
                "{} stands twice in one table, so that it is not clear which one counts.",
                quote(key)
            ),
            "Remove one of the two, or rename it.",
        );
    }
    // After the first error the parser guesses; what it says then is noise.
    if let Some(first) = broken.first() {
        report.refuse(
            SYNTAX,
            name,
            first
                .span()
                .map(|span| start + span.start..start + span.end),
            "here",
            format!("{} is not TOML: {}.", quote(name), first.message()),
            syntax_remedy(first.message()),
        );
        return None;
    }
    Some(root.into_inner())
}

/// Checks that the bytes are UTF-8 without NUL, which no editor shows.
fn text<'d>(name: &str, bytes: &'d [u8], start: usize, report: &mut Report) -> Option<&'d str> {
    let (at, what) = match std::str::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            None => return Some(text),
            Some(at) => (at, "has a NUL byte"),
        },
        Err(error) => (error.valid_up_to(), "is not UTF-8 text"),
    };
    report.refuse(
        NOT_TEXT,
        name,
        Some(start + at..start + at + 1),
        "from here on",
        format!("{} {what}, at byte {at}.", quote(name)),
        "Save the file as UTF-8; UTF-16, which some editors call Unicode, is not read.",
    );
    None
}

/// Reports characters that are not seen; a byte order mark at the very beginning is none of the text.
fn hidden(name: &str, text: &str, start: usize, report: &mut Report) {
    for (line, content) in text.split('\n').enumerate() {
        let offset = content.as_ptr().addr() - text.as_ptr().addr();
        for (column, (at, character)) in content.char_indices().enumerate() {
            let at = offset + at;
            if !is_hidden(character) || (at == 0 && character == '\u{feff}') {
                continue;
            }
            if report.is_full() {
                report.leave_out(HIDDEN_CHARACTER);
                continue;
            }
            report.refuse(
                HIDDEN_CHARACTER,
                name,
                Some(start + at..start + at + character.len_utf8()),
                "not seen",
                format!(
                    "U+{:04X} in line {}, column {}, is not seen and changes how the file looks.",
                    u32::from(character),
                    line + 1,
                    column + 1
                ),
                "Remove the character; retype the line if it cannot be found.",
            );
        }
    }
}

/// The text of a repeated key. The parser's span may be empty or cover a dotted key.
fn key_at(text: &str, span: Option<Range<usize>>) -> (&str, Option<Range<usize>>) {
    let key = span
        .clone()
        .and_then(|span| text.get(span))
        .map_or("A key", str::trim);
    (key, span)
}

/// What to do about the parser's more frequent complaints.
fn syntax_remedy(message: &str) -> &'static str {
    if message.contains("string values must be quoted") {
        "Put quotes around the text: key = \"text\"."
    } else if message.contains("recursion") {
        "Nest less deeply: no part of the format has more than six levels."
    } else if message.contains("invalid unquoted key") || message.contains("key with no value") {
        "Write `key = value`; a key has letters, digits, `-` and `_`."
    } else if message.contains("unclosed") || message.contains("missing comma") {
        "Close what was opened: every `[`, `{` and `\"` needs its counterpart, and a comma stands between entries."
    } else {
        "Mend the line; https://toml.io shows how each kind of value is written."
    }
}

/// Reads the document's `format`. Another version than `wanted` is refused, and nothing else is read.
pub(crate) fn read_format(root: &mut Table<'_, '_>, wanted: u32, report: &mut Report) -> bool {
    if report.describes() {
        let only = Kind::Integer {
            least: wanted.into(),
            most: wanted.into(),
        };
        report.note("format".to_owned(), Shape::Value(only), Need::Required);
        return true;
    }
    if !root.has("format") {
        // The finding says it; the rest of the file is read as the current format.
        let _: u32 = root.required("format", report);
        return true;
    }
    let format: u32 = root.required("format", report);
    if report.doubts("format") || format == wanted {
        return true;
    }
    let (message, remedy) = if format > wanted {
        (
            format!(
                "The file has format {format}, and this version of Reeve reads format {wanted}: the file was written for a newer one."
            ),
            "Use a newer version of Reeve.".to_owned(),
        )
    } else {
        (
            format!("There is no format {format}; this version of Reeve reads format {wanted}."),
            format!("Write `format = {wanted}`."),
        )
    };
    let span = report.span_of("format").map(|span| span.start..span.end);
    report.refuse(UNKNOWN_FORMAT, "format", span, "not known", message, remedy);
    false
}

//! Wording: quoting what a stranger wrote, near misses, lists.

use crate::document::hidden::is_hidden;
use crate::document::sensitive::covered;

/// Longest text of a document that a message repeats, in characters: enough to recognise it.
const LONGEST_QUOTE: usize = 60;

/// How much of a text is looked at for secrets before it is cut, in characters: longer than any password.
const LONGEST_LOOK: usize = 1000;

/// Longest text for which a near miss is looked for; comparing costs its length times the candidates'.
const LONGEST_GUESS: usize = 64;

/// How alike two names must be to be taken for a misspelling, by Jaro and Winkler's measure (1 is equal).
const ALIKE: f64 = 0.84;

/// Shortest name for which two swapped letters, or one wrong, are a misspelling too: shorter names are too close to one another.
const SHORTEST_SLIP: usize = 3;

/// Quotes text out of a document: what could be a secret covered, control characters escaped, so that a terminal stays unharmed, and cut when long.
pub(crate) fn quote(text: &str) -> String {
    let start = text
        .char_indices()
        .nth(LONGEST_LOOK)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text);
    let mut quoted = String::from("`");
    for (count, character) in covered(start).chars().enumerate() {
        if count == LONGEST_QUOTE {
            quoted.push('…');
            break;
        }
        push_tame(&mut quoted, character);
    }
    quoted.push('`');
    quoted
}

/// Text with control characters escaped, whole and without quotes.
pub(crate) fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for character in text.chars() {
        push_tame(&mut tamed, character);
    }
    tamed
}

fn push_tame(text: &mut String, character: char) {
    if character.is_control() || is_hidden(character) {
        text.extend(character.escape_default());
    } else {
        text.push(character);
    }
}

/// A key as a part of a path: bare where TOML would let it be bare, else in quotes.
pub(crate) fn quote_key(key: &str) -> String {
    let bare = !key.is_empty()
        && key.len() <= LONGEST_QUOTE
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare {
        return key.to_owned();
    }
    quote(key).replace('`', "\"")
}

/// The known name that was most likely meant.
pub(crate) fn did_you_mean<'k>(
    wrong: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    if wrong.len() > LONGEST_GUESS {
        return None;
    }
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, name)| *likeness >= ALIKE || is_slip(wrong, name))
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

/// Whether one slip of the finger makes one name of the other: Jaro and Winkler's measure asks for more of short names.
fn is_slip(wrong: &str, name: &str) -> bool {
    wrong.len() >= SHORTEST_SLIP
        && name.len() >= SHORTEST_SLIP
        && strsim::osa_distance(wrong, name) == 1
}

/// Names in a sentence: "`a`, `b` and `c`"; "nothing" when there are none.
pub(crate) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut quoted: Vec<String> = names.into_iter().map(quote).collect();
    match quoted.pop() {
        None => "nothing".to_owned(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} and {last}", quoted.join(", ")),
    }
}

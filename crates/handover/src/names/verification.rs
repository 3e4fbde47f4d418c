//! What came of asking a server for every name: right, wrong, missing, stale or unknown.

use std::fmt;

use askama::Template;

use super::table;
use crate::page::RenderError;

/// What a server's answer to one record is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameVerdict {
    /// The server answers as was asked for.
    Right,
    /// It answers something else.
    Wrong,
    /// It knows no such record.
    Missing,
    /// It answers what an earlier design asked for, or still answers what is asked for no more.
    Stale,
    /// It could not be told: no answer, refused, or the record itself is awaited.
    Unknown,
}

impl fmt::Display for NameVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        })
    }
}

impl NameVerdict {
    /// All of them, in the order of counting.
    const ALL: [Self; 5] = [
        Self::Right,
        Self::Wrong,
        Self::Missing,
        Self::Stale,
        Self::Unknown,
    ];

    /// The class of the report's style sheet.
    fn class(self) -> &'static str {
        match self {
            Self::Right => "holds",
            Self::Wrong | Self::Missing | Self::Stale => "fails",
            Self::Unknown => "unknown",
        }
    }
}

/// One record and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedName {
    /// Name, fully qualified.
    pub name: String,
    /// Type: `A`, `CNAME`.
    pub kind: String,
    /// What was asked for; empty for a stale record that is asked for no more.
    pub expected: String,
    /// What the server said, or why it said nothing. It comes from a server that is not ours: it is shown as text, cut
    /// to a length.
    pub found: String,
    /// What that is worth.
    pub verdict: NameVerdict,
}

/// How many of each verdict, in one line.
fn count(rows: &[VerifiedName]) -> String {
    NameVerdict::ALL
        .into_iter()
        .map(|verdict| {
            let count = rows.iter().filter(|row| row.verdict == verdict).count();
            format!("{count} {verdict}")
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// Writes the result as a table of plain text, with a count at its end.
pub fn verification_text(rows: &[VerifiedName]) -> String {
    let mut cells = vec![
        ["VERDICT", "NAME", "TYPE", "EXPECTED", "FOUND"]
            .map(str::to_owned)
            .to_vec(),
    ];
    cells.extend(rows.iter().map(|row| {
        vec![
            row.verdict.to_string(),
            table::line(&row.name),
            table::line(&row.kind),
            shown(&row.expected),
            shown(&row.found),
        ]
    }));
    format!("{}\n{}\n", table::aligned(&cells), count(rows))
}

fn shown(text: &str) -> String {
    if text.trim().is_empty() {
        "—".to_owned()
    } else {
        table::line(text)
    }
}

#[derive(Template)]
#[template(path = "names.html")]
struct Fragment<'a> {
    server: String,
    count: String,
    rows: &'a [VerifiedName],
}

/// Writes the result as a table for the report, which has the style sheet.
///
/// # Errors
/// Fails when the template does; no input makes it.
pub fn verification_html(server: &str, rows: &[VerifiedName]) -> Result<String, RenderError> {
    let fragment = Fragment {
        server: table::line(server),
        count: count(rows),
        rows,
    };
    Ok(fragment.render()?)
}

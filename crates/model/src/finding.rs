//! Findings: what a checker has to say, all of it at once.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Advice,
    /// Should be mended or waived.
    Warning,
    /// Nothing is designed, planned or applied until it is mended or waived.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A range of bytes in one of the files of an estate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Which file: 0 is the estate itself, 1 the one that it extends, and so on.
    #[serde(default, skip_serializing_if = "is_first")]
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Whether a file is the estate itself, which needs not be said.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_first(file: &usize) -> bool {
    *file == 0
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self {
            file: 0,
            start: range.start,
            end: range.end,
        }
    }
}

/// One thing that a checker found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name, stable and greppable: `bastion-on-22`.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about, as a path in the estate: `environments.production.bastion.port`.
    pub subject: String,
    /// What is wrong and why, in a sentence or two.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// Where in the file, if it is about something in the file.
    pub span: Option<Span>,
    /// A short label for the span.
    pub label: Option<String>,
    /// The waiver that covers it.
    pub waived: Option<Waiver>,
}

impl Finding {
    /// Whether it stops the road: an error that nobody waived.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Error && self.waived.is_none()
    }
}

/// Somebody's word that a finding is accepted for a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Waiver {
    /// The rule that is waived.
    pub rule: String,
    /// The subject that it is waived for.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts.
    pub expires: Date,
}

/// Something that the customer has not given yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Awaited {
    /// What is awaited.
    pub what: String,
    /// From whom.
    pub from: String,
    /// Since when.
    pub since: Date,
    /// What cannot go on without it.
    pub blocks: Vec<String>,
}

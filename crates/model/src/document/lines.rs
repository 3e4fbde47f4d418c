//! Lines of a document: which are too long to be shown, and where a byte stands.

use crate::finding::{Finding, Span};

/// Longest line that is shown beside a finding, bytes: a few lines of a terminal.
const LONGEST: usize = 400;

/// Where the lines of a document begin, and which are too long to be shown.
pub(crate) struct Lines<'d> {
    text: &'d [u8],
    starts: Vec<usize>,
    long: Vec<usize>,
}

impl<'d> Lines<'d> {
    /// Finds the lines.
    pub(crate) fn of(text: &'d [u8]) -> Self {
        let mut lines = Self {
            text,
            starts: Vec::new(),
            long: Vec::new(),
        };
        let mut start = 0;
        for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            lines.starts.push(start);
            if line.len() > LONGEST {
                lines.long.push(number);
            }
            start += line.len();
        }
        lines
    }

    /// Whether showing a place, with a line before and after it, would show a line that is too long.
    pub(crate) fn too_long_at(&self, span: Span) -> bool {
        let first = self.line(span.start).saturating_sub(1);
        let last = self.line(span.end) + 1;
        let next = self.long.partition_point(|long| *long < first);
        self.long.get(next).is_some_and(|long| *long <= last)
    }

    /// Takes the place of a finding on lines that are too long, and says it in words.
    pub(crate) fn spell_out(&self, finding: &mut Finding) {
        let Some(span) = finding.span.filter(|span| self.too_long_at(*span)) else {
            return;
        };
        let (line, column) = self.place(span.start);
        finding.span = None;
        finding.message += &format!(" It stands in line {line}, column {column}.");
    }

    /// The line and the column of a byte, both from one; columns count characters.
    pub(crate) fn place(&self, byte: usize) -> (usize, usize) {
        let line = self.line(byte);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = self.text.get(start..byte).unwrap_or_default();
        (
            line + 1,
            String::from_utf8_lossy(before).chars().count() + 1,
        )
    }

    /// The line of a byte, from zero.
    fn line(&self, byte: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= byte)
            .saturating_sub(1)
    }
}

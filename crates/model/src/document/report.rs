//! What is found while a document is read and checked, and where in the document things stand.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::document::sensitive::without_userinfo;
use crate::document::{Asked, Check, Need, Shape};
use crate::finding::{Finding, Severity, Span};
use crate::secret::SecretRef;

/// Most findings that are kept. Nobody reads more at once, and a hostile file could have a hundred thousand.
const MOST_FINDINGS: usize = 200;

/// Findings, the places of paths in the document, and the paths that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Report {
    document: String,
    findings: Vec<Finding>,
    spans: BTreeMap<String, Span>,
    faulty: BTreeSet<String>,
    partial: BTreeSet<String>,
    beyond: usize,
    beyond_blocks: bool,
    asked: Option<Vec<Asked>>,
    secrets: BTreeMap<String, SecretRef>,
}

impl Report {
    /// A report of what a reader asks for, instead of what it finds: there is no document.
    pub(crate) fn describing() -> Self {
        Self {
            asked: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Whether there is no document, and the reader is only asked what it would read.
    pub(crate) fn describes(&self) -> bool {
        self.asked.is_some()
    }

    /// Notes what the reader asked for. What is asked for again is no news.
    pub(crate) fn note(&mut self, path: String, shape: Shape, need: Need) {
        let asked = self.asked.get_or_insert_default();
        if asked.iter().all(|earlier| earlier.path != path) {
            asked.push(Asked { path, shape, need });
        }
    }

    /// Everything that the reader asked for, in its order.
    pub(crate) fn into_asked(self) -> Vec<Asked> {
        self.asked.unwrap_or_default()
    }

    /// Remembers a reference to a secret that was read.
    pub(crate) fn refer(&mut self, path: &str, reference: &SecretRef) {
        self.secrets.insert(path.to_owned(), reference.clone());
    }

    /// The references to secrets, by path.
    pub(crate) fn take_secrets(&mut self) -> BTreeMap<String, SecretRef> {
        std::mem::take(&mut self.secrets)
    }

    /// Remembers what the document is called: the subject of what is said about all of it.
    pub(crate) fn call(&mut self, document: &str) {
        document.clone_into(&mut self.document);
    }

    /// Remembers where a path stands in the document.
    pub(crate) fn place(&mut self, path: &str, span: Range<usize>) {
        self.spans.insert(path.to_owned(), span.into());
    }

    /// Remembers that a path could not be read: no check speaks of it, or of anything below it, from here on.
    pub(crate) fn fault(&mut self, path: &str) {
        self.faulty.insert(path.to_owned());
    }

    /// Remembers that a part of a table could not be had: nothing in it counts as missing, and no check speaks of it. The
    /// empty path is the whole document.
    pub(crate) fn lack(&mut self, path: &str) {
        self.fault(path);
        self.partial.insert(path.to_owned());
    }

    /// Whether a part of the table at a path, or of one above it, could not be had.
    pub(crate) fn lacks(&self, path: &str) -> bool {
        self.partial.contains("")
            || std::iter::successors(Some(path), |path| parent(path))
                .any(|path| self.partial.contains(path))
    }

    /// Whether anything at all could not be read.
    pub(crate) fn is_faulty(&self) -> bool {
        !self.faulty.is_empty()
    }

    /// Whether a path, or anything above or below it, could not be read.
    pub(crate) fn doubts(&self, path: &str) -> bool {
        let above = std::iter::successors(Some(path), |path| parent(path))
            .any(|path| self.faulty.contains(path));
        above
            || self
                .faulty
                .range(path.to_owned()..)
                .take_while(|faulty| faulty.starts_with(path))
                .any(|faulty| {
                    faulty
                        .get(path.len()..)
                        .is_some_and(|rest| rest.starts_with(['.', '[']))
                })
    }

    /// Where a path stands; for a path that is not in the document, where the nearest one above it does.
    pub(crate) fn span_of(&self, path: &str) -> Option<Span> {
        nearest(&self.spans, path)
    }

    /// The places of all paths, for what is found later.
    pub(crate) fn take_spans(&mut self) -> BTreeMap<String, Span> {
        std::mem::take(&mut self.spans)
    }

    /// Adds a finding about a path that was read; about a path in doubt nothing is said.
    pub(crate) fn add(
        &mut self,
        check: Check,
        subject: &str,
        label: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if !self.lacks(subject) && !self.doubts(subject) {
            let span = self.span_of(subject);
            self.push(check, subject, span, label, message.into(), remedy.into());
        }
    }

    /// Adds a finding about a value that cannot be read, and remembers its path as faulty.
    pub(crate) fn refuse(
        &mut self,
        check: Check,
        subject: &str,
        span: Option<Range<usize>>,
        label: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.fault(subject);
        let span = span.map(Span::from);
        self.push(check, subject, span, label, message.into(), remedy.into());
    }

    fn push(
        &mut self,
        check: Check,
        subject: &str,
        span: Option<Span>,
        label: &str,
        message: String,
        remedy: String,
    ) {
        if self.is_full() {
            self.leave_out(check);
            return;
        }
        self.findings.push(Finding {
            rule: check.name.to_owned(),
            severity: check.severity,
            subject: without_userinfo(subject),
            message: without_userinfo(&message),
            remedy: without_userinfo(&remedy),
            span,
            label: (!label.is_empty()).then(|| without_userinfo(label)),
            waived: None,
        });
    }

    /// Whether nothing more is kept, so that wording it would be for nothing.
    pub(crate) fn is_full(&self) -> bool {
        self.findings.len() >= MOST_FINDINGS
    }

    /// Counts a finding that is not kept.
    pub(crate) fn leave_out(&mut self, check: Check) {
        self.beyond += 1;
        self.beyond_blocks |= check.severity == Severity::Error;
    }

    /// The findings so far, for those who attach waivers to them.
    pub(crate) fn findings_mut(&mut self) -> &mut Vec<Finding> {
        &mut self.findings
    }

    /// All findings in the order of the document, then those without a place in it, then how many were left out.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        self.findings
            .sort_by(|left, right| order(left).cmp(&order(right)).then(left.cmp(right)));
        self.findings.dedup();
        if self.beyond > 0 {
            self.findings.push(Finding {
                rule: "more-findings".to_owned(),
                severity: if self.beyond_blocks {
                    Severity::Error
                } else {
                    Severity::Warning
                },
                subject: self.document,
                message: format!(
                    "{} more findings are not shown: only the first {MOST_FINDINGS} are kept.",
                    self.beyond
                ),
                remedy: "Mend what is shown and check again.".to_owned(),
                span: None,
                label: None,
                waived: None,
            });
        }
        self.findings
    }
}

/// The place of a path, or of the nearest one above it that has one.
pub(crate) fn nearest(spans: &BTreeMap<String, Span>, path: &str) -> Option<Span> {
    std::iter::successors(Some(path), |path| parent(path)).find_map(|path| spans.get(path).copied())
}

/// Sorts by place; what has none comes last.
fn order(finding: &Finding) -> (bool, Option<Span>) {
    (finding.span.is_none(), finding.span)
}

/// The path above: `a.b[1]` gives `a.b`, which gives `a`, which gives none.
fn parent(path: &str) -> Option<&str> {
    path.rfind(['.', '[']).and_then(|cut| path.get(..cut))
}

//! From the bytes of `estate.toml` to an estate and everything that is to be said about it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::catalog::Catalog;
use crate::document::{self, Check, Lines, Report, Table, nearest, parse, read_format};
use crate::estate::{Estate, check, like, sections, waiver};
use crate::finding::{Awaited, Finding, Span};

/// The format of `estate.toml` that this version reads.
pub const FORMAT: u32 = 1;

/// What came of reading an estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The estate, if all of the file could be read. It may still have findings that block.
    pub estate: Option<Estate>,
    /// Everything that was found, in the order of the file, waivers attached.
    pub findings: Vec<Finding>,
    /// What the customer has not given yet, and what each item blocks.
    pub awaited: Vec<Awaited>,
    /// The text as it may be shown beside findings: as long as the file, so that spans hold, with secrets covered and
    /// control characters replaced.
    pub shown: String,
    /// Where each path stands in the file.
    spans: BTreeMap<String, Span>,
}

impl Reading {
    /// The estate, if nothing stands in the way of designing it.
    pub fn ready(&self) -> Option<&Estate> {
        self.estate
            .as_ref()
            .filter(|_| !self.findings.iter().any(Finding::blocks))
    }

    /// Where a subject stands in the file, or the nearest thing above it that does: for findings of a design, which
    /// knows paths and no places.
    pub fn span_of(&self, subject: &str) -> Option<Span> {
        nearest(&self.spans, subject)
    }
}

/// Reads an estate and checks it against the catalogue. `name` is what messages call the file; `today` decides which
/// waivers still count.
///
/// Spans are ranges of bytes in `text`. Whatever `text` holds, reading ends, and with at most a few hundred findings.
pub fn read(name: &str, text: &[u8], catalog: &Catalog, today: Date) -> Reading {
    let mut report = Report::default();
    let estate = parse(name, text, &mut report).and_then(|root| {
        let mut root = Table::root(&root);
        read_format(&mut root, FORMAT, &mut report).then(|| sections::estate(root, &mut report))
    });
    if let Some(estate) = &estate {
        check::all(estate, catalog, today, &mut report);
        like::drop_echoes(report.findings_mut(), &likes(estate));
        waiver::attach(estate, today, &mut report);
    }
    let awaited = estate
        .as_ref()
        .filter(|_| !report.doubts("awaiting"))
        .map(|estate| estate.awaited.clone())
        .unwrap_or_default();
    let estate = estate.filter(|_| !report.is_faulty());
    let lines = Lines::of(text);
    let mut spans = report.take_spans();
    spans.retain(|_, span| !lines.too_long_at(*span));
    let mut findings = report.finish();
    // While the findings still say where the secrets are.
    let shown = document::shown(text, &findings);
    lines.spell_out(&mut findings);
    Reading {
        shown,
        estate,
        findings,
        awaited,
        spans,
    }
}

/// Every check of an estate: the names that findings and waivers carry, and what each means.
pub fn checks() -> impl Iterator<Item = Check> {
    document::ALL
        .into_iter()
        .chain([like::UNKNOWN_LIKE])
        .chain(check::cards())
        .chain(waiver::CHECKS.iter().copied())
}

/// What each environment was declared like.
fn likes(estate: &Estate) -> BTreeMap<String, String> {
    estate
        .environments
        .iter()
        .filter_map(|(name, environment)| {
            let like = environment.like.as_ref()?;
            Some((name.to_string(), like.to_string()))
        })
        .collect()
}

//! From the bytes of `estate.toml` to an estate and everything that is to be said about it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::catalog::Catalog;
use crate::document::{self, Check, Lines, Report, Table, nearest, read_format};
use crate::estate::layers::{self, Source, Sources};
use crate::estate::{Estate, check, like, sections, waiver};
use crate::finding::{Awaited, Finding, Span};
use crate::secret::SecretRef;

/// The format of `estate.toml` that this version reads.
pub const FORMAT: u32 = 1;

/// What came of reading an estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The estate, if all of it could be read. It may still have findings that block.
    pub estate: Option<Estate>,
    /// Everything that was found, in the order of the files, waivers attached.
    pub findings: Vec<Finding>,
    /// What the customer has not given yet, and what each item blocks.
    pub awaited: Vec<Awaited>,
    /// The files as they may be shown beside findings; spans count them.
    pub files: Vec<Shown>,
    /// The references to secrets, by the paths where they stand.
    pub secrets: BTreeMap<String, SecretRef>,
    /// Where each path stands.
    spans: BTreeMap<String, Span>,
}

/// A file as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What messages call it.
    pub name: String,
    /// Its text: as long as the file, so that spans hold, with secrets covered and control characters replaced.
    pub text: String,
}

impl Reading {
    /// The estate, if nothing stands in the way of designing it.
    pub fn ready(&self) -> Option<&Estate> {
        self.estate
            .as_ref()
            .filter(|_| !self.findings.iter().any(Finding::blocks))
    }

    /// Where a subject stands, or the nearest thing above it that does: for findings of a design, which knows paths and
    /// no places.
    pub fn span_of(&self, subject: &str) -> Option<Span> {
        nearest(&self.spans, subject)
    }
}

/// Reads an estate that is one file. `name` is what messages call it; for the rest see [`read_files`].
pub fn read(name: &str, text: &[u8], catalog: &Catalog, today: Date) -> Reading {
    let estate = Source {
        name: name.to_owned(),
        identity: name.to_owned(),
        text: text.to_vec(),
    };
    read_files(&Sources::new(estate), catalog, today)
}

/// Reads an estate and checks it against the catalogue; `today` decides which waivers still count.
///
/// Spans are ranges of bytes in one of the files. Whatever these hold, reading ends, and with at most a few hundred
/// findings.
pub fn read_files(sources: &Sources, catalog: &Catalog, today: Date) -> Reading {
    let mut report = Report::default();
    let estate = layers::merge(sources, &mut report).and_then(|root| {
        let mut root = Table::root(&root);
        read_format(&mut root, FORMAT, &mut report).then(|| {
            layers::extended(&mut root, &mut report);
            sections::estate(root, &mut report)
        })
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
    let secrets = report.take_secrets();
    let mut spans = report.take_spans();
    let mut findings = report.finish();
    let places = findings
        .iter_mut()
        .filter_map(|finding| finding.span.as_mut());
    for span in spans.values_mut().chain(places) {
        *span = sources.place(*span);
    }
    let lines: Vec<_> = sources.files().map(|file| Lines::of(&file.text)).collect();
    let too_long = |span: Span| {
        lines
            .get(span.file)
            .is_some_and(|lines| lines.too_long_at(span))
    };
    spans.retain(|_, span| !too_long(*span));
    // While the findings still say where the secrets are.
    let files = shown(sources, &findings);
    for finding in &mut findings {
        if let Some(lines) = finding.span.and_then(|span| lines.get(span.file)) {
            lines.spell_out(finding);
        }
    }
    Reading {
        files,
        estate,
        findings,
        awaited,
        secrets,
        spans,
    }
}

/// The files as they may be shown.
pub(super) fn shown(sources: &Sources, findings: &[Finding]) -> Vec<Shown> {
    let files = sources.files().enumerate().map(|(number, file)| Shown {
        name: file.name.clone(),
        text: document::shown(&file.text, number, findings),
    });
    files.collect()
}

/// Every check of an estate: the names that findings and waivers carry, and what each means.
pub fn checks() -> impl Iterator<Item = Check> {
    document::ALL
        .into_iter()
        .chain([layers::EXTENDS, like::UNKNOWN_LIKE])
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

//! The report as one self-contained, printable page.

use askama::Template;
use model::claim::{Peer, Witness};
use model::{Assessment, Evidence, Setting, Severity, Verdict};

use crate::report::{Report, Totals, count, totals};

/// Why a page or a file could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("render the text")]
pub struct RenderError(#[from] askama::Error);

/// What a rehearsal can tell: live evidence is not its to give.
const REHEARSAL: [Setting; 2] = [Setting::Planned, Setting::Rehearsed];

#[derive(Template)]
#[template(path = "report.html", whitespace = "minimize")]
struct Page<'a> {
    report: &'a Report,
    /// An SVG element of Reeve's own making: it goes into the page as it is.
    diagram: &'a str,
    sections: Vec<Section<'a>>,
    failing: Vec<&'a Assessment>,
    undecided: Vec<&'a Assessment>,
    rehearsal: Totals,
    live_missing: usize,
    longest_ms: u64,
}

/// The claims of one environment, or of the whole estate.
struct Section<'a> {
    title: String,
    totals: Totals,
    claims: Vec<&'a Assessment>,
}

/// Renders a report and its diagram (an `<svg>` element) as one page that needs nothing else.
///
/// # Errors
/// Fails when the template does; no input makes it.
pub fn html(report: &Report, diagram: &str) -> Result<String, RenderError> {
    let with = |wanted| {
        report
            .claims
            .iter()
            .filter(move |claim| claim.within(&REHEARSAL) == Some(wanted))
            .collect::<Vec<_>>()
    };
    let page = Page {
        report,
        diagram,
        sections: sections(report),
        failing: with(Verdict::Fails),
        undecided: with(Verdict::Unknown),
        rehearsal: totals(&report.claims, &REHEARSAL),
        live_missing: report
            .claims
            .iter()
            .filter(|claim| claim.missing.contains(&Setting::Live))
            .count(),
        longest_ms: report
            .phases
            .iter()
            .map(|phase| phase.took_ms)
            .max()
            .unwrap_or(1)
            .max(1),
    };
    page.render().map_err(RenderError)
}

fn sections(report: &Report) -> Vec<Section<'_>> {
    let mut environments: Vec<_> = report
        .claims
        .iter()
        .map(|a| a.claim.environment.clone())
        .collect();
    environments.sort();
    environments.dedup();
    environments
        .into_iter()
        .map(|environment| {
            let claims: Vec<_> = report
                .claims
                .iter()
                .filter(|a| a.claim.environment == environment)
                .collect();
            let title =
                environment.map_or_else(|| "The whole estate".to_owned(), |name| name.to_string());
            Section {
                title,
                totals: count(claims.iter().copied(), &REHEARSAL),
                claims,
            }
        })
        .collect()
}

/// What the template asks of an assessment.
trait Shown {
    fn cell(&self, setting: &Setting) -> Cell;
}

/// One cell of the claims table: a word and the class that colours it.
struct Cell {
    class: &'static str,
    text: String,
}

impl Shown for &Assessment {
    fn cell(&self, setting: &Setting) -> Cell {
        if !self.claim.required_settings().contains(setting) {
            return Cell {
                class: "none",
                text: "not asked".to_owned(),
            };
        }
        let count = self
            .evidence
            .iter()
            .filter(|item| item.setting == *setting)
            .count();
        match self.verdicts.get(setting) {
            Some(verdict) if !self.missing.contains(setting) => Cell {
                class: class(verdict),
                text: format!("{verdict} ({count})"),
            },
            Some(verdict) => Cell {
                class: class(&verdict.and(Verdict::Unknown)),
                text: format!("{verdict} so far ({count}), rest missing"),
            },
            None => Cell {
                class: "missing",
                text: "missing".to_owned(),
            },
        }
    }
}

/// Whether a claim's answers are shown without being asked for: where one of them fails. The others stay closed, on
/// paper too, unless the reader opens them before printing.
fn told(assessment: &Assessment) -> bool {
    let mut verdicts = assessment.evidence.iter().map(|item| item.verdict);
    verdicts.any(|verdict| verdict == Verdict::Fails)
}

fn class(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::Unknown => "unknown",
    }
}

fn severity_class(severity: &Severity, waived: bool) -> &'static str {
    match (waived, severity) {
        (true, _) => "none",
        (false, Severity::Error) => "fails",
        (false, Severity::Warning) => "unknown",
        (false, Severity::Advice) => "none",
    }
}

/// A peer in words, where there is one.
fn peer(peer: &Peer) -> String {
    peer.to_string()
}

fn failing_evidence(assessment: &Assessment) -> Vec<&Evidence> {
    assessment
        .evidence
        .iter()
        .filter(|item| item.verdict != Verdict::Holds)
        .collect()
}

fn witness(evidence: &Evidence) -> Option<&Witness> {
    evidence.witness.as_ref()
}

/// Thousands apart, for people: 61 234.
fn grouped(number: &u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn milliseconds(took: &u64) -> String {
    if *took < 1000 {
        format!("{took} ms")
    } else {
        format!("{}.{:01} s", took / 1000, took % 1000 / 100)
    }
}

fn mebibytes(bytes: &u64) -> u64 {
    bytes >> 20
}

/// A bar's length in percent of the longest.
fn share(took: &u64, longest: &u64) -> u64 {
    (took * 100 / (*longest).max(1)).max(1)
}

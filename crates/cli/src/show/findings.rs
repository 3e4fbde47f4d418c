//! Findings, with their place in the file.

use std::io::IsTerminal;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use model::estate::Shown;
use model::finding::Awaited;
use model::{Finding, Severity};

use super::Paint;

#[cfg(test)]
mod goldens;

/// Who reads what is shown, which decides on colours.
#[derive(Clone, Copy)]
pub(crate) enum Reader {
    /// Standard output: findings are what was asked for.
    Results,
    /// Standard error: they are why something else was not done.
    Narration,
}

impl Reader {
    fn paint(self) -> Paint {
        Paint::of(match self {
            Self::Results => std::io::stdout().is_terminal(),
            Self::Narration => std::io::stderr().is_terminal(),
        })
    }
}

/// All findings, and a line that counts them.
pub(crate) fn findings(files: &[Shown], findings: &[Finding], reader: Reader) -> String {
    let paint = reader.paint();
    let mut shown = String::new();
    for finding in findings.iter().filter(|finding| finding.waived.is_none()) {
        shown.push_str(&one(files, finding, paint));
        shown.push('\n');
    }
    for finding in findings {
        if let Some(waiver) = &finding.waived {
            shown.push_str(&format!(
                "{} {} at {}: {} ({}, until {})\n",
                paint.open("waived"),
                finding.rule,
                finding.subject,
                waiver.reason,
                waiver.owner,
                waiver.expires
            ));
        }
    }
    shown + &counted(findings)
}

/// One finding, with its place in its file.
fn one(files: &[Shown], finding: &Finding, paint: Paint) -> String {
    let theme = if paint.0 {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110);
    let file = files.get(finding.span.map_or(0, |span| span.file));
    let (name, text) = file.map_or(("", ""), |file| (&file.name, &file.text));
    let report =
        Report::new(diagnostic(finding)).with_source_code(NamedSource::new(name, text.to_owned()));
    let mut shown = String::new();
    if handler.render_report(&mut shown, report.as_ref()).is_ok() {
        return shown;
    }
    // A span that does not fit the text must not hide the finding.
    format!(
        "{}: {}\n  {}\n",
        finding.severity, finding.message, finding.remedy
    )
}

fn diagnostic(finding: &Finding) -> MietteDiagnostic {
    let severity = match finding.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Advice => miette::Severity::Advice,
    };
    let mut diagnostic = MietteDiagnostic::new(format!("{}: {}", finding.subject, finding.message))
        .with_code(finding.rule.clone())
        .with_severity(severity)
        .with_help(finding.remedy.clone());
    if let Some(span) = finding.span {
        let label = finding.label.clone();
        diagnostic = diagnostic.with_label(LabeledSpan::new(
            label,
            span.start,
            span.end.saturating_sub(span.start),
        ));
    }
    diagnostic
}

fn counted(findings: &[Finding]) -> String {
    let count = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity && finding.waived.is_none())
            .count()
    };
    let waived = findings
        .iter()
        .filter(|finding| finding.waived.is_some())
        .count();
    let plural = |number: usize, word: &str| {
        format!("{number} {word}{}", if number == 1 { "" } else { "s" })
    };
    format!(
        "{}, {}, {} advice, {waived} waived",
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Warning), "warning"),
        count(Severity::Advice)
    )
}

/// What the customer has not given yet, and what each item blocks, a line each.
pub(crate) fn awaited(items: &[Awaited]) -> Vec<String> {
    let paint = Reader::Results.paint();
    let line = |item: &Awaited| {
        format!(
            "{} {}, from {} since {}; blocks: {}",
            paint.open("awaited"),
            item.what,
            item.from,
            item.since,
            if item.blocks.is_empty() {
                "nothing".to_owned()
            } else {
                item.blocks.join(", ")
            }
        )
    };
    items.iter().map(line).collect()
}

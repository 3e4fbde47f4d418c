//! Findings, with their place in the file.

use std::io::IsTerminal;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use model::finding::Awaited;
use model::{Finding, Severity};

use super::Paint;

/// Shows all findings on standard error, and a line that counts them.
pub(crate) fn findings(name: &str, text: &str, findings: &[Finding]) {
    let terminal = std::io::stderr().is_terminal();
    let paint = Paint::of(terminal);
    let theme = if paint.0 {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110);
    for finding in findings.iter().filter(|finding| finding.waived.is_none()) {
        let report = Report::new(diagnostic(finding))
            .with_source_code(NamedSource::new(name, text.to_owned()));
        let mut shown = String::new();
        if handler.render_report(&mut shown, report.as_ref()).is_ok() {
            errln!("{shown}");
        } else {
            // A span that does not fit the text must not hide the finding.
            errln!(
                "{}: {}\n  {}\n",
                finding.severity,
                finding.message,
                finding.remedy
            );
        }
    }
    for finding in findings {
        if let Some(waiver) = &finding.waived {
            errln!(
                "{} {} at {}: {} ({}, until {})",
                paint.open("waived"),
                finding.rule,
                finding.subject,
                waiver.reason,
                waiver.owner,
                waiver.expires
            );
        }
    }
    errln!("{}", counted(findings));
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

/// Shows what the customer has not given yet, and what each item blocks.
pub(crate) fn awaited(items: &[Awaited]) {
    let paint = Paint::of(std::io::stderr().is_terminal());
    for item in items {
        errln!(
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
        );
    }
}

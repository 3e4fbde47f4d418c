//! A file with many faults: all of them at once, in the order of the file.

use std::fmt::Write as _;

use crate::acme::reading;

const FAULTY: &str = include_str!("many-faults.toml");
const EXPECTED: &str = include_str!("many-faults.txt");

/// Findings without any rendering: line, severity, rule, subject, what the span covers, label, message, remedy.
fn listing(text: &str) -> String {
    let mut listing = String::new();
    for finding in reading(text).findings {
        let (line, covered) = match finding.span {
            Some(span) => (
                1 + text
                    .get(..span.start)
                    .unwrap_or_default()
                    .matches('\n')
                    .count(),
                text.get(span.start..span.end).unwrap_or_default(),
            ),
            None => (0, ""),
        };
        let _ = writeln!(
            listing,
            "{line}: {} {} {}\n  {covered}\n  {}\n  {}\n  {}",
            finding.severity,
            finding.rule,
            finding.subject,
            finding.label.unwrap_or_default(),
            finding.message,
            finding.remedy
        );
    }
    listing
}

#[test]
fn are_all_found_at_once() {
    let found = listing(FAULTY);
    assert!(found == EXPECTED, "many-faults.txt should be:\n{found}");
}

//! The example estate with one fault each: which rule finds it, and where.

mod document;
mod environments;
mod people;
mod places;
mod together;

use std::collections::BTreeSet;

use crate::acme::{ACME, reading};

/// A fault, and what must be found.
pub(crate) struct Fault {
    /// What is wrong.
    pub(crate) name: &'static str,
    /// What of the example is replaced by what; each text must be there exactly once.
    pub(crate) edits: &'static [(&'static str, &'static str)],
    /// The rule that finds it.
    pub(crate) rule: &'static str,
    /// The subject of the finding.
    pub(crate) subject: &'static str,
    /// The text that the finding's span covers; empty when it has no place in the file.
    pub(crate) at: &'static str,
}

/// The example with the edits made.
pub(crate) fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(ACME.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "`{from}` must be there once");
        text.replacen(from, to, 1)
    })
}

/// Checks that the fault is found where it is, with a remedy, and that nothing else is.
pub(crate) fn check(fault: &Fault) {
    let text = edited(fault.edits);
    let reading = reading(&text);
    let open: Vec<_> = reading
        .findings
        .iter()
        .filter(|finding| finding.waived.is_none())
        .collect();
    let rules: BTreeSet<_> = open.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(
        rules,
        BTreeSet::from([fault.rule]),
        "{}: {open:#?}",
        fault.name
    );
    let finding = open.iter().find(|finding| finding.subject == fault.subject);
    assert!(
        finding.is_some(),
        "{}: not about {}: {open:#?}",
        fault.name,
        fault.subject
    );
    let finding = finding.expect("was just asserted");
    let covered = finding
        .span
        .map_or(Some(""), |span| text.get(span.start..span.end));
    assert_eq!(covered, Some(fault.at), "{}", fault.name);
    assert!(
        finding.remedy.ends_with('.') || finding.remedy.ends_with('?'),
        "{}: {}",
        fault.name,
        finding.remedy
    );
    assert!(
        finding.message.ends_with('.'),
        "{}: {}",
        fault.name,
        finding.message
    );
    assert!(finding.label.is_some(), "{}", fault.name);
}

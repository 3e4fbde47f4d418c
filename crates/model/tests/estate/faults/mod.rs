//! An estate with one fault each: which rule finds it, and where. The faults stand in the files of this folder, one file
//! for a subject; how their findings read is kept with the program that shows them.
//!
//! The estate is one of this folder's own, so that what is changed in the example moves no line of a golden.

mod coverage;
mod fixture;

use std::collections::BTreeSet;

use model::catalog::Catalog;
use model::estate::{Reading, read};

use crate::acme::{ACME, TODAY};
use fixture::{Fault, Subject};

macro_rules! subjects {
    ($($name:literal),+ $(,)?) => {
        /// Every file of faults.
        const SUBJECTS: &[(&str, &str)] = &[$(($name, include_str!(concat!($name, ".toml")))),+];
    };
}

subjects![
    "accounts",
    "awaiting",
    "backups",
    "balancers",
    "bastions",
    "calls",
    "certificates",
    "databases",
    "dns",
    "document",
    "environments",
    "images",
    "likeness",
    "link",
    "mail",
    "monitoring",
    "names",
    "operator",
    "operator-vpc",
    "outbound",
    "people",
    "products",
    "ranges",
    "recovery",
    "regions",
    "servers",
    "terms",
    "waivers",
    "windows",
];

/// The estate that faults are made in: there is nothing else to be found in it.
const ESTATE: &str = include_str!("ground/estate.toml");

/// A product of nobody's, with a pattern that none of the embedded ones has.
const OWN_PRODUCT: (&str, &str) = ("three-zones.toml", include_str!("ground/three-zones.toml"));

/// The example with the edits made.
pub(crate) fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(ACME.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "`{from}` must be there once");
        text.replacen(from, to, 1)
    })
}

/// Reads an estate against the embedded catalogue and the product of nobody's.
fn reading(text: &[u8]) -> Reading {
    let mut catalog = Catalog::embedded();
    let own = Catalog::parse(&[OWN_PRODUCT]);
    assert!(own.findings.values().all(Vec::is_empty), "{own:?}");
    catalog.merge(own.catalog);
    read("estate.toml", text, &catalog, TODAY)
}

/// What is not as it should be of a fault: it is to be found where it is, with a remedy, and nothing else but what comes
/// with it.
fn check(subject: &Subject, fault: &Fault) -> Result<(), String> {
    let text = subject.estate(fault, ESTATE);
    let reading = reading(&text);
    let open = || {
        let findings = reading.findings.iter();
        findings.filter(|finding| finding.waived.is_none())
    };
    let shown: Vec<_> = open()
        .map(|finding| format!("{} at {}", finding.rule, finding.subject))
        .collect();
    let found: BTreeSet<_> = open().map(|finding| finding.rule.as_str()).collect();
    let expected = [&fault.rule].into_iter().chain(&fault.besides);
    if found != expected.map(String::as_str).collect() {
        return Err(format!("found {shown:?}"));
    }
    let finding = open()
        .find(|finding| finding.rule == fault.rule && finding.subject == fault.subject)
        .ok_or_else(|| format!("not about {}: {shown:?}", fault.subject))?;
    let covered = finding
        .span
        .map(|span| text.get(span.start..span.end).map(String::from_utf8_lossy));
    let covered = covered.map_or(Some("".into()), |covered| covered);
    if covered.as_deref() != Some(&fault.at) {
        return Err(format!("stands at {covered:?}"));
    }
    let ends = finding.remedy.ends_with(['.', '?']) && finding.message.ends_with('.');
    ends.then_some(()).ok_or_else(|| format!("{finding:?}"))
}

#[test]
fn are_found_where_they_are() {
    let mut wrong = Vec::new();
    for (file, text) in SUBJECTS {
        let subject = Subject::read(text);
        for fault in &subject.faults {
            let problem = check(&subject, fault).err();
            wrong.extend(problem.map(|problem| format!("{file}: {}: {problem}", fault.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! The example estate and the embedded catalogue.

use jiff::civil::{Date, date};
use model::catalog::Catalog;
use model::estate::{Reading, read};

/// The example, as everybody gets it.
pub(crate) const ACME: &str = include_str!("../../../../examples/acme/estate.toml");

/// A day on which the example's waiver counts.
pub(crate) const TODAY: Date = date(2026, 11, 20);

/// Reads an estate on that day, against the embedded catalogue.
pub(crate) fn reading(text: &str) -> Reading {
    read("estate.toml", text.as_bytes(), &Catalog::embedded(), TODAY)
}

#[test]
fn is_ready() {
    let reading = reading(ACME);
    let open: Vec<_> = reading
        .findings
        .iter()
        .filter(|finding| finding.waived.is_none())
        .collect();
    assert!(open.is_empty(), "{open:#?}");
    assert!(reading.ready().is_some());
}

#[test]
fn places_of_paths_are_known() {
    let reading = reading(ACME);
    let at = |subject: &str| {
        let span = reading.span_of(subject)?;
        ACME.get(span.start..span.end)
    };
    assert_eq!(at("environments.production.cidr"), Some("\"10.20.0.0/16\""));
    assert_eq!(
        at("environments.staging.database.engine"),
        Some("\"postgres\"")
    );
    assert_eq!(
        at("environments.staging.nothing.of.the.kind[3]"),
        Some("staging")
    );
    assert_eq!(at("nothing"), None);
}

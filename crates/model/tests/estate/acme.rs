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

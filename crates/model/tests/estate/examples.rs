//! The other examples: nothing is found in them that nobody has waived.

use model::catalog::Catalog;
use model::estate::{Source, Sources, read_files};

use crate::acme::TODAY;

const DEFAULTS: &str = include_str!("../../../../examples/defaults.toml");

fn check(name: &str, text: &str) {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        identity: name.to_owned(),
        text: text.as_bytes().to_vec(),
    };
    let mut sources = Sources::new(source(name, text));
    assert_eq!(sources.wanted().as_deref(), Some("../defaults.toml"));
    sources.add(source("../defaults.toml", DEFAULTS));
    let reading = read_files(&sources, &Catalog::embedded(), TODAY);
    let open: Vec<_> = reading
        .findings
        .iter()
        .filter(|finding| finding.waived.is_none())
        .collect();
    assert!(open.is_empty(), "{name}: {open:#?}");
    assert!(reading.ready().is_some(), "{name}");
}

#[test]
fn are_ready() {
    check(
        "globex",
        include_str!("../../../../examples/globex/estate.toml"),
    );
    check(
        "initech",
        include_str!("../../../../examples/initech/estate.toml"),
    );
}

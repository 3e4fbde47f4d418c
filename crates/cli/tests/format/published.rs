//! The files that are written from the format.

use std::env;
use std::fs;
use std::path::PathBuf;

use model::estate::describe;

/// With this variable set, the test writes what it would otherwise hold against the file; `cargo xtask format` sets it.
const WRITE: &str = "REEVE_WRITE_FORMAT";

const BEGIN: &str = "<!-- format -->\n";
const END: &str = "<!-- end of format -->";

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Holds a file against what it should be.
fn check(path: &str, wanted: impl FnOnce(&str) -> String) {
    let there = fs::read_to_string(file(path)).unwrap_or_default();
    let wanted = wanted(&there);
    if env::var_os(WRITE).is_some() {
        fs::write(file(path), wanted).expect("a file of this repository");
        return;
    }
    assert!(
        there == wanted,
        "{path} is not what the format says; run `cargo xtask format`"
    );
}

#[test]
fn the_schema_is_what_the_reader_says() {
    check("schema/estate.schema.json", |_| {
        describe().schema().expect("a schema")
    });
}

#[test]
fn the_manual_is_what_the_reader_says() {
    check("docs/estate.md", |there| {
        let (before, rest) = there
            .split_once(BEGIN)
            .expect("the mark where the format begins");
        let (_, after) = rest.split_once(END).expect("the mark where it ends");
        format!("{before}{BEGIN}\n{}\n{END}{after}", describe().manual())
    });
}

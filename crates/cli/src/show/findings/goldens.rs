//! How findings read: the faults that the checks of estates are tested with, each as `reeve check` shows it, word for word.
//! After a wanted change: `REEVE_GOLDENS=write cargo test -p cli goldens`, and read the difference.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use model::Catalog;

use super::{Paint, one};

#[path = "../../../../model/tests/estate/faults/fixture.rs"]
#[expect(
    dead_code,
    reason = "the tests of the checks ask where a fault is found too"
)]
mod fixture;

use fixture::{Fault, Subject};

/// The estate that the faults are made in, and a product that one of them is about.
const ESTATE: &str = include_str!("../../../../model/tests/estate/faults/ground/estate.toml");
const PRODUCT: &str = include_str!("../../../../model/tests/estate/faults/ground/three-zones.toml");

/// A folder of this workspace.
fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// What is shown of a fault: the finding that it is about.
fn shown(subject: &Subject, fault: &Fault, catalog: &Catalog) -> String {
    let text = subject.estate(fault, ESTATE);
    let today = date(2026, 11, 20);
    let reading = model::estate::read("estate.toml", &text, catalog, today);
    let finding = reading
        .findings
        .iter()
        .find(|finding| finding.rule == fault.rule && finding.subject == fault.subject)
        .expect(&fault.name);
    one(&reading.files, finding, Paint(false))
}

#[test]
fn findings_read_as_they_did() {
    let write = std::env::var_os("REEVE_GOLDENS").is_some_and(|value| value == "write");
    let mut catalog = Catalog::embedded();
    catalog.merge(Catalog::parse(&[("three-zones.toml", PRODUCT)]).catalog);
    let mut files: Vec<_> = fs::read_dir(folder("../model/tests/estate/faults"))
        .expect("the folder of faults")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    let mut differing = Vec::new();
    for file in &files {
        let subject = Subject::read(&read(file));
        let found: String = subject
            .faults
            .iter()
            .map(|fault| format!("# {}\n{}\n", fault.name, shown(&subject, fault, &catalog)))
            .collect();
        let name = file.file_stem().unwrap_or_default();
        let golden = folder("tests/goldens").join(name).with_extension("txt");
        if write {
            fs::write(&golden, found).expect("the golden can be written");
        } else if let Some(line) = differs(&read(&golden), &found) {
            differing.push(format!("{}: {line}", golden.display()));
        }
    }
    assert!(files.len() > 20, "{} subjects", files.len());
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// The first line that is not as it was, with its number.
fn differs(wanted: &str, found: &str) -> Option<String> {
    if wanted == found {
        return None;
    }
    let same = wanted
        .lines()
        .zip(found.lines())
        .take_while(|(wanted, found)| wanted == found)
        .count();
    let line = found.lines().nth(same).unwrap_or("the end");
    Some(format!("line {}, found: {line}", same + 1))
}

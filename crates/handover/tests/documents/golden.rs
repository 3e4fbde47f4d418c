//! The files, word for word. After a wanted change: `REEVE_GOLDENS=write cargo test -p handover`, and read the difference.

use std::path::PathBuf;

use handover::link::Document;

/// Compares with `tests/goldens/NAME.txt`, or writes it where the environment says so.
pub(crate) fn check(name: &str, documents: &[Document]) {
    let found: String = documents
        .iter()
        .map(|document| format!("==> {} <==\n{}\n", document.name, document.text))
        .collect();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/goldens")
        .join(format!("{name}.txt"));
    if write_wanted() {
        write(&path, &found);
        return;
    }
    let wanted = read(&path);
    let differing = wanted
        .lines()
        .zip(found.lines())
        .position(|(wanted, found)| wanted != found);
    assert!(
        wanted == found,
        "{name} differs from its golden, first at line {:?}\n--- found\n{found}",
        differing.map(|line| line + 1)
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test, not the pure crate: goldens are files"
)]
fn write_wanted() -> bool {
    std::env::var("REEVE_GOLDENS").is_ok_and(|value| value == "write")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test, not the pure crate: goldens are files"
)]
fn write(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).expect("the golden can be written");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test, not the pure crate: goldens are files"
)]
fn read(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).expect("the golden is there")
}

//! The programs that read what is handed over, where this machine has them.

use std::io::Write as _;
use std::process::Command;

/// Has a program read a text from a file named last, and fails where it refuses it; returns what it said.
///
/// A machine without the program skips the check and says so; where `CI` is set that is a failure.
pub(crate) fn accepts(
    program: &str,
    before: &[&str],
    after: &[&str],
    text: &str,
    what: &str,
) -> Option<String> {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    let asked = Command::new(program)
        .args(before)
        .arg(file.path())
        .args(after)
        .output();
    let output = match asked {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skip(program, what);
            return None;
        }
        other => other.expect("the program runs"),
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} on {what}: {said}\n{text}"
    );
    Some(said)
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test, not the pure crate: a skip is said, and is a failure in CI"
)]
fn skip(program: &str, what: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{program} is not installed: {what} goes unchecked"
    );
    eprintln!("skipped: {program} is not installed: {what} goes unchecked");
}

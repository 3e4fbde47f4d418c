//! `reeve names --verify` against a DNS server that has the zone right, wrong, in part, of before, or not at all.
//!
//! The server is Reeve's own stand-in. It listens on port 53 of the loopback in a network namespace of the test's own,
//! where this program runs itself again by `unshare`. Where that is forbidden, the test says so and passes, but for a CI
//! run (`CI` is set): there it fails.

mod cases;
mod server;

use std::process::{Command, ExitCode};

/// Says that this process runs in a namespace of its own.
const INSIDE: &str = "REEVE_NAMES_TEST_INSIDE";

#[expect(
    clippy::print_stderr,
    reason = "a test without the usual harness speaks for itself"
)]
fn main() -> ExitCode {
    if std::env::var_os(INSIDE).is_some() {
        for (name, test) in cases::ALL {
            eprintln!("names: {name} ...");
            test();
        }
        eprintln!("names: {} tests passed", cases::ALL.len());
        return ExitCode::SUCCESS;
    }
    match inside() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("names: cannot be tested here: {why}");
            ExitCode::from(u8::from(std::env::var_os("CI").is_some()))
        }
    }
}

/// Runs this program in a user and network namespace whose loopback is up; whether its tests passed.
fn inside() -> Result<bool, String> {
    let words = |error: std::io::Error| error.to_string();
    let namespaces = ["--user", "--map-root-user", "--net"];
    let tried = Command::new("unshare")
        .args(namespaces)
        .args(["ip", "link", "set", "lo", "up"])
        .output()
        .map_err(words)?;
    if !tried.status.success() {
        return Err(String::from_utf8_lossy(&tried.stderr).trim().to_owned());
    }
    let program = std::env::current_exe().map_err(words)?;
    let status = Command::new("unshare")
        .args(namespaces)
        .args(["sh", "-c", "ip link set lo up && exec \"$0\""])
        .arg(program)
        .env(INSIDE, "1")
        .status()
        .map_err(words)?;
    Ok(status.success())
}

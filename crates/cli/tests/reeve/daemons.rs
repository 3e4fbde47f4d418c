//! Whether this machine has every daemon that can play a server of a rehearsal.

use std::env;
use std::io::{self, Write};
use std::sync::OnceLock;

use crate::place::Place;

/// Whether everything that a rehearsal with real peers may use is here. A machine that is meant to test must have it; on
/// others what is missing is printed, and the tests that need it are left out.
pub(crate) fn all_are_installed() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let doctor = Place::new().run(&["doctor", "--json"]).json();
        let rows = doctor.as_array().expect("a list");
        let missing: Vec<_> = rows
            .iter()
            .filter(|row| row["verdict"] != "holds")
            .map(|row| format!("{}: {}", row["name"], row["detail"]))
            .collect();
        if missing.is_empty() {
            return true;
        }
        let told = missing.join("\n");
        assert!(env::var_os("CI").is_none(), "missing here: {told}");
        writeln!(io::stdout(), "left out, since here is missing:\n{told}").expect("it is told");
        false
    })
}

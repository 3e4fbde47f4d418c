//! The program where it is not welcome or alone: on machines that forbid namespaces, are sealed, are full, or belong to
//! somebody else; and what the machine notices of it.
//!
//! This binary runs itself again to become root of namespaces of its own, for which a process may have a single thread.

mod fence;
mod forbidden;
mod full;
#[path = "../reeve/machine.rs"]
mod machine;
mod ordinary;
#[path = "../reeve/place.rs"]
mod place;
#[path = "../reeve/processes.rs"]
mod processes;
mod sealed;
mod unchanged;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

/// Every case, by name.
const ALL: [(&str, fn()); 5] = [
    ("machines_that_forbid_it", forbidden::all),
    ("a_sealed_machine_without_a_network", sealed::holds),
    ("disks_that_are_full", full::all),
    ("an_ordinary_user", ordinary::keeps_and_enters),
    ("the_machine_is_unchanged", unchanged::by_a_rehearsal),
];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if let Some(code) = fence::inside(&words) {
        return code;
    }
    if !machine::can_rehearse() {
        return ExitCode::SUCCESS;
    }
    // Words are parts of names; the options of other runners mean nothing here.
    let wanted: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let before = unchanged::State::now();
    for (name, case) in ALL {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            case();
            say(&format!("test {name} ... ok"));
        }
    }
    before.is_still_so("after all cases");
    ExitCode::SUCCESS
}

fn say(line: &str) {
    writeln!(io::stdout(), "{line}").expect("it is told");
}

//! Twins are started, asked, killed and kept; the machine must not notice.
//!
//! This binary is its own starter, supervisor, PID 1 and host program, and as root it runs itself twice more as an
//! ordinary user: one who has no range of subordinate users, and one who has.

#[path = "supervise/cases.rs"]
mod cases;
#[path = "supervise/ending.rs"]
mod ending;
#[path = "supervise/machine.rs"]
mod machine;
#[path = "supervise/place.rs"]
mod place;
#[path = "supervise/program.rs"]
mod program;
#[path = "supervise/sample.rs"]
mod sample;
#[path = "supervise/users.rs"]
mod users;

use std::env;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use model::Verdict;
use nix::unistd::Uid;

/// A user that owns nothing.
const NOBODY: u32 = 65534;

fn main() -> ExitCode {
    let argv: Vec<String> = env::args().collect();
    if let Some(code) = twin::main_if_hidden(&argv) {
        return code;
    }
    match argv.get(1).map(String::as_str) {
        Some(program::WORD) => program::run(),
        Some(ending::OUTER) => ending::outer(&argv[2..]),
        Some(ending::KEEPER) => ending::keeper(&argv[2..]),
        Some(ending::ENTER) => ending::enter(&argv[2..]),
        Some(ending::CONFINED) => ending::confined(&argv[2..]),
        Some(users::GRANTED) => users::granted(&argv[2..]),
        Some(users::DOCTOR) => users::doctor(),
        _ => all(&argv[1..]),
    }
}

/// Runs the cases whose names contain one of the words given, or all.
fn all(words: &[String]) -> ExitCode {
    let user = Uid::effective();
    if let Some(refused) = twin::doctor()
        .into_iter()
        .find(|found| found.name == "user namespaces" && found.verdict != Verdict::Holds)
    {
        say(&format!("no twin can run here: {}", refused.detail));
        // A machine that is meant to test must be able to.
        return ExitCode::from(u8::from(env::var_os("CI").is_some()));
    }
    let before = machine::State::now();
    for (name, case) in cases::ALL.into_iter().chain(users::ALL).chain(ending::ALL) {
        let words: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            case();
            say(&format!("test {name} as user {user} ... ok"));
        }
    }
    assert_eq!(before, machine::State::now(), "the machine is as before");
    if user.is_root() {
        let again = Command::new("/proc/self/exe")
            .args(words)
            .uid(NOBODY)
            .gid(NOBODY)
            .status()
            .expect("runs again as an ordinary user");
        assert!(again.success(), "as an ordinary user: {again}");
        users::again_with_range(words);
    }
    ExitCode::SUCCESS
}

fn say(line: &str) {
    writeln!(io::stdout(), "{line}").expect("writes");
}

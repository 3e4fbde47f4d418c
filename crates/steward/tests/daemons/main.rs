//! Real daemons in a twin: each is stood up as a rehearsal does it and asked what a rehearsal asks, and those that do not
//! stand say why.
//!
//! Where a daemon is not installed or no twin can stand, the test says so and passes, but for a CI run (`CI` is set):
//! there it fails.

mod ground;
mod hostile;
mod questions;

use std::process::ExitCode;

use model::Verdict;

fn main() -> ExitCode {
    let argv: Vec<String> = std::env::args().collect();
    if let Some(code) = hidden(&argv) {
        return code;
    }
    run()
}

/// The twin's own processes are this same binary.
fn hidden(argv: &[String]) -> Option<ExitCode> {
    if let Some(code) = twin::main_if_hidden(argv) {
        return Some(code);
    }
    match argv.get(1)?.as_str() {
        steward::host::SUBCOMMAND => Some(steward::host::main()),
        steward::host::ROUTER_SUBCOMMAND => Some(steward::host::router_main()),
        steward::DAEMON_SUBCOMMAND => Some(steward::daemon_main(argv.get(2..).unwrap_or_default())),
        _ => None,
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a test without the usual harness speaks for itself"
)]
fn run() -> ExitCode {
    let mut skipped = Vec::new();
    let required = twin::doctor().into_iter().filter(|one| one.required);
    let lacks: Vec<String> = required
        .filter(|one| one.verdict == Verdict::Fails)
        .map(|one| format!("{}: {}", one.name, one.detail))
        .collect();
    if lacks.is_empty() {
        skipped.extend(questions::all());
        for (name, test) in hostile::CASES {
            eprintln!("daemons: {name} ...");
            test();
        }
    } else {
        skipped.extend(lacks);
    }
    for why in &skipped {
        eprintln!("daemons: not tested here: {why}");
    }
    ExitCode::from(u8::from(
        !skipped.is_empty() && std::env::var_os("CI").is_some(),
    ))
}

//! The one door: everything that must hold before a change lands.

use std::time::Instant;

use crate::edges;
use crate::packages;
use crate::shell::{Failure, cargo, command, root, run};

/// The version of cargo-deny that is installed where none is.
const CARGO_DENY: &str = "0.20.2";

/// The estates that are kept as examples.
const ESTATES: [&str; 3] = ["examples/acme", "examples/globex", "examples/initech"];

type Step = (&'static str, fn() -> Result<(), Failure>);

const STEPS: [Step; 8] = [
    ("packages", packages::provide),
    ("format", format),
    ("edges", edges::check),
    ("dependencies", dependencies),
    ("clippy", clippy),
    ("tests", tests),
    ("docs", docs),
    ("examples", examples),
];

/// Runs every step, even after one failed, so that all findings come at once.
pub(crate) fn run_all(only: &[String]) -> Result<(), Failure> {
    let unknown: Vec<_> = only
        .iter()
        .filter(|name| !STEPS.iter().any(|(known, _)| known == name))
        .collect();
    if let Some(name) = unknown.first() {
        let known: Vec<_> = STEPS.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Wrong(format!(
            "no step `{name}`; the steps are {}",
            known.join(", ")
        )));
    }
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        eprintln!("── {name}");
        let began = Instant::now();
        match step() {
            Ok(()) => eprintln!("── {name}: holds, {:.1} s", began.elapsed().as_secs_f64()),
            Err(error) => {
                eprintln!("── {name}: fails: {error}");
                failed.push(name.to_owned());
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Steps(failed))
    }
}

fn format() -> Result<(), Failure> {
    run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), Failure> {
    run(&mut cargo(&[
        "clippy",
        "--quiet",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Lets the test that holds the published format against the reader write it instead.
pub(crate) fn write_format() -> Result<(), Failure> {
    let words = [
        "test",
        "--quiet",
        "--locked",
        "-p",
        "cli",
        "--test",
        "format",
        "published",
    ];
    run(cargo(&words).env("REEVE_WRITE_FORMAT", "1"))
}

fn tests() -> Result<(), Failure> {
    run(&mut cargo(&["test", "--locked", "--workspace"]))
}

fn docs() -> Result<(), Failure> {
    run(
        cargo(&["doc", "--quiet", "--locked", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// Licences, bans and sources by cargo-deny, which is installed into the target folder where it is not there.
fn dependencies() -> Result<(), Failure> {
    const WHAT: [&str; 5] = ["deny", "check", "bans", "licenses", "sources"];
    let present = cargo(&["deny", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if present {
        return run(&mut cargo(&WHAT));
    }
    let tools = root().join("target").join("tools");
    let binary = tools.join("bin").join("cargo-deny");
    if !binary.exists() {
        let place = tools.to_string_lossy().into_owned();
        run(&mut cargo(&[
            "install",
            "--quiet",
            "--locked",
            "cargo-deny",
            "--version",
            CARGO_DENY,
            "--root",
            &place,
        ]))?;
    }
    run(&mut command(binary, &WHAT[1..]))
}

/// What is kept beside the examples is what today's code makes of them.
fn examples() -> Result<(), Failure> {
    for estate in ESTATES {
        run(&mut cargo(&[
            "run", "--quiet", "--locked", "--", "check", estate,
        ]))?;
        run(&mut cargo(&[
            "run",
            "--quiet",
            "--locked",
            "--",
            "design",
            estate,
            "--unchanged",
        ]))?;
        run(&mut cargo(&[
            "run", "--quiet", "--locked", "--", "prove", estate,
        ]))?;
    }
    Ok(())
}

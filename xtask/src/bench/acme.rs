//! `cargo xtask bench acme`: how long the main job takes, and its first three steps.

use std::time::Instant;

use serde_json::Value;

use super::median;
use crate::shell::{Failure, cargo, command, read, root, run};

/// The quick steps are run this often; the whole process is timed, as an operator waits for it.
const ROUNDS: usize = 20;

/// The whole rehearsal is run this often.
const REHEARSALS: usize = 3;

pub(crate) fn run_acme() -> Result<(), Failure> {
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--locked",
        "--release",
        "-p",
        "cli",
    ]))?;
    let reeve = root().join("target/release/reeve");
    let mut total = 0.0;
    for step in ["check", "design", "prove"] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let began = Instant::now();
            match step {
                "design" => read(&mut command(
                    &reeve,
                    &["design", "examples/acme", "--unchanged"],
                ))?,
                step => read(&mut command(&reeve, &[step, "examples/acme"]))?,
            };
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        let time = median(times).unwrap_or_default();
        println!("{step:<10} {time:>8.1} ms (median of {ROUNDS}, whole process)");
        total += time;
    }
    println!("together   {total:>8.1} ms; wanted: under 50 ms");
    let records = tempfile::tempdir().map_err(|source| Failure::File {
        path: std::env::temp_dir(),
        source,
    })?;
    let place = records.path().to_string_lossy().into_owned();
    for round in 1..=REHEARSALS {
        let began = Instant::now();
        let text = read(&mut command(
            &reeve,
            &["--json", "rehearse", "examples/acme", "--records", &place],
        ))?;
        let took = began.elapsed().as_secs_f64();
        let report: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::Wrong(format!("no report: {error}")))?;
        println!(
            "rehearsal {round}: {took:.2} s, {}, {} packets; wanted: under 20 s",
            report["verdict"].as_str().unwrap_or("no verdict"),
            report["matrix"]["sent"]
        );
        for phase in report["phases"].as_array().into_iter().flatten() {
            println!(
                "  {:<14} {:>7} ms",
                phase["name"].as_str().unwrap_or_default(),
                phase["took_ms"]
            );
        }
    }
    Ok(())
}

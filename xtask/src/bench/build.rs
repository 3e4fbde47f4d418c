//! `cargo xtask bench build`: a cold release build, and what of it is dearest.

use std::time::Instant;

use crate::shell::{Failure, cargo, run};

pub(crate) fn run_build() -> Result<(), Failure> {
    let target = tempfile::tempdir().map_err(|source| Failure::File {
        path: std::env::temp_dir(),
        source,
    })?;
    // What is fetched is not built: the network's share is left out.
    run(&mut cargo(&["fetch", "--quiet", "--locked"]))?;
    let began = Instant::now();
    run(
        cargo(&["build", "--quiet", "--locked", "--release", "--timings"])
            .env("CARGO_TARGET_DIR", target.path()),
    )?;
    println!(
        "cold `cargo build --release`: {:.0} s; wanted: under 360 s on 2 cores",
        began.elapsed().as_secs_f64()
    );
    let page = target.path().join("cargo-timings/cargo-timing.html");
    let text =
        std::fs::read_to_string(&page).map_err(|source| Failure::File { path: page, source })?;
    let mut units = units(&text);
    units.sort_by(|left, right| right.1.total_cmp(&left.1));
    println!("dearest crates, seconds from start to end of their compilation:");
    for (name, seconds) in units.iter().take(5) {
        println!("  {name:<28} {seconds:>6.1}");
    }
    Ok(())
}

/// Names and durations out of Cargo's timing page, where they stand as one JSON array; both units of a crate (its build
/// script's run and the crate) are added up.
fn units(page: &str) -> Vec<(String, f64)> {
    let array = page
        .split_once("const UNIT_DATA = ")
        .and_then(|(_, rest)| rest.split_once(";\n"))
        .map_or("[]", |(array, _)| array);
    let data: serde_json::Value = serde_json::from_str(array).unwrap_or_default();
    let mut sums = std::collections::BTreeMap::<String, f64>::new();
    for unit in data.as_array().into_iter().flatten() {
        if let (Some(name), Some(duration)) = (unit["name"].as_str(), unit["duration"].as_f64()) {
            *sums.entry(name.to_owned()).or_default() += duration;
        }
    }
    sums.into_iter().collect()
}

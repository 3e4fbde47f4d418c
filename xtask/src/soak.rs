//! `cargo xtask soak`: what takes too long for every change.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::shell::{Failure, cargo, command, read, root, run};

/// The processes of a twin call themselves this.
const OF_TWIN: [&str; 4] = [
    "twin-supervisor",
    "twin-init",
    "steward-host",
    "steward-router",
];

/// After its processes are gone, the kernel still takes network namespaces down in the background.
const SETTLE: Duration = Duration::from_secs(5);

/// Random estates of each kind that are read.
const MUTATIONS: u32 = 20_000;

/// Random networks that are proved and stood up; every run tries others.
const NETWORKS: u64 = 2000;

/// Holds prover and packets against each other, rehearses every fault, then kills rehearsals at moments spread over their length and looks for what remains.
pub(crate) fn run_soak(rounds: u32) -> Result<(), Failure> {
    mutations()?;
    agreement()?;
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--locked",
        "--release",
        "-p",
        "cli",
    ]))?;
    let reeve = root().join("target/release/reeve");
    let records = tempfile::tempdir().map_err(|source| Failure::File {
        path: std::env::temp_dir(),
        source,
    })?;
    let place = records.path().to_string_lossy().into_owned();
    for fault in read(&mut command(&reeve, &["rehearse", "--list-faults"]))?.lines() {
        let name = fault.split_whitespace().next().unwrap_or_default();
        let arguments = [
            "--json",
            "rehearse",
            "examples/acme",
            "--records",
            &place,
            "--fault",
            name,
        ];
        let output = command(&reeve, &arguments).output();
        let output = output.map_err(|source| Failure::Start {
            program: "reeve".to_owned(),
            source,
        })?;
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let cause = report["fault"]["cause"].as_str();
        println!("fault {name}: {}", cause.unwrap_or("nobody saw it"));
        if output.status.code() != Some(1) || cause.is_none() {
            return Err(Failure::Wrong(format!("the fault `{name}` went unseen")));
        }
    }
    for round in 1..=rounds {
        let mut child = command(&reeve, &["rehearse", "examples/acme", "--records", &place])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| Failure::Start {
                program: "reeve".to_owned(),
                source,
            })?;
        // Spread over the first four seconds, in which everything is stood up, asked and taken down.
        thread::sleep(Duration::from_millis(
            u64::from(round) * 4000 / u64::from(rounds),
        ));
        let killed = child.kill().and_then(|()| child.wait());
        killed.map_err(|source| Failure::Start {
            program: "kill".to_owned(),
            source,
        })?;
        let left = remains()?;
        println!(
            "killed after {} ms: {left} processes remain",
            round * 4000 / rounds
        );
        if left > 0 {
            return Err(Failure::Wrong(format!(
                "{left} processes of a killed twin remain"
            )));
        }
    }
    Ok(())
}

/// Reads many random and randomly changed estates: whatever comes in, reading ends with an answer.
fn mutations() -> Result<(), Failure> {
    let words = [
        "test",
        "--quiet",
        "--locked",
        "-p",
        "model",
        "--test",
        "estate",
        "mutations",
    ];
    run(cargo(&words).env("REEVE_MUTATIONS", MUTATIONS.to_string()))
}

/// Stands many random networks up: what the prover says of their packets must become of them.
fn agreement() -> Result<(), Failure> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = clock.map_or(0, |since| since.as_secs());
    run(cargo(&[
        "test",
        "--quiet",
        "--locked",
        "-p",
        "twin",
        "--test",
        "agreement",
    ])
    .env("REEVE_AGREEMENT_NETWORKS", NETWORKS.to_string())
    .env("REEVE_AGREEMENT_SEED", seed.to_string()))
}

/// How many processes of twins there still are, once the kernel had time to end them.
fn remains() -> Result<usize, Failure> {
    let count = || {
        let folder = std::path::Path::new("/proc");
        let entries = std::fs::read_dir(folder).map_err(|source| Failure::File {
            path: folder.to_owned(),
            source,
        })?;
        let lines = entries
            .flatten()
            .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let ours = |line: Vec<u8>| {
            let line = String::from_utf8_lossy(&line).into_owned();
            OF_TWIN
                .iter()
                .any(|name| line.split('\0').nth(1) == Some(name))
        };
        Ok::<_, Failure>(lines.filter(|line| ours(line.clone())).count())
    };
    let began = std::time::Instant::now();
    loop {
        let left = count()?;
        if left == 0 || began.elapsed() > SETTLE {
            return Ok(left);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

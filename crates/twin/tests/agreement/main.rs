//! Random networks, proved and stood up: what the prover and the tracer say of random packets must become of them.
//!
//! Each network comes of a seed, which is printed. `REEVE_AGREEMENT_NETWORKS` says how many are tried and
//! `REEVE_AGREEMENT_SEED` with which seed to begin, so that one of many is tried again alone.
//!
//! Like the test of single networks it enters a user namespace, and so has a `main` of its own. Where the machine forbids
//! that it says so, and fails only where `CI` is set.

#![expect(
    clippy::print_stdout,
    reason = "a test with a main of its own says what it found"
)]

mod choices;
mod compare;
mod network;
mod packets;
mod standing;
mod transit;
#[path = "../network/world.rs"]
#[expect(dead_code, reason = "the tests of single networks write more down")]
mod world;

use std::fs;
use std::io;
use std::process::ExitCode;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};

use compare::Tally;

/// Networks tried by every run of the tests.
const NETWORKS: u64 = 60;

/// The first network's seed; the next ones count up.
const SEED: u64 = 1;

fn main() -> ExitCode {
    if let Err(error) = enter() {
        println!("no user and network namespace of its own here: {error}");
        return if std::env::var_os("CI").is_some() {
            ExitCode::FAILURE
        } else {
            println!("skipped");
            ExitCode::SUCCESS
        };
    }
    let (networks, first) = match (
        number("REEVE_AGREEMENT_NETWORKS", NETWORKS),
        number("REEVE_AGREEMENT_SEED", SEED),
    ) {
        (Ok(networks), Ok(first)) => (networks, first),
        (Err(why), _) | (_, Err(why)) => {
            println!("{why}");
            return ExitCode::FAILURE;
        }
    };
    println!("{networks} networks from seed {first}");
    let mut tally = Tally::default();
    for seed in (first..).take(usize::try_from(networks).unwrap_or(usize::MAX)) {
        compare::one(seed, &mut tally);
    }
    println!("{tally}");
    match tally.verdict() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// A number out of the environment.
fn number(variable: &str, otherwise: u64) -> Result<u64, String> {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .map_err(|error| format!("{variable} is `{text}`: {error}")),
        Err(_) => Ok(otherwise),
    }
}

/// Becomes root in a user namespace with a network namespace of its own.
fn enter() -> io::Result<()> {
    let (uid, gid) = (getuid(), getgid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    // A namespace that gives no capabilities is as good as none.
    unshare(CloneFlags::CLONE_NEWNET)?;
    Ok(())
}

//! Networks stood up in namespaces of the test's own, and real packets sent over them.
//!
//! The test enters a user namespace, which only a process with one thread can; so it has a `main` of its own. Where the
//! machine forbids that it says so, and fails only where `CI` is set.

#![expect(
    clippy::print_stdout,
    reason = "a test with a main of its own says what it found"
)]

mod cases;
mod packets;
mod ruleset;
mod world;

use std::fs;
use std::io;
use std::process::ExitCode;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    if let Err(error) = enter() {
        println!("no user and network namespace of its own here: {error}");
        return if std::env::var_os("CI").is_some() {
            ExitCode::FAILURE
        } else {
            println!("skipped");
            ExitCode::SUCCESS
        };
    }
    let mut failures = 0;
    let mut passed = 0;
    for (name, case) in cases::all() {
        if wanted
            .as_ref()
            .is_some_and(|wanted| !name.contains(wanted.as_str()))
        {
            continue;
        }
        match case() {
            Ok(()) => passed += 1,
            Err(why) => {
                failures += 1;
                println!("{name}: {why}");
            }
        }
    }
    println!("{passed} passed, {failures} failed");
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
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

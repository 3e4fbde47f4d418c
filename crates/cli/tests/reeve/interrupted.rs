//! Ctrl-C, and what else asks a program to end.

use std::os::unix::process::CommandExt;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::machine::can_rehearse;
use crate::place::Place;
use crate::processes::{marked, namespaces, none_remain};

/// Interrupts a rehearsal after so many lines, as a terminal does: its whole process group at once.
fn check(signal: Signal, lines: usize) {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    let mut command = place.reeve(&["rehearse", "../acme"]);
    let mut running = place.start_command(command.process_group(0));
    assert!(running.has_told(lines), "it goes on");
    let held = namespaces(marked(&place.mark).keys());
    killpg(Pid::from_raw(running.pid()), signal).expect("it is there");
    let ended = running.end().with(130);
    assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("holds"), "{}", ended.stdout);
    let why = format!("{signal} after {lines} lines");
    none_remain(&place.mark, &held, &why);
    place.is_tidy(&why);
}

#[test]
fn ctrl_c_while_it_prepares() {
    check(Signal::SIGINT, 3);
}

#[test]
fn ctrl_c_while_it_asks() {
    check(Signal::SIGINT, 5);
}

#[test]
fn a_request_to_end_while_packets_fly() {
    check(Signal::SIGTERM, 6);
}

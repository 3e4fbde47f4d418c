//! What the machine shows of the processes that came from a place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::place::LOOK;

/// The kernel ends hundreds of processes within 0.1 s; a machine under load is given two hundred times that.
const GONE: Duration = Duration::from_secs(20);

/// The kinds of namespaces that a twin makes.
const KINDS: [&str; 6] = ["user", "mnt", "pid", "net", "uts", "ipc"];

/// The processes with a mark in their environment or command line, by number, with their command lines. What has ended
/// and was not waited for has neither.
pub(crate) fn marked(mark: &str) -> BTreeMap<i32, String> {
    let mut found = BTreeMap::new();
    for pid in all() {
        let command = text(pid, "cmdline");
        if text(pid, "environ").contains(mark) || command.contains(mark) {
            found.insert(pid, command);
        }
    }
    found.remove(&std::process::id().cast_signed());
    found
}

/// The processes in any of these namespaces, by number, with their command lines: daemons, whose environment has no mark,
/// are among them.
pub(crate) fn holders(held: &BTreeSet<String>) -> BTreeMap<i32, String> {
    all()
        .into_iter()
        .filter(|pid| !namespaces([pid]).is_disjoint(held))
        .map(|pid| (pid, text(pid, "cmdline")))
        .collect()
}

/// The namespaces of processes that are not this process's own.
pub(crate) fn namespaces<'a>(pids: impl IntoIterator<Item = &'a i32>) -> BTreeSet<String> {
    let own = namespaces_of("self");
    pids.into_iter()
        .flat_map(|pid| namespaces_of(&pid.to_string()))
        .filter(|namespace| !own.contains(namespace))
        .collect()
}

/// Waits until no process has a mark and none is in one of these namespaces; then nothing of it is mounted here either.
pub(crate) fn none_remain(mark: &str, held: &BTreeSet<String>, why: &str) {
    let deadline = Instant::now() + GONE;
    // The kernel gives the number of a namespace that is gone to the next one, which may be of another twin that stands up
    // meanwhile: what was not there when the wait began is no remainder.
    let before: BTreeSet<i32> = all().into_iter().collect();
    loop {
        let left = marked(mark);
        let mut holders = holders(held);
        holders.retain(|pid, _| before.contains(pid) && !is_of_another(*pid, mark));
        if left.is_empty() && holders.is_empty() {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "{why}: left are {left:?}, in its namespaces {holders:?}"
        );
        thread::sleep(LOOK);
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
    assert!(!mounts.contains(mark), "{why}: mounted here: {mounts}");
}

/// Whether a process is a child of another twin's PID 1, which names its run's folder and so the place that it came from:
/// one that stood up between an end and the look for what remains of it.
fn is_of_another(pid: i32, mark: &str) -> bool {
    let status = text(pid, "status");
    let parent = status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
    parent.is_some_and(|parent| {
        let init = text(parent, "cmdline");
        init.contains("twin-init") && !init.contains(mark)
    })
}

fn text(pid: i32, file: &str) -> String {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

fn all() -> Vec<i32> {
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

fn namespaces_of(pid: &str) -> BTreeSet<String> {
    KINDS
        .into_iter()
        .filter_map(|kind| fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok())
        .map(|link| link.display().to_string())
        .collect()
}

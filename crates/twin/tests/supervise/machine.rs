//! What the machine shows of a twin, and of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// What a rehearsal must not change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State(BTreeMap<&'static str, String>);

impl State {
    pub(crate) fn now() -> Self {
        let files = [
            "/proc/sys/kernel/hostname",
            "/etc/hostname",
            "/etc/hosts",
            "/etc/resolv.conf",
            "/proc/self/mountinfo",
            "/proc/net/route",
            "/proc/net/ipv6_route",
            "/proc/sys/net/ipv4/ip_forward",
        ];
        let mut state: BTreeMap<_, _> = files
            .into_iter()
            .map(|path| (path, fs::read_to_string(path).unwrap_or_default()))
            .collect();
        // The counters of a route's use change by themselves.
        if let Some(routes) = state.get_mut("/proc/net/ipv6_route") {
            *routes = routes
                .lines()
                .map(|line| {
                    let fields: Vec<_> = line.split_whitespace().collect();
                    [fields.first(), fields.get(4), fields.last()]
                        .into_iter()
                        .flatten()
                        .copied()
                        .collect::<Vec<_>>()
                        .join(" ")
                })
                .collect::<Vec<_>>()
                .join("\n");
        }
        Self(state)
    }
}

/// The processes with a mark in their command lines, by number. What has ended but was not waited for has none.
pub(crate) fn marked(mark: &str) -> BTreeMap<i32, String> {
    let mut found = processes();
    found.retain(|pid, command| command.contains(mark) && *pid != own_pid());
    found
}

fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}

fn processes() -> BTreeMap<i32, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if let Ok(command) = fs::read_to_string(entry.path().join("cmdline")) {
            found.insert(pid, command.replace('\0', " "));
        }
    }
    found
}

/// The namespaces of processes that are not this process's own.
pub(crate) fn namespaces<'a>(pids: impl IntoIterator<Item = &'a i32>) -> BTreeSet<String> {
    let of = |pid: &i32| {
        ["user", "mnt", "pid", "net", "uts", "ipc"]
            .into_iter()
            .filter_map(|kind| fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok())
            .map(|link| link.display().to_string())
            .collect::<Vec<_>>()
    };
    let own: BTreeSet<String> = of(&own_pid()).into_iter().collect();
    pids.into_iter()
        .flat_map(of)
        .filter(|link| !own.contains(link))
        .collect()
}

/// Waits until no process has a mark, none is in one of these namespaces, and the folder holds nothing but logs.
pub(crate) fn is_clean(mark: &str, held: &BTreeSet<String>, run_dir: &Path, why: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let left = marked(mark);
        let everywhere = processes();
        let holders: Vec<_> = everywhere
            .iter()
            .filter(|(pid, _)| !namespaces([*pid]).is_disjoint(held))
            .collect();
        if left.is_empty() && holders.is_empty() {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "{why}: left are {left:?}; in its namespaces are {holders:?}"
        );
        thread::sleep(Duration::from_millis(5));
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
    assert!(!mounts.contains(mark), "{why}: mounted here: {mounts}");
    if let Ok(entries) = fs::read_dir(run_dir) {
        let names: BTreeSet<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        assert!(
            names
                .iter()
                .all(|name| name == "log" || name == "control.sock"),
            "{why}: {names:?}"
        );
    }
}

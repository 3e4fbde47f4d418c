//! What a rehearsal must leave as it is: the machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use nix::unistd::Uid;

use crate::place::{Place, everything_below, names_in};
use crate::processes::none_remain;

/// The most that the clock may move against the one that nobody can set, before somebody has set it: far more than the
/// reading of both takes, far less than anybody would set it by.
const DRIFT: Duration = Duration::from_millis(500);

/// Settings that the kernel itself moves.
const MOVING: [&str; 3] = [
    "nf_conntrack_count",
    "nf_conntrack_frag6",
    "tcp_fastopen_key",
];

/// What a machine is, as far as a rehearsal could change it.
pub(crate) struct State {
    facts: BTreeMap<String, String>,
    clock: (SystemTime, Instant),
}

impl State {
    pub(crate) fn now() -> Self {
        let mut facts = BTreeMap::new();
        let mut keep = |path: &Path| {
            // What cannot be read cannot be compared, and is not a rehearsal's to change.
            if let Ok(bytes) = fs::read(path) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                facts.insert(path.display().to_string(), text);
            }
        };
        for path in [
            "/proc/sys/kernel/hostname",
            "/proc/sys/kernel/domainname",
            "/proc/self/mountinfo",
            "/proc/net/route",
            "/proc/net/if_inet6",
        ] {
            keep(Path::new(path));
        }
        for folder in ["/etc", "/proc/sys/net", "/proc/sys/user"] {
            let below = everything_below(Path::new(folder)).into_iter();
            let settled = below.filter(|path| {
                let name = path.to_string_lossy();
                path.is_file() && !MOVING.iter().any(|word| name.contains(word))
            });
            settled.for_each(|path| keep(&path));
        }
        let links: Vec<_> = names_in(Path::new("/sys/class/net")).into_iter().collect();
        facts.insert("links".to_owned(), links.join(" "));
        facts.insert("IPv6 routes".to_owned(), routes());
        if let Some(rules) = filters() {
            facts.insert("packet filters".to_owned(), rules);
        }
        Self {
            facts,
            clock: (SystemTime::now(), Instant::now()),
        }
    }

    /// Asserts that the machine is as it was. Settings that a kernel module brought along are no change.
    pub(crate) fn is_still_so(&self, when: &str) {
        let now = Self::now();
        for (name, before) in &self.facts {
            assert_eq!(Some(before), now.facts.get(name), "{name} {when}");
        }
        let told = now.clock.0.duration_since(self.clock.0).unwrap_or_default();
        let passed = now.clock.1.duration_since(self.clock.1);
        assert!(
            told.abs_diff(passed) < DRIFT,
            "{when} the clock says that {told:?} passed, where {passed:?} did"
        );
    }
}

pub(crate) fn by_a_rehearsal() {
    let before = State::now();
    assert!(before.facts.len() > 100, "{} facts", before.facts.len());
    let place = Place::new();
    place
        .run(&["rehearse", "../acme", "--fault", "bastion-open"])
        .with(1);
    none_remain(&place.mark, &Default::default(), "it has ended");
    place.is_tidy("it has ended");
    before.is_still_so("after a rehearsal");
}

/// Destinations, gateways and links of the IPv6 routes, without the counters of their use.
fn routes() -> String {
    let text = fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    let told = text.lines().map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let part = |at: usize| fields.get(at).copied().unwrap_or_default();
        format!("{} {} {} {}", part(0), part(1), part(4), part(9))
    });
    told.collect::<Vec<_>>().join("\n")
}

/// The machine's packet filters, where there is a program that tells them and a user who may ask.
fn filters() -> Option<String> {
    if !Uid::effective().is_root() {
        return None;
    }
    let output = Command::new("nft")
        .args(["--stateless", "list", "ruleset"])
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

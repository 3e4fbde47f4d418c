//! kill -9 of any process at any moment: nothing of the twin remains, and nothing is claimed to hold that was not seen.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, SystemTime};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::daemons::all_are_installed;
use crate::machine::can_rehearse;
use crate::place::{Place, Running};
use crate::processes::{marked, namespaces, none_remain};

/// How many moments are tried.
const ROUNDS: u32 = 20;

/// The lines that a rehearsal tells before its end, in order: the moment is somewhere after one of them. Where no VPN can
/// be raised there are fewer, and the last moments are all after its end.
const TOLD: usize = 10;

/// The line by which the twin stands. What dies then is missed.
const STANDS: usize = 5;

/// The longest wait after a line, in milliseconds: about as long as a phase on an idle machine.
const AFTER: usize = 700;

/// A command line of strongSwan's daemon has this, wherever it is installed.
const CHARON: &str = "/charon";

/// Numbers that look random, from a seed that repeats a failure (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let seed: u64 = match env::var("REEVE_TEST_SEED") {
            Ok(seed) => seed.parse().expect("a number"),
            Err(_) => SystemTime::UNIX_EPOCH
                .elapsed()
                .map_or(1, |age| u64::from(age.subsec_nanos()) << 32 ^ age.as_secs()),
        };
        // Captured output is shown when the test fails; this is to be seen even when it hangs.
        writeln!(io::stdout(), "REEVE_TEST_SEED={seed}").expect("it is told");
        // Zero would stay zero.
        Self(seed.max(1))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below the limit")
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.below(all.len().max(1))).copied()
    }
}

/// What a process is of the rehearsal, by its command line. All have a turn, however many hosts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Outer,
    Supervisor,
    Init,
    Router,
    Vpn,
    Host,
}

impl Part {
    fn of(command: &str) -> Self {
        let is = |word: &str| command.split(' ').nth(1) == Some(word);
        match () {
            () if is("rehearse") => Self::Outer,
            () if is("twin-supervisor") => Self::Supervisor,
            () if is("twin-init") => Self::Init,
            () if is("steward-router") => Self::Router,
            () if is("steward-vpn") => Self::Vpn,
            // Whatever else came of it: programs that are about to be hosts, and the daemons that they started.
            () => Self::Host,
        }
    }
}

#[test]
fn kill_9_at_any_moment_leaves_nothing() {
    if !can_rehearse() {
        return;
    }
    let mut dice = Dice::new();
    for round in 0..ROUNDS {
        let place = Place::new();
        let seed = dice.0;
        let mut running = place.start(&["rehearse", "../acme"]);
        let (lines, after) = (dice.below(TOLD + 1), dice.below(AFTER));
        let why = format!("REEVE_TEST_SEED={seed}, round {round}, {after} ms after line {lines}");
        running.has_told(lines);
        // The one wait that is meant: the moment is to be any.
        thread::sleep(Duration::from_millis(after as u64));
        strike(&place, running, &mut dice, &why);
    }
}

/// Kills a process of the rehearsal, and waits for its end and for that of everything it started.
fn strike(place: &Place, running: Running, dice: &mut Dice, why: &str) {
    let alive = marked(&place.mark);
    let held = namespaces(alive.keys());
    let mut parts: BTreeMap<Part, Vec<i32>> = BTreeMap::new();
    for (pid, command) in &alive {
        parts.entry(Part::of(command)).or_default().push(*pid);
    }
    let part = dice.one_of(&parts.keys().copied().collect::<Vec<_>>());
    let Some((part, victim)) = part.and_then(|part| Some((part, dice.one_of(&parts[&part])?)))
    else {
        // It had ended already.
        running.end().with(0);
        return place.is_tidy(why);
    };
    let why = format!("{why}: killed {part:?} {victim}: {}", alive[&victim]);
    // It may just have ended by itself.
    let _ = kill(Pid::from_raw(victim), Signal::SIGKILL);
    let ended = running.end();
    none_remain(&place.mark, &held, &why);
    place.is_tidy(&why);
    let code = ended.status.code();
    let wanted = match part {
        Part::Outer => ended.status.signal() == Some(9) || code == Some(0),
        // Before it stands nothing can be said; then something is unknown, or fails for it; unless all was done.
        _ => matches!(code, Some(0 | 1 | 3 | 4)),
    };
    assert!(wanted, "{why}: {ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{why}: {ended:?}");
}

/// Kills a part of a twin that stands and has not been asked everything.
fn check(part: Part) {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    let mut running = place.start(&["rehearse", "../acme"]);
    assert!(running.has_told(STANDS), "it goes on");
    let alive = marked(&place.mark);
    let held = namespaces(alive.keys());
    let victim = alive
        .iter()
        .find(|(_, command)| Part::of(command) == part)
        .expect("it stands");
    kill(Pid::from_raw(*victim.0), Signal::SIGKILL).expect("it is there");
    let ended = running.end().with(4);
    for word in ["could not be told", "ended"] {
        assert!(ended.stdout.contains(word), "{word}: {}", ended.stdout);
    }
    none_remain(&place.mark, &held, "a part was killed");
    place.is_tidy("a part was killed");
}

#[test]
fn of_a_twin_whose_host_dies_nothing_is_claimed() {
    check(Part::Host);
}

#[test]
fn of_a_twin_whose_router_dies_nothing_is_claimed() {
    check(Part::Router);
}

#[test]
fn of_a_twin_that_dies_nothing_is_claimed() {
    check(Part::Init);
}

/// The moment is when the first daemon of IPsec has started, long before the last tunnel is up.
#[test]
fn kill_9_while_the_vpn_is_raised_leaves_nothing() {
    if !can_rehearse() || !all_are_installed() {
        return;
    }
    let place = Place::new();
    let mut running = place.start(&["rehearse", "../acme", "--peers", "real"]);
    let charon = |command: &String| command.contains(CHARON);
    assert!(
        running.goes_on_until(|_| marked(&place.mark).values().any(charon)),
        "the VPN is raised"
    );
    let held = namespaces(marked(&place.mark).keys());
    kill(Pid::from_raw(running.pid()), Signal::SIGKILL).expect("it is there");
    let ended = running.end();
    assert_eq!(ended.status.signal(), Some(9), "{ended:?}");
    let told = ended
        .stderr
        .lines()
        .any(|line| line.contains("raise the VPN"));
    assert!(!told, "it was being raised: {}", ended.stderr);
    none_remain(&place.mark, &held, "killed while the VPN was raised");
    place.is_tidy("killed while the VPN was raised");
}

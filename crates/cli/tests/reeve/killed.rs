//! kill -9 of any process at any moment: nothing of the twin remains, and nothing is claimed to hold that was not seen.

use std::collections::BTreeMap;
use std::env;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, SystemTime};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::machine::can_rehearse;
use crate::place::{Place, Running};
use crate::processes::{marked, namespaces, none_remain};

/// How many moments are tried.
const ROUNDS: u32 = 20;

/// The lines that a rehearsal tells before its end, in order: the moment is somewhere after one of them.
const TOLD: usize = 7;

/// The line by which the twin stands, and the one by which everything was asked. What dies between them is missed.
const STANDS: usize = 5;

/// The longest wait after a line, in milliseconds: about as long as a phase on an idle machine.
const AFTER: usize = 700;

/// Numbers that look random, from a seed that repeats a failure (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let seed = match env::var("REEVE_TEST_SEED") {
            Ok(seed) => seed.parse().expect("a number"),
            Err(_) => SystemTime::UNIX_EPOCH
                .elapsed()
                .map_or(1, |age| u64::from(age.subsec_nanos()) ^ age.as_secs()),
        };
        // Zero would stay zero.
        Self(seed | 1)
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
            // Whatever else came of it: programs that are about to be hosts, and what they started.
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
        let seed = dice.0;
        let place = Place::new();
        let mut running = place.start(&["rehearse", "../acme"]);
        let lines = dice.below(TOLD + 1);
        let after = dice.below(AFTER);
        running.has_told(lines);
        // The one wait that is meant: the moment is to be any.
        thread::sleep(Duration::from_millis(after as u64));
        let why = strike(&place, running, &mut dice);
        let why =
            format!("REEVE_TEST_SEED={seed}, round {round}, {after} ms after line {lines}: {why}");
        place.is_tidy(&why);
    }
}

/// Kills a process of the rehearsal, waits for its end and for that of everything it started, and says what was killed.
fn strike(place: &Place, running: Running, dice: &mut Dice) -> String {
    let alive = marked(&place.mark);
    let held = namespaces(alive.keys());
    let mut parts: BTreeMap<Part, Vec<i32>> = BTreeMap::new();
    for (pid, command) in &alive {
        parts.entry(Part::of(command)).or_default().push(*pid);
    }
    let part = dice.one_of(&parts.keys().copied().collect::<Vec<_>>());
    let Some((part, victim)) = part.and_then(|part| Some((part, dice.one_of(&parts[&part])?)))
    else {
        running.end().with(0);
        return "it had ended".to_owned();
    };
    let why = format!("killed {part:?} {victim}: {}", alive[&victim]);
    // It may just have ended by itself.
    let _ = kill(Pid::from_raw(victim), Signal::SIGKILL);
    let missed = running.told().lines().count() == STANDS;
    let ended = running.end();
    none_remain(&place.mark, &held, &why);
    let code = ended.status.code();
    match part {
        Part::Outer => assert!(
            ended.status.signal() == Some(9) || code == Some(0),
            "{why}: {ended:?}"
        ),
        // Before it stands nothing can be said, afterwards something fails or is unknown; unless all was done.
        _ => assert!(matches!(code, Some(0 | 1 | 3 | 4)), "{why}: {ended:?}"),
    }
    assert!(
        !missed || code != Some(0),
        "{why}, and all holds: {ended:?}"
    );
    assert!(!ended.stderr.contains("panicked"), "{why}: {ended:?}");
    why
}

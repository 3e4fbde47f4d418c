//! Cases of ending: by kill, by the starter's end, by the machine's refusal. And of not ending: kept twins.

use std::io::Write;
use std::path::Path;
use std::process::{ExitCode, Output};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use model::HostId;
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use serde_json::json;
use twin::{Kept, Twin, TwinError};

use crate::machine::{marked, namespaces};
use crate::place::{Place, ask, command_of, first_line, host, spawn, text};
use crate::sample::{HOSTS, plan};

/// A process that starts a twin and asks until something is wrong: RUN_DIR MARK.
pub(crate) const OUTER: &str = "outer";
/// A process that leaves a kept twin behind: RUN_DIR MARK.
pub(crate) const KEEPER: &str = "keeper";
/// A process that enters a host of a kept twin: RUN_DIR HOST COMMAND…
pub(crate) const ENTER: &str = "enter";
/// A process that takes something away from itself before it starts a twin: RUN_DIR MARK WHAT.
pub(crate) const CONFINED: &str = "confined";

/// The exit code of a starter whose twin still worked long after one of its processes was killed.
const OUTLIVED: u8 = 7;

/// A twin ends at once; a machine that is busy with others takes seconds.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// Every case, by name.
pub(crate) const ALL: [(&str, fn()); 4] = [
    ("kill_9_leaves_nothing", kill_9),
    ("kept", kept),
    ("kept_and_killed", kept_and_killed),
    ("a_machine_that_refuses_is_named", refused),
];

/// Numbers that look random, from a seed that a failure repeats (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below the limit")
    }
}

fn kill_9() {
    let seed = match std::env::var("REEVE_TEST_SEED") {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) => SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(1, |age| age.subsec_nanos().into()),
    };
    crate::say(&format!("REEVE_TEST_SEED={seed}"));
    let mut dice = Dice(seed | 1);
    for round in 0..20 {
        let place = Place::new();
        let mut outer = spawn(&[OUTER, &text(&place.run_dir()), &place.mark]);
        // Half of them while it starts, half while it works.
        if round % 2 == 0 {
            thread::sleep(Duration::from_micros(dice.below(60_000) as u64));
        } else {
            first_line(&mut outer);
        }
        let all = marked(&place.mark);
        let held = namespaces(all.keys());
        let (victim, command) = all
            .iter()
            .nth(dice.below(all.len().max(1)))
            .map(|(pid, command)| (*pid, command.clone()))
            .expect("at least the starter");
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(victim), Signal::SIGKILL);
        let why = format!(
            "seed {seed}, round {round}, of {} killed {command}",
            all.len()
        );
        let ended = outer.wait().expect("the starter ends");
        assert_ne!(ended.code(), Some(OUTLIVED.into()), "{why}: nothing ended");
        place.is_clean(&held, &why);
    }
}

fn kept() {
    let place = Place::new();
    let run_dir = text(&place.run_dir());
    let keeper = spawn(&[KEEPER, &run_dir, &place.mark])
        .wait()
        .expect("ends");
    assert!(keeper.success(), "{keeper}");
    let twin = find(&place).expect("is listed");
    let names: Vec<_> = twin.hosts.iter().map(HostId::as_str).collect();
    assert_eq!(
        (twin.label.as_str(), names.as_slice()),
        ("sample", HOSTS.as_slice())
    );
    assert!(
        twin.since
            .elapsed()
            .is_ok_and(|age| age < Duration::from_secs(600))
    );
    let held = place.held();

    let entered = |command: &[&str]| -> Output {
        let mut words = vec![ENTER, &run_dir, HOSTS[1]];
        words.extend(command);
        command_of(&words).output().expect("runs")
    };
    let check = |command: &[&str], code: i32, output: &str| {
        let got = entered(command);
        assert_eq!(got.status.code(), Some(code), "{command:?}: {got:?}");
        assert_eq!(String::from_utf8_lossy(&got.stdout), output, "{command:?}");
    };
    check(&["cat", "/etc/hostname"], 0, "production-b\n");
    check(&["sh", "-c", "id -u; pwd"], 0, "0\n/run/reeve\n");
    check(&["sh", "-c", "exit 7"], 7, "");
    check(&["sh", "-c", "kill -KILL $$"], 128 + 9, "");
    check(&["/nonexistent"], 127, "");
    check(&["sh", "-c", "echo x > /usr/x"], 2, "");
    signals_reach_the_command(&run_dir);
    let stranger = twin::enter(&twin, &host("nobody"), &["true".to_owned()]);
    assert!(
        matches!(stranger, Err(twin::KeptError::NoSuchHost(_))),
        "{stranger:?}"
    );

    twin::stop_kept(&twin).expect("ends");
    assert_eq!(find(&place), None);
    place.is_clean(&held, "stopped");
    assert!(!place.run_dir().join("control.sock").exists());
}

fn signals_reach_the_command(run_dir: &str) {
    let trap = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    let mut entered = spawn(&[ENTER, run_dir, HOSTS[0], "sh", "-c", trap]);
    first_line(&mut entered);
    let pid = Pid::from_raw(entered.id().cast_signed());
    kill(pid, Signal::SIGTERM).expect("signalled");
    assert_eq!(entered.wait().expect("ends").code(), Some(9));
}

fn kept_and_killed() {
    for victim in ["twin-supervisor", "twin-init"] {
        let place = Place::new();
        let keeper = spawn(&[KEEPER, &text(&place.run_dir()), &place.mark]).wait();
        assert!(keeper.expect("ends").success());
        let held = place.held();
        let all = marked(&place.mark);
        let (pid, _) = all
            .iter()
            .find(|(_, command)| command.contains(victim))
            .expect("runs");
        kill(Pid::from_raw(*pid), Signal::SIGKILL).expect("killed");
        place.is_clean(&held, victim);
        assert_eq!(find(&place), None, "{victim}");
    }
}

fn find(place: &Place) -> Option<Kept> {
    let run_dir = place.run_dir().canonicalize().expect("the folder");
    let all = twin::kept().expect("lists");
    all.into_iter().find(|twin| twin.run_dir == run_dir)
}

fn refused() {
    let check = |what: &str, wanted: &str| {
        let place = Place::new();
        let said = command_of(&[CONFINED, &text(&place.run_dir()), &place.mark, what])
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&said.stdout);
        assert!(said.contains(wanted), "{what}: {said}");
        place.is_clean(&place.held(), what);
    };
    check("no-user-namespaces", "sysctl user.max_user_namespaces=");
    check(
        "no-network-namespaces",
        "the limit for namespaces is reached",
    );
    check("few-files", "224 open files are needed, 150 are allowed");
}

pub(crate) fn confined(arguments: &[String]) -> ExitCode {
    let [run_dir, mark, what] = arguments else {
        return ExitCode::from(2);
    };
    let (user, group) = (Uid::effective(), nix::unistd::Gid::effective());
    let limit = |name: &str| {
        // The limit holds for those in a user namespace of this process's own.
        unshare(CloneFlags::CLONE_NEWUSER).expect("a user namespace");
        for (file, text) in [
            ("/proc/self/setgroups", "deny".to_owned()),
            ("/proc/self/uid_map", format!("0 {user} 1")),
            ("/proc/self/gid_map", format!("0 {group} 1")),
            (name, "0".to_owned()),
        ] {
            std::fs::write(file, text).expect(file);
        }
    };
    match what.as_str() {
        "no-user-namespaces" => limit("/proc/sys/user/max_user_namespaces"),
        "no-network-namespaces" => limit("/proc/sys/user/max_net_namespaces"),
        _ => setrlimit(Resource::RLIMIT_NOFILE, 150, 150).expect("a limit"),
    }
    let refusal = Twin::start(plan(Path::new(run_dir), mark, &[]));
    crate::say(&match refusal {
        Err(TwinError::CannotRunHere { what, remedy }) => format!("{what}: {remedy}"),
        other => format!("{other:?}"),
    });
    ExitCode::SUCCESS
}

pub(crate) fn outer(arguments: &[String]) -> ExitCode {
    let [run_dir, mark] = arguments else {
        return ExitCode::from(2);
    };
    let Ok(twin) = Twin::start(plan(Path::new(run_dir), mark, &[])) else {
        return ExitCode::FAILURE;
    };
    crate::say("ready");
    let began = Instant::now();
    while HOSTS
        .iter()
        .all(|name| ask(&twin, name, &json!({"echo": name})).is_ok())
    {
        if began.elapsed() > ENDS_WITHIN {
            return ExitCode::from(OUTLIVED);
        }
    }
    ExitCode::FAILURE
}

pub(crate) fn keeper(arguments: &[String]) -> ExitCode {
    let [run_dir, mark] = arguments else {
        return ExitCode::from(2);
    };
    let mut plan = plan(Path::new(run_dir), mark, &[]);
    plan.keep = true;
    let twin = Twin::start(plan).expect("starts");
    let kept = twin.release().expect("is released");
    assert!(kept.run_dir.ends_with("run"));
    ExitCode::SUCCESS
}

pub(crate) fn enter(arguments: &[String]) -> ExitCode {
    let [run_dir, name, command @ ..] = arguments else {
        return ExitCode::from(2);
    };
    let all = twin::kept().expect("lists");
    let twin = all
        .iter()
        .find(|twin| twin.run_dir.ends_with(run_dir) || twin.run_dir == Path::new(run_dir));
    let status = twin::enter(twin.expect("is kept"), &host(name), command).expect("enters");
    std::io::stdout().flush().expect("writes");
    ExitCode::from(u8::try_from(status.code().expect("a code")).expect("0 to 255"))
}

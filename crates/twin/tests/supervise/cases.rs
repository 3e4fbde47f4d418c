//! The cases, and the processes that play the starter in them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use model::HostId;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use twin::{AskError, Kept, Plan, Twin, TwinError};

use crate::machine::{is_clean, marked, namespaces};
use crate::sample::{HOSTS, plan};

/// A process that starts a twin and asks until something is wrong: RUN_DIR MARK.
pub(crate) const OUTER: &str = "outer";
/// A process that leaves a kept twin behind: RUN_DIR MARK.
pub(crate) const KEEPER: &str = "keeper";
/// A process that enters a host of a kept twin: RUN_DIR HOST COMMAND…
pub(crate) const ENTER: &str = "enter";

/// Every case, by name.
pub(crate) const ALL: [(&str, fn()); 11] = [
    ("hosts_answer", hosts_answer),
    (
        "hosts_have_files_of_their_own",
        hosts_have_files_of_their_own,
    ),
    ("a_program_that_dies_is_its_own_error", a_program_that_dies),
    ("a_program_that_cannot_start_is_named", programs_that_fail),
    ("plans_that_nobody_could_carry_out", plans_that_fail),
    ("long_frames", long_frames),
    ("many_threads_ask_at_once", many_at_once),
    ("two_twins_at_once", two_twins),
    ("kill_9_leaves_nothing", kill_9),
    ("kept", kept),
    ("kept_and_killed", kept_and_killed),
];

/// A folder for a run, whose name is the mark of all its processes.
struct Place {
    folder: TempDir,
    mark: String,
}

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("mark-{}-{number}-end", std::process::id());
        let folder = tempfile::Builder::new()
            .prefix(&mark)
            .tempdir()
            .expect("a folder");
        Self { folder, mark }
    }

    fn run_dir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    fn plan(&self, inputs: &[(&str, Value)]) -> Plan {
        plan(&self.run_dir(), &self.mark, inputs)
    }

    fn start(&self) -> Twin {
        Twin::start(self.plan(&[])).expect("starts")
    }

    fn is_clean(&self, held: &BTreeSet<String>, why: &str) {
        is_clean(&self.mark, held, &self.run_dir(), why);
    }

    fn held(&self) -> BTreeSet<String> {
        namespaces(marked(&self.mark).keys())
    }
}

fn host(name: &str) -> HostId {
    HostId::from(name)
}

fn ask(twin: &Twin, to: &str, question: &Value) -> Result<Value, String> {
    twin.ask(&host(to), question)
        .map_err(|error| error.to_string())
}

fn hosts_answer() {
    let place = Place::new();
    let twin = place.start();
    for name in HOSTS {
        assert_eq!(
            ask(&twin, name, &json!({"echo": [1, name]})),
            Ok(json!([1, name]))
        );
        assert_eq!(
            ask(&twin, name, &json!({"hostname": null})),
            Ok(json!(name.replace('/', "-")))
        );
    }
    assert_eq!(
        ask(&twin, HOSTS[0], &json!({"refuse": "why"})),
        Err("why".to_owned())
    );
    let stranger = twin.ask(&host("staging/nobody"), &json!(1));
    assert!(
        matches!(stranger, Err(AskError::NoSuchHost(_))),
        "{stranger:?}"
    );
    let never = twin.ask_within(
        &host(HOSTS[0]),
        &json!({"never": 1}),
        Duration::from_millis(1),
    );
    assert!(matches!(never, Err(AskError::Late(_))), "{never:?}");
    twin.flush_connections().expect("forgets");
    let memory = twin.memory().expect("says");
    assert_eq!((memory.processes, memory.unreadable), (4, 0), "{memory:?}");
    assert!(memory.pss > 0, "{memory:?}");
    assert!(twin.timings().programs > Duration::ZERO);
    let held = place.held();
    assert!(held.len() > 4, "{held:?}");
    twin.stop().expect("ends");
    assert_eq!(
        marked(&place.mark).len(),
        0,
        "when stop returns, all are gone"
    );
    place.is_clean(&held, "stopped");
    // Dropped is stopped.
    drop(place.start());
    assert_eq!(
        marked(&place.mark).len(),
        0,
        "when drop returns, all are gone"
    );
}

fn hosts_have_files_of_their_own() {
    let place = Place::new();
    let twin = place.start();
    let [a, b, _] = HOSTS;
    let read = |path: &str| ask(&twin, a, &json!({"read": path}));
    assert_eq!(read("/etc/hostname"), Ok(json!("production-a\n")));
    assert_eq!(
        read("/etc/resolv.conf"),
        Ok(json!("nameserver 10.9.0.2\nsearch acme.example\n"))
    );
    let hosts = read("/etc/hosts").expect("reads");
    assert!(
        hosts
            .as_str()
            .is_some_and(|text| text.ends_with("10.9.0.10 a.acme.example\n"))
    );

    for own in ["/etc/new", "/run/new", "/tmp/new", "/run/reeve/new"] {
        assert_eq!(
            ask(&twin, a, &json!({"write": own})),
            Ok(Value::Null),
            "{own}"
        );
        assert!(!Path::new(own).exists(), "{own} is here");
        assert!(
            ask(&twin, b, &json!({"read": own})).is_err(),
            "{own} is on another host"
        );
    }
    let run_dir = place.run_dir().join("new");
    let outside = run_dir.to_str().expect("a text");
    for machines in [
        "/new",
        "/usr/new",
        "/var/new",
        "/proc/sys/kernel/domainname",
        outside,
    ] {
        let written = ask(&twin, a, &json!({"write": machines}));
        assert!(written.is_err(), "{machines} could be written");
    }
    let open = ask(&twin, a, &json!({"names": "/proc/self/fd"})).expect("lists");
    // Standard input is /dev/null by now; the channel has two, and the listing one.
    assert_eq!(open.as_array().map(Vec::len), Some(6), "{open}");
    let environment = ask(&twin, a, &json!({"environment": null})).expect("lists");
    for name in environment.as_array().expect("a list") {
        let known = ["PATH", "HOME", "LANG", "RUST_BACKTRACE"].map(Value::from);
        assert!(known.contains(name), "{name}");
    }
    twin.stop().expect("ends");
}

fn a_program_that_dies() {
    let place = Place::new();
    let twin = place.start();
    let [a, b, c] = HOSTS;
    let gone = |name: &str, question: Value, wanted: &str| match twin.ask(&host(name), &question) {
        Err(AskError::HostGone { host, how }) => {
            assert_eq!(host.as_str(), name);
            assert!(how.contains(wanted), "{how}");
        }
        other => panic!("{name}: {other:?}"),
    };
    gone(a, json!({"die": 1}), "exit code 3");
    gone(a, json!({"echo": 1}), "exit code 3");
    let inside = marked(&place.mark);
    let (victim, _) = inside
        .iter()
        .rfind(|(_, command)| command.contains("echo-host"))
        .expect("a program");
    kill(Pid::from_raw(*victim), Signal::SIGKILL).expect("killed");
    // Programs start in the order of hosts, so the last one is staging/c.
    gone(c, json!({"never": 1}), "SIGKILL");
    assert_eq!(
        ask(&twin, b, &json!({"echo": 1})),
        Ok(json!(1)),
        "the others go on"
    );
    let log = place.run_dir().join("log/production.a.log");
    let wrote = std::fs::read_to_string(log).expect("a log");
    assert_eq!(wrote, "dying as asked\n");
    twin.stop().expect("ends");
}

fn programs_that_fail() {
    let place = Place::new();
    let check = |plan: Plan, wanted: &str| {
        match Twin::start(plan) {
            Err(TwinError::Program { host, detail }) => {
                assert_eq!(host.as_str(), HOSTS[1]);
                assert!(detail.contains(wanted), "{detail}");
            }
            other => panic!("{other:?}, wanted {wanted}"),
        }
        assert_eq!(
            marked(&place.mark).len(),
            0,
            "{wanted}: when start fails, all are gone"
        );
    };
    let input = |input: Value| place.plan(&[(HOSTS[1], input)]);
    check(input(json!({"refuse": "no key"})), "no key");
    check(
        input(json!({"die": 1})),
        "exit code 3; it wrote: dying as asked",
    );
    let command = |argv: &[&str]| {
        let mut plan = place.plan(&[]);
        let program = plan.programs.get_mut(&host(HOSTS[1])).expect("a program");
        program.argv = argv.iter().map(|&word| word.to_owned()).collect();
        plan
    };
    check(
        command(&["/nonexistent/program"]),
        "run /nonexistent/program: No such file",
    );
    check(
        command(&["/etc/hosts"]),
        "run /etc/hosts: Permission denied",
    );
    check(command(&["true"]), "exit code 0");
    check(command(&["sh", "-c", "kill -SEGV $$"]), "SIGSEGV");
}

fn plans_that_fail() {
    let place = Place::new();
    let check = |change: &dyn Fn(&mut Plan), wanted: &str| {
        let mut plan = place.plan(&[]);
        change(&mut plan);
        let error = Twin::start(plan).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    };
    let first = |plan: &mut Plan, change: &dyn Fn(&mut twin::Program)| {
        change(plan.programs.get_mut(&host(HOSTS[0])).expect("a program"));
    };
    check(&|plan| plan.network.interfaces.clear(), "no interface");
    check(&|plan| plan.label = "a\nb".to_owned(), "label");
    check(
        &|plan| first(plan, &|program| program.argv.clear()),
        "no command",
    );
    check(
        &|plan| first(plan, &|program| program.argv[0].push('\0')),
        "NUL",
    );
    check(
        &|plan| first(plan, &|program| program.hostname = "x".repeat(65)),
        "65 bytes",
    );
    check(
        &|plan| first(plan, &|program| program.hostname.clear()),
        "0 bytes",
    );
    check(
        &|plan| {
            first(plan, &|program| {
                program.search.push("a\nnameserver 8.8.8.8".to_owned())
            })
        },
        "not a name",
    );
    check(
        &|plan| plan.run_dir = PathBuf::from("/proc/nowhere"),
        "use the folder",
    );
    check(
        &|plan| plan.run_dir = PathBuf::from("/dev/null/run"),
        "use the folder",
    );
    let twin = place.start();
    let refused = twin.release().expect_err("not to be kept").to_string();
    assert_eq!(refused, "keep the twin");
    assert_eq!(marked(&place.mark).len(), 0, "what is not kept is gone");
}

fn long_frames() {
    let place = Place::new();
    let twin = place.start();
    let text = "y".repeat(24 << 20);
    let echoed = ask(&twin, HOSTS[0], &json!({"echo": text})).expect("echoes");
    assert!(
        echoed == json!(text),
        "{} bytes came back",
        echoed.to_string().len()
    );
    let long = ask(&twin, HOSTS[1], &json!({"long": twin::host::MAX_MESSAGE}));
    assert!(
        long.as_ref()
            .is_err_and(|error| error.contains("the limit is")),
        "{long:?}"
    );
    let too_long = twin.ask(&host(HOSTS[1]), &json!("y".repeat(twin::host::MAX_MESSAGE)));
    assert!(
        matches!(too_long, Err(AskError::Wire(_))),
        "{:?}",
        too_long.err()
    );
    for name in HOSTS {
        assert_eq!(
            ask(&twin, name, &json!({"echo": 1})),
            Ok(json!(1)),
            "all go on"
        );
    }
    twin.stop().expect("ends");
}

fn many_at_once() {
    let place = Place::new();
    let twin = place.start();
    thread::scope(|scope| {
        for asker in 0..24 {
            let twin = &twin;
            scope.spawn(move || {
                let name = HOSTS[asker % HOSTS.len()];
                for number in 0..50 {
                    let question = json!({"echo": [asker, number, "z".repeat(number * 100)]});
                    assert_eq!(ask(twin, name, &question).as_ref(), Ok(&question["echo"]));
                }
            });
        }
    });
    twin.stop().expect("ends");
}

fn two_twins() {
    let places = [Place::new(), Place::new()];
    let [one, two] = places
        .each_ref()
        .map(|place| thread::scope(|scope| scope.spawn(|| place.start()).join().expect("starts")));
    assert!(
        places[0].held().is_disjoint(&places[1].held()),
        "nothing is shared"
    );
    ask(&one, HOSTS[0], &json!({"write": "/tmp/x"})).expect("writes");
    assert!(ask(&two, HOSTS[0], &json!({"read": "/tmp/x"})).is_err());
    one.stop().expect("ends");
    assert_eq!(
        ask(&two, HOSTS[0], &json!({"echo": 1})),
        Ok(json!(1)),
        "the other goes on"
    );
    two.stop().expect("ends");
}

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
            .map_or(1, |age| age.as_micros()) as u64,
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
        outer.wait().expect("the starter ends");
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

fn command_of(words: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn spawn(words: &[&str]) -> Child {
    command_of(words).spawn().expect("starts")
}

/// Waits until a process says something; its output stays open.
fn first_line(child: &mut Child) {
    let mut lines = BufReader::new(child.stdout.as_mut().expect("its output"));
    let mut line = String::new();
    assert_ne!(
        lines.read_line(&mut line).expect("reads"),
        0,
        "it says nothing"
    );
}

fn text(path: &Path) -> String {
    path.to_str().expect("a text").to_owned()
}

pub(crate) fn outer(arguments: &[String]) -> ExitCode {
    let [run_dir, mark] = arguments else {
        return ExitCode::from(2);
    };
    let Ok(twin) = Twin::start(plan(Path::new(run_dir), mark, &[])) else {
        return ExitCode::FAILURE;
    };
    crate::say("ready");
    while HOSTS
        .iter()
        .all(|name| ask(&twin, name, &json!({"echo": name})).is_ok())
    {}
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

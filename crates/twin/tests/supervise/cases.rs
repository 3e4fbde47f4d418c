//! Cases of starting twins and asking them.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use model::Verdict;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use twin::{AskError, Plan, Twin, TwinError};

use crate::machine::marked;
use crate::place::{Place, ask, host};
use crate::sample::HOSTS;

/// Every case, by name.
pub(crate) const ALL: [(&str, fn()); 8] = [
    ("hosts_answer", hosts_answer),
    ("hosts_have_files_of_their_own", own_files),
    ("a_program_that_dies_is_its_own_error", a_program_that_dies),
    ("a_program_that_cannot_start_is_named", programs_that_fail),
    ("plans_that_nobody_could_carry_out", plans_that_fail),
    ("long_frames", long_frames),
    ("many_threads_ask_at_once", many_at_once),
    ("two_twins_at_once", two_twins),
];

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

fn own_files() {
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

    // Where something is mounted below the machine's /etc, as in a container, single files are covered and not the folder.
    let whole = twin::doctor()
        .iter()
        .any(|row| row.name == "overlays" && row.verdict == Verdict::Holds);
    let written = ask(&twin, a, &json!({"write": "/etc/new"}));
    assert_eq!(written.is_ok(), whole, "{written:?}");
    assert!(!Path::new("/etc/new").exists(), "/etc/new is here");
    assert!(ask(&twin, b, &json!({"read": "/etc/new"})).is_err());
    for own in ["/run/new", "/tmp/new", "/run/reeve/new"] {
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
    let gone = |name: &str, question: Value, wanted: &str| {
        let answer = twin.ask(&host(name), &question);
        assert!(
            matches!(&answer, Err(AskError::HostGone { host, how })
                if host.as_str() == name && how.contains(wanted)),
            "{name}: {answer:?}, wanted {wanted}"
        );
    };
    gone(a, json!({"die": 1}), "exit code 3");
    gone(a, json!({"echo": 1}), "exit code 3");
    let inside = marked(&place.mark);
    let (victim, _) = inside
        .iter()
        .find(|(_, command)| command.contains(c))
        .expect("a program");
    kill(Pid::from_raw(*victim), Signal::SIGKILL).expect("killed");
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
        let error = Twin::start(plan).expect_err(wanted);
        assert!(
            matches!(&error, TwinError::Program { host, detail }
                if host.as_str() == HOSTS[1] && detail.contains(wanted)),
            "{error:?}, wanted {wanted}"
        );
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
    // Together they are longer than the longest frame, so that some must wait for the starter to read.
    thread::scope(|scope| {
        for name in HOSTS {
            let (twin, text) = (&twin, &text);
            scope.spawn(move || {
                let echoed = ask(twin, name, &json!({"echo": text})).expect("echoes");
                assert!(echoed == json!(text), "{name} echoes something else");
            });
        }
    });
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

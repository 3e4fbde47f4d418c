//! Twins that are left standing, and the logins to their hosts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::machine::can_rehearse;
use crate::place::{Ended, Place, names_in, word};
use crate::processes::{marked, namespaces, none_remain};

/// A kept twin as `twin ls` shows it.
struct Listed {
    label: String,
    pid: i32,
}

/// The kept twins of a place by the names of their runs. Others may keep theirs on the same machine.
fn listed(place: &Place) -> Vec<(String, Listed)> {
    let list = place.run(&["twin", "ls", "--json"]).with(0).json();
    let one = |one: &Value| {
        let run_dir = Path::new(one["run_dir"].as_str()?);
        let run = run_dir.file_name()?.to_str()?.to_owned();
        let listed = Listed {
            label: one["label"].as_str()?.to_owned(),
            pid: i32::try_from(one["pid"].as_i64()?).ok()?,
        };
        let here = fs::canonicalize(place.path("acme")).expect("the estate");
        run_dir.starts_with(here).then_some((run, listed))
    };
    let twins = list.as_array().expect("a list");
    twins.iter().filter_map(one).collect()
}

/// Gives the estate a name that no other kept twin on this machine has, and returns it.
pub(crate) fn rename(place: &Place, example: &str) -> String {
    let name = place.mark.to_lowercase();
    let file = place.path(example).join("estate.toml");
    let text = fs::read_to_string(&file).expect("the estate");
    let renamed = text.replacen(
        &format!("name = \"{example}\""),
        &format!("name = \"{name}\""),
        1,
    );
    assert_ne!(text, renamed);
    fs::write(file, renamed).expect("an estate");
    name
}

fn keep(place: &Place) -> String {
    let before = place.runs("acme");
    let ended = place.run(&["rehearse", "../acme", "--keep"]).with(0);
    assert!(ended.stdout.contains("reeve ssh"), "{}", ended.stdout);
    let mut runs = place.runs("acme");
    runs.retain(|run| !before.contains(run));
    assert_eq!(runs.len(), 1, "{runs:?}");
    let name = runs.first().and_then(|run| run.file_name());
    word(name.expect("a run").as_ref()).to_owned()
}

fn ssh(place: &Place, host: &str, command: &[&str]) -> Ended {
    let mut words = vec!["ssh", "../acme", host, "--"];
    words.extend(command);
    place.run(&words)
}

#[test]
fn twins_are_kept_entered_and_stopped() {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    let label = rename(&place, "acme");
    ssh(&place, "production/apim-1", &["true"])
        .with(2)
        .telling(&["failed to find a kept twin", "--keep"]);
    let links = names_in(Path::new("/sys/class/net"));
    let first = keep(&place);
    let twins = listed(&place);
    assert_eq!(twins.len(), 1);
    assert_eq!((&twins[0].0, &twins[0].1.label), (&first, &label));
    let table = place.run(&["twin", "ls"]).with(0).stdout;
    let line = table.lines().find(|line| line.contains(&label));
    assert!(line.is_some_and(|line| line.contains(&first)), "{table}");
    apart(&place, &links);
    logins(&place);

    let second = keep(&place);
    assert_eq!(listed(&place).len(), 2, "one stands beside the other");
    place
        .run(&["twin", "stop", &label])
        .with(2)
        .telling(&[&first, &second]);
    assert_eq!(listed(&place).len(), 2, "which one is not guessed");
    place
        .run(&["twin", "stop", &second])
        .with(0)
        .telling(&[&second]);
    let left: Vec<_> = listed(&place).into_iter().map(|(run, _)| run).collect();
    assert_eq!(left, [first]);
    ssh(&place, "production/is-1", &["true"]).with(0);
    let remaining = marked(&place.mark);
    assert!(
        remaining.values().all(|command| !command.contains(&second)),
        "{remaining:?}"
    );
    place
        .run(&["twin", "stop", &second])
        .with(2)
        .telling(&["failed to find a kept twin", &second]);
    place.run(&["twin", "stop", &label]).with(0);
    none_remain(&place.mark, &namespaces(remaining.keys()), "stopped");
    place.is_tidy("stopped");
    assert_eq!(listed(&place).len(), 0);
}

#[test]
fn a_kept_twin_that_is_killed_is_gone() {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    rename(&place, "acme");
    let run = keep(&place);
    let alive = marked(&place.mark);
    let held = namespaces(alive.keys());
    let twins = listed(&place);
    let init = twins.first().expect("it is kept").1.pid;
    kill(Pid::from_raw(init), Signal::SIGKILL).expect("it is there");
    none_remain(&place.mark, &held, "PID 1 was killed");
    assert_eq!(listed(&place).len(), 0);
    place.run(&["twin", "stop", &run]).with(2);
    ssh(&place, "production/apim-1", &["true"]).with(2);
    place.is_tidy("PID 1 was killed");
    // What a dead twin leaves in its folder hinders no other run.
    let next = keep(&place);
    assert_ne!(run, next);
    let supervisor = marked(&place.mark)
        .into_iter()
        .find(|(_, command)| command.contains("twin-supervisor"));
    let (pid, _) = supervisor.expect("it has a supervisor");
    let held = namespaces(marked(&place.mark).keys());
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it is there");
    none_remain(&place.mark, &held, "the supervisor was killed");
    assert_eq!(listed(&place).len(), 0);
}

/// No process of a standing twin is in the machine's network, and no link of the twin's ends there.
fn apart(place: &Place, links: &BTreeSet<String>) {
    assert_eq!(&names_in(Path::new("/sys/class/net")), links);
    let own = fs::read_link("/proc/self/ns/net").expect("a namespace");
    let twin = marked(&place.mark);
    assert!(twin.len() > 30, "{twin:?}");
    for (pid, command) in twin {
        if let Ok(theirs) = fs::read_link(format!("/proc/{pid}/ns/net")) {
            assert_ne!(theirs, own, "{command}");
        }
    }
}

fn logins(place: &Place) {
    let check = |host: &str, command: &[&str], code: i32, stdout: &str, stderr: &str| {
        let ended = ssh(place, host, command).with(code);
        assert_eq!(
            (ended.stdout.as_str(), ended.stderr.as_str()),
            (stdout, stderr)
        );
    };
    let apim = "production/apim-1";
    check(apim, &["hostname"], 0, "production-apim-1\n", "");
    check("staging/is-2", &["hostname"], 0, "staging-is-2\n", "");
    check(
        "production/bastion",
        &["hostname"],
        0,
        "production-bastion\n",
        "",
    );
    let links = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort";
    check(apim, &[links], 0, "eth0\nlo\n", "");
    check(
        apim,
        &["echo out; echo err >&2; exit 7"],
        7,
        "out\n",
        "err\n",
    );
    check(apim, &["kill", "-TERM", "$$"], 255, "", "");
    let known = ["there is one to", "production/apim-1", "staging/is-2"];
    for nobody in [
        "production/nobody",
        "nobody",
        "bastion",
        "",
        "../../etc/passwd",
    ] {
        let ended = ssh(place, nobody, &["true"]).with(2).telling(&known);
        assert_eq!(ended.stdout, "");
    }
}

//! Commands that need no twin: what they write, and the exit codes and words for what is wrong.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use nix::sys::stat::Mode;

use crate::place::{Place, word};

/// Every command that reads an estate.
const COMMANDS: [&str; 4] = ["check", "design", "prove", "rehearse"];

/// Changes a file of the estate.
fn edit(place: &Place, file: &str, change: impl FnOnce(String) -> String) {
    let path = place.path("acme").join(file);
    let before = fs::read_to_string(&path).expect("a file of the estate");
    let after = change(before.clone());
    assert_ne!(before, after, "the change changes something");
    fs::write(path, after).expect("a file of the estate");
}

#[test]
fn the_example_is_checked_designed_and_proved() {
    let place = Place::new();
    place.run(&["check", "../acme"]).with(0);
    place.run(&["check", "../acme/estate.toml"]).with(0);
    let proof = place.run(&["prove", "../acme", "--json"]).with(0).json();
    let evidence = proof["evidence"].as_array().expect("evidence");
    assert!(evidence.len() > 100, "{} proofs", evidence.len());
    assert!(evidence.iter().all(|one| one["verdict"] == "holds"));
    let text = place.run(&["prove", "../acme"]).with(0).stdout;
    let count = format!("{} intents hold, 0 fail, 0 unknown", evidence.len());
    assert!(text.contains(&count), "wanted {count}");
    place.is_tidy("nothing was rehearsed");
}

#[test]
fn a_design_is_the_same_each_time_and_a_change_is_told() {
    let place = Place::new();
    let files = || {
        ["reeve.lock", "diagram.svg"]
            .map(|file| fs::read(place.path("acme").join(file)).expect("a file of the design"))
    };
    let committed = files();
    place.run(&["design", "../acme", "--unchanged"]).with(0);
    let first = place.run(&["design", "../acme"]).with(0).stdout;
    assert_eq!(
        files(),
        committed,
        "what comes with Reeve is what it writes"
    );
    assert_eq!(place.run(&["design", "../acme"]).with(0).stdout, first);
    let json = place.run(&["design", "../acme", "--json"]).with(0);
    assert_eq!(
        place.run(&["design", "../acme", "--json"]).with(0).stdout,
        json.stdout
    );

    edit(&place, "estate.toml", |text| {
        text.replace(
            "web-shop = \"10.200.20.11\"",
            "web-shop = \"10.200.20.11\"\nreporting = \"10.200.20.12\"",
        )
    });
    for _ in 0..2 {
        place
            .run(&["design", "../acme", "--unchanged"])
            .with(1)
            .telling(&["unchanged", "reeve design"]);
        assert_eq!(files(), committed, "--unchanged writes nothing");
    }
    place.run(&["design", "../acme"]).with(0);
    assert_ne!(files(), committed);
    place.run(&["design", "../acme", "--unchanged"]).with(0);

    // Without a lock everything is allotted as it was: nothing else had moved it.
    let allotted = files();
    fs::remove_file(place.path("acme/reeve.lock")).expect("a lock");
    place.run(&["design", "../acme", "--unchanged"]).with(1);
    place.run(&["design", "../acme"]).with(0);
    assert_eq!(files(), allotted);
    let elsewhere = place.path("output/other.svg");
    place
        .run(&["design", "../acme", "--out", word(&elsewhere)])
        .with(0);
    assert_eq!(fs::read(elsewhere).expect("a diagram"), allotted[1]);
    place.is_tidy("it was designed");
}

/// Runs every command on an estate that cannot be used: exit code 2, and each says why.
fn check(spoil: impl FnOnce(&Place), words: &[&str]) {
    let place = Place::new();
    spoil(&place);
    for command in COMMANDS {
        let ended = place.run(&[command, "../acme"]).with(2);
        if command == "check" {
            // What it finds is its result; what keeps it from looking is told like any failure.
            let told = format!("{}{}", ended.stdout, ended.stderr);
            for word in words {
                assert!(told.contains(word), "wanted {word:?}: {told}");
            }
            continue;
        }
        let ended = ended.telling(words);
        assert_eq!(ended.stdout, "", "{command}: a failure is no result");
    }
    for command in COMMANDS {
        let ended = place.run(&[command, "../acme", "--json"]).with(2);
        let json = ended.json();
        let told = json.to_string();
        assert!(
            json["error"]["exit"] == 2 || json["ready"] == false,
            "{told}"
        );
    }
}

#[test]
fn faults_of_an_estate_are_shown_where_they_are() {
    let change = |from: &'static str, to: &'static str| {
        move |place: &Place| edit(place, "estate.toml", |text| text.replacen(from, to, 1))
    };
    check(
        change("customer = ", "custommer = "),
        &["estate.toml:1", "custommer", "customer", "error"],
    );
    check(
        change("cidr = \"10.20.0.0/16\"", "cidr = \"10.20.0.0/33\""),
        &["estate.toml:", "10.20.0.0/33", "error,"],
    );
    check(
        change("version = \"7.1.0\"", "version = \"0.0.1\""),
        &["estate.toml:", "0.0.1"],
    );
    check(
        change("env:ACME_SMTP_PASSWORD", "hunter2"),
        &["estate.toml:", "secret"],
    );
    check(change("[operator]", "[operator"), &["estate.toml:"]);
    check(
        change("198.51.100.0/28", "0.0.0.0/0"),
        &["estate.toml:", "0.0.0.0/0"],
    );
}

#[test]
fn what_is_no_estate_is_refused() {
    let file = |place: &Place| place.path("acme/estate.toml");
    let replaced = |make: fn(&std::path::Path)| {
        move |place: &Place| {
            fs::remove_file(file(place)).expect("an estate");
            make(&file(place));
        }
    };
    let not_found = ["failed to find an estate", "try: "];
    check(replaced(|_| ()), &not_found);
    check(
        replaced(|path| fs::create_dir(path).expect("a folder")),
        &not_found,
    );
    check(
        replaced(|path| symlink(path, path).expect("a link")),
        &not_found,
    );
    check(
        replaced(|path| nix::unistd::mkfifo(path, Mode::S_IRWXU).expect("a pipe")),
        &not_found,
    );
    check(
        replaced(|path| fs::write(path, "").expect("a file")),
        &["error"],
    );
    check(
        replaced(|path| fs::write(path, [0xff, 0, 0xc3, 0x28]).expect("a file")),
        &["error"],
    );
    check(
        replaced(|path| fs::write(path, "x".repeat(3 << 20)).expect("a file")),
        &["error"],
    );
    check(
        replaced(|path| fs::write(path, "[a]\n".repeat(50_000)).expect("a file")),
        &["error"],
    );
}

#[test]
fn a_lock_that_cannot_be_used_is_never_replaced() {
    let lock = |place: &Place| place.path("acme/reeve.lock");
    let words = ["reeve.lock"];
    let spoilt =
        |text: &'static str| move |place: &Place| fs::write(lock(place), text).expect("a lock");
    let check = |spoil: &dyn Fn(&Place)| {
        let place = Place::new();
        spoil(&place);
        // `check` reads the lock too: what only a design can find is found there.
        for command in COMMANDS {
            place.run(&[command, "../acme"]).with(2).telling(&words);
        }
    };
    check(&spoilt("format = 9\n"));
    check(&spoilt("format = \n"));
    check(&spoilt("[addresses]\n"));
    check(&spoilt("\0\0\0\0"));
    check(&|place: &Place| fs::write(lock(place), [0xff; 9]).expect("a lock"));
    check(&|place: &Place| fs::write(lock(place), "#".repeat(2 << 20)).expect("a lock"));
    check(&|place: &Place| {
        fs::remove_file(lock(place)).expect("a lock");
        fs::create_dir(lock(place)).expect("a folder");
    });
    check(&|place: &Place| {
        fs::remove_file(lock(place)).expect("a lock");
        nix::unistd::mkfifo(&lock(place), Mode::S_IRWXU).expect("a pipe");
    });
}

#[test]
fn command_lines_that_make_no_sense() {
    let place = Place::new();
    let check = |words: &[&str], telling: &[&str]| {
        let ended = place.run(words).with(2).telling(telling);
        assert_eq!(ended.stdout, "", "{words:?}");
    };
    check(&[], &["Usage"]);
    check(&["rehears"], &["rehearse"]);
    check(&["rehearse"], &["ESTATE"]);
    check(&["rehearse", "../nowhere"], &["failed to find an estate"]);
    check(
        &["rehearse", "../acme", "--fault", "nonsense"],
        &["nonsense", "reeve rehearse --list-faults"],
    );
    check(
        &["check", "../acme", "--catalog", "../nowhere"],
        &["nowhere"],
    );
    check(&["twin", "stop"], &["TWIN"]);
    check(
        &["twin", "stop", "no-such-twin"],
        &["no-such-twin", "reeve twin ls"],
    );
    check(
        &["ssh", "../nowhere", "host"],
        &["failed to find an estate"],
    );
    place.is_tidy("nothing was done");
}

#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    let place = Place::new();
    for words in [
        &["design", "../acme"][..],
        &["design", "../acme", "--json"],
        &["prove", "../acme"],
        &["rehearse", "--list-faults"],
        &["doctor"],
    ] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let output = place
            .reeve(words)
            .stdout(writer)
            .output()
            .expect("Reeve runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), told.as_ref()),
            (Some(141), ""),
            "{words:?}"
        );
    }
}

#[test]
fn errors_that_nobody_reads_change_no_exit_code() {
    let place = Place::new();
    let estate = place.path("acme");
    for (words, code) in [
        (&["check", word(&estate)][..], 0),
        (&["check", "../nowhere"], 2),
        (&["rehearse", "../acme", "--fault", "nonsense"], 2),
    ] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let full = fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("a device");
        for stderr in [Stdio::from(writer), Stdio::from(full)] {
            let status = place
                .reeve(words)
                .stdout(Stdio::null())
                .stderr(stderr)
                .status();
            assert_eq!(status.expect("Reeve runs").code(), Some(code), "{words:?}");
        }
    }
}

#[test]
fn results_that_a_full_disk_does_not_take_are_told() {
    let place = Place::new();
    for words in [&["design", "../acme"][..], &["check", "../acme", "--json"]] {
        let full = fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("a device");
        let output = place
            .reeve(words)
            .stdout(full)
            .output()
            .expect("Reeve runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {told}");
        assert!(told.contains("standard output"), "{told}");
    }
}

#[test]
fn records_that_cannot_be_made_are_told() {
    let place = Place::new();
    let check = |records: &str| {
        place
            .run(&["rehearse", "../acme", "--records", records])
            .with(3)
            .telling(&["failed to rehearse", "make the run's folder", "--records"]);
    };
    check("../acme/estate.toml");
    check("/proc/nowhere");
    check("/dev/null/x");
    place.is_tidy("nothing was rehearsed");
}

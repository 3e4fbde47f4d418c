//! Cases of the users that exist in a twin, and a machine that grants its users a range of them.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use model::Verdict;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::Uid;
use serde_json::{Value, json};

use crate::NOBODY;
use crate::place::{Place, ask, command_of};
use crate::sample::HOSTS;

/// A process that runs the cases as an ordinary user to whom the machine grants a range: WORDS…
pub(crate) const GRANTED: &str = "granted";
/// A process that says what the doctor finds of the range.
pub(crate) const DOCTOR: &str = "doctor";

/// Which range the machine grants, in a process and all that it starts: by the environment, as it outlives `exec`.
const EXPECTED: &str = "REEVE_TEST_RANGE";

/// Every case, by name.
pub(crate) const ALL: [(&str, fn()); 2] = [
    ("users_exist_where_the_machine_grants_them", users),
    ("without_helpers_there_is_one_user", without_helpers),
];

/// What the machine grants: root has it anyway.
fn is_granted() -> bool {
    Uid::effective().is_root() || env::var_os(EXPECTED).is_some()
}

fn users() {
    let place = Place::new();
    let twin = place.start();
    let host = HOSTS[0];
    let run = |user: u32, script: &str| ask(&twin, host, &json!({"as": [user, script]}));
    let range = ask(&twin, host, &json!({"users": null}));
    if is_granted() {
        assert_eq!(range, Ok(json!([1, 65_535])));
        for user in [1, 105, 65_534, 65_535] {
            let check = |script: &str, wanted: &str| {
                assert_eq!(run(user, script), Ok(json!(wanted)), "{user}: {script}");
            };
            let same = format!("{user}\n");
            check("id -u", &same);
            check("id -G", &same);
            check(
                "touch /tmp/of-$(id -u) && stat -c %u /tmp/of-$(id -u)",
                &same,
            );
            // Nothing of the machine's or of the host's root is its own.
            check("touch /run/x 2>/dev/null || echo no", "no\n");
            check("cat /etc/shadow 2>/dev/null || echo no", "no\n");
            check("ls /run/reeve 2>/dev/null || echo no", "no\n");
            check("touch /var/tmp/x 2>/dev/null || echo no", "no\n");
        }
        assert!(run(65_536, "id -u").is_err(), "beyond the range");
    } else {
        assert_eq!(range, Ok(Value::Null));
        assert!(run(105, "id -u").is_err(), "there is no such user");
    }
    twin.stop().expect("ends");
    let row = twin::doctor()
        .into_iter()
        .find(|row| row.name == "a range of users")
        .expect("the doctor looks for it");
    assert!(!row.required, "{row:?}");
    let (verdict, word) = if is_granted() {
        (Verdict::Holds, "1 to 65535")
    } else {
        (Verdict::Fails, "has no range in /etc/subuid")
    };
    assert_eq!(row.verdict, verdict, "{row:?}");
    assert!(row.detail.contains(word), "{row:?}");
    assert_eq!(row.remedy.is_some(), verdict == Verdict::Fails, "{row:?}");
}

fn without_helpers() {
    if Uid::effective().is_root() || !is_granted() {
        return;
    }
    let said = command_of(&[DOCTOR])
        .env("PATH", "/nonexistent")
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&said.stdout);
    assert!(said.contains("install the package uidmap"), "{said}");
}

pub(crate) fn doctor() -> ExitCode {
    let rows = twin::doctor();
    let row = rows.iter().find(|row| row.name == "a range of users");
    crate::say(&format!("{row:?}"));
    ExitCode::SUCCESS
}

/// Runs the cases once more as an ordinary user who has a range and `newuidmap`; where the latter is not installed, says
/// so.
pub(crate) fn again_with_range(words: &[String]) {
    if !Path::new("/usr/bin/newuidmap").exists() {
        crate::say("as an ordinary user with a range: skipped, there is no newuidmap (uidmap)");
        assert!(env::var_os("CI").is_none(), "a machine that tests has it");
        return;
    }
    let again = Command::new("/proc/self/exe")
        .arg(GRANTED)
        .args(words)
        .status()
        .expect("runs again with a range");
    assert!(again.success(), "as an ordinary user with a range: {again}");
}

/// Lays files over the machine's in a mount namespace of its own, then becomes the user to whom they grant a range.
pub(crate) fn granted(words: &[String]) -> ExitCode {
    unshare(CloneFlags::CLONE_NEWNS).expect("a mount namespace");
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("private mounts");
    let folder = tempfile::tempdir().expect("a folder");
    let granted = folder.path().join("granted");
    fs::write(&granted, format!("{NOBODY}:300000:65536\n")).expect("a file");
    for file in ["/etc/subuid", "/etc/subgid"] {
        let bind = MsFlags::MS_BIND;
        mount(Some(&granted), file, None::<&str>, bind, None::<&str>).expect(file);
    }
    let status = Command::new("/proc/self/exe")
        .args(words)
        .env(EXPECTED, "granted")
        .uid(NOBODY)
        .gid(NOBODY)
        .status()
        .expect("runs");
    if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

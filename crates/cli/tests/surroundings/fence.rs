//! This binary again, as root of a user namespace of its own: what it does to its surroundings ends with it.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid};

use crate::place::{Place, word};
use crate::processes::none_remain;
use crate::{forbidden, full, sealed};

/// The word by which this binary runs itself: WORD CASE FOLDER ARGUMENT…
const WORD: &str = "inside";

/// Runs a case inside, in a place, with arguments; asserts that it succeeds and that nothing of it remains.
pub(crate) fn run(case: &str, place: &Place, arguments: &[&str]) {
    let status = Command::new("/proc/self/exe")
        .args([WORD, case, word(&place.path(""))])
        .args(arguments)
        .status()
        .expect("it starts");
    assert!(status.success(), "{case} {arguments:?}: {status}");
    none_remain(&place.mark, &Default::default(), case);
    place.is_tidy(case);
}

/// Is the process inside, if this is one.
pub(crate) fn inside(words: &[String]) -> Option<ExitCode> {
    let [word, case, folder, arguments @ ..] = words else {
        return None;
    };
    if word != WORD {
        return None;
    }
    let place = Place::in_folder(Path::new(folder));
    match case.as_str() {
        forbidden::CASE => forbidden::inside(&place, arguments),
        sealed::CASE => sealed::inside(&place),
        full::CASE => full::inside(&place, arguments),
        _ => return Some(ExitCode::FAILURE),
    }
    Some(ExitCode::SUCCESS)
}

/// Becomes root of new namespaces: of users, of mounts, and others that are wanted.
pub(crate) fn enter(others: CloneFlags) {
    let (user, group) = (Uid::effective(), Gid::effective());
    unshare(CloneFlags::CLONE_NEWUSER).expect("a user namespace");
    fs::write("/proc/self/setgroups", "deny").expect("no groups");
    fs::write("/proc/self/uid_map", format!("0 {user} 1")).expect("a user");
    fs::write("/proc/self/gid_map", format!("0 {group} 1")).expect("a group");
    unshare(others | CloneFlags::CLONE_NEWNS).expect("namespaces");
    // From here on nothing that is mounted appears outside.
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount_at("none", "/", None, flags, "");
}

/// Mounts, or changes what is mounted.
pub(crate) fn mount_at(from: &str, at: &str, kind: Option<&str>, flags: MsFlags, options: &str) {
    mount(Some(from), at, kind, flags, Some(options))
        .map_err(|errno| format!("{from} on {at}: {errno}"))
        .expect("it is mounted");
}

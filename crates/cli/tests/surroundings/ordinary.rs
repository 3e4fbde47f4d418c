//! An ordinary user without a range of subordinate users.

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::unistd::Uid;

use crate::place::{Ended, Place, everything_below};
use crate::processes::none_remain;

/// A user that owns nothing and has no range of subordinate users.
const NOBODY: u32 = 65534;

pub(crate) fn keeps_and_enters() {
    let mut place = Place::new();
    let root = Uid::effective().is_root();
    if root {
        give_away(&mut place);
    }
    let run = |words: &[&str]| -> Ended {
        let mut command: Command = place.reeve(words);
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        place.start_command(&mut command).end()
    };
    let ended = run(&["rehearse", "../acme", "--keep"]).with(0);
    assert!(ended.stdout.contains("holds"), "{}", ended.stdout);
    let login = run(&[
        "ssh",
        "../acme",
        "production/apim-1",
        "--",
        "hostname; exit 9",
    ])
    .with(9);
    assert_eq!(login.stdout, "production-apim-1\n");
    let folder = place.only_run("acme");
    let name = folder
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    if root {
        // It is not root's, who has none here.
        place.run(&["twin", "stop", name]).with(2);
    }
    run(&["twin", "stop", name]).with(0).telling(&[name]);
    none_remain(&place.mark, &Default::default(), "stopped");
    place.is_tidy("stopped");
}

/// Gives the place to the ordinary user, with a copy of the program that he may run wherever the original is.
fn give_away(place: &mut Place) {
    let program = place.path("reeve");
    fs::copy(&place.program, &program).expect("a copy of the program");
    place.program = program;
    let folder = place.path("");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("an open folder");
    for path in everything_below(&folder) {
        lchown(&path, Some(NOBODY), Some(NOBODY)).expect("another owner");
    }
}

//! Machines that do not allow a twin: exit code 3, what is forbidden and what to do; and whatever needs no twin goes on.
//!
//! A user namespace that is granted without capabilities is a security module's doing, which cannot be imitated here: its
//! words are tested where the kernel's answers are explained.

use std::fs;

use nix::mount::MsFlags;
use nix::sched::CloneFlags;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{chdir, chroot};

use crate::fence::{self, mount_at};
use crate::place::{Place, names_in, word};

pub(crate) const CASE: &str = "forbidden";

/// Something that a machine may forbid.
struct Forbidden {
    what: &'static str,
    forbid: fn(&Place),
    /// What is told of it, and of its remedy.
    telling: [&'static str; 2],
}

const ALL: [Forbidden; 5] = [
    Forbidden {
        what: "user namespaces",
        forbid: |_| switch_off("user"),
        telling: [
            "user namespaces are switched off",
            "sysctl user.max_user_namespaces=",
        ],
    },
    Forbidden {
        what: "network namespaces",
        forbid: |_| switch_off("net"),
        telling: ["limit for namespaces is reached", "sysctl user.max_"],
    },
    Forbidden {
        what: "namespaces in a chroot",
        forbid: in_a_chroot,
        telling: ["a user namespace is refused", "outside the container"],
    },
    Forbidden {
        what: "a fresh /proc",
        forbid: |_| cover_a_part_of_proc(),
        telling: ["a fresh /proc may not be mounted", "systempaths=unconfined"],
    },
    Forbidden {
        what: "open files",
        forbid: |_| setrlimit(Resource::RLIMIT_NOFILE, 64, 64).expect("a limit"),
        telling: ["open files are needed, 64 are allowed", "ulimit -Hn"],
    },
];

pub(crate) fn all() {
    for Forbidden { what, .. } in ALL {
        let place = Place::new();
        fs::create_dir(place.path("root")).expect("a folder");
        fence::run(CASE, &place, &[what]);
        let run = place.only_run("acme");
        let names = names_in(&run);
        assert!(!names.contains("report.html"), "{what}: {names:?}");
    }
}

pub(crate) fn inside(place: &Place, arguments: &[String]) {
    let Forbidden {
        what,
        forbid,
        telling,
    } = ALL
        .into_iter()
        .find(|one| arguments.first().is_some_and(|what| what == one.what))
        .expect("a case");
    fence::enter(CloneFlags::empty());
    forbid(place);
    let estate = place.path("acme");
    let estate = word(&estate);
    let ended = place.run(&["rehearse", estate]).with(3).telling(&telling);
    assert_eq!(ended.stdout, "", "{what}");
    let remedy = ended.stderr.lines().last().unwrap_or_default();
    assert!(remedy.contains("try: "), "{what}: {remedy}");
    let doctor = place.run(&["doctor"]).with(3);
    assert!(doctor.stdout.contains("remedy: "), "{}", doctor.stdout);
    assert!(
        doctor.stdout.contains("cannot rehearse"),
        "{}",
        doctor.stdout
    );
    place.run(&["prove", estate]).with(0);
    place.run(&["design", estate]).with(0);
    place.run(&["twin", "ls"]).with(0);
}

/// Takes away a kind of namespace from this user namespace and those in it.
fn switch_off(kind: &str) {
    let path = format!("/proc/sys/user/max_{kind}_namespaces");
    fs::write(&path, "0")
        .map_err(|error| format!("{path}: {error}"))
        .expect("it is switched off");
}

/// The whole machine once more under a folder, which is then the root: no user namespace is granted there.
fn in_a_chroot(place: &Place) {
    let root = place.path("root");
    mount_at(
        "/",
        word(&root),
        None,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        "",
    );
    chroot(&root).expect("another root");
    chdir("/").expect("the root");
}

/// A container engine hides parts of /proc; the kernel then grants no /proc without them.
fn cover_a_part_of_proc() {
    mount_at("/dev/null", "/proc/version", None, MsFlags::MS_BIND, "");
}

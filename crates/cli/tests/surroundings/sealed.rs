//! A machine with nothing but an estate's folder to write to and no way out: a rehearsal needs no more.

use std::fs;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;

use crate::fence::{self, mount_at};
use crate::place::{Place, names_in, word};

pub(crate) const CASE: &str = "sealed";

pub(crate) fn holds() {
    let place = Place::new();
    fence::run(CASE, &place, &[]);
    assert!(place.only_run("acme").join("report.html").exists());
}

pub(crate) fn inside(place: &Place) {
    fence::enter(CloneFlags::CLONE_NEWNET);
    // Only the run's records, and what this test itself keeps of its output, may be written.
    let estate = place.path("acme");
    let kept = [place.path("output"), estate.join(".reeve")];
    fs::create_dir(&kept[1]).expect("a folder");
    for folder in &kept {
        mount_at(word(folder), word(folder), None, MsFlags::MS_BIND, "");
    }
    seal(&kept.each_ref().map(|folder| folder.as_path()));
    for closed in ["tmp", "home", "here", "acme"] {
        let error = fs::write(place.path(closed).join("x"), "x").expect_err("it is sealed");
        assert_eq!(error.raw_os_error(), Some(Errno::EROFS as i32), "{closed}");
    }
    let before = links();
    let ended = place.run(&["rehearse", word(&estate)]).with(0);
    assert!(ended.stdout.contains("holds"), "{}", ended.stdout);
    // A link that came for a moment would have been numbered, and loopback counts what it carries.
    assert_eq!(links(), before, "no packet left the twin");
}

/// Makes everything that is mounted read-only, but for /proc and these folders.
fn seal(open: &[&Path]) {
    let table = fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
    for line in table.lines() {
        let mut fields = line.split(' ').skip(4);
        let (Some(point), Some(options)) = (fields.next(), fields.next()) else {
            continue;
        };
        if point.starts_with("/proc") || open.contains(&Path::new(point)) {
            continue;
        }
        // What the machine has set may not be taken away here.
        let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        for option in options.split(',') {
            flags |= match option {
                "nosuid" => MsFlags::MS_NOSUID,
                "nodev" => MsFlags::MS_NODEV,
                "noexec" => MsFlags::MS_NOEXEC,
                _ => MsFlags::empty(),
            };
        }
        let sealed = mount(None::<&str>, point, None::<&str>, flags, None::<&str>);
        // What another mount covers cannot be reached, nor written to.
        assert!(sealed.is_ok() || point != "/", "{point}: {sealed:?}");
    }
}

/// The links of this network namespace, with what they have carried.
fn links() -> (usize, String) {
    let text = fs::read_to_string("/proc/self/net/dev").expect("the links");
    let names = names_in(Path::new("/proc/self/net/dev_snmp6"));
    assert_eq!(text.lines().count(), 3, "loopback and nothing else: {text}");
    (names.len(), text)
}

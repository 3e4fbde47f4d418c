//! Disks that are full: whatever was found out is still told, and no half report is left.

use std::fs;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, umount2};
use nix::sched::CloneFlags;

use crate::fence::{self, mount_at};
use crate::place::{Ended, Place, names_in, word};

pub(crate) const CASE: &str = "full";

/// Memory in which everything fits, in bytes.
const ROOMY: u64 = 64 << 20;

/// What a file takes is counted in these, in bytes.
const PAGE: u64 = 4096;

pub(crate) fn all() {
    let place = Place::new();
    // The example without a VPN: whoever plays the servers, all of it can be told.
    place.copy_example("initech", "initech");
    fs::create_dir(place.path("small")).expect("a folder");
    fence::run(CASE, &place, &[]);
}

pub(crate) fn inside(place: &Place, _: &[String]) {
    fence::enter(CloneFlags::empty());
    let disk = place.path("small");
    let records = disk.join("records");
    let words = [
        "rehearse",
        "../initech",
        "--peers",
        "embedded",
        "--records",
        word(&records),
    ];
    let sizes = with_room(&disk, ROOMY, || {
        place.run(&words).with(0);
        sizes(&records)
    });
    let of = |name: &str| sizes.iter().find(|(one, _)| one == name).expect("a file").1;
    let all: u64 = sizes.iter().map(|(_, size)| size).sum();

    // Everything has been seen; the page, then the records of it, do not fit.
    for (room, unwritten) in [
        (all - of("report.html") / 2, "report.html"),
        (of("evidence.jsonl") / 2, "evidence.jsonl"),
    ] {
        with_room(&disk, room, || {
            let ended = place.run(&words).with(3).telling(&[unwritten]);
            told(&ended);
            assert!(
                ended.stdout.contains("holds") && ended.stdout.contains("All "),
                "what was found out is told: {}",
                ended.stdout
            );
            assert!(!ended.stdout.contains("report.html"), "{}", ended.stdout);
            let left: Vec<_> = self::sizes(&records)
                .into_iter()
                .map(|(name, _)| name)
                .collect();
            let half = |name: &String| name == "report.html" || name.ends_with(".part");
            assert!(!left.iter().any(half), "{left:?}");
        });
    }
    // Not even the beginning fits: nothing is stood up.
    with_room(&disk, PAGE, || {
        let ended = place.run(&words).with(3).telling(&["failed to rehearse"]);
        told(&ended);
        assert_eq!(ended.stdout, "");
        assert!(!ended.stderr.contains("stand up"), "{}", ended.stderr);
    });
    designs(place, &disk);
}

/// A design that does not fit leaves the files that stood there.
fn designs(place: &Place, disk: &Path) {
    let files = ["estate.toml", "reeve.lock", "diagram.svg"];
    let estate = place.path("acme");
    let size = |file: &str| fs::metadata(estate.join(file)).expect("a file").len();
    let room: u64 = files
        .iter()
        .map(|file| size(file).next_multiple_of(PAGE))
        .sum();
    with_room(disk, room + 3 * PAGE, || {
        for file in files {
            fs::copy(estate.join(file), disk.join(file)).expect("it fits");
        }
        fs::remove_file(disk.join("reeve.lock")).expect("a lock");
        let ended = place
            .run(&["design", word(disk)])
            .with(3)
            .telling(&["diagram.svg"]);
        told(&ended);
        let same = |file| {
            fs::read(estate.join(file)).expect("it") == fs::read(disk.join(file)).expect("it")
        };
        assert!(same("diagram.svg") && same("reeve.lock"));
        assert_eq!(names_in(disk), files.map(str::to_owned).into());
    });
}

/// The end says what is wrong with the disk, and what to do.
fn told(ended: &Ended) {
    let remedy = ended.stderr.lines().last().unwrap_or_default();
    assert!(remedy.contains("make room on the disk"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("No space left on device"),
        "{}",
        ended.stderr
    );
}

/// Does something with a file system of that many bytes on a folder, which is then taken away.
fn with_room<T>(at: &Path, bytes: u64, work: impl FnOnce() -> T) -> T {
    let size = format!("size={bytes}");
    mount_at("tmpfs", word(at), Some("tmpfs"), MsFlags::empty(), &size);
    let done = work();
    umount2(at, MntFlags::MNT_DETACH).expect("it is taken away");
    done
}

/// The files of the only run in a folder of records, with the room that they take.
fn sizes(records: &Path) -> Vec<(String, u64)> {
    let runs = records.join("runs");
    let names = names_in(&runs);
    let run = runs.join(names.first().expect("a run"));
    assert_eq!(names.len(), 1);
    names_in(&run)
        .into_iter()
        .filter_map(|name| {
            let data = fs::metadata(run.join(&name)).expect("a file");
            let size = data.len().next_multiple_of(PAGE);
            data.is_file().then_some((name, size))
        })
        .collect()
}

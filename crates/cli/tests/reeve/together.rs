//! Rehearsals at the same time: of one estate and of two, one in a folder with an odd name, one without an environment.

use std::fs;

use crate::machine::can_rehearse;
use crate::place::Place;
use crate::processes::none_remain;

/// A folder's name with what mount tables, overlays and shells give a meaning to.
const ODD: &str = "acme \\040copy,:\n\"$x\" é";

#[test]
fn rehearsals_at_once_all_hold() {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    place.copy_example("acme", ODD);
    let mut bare = place.reeve(&["rehearse", "../acme"]);
    bare.env_clear().env("LANG", &place.mark);
    let started = [
        place.start(&["rehearse", "../acme"]),
        place.start_command(&mut bare),
        place.start(&["rehearse", &format!("../{ODD}")]),
    ];
    for running in started {
        let ended = running.end().with(0);
        assert!(ended.stdout.contains("holds"), "{}", ended.stdout);
        assert!(ended.stdout.contains("report.html"), "{}", ended.stdout);
    }
    none_remain(&place.mark, &Default::default(), "all have ended");
    place.is_tidy("all have ended");
    let runs = [place.runs("acme"), place.runs(ODD)];
    assert_eq!(runs.each_ref().map(Vec::len), [2, 1]);
    for run in runs.iter().flatten() {
        assert!(fs::metadata(run.join("report.html")).is_ok_and(|page| page.len() > 10_000));
    }
}

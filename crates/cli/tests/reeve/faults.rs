//! Every fault that can be planted is caught by what it is said to be caught by, and its cause named.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use handover::Report;
use model::Verdict;
use steward::{Deviation, FAULTS, Fault};

use crate::machine::can_rehearse;
use crate::place::Place;
use crate::processes::none_remain;

/// Faults that break something else in other examples than in acme: where bastions stand, who keeps the zone, who takes
/// the mails. Without the packet matrix, whose packets a test of the steward accounts for.
const ELSEWHERE: [(&str, &[&str]); 2] = [
    (
        "globex",
        &[
            "bastion-open",
            "bastion-cut-off",
            "resolvers-closed",
            "record-missing",
        ],
    ),
    (
        "initech",
        &[
            "bastion-open",
            "bastion-cut-off",
            "mail-endpoint-closed",
            "smtp-certificate-misnamed",
            "record-stale",
        ],
    ),
];

/// The examples that come with Reeve.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// Copies an example's estate under its own name, with what it extends.
fn copy_example(place: &Place, name: &str) {
    fs::create_dir(place.path(name)).expect("a folder");
    let files = ["estate.toml", "reeve.lock", "diagram.svg"].map(|file| format!("{name}/{file}"));
    for file in files.iter().map(String::as_str).chain(["defaults.toml"]) {
        fs::copy(Path::new(EXAMPLES).join(file), place.path(file)).expect("a copy");
    }
}

/// One of these twins at a time: two cores have enough to do with the servers of one whose questions wait for deadlines.
static ALONE: Mutex<()> = Mutex::new(());

/// Rehearses an example with a fault, with the packet matrix if it is to send the fault's packets.
fn check(place: &Place, example: &str, fault: &Fault, matrix: bool) {
    let name = fault.name;
    let estate = format!("../{example}");
    let mut words = vec!["rehearse", "--json", &estate, "--fault", name];
    // Of a VPN there are real daemons alone.
    let peers = if fault.needs_vpn() {
        "auto"
    } else {
        "embedded"
    };
    words.extend(["--peers", peers]);
    if !matrix {
        words.push("--skip-matrix");
    }
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let ended = place.run(&words).with(1);
    drop(alone);
    none_remain(&place.mark, &Default::default(), name);
    let report: Report = serde_json::from_value(ended.json()).expect("a report");
    assert_eq!(report.verdict, Verdict::Fails);
    let seen = report.fault.expect("the fault is reported");
    assert_eq!(seen.name, name);
    let probed = Some(seen.by_probe.as_slice());
    let claims = report.claims.iter();
    let environments: BTreeSet<&str> = claims
        .filter_map(|claim| Some(claim.claim.environment.as_ref()?.as_str()))
        .collect();
    let deviations: Vec<Deviation> = environments
        .iter()
        .map(|environment| fault.caught.deviation(environment, &seen.by_proof, probed))
        .collect();
    let what = format!("{name} in {example}");
    let right = deviations.contains(&Deviation::default());
    assert!(
        right,
        "{what}: {seen:?} in {environments:?}: {deviations:?}"
    );
    let named = seen.cause.expect("a cause");
    for word in fault.caught.cause {
        assert!(named.contains(word), "{what}: wanted {word:?}: {named}");
    }
    if !matrix {
        return;
    }
    let packets = report.matrix.expect("a matrix");
    // What is proved of a faulty network is what its packets do.
    assert!(packets.sent > 1000, "{what}: {} packets", packets.sent);
    assert_eq!(packets.disagreements, [], "{what}");
    assert_eq!(packets.unaccounted, [] as [&str; 0], "{what}");
}

/// Whether the VPN's daemons are here; a machine that is meant to test must have them.
fn has_vpn() -> bool {
    let found = steward::doctor();
    let lacks: Vec<_> = found
        .iter()
        .filter(|row| ["charon", "swanctl", "bird"].contains(&row.name.as_str()))
        .filter(|row| row.verdict != Verdict::Holds)
        .map(|row| row.name.as_str())
        .collect();
    if lacks.is_empty() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "not here: {lacks:?}");
    writeln!(
        io::stdout(),
        "left out: faults of the VPN, for want of {lacks:?}"
    )
    .expect("it is told");
    false
}

/// Every fault of acme that is one of `share`'s, so that two of these tests run side by side.
fn check_acme(share: usize) {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    // What needs an example of another kind is rehearsed there.
    let elsewhere = |fault: &Fault| fault.name == "mail-endpoint-closed";
    let faults = FAULTS.iter().filter(|fault| !elsewhere(fault));
    let faults = faults.filter(|fault| !fault.needs_vpn() || has_vpn());
    for fault in faults.skip(share).step_by(2) {
        check(&place, "acme", fault, fault.caught.packets);
    }
    place.is_tidy("faults");
}

#[test]
fn every_fault_of_acme_is_caught() {
    check_acme(0);
}

#[test]
fn every_other_fault_of_acme_is_caught() {
    check_acme(1);
}

#[test]
fn faults_of_other_places_are_caught() {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    for (example, names) in ELSEWHERE {
        copy_example(&place, example);
        for name in names {
            let fault = Fault::named(name).expect("a fault");
            check(&place, example, &fault, false);
        }
    }
}

#[test]
fn faults_are_listed_and_unknown_ones_refused() {
    let place = Place::new();
    let text = place.run(&["rehearse", "--list-faults"]).with(0).stdout;
    let json = place
        .run(&["rehearse", "--list-faults", "--json"])
        .with(0)
        .json();
    let listed = json.as_array().expect("a list");
    assert_eq!(listed.len(), FAULTS.len());
    assert!(FAULTS.len() >= 16, "{} faults", FAULTS.len());
    for ((fault, listed), line) in FAULTS.iter().zip(listed).zip(text.lines()) {
        assert!(line.starts_with(fault.name), "{line}");
        assert_eq!(listed["name"], fault.name);
        assert_eq!(listed["packets"], fault.caught.packets);
    }
    for name in ["bastion-opened", "", "Bastion-Open"] {
        place
            .run(&["rehearse", "../acme", "--fault", name])
            .with(2)
            .telling(&["there is no such fault", "bastion-open", "--list-faults"]);
    }
    // Acme sends no mail by SES: there is nothing to break.
    place
        .run(&["rehearse", "../acme", "--fault", "mail-endpoint-closed"])
        .with(2)
        .telling(&["nothing that it could break"]);
    place.is_tidy("nothing was rehearsed");
}

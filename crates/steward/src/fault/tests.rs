//! Every fault on every example: proof catches what it is said to, and no other claim suffers.

use std::collections::BTreeSet;
use std::path::Path;

use design::Design;
use jiff::Timestamp;
use model::{InterfaceId, Verdict};
use reach::Prover;

use super::*;
use crate::Folder;
use crate::proof::prove;

/// The folder of the examples that come with Reeve.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// The document that holds the table.
const DOCUMENT: &str = include_str!("../../../../docs/faults.md");

/// An example, designed.
struct Example {
    name: String,
    loaded: crate::Loaded,
    design: Design,
}

impl Example {
    /// Every example.
    fn all() -> Vec<Self> {
        let folders = std::fs::read_dir(EXAMPLES).expect("examples");
        let mut paths: Vec<_> = folders
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.join("estate.toml").is_file())
            .collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let folder = Folder::find(path).expect("an estate");
        let today = jiff::civil::date(2026, 11, 23);
        let loaded = folder.load(None, today).expect("it can be read");
        let lock = folder.lock().expect("a lock");
        let estate = loaded.ready().expect("nothing is wrong with it");
        let design = design::design(estate, &loaded.catalog, &lock).expect("a design");
        Self {
            name: path.display().to_string(),
            loaded,
            design,
        }
    }

    /// Plants a fault and returns where, with the network that it leaves; none where there is nothing to break.
    fn with(&self, fault: Fault) -> Option<(Planted, Network)> {
        let (mut network, mut hosts) = (self.design.network(), self.design.hosts());
        let planted = fault.plant(Ground {
            estate: self.loaded.ready().expect("an estate"),
            catalog: &self.loaded.catalog,
            network: &mut network,
            hosts: &mut hosts,
            secrets: &mut BTreeMap::new(),
            flaws: &mut BTreeMap::new(),
            vpns: self.design.vpns(),
            tunnels: &mut None,
        })?;
        Some((planted, network))
    }

    /// The claims that fail in proof on a network.
    fn failing(&self, network: &Network) -> Vec<String> {
        let digest = self.design.digest();
        let evidence = prove(
            network,
            &self.design.claims(),
            &digest,
            Timestamp::UNIX_EPOCH,
        );
        let failing: BTreeSet<String> = evidence
            .iter()
            .filter(|item| item.verdict != Verdict::Holds)
            .map(|item| item.claim.to_string())
            .collect();
        failing.into_iter().collect()
    }
}

/// Whether a packet of the matrix fares otherwise in one network than in the other.
fn packets_differ(sound: &Network, faulty: &Network) -> bool {
    let all: Vec<&InterfaceId> = sound.interfaces.keys().collect();
    let (before, after) = (Prover::new(sound), Prover::new(faulty));
    all.iter().any(|from| {
        let mut others = all.iter().filter(|to| *to != from);
        others.any(|to| before.delivery(from, to) != after.delivery(from, to))
    })
}

/// What is wrong with a fault in an example: claims that do not fail or should not, packets that fare otherwise.
fn amiss(example: &Example, sound: &Network, fault: Fault) -> Option<String> {
    let (planted, faulty) = example.with(fault)?;
    let failing = example.failing(&faulty);
    let environment = planted.environment.as_str();
    let deviation = fault.caught.deviation(environment, &failing, None);
    let packets = packets_differ(sound, &faulty);
    let right = deviation == Deviation::default() && packets == fault.caught.packets;
    (!right).then(|| {
        format!(
            "{} in {}: {}\n  {deviation:?}\n  packets differ: {packets}\n  failing: {failing:?}\n",
            fault.name, example.name, planted.change
        )
    })
}

#[test]
fn proof_catches_what_it_is_said_to_and_nothing_else_fails() {
    let examples = Example::all();
    let mut wrong = Vec::new();
    for example in &examples {
        let sound = example.design.network();
        let failing = example.failing(&sound);
        assert_eq!(failing, [] as [&str; 0], "{}", example.name);
        let faults = FAULTS.iter();
        wrong.extend(faults.filter_map(|fault| amiss(example, &sound, *fault)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for fault in FAULTS {
        let mut places = examples.iter();
        let planted = places.any(|example| example.with(*fault).is_some());
        assert!(planted, "no example has room for {}", fault.name);
    }
}

#[test]
fn every_fault_is_caught_by_something_and_every_row_has_one() {
    let mut rows: BTreeSet<&str> = BTreeSet::new();
    for fault in FAULTS {
        let caught = &fault.caught;
        assert!(
            !caught.proof.is_empty() || !caught.probe.is_empty(),
            "{} is caught by nothing",
            fault.name
        );
        assert!(!caught.cause.is_empty(), "{} has no cause", fault.name);
        rows.extend(fault.rows);
    }
    let wanted = (1..=10).chain([14]).map(|row| format!("R{row}"));
    for row in wanted {
        assert!(rows.contains(row.as_str()), "no fault breaks {row}");
    }
    let names: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    assert_eq!(names.len(), FAULTS.len(), "a name is given twice");
}

#[test]
fn an_estate_without_anything_to_break_has_no_fault() {
    let example = Example::all().remove(0);
    for fault in FAULTS {
        let ground = Ground {
            estate: example.loaded.ready().expect("an estate"),
            catalog: &Catalog::embedded(),
            network: &mut Network::default(),
            hosts: &mut BTreeMap::new(),
            secrets: &mut BTreeMap::new(),
            flaws: &mut BTreeMap::new(),
            vpns: &[],
            tunnels: &mut None,
        };
        assert_eq!(fault.plant(ground), None, "{}", fault.name);
    }
}

#[test]
fn the_document_has_the_table() {
    assert!(
        DOCUMENT.contains(&fault_table()),
        "docs/faults.md does not say what `reeve rehearse --list-faults` does:\n{}",
        fault_table()
    );
}

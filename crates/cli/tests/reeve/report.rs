//! What a rehearsal of the example says and leaves behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use handover::Report;
use model::{Assessment, Digest, Setting, Verdict};
use serde_json::Value;

use crate::machine::can_rehearse;
use crate::place::{Ended, Place, everything_below};
use crate::processes::none_remain;

impl Ended {
    /// The JSON on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("JSON")
    }
}

#[test]
fn the_example_holds_and_the_report_says_so() {
    if !can_rehearse() {
        return;
    }
    let place = Place::new();
    let ended = place.run(&["rehearse", "--json", "../acme"]).with(0);
    none_remain(&place.mark, &Default::default(), "it has ended");
    place.is_tidy("it has ended");
    let run = place.only_run("acme");
    let kept = fs::read_to_string(run.join("report.json")).expect("the report");
    assert_eq!(ended.stdout.trim_end(), kept, "both are the same report");
    let report: Report = serde_json::from_str(&kept).expect("a report");

    assert_eq!((report.verdict, &report.fault), (Verdict::Holds, &None));
    let matrix = report.matrix.as_ref().expect("a matrix");
    assert!(matrix.sent > 1000, "{} packets", matrix.sent);
    assert_eq!((matrix.disagreements.len(), matrix.unknown), (0, 0));
    assert_eq!(
        matrix.sent,
        matrix.arrived + matrix.lost,
        "every packet is accounted for"
    );
    assert!(report.claims.len() > 100, "{} claims", report.claims.len());
    report.claims.iter().for_each(answered);
    assert!(report.memory.is_some_and(|bytes| bytes > 0));
    assert!(!report.not_rehearsed.is_empty() && !report.not_proved.is_empty());
    assert!(report.peers.iter().all(|one| one.peer.contains("stand-in")));

    records(&run, &kept);
    page(
        &fs::read_to_string(run.join("report.html")).expect("the page"),
        &report,
    );
    nothing_secret(&run);
}

/// Whatever a rehearsal can tell of a claim is told, and what only AWS can tell is named missing.
fn answered(assessment: &Assessment) {
    let id = &assessment.claim.id;
    let required = assessment.claim.required_settings();
    for setting in [Setting::Planned, Setting::Rehearsed] {
        let told = assessment.verdicts.get(&setting).copied();
        let wanted = required.contains(&setting).then_some(Verdict::Holds);
        assert_eq!(told, wanted, "{id}, {setting}");
    }
    assert!(!assessment.verdicts.contains_key(&Setting::Live), "{id}");
    let live = required.contains(&Setting::Live).then_some(Setting::Live);
    let missing: Vec<_> = live.into_iter().collect();
    assert_eq!(assessment.missing, missing, "{id}");
}

/// The run's records verify, and the last vouches for the evidence and the report.
fn records(run: &Path, report: &str) {
    let journal = ledger::read(&run.join("journal.jsonl")).expect("a journal");
    let evidence = ledger::read(&run.join("evidence.jsonl")).expect("evidence");
    assert!(!journal.torn && !evidence.torn);
    let kinds: Vec<_> = journal
        .records
        .iter()
        .map(|one| one.kind.as_str())
        .collect();
    assert_eq!(kinds, ["started", "standing-up", "finished"]);
    let last = &journal.records.last().expect("a record").body;
    assert_eq!(last["evidence"], evidence.head.as_str());
    assert_eq!(
        last["outcome"]["report"],
        Digest::of_bytes(report.as_bytes()).as_str()
    );
    let mode = fs::metadata(run).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the run's folder is its owner's alone");
}

/// The page shows the report and loads nothing: not from the network, and not from beside it.
fn page(html: &str, report: &Report) {
    for word in [
        "<link", "<iframe", "@import", "import(", "fetch(", "XMLHttp",
    ] {
        assert!(!html.contains(word), "{word} in the page");
    }
    for attribute in ["src=", "href=", "url("] {
        for (at, _) in html.match_indices(attribute) {
            let value = html[at + attribute.len()..].trim_start_matches(['"', '\'']);
            assert!(value.starts_with('#'), "{}", &value[..value.len().min(80)]);
        }
    }
    for (at, _) in html.match_indices("http") {
        let text: String = html[at..].chars().take(80).collect();
        let loads = text.starts_with("http://") || text.starts_with("https://");
        let names = text.starts_with("http://www.w3.org/");
        assert!(!loads || names, "{text}");
    }
    for text in [report.run.as_str(), report.blueprint.short(), "<svg"] {
        assert!(html.contains(text), "{text} is not in the page");
    }
    for assessment in &report.claims {
        let id = assessment.claim.id.as_str();
        assert!(html.contains(id), "{id} is not in the page");
    }
}

/// No file of the run holds a private key, or anything that looks like a generated password: 28 letters and digits of
/// both cases in a row.
fn nothing_secret(run: &Path) {
    for path in everything_below(run).iter().filter(|path| path.is_file()) {
        let bytes = fs::read(path).expect("a file of the run");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("PRIVATE KEY"), "{}", path.display());
        let suspect = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| word.len() == 28)
            .find(|word| {
                word.contains(|c: char| c.is_ascii_lowercase())
                    && word.contains(|c: char| c.is_ascii_uppercase())
                    && word.contains(|c: char| c.is_ascii_digit())
            });
        assert_eq!(suspect, None, "{}", path.display());
    }
}

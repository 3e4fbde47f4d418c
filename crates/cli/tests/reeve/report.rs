//! What every rehearsal leaves behind: records that verify, a page that loads nothing, and no secret.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use handover::Report;
use model::Digest;
use serde_json::Value;

use crate::place::{Ended, everything_below};

impl Ended {
    /// The JSON on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("JSON")
    }
}

/// The run's records verify, and the last vouches for the evidence and the report.
pub(crate) fn records(run: &Path, report: &str) {
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
pub(crate) fn page(html: &str, report: &Report) {
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
pub(crate) fn nothing_secret(run: &Path) {
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

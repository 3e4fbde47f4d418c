//! Random bytes and random changes of the example: whatever comes in, reading ends with an answer.

use proptest::prelude::*;

use model::catalog::Catalog;
use model::estate::{Source, Sources, explain, read, read_files};

use crate::acme::{ACME, TODAY};

fn survives(bytes: &[u8]) {
    let reading = read("estate.toml", bytes, &Catalog::embedded(), TODAY);
    assert!(reading.estate.is_some() || !reading.findings.is_empty());
    for finding in &reading.findings {
        if let Some(span) = finding.span {
            assert!(span.start <= span.end && span.end <= bytes.len());
        }
    }
}

/// Texts that are likely to meet a check.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("\"".to_owned()),
        Just("[[".to_owned()),
        Just("=".to_owned()),
        Just("0".to_owned()),
        Just("4294967295".to_owned()),
        Just("0.0.0.0/0".to_owned()),
        Just("255.255.255.255".to_owned()),
        Just("::".to_owned()),
        Just("9999-12-31".to_owned()),
        "\\PC{0,12}",
    ]
}

/// How many cases each property has; `cargo xtask soak` wants many more.
fn cases() -> u32 {
    let wanted = option_env!("REEVE_MUTATIONS").and_then(|number| number.parse().ok());
    wanted.unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        survives(&bytes);
    }

    #[test]
    fn random_files_over_one_another(
        change in (any::<prop::sample::Index>(), 0..24_usize, fragment()),
        under in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let source = |name: &str, text: String| Source {
            name: name.to_owned(),
            identity: name.to_owned(),
            text: text.into_bytes(),
        };
        let (at, length, fragment) = change;
        let mut text: Vec<char> = format!("extends = \"d.toml\"\n{ACME}").chars().collect();
        let start = at.index(text.len());
        text.splice(start..(start + length).min(text.len()), fragment.chars());
        let mut sources = Sources::new(source("estate.toml", text.into_iter().collect()));
        for (number, cut) in under.iter().enumerate() {
            // The beginning of the example, which may end anywhere.
            let end = cut.index(ACME.len());
            let half: String = ACME.chars().take(end).collect();
            sources.add(source(&number.to_string(), format!("extends = \"d.toml\"\n{half}")));
        }
        let reading = read_files(&sources, &Catalog::embedded(), TODAY);
        for span in reading.findings.iter().filter_map(|finding| finding.span) {
            let file = reading.files.get(span.file).map(|file| file.text.len());
            prop_assert!(span.start <= span.end && file.is_some_and(|length| span.end <= length), "{span:?}");
        }
        for key in ["", "dns", "environments.staging.database.engine", "waivers[0]"] {
            let _ = explain(&sources, key);
        }
    }

    #[test]
    fn random_text(text in "[a-z\\[\\]=\".,#\\n0-9 {}-]{0,300}") {
        survives(text.as_bytes());
    }

    #[test]
    fn random_changes(changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..24_usize, fragment()), 1..6)) {
        let mut text: Vec<char> = ACME.chars().collect();
        for (at, length, fragment) in changes {
            let start = at.index(text.len().max(1)).min(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, fragment.chars());
        }
        survives(text.into_iter().collect::<String>().as_bytes());
    }
}

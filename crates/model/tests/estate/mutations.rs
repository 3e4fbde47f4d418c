//! Random bytes and random changes of the example: whatever comes in, reading ends with an answer.

use proptest::prelude::*;

use model::catalog::Catalog;
use model::estate::read;

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

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        survives(&bytes);
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

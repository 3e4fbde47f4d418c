//! Secrets: no finding and no shown text ever repeats one.

use crate::acme::reading;
use crate::faults::edited;

const SECRET: &str = "correct horse battery";

/// Checks that a file that holds the secret in clear is refused without repeating it.
fn check(name: &str, edits: &[(&str, &str)]) {
    let text = edited(edits);
    assert!(
        text.contains(SECRET),
        "{name}: the fixture must hold the secret"
    );
    let reading = reading(&text);
    assert!(reading.ready().is_none(), "{name}");
    let told = format!("{:?}", reading.findings);
    assert!(!told.contains("horse"), "{name}: {told}");
    assert!(
        !reading.shown.contains("horse"),
        "{name}: the shown text has it"
    );
    assert_eq!(reading.shown.len(), text.len(), "{name}: spans must hold");
}

#[test]
fn are_never_repeated() {
    let reference = "password = \"env:ACME_SMTP_PASSWORD\"";
    let cases = [
        ("in clear", "password = \"correct horse battery\""),
        (
            "with a colon",
            "password = \"Correct: correct horse battery\"",
        ),
        (
            "over several lines",
            "password = \"\"\"\ncorrect horse battery\n\"\"\"",
        ),
        (
            "under a misspelt key",
            "pasword = \"correct horse battery\"",
        ),
        ("in a list", "password = [\"correct horse battery\"]"),
        (
            "in a file that is not TOML",
            "password = \"correct horse battery\"\nbroken",
        ),
        ("without quotes", "password = correct horse battery"),
        (
            "in an inline table",
            "password = { value = \"correct horse battery\" }",
        ),
    ];
    for (name, replacement) in cases {
        check(name, &[(reference, replacement)]);
    }
}

#[test]
fn references_stay_readable() {
    let reading = reading(&edited(&[]));
    assert!(reading.shown.contains("\"env:ACME_SMTP_PASSWORD\""));
    assert_eq!(reading.shown, edited(&[]));
}

#[test]
fn an_unknown_scheme_is_named_and_its_rest_is_not() {
    let reading = reading(&edited(&[(
        "\"env:ACME_SMTP_PASSWORD\"",
        "\"vault:correct horse\"",
    )]));
    let finding = reading
        .findings
        .iter()
        .find(|f| f.rule == "secret-in-clear")
        .expect("refused");
    assert!(finding.message.contains("vault:"), "{}", finding.message);
    assert!(!finding.message.contains("horse"), "{}", finding.message);
    assert!(!reading.shown.contains("horse"));
}

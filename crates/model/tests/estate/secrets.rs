//! Secrets: no finding and no shown text ever repeats one.

use model::catalog::Catalog;

use crate::acme::{TODAY, reading};
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
        !reading.files[0].text.contains("horse"),
        "{name}: the shown text has it"
    );
    assert_eq!(
        reading.files[0].text.len(),
        text.len(),
        "{name}: spans must hold"
    );
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
        ("as in YAML", "password: correct horse battery"),
        (
            "as in YAML, quoted",
            "\"password\": \"correct horse battery\"",
        ),
        ("without a sign", "password \"correct horse battery\""),
        (
            "without a sign and a space",
            "password\"correct horse battery\"",
        ),
        ("abbreviated", "pwd = \"correct horse battery\""),
        ("shortened", "pass = \"correct horse battery\""),
        ("in capitals", "PASSWD=\"correct horse battery\""),
        ("as part of a key", "smtpPass2 = \"correct horse battery\""),
        ("joined by a line", "smtp_pwd = \"correct horse battery\""),
        ("as a token", "api-token = \"correct horse battery\""),
        ("as a passphrase", "passphrase = \"correct horse battery\""),
        ("as a key", "private-key = \"correct horse battery\""),
        ("as a shared key", "shared_key = \"correct horse battery\""),
        (
            "in a table within a line",
            "smtp = { nam = 1, password = \"correct horse battery\" }",
        ),
        (
            "after a reference within a line",
            "smtp = { password = \"env:A\", token = \"correct horse battery\" }",
        ),
        (
            "under a dotted key",
            "smtp.password.x = \"correct horse battery\"",
        ),
        (
            "in a table of that name",
            "[smtp.password]\nx = \"correct horse battery\"",
        ),
        ("in a comment", "# password: correct horse battery\nbroken"),
        (
            "in a comment without a sign",
            "#password correct horse battery\nbroken",
        ),
        (
            "over several lines of a broken file",
            "password = '''\ncorrect horse battery\n'''\nbroken",
        ),
        (
            "in a list over several lines of a broken file",
            "password = [\n\"correct horse battery\"\n]\nbroken",
        ),
        (
            "as a key's file",
            "-----BEGIN PRIVATE KEY-----\ncorrect horse battery\n-----END PRIVATE KEY-----",
        ),
        (
            "after a reference without quotes",
            "password = env:A correct horse battery",
        ),
        (
            "with an empty reference",
            "password = \"file:\" correct horse battery",
        ),
    ];
    for (name, replacement) in cases {
        check(name, &[(reference, replacement)]);
    }
}

#[test]
fn in_addresses_are_never_repeated() {
    let name = "name = \"mail.acme.example\"";
    let address = "address = \"10.200.0.25\"";
    let cases = [
        (
            "before a host",
            name,
            "name = \"user:horse@mail.acme.example\"",
        ),
        (
            "in an address",
            name,
            "name = \"smtp://user:ho:rse/horse@mail.acme.example\"",
        ),
        (
            "in a comment",
            name,
            "# https://user:horse@mail.acme.example",
        ),
        ("in single quotes", name, "name = 'user:horse@mail'"),
        ("in a key", name, "\"user:horse@mail\" = 1"),
        (
            "in another value",
            address,
            "address = \"user:horse@10.200.0.25\"",
        ),
        (
            "after a word in a value",
            address,
            "address = \"password=horse\"",
        ),
    ];
    for (case, from, to) in cases {
        let text = edited(&[(from, to)]);
        let reading = reading(&text);
        assert!(reading.ready().is_none(), "{case}");
        let told = format!("{:?}", reading.findings);
        assert!(!told.contains("horse"), "{case}: {told}");
        assert!(!reading.files[0].text.contains("horse"), "{case}");
        assert_eq!(reading.files[0].text.len(), text.len(), "{case}");
    }
}

#[test]
fn references_and_ordinary_lines_stay_readable() {
    let ordinary = [
        "password = \"env:ACME_SMTP_PASSWORD\" # set by the operator",
        "password = 'aws-secret:acme/smtp'",
        "smtp = { password = \"command:pass show acme/smtp\", port = 25 }",
        "smtp.password=file:secret/smtp",
        "admin = \"aws-secret:acme/admin\"",
        "compass = \"north\"",
        "bypasses = 3 # it passes, and bypasses",
        "contact = \"ops@acme.example\" # mailto:ops@acme.example",
        "source = \"git@acme.example:repository\"",
        "customer = \"Müller\"",
    ];
    for line in ordinary {
        assert_eq!(reading(line).files[0].text, line);
    }
    let example = edited(&[]);
    let shown = reading(&example).files[0].text.clone();
    for (line, shown) in example.lines().zip(shown.lines()) {
        assert!(line == shown || line.starts_with('#'), "{shown}");
    }
}

#[test]
fn text_that_is_not_utf8_keeps_its_length() {
    let bytes = b"name = \"caf\xe9\"\npassword = \"h\xf6rse\"";
    let shown = model::estate::read("estate.toml", bytes, &Catalog::embedded(), TODAY).files[0]
        .text
        .clone();
    assert_eq!(shown, "name = \"caf?\"\npassword = *******");
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
    assert!(!reading.files[0].text.contains("horse"));
}

//! Estates that extend others: what is laid over what, where findings stand, what cannot be extended.

use model::Catalog;
use model::estate::{Reading, Source, Sources, read_files};

use crate::TODAY;

const ACME: &str = include_str!("../../../../examples/acme/estate.toml");

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.to_owned(),
        identity: name.to_owned(),
        text: text.as_bytes().to_vec(),
    }
}

/// Files one over the other, the estate first; each is given when it is wanted.
pub(crate) fn sources(texts: &[&str]) -> Sources {
    let mut texts = texts.iter().enumerate();
    let name = |number| format!("{number}.toml");
    let first = texts.next().map_or("", |(_, text)| *text);
    let mut sources = Sources::new(source(&name(0), first));
    for (number, text) in texts {
        assert_eq!(sources.wanted().as_deref(), Some(name(number).as_str()));
        sources.add(source(&name(number), text));
    }
    sources
}

fn reading(sources: &Sources) -> Reading {
    read_files(sources, &Catalog::embedded(), TODAY)
}

/// ACME's estate without some of its lines, extending a file that has them.
fn split(lines: &str) -> (String, String) {
    assert_eq!(ACME.matches(lines).count(), 1, "{lines}");
    let estate = ACME.replacen(lines, "", 1);
    (
        format!("extends = \"1.toml\"\n{estate}"),
        format!("format = 1\n{lines}"),
    )
}

#[test]
fn tables_are_merged_and_everything_else_replaces() {
    let defaults = "format = 1\nname = \"other\"\nzones = [\"eu-central-1c\"]\n[operator]\ncontact = \"other@northwind.example\"\n[account.tags]\nfleet = \"north\"\n";
    let (estate, people) = split("customer = \"ACME Corporation\"\n");
    let third = people.replace("format = 1", "format = 1\nextends = \"2.toml\"");
    let read = reading(&sources(&[&estate, &third, defaults]));
    let estate = read.ready().expect("ready");
    assert_eq!(
        (estate.name.as_str(), estate.customer.as_str()),
        ("acme", "ACME Corporation")
    );
    assert_eq!(estate.zones, ["eu-central-1a", "eu-central-1b"]);
    assert_eq!(estate.operator.contact, "managed-cloud@northwind.example");
    assert_eq!(
        estate.account.tags.get("fleet").map(String::as_str),
        Some("north")
    );
    assert!(estate.account.tags.len() > 1, "its own are kept");
}

#[test]
fn an_environment_is_like_one_of_the_defaults() {
    let from = ACME.find("[environments.production]\n").expect("it");
    let to = ACME.find("[environments.staging]").expect("it");
    let (estate, defaults) = split(ACME.get(from..to).expect("a part"));
    let read = reading(&sources(&[&estate, &defaults]));
    assert!(read.ready().is_some(), "{:#?}", read.findings);
}

#[test]
fn findings_stand_in_the_file_that_they_are_about() {
    let check = |estate: &str, defaults: &str, rule: &str, file: usize, at: &str| {
        let files = sources(&[estate, defaults]);
        let read = reading(&files);
        let found = read.findings.iter().find(|finding| finding.rule == rule);
        let span = found.and_then(|finding| finding.span);
        let span = span.expect(rule);
        let text = &read.files[span.file].text;
        assert_eq!(
            (span.file, text.get(span.start..span.end)),
            (file, Some(at)),
            "{rule}"
        );
    };
    let (estate, defaults) = split("cidr = \"10.20.0.0/16\"\n");
    let extending = format!("extends = \"1.toml\"\n{ACME}");
    let wrong = format!("{defaults}\n[environments.production]\ncidr = \"8.8.0.0/16\"\n");
    check(&estate, &wrong, "unknown-key", 1, "cidr");
    check(&estate, &wrong, "range-not-private", 1, "\"8.8.0.0/16\"");
    check(&extending, "format = 1\n[smtp\n", "syntax", 1, "");
    check(
        &extending,
        "format = 1\nformat = 1\n",
        "duplicate-key",
        1,
        "format",
    );
    check(&extending, "format = 2\n", "unknown-format", 1, "2");
    check(&extending, "x = 1\n", "unknown-format", 1, "");
    check(
        &extending,
        "format = 1\nvendr = 1\n",
        "unknown-key",
        1,
        "vendr",
    );
    check(
        &extending,
        "format = 1\n# \u{202e}\n",
        "hidden-character",
        1,
        "???",
    );
    check(
        &extending,
        "format = 1\ndns.servers = [\"x\"]\nsmtp.port = \"x\"\nses = 1\n",
        "wrong-value",
        1,
        "ses",
    );
    check(
        &format!("vendr = 1\n{extending}"),
        "format = 1\n",
        "unknown-key",
        0,
        "vendr",
    );
}

#[test]
fn secrets_are_covered_in_every_file() {
    let (estate, _) = split("password = \"env:ACME_SMTP_PASSWORD\"\n");
    let defaults = "format = 1\n[smtp]\npassword = \"hunter2\"\n";
    let read = reading(&sources(&[&estate, defaults]));
    assert!(
        read.findings
            .iter()
            .any(|finding| finding.rule == "secret-in-clear")
    );
    assert!(!format!("{:?}{:?}", read.findings, read.files).contains("hunter2"));
    assert_eq!(read.files[1].text.len(), defaults.len());
}

#[test]
fn what_cannot_be_extended_is_refused_with_the_reason() {
    let check = |path: &str, wanted: &str| {
        let estate = format!("extends = {path:?}\n{ACME}");
        let sources = sources(&[&estate]);
        assert_eq!(sources.wanted(), None, "{path}");
        let read = reading(&sources);
        let found = read
            .findings
            .iter()
            .find(|finding| finding.rule == "extends-unusable");
        let found = found.expect(path);
        assert!(
            found.message.contains(wanted) && found.span.is_some(),
            "{found:?}"
        );
        assert_eq!(
            read.findings.len(),
            1,
            "what may stand in the other file is not missed: {:#?}",
            read.findings
        );
        assert!(read.ready().is_none());
    };
    check("/etc/reeve/defaults.toml", "relative");
    check("~/defaults.toml", "relative");
    check("C:\\defaults.toml", "relative");
    check("https://example.com/defaults.toml", "relative");
    check("../../../../etc/shadow", ".toml");
    let empty = reading(&sources(&[&format!("extends = \"\"\n{ACME}")]));
    assert_eq!(empty.findings.len(), 1, "{:#?}", empty.findings);
    let estate = format!("extends = \"1.toml\"\n{ACME}");
    let alone = reading(&sources(&[&estate]));
    assert!(
        alone
            .findings
            .iter()
            .any(|finding| finding.message.contains("not given"))
    );
    let mut refused = sources(&[&estate]);
    refused.refuse("No such file\u{1b}[2J".to_owned());
    let told = format!("{:?}", reading(&refused).findings);
    assert!(
        told.contains("No such file") && !told.contains('\u{1b}'),
        "{told}"
    );
    let wrong = reading(&sources(&[&format!("extends = 7\n{ACME}")]));
    assert!(
        wrong
            .findings
            .iter()
            .any(|finding| finding.subject == "extends")
    );
}

#[test]
fn circles_are_named_and_chains_end() {
    let estate = format!("extends = \"1.toml\"\n{ACME}");
    let mut circle = sources(&[
        &estate,
        "format = 1\nextends = \"2.toml\"",
        "format = 1\nextends = \"1.toml\"",
    ]);
    circle.add(source("1.toml", "format = 1"));
    assert_eq!(circle.wanted(), None);
    let told = format!("{:?}", reading(&circle).findings);
    assert!(
        told.contains("`1.toml` extends `2.toml` extends `1.toml`"),
        "{told}"
    );

    let mut itself = sources(&["format = 1\nextends = \"0.toml\""]);
    itself.add(source("0.toml", ""));
    assert!(format!("{:?}", reading(&itself).findings).contains("`0.toml` extends `0.toml`"));

    let mut long = sources(&[&estate]);
    let mut turns = 0;
    while let Some(wanted) = long.wanted() {
        turns += 1;
        assert!(turns < 100, "a chain ends");
        long.add(source(
            &wanted,
            &format!("format = 1\nextends = \"{}.toml\"", turns + 1),
        ));
    }
    assert!(format!("{:?}", reading(&long).findings).contains("at most 8 files"));
}

//! Hostile bytes: every one gets an answer, soon and bounded.

use std::fmt::Write as _;

use model::catalog::Catalog;
use model::estate::{Reading, read};

use crate::acme::{ACME, TODAY};

/// Reads bytes and checks that they are refused by the rule, with bounded findings whose spans lie in the file.
fn refused(name: &str, bytes: &[u8], rule: &str) -> Reading {
    let reading = read("estate.toml", bytes, &Catalog::embedded(), TODAY);
    assert!(reading.ready().is_none(), "{name}");
    assert!(
        reading.findings.iter().any(|finding| finding.rule == rule),
        "{name}: {:#?}",
        reading.findings.first()
    );
    assert!(reading.findings.len() <= 201, "{name}");
    for finding in &reading.findings {
        if let Some(span) = finding.span {
            assert!(
                span.start <= span.end && span.end <= bytes.len(),
                "{name}: {finding:?}"
            );
        }
    }
    reading
}

#[test]
fn are_refused_with_a_reason() {
    let many_keys = (0..100_000).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "k{number}=1");
        text
    });
    let spaces = " ".repeat(1024 * 1024 + 1);
    let nested = format!("a = {}", "[".repeat(100_000));
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    let long_key = format!("{} = 1", "k".repeat(1_000_000));
    let many_items = format!("zones = [{}]", "\"a\",".repeat(200_000));
    let cases: [(&str, &[u8], &str); 15] = [
        ("empty", b"", "missing-key"),
        ("a mebibyte and a byte", spaces.as_bytes(), "too-large"),
        ("Latin-1", b"name = \"caf\xe9\"", "not-text"),
        ("UTF-16", b"\xff\xfen\0a\0m\0e\0", "not-text"),
        ("NUL", b"name = \"acme\"\0", "not-text"),
        (
            "lone carriage return",
            b"name = \"a\"\rregion = \"b\"",
            "syntax",
        ),
        ("half a table", b"[", "syntax"),
        ("quote never closed", b"name = \"acme", "syntax"),
        ("binary", &[1, 2, 3, 4, 5, 6, 7, 8], "syntax"),
        (
            "nested a hundred thousand deep",
            nested.as_bytes(),
            "syntax",
        ),
        (
            "dotted a hundred thousand deep",
            dotted.as_bytes(),
            "syntax",
        ),
        (
            "a hundred thousand keys",
            many_keys.as_bytes(),
            "more-findings",
        ),
        ("a key of a megabyte", long_key.as_bytes(), "unknown-key"),
        (
            "a list of two hundred thousand",
            many_items.as_bytes(),
            "too-many",
        ),
        (
            "a key four times",
            b"a = 1\na = 1\na = 1\na = 1\n",
            "duplicate-key",
        ),
    ];
    for (name, bytes, rule) in cases {
        refused(name, bytes, rule);
    }
    let large = refused("three mebibytes", &[b' '; 3 << 20], "too-large");
    let first = large.findings.first().expect("some");
    assert!(
        first.message.contains("more than 1 MiB"),
        "{}",
        first.message
    );
    let cut = refused("keys", many_keys.as_bytes(), "more-findings");
    let last = cut.findings.last().expect("some");
    assert_eq!(last.rule, "more-findings");
    assert!(last.blocks(), "errors were left out, so it blocks");
}

#[test]
fn long_and_strange_texts_are_quoted_short_and_tame() {
    let text = format!(
        "\"{}\\u001b[31m\" = 1\nregion = \"{}\"",
        "k".repeat(5),
        "x".repeat(900)
    );
    let reading = refused("strange", text.as_bytes(), "unknown-key");
    for finding in &reading.findings {
        for told in [&finding.message, &finding.subject, &finding.remedy] {
            assert!(!told.chars().any(char::is_control), "{told:?}");
            assert!(told.len() < 600, "{told}");
        }
    }
    let raw = refused("raw escape", b"name = \"\x1b[2J\"", "syntax");
    assert!(!raw.files[0].text.contains('\u{1b}'));
}

#[test]
fn long_lines_are_named_and_not_shown() {
    let long = "x".repeat(100_000);
    for (text, place) in [
        (format!("a = 1\n{long} = \"é\" ?"), "line 2, column "),
        (format!("{long} = 1"), "line 1, column 1."),
        (format!("# {long}\nvendr = 1"), "line 2, column 1."),
    ] {
        let reading = read("estate.toml", text.as_bytes(), &Catalog::embedded(), TODAY);
        assert!(reading.findings.iter().all(|f| f.span.is_none()));
        let told = reading.findings.iter().any(|f| f.message.contains(place));
        assert!(told, "{place}: {:?}", reading.findings.first());
    }
}

#[test]
fn hidden_characters_are_found_and_replaced() {
    for hidden in [
        '\u{ad}', '\u{200b}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}',
        '\u{feff}',
    ] {
        for text in [
            ACME.replacen("# ", &format!("# {hidden}"), 1),
            ACME.replacen("ACME Corp", &format!("ACME {hidden}Corp"), 1),
        ] {
            let reading = refused("hidden", text.as_bytes(), "hidden-character");
            assert!(!reading.files[0].text.contains(hidden), "{hidden:?}");
            assert_eq!(reading.files[0].text.len(), text.len(), "{hidden:?}");
            assert!(!format!("{:?}", reading.findings).contains(hidden));
        }
    }
    let escaped = ACME.replacen("ACME Corp", "ACME \\u202eCorp", 1);
    refused("escaped", escaped.as_bytes(), "wrong-value");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    for text in [ACME.replace('\n', "\r\n"), format!("\u{feff}{ACME}")] {
        let reading = read("estate.toml", text.as_bytes(), &Catalog::embedded(), TODAY);
        assert!(reading.ready().is_some(), "{:#?}", reading.findings);
        let span = reading
            .findings
            .first()
            .and_then(|finding| finding.span)
            .expect("the waived one");
        assert_eq!(text.get(span.start..span.end), Some("[\"10.200.0.123\"]"));
    }
}

#[test]
fn an_empty_catalogue_is_no_reason_to_fail() {
    let reading = read("estate.toml", ACME.as_bytes(), &Catalog::default(), TODAY);
    assert!(
        reading
            .findings
            .iter()
            .any(|finding| finding.rule == "unknown-product")
    );
}

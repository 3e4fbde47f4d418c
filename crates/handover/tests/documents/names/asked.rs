//! What came of asking a server, as text and in the report.

use handover::names::{NameVerdict, VerifiedName, verification_html, verification_text};

use super::file;
use crate::golden;

fn row(name: &str, expected: &str, found: &str, verdict: NameVerdict) -> VerifiedName {
    VerifiedName {
        name: name.to_owned(),
        kind: "A".to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        verdict,
    }
}

fn rows() -> Vec<VerifiedName> {
    vec![
        row(
            "api.acme.example",
            "10.20.1.10, 10.20.2.10",
            "10.20.1.10, 10.20.2.10",
            NameVerdict::Right,
        ),
        row(
            "is.acme.example",
            "10.20.1.20",
            "10.99.0.1",
            NameVerdict::Wrong,
        ),
        row(
            "portal.acme.example",
            "10.20.1.30",
            "NXDOMAIN",
            NameVerdict::Missing,
        ),
        row("old.acme.example", "", "10.20.9.9", NameVerdict::Stale),
        row(
            "mail.acme.example",
            "10.20.1.40",
            "refused",
            NameVerdict::Unknown,
        ),
    ]
}

#[test]
fn it_reads_as_it_did() {
    let html = verification_html("10.10.0.53", &rows()).expect("rendered");
    golden::check(
        "names-verified",
        &[file("text", verification_text(&rows())), file("html", html)],
    );
}

#[test]
fn what_a_server_says_stays_text() {
    let hostile = format!(
        "</code><script>alert(1)</script>\u{1b}[2J\r\nright{}",
        "x".repeat(65_536)
    );
    let rows = [row(&hostile, &hostile, &hostile, NameVerdict::Wrong)];
    let text = verification_text(&rows);
    assert!(text.lines().all(|line| !line.contains('\u{1b}')), "{text}");
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.len() < 2_000, "{} bytes", text.len());
    let html = verification_html(&hostile, &rows).expect("rendered");
    assert!(!html.contains("<script"), "{html}");
    assert!(html.len() < 4_000, "{} bytes", html.len());
}

#[test]
fn nothing_asked_is_said_to_be_nothing() {
    let text = verification_text(&[]);
    assert!(
        text.contains("0 right, 0 wrong, 0 missing, 0 stale, 0 unknown"),
        "{text}"
    );
}

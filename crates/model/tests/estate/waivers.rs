//! Waivers: what they cover, and what is said about those that are not in order.

use model::estate::checks;

use crate::acme::reading;
use crate::faults::edited;

/// The rules of the findings that nobody waived.
fn open(edits: &[(&str, &str)]) -> Vec<String> {
    let reading = reading(&edited(edits));
    let open = reading
        .findings
        .iter()
        .filter(|finding| finding.waived.is_none());
    open.map(|finding| finding.rule.clone()).collect()
}

#[test]
fn covers_the_finding_and_stays_visible() {
    let reading = reading(&edited(&[]));
    assert_eq!(reading.findings.len(), 1, "{:#?}", reading.findings);
    let finding = reading.findings.first().expect("one");
    assert_eq!(finding.rule, "single-ntp-server");
    assert_eq!(
        finding.waived.as_ref().map(|waiver| waiver.owner.as_str()),
        Some("mara")
    );
}

#[test]
fn counts_on_its_last_day_and_not_on_the_next() {
    assert!(open(&[("expires = 2027-06-30", "expires = 2026-11-20")]).is_empty());
    assert_eq!(
        open(&[("expires = 2027-06-30", "expires = 2026-11-19")]),
        ["single-ntp-server", "waiver-expired"]
    );
}

#[test]
fn without_an_owner_does_not_count() {
    assert_eq!(
        open(&[("owner = \"mara\"", "owner = \"maria\"")]),
        ["single-ntp-server", "waiver-without-owner"]
    );
}

#[test]
fn a_waived_error_no_longer_blocks() {
    let edits = [
        ("port = 40022", "port = 22"),
        (
            "[[awaiting]]",
            "[[waivers]]\nrule = \"bastion-on-22\"\nsubject = \"environments.production.bastion.port\"\nreason = \"Until the firewall at the customer is changed.\"\nowner = \"jonas\"\nexpires = 2026-12-31\n\n[[awaiting]]",
        ),
    ];
    assert!(reading(&edited(&edits)).ready().is_some());
    let [port, _] = edits;
    assert!(reading(&edited(&[port])).ready().is_none());
}

#[test]
fn names_of_rules_are_unique_and_speak() {
    let mut names: Vec<_> = checks().map(|check| check.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    assert!(count >= 25, "{count}");
    for check in checks() {
        assert!(check.meaning.ends_with('.'), "{}", check.name);
        assert!(
            check
                .name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{}",
            check.name
        );
    }
}

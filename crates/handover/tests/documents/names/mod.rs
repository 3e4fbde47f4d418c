//! Names to hand over, read back by BIND's own tools where they are installed.

mod asked;
mod mail;

use handover::link::Document;
use handover::names::{Authority, ZoneForm, csv, listing, reverse_zones, zone_file};
use model::service::{Record, RecordData, Zone};

use crate::{golden, tools};

pub(crate) fn record(name: &str, data: RecordData) -> Record {
    Record {
        name: name.to_owned(),
        data,
    }
}

fn addresses(name: &str, addresses: &[&str]) -> Record {
    Record::addresses(
        name,
        addresses
            .iter()
            .map(|address| address.parse().expect("an address"))
            .collect(),
    )
}

fn zone() -> Zone {
    let text = |name, text: String| record(name, RecordData::Text(text));
    Zone {
        name: "acme.example".to_owned(),
        records: vec![
            addresses("is.acme.example", &["10.20.1.20"]),
            addresses(
                "api.acme.example",
                &["10.20.2.10", "10.20.1.10", "2001:db8:20::10"],
            ),
            addresses("API.acme.example", &["10.20.1.10"]),
            addresses("*.apps.acme.example", &["10.20.1.30"]),
            addresses("acme.example", &["10.20.1.1"]),
            record(
                "portal.acme.example",
                RecordData::Alias("lb-1.elb.eu-central-1.amazonaws.com".to_owned()),
            ),
            record(
                "bounce.acme.example",
                RecordData::Mail {
                    preference: 10,
                    exchange: "feedback-smtp.eu-central-1.amazonses.com".to_owned(),
                },
            ),
            text(
                "key._domainkey.acme.example",
                format!("v=DKIM1; p={}", "k".repeat(400)),
            ),
            text(
                "odd.acme.example",
                "a \"quoted\" \\ back; slash\n\u{e9}".to_owned(),
            ),
        ],
    }
}

fn whole(ttl: u32) -> ZoneForm {
    ZoneForm {
        ttl,
        authority: Some(Authority {
            primary: "ns1.provider.example".to_owned(),
            servers: vec![
                "ns1.provider.example".to_owned(),
                "ns2.provider.example".to_owned(),
            ],
            contact: "dns.team@acme.example".to_owned(),
            serial: 2_026_112_301,
        }),
    }
}

const RECORDS: ZoneForm = ZoneForm {
    ttl: 300,
    authority: None,
};

fn file(name: &str, text: String) -> Document {
    Document {
        name: name.to_owned(),
        text,
    }
}

#[test]
fn zones_and_lists_read_as_they_did() {
    let zones = [zone()];
    golden::check(
        "names-zone",
        &[
            file("whole", zone_file(&zones[0], &whole(300))),
            file("records", zone_file(&zones[0], &RECORDS)),
        ],
    );
    golden::check(
        "names-lists",
        &[
            file("csv", csv(&zones, 300)),
            file("listing", listing(&zones)),
        ],
    );
    let ranges = ["10.20.0.0/16", "2001:db8:20::/56"].map(|range| range.parse().expect("a range"));
    let files: Vec<_> = reverse_zones(&zones, &ranges, &whole(300))
        .into_iter()
        .map(|(name, text)| file(&name, text))
        .collect();
    golden::check("names-reverse", &files);
}

#[test]
fn bind_takes_the_zone_and_reads_what_was_meant() {
    let text = zone_file(&zone(), &whole(300));
    let said = tools::accepts(
        "named-compilezone",
        &[
            "-k",
            "fail",
            "-f",
            "text",
            "-F",
            "text",
            "-s",
            "full",
            "-o",
            "-",
            "acme.example",
        ],
        &[],
        &text,
        "the zone",
    );
    let Some(said) = said else { return };
    for wanted in [
        "SOA\tns1.provider.example. dns\\.team.acme.example. 2026112301",
        "api.acme.example.\t\t\t      300 IN A\t\t10.20.1.10",
        "CNAME\tlb-1.elb.eu-central-1.amazonaws.com.",
        "MX\t\t10 feedback-smtp.eu-central-1.amazonses.com.",
        "\"a \\\"quoted\\\" \\\\ back; slash\\010\\195\\169\"",
    ] {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            squeezed(&said).contains(&squeezed(wanted)),
            "{wanted} in:\n{said}"
        );
    }
}

#[test]
fn bind_takes_reverse_zones_and_records_alone() {
    let ranges = ["10.20.0.0/20", "2001:db8:20::/56"].map(|range| range.parse().expect("a range"));
    for (name, text) in reverse_zones(&[zone()], &ranges, &whole(300)) {
        tools::accepts("named-checkzone", &[&name], &[], &text, &name);
    }
    let head = "$TTL 60\n@ IN SOA ns.acme.example. root.acme.example. 1 1 1 1 1\n@ IN NS ns1.provider.example.\n";
    let text = format!("{head}{}", zone_file(&zone(), &RECORDS));
    tools::accepts(
        "named-checkzone",
        &["acme.example"],
        &[],
        &text,
        "records alone",
    );
}

#[test]
fn what_is_no_name_of_the_zone_is_left_out_and_said() {
    let hostile = [
        "api.other.example",
        "notacme.example",
        "a..acme.example",
        ".acme.example",
        "",
        &format!("{}.acme.example", "x".repeat(64)),
        &format!("{}acme.example", "abc.".repeat(70)),
        "x\n@ IN A 192.0.2.1",
    ];
    for name in hostile {
        let zone = Zone {
            name: "acme.example".to_owned(),
            records: vec![addresses(name, &["192.0.2.1"])],
        };
        let text = zone_file(&zone, &whole(300));
        assert!(text.contains("; LEFT OUT"), "{name:?}:\n{text}");
        assert!(
            !text.lines().any(|line| line.ends_with(" A  192.0.2.1")),
            "{name:?}:\n{text}"
        );
        tools::accepts("named-checkzone", &["acme.example"], &[], &text, name);
    }
}

#[test]
fn hostile_letters_stay_within_their_record() {
    let hostile = "x\n@ IN A 192.0.2.1\n$INCLUDE /etc/passwd ; \" ( \\";
    let zone = Zone {
        name: "acme.example".to_owned(),
        records: vec![
            addresses("$INCLUDE.acme.example", &["10.20.1.1"]),
            addresses("a;(b\n\"c.acme.example", &["10.20.1.2"]),
            record("t.acme.example", RecordData::Text(hostile.to_owned())),
            record("bad.acme.example", RecordData::Alias(hostile.to_owned())),
        ],
    };
    let text = zone_file(&zone, &whole(300));
    for line in text.lines() {
        assert!(
            !line.starts_with("$INCLUDE") && !line.starts_with("@ IN A"),
            "{text}"
        );
    }
    tools::accepts(
        "named-checkzone",
        &["-k", "ignore", "-i", "none", "acme.example"],
        &[],
        &text,
        "hostile letters",
    );
}

#[test]
fn reverse_zones_hold_only_their_ranges() {
    let range = "10.20.1.0/24".parse().expect("a range");
    let zones = reverse_zones(&[zone()], &[range], &RECORDS);
    assert_eq!(zones.keys().collect::<Vec<_>>(), ["1.20.10.in-addr.arpa"]);
    let text = &zones["1.20.10.in-addr.arpa"];
    assert!(
        !text.contains("\\*") && !text.contains("*.apps"),
        "a wildcard has no reverse name: {text}"
    );
    assert!(reverse_zones(&[zone()], &[], &RECORDS).is_empty());
}

//! What the customer's server may have, and what `reeve names --verify` says of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use model::service::{Record, RecordData, Zone};
use serde_json::Value;

use crate::server::Server;

/// The tests, in order.
pub(crate) const ALL: [(&str, fn()); 6] = [
    ("a server that has everything", right),
    ("wrong, missing and stale records", otherwise),
    ("records of an earlier lock", of_before),
    ("servers that do not tell", silent),
    ("what is no server", no_server),
    ("what SES asks to be published", mail),
];

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

fn reeve(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reeve"))
        .args(words)
        .output()
        .expect("Reeve starts")
}

fn example(name: &str) -> String {
    format!("{EXAMPLES}/{name}")
}

/// Runs it with an exit code and takes its results as JSON.
fn json(words: &[&str], code: i32) -> Value {
    let output = reeve(&[words, &["--json"]].concat());
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(code), "{words:?}: {out}\n{err}");
    serde_json::from_str(&out).expect("JSON")
}

/// The zone that an example hands over.
fn zone(name: &str) -> Zone {
    let handed = json(&["names", &example(name)], 0);
    serde_json::from_value(handed["zone"].clone()).expect("a zone")
}

fn record<'z>(zone: &'z mut Zone, name: &str) -> &'z mut Record {
    let mut records = zone.records.iter_mut();
    records.find(|one| one.name == name).expect("a record")
}

/// Asks a server, and what of it is not right: names and kinds with their verdicts.
fn verify(words: &[&str], code: i32) -> BTreeMap<String, String> {
    let verified = json(words, code);
    let records = verified["records"].as_array().expect("records");
    assert!(records.len() >= 5, "{verified:#}");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let found = records.iter().map(|one| {
        let name = format!("{} {}", text(&one["name"]), text(&one["kind"]));
        let verdict = text(&one["verdict"]);
        assert_eq!(verdict == "right", one["remedy"].is_null(), "{one:#}");
        (name, verdict)
    });
    found.filter(|(_, verdict)| verdict != "right").collect()
}

fn found(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, verdict)| ((*name).to_owned(), (*verdict).to_owned()))
        .collect()
}

fn right() {
    let acme = example("acme");
    let _server = Server::with(vec![zone("acme")]);
    for server in ["127.0.0.1", "127.0.0.1:53", "::1", "[::1]", "[::1]:53"] {
        assert_eq!(verify(&["names", &acme, "--verify", server], 0), found(&[]));
    }
    let told = reeve(&["names", &acme, "--verify", "127.0.0.1"]);
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(text.contains("0 wrong, 0 missing, 0 stale"), "{text}");
}

fn otherwise() {
    let acme = example("acme");
    let mut zone = zone("acme");
    // Of nobody's, of the environments' own ranges, and one address of two.
    let addresses = |text: &str| RecordData::Addresses(vec![text.parse().expect("an address")]);
    record(&mut zone, "api.acme.example").data = addresses("192.0.2.7");
    record(&mut zone, "login.acme.example").data = addresses("10.20.7.7");
    record(&mut zone, "mail.acme.example").data = addresses("203.0.113.99");
    zone.records
        .retain(|record| record.name != "api-staging.acme.example");
    let _server = Server::with(vec![zone]);
    let wanted = found(&[
        ("api.acme.example A", "wrong"),
        ("api-staging.acme.example A", "missing"),
        ("login.acme.example A", "stale"),
        ("mail.acme.example A", "wrong"),
    ]);
    assert_eq!(
        verify(&["names", &acme, "--verify", "127.0.0.1"], 1),
        wanted
    );
    let told = reeve(&["names", &acme, "--verify", "::1"]);
    assert_eq!(told.status.code(), Some(1));
    let text = String::from_utf8_lossy(&told.stdout);
    for words in [
        "wrong view",
        "no such name",
        "set A of login.acme.example",
        "add A of api-staging.acme.example",
        "2 wrong, 1 missing, 1 stale",
    ] {
        assert!(text.contains(words), "wanted {words:?}: {text}");
    }
}

fn of_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = folder.path().join("reeve.lock");
    let lock = std::fs::read_to_string(Path::new(&example("acme")).join("reeve.lock"));
    // The design of before had production's first internal balancer elsewhere.
    let moved = lock
        .expect("a lock")
        .replace("= \"10.20.0.4\"", "= \"10.20.0.200\"");
    std::fs::write(&before, moved).expect("written");
    let before = before.to_str().expect("a text");
    let mut zone = zone("acme");
    let former = ["10.20.0.200", "10.20.32.4"].map(|text| text.parse().expect("an address"));
    record(&mut zone, "api.acme.example").data = RecordData::Addresses(former.to_vec());
    let _server = Server::with(vec![zone]);
    let acme = example("acme");
    let words = ["names", &acme, "--verify", "127.0.0.1", "--before", before];
    assert_eq!(verify(&words, 1), found(&[("api.acme.example A", "stale")]));
    let missing = ["names", &acme, "--verify", "127.0.0.1", "--before", "/none"];
    json(&missing, 2);
}

fn silent() {
    let acme = example("acme");
    // Nothing listens: nothing can be told, which is neither right nor wrong.
    let told = verify(&["names", &acme, "--verify", "127.0.0.1"], 4);
    assert!(
        told.values().all(|verdict| verdict == "unknown"),
        "{told:?}"
    );
    assert!(!told.is_empty());
    // A server without the zone refuses.
    let other = Zone {
        name: "other.example".to_owned(),
        records: Vec::new(),
    };
    let _server = Server::with(vec![other]);
    let told = verify(&["names", &acme, "--verify", "127.0.0.1"], 4);
    assert!(
        told.values().all(|verdict| verdict == "unknown"),
        "{told:?}"
    );
}

fn no_server() {
    let acme = example("acme");
    for server in [
        "no-such-name.invalid",
        "1.2.3.4.5",
        "",
        "[::1",
        "10.0.0.1:99999",
        "a b",
    ] {
        let told = json(&["names", &acme, "--verify", server], 2);
        let failed = told["error"]["failed-to"].as_str().expect("words");
        assert!(failed.contains("find the address"), "{server}: {told:#}");
    }
    for words in [
        &["names", &acme, "--verify", "::1", "--out", "/tmp/never"][..],
        &["names", &acme, "--before", "reeve.lock"],
        &["names", &acme, "--format", "hosts"],
    ] {
        assert_eq!(reeve(words).status.code(), Some(2), "{words:?}");
    }
}

fn mail() {
    let initech = example("initech");
    let text = |name: &str, text: &str| Record {
        name: name.to_owned(),
        data: RecordData::Text(text.to_owned()),
    };
    let domain = |records: Vec<Record>| Zone {
        name: "initech.example".to_owned(),
        records,
    };
    let judged = |zone: Zone| -> BTreeMap<String, String> {
        // The zone of the products' names is not there, and that fails whatever the mail comes to.
        let _server = Server::with(vec![zone]);
        let told = json(&["names", &initech, "--verify", "127.0.0.1"], 1);
        let mail = told["mail"].as_array().expect("findings").clone();
        let words = |value: &Value| value.as_str().expect("a text").to_owned();
        mail.iter()
            .map(|one| (words(&one["rule"]), words(&one["verdict"])))
            .collect()
    };
    let found = judged(domain(Vec::new()));
    assert_eq!(found["dmarc"], "fails", "{found:?}");
    assert_eq!(found["spf"], "fails", "{found:?}");
    let found = judged(domain(vec![
        text(
            "_dmarc.initech.example",
            "v=DMARC1; p=quarantine; rua=mailto:postmaster@initech.example",
        ),
        text(
            "bounces.initech.example",
            "v=spf1 include:amazonses.com ~all",
        ),
        Record {
            name: "bounces.initech.example".to_owned(),
            data: RecordData::Mail {
                preference: 10,
                exchange: "feedback-smtp.us-east-2.amazonses.com".to_owned(),
            },
        },
    ]));
    assert_eq!(found["dmarc"], "holds", "{found:?}");
    assert_eq!(found["mail-from"], "holds", "{found:?}");
    // SES makes the keys' tokens when its identity is applied.
    assert_eq!(found["dkim"], "unknown", "{found:?}");
}

//! The schema, asked by a validator that is not Reeve's.

use model::estate::{Starter, describe};
use serde_json::Value;

const ACME: &str = include_str!("../../../../examples/acme/estate.toml");

/// A TOML file as JSON; dates become texts.
fn json(text: &str) -> Value {
    fn of(value: toml::Value) -> Value {
        match value {
            toml::Value::String(text) => text.into(),
            toml::Value::Integer(number) => number.into(),
            toml::Value::Float(number) => number.into(),
            toml::Value::Boolean(yes) => yes.into(),
            toml::Value::Datetime(datetime) => datetime.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(of).collect(),
            toml::Value::Table(table) => table
                .into_iter()
                .map(|(key, value)| (key, of(value)))
                .collect(),
        }
    }
    of(toml::Value::Table(toml::from_str(text).expect("TOML")))
}

/// Holds a file against the schema: where in it something is wrong.
fn faults(text: &str) -> Vec<String> {
    let schema = describe().schema().expect("a schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    jsonschema::meta::validate(&schema).expect("the schema is one");
    let validator = jsonschema::draft202012::new(&schema).expect("the schema is one");
    let document = json(text);
    let faults = validator.iter_errors(&document);
    faults
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

#[test]
fn estates_that_are_right_are_taken() {
    let begun = Starter::new("globex").text();
    let layered = "format = 1\nextends = \"../defaults.toml\"\nenvironments.test.ipv6 = true\n";
    for text in [ACME, &begun, layered] {
        let faults = faults(text);
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

#[test]
fn estates_that_are_wrong_are_refused_where_they_are() {
    let check = |name: &str, from: &str, to: &str, place: &str| {
        assert_eq!(ACME.matches(from).count(), 1, "{name}");
        let found = faults(&ACME.replacen(from, to, 1));
        assert!(
            found.iter().any(|fault| fault.starts_with(place)),
            "{name}: {found:#?}"
        );
    };
    check(
        "number in quotes",
        "port = 40022",
        "port = \"40022\"",
        "/environments/production/bastion/port",
    );
    check(
        "port beyond the last",
        "port = 40022",
        "port = 70000",
        "/environments/production/bastion/port",
    );
    check(
        "text without content",
        "\"Cisco\"",
        "\" \"",
        "/data-centre/vpn/vendor",
    );
    check("misspelt key", "vendor = ", "vendr = ", "/data-centre/vpn");
    check("unknown table", "[operator]", "[opera]\n[operator]", "");
    check("missing key", "customer = \"ACME Corporation\"", "", "");
    check(
        "missing key of a table",
        "engine = \"postgres\"",
        "",
        "/environments/production/database",
    );
    check(
        "an environment's own missing",
        "account = \"444455556666\"",
        "",
        "/environments/staging",
    );
    check(
        "format of tomorrow",
        "format = 1\n",
        "format = 2\n",
        "/format",
    );
    check(
        "word that is none",
        "side = \"operator\"\nroles = [\"engineer\"]",
        "side = \"vendor\"\nroles = [\"engineer\"]",
        "/people/tomas/side",
    );
    check(
        "role that is none",
        "roles = [\"console-admin\"]",
        "roles = [\"king\"]",
        "/people/ines/roles/0",
    );
    check(
        "secret in clear",
        "env:ACME_SMTP_PASSWORD",
        "hunter2",
        "/smtp/password",
    );
    check(
        "two mail servers",
        "[smtp]",
        "[ses]\ndomain = \"a.example\"\nsender = \"a@a.example\"\n\n[smtp]",
        "",
    );
    check(
        "a waiver without owner",
        "owner = \"mara\"",
        "",
        "/waivers/0",
    );
    check(
        "half a range",
        "\"10.20.0.0/16\"",
        "\"10.20.0.0\"",
        "/environments/production/cidr",
    );
}

//! Keys explained: their values, and where these come from.

use model::estate::{Origin, explain};

use crate::layers::sources;

const ESTATE: &str = r#"format = 1
extends = "1.toml"
name = "acme"

[smtp]
password = "hunter2"

[environments.production]
production = true
cidr = "10.20.0.0/16"
products.apim.calls = [
  "is",
]

[environments.staging]
like = "production"
products.apim.hostname = "api-staging"

[environments.test]
like = "staging"

[environments.round]
like = "round"

[people."m.l"]
name = "Mara"

[[waivers]]
rule = "single-ntp-server"
"#;

const DEFAULTS: &str =
    "format = 1\nregion = \"eu-west-2\"\n[environments.production.bastion]\nport = 40022\n";

/// The value and where it comes from, in short.
fn told(key: &str) -> String {
    let files = sources(&[ESTATE, DEFAULTS]);
    match explain(&files, key) {
        Err(error) => error.to_string(),
        Ok(explained) => {
            assert!(!explained.meaning.is_empty(), "{key}");
            let value = explained.value.unwrap_or_else(|| "none".to_owned());
            let note = explained.note.unwrap_or_default();
            match explained.origin {
                Origin::Said(place) => format!(
                    "{value} {}:{}:{} {note}",
                    place.file, place.line, place.column
                ),
                Origin::TakenOver { environment, place } => {
                    format!("{value} {environment} {}:{} {note}", place.file, place.line)
                }
                Origin::Default => format!("{value} default {note}"),
                Origin::Nowhere => format!("{value} nowhere {note}"),
            }
        }
    }
}

#[test]
fn values_come_from_somewhere() {
    let check = |key: &str, wanted: &str| assert_eq!(told(key).trim_end(), wanted, "{key}");
    check("name", "\"acme\" 0.toml:3:1");
    check("region", "\"eu-west-2\" 1.toml:2:1");
    check("dns", "none nowhere");
    check("account.payer", "\"customer\" default");
    check(
        "environments.production.cidr",
        "\"10.20.0.0/16\" 0.toml:10:1",
    );
    check(
        "environments.production.products.apim.calls",
        "[\n  \"is\",\n] 0.toml:11:15",
    );
    check(
        "environments.staging.products.apim.hostname",
        "\"api-staging\" 0.toml:17:15",
    );
    check(
        "environments.staging.bastion.port",
        "40022 production 1.toml:4",
    );
    check(
        "environments.test.bastion.port",
        "40022 production 1.toml:4",
    );
    check(
        "environments.test.products.apim.hostname",
        "\"api-staging\" staging 0.toml:17",
    );
    check("environments.staging.cidr", "none nowhere");
    check("environments.staging.production", "false default");
    check("environments.round.cidr", "none nowhere");
    check("environments.round.image", "none nowhere");
    check("people.\"m.l\".name", "\"Mara\" 0.toml:26:1");
    check("waivers[0].rule", "\"single-ntp-server\" 0.toml:29:1");
    check("waivers[7].rule", "none nowhere");
}

#[test]
fn secrets_stay_covered() {
    let files = sources(&[ESTATE, DEFAULTS]);
    for key in ["smtp.password", "smtp", ""] {
        let explained = explain(&files, key).expect(key);
        assert!(
            !format!("{explained:?}").contains("hunter2"),
            "{explained:?}"
        );
    }
}

#[test]
fn tables_show_what_is_in_them() {
    let files = sources(&[ESTATE, DEFAULTS]);
    let keys = |key: &str| -> Vec<String> {
        let explained = explain(&files, key).expect(key);
        explained.below.into_iter().map(|below| below.key).collect()
    };
    assert_eq!(keys("people"), ["people.\"m.l\""]);
    assert_eq!(keys("waivers"), ["waivers[0]"]);
    assert_eq!(
        keys("environments.test.products"),
        ["environments.test.products.apim"]
    );
    assert!(keys("").contains(&"environments".to_owned()));
    assert!(keys("name").is_empty());
}

#[test]
fn unknown_keys_are_told_what_was_meant() {
    let check =
        |key: &str, wanted: &str| assert!(told(key).contains(wanted), "{key}: {}", told(key));
    check("nmae", "did you mean `name`?");
    check(
        "environments.production.bastoin.port",
        "did you mean `environments.production.bastion`?",
    );
    check("environments.stagin.cidr", "did you mean `staging`?");
    check(
        "environments.qa.cidr",
        "there: `production`, `round`, `staging` and `test`",
    );
    check("name.first", "nothing below");
    check("name[0]", "it is no list");
    check("dns.servers[0]", "ask for `dns.servers`");
    check("xyz", "known there: `format`, `extends`");
    check("a..b", "written like");
    check(&"a.".repeat(100_000), "written like");
    check("\u{1b}[2J", "`");
    assert!(!told("\u{1b}[2J").contains('\u{1b}'));
    let broken = explain(&sources(&["["]), "name").expect_err("no TOML");
    assert!(broken.to_string().contains("cannot be read"));
}

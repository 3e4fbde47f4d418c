//! That no rule is without a fault that it finds, and none without its line in the manual.

use std::collections::{BTreeMap, BTreeSet};

use model::estate::checks;

use super::SUBJECTS;
use super::fixture::Subject;

const MANUAL: &str = include_str!("../../../../../docs/estate.md");

/// Rules that no single file can break: they are about files that extend one another, and tested with these.
const OF_SEVERAL_FILES: [&str; 1] = ["extends-unusable"];

#[test]
fn every_rule_finds_a_fault() {
    let mut names = BTreeSet::new();
    let mut found: BTreeSet<String> = BTreeSet::new();
    for (file, text) in SUBJECTS {
        for fault in Subject::read(text).faults {
            found.extend(fault.besides);
            found.insert(fault.rule);
            assert!(
                names.insert(fault.name.clone()),
                "{file}: two of {}",
                fault.name
            );
        }
    }
    let without: Vec<_> = checks()
        .map(|check| check.name)
        .filter(|rule| !found.contains(*rule) && !OF_SEVERAL_FILES.contains(rule))
        .collect();
    assert!(without.is_empty(), "without a fault: {without:#?}");
}

#[test]
fn every_rule_stands_in_the_manual() {
    let rules = MANUAL
        .split_once("\n## Rules\n")
        .and_then(|(_, rest)| rest.split_once("\n### "))
        .map(|(rules, _)| rules)
        .expect("the manual has a section of rules");
    let mut rows: BTreeMap<&str, &str> = rules
        .lines()
        .filter_map(|line| Some((line.strip_prefix("| `")?.split_once('`')?.0, line)))
        .collect();
    let mut missing = Vec::new();
    for check in checks() {
        let waivable = if check.waivable { "yes" } else { "no" };
        let row = format!(
            "| `{}` | {} | {waivable} | {} |",
            check.name, check.severity, check.meaning
        );
        if rows.remove(check.name) != Some(row.as_str()) {
            missing.push(row);
        }
    }
    assert!(
        missing.is_empty() && rows.is_empty(),
        "the manual should have:\n{}\nand not: {rows:#?}",
        missing.join("\n")
    );
}

//! What is awaited: from whom, since when, and what it blocks.

use jiff::civil::Date;

use super::meant_or;
use crate::document::{Check, Report, did_you_mean, list, quote};
use crate::estate::Estate;

const IN_FUTURE: Check = Check::error(
    "awaited-in-future",
    "Something is awaited since a day that has not come.",
);
const FROM_UNKNOWN: Check = Check::error(
    "awaited-from-unknown",
    "Something is awaited from somebody who is not among the people.",
);
const BLOCKS: Check = Check::error(
    "awaited-blocks",
    "What an awaited thing blocks is not a step of an environment.",
);

pub(super) const CHECKS: &[Check] = &[IN_FUTURE, FROM_UNKNOWN, BLOCKS];

/// What an operator does with an environment, in the order in which it is done.
const STEPS: [&str; 7] = [
    "apply",
    "verify",
    "deploy",
    "back-up",
    "drill",
    "recover",
    "hand-over",
];

pub(super) fn check(estate: &Estate, today: Date, report: &mut Report) {
    for (index, awaited) in estate.awaited.iter().enumerate() {
        let path = format!("awaiting[{index}]");
        if awaited.since > today {
            report.add(
                IN_FUTURE,
                &format!("{path}.since"),
                "has not come",
                format!(
                    "Today is {today}: nothing can have been awaited since {}.",
                    awaited.since
                ),
                "Write the day on which the customer was asked.",
            );
        }
        if !estate.people.contains_key(&awaited.from) && !report.doubts("people") {
            let logins = || estate.people.keys().map(String::as_str);
            report.add(
                FROM_UNKNOWN,
                &format!("{path}.from"),
                &meant_or(did_you_mean(&awaited.from, logins()), "nobody of that name"),
                format!(
                    "{} is not among the people, so that nobody can be reminded.",
                    quote(&awaited.from)
                ),
                format!("Name one of {}.", list(logins())),
            );
        }
        blocks(estate, &awaited.blocks, &format!("{path}.blocks"), report);
    }
}

/// Each entry is a step and an environment: `apply production`.
fn blocks(estate: &Estate, blocks: &[String], path: &str, report: &mut Report) {
    if blocks.is_empty() {
        report.add(
            BLOCKS,
            path,
            "blocks nothing",
            "It does not say what cannot go on without it.",
            "Write a step and an environment, like \"apply production\".",
        );
    }
    let environments = || {
        estate
            .environments
            .keys()
            .map(crate::id::EnvironmentId::as_str)
    };
    for (index, entry) in blocks.iter().enumerate() {
        let (step, environment) = entry.split_once(' ').unwrap_or((entry, ""));
        let step_known = STEPS.contains(&step);
        if step_known && environments().any(|known| known == environment) {
            continue;
        }
        let meant = if step_known {
            did_you_mean(environment, environments()).map(|meant| format!("{step} {meant}"))
        } else {
            did_you_mean(step, STEPS)
                .map(|meant| format!("{meant} {environment}").trim_end().to_owned())
        };
        report.add(
            BLOCKS,
            &format!("{path}[{index}]"),
            &meant_or(meant.as_deref(), "not a step of an environment"),
            format!("{} is not a step of an environment.", quote(entry)),
            format!(
                "Write one of {} and one of {}, like \"apply production\".",
                list(STEPS),
                list(environments())
            ),
        );
    }
}

//! What was bought and what was promised: that it can be kept.

use super::environment_path;
use crate::document::{Check, Report};
use crate::estate::{Environment, Estate, Percent};
use crate::id::EnvironmentId;

const NOT_MANAGED: Check = Check::error(
    "not-managed",
    "The managed cloud was not bought, and the estate describes one.",
);
const ALL_OF_THE_TIME: Check = Check::error(
    "availability-all-of-the-time",
    "An availability was promised that nobody keeps: AWS itself promises less.",
);
const BEYOND_PARTS: Check = Check::warning(
    "availability-beyond-parts",
    "More availability was promised than AWS promises for the parts of which production is made.",
);

pub(super) const CHECKS: &[Check] = &[NOT_MANAGED, ALL_OF_THE_TIME, BEYOND_PARTS];

/// What AWS promises for a month, in thousandths of a percent (its service level agreements for EC2, Elastic Load
/// Balancing and RDS, 2026): machines over several zones and one machine, a load balancer, a database with a standby and
/// one without.
const MACHINES: u64 = 99_990;
const ONE_MACHINE: u64 = 99_500;
const BALANCER: u64 = 99_990;
const DATABASE_PAIR: u64 = 99_950;
const ONE_DATABASE: u64 = 99_500;

/// All of the time, in the same unit.
const ALL: u64 = 100_000;

/// Minutes of a month of thirty days.
const MONTH: u64 = 30 * 24 * 60;

pub(super) fn check(estate: &Estate, report: &mut Report) {
    if !estate.services.managed && !estate.environments.is_empty() {
        report.add(
            NOT_MANAGED,
            "services.managed",
            "nothing would be run",
            "The managed cloud was not bought, so that nobody may build or run what this file describes.",
            "Write `managed = true` once it is bought; until then, there is nothing to design.",
        );
    }
    let Some(availability) = &estate.availability else {
        return;
    };
    if availability.percent == Percent::ALL {
        report.add(
            ALL_OF_THE_TIME,
            "availability.percent",
            "nobody keeps that",
            "All of the time leaves no second for an update or a failure, and AWS itself promises 99.99 % for its best parts.",
            "Write what was agreed, such as \"99.9\".",
        );
        return;
    }
    let productions = estate.environments.iter().filter(|(_, it)| it.production);
    for (name, environment) in productions {
        if !report.doubts(&environment_path(name)) {
            beyond(name, environment, availability.percent, report);
        }
    }
}

/// Parts in a row: the product of their shares is the share of all.
fn beyond(name: &EnvironmentId, environment: &Environment, promised: Percent, report: &mut Report) {
    let fewest = environment
        .products
        .values()
        .map(|product| product.nodes)
        .min();
    let mut parts = vec![("load balancer", BALANCER)];
    parts.extend(match fewest {
        None => None,
        Some(0 | 1) => Some(("one machine", ONE_MACHINE)),
        Some(_) => Some(("machines in several zones", MACHINES)),
    });
    parts.extend(environment.database.as_ref().map(|database| {
        if database.multi_az {
            ("database with a standby", DATABASE_PAIR)
        } else {
            ("database without a standby", ONE_DATABASE)
        }
    }));
    let together = parts.iter().fold(ALL, |all, (_, share)| all * share / ALL);
    let wanted = u64::from(promised.thousandths());
    if wanted <= together {
        return;
    }
    let factors: Vec<_> = parts
        .iter()
        .map(|(part, share)| format!("{} % ({part})", decimal(*share)))
        .collect();
    report.add(
        BEYOND_PARTS,
        "availability.percent",
        &format!("AWS's parts give {} %", decimal(together)),
        format!(
            "{promised} of a month leaves {} minutes for failures. AWS promises for what {name} is made of {} = {} %, which are {} minutes.",
            minutes(wanted),
            factors.join(" × "),
            decimal(together),
            minutes(together),
        ),
        "Promise less, or build more: nodes in several zones, a standby of the database; or waive this with who bears the difference.",
    );
}

/// Minutes of a month that a share leaves.
fn minutes(share: u64) -> u64 {
    ALL.saturating_sub(share) * MONTH / ALL
}

/// Thousandths of a percent as a percentage, without zeros at its end.
fn decimal(share: u64) -> String {
    let text = format!("{}.{:03}", share / 1000, share % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

//! Disaster recovery: that the schedule meets the objectives, and that somebody may declare the disaster.

use jiff::civil::Date;

use super::{environment_path, meant_or};
use crate::document::{Check, Report, did_you_mean, list, quote};
use crate::estate::{Estate, PersonRole, Recovery};

const SAME_REGION: Check = Check::error(
    "recovery-same-region",
    "The recovery region is the primary one, and fails with it.",
);
const UNKNOWN_PERSON: Check = Check::error(
    "disaster-declared-by-unknown",
    "The one who may declare a disaster is not among the people.",
);
const WITHOUT_ROLE: Check = Check::error(
    "disaster-declared-without-role",
    "The one who may declare a disaster does not have the role.",
);
const NO_SCHEDULE: Check = Check::error(
    "copy-schedule",
    "Backups are copied never, or more seldom than daily.",
);
const RPO_MISSED: Check = Check::error(
    "rpo-missed",
    "The schedule of copies cannot meet the recovery point objective.",
);
const RPO_TIGHT: Check = Check::warning(
    "rpo-tight",
    "The schedule leaves no time for the copy itself.",
);
const RTO_ZERO: Check = Check::error(
    "rto-zero",
    "The recovery time objective is nothing, which no recovery from backups meets.",
);
const NO_BACKUPS: Check = Check::error(
    "recovery-without-backups",
    "Recovery is wanted of a production whose database keeps no backups.",
);
const AGREED_LATER: Check = Check::warning(
    "agreed-in-future",
    "Recovery was agreed on a day that has not come.",
);

pub(super) const CHECKS: &[Check] = &[
    SAME_REGION,
    UNKNOWN_PERSON,
    WITHOUT_ROLE,
    NO_SCHEDULE,
    RPO_MISSED,
    RPO_TIGHT,
    RTO_ZERO,
    NO_BACKUPS,
    AGREED_LATER,
];

/// What was promised when recovery was asked for: copies at least daily, hours.
const LONGEST_INTERVAL: u32 = 24;

pub(super) fn check(estate: &Estate, today: Date, report: &mut Report) {
    let Some(recovery) = estate.wanted_recovery() else {
        return;
    };
    if recovery.region == estate.region {
        report.add(
            SAME_REGION,
            "recovery.region",
            "the primary region",
            format!(
                "{} is the primary region: it would fail with what it is to replace.",
                quote(&recovery.region)
            ),
            "Choose another region, far enough away.",
        );
    }
    declared_by(estate, recovery, report);
    objectives(recovery, report);
    for (name, environment) in &estate.environments {
        let unsaved = environment
            .database
            .as_ref()
            .is_some_and(|database| database.backup_days == 0);
        if environment.production && unsaved {
            report.add(
                NO_BACKUPS,
                &format!("{}.database.backup-days", environment_path(name)),
                "nothing to recover from",
                format!("Recovery is wanted, and the database of {name} keeps no backups that could be copied."),
                "Keep backups for at least 7 days.",
            );
        }
    }
    if recovery.agreed.is_some_and(|agreed| agreed > today) {
        report.add(
            AGREED_LATER,
            "recovery.agreed",
            "has not come",
            format!("Today is {today}: recovery cannot have been agreed later."),
            "Correct the date, or remove it until it is agreed.",
        );
    }
}

fn declared_by(estate: &Estate, recovery: &Recovery, report: &mut Report) {
    if report.doubts("people") {
        return;
    }
    let path = "recovery.declared-by";
    let logins = || estate.people.keys().map(String::as_str);
    match estate.people.get(&recovery.declared_by) {
        None => report.add(
            UNKNOWN_PERSON,
            path,
            &meant_or(
                did_you_mean(&recovery.declared_by, logins()),
                "nobody of that name",
            ),
            format!(
                "{} is not among the people: when the disaster comes, nobody could declare it.",
                quote(&recovery.declared_by)
            ),
            format!("Name one of {}.", list(logins())),
        ),
        Some(person) if !person.roles.contains(&PersonRole::DeclaresDisaster) => report.add(
            WITHOUT_ROLE,
            path,
            "does not have the role",
            format!(
                "{} is to declare a disaster and does not have the role `declares-disaster`.",
                person.name
            ),
            "Give the role, or name somebody who has it.",
        ),
        Some(_) => {}
    }
}

fn objectives(recovery: &Recovery, report: &mut Report) {
    let hours = recovery.copy_every_hours;
    if hours == 0 || hours > LONGEST_INTERVAL {
        report.add(
            NO_SCHEDULE,
            "recovery.copy-every-hours",
            &format!("must be 1 to {LONGEST_INTERVAL}"),
            format!("Where recovery was asked for, backups go to the recovery region at least daily; this says every {hours} hours."),
            format!("Write a number of hours from 1 to {LONGEST_INTERVAL}."),
        );
    }
    if recovery.rto_minutes == Some(0) {
        report.add(
            RTO_ZERO,
            "recovery.rto-minutes",
            "cannot be met",
            "No recovery from backups takes no time at all.",
            "Write what was agreed, in minutes, or leave it out.",
        );
    }
    let Some(rpo) = recovery
        .rpo_minutes
        .filter(|_| !report.doubts("recovery.copy-every-hours"))
    else {
        return;
    };
    // A day has 1,440 minutes: no product of an interval in use comes near the type's limit, and a hostile one is caught.
    let interval = hours.saturating_mul(60);
    if interval > rpo {
        report.add(
            RPO_MISSED,
            "recovery.rpo-minutes",
            &format!("at least {interval} with this schedule"),
            format!("Copies go out every {hours} hours, which is {interval} minutes: what happened in the {interval} minutes before the disaster may be lost, and {rpo} were agreed."),
            match rpo.saturating_sub(1) / 60 {
                0 => format!("Agree on more than {interval} minutes; not even hourly copies meet {rpo}."),
                1 => format!("Copy every hour, or agree on more than {interval} minutes."),
                hours => format!("Copy at least every {hours} hours, or agree on more than {interval} minutes."),
            },
        );
    } else if interval == rpo && hours > 0 {
        report.add(
            RPO_TIGHT,
            "recovery.rpo-minutes",
            "no time for the copy",
            format!("Copies go out every {interval} minutes, and {rpo} minutes were agreed: the objective is missed by as long as a copy takes to arrive."),
            "Copy more often, or agree on the interval plus the time that a copy takes.",
        );
    }
}

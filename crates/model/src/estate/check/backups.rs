//! Backup classes: that what is kept can be had, goes where it can go, and meets what was agreed.

use super::environment_path;
use crate::document::{Check, Report, quote};
use crate::estate::{BackupClass, BackupRule, Estate, Recovery};

const INTERVAL: Check = Check::error(
    "backup-interval",
    "Backups of a class are made never, or more seldom than was promised.",
);
const NOT_KEPT: Check = Check::error(
    "backup-not-kept",
    "A backup ends before the next one is made, so that for a time there is none.",
);
const THREE_MONTHS: Check = Check::error(
    "backup-not-at-hand",
    "Logs or artifacts cannot be had at once for the three months for which they may be asked for.",
);
const NO_ARCHIVE: Check = Check::fatal(
    "archive-not-supported",
    "Backups of a class are to go to Glacier, and AWS Backup moves none of that kind.",
);
const EARLY_ARCHIVE: Check = Check::error(
    "archive-too-early",
    "Backups go to Glacier before the time ends for which they are to be at hand.",
);
const SHORT_ARCHIVE: Check = Check::error(
    "archive-too-short",
    "Backups in Glacier are to end before the ninety days for which AWS keeps them at least.",
);
const NO_ARCHIVE_END: Check = Check::warning(
    "archive-without-end",
    "Backups go to Glacier and are kept, and paid for, for ever.",
);
const ARCHIVE_UNUSED: Check = Check::error(
    "archive-never-begins",
    "A time is said for which backups are kept in Glacier, and none ever goes there.",
);
const COPIED_NOWHERE: Check = Check::error(
    "copied-without-recovery",
    "A class is to be copied to the recovery region, and there is none.",
);
const NOT_COPIED: Check = Check::warning(
    "class-not-copied",
    "Recovery is wanted, and a class is not copied to the recovery region.",
);
const RPO_MISSED: Check = Check::error(
    "backup-misses-rpo",
    "Backups of databases are made too seldom for the recovery point objective, however often copies go out.",
);
const DAYS_DIFFER: Check = Check::warning(
    "backup-days-differ",
    "A production database's own backups are kept for another time than the class says.",
);

pub(super) const CHECKS: &[Check] = &[
    INTERVAL,
    NOT_KEPT,
    THREE_MONTHS,
    NO_ARCHIVE,
    EARLY_ARCHIVE,
    SHORT_ARCHIVE,
    NO_ARCHIVE_END,
    ARCHIVE_UNUSED,
    COPIED_NOWHERE,
    NOT_COPIED,
    RPO_MISSED,
    DAYS_DIFFER,
];

/// Most hours between two backups where recovery was asked for: a day, as it was promised.
const LONGEST_INTERVAL: u32 = 24;

/// Days for which logs and artifacts may be asked for and must be at hand: three months.
const AT_HAND: u32 = 90;

/// Days for which AWS keeps what it has moved to cold storage, at least (AWS Backup's documentation of life cycles).
const GLACIER_LEAST: u32 = 90;

/// Longest time that RDS keeps automated backups, days; what is to be kept for longer is AWS Backup's alone.
const LONGEST_OF_RDS: u32 = 35;

pub(super) fn check(estate: &Estate, report: &mut Report) {
    for (class, rule) in &estate.backups {
        let own = Class {
            class: *class,
            rule,
            path: format!("backups.{}", name(*class)),
        };
        own.schedule(estate.wanted_recovery(), report);
        if !report.doubts(&own.path) {
            own.archive(report);
        }
        if *class == BackupClass::Databases {
            days_differ(estate, rule, report);
        }
    }
    if let Some(recovery) = estate.wanted_recovery() {
        objective(estate, recovery, report);
    }
}

/// A class as the file calls it.
fn name(class: BackupClass) -> &'static str {
    match class {
        BackupClass::Artifacts => "artifacts",
        BackupClass::Logs => "logs",
        BackupClass::Databases => "databases",
        BackupClass::Volumes => "volumes",
    }
}

/// A class of which something is said.
struct Class<'e> {
    class: BackupClass,
    rule: &'e BackupRule,
    path: String,
}

impl Class<'_> {
    fn schedule(&self, recovery: Option<&Recovery>, report: &mut Report) {
        let (class, hours, days) = (name(self.class), self.rule.every_hours, self.rule.keep_days);
        let seldom = recovery.is_some() && hours > LONGEST_INTERVAL;
        if hours == 0 || seldom {
            report.add(
                INTERVAL,
                &format!("{}.every-hours", self.path),
                if seldom { "must be 1 to 24" } else { "never" },
                if seldom {
                    format!("Where recovery was asked for, backups are made at least daily; {class} are backed up every {hours} hours.")
                } else {
                    format!("With 0 hours between them, no backup of {class} is ever made.")
                },
                format!("Write a number of hours from 1 to {LONGEST_INTERVAL}."),
            );
        }
        let asked_for = matches!(self.class, BackupClass::Logs | BackupClass::Artifacts);
        let keep_path = format!("{}.keep-days", self.path);
        if asked_for && days < AT_HAND {
            report.add(
                THREE_MONTHS,
                &keep_path,
                &format!("at least {AT_HAND}"),
                format!("Whoever asks for {class} of the last three months gets them at once; after {days} days they would be gone, or in Glacier, which takes hours to give them back."),
                format!("Write at least {AT_HAND}."),
            );
        } else if u64::from(days) * 24 < u64::from(hours) {
            report.add(
                NOT_KEPT,
                &keep_path,
                "shorter than the interval",
                format!("A backup of {class} is kept for {days} × 24 = {} hours and the next one is made after {hours}: for {} hours there is none.", u64::from(days) * 24, u64::from(hours) - u64::from(days) * 24),
                "Keep backups for several intervals, so that a damaged one has a predecessor.",
            );
        }
        match (recovery, self.rule.copied) {
            (None, true) => report.add(
                COPIED_NOWHERE,
                &format!("{}.copied", self.path),
                "copied where?",
                format!("Backups of {class} are to be copied to the recovery region, and no recovery is wanted."),
                "Remove it, or add `[recovery]` with its region.",
            ),
            (Some(recovery), false) => report.add(
                NOT_COPIED,
                &format!("{}.copied", self.path),
                "stays in the region",
                format!("Backups of {class} stay in the region: after a disaster {} would have none of them.", recovery.region),
                "Remove it, or waive this with the customer's word that they may be lost.",
            ),
            _ => {}
        }
    }

    fn archive(&self, report: &mut Report) {
        let class = name(self.class);
        let (after_path, keep_path) = (
            format!("{}.archive-after-days", self.path),
            format!("{}.archive-keep-days", self.path),
        );
        let (after, keep) = match (self.rule.archive_after_days, self.rule.archive_keep_days) {
            (None, None) => return,
            (None, Some(_)) => {
                report.add(
                    ARCHIVE_UNUSED,
                    &keep_path,
                    "nothing goes there",
                    format!("Nothing says after how many days backups of {class} go to Glacier, so that none does: they end after `keep-days`."),
                    "Add `archive-after-days`, or remove this.",
                );
                return;
            }
            (Some(after), keep) => (after, keep),
        };
        if matches!(self.class, BackupClass::Databases | BackupClass::Volumes) {
            report.add(
                NO_ARCHIVE,
                &after_path,
                "AWS Backup does not move these",
                if self.class == BackupClass::Volumes {
                    "AWS Backup archives snapshots of volumes only where one is made every month or more seldom, and does not say so otherwise: it ignores the rule, and lets them end."
                } else {
                    "AWS Backup moves no backups of databases to cold storage, and does not say so: it ignores the rule, and lets them end."
                },
                "Remove it, and keep them for as long as they are needed with `keep-days`.",
            );
            return;
        }
        if after < self.rule.keep_days {
            report.add(
                EARLY_ARCHIVE,
                &after_path,
                &format!("before the {} days end", self.rule.keep_days),
                format!("Backups of {class} are to be at hand for {} days and go to Glacier after {after}: from then on it takes hours to have them back.", self.rule.keep_days),
                format!("Write at least {}.", self.rule.keep_days),
            );
        }
        let least = after.saturating_add(GLACIER_LEAST);
        match keep {
            None => report.add(
                NO_ARCHIVE_END,
                &after_path,
                "kept for ever",
                format!("Nothing says how long backups of {class} are kept in all, so that they stay in Glacier, and are paid for, for ever."),
                "Add `archive-keep-days` with what the customer's rules of retention ask for.",
            ),
            Some(keep) if keep < least => report.add(
                SHORT_ARCHIVE,
                &keep_path,
                &format!("at least {least}"),
                format!("What goes to Glacier after {after} days stays there for {GLACIER_LEAST} at least: {after} + {GLACIER_LEAST} = {least} days in all, and {keep} are asked for. AWS refuses such a plan."),
                format!("Write at least {least}, or do not archive."),
            ),
            Some(_) => {}
        }
    }
}

/// The worst that a class can lose: copies carry the newest backup that there is, and the next copy may fail to come.
///
/// Both schedules begin at the same hour. At a copy, the newest backup is up to `every − gcd(every, copy)` hours old, and
/// another `copy` hours pass before the next one.
fn worst_hours(every: u32, copy: u32) -> u32 {
    let lag = every.saturating_sub(gcd(every, copy));
    copy.saturating_add(lag)
}

fn gcd(left: u32, right: u32) -> u32 {
    if right == 0 {
        left
    } else {
        gcd(right, left % right)
    }
}

/// What customers lose is what databases hold: artifacts were handed in by them, volumes are built anew.
fn objective(estate: &Estate, recovery: &Recovery, report: &mut Report) {
    let (copy, every) = (
        recovery.copy_every_hours,
        estate.backup_rule(BackupClass::Databases).every_hours,
    );
    let Some(rpo) = recovery.rpo_minutes else {
        return;
    };
    let worst = worst_hours(every, copy);
    let minutes = worst.saturating_mul(60);
    // That copies alone are too seldom is said of the recovery, and that backups are never made of the class.
    let alone = copy.saturating_mul(60);
    if copy == 0 || every == 0 || alone > rpo || minutes <= rpo || report.doubts("recovery") {
        return;
    }
    let said = estate.backups.contains_key(&BackupClass::Databases);
    let lag = worst.saturating_sub(copy);
    report.add(
        RPO_MISSED,
        if said { "backups.databases.every-hours" } else { "recovery.rpo-minutes" },
        &format!("{minutes} minutes may be lost"),
        format!("Copies go out every {copy} h and carry the newest backup of the databases, made every {every} h: a copy is up to {lag} h old when it goes out, and the next one follows {copy} h later. {lag} h + {copy} h = {worst} h = {minutes} minutes; {rpo} were agreed."),
        "Write fewer hours in `backups.databases.every-hours`, best a number that divides those of `copy-every-hours`; or agree on a longer objective.",
    );
}

/// RDS keeps backups of its own beside those of the class: two numbers for one promise.
fn days_differ(estate: &Estate, rule: &BackupRule, report: &mut Report) {
    for (id, environment) in &estate.environments {
        let Some(database) = environment
            .database
            .as_ref()
            .filter(|_| environment.production)
        else {
            continue;
        };
        let path = format!("{}.database.backup-days", environment_path(id));
        let (days, keep) = (u32::from(database.backup_days), rule.keep_days);
        if days != keep && keep <= LONGEST_OF_RDS && days > 0 && !report.doubts(&path) {
            report.add(
                DAYS_DIFFER,
                "backups.databases.keep-days",
                &format!("{id} says {days}"),
                format!("Backups of databases are to be kept for {keep} days, and RDS is to keep those of {id} for {days} ({}): whoever promises one number will be held to the other.", quote(&path)),
                "Write the same number of days in both places.",
            );
        }
    }
}

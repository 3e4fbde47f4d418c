//! Disaster recovery, and how backups are kept.

use std::collections::BTreeMap;

use super::{link, servers};
use crate::document::{Report, Table, WRONG_VALUE};
use crate::estate::{BackupClass, BackupRule, Recovery, RecoveryChoice};

/// When most of the table must be said.
const WANTED: &str = "`wanted` is `true`";

pub(super) fn choice(root: &mut Table<'_, '_>, report: &mut Report) -> RecoveryChoice {
    let Some(mut table) = root.optional_table("recovery", report) else {
        return RecoveryChoice::Unsaid;
    };
    let wanted = table.or("wanted", true, report);
    let declined_by: Option<String> = table.optional("declined-by", report);
    if wanted && table.has("wanted") && declined_by.is_some() {
        contradiction(&table.path("declined-by"), report);
    }
    if !wanted || declined_by.is_some() {
        let by = match declined_by {
            Some(by) => by,
            None => table.required("declined-by", report),
        };
        table.finish(report);
        return RecoveryChoice::Declined { by };
    }
    let recovery = Recovery {
        region: table.required_when(WANTED, "region", report),
        declared_by: table.required_when(WANTED, "declared-by", report),
        criterion: table.required_when(WANTED, "criterion", report),
        copy_every_hours: table.required_when(WANTED, "copy-every-hours", report),
        rpo_minutes: table.optional("rpo-minutes", report),
        rto_minutes: table.optional("rto-minutes", report),
        agreed: table.optional("agreed", report),
        account: table.optional("account", report),
        cidr: table.optional("cidr", report),
        zones: table.or("zones", Vec::new(), report),
        link: link::optional(&mut table, report),
        dns_servers: table.or("dns-servers", Vec::new(), report),
        ntp_servers: table.or("ntp-servers", Vec::new(), report),
        mail: servers::optional_mail(&mut table, report),
    };
    table.finish(report);
    RecoveryChoice::Wanted(recovery)
}

/// Nothing is guessed where one key wants it and another says who does not.
fn contradiction(path: &str, report: &mut Report) {
    let span = report.span_of(path);
    report.refuse(
        WRONG_VALUE,
        path,
        span.map(|span| span.start..span.end),
        "but `wanted = true`",
        "Recovery is wanted, and somebody declined it.",
        "Remove one of the two; who declines it writes `wanted = false`.",
    );
}

pub(super) fn backups(
    root: &mut Table<'_, '_>,
    recovery: bool,
    report: &mut Report,
) -> BTreeMap<BackupClass, BackupRule> {
    let mut backups = BTreeMap::new();
    let Some(mut table) = root.optional_table("backups", report) else {
        return backups;
    };
    for (key, class) in [
        ("artifacts", BackupClass::Artifacts),
        ("logs", BackupClass::Logs),
        ("databases", BackupClass::Databases),
        ("volumes", BackupClass::Volumes),
    ] {
        let Some(mut own) = table.optional_table(key, report) else {
            continue;
        };
        let other = BackupRule::default_of(class, recovery);
        let rule = BackupRule {
            every_hours: own.or("every-hours", other.every_hours, report),
            keep_days: own.or("keep-days", other.keep_days, report),
            archive_after_days: own.optional("archive-after-days", report),
            archive_keep_days: own.optional("archive-keep-days", report),
            copied: own.or("copied", other.copied, report),
        };
        own.finish(report);
        backups.insert(class, rule);
    }
    table.finish(report);
    backups
}

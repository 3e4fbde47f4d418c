//! Disaster recovery: that the schedule meets the objectives, and that somebody may declare the disaster.

use ipnet::IpNet;
use jiff::civil::Date;

use super::addresses::overlap;
use super::environment_path;
use super::environments::{SAME_ACCOUNT, account};
use super::people::known_person;
use super::ranges::{OVERLAP, OVERLAPS_DATA_CENTRE, SIZE, host_bits, private};
use crate::document::{Check, Report, quote};
use crate::estate::{Estate, PersonRole, Recovery, RecoveryChoice, Side};

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
pub(super) const AGREED_LATER: Check = Check::warning(
    "agreed-in-future",
    "Something was agreed on a day that has not come.",
);
const UNSAID: Check = Check::warning(
    "recovery-unsaid",
    "There is a production environment, and nothing says whether disaster recovery is wanted.",
);
const DECLINED_BY_UNKNOWN: Check = Check::error(
    "recovery-declined-by-unknown",
    "The one who declined disaster recovery is not among the people.",
);
const DECLINED_BY_OPERATOR: Check = Check::error(
    "recovery-declined-by-operator",
    "Disaster recovery was declined by the operator, who does not bear the loss.",
);

pub(super) const CHECKS: &[Check] = &[
    UNSAID,
    DECLINED_BY_UNKNOWN,
    DECLINED_BY_OPERATOR,
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
    let recovery = match &estate.recovery {
        RecoveryChoice::Wanted(recovery) => recovery,
        RecoveryChoice::Declined { by } => {
            declined(estate, by, report);
            return;
        }
        RecoveryChoice::Unsaid => {
            unsaid(estate, report);
            return;
        }
    };
    site(estate, recovery, report);
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

fn unsaid(estate: &Estate, report: &mut Report) {
    if estate
        .environments
        .values()
        .any(|environment| environment.production)
    {
        report.add(
            UNSAID,
            "recovery",
            "nothing is said",
            "Nothing says whether the customer wants disaster recovery. When the region fails, everybody will have believed something else.",
            "Ask. Add `[recovery]` with what was agreed, or with `wanted = false` and `declined-by`.",
        );
    }
}

fn declined(estate: &Estate, by: &str, report: &mut Report) {
    let path = "recovery.declined-by";
    let so = "when the region fails, nobody could say who accepted it";
    let person = known_person(DECLINED_BY_UNKNOWN, estate, by, path, so, report);
    if let Some(person) = person.filter(|person| person.side == Side::Operator) {
        report.add(
            DECLINED_BY_OPERATOR,
            path,
            "of the operator's",
            format!("{} is the operator's, and the loss would be the customer's: only the customer can do without recovery.", person.name),
            "Name who decided it on the customer's side.",
        );
    }
}

/// The recovery site: its account and its range.
fn site(estate: &Estate, recovery: &Recovery, report: &mut Report) {
    if let Some(own) = &recovery.account {
        let path = "recovery.account";
        account(own, path, report);
        let mut others = estate.environments.iter();
        let same = others.find(|(_, other)| !other.production && other.account == *own);
        if let Some((name, _)) = same {
            report.add(
                SAME_ACCOUNT,
                path,
                &format!("also {name}'s"),
                format!("The recovery site is to share an account with {name}: whoever may change what is not production could change what production is recovered from."),
                "Have the customer set up an account for it, or leave this out to use production's.",
            );
        }
    }
    if let Some(cidr) = recovery.cidr {
        range(estate, cidr, report);
    }
}

fn range(estate: &Estate, cidr: ipnet::Ipv4Net, report: &mut Report) {
    let path = "recovery.cidr";
    let net = IpNet::V4(cidr);
    host_bits(&net, path, report);
    private(&net, path, report);
    if !(16..=22).contains(&cidr.prefix_len()) {
        report.add(
            SIZE,
            path,
            "must be /16 to /22",
            format!("The recovery site is cut like production, which takes a /16 to a /22; this is a /{}.", cidr.prefix_len()),
            "Choose a range from /16 to /22.",
        );
    }
    let vpc = estate.operator.vpc.iter();
    let vpc = vpc.map(|vpc| ("operator.vpc.cidr".to_owned(), vpc.cidr));
    let environments = estate.environments.iter();
    let environments =
        environments.map(|(name, other)| (format!("{}.cidr", environment_path(name)), other.cidr));
    for (other, theirs) in environments.chain(vpc) {
        if overlap(&net, &IpNet::V4(theirs)) && !report.doubts(&other) {
            report.add(
                OVERLAP,
                path,
                &format!("overlaps {theirs}"),
                format!("{net} overlaps {theirs} ({}): the two could not be joined with the data centre at the same time, as a drill does.", quote(&other)),
                "Give the recovery site a range of its own; left out, it takes production's.",
            );
        }
    }
    for prefix in estate
        .data_centre
        .iter()
        .flat_map(|centre| &centre.prefixes)
    {
        if overlap(&net, prefix) && !report.doubts("data-centre.prefixes") {
            report.add(
                OVERLAPS_DATA_CENTRE,
                path,
                &format!("overlaps {prefix}"),
                format!("{net} overlaps {prefix} of the data centre: after a recovery the servers there would be out of reach."),
                "Ask the customer for a range that its network does not use.",
            );
        }
    }
}

fn declared_by(estate: &Estate, recovery: &Recovery, report: &mut Report) {
    let path = "recovery.declared-by";
    let so = "when the disaster comes, nobody could declare it";
    let by = &recovery.declared_by;
    let person = known_person(UNKNOWN_PERSON, estate, by, path, so, report);
    let barred = person.filter(|it| !it.roles.contains(&PersonRole::DeclaresDisaster));
    if let Some(person) = barred.filter(|_| !report.doubts("people")) {
        report.add(
            WITHOUT_ROLE,
            path,
            "does not have the role",
            format!(
                "{} is to declare a disaster and does not have the role `declares-disaster`.",
                person.name
            ),
            "Give the role, or name somebody who has it.",
        );
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

//! Waivers: attached to what they are about, and checked themselves.

use jiff::civil::Date;

use crate::document::{Check, Report, did_you_mean, list, quote};
use crate::estate::{Estate, checks};
use crate::finding::Waiver;

pub(super) const UNKNOWN_RULE: Check = Check::error(
    "waiver-of-unknown-rule",
    "A waiver names a rule that does not exist.",
);
pub(super) const NOT_ALLOWED: Check = Check::error(
    "waiver-not-allowed",
    "A waiver names a rule that cannot be waived.",
);
pub(super) const UNKNOWN_OWNER: Check = Check::error(
    "waiver-without-owner",
    "A waiver's owner is not among the people.",
);
pub(super) const EXPIRED: Check = Check::warning("waiver-expired", "A waiver's last day is past.");
pub(super) const TOO_LONG: Check =
    Check::warning("waiver-too-long", "A waiver counts for longer than a year.");
pub(super) const STALE: Check = Check::warning(
    "waiver-stale",
    "A waiver is about something that was not found.",
);

pub(super) const CHECKS: &[Check] = &[
    UNKNOWN_RULE,
    NOT_ALLOWED,
    UNKNOWN_OWNER,
    EXPIRED,
    TOO_LONG,
    STALE,
];

/// Longest time that a waiver should count, days: what stands for longer is not an exception but the rule.
const LONGEST: i32 = 366;

/// Attaches an estate's waivers to the findings that they are about, and reports those that are not in order.
pub(super) fn attach(estate: &Estate, today: Date, report: &mut Report) {
    for (index, waiver) in estate.waivers.iter().enumerate() {
        let path = format!("waivers[{index}]");
        if report.doubts(&path) {
            continue;
        }
        let owned = owner(estate, waiver, &path, report);
        if !allowed(waiver, &path, report) {
            continue;
        }
        let about = report
            .findings_mut()
            .iter_mut()
            .filter(|finding| finding.rule == waiver.rule && finding.subject == waiver.subject);
        let mut found = false;
        for finding in about {
            found = true;
            if owned && waiver.expires >= today {
                finding.waived = Some(waiver.clone());
            }
        }
        in_time(waiver, found, today, &path, report);
    }
}

fn owner(estate: &Estate, waiver: &Waiver, path: &str, report: &mut Report) -> bool {
    let known = estate.people.contains_key(&waiver.owner);
    if !known && !report.doubts("people") {
        let logins = || estate.people.keys().map(String::as_str);
        let label = did_you_mean(&waiver.owner, logins()).map_or_else(
            || "nobody of that name".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        report.add(
            UNKNOWN_OWNER,
            &format!("{path}.owner"),
            &label,
            format!("{} is not among the people: nobody answers for this waiver, and it does not count.", quote(&waiver.owner)),
            format!("Name one of {}.", list(logins())),
        );
    }
    known
}

/// Whether the rule exists and may be waived.
fn allowed(waiver: &Waiver, path: &str, report: &mut Report) -> bool {
    let path = format!("{path}.rule");
    match checks().find(|check| check.name == waiver.rule) {
        Some(check) if check.waivable => true,
        Some(check) => {
            report.add(
                NOT_ALLOWED,
                &path,
                "cannot be waived",
                format!("{} cannot be waived. {}", quote(check.name), check.meaning),
                "Mend what was found, and remove the waiver.",
            );
            false
        }
        None => {
            let names: Vec<_> = checks().map(|check| check.name).collect();
            let meant = did_you_mean(&waiver.rule, names);
            report.add(
                UNKNOWN_RULE,
                &path,
                &meant.map_or_else(
                    || "no such rule".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                ),
                format!("There is no rule {}.", quote(&waiver.rule)),
                "Copy the rule's name from the finding that it is about.",
            );
            false
        }
    }
}

fn in_time(waiver: &Waiver, found: bool, today: Date, path: &str, report: &mut Report) {
    // What could not be read may have had it.
    if !found && report.doubts(&waiver.subject) {
        return;
    }
    if !found {
        report.add(
            STALE,
            path,
            "nothing to waive",
            format!(
                "{} finds nothing at {}.",
                quote(&waiver.rule),
                quote(&waiver.subject)
            ),
            "Remove the waiver; or copy the subject from the finding that it is about.",
        );
        return;
    }
    let expires = format!("{path}.expires");
    if waiver.expires < today {
        report.add(
            EXPIRED,
            &expires,
            "past",
            format!(
                "The last day of this waiver was {}; today is {today}. It does not count any more.",
                waiver.expires
            ),
            "Mend what was found, or agree on a new day.",
        );
    } else if (waiver.expires - today).get_days() > LONGEST {
        report.add(
            TOO_LONG,
            &expires,
            "more than a year",
            format!("This waiver counts until {}: what stands for longer than a year is not an exception.", waiver.expires),
            "Agree on a day within a year.",
        );
    }
}

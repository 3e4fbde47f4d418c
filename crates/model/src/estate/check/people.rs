//! People: that mail reaches them, and that somebody can do what has to be done.

use super::{advice, meant_or};
use crate::document::{Check, Report, did_you_mean, list, quote, quote_key};
use crate::estate::{Estate, Person, PersonRole, Side};

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
const CUSTOMER_DOES_NOT_APPROVE: Check = Check::warning(
    "customer-does-not-approve",
    "Nobody on the customer's side may approve changes.",
);
const PHONE: Check = Check::error(
    "bad-phone",
    "A telephone number is not written in international form.",
);
const UNKNOWN_DEPUTY: Check = Check::error("unknown-deputy", "A deputy is not among the people.");
const OWN_DEPUTY: Check = Check::error("own-deputy", "Somebody is his own deputy.");
const DEPUTY_ACROSS: Check = Check::warning(
    "deputy-on-the-other-side",
    "A deputy is on the other side, and would decide for the other party.",
);
const DEPUTIES_IN_CIRCLE: Check = advice(
    "deputies-in-circle",
    "Deputies stand in for one another in a circle, at whose end is nobody.",
);
const NO_DEPUTY: Check = Check::warning(
    "approver-without-deputy",
    "The only one of a side who approves changes of production has no deputy.",
);

pub(super) const CHECKS: &[Check] = &[
    MAIL,
    LOGIN,
    NO_ROLES,
    CUSTOMER_ENGINEER,
    NOBODY_RECEIVES,
    NOBODY_APPROVES,
    NOBODY_LOGS_IN,
    CUSTOMER_DOES_NOT_APPROVE,
    PHONE,
    UNKNOWN_DEPUTY,
    OWN_DEPUTY,
    DEPUTY_ACROSS,
    DEPUTIES_IN_CIRCLE,
    NO_DEPUTY,
];

/// Longest login name that Linux takes (useradd).
const LONGEST_LOGIN: usize = 32;

/// Digits of a telephone number with its country's code: E.164 has at most 15, and none that can be called has fewer.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

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
    for (login, person) in &estate.people {
        if let Some(phone) = &person.phone {
            valid_phone(phone, &format!("people.{}.phone", quote_key(login)), report);
        }
        deputy(estate, login, person, report);
    }
    // Who could not be read may be one.
    if !report.doubts("people") {
        without_deputy(estate, report);
    }
}

/// Reports a login that is nobody's; gives the person otherwise. `so` says what comes of it.
pub(super) fn known_person<'e>(
    check: Check,
    estate: &'e Estate,
    login: &str,
    path: &str,
    so: &str,
    report: &mut Report,
) -> Option<&'e Person> {
    let person = estate.people.get(login);
    if person.is_none() && !report.doubts("people") {
        let logins = || estate.people.keys().map(String::as_str);
        report.add(
            check,
            path,
            &meant_or(did_you_mean(login, logins()), "nobody of that name"),
            format!("{} is not among the people: {so}.", quote(login)),
            format!("Name one of {}.", list(logins())),
        );
    }
    person
}

fn deputy(estate: &Estate, login: &str, person: &Person, report: &mut Report) {
    let Some(deputy) = &person.deputy else {
        return;
    };
    let path = format!("people.{}.deputy", quote_key(login));
    if deputy == login {
        report.add(
            OWN_DEPUTY,
            &path,
            "the same person",
            format!(
                "{} is named as the deputy of the same person: who is away cannot stand in.",
                person.name
            ),
            "Name somebody else.",
        );
        return;
    }
    let so = format!("when {} is away, nobody stands in", person.name);
    let Some(other) = known_person(UNKNOWN_DEPUTY, estate, deputy, &path, &so, report) else {
        return;
    };
    if other.side != person.side && !report.doubts("people") {
        report.add(
            DEPUTY_ACROSS,
            &path,
            "on the other side",
            format!("{} would decide in the place of {}, who is on the other side: what one party promises, the other would approve.", other.name, person.name),
            "Name somebody of the same side, or waive this if both parties agreed on it.",
        );
    }
    let circle = circle(estate, login);
    // Said once, of the first of them.
    if circle.iter().min() == Some(&login) {
        let names: Vec<_> = circle.iter().copied().chain([login]).map(quote).collect();
        report.add(
            DEPUTIES_IN_CIRCLE,
            &path,
            "leads back",
            format!("Deputies lead back to where they began ({}): when all of them are away, nobody is left.", names.join(" → ")),
            "Let the last of them name somebody outside, or see to it that they are never away together.",
        );
    }
}

/// The logins on the way from a person by deputies back to him; empty when they lead elsewhere.
fn circle<'e>(estate: &'e Estate, login: &'e str) -> Vec<&'e str> {
    let mut way = vec![login];
    // No way without a repetition is longer than there are people.
    for _ in 0..estate.people.len() {
        let last = way.last().and_then(|login| estate.people.get(*login));
        let Some(next) = last.and_then(|person| person.deputy.as_deref()) else {
            return Vec::new();
        };
        if next == login {
            return way;
        }
        if way.contains(&next) {
            return Vec::new();
        }
        way.push(next);
    }
    Vec::new()
}

fn without_deputy(estate: &Estate, report: &mut Report) {
    if !estate
        .environments
        .values()
        .any(|environment| environment.production)
    {
        return;
    }
    for side in [Side::Operator, Side::Customer] {
        let approvers = estate.people.iter().filter(|(_, person)| {
            person.side == side && person.roles.contains(&PersonRole::Approver)
        });
        let approvers: Vec<_> = approvers.collect();
        let [(login, person)] = approvers.as_slice() else {
            continue;
        };
        if person.deputy.is_none() {
            report.add(
                NO_DEPUTY,
                &format!("people.{}", quote_key(login)),
                "no deputy",
                format!("{} alone approves changes of production on that side, and has no deputy: on a day off, an urgent change waits.", person.name),
                "Name a `deputy`, or a second `approver` of the side.",
            );
        }
    }
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
    if has(PersonRole::Approver, Some(Side::Operator))
        && !has(PersonRole::Approver, Some(Side::Customer))
    {
        report.add(
            CUSTOMER_DOES_NOT_APPROVE,
            "people",
            "no `approver` of the customer's",
            "The operator alone approves what is done in the customer's accounts: the customer hears of a change when it has happened.",
            "Give somebody with `side = \"customer\"` the role `approver`, or waive this if the contract leaves it to the operator.",
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

/// Reports a telephone number that is not in international form: what a gateway for text messages takes (ITU-T E.164).
pub(super) fn valid_phone(phone: &str, path: &str, report: &mut Report) {
    let rest = phone.strip_prefix('+').unwrap_or_default();
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let spelt = rest.starts_with(|first: char| ('1'..='9').contains(&first))
        && rest
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b' ' || b == b'-');
    if !spelt || !PHONE_DIGITS.contains(&digits) {
        report.add(
            PHONE,
            path,
            "not in international form",
            format!("{} cannot be called from another country: a number begins with `+` and the country's code, and has {} to {} digits.", quote(phone), PHONE_DIGITS.start(), PHONE_DIGITS.end()),
            "Write it like +49 69 5550142.",
        );
    }
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

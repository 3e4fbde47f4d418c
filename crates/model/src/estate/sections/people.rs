//! People, and what they agreed: recovery, waivers, what is awaited from them.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use crate::document::{Field, Report, Table, WRONG_VALUE, did_you_mean, list, quote};
use crate::estate::{Person, PersonRole, Recovery, Side};
use crate::finding::{Awaited, Waiver};

pub(super) fn all(root: &mut Table<'_, '_>, report: &mut Report) -> BTreeMap<String, Person> {
    let mut people = BTreeMap::new();
    for (login, mut table) in root.named("people", report) {
        let person = Person {
            name: table.required("name", report),
            mail: table.required("mail", report),
            side: table.required("side", report),
            roles: table.required("roles", report),
        };
        table.finish(report);
        people.insert(login, person);
    }
    people
}

pub(super) fn recovery(root: &mut Table<'_, '_>, report: &mut Report) -> Option<Recovery> {
    let mut table = root.optional_table("recovery", report)?;
    let recovery = Recovery {
        region: table.required("region", report),
        declared_by: table.required("declared-by", report),
        criterion: table.required("criterion", report),
        copy_every_hours: table.required("copy-every-hours", report),
        rpo_minutes: table.optional("rpo-minutes", report),
        rto_minutes: table.optional("rto-minutes", report),
        agreed: table.optional("agreed", report),
    };
    table.finish(report);
    Some(recovery)
}

pub(super) fn waivers(root: &mut Table<'_, '_>, report: &mut Report) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    for mut table in root.list("waivers", report) {
        waivers.push(Waiver {
            rule: table.required("rule", report),
            subject: table.required("subject", report),
            reason: table.required("reason", report),
            owner: table.required("owner", report),
            expires: table.required("expires", report),
        });
        table.finish(report);
    }
    waivers
}

pub(super) fn awaited(root: &mut Table<'_, '_>, report: &mut Report) -> Vec<Awaited> {
    let mut awaited = Vec::new();
    for mut table in root.list("awaiting", report) {
        awaited.push(Awaited {
            what: table.required("what", report),
            from: table.required("from", report),
            since: table.required("since", report),
            blocks: table.required("blocks", report),
        });
        table.finish(report);
    }
    awaited
}

impl Field for Side {
    const WANTED: &'static str = "`operator` or `customer`";

    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        let known = [("operator", Self::Operator), ("customer", Self::Customer)];
        one_of(value, path, &known, report)
    }

    fn placeholder() -> Self {
        Self::Operator
    }
}

impl Field for PersonRole {
    const WANTED: &'static str = "a role";

    fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
        let known = [
            ("engineer", Self::Engineer),
            ("approver", Self::Approver),
            ("console-admin", Self::ConsoleAdmin),
            ("receiver", Self::Receiver),
            ("declares-disaster", Self::DeclaresDisaster),
        ];
        one_of(value, path, &known, report)
    }

    fn placeholder() -> Self {
        Self::Engineer
    }
}

/// Reads one of a few known words.
fn one_of<T: Field + Copy>(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    known: &[(&str, T)],
    report: &mut Report,
) -> T {
    let names = || known.iter().map(|(name, _)| *name);
    let text = match value.get_ref() {
        DeValue::String(text) => text.as_ref(),
        _ => "",
    };
    if let Some((_, found)) = known.iter().find(|(name, _)| *name == text) {
        return *found;
    }
    let label = match did_you_mean(text, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("must be {}", T::WANTED),
    };
    report.refuse(
        WRONG_VALUE,
        path,
        Some(value.span()),
        &label,
        format!("{} must be {}.", quote(path), T::WANTED),
        format!("Write one of {}, in quotes.", list(names())),
    );
    T::placeholder()
}

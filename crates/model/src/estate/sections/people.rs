//! People, and what they have accepted or not given yet.

use std::collections::BTreeMap;

use crate::document::{Report, Table};
use crate::estate::Person;
use crate::finding::{Awaited, Waiver};

pub(super) fn all(root: &mut Table<'_, '_>, report: &mut Report) -> BTreeMap<String, Person> {
    let mut people = BTreeMap::new();
    for (login, mut table) in root.named("people", report) {
        let person = Person {
            name: table.required("name", report),
            mail: table.required("mail", report),
            phone: table.optional("phone", report),
            deputy: table.optional("deputy", report),
            side: table.required("side", report),
            roles: table.required("roles", report),
        };
        table.finish(report);
        people.insert(login, person);
    }
    people
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

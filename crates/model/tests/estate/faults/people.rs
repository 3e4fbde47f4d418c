//! Faults of people and of what they agreed.

use super::{Fault, check};

const PEOPLE: &[Fault] = &[
    Fault {
        name: "mail without domain",
        edits: &[("\"ines.carvalho@acme.example\"", "\"ines.carvalho@acme\"")],
        rule: "bad-mail",
        subject: "people.ines.mail",
        at: "\"ines.carvalho@acme\"",
    },
    Fault {
        name: "login of the system",
        edits: &[("[people.tomas]", "[people.root]")],
        rule: "bad-login",
        subject: "people.root",
        at: "root",
    },
    Fault {
        name: "person without a role",
        edits: &[("roles = [\"console-admin\"]", "roles = []")],
        rule: "no-roles",
        subject: "people.ines.roles",
        at: "[]",
    },
    Fault {
        name: "misspelt role",
        edits: &[("roles = [\"console-admin\"]", "roles = [\"console-admn\"]")],
        rule: "wrong-value",
        subject: "people.ines.roles[0]",
        at: "\"console-admn\"",
    },
    Fault {
        name: "side that is neither",
        edits: &[(
            "mail = \"ines.carvalho@acme.example\"\nside = \"customer\"",
            "mail = \"ines.carvalho@acme.example\"\nside = \"vendor\"",
        )],
        rule: "wrong-value",
        subject: "people.ines.side",
        at: "\"vendor\"",
    },
    Fault {
        name: "customer who logs in to hosts",
        edits: &[(
            "roles = [\"console-admin\"]",
            "roles = [\"console-admin\", \"engineer\"]",
        )],
        rule: "customer-engineer",
        subject: "people.ines.roles",
        at: "[\"console-admin\", \"engineer\"]",
    },
    Fault {
        name: "nobody to receive the handover",
        edits: &[("\"approver\", \"receiver\", ", "\"approver\", ")],
        rule: "nobody-receives",
        subject: "people",
        at: "people",
    },
    Fault {
        name: "nobody to approve",
        edits: &[
            (
                "[\"engineer\", \"approver\"]",
                "[\"engineer\", \"receiver\"]",
            ),
            ("[\"approver\", \"receiver\", ", "[\"receiver\", "),
        ],
        rule: "nobody-approves",
        subject: "people",
        at: "people",
    },
    Fault {
        name: "nobody to log in",
        edits: &[
            ("[\"engineer\", \"approver\"]", "[\"approver\"]"),
            ("roles = [\"engineer\"]", "roles = [\"approver\"]"),
        ],
        rule: "nobody-logs-in",
        subject: "people",
        at: "people",
    },
];

const RECOVERY: &[Fault] = &[
    Fault {
        name: "recovery in the primary region",
        edits: &[("region = \"eu-west-1\"", "region = \"eu-central-1\"")],
        rule: "recovery-same-region",
        subject: "recovery.region",
        at: "\"eu-central-1\"",
    },
    Fault {
        name: "disaster declared by nobody",
        edits: &[("declared-by = \"jonas\"", "declared-by = \"jon\"")],
        rule: "disaster-declared-by-unknown",
        subject: "recovery.declared-by",
        at: "\"jon\"",
    },
    Fault {
        name: "disaster declared without the role",
        edits: &[("declared-by = \"jonas\"", "declared-by = \"ines\"")],
        rule: "disaster-declared-without-role",
        subject: "recovery.declared-by",
        at: "\"ines\"",
    },
    Fault {
        name: "objective that the schedule cannot meet",
        edits: &[("rpo-minutes = 1_560", "rpo-minutes = 60")],
        rule: "rpo-missed",
        subject: "recovery.rpo-minutes",
        at: "60",
    },
    Fault {
        name: "objective with no time for the copy",
        edits: &[("rpo-minutes = 1_560", "rpo-minutes = 1_440")],
        rule: "rpo-tight",
        subject: "recovery.rpo-minutes",
        at: "1_440",
    },
    Fault {
        name: "copies that never go out",
        edits: &[("copy-every-hours = 24", "copy-every-hours = 0")],
        rule: "copy-schedule",
        subject: "recovery.copy-every-hours",
        at: "0",
    },
    Fault {
        name: "recovery in no time",
        edits: &[("rto-minutes = 480", "rto-minutes = 0")],
        rule: "rto-zero",
        subject: "recovery.rto-minutes",
        at: "0",
    },
    Fault {
        name: "agreed tomorrow",
        edits: &[("agreed = 2026-09-14", "agreed = 2026-11-21")],
        rule: "agreed-in-future",
        subject: "recovery.agreed",
        at: "2026-11-21",
    },
];

#[test]
fn of_people() {
    PEOPLE.iter().for_each(check);
}

#[test]
fn of_recovery() {
    RECOVERY.iter().for_each(check);
}

//! Faults of the document itself: syntax, keys, types, spelling.

use super::{Fault, check};

const FAULTS: &[Fault] = &[
    Fault {
        name: "text without quotes",
        edits: &[("name = \"acme\"", "name = acme")],
        rule: "syntax",
        subject: "estate.toml",
        at: "acme",
    },
    Fault {
        name: "table never closed",
        edits: &[("[operator]", "[operator")],
        rule: "syntax",
        subject: "estate.toml",
        at: "",
    },
    Fault {
        name: "key twice",
        edits: &[(
            "region = \"eu-central-1\"",
            "region = \"eu-central-1\"\nregion = \"eu-west-2\"",
        )],
        rule: "duplicate-key",
        subject: "region",
        at: "region",
    },
    Fault {
        name: "no format",
        edits: &[("format = 1\n", "")],
        rule: "missing-key",
        subject: "format",
        at: "",
    },
    Fault {
        name: "format of tomorrow",
        edits: &[("format = 1\n", "format = 2\n")],
        rule: "unknown-format",
        subject: "format",
        at: "2",
    },
    Fault {
        name: "format that never was",
        edits: &[("format = 1\n", "format = 0\n")],
        rule: "unknown-format",
        subject: "format",
        at: "0",
    },
    Fault {
        name: "misspelt key",
        edits: &[("vendor = ", "vendr = ")],
        rule: "unknown-key",
        subject: "data-centre.vpn.vendr",
        at: "vendr",
    },
    Fault {
        name: "unknown table",
        edits: &[("[operator]", "[sms]\n\n[operator]")],
        rule: "unknown-key",
        subject: "sms",
        at: "sms",
    },
    Fault {
        name: "number in quotes",
        edits: &[("port = 40022", "port = \"40022\"")],
        rule: "wrong-value",
        subject: "environments.production.bastion.port",
        at: "\"40022\"",
    },
    Fault {
        name: "negative port",
        edits: &[("port = 40022", "port = -1")],
        rule: "wrong-value",
        subject: "environments.production.bastion.port",
        at: "-1",
    },
    Fault {
        name: "port beyond the last",
        edits: &[("port = 40022", "port = 70000")],
        rule: "wrong-value",
        subject: "environments.production.bastion.port",
        at: "70000",
    },
    Fault {
        name: "number with a fraction",
        edits: &[("storage-gib = 100", "storage-gib = 100.5")],
        rule: "wrong-value",
        subject: "environments.production.database.storage-gib",
        at: "100.5",
    },
    Fault {
        name: "yes for true",
        edits: &[("ipv6 = false", "ipv6 = \"no\"")],
        rule: "wrong-value",
        subject: "environments.production.ipv6",
        at: "\"no\"",
    },
    Fault {
        name: "text for a list",
        edits: &[(
            "networks = [\"198.51.100.0/28\"]",
            "networks = \"198.51.100.0/28\"",
        )],
        rule: "wrong-value",
        subject: "operator.networks",
        at: "\"198.51.100.0/28\"",
    },
    Fault {
        name: "value for a table",
        edits: &[
            ("[ntp]\nservers = [\"10.200.0.123\"]", ""),
            ("format = 1\n", "format = 1\nntp = \"10.200.0.123\"\n"),
        ],
        rule: "wrong-value",
        subject: "ntp",
        at: "\"10.200.0.123\"",
    },
    Fault {
        name: "table for a list of tables",
        edits: &[("[[awaiting]]", "[awaiting]")],
        rule: "wrong-value",
        subject: "awaiting",
        at: "[awaiting]",
    },
    Fault {
        name: "empty text",
        edits: &[("customer = \"ACME Corporation\"", "customer = \" \"")],
        rule: "wrong-value",
        subject: "customer",
        at: "\" \"",
    },
    Fault {
        name: "terminal escape in a name",
        edits: &[(
            "customer = \"ACME Corporation\"",
            "customer = \"\\u001b[2J\"",
        )],
        rule: "wrong-value",
        subject: "customer",
        at: "\"\\u001b[2J\"",
    },
    Fault {
        name: "address with five parts",
        edits: &[("address = \"10.200.0.25\"", "address = \"10.200.0.25.1\"")],
        rule: "wrong-value",
        subject: "smtp.address",
        at: "\"10.200.0.25.1\"",
    },
    Fault {
        name: "IPv6 range for a VPC",
        edits: &[("cidr = \"10.20.0.0/16\"", "cidr = \"fd00::/16\"")],
        rule: "wrong-value",
        subject: "environments.production.cidr",
        at: "\"fd00::/16\"",
    },
    Fault {
        name: "date in quotes",
        edits: &[("agreed = 2026-09-14", "agreed = \"2026-09-14\"")],
        rule: "wrong-value",
        subject: "recovery.agreed",
        at: "\"2026-09-14\"",
    },
    Fault {
        name: "date with a time",
        edits: &[("agreed = 2026-09-14", "agreed = 2026-09-14T10:00:00")],
        rule: "wrong-value",
        subject: "recovery.agreed",
        at: "2026-09-14T10:00:00",
    },
    Fault {
        name: "missing table",
        edits: &[(
            "[environments.production.bastion]\nport = 40022\ninstance = \"t3.micro\"\n",
            "",
        )],
        rule: "missing-key",
        subject: "environments.production.bastion",
        at: "production",
    },
    Fault {
        name: "missing key",
        edits: &[("user = \"managed-cloud\"\n", "")],
        rule: "missing-key",
        subject: "smtp.user",
        at: "smtp",
    },
    Fault {
        name: "password in clear",
        edits: &[("\"env:ACME_SMTP_PASSWORD\"", "\"hunter2\"")],
        rule: "secret-in-clear",
        subject: "smtp.password",
        at: "\"hunter2\"",
    },
];

#[test]
fn of_the_document() {
    FAULTS.iter().for_each(check);
}

//! What is awaited from the customer.

use crate::acme::reading;
use crate::faults::{Fault, check, edited};

const FAULTS: &[Fault] = &[
    Fault {
        name: "awaited since tomorrow",
        edits: &[("since = 2026-11-02", "since = 2026-11-21")],
        rule: "awaited-in-future",
        subject: "awaiting[0].since",
        at: "2026-11-21",
    },
    Fault {
        name: "awaited from nobody",
        edits: &[("from = \"jonas\"", "from = \"jo\"")],
        rule: "awaited-from-unknown",
        subject: "awaiting[0].from",
        at: "\"jo\"",
    },
    Fault {
        name: "blocks nothing",
        edits: &[("[\"verify production\", \"verify staging\"]", "[]")],
        rule: "awaited-blocks",
        subject: "awaiting[0].blocks",
        at: "[]",
    },
    Fault {
        name: "blocks an unknown step",
        edits: &[("\"verify staging\"", "\"verfy staging\"")],
        rule: "awaited-blocks",
        subject: "awaiting[0].blocks[1]",
        at: "\"verfy staging\"",
    },
    Fault {
        name: "blocks an unknown environment",
        edits: &[("\"verify staging\"", "\"verify stagin\"")],
        rule: "awaited-blocks",
        subject: "awaiting[0].blocks[1]",
        at: "\"verify stagin\"",
    },
];

#[test]
fn faults() {
    FAULTS.iter().for_each(check);
}

#[test]
fn says_what_it_blocks() {
    let reading = reading(&edited(&[]));
    assert_eq!(reading.awaited.len(), 1);
    let item = reading.awaited.first().expect("one");
    assert_eq!(item.from, "jonas");
    assert_eq!(item.blocks, ["verify production", "verify staging"]);
}

#[test]
fn is_told_although_the_rest_is_faulty() {
    let reading = reading(&edited(&[("port = 40022", "port = \"x\"")]));
    assert!(reading.estate.is_none());
    assert_eq!(reading.awaited.len(), 1);
}

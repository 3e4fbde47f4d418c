//! What is awaited from the customer.

use crate::acme::reading;
use crate::faults::edited;

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

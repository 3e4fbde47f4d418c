//! Environments declared like another.

use crate::acme::reading;
use crate::faults::edited;

#[test]
fn everything_but_its_own_is_taken_over() {
    let reading = reading(&edited(&[]));
    let estate = reading.ready().expect("the example is ready");
    let production = estate
        .environments
        .get(&"production".into())
        .expect("declared");
    let staging = estate
        .environments
        .get(&"staging".into())
        .expect("declared");
    assert!(production.production && !staging.production);
    assert_eq!(staging.account, "444455556666");
    assert_eq!(staging.bastion, production.bastion);
    assert_eq!(staging.database, production.database);
    let apim = staging.products.get("apim").expect("taken over");
    assert_eq!(apim.hostname, "api-staging");
    assert_eq!(apim.calls, ["is"]);
}

#[test]
fn a_circle_is_named() {
    let text = edited(&[(
        "[environments.production]\n",
        "[environments.production]\nlike = \"staging\"\n",
    )]);
    let reading = reading(&text);
    assert!(reading.estate.is_none());
    let circle = reading
        .findings
        .iter()
        .find(|finding| finding.subject == "environments.production.like")
        .expect("the circle is found");
    assert!(
        circle
            .message
            .contains("`production` is like `staging` is like `production`"),
        "{}",
        circle.message
    );
}

#[test]
fn like_itself_is_a_circle() {
    let text = edited(&[(
        "[environments.production]\n",
        "[environments.production]\nlike = \"production\"\n",
    )]);
    let reading = reading(&text);
    assert!(
        reading
            .findings
            .iter()
            .any(|finding| finding.rule == "unknown-like")
    );
}

#[test]
fn what_is_taken_over_is_found_once() {
    let text = edited(&[("version = \"15.12\"", "version = \"9.6\"")]);
    let reading = reading(&text);
    let found: Vec<_> = reading
        .findings
        .iter()
        .filter(|finding| finding.rule == "database-version-untested")
        .map(|finding| finding.subject.as_str())
        .collect();
    // Once for each product, both in production.
    assert_eq!(found, ["environments.production.database.version"; 2]);
}

#[test]
fn more_environments_than_are_read() {
    let mut text = edited(&[]);
    for number in 0..40 {
        text.push_str(&format!(
            "\n[environments.e{number}]\nlike = \"production\"\n"
        ));
    }
    let reading = reading(&text);
    assert!(
        reading
            .findings
            .iter()
            .any(|finding| finding.rule == "too-many")
    );
}

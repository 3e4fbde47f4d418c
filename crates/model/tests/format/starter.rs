//! First files: whatever they are called, they can be designed.

use model::Catalog;
use model::estate::{QUESTIONS, Reading, Starter, read};

fn reading(text: &str) -> Reading {
    read(
        "estate.toml",
        text.as_bytes(),
        &Catalog::embedded(),
        crate::TODAY,
    )
}

#[test]
fn are_ready_and_without_findings() {
    for name in ["acme", "a", "globex-north", "x1"] {
        let text = Starter::new(name).text();
        let reading = reading(&text);
        assert!(
            reading.findings.is_empty(),
            "{:#?}\n{text}",
            reading.findings
        );
        assert_eq!(
            reading.ready().map(|estate| estate.name.as_str()),
            Some(name)
        );
    }
}

#[test]
fn have_every_key_of_the_format() {
    let text = Starter::new("acme").text();
    for line in text.lines() {
        assert!(line.chars().count() <= 160, "{line}");
    }
    for entry in &model::estate::describe().entries {
        let key = entry.path.rsplit(['.', ']']).next().unwrap_or_default();
        assert!(text.contains(key), "{}", entry.path);
    }
}

#[test]
fn take_answers_and_every_question_has_its_words() {
    let mut starter = Starter::new("acme");
    for path in QUESTIONS {
        let (meaning, value) = starter.question(path).expect(path);
        assert!(!meaning.is_empty() && !value.is_empty(), "{path}");
        starter.answer(path, &value);
    }
    assert!(reading(&starter.text()).findings.is_empty());
    starter.answer("region", "eu-west-1");
    starter.answer("zones", "eu-west-1a, eu-west-1b ,");
    starter.answer("customer", "A \"quoted\" \\ name");
    let reading = reading(&starter.text());
    let estate = reading.ready().expect("ready");
    assert_eq!(estate.zones, ["eu-west-1a", "eu-west-1b"]);
    assert_eq!(estate.customer, "A \"quoted\" \\ name");
}

#[test]
fn answers_that_cannot_be_are_found_where_they_stand() {
    let check = |path: &str, answer: &str| {
        let mut starter = Starter::new("acme");
        starter.answer(path, answer);
        let found = reading(&starter.text()).findings;
        assert!(
            found
                .iter()
                .any(|finding| finding.subject.starts_with(path)),
            "{path} = {answer}: {found:#?}"
        );
    };
    check("region", "atlantis-1");
    check("customer", "");
    check("customer", "\u{202e}evil");
    check("operator.networks", "0.0.0.0/0");
    check("operator.networks", "");
    check("operator.contact", "nobody");
    check("environments.production.account", "12");
    check("environments.production.cidr", "10.20.0.0/33");
    check("environments.production.bastion.port", "22");
    check("environments.production.bastion.port", "70000");
    check("environments.production.bastion.port", "\"x\"");
    check("data-centre.vpn.gateway", "10.0.0.1");
}

//! Outcomes of questions, and zones record by record, against servers that do as they are told.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, MX, TXT};
use hickory_proto::rr::{RData, Record};
use model::Verdict;
use model::claim::RecordKind;
use model::service::{self, RecordData};

use super::fake::{Doing, Server, address, alias, cut_off, name, reply};
use super::*;
use crate::answer::{Closing, Outcome};
use crate::ask::Miss;
use crate::fault::{Fault, NameFault, TcpTry};
use crate::line::Line;

const AMPLE: Duration = Duration::from_secs(60);
/// It is always waited for.
const SHORT: Duration = Duration::from_millis(120);

fn run<T>(job: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(job)
}

fn code(code: ResponseCode) -> Option<Doing> {
    Some(Arc::new(move |question| {
        Some(reply(question, code, vec![]))
    }))
}

/// What is answered to a question.
type Answering = fn(&Message) -> Option<Vec<u8>>;

fn does(doing: Answering) -> Option<Doing> {
    Some(Arc::new(doing))
}

fn good(question: &Message) -> Option<Vec<u8>> {
    let records = vec![address("a.example.", 1)];
    Some(reply(question, ResponseCode::NoError, records))
}

/// Asks for the address of `a.example`.
fn ask(udp: Option<Doing>, tcp: Option<Doing>, patience: Duration) -> Result<Found, Miss> {
    run(async {
        let server = Server::start(udp, tcp).await;
        let line = Line::new(Closing::Deadline, patience);
        look_up(&line, server.address, &name("a.example."), RecordKind::A).await
    })
}

fn check(
    udp: Option<Doing>,
    tcp: Option<Doing>,
    patience: Duration,
    outcome: Outcome,
    words: &str,
) {
    let miss = ask(udp, tcp, patience).expect_err("a miss");
    assert_eq!((miss.outcome, miss.said.as_str()), (outcome, words));
    let Some(Fault::Name(fault)) = miss.fault.as_deref() else {
        panic!("no fault: {words}");
    };
    assert!(!fault.remedy().is_empty());
}

#[test]
fn each_outcome_has_its_name() {
    let by_code = |answered, outcome, words: &str| {
        check(code(answered), None, AMPLE, outcome, words);
    };
    by_code(
        ResponseCode::NXDomain,
        Outcome::Refused,
        "NXDOMAIN: the server says that there is no such name",
    );
    by_code(
        ResponseCode::Refused,
        Outcome::Refused,
        "REFUSED: the server does not answer this question for this client",
    );
    by_code(
        ResponseCode::ServFail,
        Outcome::Broken,
        "SERVFAIL: the server tried and could not find out",
    );
    by_code(
        ResponseCode::NotImp,
        Outcome::Broken,
        "the server answers with the error NOTIMP",
    );
    let none = ask(code(ResponseCode::NoError), None, AMPLE).expect("no data is an answer");
    assert_eq!(none, Found::default());
}

#[test]
fn silence_is_asked_about_over_tcp() {
    check(
        None,
        None,
        SHORT,
        Outcome::Closed,
        "timeout: nothing came back over UDP; over TCP: reset, nothing listens or a firewall resets",
    );
    check(
        None,
        does(good),
        SHORT,
        Outcome::Broken,
        "nothing came back over UDP, though over TCP the server answers",
    );
    check(
        None,
        does(|_| None),
        SHORT,
        Outcome::Broken,
        "timeout: nothing came back over UDP; over TCP: connected, but no answer came",
    );
    // Nothing at all is bound there.
    let miss = run(async {
        let server = Server::start(None, None).await.address;
        let line = Line::new(Closing::Deadline, AMPLE);
        look_up(&line, server, &name("a.example."), RecordKind::A).await
    })
    .expect_err("nobody is there");
    assert_eq!(miss.outcome, Outcome::Closed);
    assert_eq!(
        miss.fault.as_deref(),
        Some(&Fault::Name(NameFault::NothingListens))
    );
    let lost = NameFault::Silent { tcp: TcpTry::Lost };
    assert_eq!(
        lost.to_string(),
        "timeout: nothing came back over UDP; over TCP: lost"
    );
}

#[test]
fn what_does_not_fit_comes_over_tcp() {
    let cut = || does(|question| Some(cut_off(question)));
    let found = ask(cut(), does(good), AMPLE).expect("it comes over TCP");
    assert_eq!(found.records.len(), 1);
    check(
        cut(),
        None,
        AMPLE,
        Outcome::Broken,
        "the answer was cut off over UDP, and could not be had over TCP: reset, nothing listens or a firewall resets",
    );
    check(
        cut(),
        does(|_| Some(b"\x00\x07garbage".to_vec())),
        AMPLE,
        Outcome::Broken,
        "the answer was cut off over UDP, and could not be had over TCP: connected, but no answer came",
    );
}

#[test]
fn hostile_answers_end() {
    let strays = "3 packets came back, none of them an answer to the question";
    let hostile: [Answering; 4] = [
        |question| {
            let mut bytes = good(question)?;
            bytes[0] ^= 0xff;
            Some(bytes)
        },
        |_| Some(vec![0xff; 600]),
        |_| Some(vec![]),
        // The question's number, and a name that points at itself.
        |question| {
            let mut bytes = question.metadata.id.to_be_bytes().to_vec();
            bytes.extend([0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
            Some(bytes)
        },
    ];
    for doing in hostile {
        check(does(doing), None, SHORT, Outcome::Broken, strays);
    }
    // Each answer leads to another question: never to more than a limit.
    let endless: Doing = Arc::new(|question| {
        let asked = question.queries.first()?.name().to_ascii();
        let alias = alias(&asked, &format!("a{asked}"));
        Some(reply(question, ResponseCode::NoError, vec![alias]))
    });
    check(
        Some(endless),
        None,
        AMPLE,
        Outcome::Broken,
        "the answer follows more than 16 aliases",
    );
}

#[test]
fn huge_texts_are_read_whole_and_no_further() {
    let huge = |question: &Message| {
        let text = TXT::new(vec!["x".repeat(255); 240]);
        let record = Record::from_rdata(name("a.example."), 60, RData::TXT(text));
        Some(reply(question, ResponseCode::NoError, vec![record]))
    };
    let found = run(async {
        let server = Server::start(does(|question| Some(cut_off(question))), does(huge)).await;
        let line = Line::new(Closing::Deadline, AMPLE);
        look_up(&line, server.address, &name("a.example."), RecordKind::Txt).await
    })
    .expect("it is read");
    let texts: Vec<usize> = found
        .records
        .iter()
        .map(|text| text.to_string().len())
        .collect();
    assert_eq!(texts, [240 * 255 + 2]);
}

#[test]
fn aliases_are_followed_and_shown() {
    let found = |records: Vec<Record>| {
        run(async {
            let server = Server::with(records).await;
            let line = Line::new(Closing::Deadline, AMPLE);
            look_up(&line, server.address, &name("a.example."), RecordKind::A).await
        })
    };
    let two = found(vec![
        alias("a.example.", "b.example."),
        alias("b.example.", "c.example."),
        address("c.example.", 3),
    ])
    .expect("they lead somewhere");
    assert_eq!(
        two.chain(),
        "an alias for b.example, an alias for c.example"
    );
    assert_eq!(two.records.len(), 1);
    let nowhere = found(vec![alias("a.example.", "b.example.")]).expect_err("it leads nowhere");
    assert_eq!(
        (nowhere.outcome, nowhere.said.as_str()),
        (
            Outcome::Refused,
            "alias a.example → b.example: NXDOMAIN for the last name"
        )
    );
}

fn addresses(name: &str, texts: &[&str]) -> service::Record {
    let parse = |text: &&str| text.parse::<IpAddr>().expect("an address");
    service::Record::addresses(name, texts.iter().map(parse).collect())
}

fn record(name: &str, data: RecordData) -> service::Record {
    service::Record {
        name: name.to_owned(),
        data,
    }
}

fn held(owner: &str, data: RData) -> Record {
    Record::from_rdata(name(owner), 60, data)
}

fn text(text: &str) -> RData {
    RData::TXT(TXT::new(vec![text.to_owned()]))
}

/// What a zone is found to be, line by line.
fn verified(
    held: Vec<Record>,
    expected: &[service::Record],
    former: &[service::Record],
) -> Vec<String> {
    run(async {
        let server = Server::with(held).await;
        verify_zone(server.address, expected, former, AMPLE, &Closing::Deadline).await
    })
    .iter()
    .map(|finding| {
        assert_eq!(
            finding.remedy().is_none(),
            finding.verdict() == Verdict::Holds
        );
        finding.to_string()
    })
    .collect()
}

#[test]
fn a_zone_is_told_record_by_record() {
    let v6: std::net::Ipv6Addr = "fd00::9".parse().expect("an address");
    let held_records = vec![
        address("right.example.", 1),
        address("wrong.example.", 2),
        held("view.example.", RData::A(A::new(203, 0, 113, 9))),
        address("stale.example.", 4),
        held("other.example.", text("only a text")),
        address("extra.example.", 6),
        held("extra.example.", RData::AAAA(v6.into())),
        address("gone.example.", 7),
        alias("alias.example.", "Right.example."),
        alias("elsewhere.example.", "wrong.example."),
        alias("stands-for.example.", "right.example."),
        held("text.example.", text("somebody else's")),
        held("text.example.", text("v=DMARC1; p=none")),
        held("mail.example.", RData::MX(MX::new(10, name("MX.example.")))),
    ];
    let mail = |exchange: &str| RecordData::Mail {
        preference: 10,
        exchange: exchange.to_owned(),
    };
    let expected = [
        addresses("RIGHT.example.", &["10.0.0.1"]),
        addresses("wrong.example", &["10.0.0.9"]),
        addresses("view.example", &["10.0.0.3"]),
        addresses("stale.example", &["10.0.0.5"]),
        addresses("other.example", &["10.0.0.5"]),
        addresses("missing.example", &["10.0.0.5", "fd00::5"]),
        addresses("extra.example", &["10.0.0.6"]),
        addresses("stands-for.example", &["10.0.0.1"]),
        record("alias.example", RecordData::Alias("right.example".into())),
        record(
            "elsewhere.example",
            RecordData::Alias("right.example".into()),
        ),
        record("text.example", RecordData::Text("v=DMARC1; p=none".into())),
        record("mail.example", mail("mx.example")),
    ];
    let former = [
        addresses("stale.example", &["10.0.0.4"]),
        addresses("gone.example", &["10.0.0.7"]),
        addresses("long-gone.example", &["10.0.0.8"]),
        // It is an alias now, and the alias has addresses.
        addresses("alias.example", &["10.0.0.1"]),
    ];
    assert_eq!(
        verified(held_records, &expected, &former),
        [
            "alias.example CNAME: right, right.example",
            "elsewhere.example CNAME: wrong, found wrong.example, wanted right.example",
            "extra.example A: right, 10.0.0.6",
            "extra.example AAAA: wrong, found fd00::9, wanted none",
            "gone.example A: stale, found 10.0.0.7 of before, wanted none",
            "mail.example MX: right, 10 mx.example",
            "missing.example A: missing, there is no such name; wanted 10.0.0.5",
            "missing.example AAAA: missing, there is no such name; wanted fd00::5",
            "other.example A: missing, the name is there without it; wanted 10.0.0.5",
            "right.example A: right, 10.0.0.1",
            "stale.example A: stale, found 10.0.0.4 of before, wanted 10.0.0.5",
            "stands-for.example A: right, 10.0.0.1, by the alias right.example",
            "text.example TXT: right, \"v=DMARC1; p=none\"",
            "view.example A: wrong, wrong view: public addresses where private ones are expected: found 203.0.113.9, wanted 10.0.0.3",
            "wrong.example A: wrong, found 10.0.0.2, wanted 10.0.0.9",
        ]
    );
}

#[test]
fn a_server_that_does_not_answer_is_not_asked_for_ever() {
    let expected: Vec<_> = (0..20)
        .map(|number| addresses(&format!("n{number:02}.example"), &["10.0.0.1"]))
        .collect();
    let findings = run(async {
        let server = Server::start(None, None).await;
        verify_zone(server.address, &expected, &[], SHORT, &Closing::Deadline).await
    });
    assert_eq!(findings.len(), 40);
    assert!(
        findings
            .iter()
            .all(|finding| finding.verdict() == Verdict::Unknown)
    );
    let told: BTreeSet<String> = findings[3..]
        .iter()
        .map(|finding| match &finding.state {
            RecordState::Unanswered { why, .. } => why.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        ["not asked, after 3 questions that nothing answered".to_owned()].into()
    );
    // One that refuses is asked for each.
    let refused = run(async {
        let server = Server::start(code(ResponseCode::Refused), None).await;
        verify_zone(
            server.address,
            &expected[..2],
            &[],
            AMPLE,
            &Closing::Deadline,
        )
        .await
    });
    assert_eq!(
        refused[0].to_string(),
        "n00.example A: not told, REFUSED: the server does not answer this question for this client"
    );
}

#[test]
fn a_mail_domain_is_asked_for_all_that_it_publishes() {
    use crate::maildomain::{DkimKeys, MailDomain};
    let domain = MailDomain {
        domain: "acme.example".to_owned(),
        mail_from: Some("bounce.acme.example".to_owned()),
        region: "eu-central-1".to_owned(),
        keys: DkimKeys::Easy(["aaa", "bbb", "ccc"].map(str::to_owned)),
    };
    let ses = "feedback-smtp.eu-central-1.amazonses.com.";
    let mut records = vec![
        held(
            "bounce.acme.example.",
            text("v=spf1 include:spf.acme.example -all"),
        ),
        held(
            "spf.acme.example.",
            text("v=spf1 include:amazonses.com -all"),
        ),
        held("amazonses.com.", text("v=spf1 ip4:199.255.192.0/22 -all")),
        held("bounce.acme.example.", RData::MX(MX::new(10, name(ses)))),
        held(
            "_dmarc.acme.example.",
            text("v=DMARC1; p=reject; rua=mailto:a@acme.example"),
        ),
    ];
    for token in ["aaa", "bbb"] {
        records.push(alias(
            &format!("{token}._domainkey.acme.example."),
            &format!("{token}.dkim.amazonses.com."),
        ));
    }
    let findings = run(async {
        let server = Server::with(records).await;
        verify_mail_domain(server.address, &domain, AMPLE, &Closing::Deadline).await
    });
    let failed: Vec<String> = findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Holds)
        .map(ToString::to_string)
        .collect();
    assert_eq!(findings.len(), 9);
    assert_eq!(
        failed,
        ["DKIM of ccc._domainkey.acme.example: the alias is missing"]
    );
}

//! Records of other kinds than addresses: aliases and where they lead, texts, mail exchanges.

use model::service::RecordData;

use super::*;

fn zone_of(name: &str, records: &[(&str, RecordData)]) -> Zone {
    let record = |(name, data): &(&str, RecordData)| Record {
        name: (*name).to_owned(),
        data: data.clone(),
    };
    Zone {
        name: name.to_owned(),
        records: records.iter().map(record).collect(),
    }
}

fn alias(target: &str) -> RecordData {
    RecordData::Alias(target.to_owned())
}

fn text(text: &str) -> RecordData {
    RecordData::Text(text.to_owned())
}

fn names() -> Zone {
    let mail = RecordData::Mail {
        preference: 10,
        exchange: "mx.acme.example".to_owned(),
    };
    let address = RecordData::Addresses(vec!["10.0.0.1".parse().expect("an address")]);
    zone_of(
        "acme.example",
        &[
            ("www.acme.example", address),
            ("api.acme.example", alias("www.acme.example")),
            ("twice.acme.example", alias("api.acme.example")),
            ("dead.acme.example", alias("nobody.acme.example")),
            ("circle.acme.example", alias("circus.acme.example")),
            ("circus.acme.example", alias("circle.acme.example")),
            ("out.acme.example", alias("elsewhere.example")),
            ("across.acme.example", alias("apim.prod.acme.example")),
            ("acme.example", text("v=spf1 -all")),
            ("acme.example", mail),
            ("long.acme.example", text(&"x".repeat(300))),
            ("empty.acme.example", text("")),
        ],
    )
}

#[test]
fn aliases_are_followed_within_the_servers_zones() {
    let resolver = resolver(&[names(), acme()], &[], 53);
    let check = |name: &str, kind, code, wanted: &[&str]| {
        let answer = answer(&resolver, &question(name, kind));
        assert_eq!(answer.metadata.response_code, code, "{name} {kind}");
        assert_eq!(data(&answer), wanted, "{name} {kind}");
    };
    let (ok, no_name) = (ResponseCode::NoError, ResponseCode::NXDomain);
    let (a, aaaa) = (RecordType::A, RecordType::AAAA);
    let www = "www.acme.example.";
    check("api.acme.example.", a, ok, &[www, "10.0.0.1"]);
    check("api.acme.example.", aaaa, ok, &[www]);
    check("api.acme.example.", RecordType::CNAME, ok, &[www]);
    check(
        "twice.acme.example.",
        a,
        ok,
        &["api.acme.example.", www, "10.0.0.1"],
    );
    let apim = "apim.prod.acme.example.";
    check("across.acme.example.", aaaa, ok, &[apim, "2001:db8::1"]);
    check("dead.acme.example.", a, no_name, &["nobody.acme.example."]);
    check("out.acme.example.", a, ok, &["elsewhere.example."]);
    let circle = answer(&resolver, &question("circle.acme.example.", a));
    assert_eq!(circle.metadata.response_code, ResponseCode::ServFail);
    assert!(circle.answers.len() <= 16, "{}", circle.answers.len());
}

#[test]
fn texts_and_mail_exchanges_are_told() {
    let resolver = resolver(&[names()], &[], 53);
    let check = |name: &str, kind, wanted: &[&str]| {
        let answer = answer(&resolver, &question(name, kind));
        assert_eq!(data(&answer), wanted, "{name} {kind}");
    };
    check("acme.example.", RecordType::TXT, &["v=spf1 -all"]);
    check("acme.example.", RecordType::MX, &["10 mx.acme.example."]);
    check("empty.acme.example.", RecordType::TXT, &[""]);
    check("www.acme.example.", RecordType::TXT, &[]);
    check("acme.example.", RecordType::CNAME, &[]);
    let long = answer(&resolver, &question("long.acme.example.", RecordType::TXT));
    let [record] = long.answers.as_slice() else {
        panic!("one record: {:?}", long.answers);
    };
    let hickory_proto::rr::RData::TXT(long) = &record.data else {
        panic!("a text: {record}");
    };
    let pieces: Vec<usize> = long.txt_data.iter().map(|piece| piece.len()).collect();
    assert_eq!(pieces, [255, 45]);
}

#[test]
fn an_alias_stands_alone() {
    let check = |records: &[(&str, RecordData)], sound: bool| {
        let zone = zone_of("acme.example", records);
        let loaded = Resolver::new("ns.example", &[zone], &[], 53);
        assert_eq!(loaded.is_ok(), sound, "{records:?}");
    };
    let a = || alias("b.example");
    check(&[("a.acme.example", a())], true);
    check(
        &[("a.acme.example", a()), ("b.a.acme.example", text("t"))],
        true,
    );
    check(
        &[("a.acme.example", a()), ("a.acme.example", text("t"))],
        false,
    );
    check(&[("a.acme.example", a()), ("A.acme.example", a())], false);
    check(&[("acme.example", a())], false);
    check(&[("a.acme.example", alias(&"x".repeat(64)))], false);
    let mail = RecordData::Mail {
        preference: 1,
        exchange: "a..b".to_owned(),
    };
    check(&[("a.acme.example", mail)], false);
}

#[tokio::test]
async fn an_alias_of_another_servers_name_is_followed_there() {
    let port = free_port();
    let (here, there) = (at(61, port), at(62, port));
    let _there = server(resolver(&[acme()], &[], port), there);
    let forwards = [forward("prod.acme.example", &["127.0.0.62"])];
    let _here = server(resolver(&[names()], &forwards, port), here);
    let wanted = question("across.acme.example.", RecordType::AAAA);
    let answer = ask_udp(here, &wanted).await;
    assert_eq!(answer.queries, wanted.queries);
    assert_eq!(data(&answer), ["apim.prod.acme.example.", "2001:db8::1"]);
    // A client that wants no recursion follows the alias itself.
    let mut alone = wanted.clone();
    alone.metadata.recursion_desired = false;
    let answer = ask_udp(here, &alone).await;
    assert_eq!(data(&answer), ["apim.prod.acme.example."]);
}

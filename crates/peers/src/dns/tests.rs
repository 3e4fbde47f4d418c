//! DNS as clients and other servers meet it.

mod kinds;

use std::net::{Ipv4Addr, SocketAddr};

use hickory_proto::op::{Edns, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, Name, RecordType};
use model::service::{Forward, Record, Zone};
use proptest::prelude::*;
use tokio::net::{TcpStream, UdpSocket};

use super::*;
use crate::fixture::{exchange, loopback, run};

/// A port that the tests' servers share at different loopback addresses would collide between tests: each test binds a
/// free one first.
fn free_port() -> u16 {
    loopback().1.port()
}

fn zone(name: &str, records: &[(&str, &[&str])]) -> Zone {
    let record = |(name, addresses): &(&str, &[&str])| {
        let addresses = addresses.iter();
        let addresses = addresses.map(|text| text.parse().expect("an address"));
        Record::addresses(*name, addresses.collect())
    };
    Zone {
        name: name.to_owned(),
        records: records.iter().map(record).collect(),
    }
}

fn forward(zone: &str, servers: &[&str]) -> Forward {
    let servers = servers.iter().map(|text| text.parse().expect("an address"));
    Forward {
        zone: zone.to_owned(),
        servers: servers.collect(),
    }
}

fn acme() -> Zone {
    zone(
        "prod.acme.example",
        &[
            (
                "apim.prod.acme.example",
                &["10.0.0.1", "10.0.0.2", "2001:db8::1"],
            ),
            ("only6.prod.acme.example", &["2001:db8::6"]),
            ("a.deep.prod.acme.example", &["10.0.0.9"]),
            ("prod.acme.example", &["10.0.0.3"]),
        ],
    )
}

fn resolver(zones: &[Zone], forwards: &[Forward], upstream_port: u16) -> Resolver {
    Resolver::new("ns.acme.example", zones, forwards, upstream_port).expect("zones")
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut question = Message::new(4_711, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    let name = Name::from_ascii(name).expect("a name");
    question.add_query(Query::query(name, kind));
    question
}

fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().expect("encodes")
}

/// The answer of a server that needs nobody else for it.
fn answer(resolver: &Resolver, question: &Message) -> Message {
    match resolver.decide(&bytes(question)) {
        Decision::Answer(answer) => answer,
        other => panic!("not answered: {other:?}"),
    }
}

fn data(answer: &Message) -> Vec<String> {
    let records = answer.answers.iter();
    records.map(|record| record.data.to_string()).collect()
}

#[test]
fn a_zone_answers_for_what_it_holds_and_says_what_it_does_not() {
    let resolver = resolver(&[acme()], &[], 53);
    let check = |name, kind, code, records: &[&str]| {
        let question = question(name, kind);
        let answer = answer(&resolver, &question);
        assert_eq!(answer.metadata.response_code, code, "{name} {kind}");
        assert_eq!(data(&answer), records, "{name} {kind}");
        assert!(answer.metadata.authoritative, "{name} {kind}");
        assert_eq!(
            (answer.metadata.id, &answer.queries),
            (4_711, &question.queries)
        );
        let negative = records.is_empty();
        let soa = answer
            .authorities
            .iter()
            .map(|record| record.data.record_type());
        assert_eq!(
            soa.collect::<Vec<_>>(),
            vec![RecordType::SOA; usize::from(negative)]
        );
    };
    let (ok, no_name) = (ResponseCode::NoError, ResponseCode::NXDomain);
    let (a, aaaa) = (RecordType::A, RecordType::AAAA);
    let soa = "ns.acme.example. hostmaster.prod.acme.example. 1 3600 900 1209600 60";
    check("apim.prod.acme.example.", a, ok, &["10.0.0.1", "10.0.0.2"]);
    check("apim.prod.acme.example.", aaaa, ok, &["2001:db8::1"]);
    check("APIM.Prod.Acme.Example.", aaaa, ok, &["2001:db8::1"]);
    check("prod.acme.example.", a, ok, &["10.0.0.3"]);
    check(
        "prod.acme.example.",
        RecordType::NS,
        ok,
        &["ns.acme.example."],
    );
    check("prod.acme.example.", RecordType::SOA, ok, &[soa]);
    check("a.deep.prod.acme.example.", a, ok, &["10.0.0.9"]);
    check("only6.prod.acme.example.", a, ok, &[]);
    check("apim.prod.acme.example.", RecordType::MX, ok, &[]);
    check("deep.prod.acme.example.", a, ok, &[]);
    check("missing.prod.acme.example.", a, no_name, &[]);
    check("x.apim.prod.acme.example.", a, no_name, &[]);
    check("b.deep.prod.acme.example.", aaaa, no_name, &[]);
}

#[test]
fn what_it_does_not_serve_is_refused() {
    let forwards = [forward("corp.example", &["192.0.2.1"])];
    let resolver = resolver(&[acme()], &forwards, 53);
    let check = |question: &Message, code| {
        let answer = answer(&resolver, question);
        assert_eq!(answer.metadata.response_code, code);
        assert_eq!(data(&answer), Vec::<String>::new());
        assert!(!answer.metadata.authoritative);
    };
    let own = || question("apim.prod.acme.example.", RecordType::A);
    check(
        &question("example.com.", RecordType::A),
        ResponseCode::Refused,
    );
    check(
        &question("acme.example.", RecordType::A),
        ResponseCode::Refused,
    );
    check(
        &question("xprod.acme.example.", RecordType::A),
        ResponseCode::Refused,
    );
    check(&question(".", RecordType::NS), ResponseCode::Refused);
    let mut chaos = own();
    chaos.queries[0].set_query_class(DNSClass::CH);
    check(&chaos, ResponseCode::Refused);
    let mut iterative = question("www.corp.example.", RecordType::A);
    iterative.metadata.recursion_desired = false;
    check(&iterative, ResponseCode::Refused);
    let mut twice = own();
    twice.add_query(own().queries[0].clone());
    check(&twice, ResponseCode::FormErr);
    check(
        &Message::new(1, MessageType::Query, OpCode::Query),
        ResponseCode::FormErr,
    );
    check(
        &Message::new(1, MessageType::Query, OpCode::Status),
        ResponseCode::NotImp,
    );
    let mut later = own();
    let mut edns = Edns::new();
    edns.set_version(1);
    later.set_edns(edns);
    let answer = answer(&resolver, &later);
    let again = Message::from_vec(&bytes(&answer)).expect("decodes");
    // BADVERS shares its number with a code of another record type.
    assert_eq!(u16::from(again.metadata.response_code), 16);
}

#[test]
fn the_longest_zone_decides() {
    let zones = [
        acme(),
        zone("acme.example", &[("www.acme.example", &["10.1.0.1"])]),
    ];
    let forwards = [
        forward("corp.acme.example", &["192.0.2.1"]),
        forward("example", &["192.0.2.2"]),
        forward("prod.acme.example", &["192.0.2.3"]),
    ];
    let resolver = resolver(&zones, &forwards, 53);
    let check = |name, forwarded| {
        let decision = resolver.decide(&bytes(&question(name, RecordType::A)));
        assert_eq!(
            matches!(decision, Decision::Forward(_)),
            forwarded,
            "{name}"
        );
    };
    check("www.acme.example.", false);
    check("apim.prod.acme.example.", false);
    check("host.corp.acme.example.", true);
    check("corp.acme.example.", true);
    check("other.example.", true);
    check("example.com.", false);
}

#[test]
fn zones_that_make_no_sense_are_not_loaded() {
    let check = |zones: &[Zone], forwards: &[Forward], expected: &str| {
        let error = Resolver::new("ns.example", zones, forwards, 53).expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    };
    let long = format!("{}.example", "x".repeat(64));
    check(&[zone(&long, &[])], &[], "as a domain name");
    check(
        &[zone("a.example", &[("b.example", &[])])],
        &[],
        "does not lie",
    );
    check(
        &[zone("a.example", &[(&long, &[])])],
        &[],
        "as a domain name",
    );
    check(&[], &[forward("a.example", &[])], "names no server");
    check(&[], &[forward(&long, &["192.0.2.1"])], "as a domain name");
}

#[test]
fn noise_is_ignored_and_a_broken_question_is_told() {
    let resolver = resolver(&[acme()], &[], 53);
    let whole = bytes(&question("apim.prod.acme.example.", RecordType::A));
    let check = |noise: &[u8], code: Option<ResponseCode>| match resolver.decide(noise) {
        Decision::Ignore => assert_eq!(code, None, "{noise:?}"),
        Decision::Answer(answer) => {
            assert_eq!(Some(answer.metadata.response_code), code, "{noise:?}");
        }
        Decision::Forward(_) => panic!("passed on: {noise:?}"),
    };
    check(&[], None);
    check(&whole[..11], None);
    check(&whole[..12], Some(ResponseCode::FormErr));
    check(&whole[..whole.len() - 1], Some(ResponseCode::FormErr));
    let mut response = whole.clone();
    response[2] |= 0x80;
    check(&response, None);
    check(&response[..12], None);
    // A name that points at itself.
    let mut circle = whole.clone();
    circle.splice(12.., [0xc0, 12, 0, 1, 0, 1]);
    check(&circle, Some(ResponseCode::FormErr));
}

proptest! {
    #[test]
    fn no_packet_panics(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let forwards = [forward("corp.example", &["192.0.2.1"])];
        if let Decision::Answer(answer) = resolver(&[acme()], &forwards, 53).decide(&noise) {
            prop_assert!(datagram(&answer).len() <= usize::from(LARGEST_DATAGRAM));
        }
    }

    #[test]
    fn no_damaged_question_panics(at in 0_usize..40, byte: u8, cut in 0_usize..40) {
        let mut noise = bytes(&question("apim.prod.acme.example.", RecordType::A));
        let at = at % noise.len();
        noise[at] = byte;
        noise.truncate(noise.len().saturating_sub(cut));
        resolver(&[acme()], &[], 53).decide(&noise);
    }
}

/// A server at a loopback address, over UDP and TCP.
fn server(resolver: Resolver, address: SocketAddr) -> JoinSet<()> {
    let resolver = Arc::new(resolver);
    let datagrams = Datagrams::bind(address, false).expect("bound");
    let listener = crate::socket::listen_tcp(address, false).expect("bound");
    let mut tasks = run(serve_udp(datagrams, Arc::clone(&resolver)));
    tasks.spawn(serve_tcp(listener, resolver));
    tasks
}

fn at(last: u8, port: u16) -> SocketAddr {
    (Ipv4Addr::new(127, 0, 0, last), port).into()
}

async fn ask_udp(server: SocketAddr, question: &Message) -> Message {
    let client = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
    client
        .send_to(&bytes(question), server)
        .await
        .expect("sent");
    let mut buffer = [0; 4_096];
    let (length, from) = client.recv_from(&mut buffer).await.expect("an answer");
    assert_eq!(from, server);
    Message::from_vec(&buffer[..length]).expect("decodes")
}

async fn ask_tcp(stream: &mut TcpStream, question: &Message) -> Message {
    write_message(stream, question).await.expect("sent");
    let answer = read_message(stream, 65_535).await.expect("an answer");
    Message::from_vec(&answer).expect("decodes")
}

/// A zone with a name whose answer no datagram holds.
fn crowded() -> Zone {
    let addresses: Vec<_> = (0..200).map(|last| format!("10.9.0.{last}")).collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    zone("crowd.example", &[("many.crowd.example", &addresses)])
}

#[tokio::test]
async fn an_answer_too_long_for_a_datagram_is_whole_over_tcp() {
    let here = at(1, free_port());
    let _server = server(resolver(&[crowded()], &[], 53), here);
    let many = question("many.crowd.example.", RecordType::A);
    let cut = ask_udp(here, &many).await;
    assert_eq!((cut.metadata.truncation, cut.answers.len()), (true, 0));
    let mut stream = TcpStream::connect(here).await.expect("connected");
    for _ in 0..2 {
        let whole = ask_tcp(&mut stream, &many).await;
        assert_eq!(
            (whole.metadata.truncation, whole.answers.len()),
            (false, 200)
        );
    }
}

#[tokio::test]
async fn a_datagram_grows_with_what_the_client_takes_and_no_further() {
    let addresses: Vec<_> = (0..60).map(|last| format!("10.9.0.{last}")).collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    let zone = zone("big.example", &[("big.example", &addresses)]);
    let resolver = resolver(&[zone, crowded()], &[], 53);
    let check = |name, payload: Option<u16>, whole| {
        let mut question = question(name, RecordType::A);
        if let Some(payload) = payload {
            let mut edns = Edns::new();
            edns.set_max_payload(payload);
            question.set_edns(edns);
        }
        let datagram = datagram(&answer(&resolver, &question));
        let answer = Message::from_vec(&datagram).expect("decodes");
        assert_eq!(!answer.metadata.truncation, whole, "{name} {payload:?}");
        assert!(datagram.len() <= usize::from(payload.unwrap_or(512).clamp(512, 1_232)));
    };
    check("big.example.", None, false);
    check("big.example.", Some(0), false);
    check("big.example.", Some(512), false);
    check("big.example.", Some(1_232), true);
    check("big.example.", Some(65_535), true);
    check("many.crowd.example.", Some(65_535), false);
}

#[tokio::test]
async fn hostile_connections_are_closed() {
    let here = at(1, free_port());
    let _server = server(resolver(&[acme()], &[], 53), here);
    let check = async |sent: &[u8]| {
        let stream = TcpStream::connect(here).await.expect("connected");
        assert_eq!(exchange(stream, sent).await, "");
    };
    check(&[0, 0]).await;
    check(&[0, 3, 1, 2, 3]).await;
    check(&[0xff; 70_000]).await;
    let mut response = bytes(&question("apim.prod.acme.example.", RecordType::A));
    response[2] |= 0x80;
    let length = u16::try_from(response.len()).expect("short").to_be_bytes();
    check(&[&length[..], &response].concat()).await;
}

#[tokio::test]
async fn a_question_is_passed_on_and_the_answer_comes_back() {
    let port = free_port();
    let _authority = server(resolver(&[acme(), crowded()], &[], 53), at(2, port));
    // The first server is not there: the next one is asked.
    let servers = &["127.0.0.9", "127.0.0.2"];
    let forwards = [
        forward("acme.example", servers),
        forward("crowd.example", servers),
    ];
    let _forwarder = server(resolver(&[], &forwards, port), at(3, port));
    let check = async |name, code, count| {
        let answer = ask_udp(at(3, port), &question(name, RecordType::A)).await;
        assert_eq!(
            (answer.metadata.response_code, answer.answers.len()),
            (code, count),
            "{name}"
        );
        assert_eq!(answer.metadata.id, 4_711);
        assert!(!answer.metadata.authoritative && answer.metadata.recursion_available);
    };
    check("apim.prod.acme.example.", ResponseCode::NoError, 2).await;
    check("missing.prod.acme.example.", ResponseCode::NXDomain, 0).await;
    check("only6.prod.acme.example.", ResponseCode::NoError, 0).await;
    // The upstream refuses: that is no answer to a client of this server.
    check("www.acme.example.", ResponseCode::ServFail, 0).await;
    check("www.example.", ResponseCode::Refused, 0).await;
    // What comes back over TCP is passed on over TCP.
    let mut stream = TcpStream::connect(at(3, port)).await.expect("connected");
    let many = question("many.crowd.example.", RecordType::A);
    assert_eq!(ask_tcp(&mut stream, &many).await.answers.len(), 200);
    assert!(ask_udp(at(3, port), &many).await.metadata.truncation);
}

#[tokio::test]
async fn a_loop_of_servers_ends() {
    let port = free_port();
    let to = |server| [forward("example", &[server, server])];
    let _a = server(resolver(&[], &to("127.0.0.3"), port), at(2, port));
    let _b = server(resolver(&[], &to("127.0.0.2"), port), at(3, port));
    let answer = ask_udp(at(2, port), &question("www.example.", RecordType::A)).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
}

#[test]
fn a_question_that_travelled_too_far_goes_no_further() {
    let resolver = resolver(&[], &[forward("example", &["192.0.2.1"])], 53);
    let check = |hops: &[u8], passed| {
        let mut question = question("www.example.", RecordType::A);
        let mut edns = Edns::new();
        let option = EdnsOption::Unknown(resolver::HOPS, hops.to_vec());
        edns.options_mut().insert(option);
        question.set_edns(edns);
        let decision = resolver.decide(&bytes(&question));
        assert_eq!(matches!(decision, Decision::Forward(_)), passed, "{hops:?}");
    };
    check(&[], true);
    check(&[0], true);
    check(&[3], true);
    check(&[4], false);
    check(&[255, 255], false);
}

#[tokio::test]
async fn only_the_servers_own_answer_is_believed() {
    let port = free_port();
    let upstream = UdpSocket::bind(at(2, port)).await.expect("bound");
    let forwards = [forward("acme.example", &["127.0.0.2"])];
    let _forwarder = server(resolver(&[], &forwards, port), at(3, port));
    let asked = question("apim.prod.acme.example.", RecordType::A);
    let client = tokio::spawn(async move { ask_udp(at(3, port), &asked).await });

    let mut buffer = [0; 4_096];
    let (length, asker) = upstream.recv_from(&mut buffer).await.expect("asked");
    let question = Message::from_vec(&buffer[..length]).expect("decodes");
    let honest = answer(&resolver(&[acme()], &[], 53), &question);
    let mut false_address = honest.clone();
    false_address.answers.clear();

    let elsewhere = UdpSocket::bind(at(4, port)).await.expect("bound");
    let lie = bytes(&false_address);
    elsewhere
        .send_to(&lie, asker)
        .await
        .expect("sent from elsewhere");
    let mut other_id = false_address.clone();
    other_id.metadata.id = question.metadata.id.wrapping_add(1);
    let mut other_question = false_address.clone();
    other_question.queries[0].set_query_type(RecordType::AAAA);
    let mut no_answer = false_address.clone();
    no_answer.metadata.message_type = MessageType::Query;
    for message in [&other_id, &other_question, &no_answer, &honest] {
        upstream
            .send_to(&bytes(message), asker)
            .await
            .expect("sent");
    }
    upstream.send_to(b"garbage", asker).await.expect("sent");
    let answer = client.await.expect("no panic");
    assert_eq!(data(&answer), ["10.0.0.1", "10.0.0.2"]);
}

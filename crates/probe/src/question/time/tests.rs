use tokio::net::UdpSocket;

use super::*;
use crate::answer::Closing;

const COOKIE: [u8; 8] = *b"\x01\x02\x03\x04\x05\x06\x07\x08";
const SYNCHRONISED: u8 = 0b00_100_100;
const NOT: u8 = 0b11_100_100;

fn packet(first: u8, stratum: u8) -> Vec<u8> {
    let mut bytes = vec![0; PACKET];
    bytes[0] = first;
    bytes[1] = stratum;
    bytes[12..16].copy_from_slice(b"GPS\0");
    bytes[24..32].copy_from_slice(&COOKIE);
    bytes[40] = 1;
    bytes
}

#[test]
fn only_a_server_that_answers_this_request_is_heard() {
    let good = packet(SYNCHRONISED, 1);
    assert!(read(&good, COOKIE).is_some());
    let mut version_three = good.clone();
    version_three[0] = 0b00_011_100;
    assert!(read(&version_three, COOKIE).is_some());
    for (why, at, value) in [
        ("a client's packet", 0, 0b00_100_011),
        ("a broadcast", 0, 0b00_100_101),
        ("version 7", 0, 0b00_111_100),
        ("another request's answer", 24, 0xff),
    ] {
        let mut bad = good.clone();
        bad[at] = value;
        assert_eq!(read(&bad, COOKIE), None, "{why}");
    }
    assert_eq!(read(&good[..47], COOKIE), None, "cut short");
    assert_eq!(read(&[], COOKIE), None, "empty");
}

fn refused(said: &str) -> Result<(), (Outcome, &str)> {
    Err((Outcome::Refused, said))
}

fn broken(said: &str) -> Result<(), (Outcome, &str)> {
    Err((Outcome::Broken, said))
}

#[test]
fn a_server_must_know_the_time() {
    let check =
        |first: u8, stratum: u8, reference: &[u8; 4], wanted: Result<(), (Outcome, &str)>| {
            let mut bytes = packet(first, stratum);
            bytes[12..16].copy_from_slice(reference);
            let reply = read(&bytes, COOKIE).expect("it answers the request");
            let got = judge(&reply)
                .map_err(miss)
                .map_err(|miss| (miss.outcome, miss.said));
            let wanted = wanted.map_err(|(outcome, said)| (outcome, said.to_owned()));
            assert_eq!(got, wanted);
        };

    check(SYNCHRONISED, 1, b"GPS\0", Ok(()));
    check(SYNCHRONISED, 15, &[10, 0, 0, 1], Ok(()));
    check(
        SYNCHRONISED,
        0,
        b"RATE",
        refused("kiss of death RATE: this client asks too often"),
    );
    check(
        NOT,
        0,
        b"RATE",
        refused("kiss of death RATE: this client asks too often"),
    );
    for code in [b"DENY", b"RSTR"] {
        let words = format!(
            "kiss of death {}: the server denies this client",
            String::from_utf8_lossy(code)
        );
        check(NOT, 0, code, refused(&words));
    }
    check(
        SYNCHRONISED,
        0,
        b"X\xff\x07Y",
        refused("kiss of death XY: the server does not serve this client"),
    );
    check(
        NOT,
        0,
        b"INIT",
        broken("the server is not synchronised: stratum 0, leap indicator 3, code INIT"),
    );
    check(
        NOT,
        0,
        &[0; 4],
        broken("the server is not synchronised: stratum 0, leap indicator 3"),
    );
    check(
        SYNCHRONISED,
        16,
        &[0; 4],
        broken("the server is not synchronised: stratum 16, leap indicator 0"),
    );
    check(
        NOT,
        2,
        &[0; 4],
        broken("the server is not synchronised: stratum 2, leap indicator 3"),
    );
}

#[test]
fn a_time_must_be_there_and_worth_something() {
    let mut timeless = packet(SYNCHRONISED, 2);
    timeless[40] = 0;
    let reply = read(&timeless, COOKIE).expect("it answers the request");
    assert_eq!(judge(&reply), Err(TimeFault::NoTime));
    let mut far = packet(SYNCHRONISED, 2);
    // Two seconds of delay and two of dispersion, 16.16.
    far[4..12].copy_from_slice(&[0, 2, 0, 0, 0, 2, 0, 0]);
    let reply = read(&far, COOKIE).expect("it answers the request");
    let fault = judge(&reply).expect_err("it is too far");
    assert_eq!(
        fault.to_string(),
        "the server is 3000 ms away from its source, more than clients accept"
    );
}

#[test]
fn an_offset_is_right_over_the_end_of_an_era() {
    let second = 1_u64 << 32;
    let check = |sent: u64, received: u64, transmitted: u64, back: u64, wanted_us: i64| {
        let reply = Reply {
            received,
            transmitted,
            ..read(&packet(SYNCHRONISED, 2), COOKIE).expect("it answers the request")
        };
        assert_eq!(offset(sent, &reply, back), wanted_us);
    };
    check(0, 0, 0, 0, 0);
    check(
        10 * second,
        12 * second,
        12 * second,
        10 * second,
        2_000_000,
    );
    check(
        12 * second,
        10 * second,
        10 * second,
        12 * second,
        -2_000_000,
    );
    // A way of one second each, and clocks that agree.
    check(10 * second, 11 * second, 11 * second, 12 * second, 0);
    check(
        u64::MAX - second + 1,
        second,
        second,
        u64::MAX - second + 1,
        2_000_000,
    );
}

/// Asks a server that answers with what `answer` makes of the request.
fn asked(answer: fn(&[u8]) -> Vec<u8>) -> Result<Heard, Miss> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
        let server = socket.local_addr().expect("bound");
        let serving = tokio::spawn(async move {
            let mut request = [0; 64];
            loop {
                let (length, client) = socket.recv_from(&mut request).await.expect("received");
                let answer = answer(&request[..length]);
                if !answer.is_empty() {
                    socket.send_to(&answer, client).await.expect("sent");
                }
            }
        });
        let line = Line::new(Closing::Deadline, Duration::from_millis(200));
        let heard = ask_at(&line, server).await;
        serving.abort();
        heard
    })
}

fn answering(request: &[u8], first: u8, stratum: u8) -> Vec<u8> {
    let mut bytes = packet(first, stratum);
    bytes[12..16].copy_from_slice(&[10, 0, 0, 7]);
    bytes[24..32].copy_from_slice(&request[40..48]);
    let now = stamp(SystemTime::now()).to_be_bytes();
    bytes[8..12].copy_from_slice(&0x0000_028f_u32.to_be_bytes());
    bytes[32..40].copy_from_slice(&now);
    bytes[40..48].copy_from_slice(&now);
    bytes
}

#[test]
fn stratum_source_dispersion_offset_and_reach_are_told() {
    let heard = asked(|request| answering(request, SYNCHRONISED, 3)).expect("it answers");
    let told = heard
        .said
        .strip_prefix("answered, stratum 3, from 10.0.0.7, root dispersion 9 ms, offset ")
        .expect("it begins so");
    let (offset, reach) = told.split_once(" ms, ").expect("milliseconds");
    assert!(offset.starts_with(['+', '-']), "{offset}");
    // The first exchange is quick, or others followed it.
    assert!(reach.starts_with("reach "), "{reach}");
    let leap = asked(|request| answering(request, 0b01_100_100, 3)).expect("it answers");
    assert!(
        leap.said.contains(", a leap second to come,"),
        "{}",
        leap.said
    );
}

#[test]
fn what_gets_no_answer_is_named() {
    let check = |answer: fn(&[u8]) -> Vec<u8>, outcome: Outcome, words: &str| {
        let miss = asked(answer).expect_err("no answer");
        assert_eq!((miss.outcome, miss.said.as_str()), (outcome, words));
        let Some(Fault::Time(fault)) = miss.fault.as_deref() else {
            panic!("no fault: {words}");
        };
        assert!(!fault.remedy().is_empty());
    };
    check(
        |request| answering(request, NOT, 2),
        Outcome::Broken,
        "the server is not synchronised: stratum 2, leap indicator 3",
    );
    check(
        |_| Vec::new(),
        Outcome::NoWay,
        "nothing came back: a firewall drops UDP port 123, or there is no such server (nothing heard within 200ms)",
    );
    check(
        <[u8]>::to_vec,
        Outcome::Broken,
        "3 packets came back, none of them an answer to the question",
    );
    let closed = lost(&Line::new(Closing::Deadline, Duration::ZERO), Loss::Closed);
    assert_eq!(
        (closed.outcome, closed.said.as_str()),
        (
            Outcome::Closed,
            "port unreachable: the packet arrived at a host on which no NTP server listens"
        )
    );
    let by = Some(IpAddr::from([10, 0, 0, 1]));
    let rejected = Loss::Rejected {
        by,
        why: "no route to host".to_owned(),
    };
    let rejected = lost(&Line::new(Closing::Deadline, Duration::ZERO), rejected);
    assert_eq!(
        (rejected.outcome, rejected.said.as_str()),
        (
            Outcome::NoWay,
            "rejected by 10.0.0.1 on the way: no route to host"
        )
    );
}

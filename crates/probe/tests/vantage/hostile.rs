//! Servers that misbehave: what they do is told, and ends with patience.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use model::Verdict;
use model::claim::{Expect, Question, RecordKind};
use model::service::{HealthCheck, PortProtocol};
use probe::{Closing, Means, Outcome, judge};

use crate::accounting::{B4, ip};
use crate::answers::{console, database, health_at, mail, named, resolve, ssh};
use crate::namespace::Net;
use crate::site::{AMPLE, HOST, NAME, Site, ask_from, health, sentinel};

/// What is waited for where a server never answers: short, because it is always waited for in full.
const SHORT: Duration = Duration::from_millis(150);

/// What a bad server does with a connection.
type Behaviour = fn(TcpStream);

pub(crate) fn over_tcp(net: &Net) {
    let means = Site::start(net).means.clone();
    let hang_up: Behaviour = drop;
    let babble: Behaviour = |mut stream| {
        // The client may be gone before it is said; that is its right.
        let _ = stream.write_all(&b"\x00\xff{}garbage\r\n\r\n".repeat(64));
        let _ = stream.read(&mut [0; 1024]);
    };
    let promise: Behaviour = |mut stream| {
        // A good beginning, and the end before its time. It does not wait for a client that waits for a greeting.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
    };
    let silent: Behaviour = |mut stream| {
        // Reads until the client has had enough.
        while matches!(stream.read(&mut [0; 1024]), Ok(1..)) {}
    };
    for (behaviour, patience) in [
        (hang_up, AMPLE),
        (babble, AMPLE),
        (promise, AMPLE),
        (silent, SHORT),
    ] {
        let means = Means {
            patience,
            ..means.clone()
        };
        let plain = HealthCheck {
            protocol: PortProtocol::Http,
            ..health()
        };
        for (port, question) in [
            (22, ssh(HOST, 22, None)),
            (587, mail("mail", NAME)),
            (9443, health_at(9443, NAME, &health())),
            (9443, health_at(9443, NAME, &plain)),
            (9443, console("/carbon", named("admin"), NAME)),
            (5432, database("postgres", "WSO2AM_DB", "database")),
        ] {
            let _server = serve(net, port, behaviour);
            for closing in [sentinel(), Closing::Deadline] {
                let answer = ask_from(&net.a, &question, &means, closing);
                assert_eq!(answer.outcome, Outcome::Broken, "{}", answer.detail);
            }
        }
    }
    // A page without end is not read to its end.
    let endless: Behaviour = |mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b' '; 65_536]).is_ok() {}
    };
    let _server = serve(net, 9443, endless);
    let plain = HealthCheck {
        protocol: PortProtocol::Http,
        ..health()
    };
    let answer = ask_from(&net.a, &health_at(9443, NAME, &plain), &means, sentinel());
    assert_eq!(answer.outcome, Outcome::Broken, "{}", answer.detail);
}

pub(crate) fn over_udp(net: &Net) {
    let means = Means {
        patience: SHORT,
        ..Site::start(net).means.clone()
    };
    let questions = || {
        [
            (53, resolve(NAME)),
            (123, Question::Time { server: ip(B4) }),
        ]
    };
    // Bound, and never read: silence is no proof of loss, but on a live site all there is. A name is then asked for over
    // TCP, where this host says that nothing listens.
    for (port, question) in questions() {
        let _server = bind(net, port);
        for (closing, silence) in [
            (sentinel(), Outcome::Silent),
            (Closing::Deadline, Outcome::NoWay),
        ] {
            let wanted = match question {
                Question::Resolve { .. } => Outcome::Closed,
                _ => silence,
            };
            let answer = ask_from(&net.a, &question, &means, closing);
            assert_eq!(answer.outcome, wanted, "{}", answer.detail);
        }
    }
    // Nothing bound: the host says so.
    for (_, question) in questions() {
        let answer = ask_from(&net.a, &question, &means, sentinel());
        assert_eq!(answer.outcome, Outcome::Closed, "{}", answer.detail);
    }
    rejected_on_the_way(net, &means);
    // Packets that come back and are no answer: empty, the question itself, and the question turned into an answer to
    // another one.
    let forge: fn(&mut Vec<u8>) = |packet| packet[0] ^= 0xff;
    for spoil in [
        |packet: &mut Vec<u8>| packet.clear(),
        |_: &mut Vec<u8>| {},
        forge,
    ] {
        for (port, question) in questions() {
            let _server = reflect(net, port, spoil);
            let answer = ask_from(&net.a, &question, &means, sentinel());
            assert_eq!(answer.outcome, Outcome::Broken, "{}", answer.detail);
        }
    }
}

/// A router that says no is not taken for the server, whose "port unreachable" would show that the packet arrived.
fn rejected_on_the_way(net: &Net, means: &Means) {
    let server = ip("10.0.10.2");
    net.router
        .ip("route add prohibit 10.0.10.2/32")
        .expect("the router takes a route");
    net.router.run(|| {
        std::fs::write("/proc/sys/net/ipv4/icmp_ratelimit", "0").expect("it can be set");
    });
    let name = NAME.to_owned();
    let records = Question::Records {
        server,
        name: name.clone(),
        kind: RecordKind::Txt,
    };
    // No more than these: with or without a limit, after five in a row a router says so but once a second.
    for (question, closing) in [
        (Question::Resolve { server, name }, Closing::Deadline),
        (records, sentinel()),
        (Question::Time { server }, Closing::Deadline),
    ] {
        let answer = ask_from(&net.a, &question, means, closing);
        assert_eq!(answer.outcome, Outcome::NoWay, "{}", answer.detail);
        assert_eq!(judge(&Expect::NoWay, &answer), Verdict::Holds);
        assert!(
            answer.detail.contains("rejected by 10.0.1.1 on the way"),
            "{}",
            answer.detail
        );
    }
}

/// A server that is ended by being dropped.
struct Server {
    end: Option<Box<dyn FnOnce() + Send>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }
}

fn serve(net: &Net, port: u16, behaviour: Behaviour) -> Server {
    let end = net.b.run(move || {
        let listener = TcpListener::bind((ip(B4), port)).expect("the port is free");
        let address = listener.local_addr().expect("it is bound");
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.expect("connections come in");
                if stream.peer_addr().is_ok_and(|peer| peer.ip() == ip(B4)) {
                    return;
                }
                std::thread::spawn(move || behaviour(stream));
            }
        });
        move || {
            // A connection from the host itself ends it.
            drop(TcpStream::connect(address).expect("it listens"));
            thread.join().expect("it ends");
        }
    });
    let b = net.b.handle();
    Server {
        end: Some(Box::new(move || b.run(end))),
    }
}

fn bind(net: &Net, port: u16) -> UdpSocket {
    net.b
        .run(move || UdpSocket::bind((ip(B4), port)).expect("the port is free"))
}

fn reflect(net: &Net, port: u16, spoil: fn(&mut Vec<u8>)) -> Server {
    let socket = bind(net, port);
    let address = socket.local_addr().expect("it is bound");
    let thread = std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).expect("packets come in");
            if client.ip() == ip(B4) {
                return;
            }
            let mut packet = buffer[..length].to_vec();
            spoil(&mut packet);
            // The client may have closed its port.
            let _ = socket.send_to(&packet, client);
        }
    });
    let b = net.b.handle();
    Server {
        end: Some(Box::new(move || {
            b.run(move || {
                let last = UdpSocket::bind((ip(B4), 0)).expect("a port is free");
                last.send_to(&[], address).expect("it is local");
            });
            thread.join().expect("it ends");
        })),
    }
}

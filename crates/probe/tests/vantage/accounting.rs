//! Every shot is accounted for: arrived, answered, stopped or proved lost.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr, TcpListener};

use model::Packet;
use model::packet::Transport;
use probe::packets::{
    Caught, DrainError, FireError, Fired, Receiver, SentinelError, Shot, WireError, answer, fire,
    sentinel,
};

use crate::namespace::{Namespace, Net};

pub(crate) const A4: &str = "10.0.1.2";
pub(crate) const B4: &str = "10.0.2.2";
const A6: &str = "fd00:1::2";
const B6: &str = "fd00:2::2";
pub(crate) const ROUTER_OF_A: &str = "10.0.1.1";
const ROUTER_OF_B: &str = "10.0.2.1";
/// Protocols without ports that are tried: GRE and SCTP.
const OTHERS: [u8; 2] = [47, 132];

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("the test's addresses are right")
}

fn packet(source: &str, destination: &str, transport: Transport) -> Packet {
    Packet {
        source: ip(source),
        destination: ip(destination),
        transport,
    }
}

fn tcp(destination: &str, port: u16) -> Packet {
    let transport = Transport::Tcp {
        source: 40_000,
        destination: port,
    };
    packet(A4, destination, transport)
}

fn shots(packets: impl IntoIterator<Item = Packet>) -> Vec<Shot> {
    (1..)
        .zip(packets)
        .map(|(id, packet)| Shot { id, packet })
        .collect()
}

fn open(at: &Namespace) -> Receiver {
    at.run(|| Receiver::open_for(&OTHERS.into()).expect("raw sockets can be had"))
}

/// The receiver is used in its own namespace, where the kernel's tables list it.
fn drain(at: &Namespace, mut receiver: Receiver) -> (Receiver, Result<Caught, DrainError>) {
    at.run(move || {
        let caught = receiver.drain();
        (receiver, caught)
    })
}

fn fire_from_a(net: &Net, shots: &[Shot]) -> Result<Fired, FireError> {
    let shots = shots.to_vec();
    net.a.run(move || fire(&shots, ip(ROUTER_OF_A)))
}

struct Played {
    fired: Fired,
    arrived: BTreeMap<u32, Packet>,
    answered: BTreeSet<u32>,
}

/// Fires from `a`, lets `b` answer, and says what became of each shot.
fn play(net: &Net, shots: &[Shot]) -> Played {
    let (mut at_a, at_b) = (open(&net.a), open(&net.b));
    at_a.expect(shots).expect("the shots can be told apart");
    let fired = fire_from_a(net, shots).expect("the packets are accounted for");
    let (_, caught) = drain(&net.b, at_b);
    let caught = caught.expect("all that arrives at b is accounted for");
    assert_eq!(caught.answered, BTreeSet::new(), "b has sent nothing");
    let arrived = caught.arrived.clone();
    net.b
        .run(move || answer(&arrived, ip(ROUTER_OF_B)))
        .expect("the answers are accounted for");
    let (_, back) = drain(&net.a, at_a);
    let back = back.expect("all that arrives at a is accounted for");
    assert_eq!(back.astray, BTreeMap::new(), "nothing is translated");
    assert_eq!(back.arrived, BTreeMap::new(), "b has sent no shots");
    Played {
        fired,
        arrived: caught.arrived,
        answered: back.answered,
    }
}

fn every_kind() -> Vec<Packet> {
    let mut packets = Vec::new();
    let ports = [0, 1, 80, 65_535];
    for (from, to, v4) in [(A4, B4, true), (A6, B6, false)] {
        for source in ports {
            for destination in ports {
                packets.push(packet(
                    from,
                    to,
                    Transport::Tcp {
                        source,
                        destination,
                    },
                ));
                packets.push(packet(
                    from,
                    to,
                    Transport::Udp {
                        source,
                        destination,
                    },
                ));
            }
        }
        let kinds: [u8; 5] = if v4 {
            [8, 0, 3, 13, 255]
        } else {
            [128, 129, 1, 4, 255]
        };
        for kind in kinds {
            for code in [0, 1, 255] {
                let transport = if v4 {
                    Transport::Icmp { kind, code }
                } else {
                    Transport::Icmpv6 { kind, code }
                };
                packets.push(packet(from, to, transport));
            }
        }
        packets.extend(OTHERS.map(|number| packet(from, to, Transport::Other(number))));
    }
    packets
}

fn is_answerable(transport: Transport) -> bool {
    matches!(
        transport,
        Transport::Tcp { .. }
            | Transport::Udp { .. }
            | Transport::Icmp { kind: 8, .. }
            | Transport::Icmpv6 { kind: 128, .. }
    )
}

pub(crate) fn everything_arrives(net: &Net) {
    let shots = shots(every_kind());
    let played = play(net, &shots);
    assert_eq!(played.fired.stopped, BTreeMap::new());
    let sent: BTreeMap<u32, Packet> = shots.iter().map(|shot| (shot.id, shot.packet)).collect();
    let lost: Vec<u32> = sent
        .keys()
        .filter(|id| !played.arrived.contains_key(id))
        .copied()
        .collect();
    assert_eq!(lost, [0; 0], "nothing is lost");
    assert_eq!(played.arrived, sent, "each as it was sent");
    let answerable: BTreeSet<u32> = shots
        .iter()
        .filter(|shot| is_answerable(shot.packet.transport))
        .map(|shot| shot.id)
        .collect();
    assert_eq!(played.answered, answerable);
}

pub(crate) fn a_listener_answers(net: &Net) {
    let listeners = net.b.run(|| {
        [B4, B6].map(|address| TcpListener::bind((ip(address), 8443)).expect("the port is free"))
    });
    let shots = shots([(A4, B4), (A6, B6)].map(|(from, to)| {
        let transport = Transport::Tcp {
            source: 50_000,
            destination: 8443,
        };
        packet(from, to, transport)
    }));
    let played = play(net, &shots);
    assert_eq!(played.arrived.len(), 2);
    assert_eq!(played.answered, [1, 2].into());
    drop(listeners);
}

pub(crate) fn many_arrive(net: &Net) {
    // By far more than the smallest buffer holds at once.
    let shots = shots((0..6_000_u16).map(|port| tcp(B4, port)));
    let played = play(net, &shots);
    assert_eq!(played.fired.sent.len(), shots.len());
    assert_eq!(played.arrived.len(), shots.len());
    assert_eq!(played.answered.len(), shots.len());
}

pub(crate) fn the_router_drops(net: &Net) {
    net.router
        .ip("route add blackhole 10.0.3.0/24")
        .expect("the router takes a route");
    net.router
        .ip("route add 10.0.4.0/24 via 10.0.2.2")
        .expect("the router takes a route");
    // Lost in the router; lost in b, whose address it is not; and one that arrives, to show that the others could.
    let shots = shots([tcp("10.0.3.2", 22), tcp("10.0.4.2", 22), tcp(B4, 22)]);
    let played = play(net, &shots);
    assert_eq!(played.fired.sent, [1, 2, 3].into());
    assert_eq!(played.arrived.keys().copied().collect::<Vec<_>>(), [3]);
    assert_eq!(played.answered, [3].into());
}

pub(crate) fn the_sender_stops(net: &Net) {
    for (kind, network) in [
        ("unreachable", "10.0.5.0/24"),
        ("prohibit", "10.0.6.0/24"),
        ("blackhole", "10.0.7.0/24"),
    ] {
        net.a
            .ip(&format!("route add {kind} {network}"))
            .expect("the host takes a route");
    }
    let shots = shots([
        tcp("10.0.5.2", 22),
        tcp("10.0.6.2", 22),
        tcp("10.0.7.2", 22),
        tcp(B4, 22),
    ]);
    let played = play(net, &shots);
    assert_eq!(played.fired.sent, [4].into());
    assert_eq!(
        played.fired.stopped.keys().copied().collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(played.arrived.keys().copied().collect::<Vec<_>>(), [4]);
}

pub(crate) fn unaccountable(net: &Net) {
    let refused = |packets: &[Packet], wanted: &dyn Fn(&FireError) -> bool| {
        let error = fire_from_a(net, &shots(packets.iter().copied()))
            .expect_err("it cannot be accounted for");
        assert!(wanted(&error), "{error:?}");
    };
    let one = tcp(B4, 22);
    let other = |number| packet(A4, B4, Transport::Other(number));
    refused(&[one, one], &|error| {
        matches!(error, FireError::Twins(1, 2))
    });
    for packet in [other(253), other(6), other(0)] {
        refused(&[packet], &|error| {
            matches!(error, FireError::Wire(WireError::Unaccountable(_)))
        });
    }
    refused(&[packet(A4, B6, one.transport)], &|error| {
        matches!(error, FireError::Wire(WireError::Families(_)))
    });
    refused(
        &[packet(A6, B6, Transport::Icmp { kind: 8, code: 0 })],
        &|error| matches!(error, FireError::Wire(WireError::Protocol(_))),
    );

    // The same identifier arrives twice.
    let receiver = open(&net.b);
    for port in [1, 2] {
        fire_from_a(net, &shots([tcp(B4, port)])).expect("it is sent");
    }
    let (receiver, caught) = drain(&net.b, receiver);
    assert!(
        matches!(caught, Err(DrainError::Twice { id: 1, .. })),
        "{caught:?}"
    );
    // The error is told once, and with it all that was caught.
    let (receiver, caught) = drain(&net.b, receiver);
    assert_eq!(caught.expect("nothing came since"), Caught::default());

    // Where the kernel's table does not list its sockets, a receiver cannot say what it has lost.
    let (_, caught) = drain(&net.a, receiver);
    assert!(matches!(caught, Err(DrainError::Unlisted(_))), "{caught:?}");
}

pub(crate) fn a_loop_ends(net: &Net) {
    // The router sends it to b, which sends it back to the router, until its time-to-live ends.
    for (at, route) in [
        (&net.router, "route add 10.0.8.0/24 via 10.0.2.2"),
        (&net.b, "route add 10.0.8.0/24 via 10.0.2.1"),
    ] {
        at.ip(route).expect("a route is taken");
    }
    net.b.run(|| {
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").expect("it can be set");
    });
    let played = play(net, &shots([tcp("10.0.8.2", 22), tcp(B4, 23)]));
    assert_eq!(played.fired.sent, [1, 2].into());
    assert_eq!(played.arrived.keys().copied().collect::<Vec<_>>(), [2]);
    net.b.run(|| {
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "0").expect("it can be set");
    });
}

pub(crate) fn no_echo(net: &Net) {
    // b is no router: it plays no sentinel back.
    let error = net.a.run(|| sentinel(ip(B4), 1)).expect_err("b is silent");
    assert!(
        matches!(error, SentinelError::Silent { round: 1, .. }),
        "{error:?}"
    );
    let nowhere = IpAddr::from(Ipv6Addr::new(0xff, 0, 0, 0, 0, 0, 0, 1));
    net.a
        .ip("-6 route add unreachable ff::/16")
        .expect("the host takes a route");
    let error = net
        .a
        .run(move || sentinel(nowhere, 1))
        .expect_err("there is no way");
    assert!(matches!(error, SentinelError::Send { .. }), "{error:?}");
}

//! The packets that test a delivery.

use std::collections::BTreeSet;

use model::packet::{Packet, Transport};

use super::plan::{Plan, estate};
use crate::delivery::{Delivery, Sample, predicted, samples};
use crate::prover::{Prover, delivery};

fn between(plan: &Plan, from: &str, to: &str, destination: &str) -> Delivery {
    delivery(&plan.0, &from.into(), &to.into())
        .into_iter()
        .find(|delivery| delivery.destination.to_string() == destination)
        .expect("the receiver has the address")
}

fn asked(samples: &[Sample]) -> BTreeSet<Transport> {
    samples
        .iter()
        .map(|sample| sample.packet.transport)
        .collect()
}

fn tcp(source: u16, destination: u16) -> Transport {
    Transport::Tcp {
        source,
        destination,
    }
}

#[test]
fn a_port_is_asked_with_both_its_neighbours_from_every_kind_of_source_port() {
    let delivery = between(&estate(), "client", "web", "198.18.0.20");
    let samples = samples(&delivery);
    for source in [0, 1024, 49152, 65535] {
        for (port, delivered) in [(442, false), (443, true), (444, false)] {
            let wanted = Sample {
                packet: Packet {
                    source: delivery.source,
                    destination: delivery.destination,
                    transport: tcp(source, port),
                },
                delivered,
                answered: Some(delivered),
            };
            assert!(samples.contains(&wanted), "{source} to {port}");
        }
    }
    let udp = Transport::Udp {
        source: 49152,
        destination: 443,
    };
    assert!(
        asked(&samples).contains(&udp),
        "the other protocol's neighbour"
    );
}

#[test]
fn a_range_of_source_ports_that_are_answered_is_asked_at_its_ends() {
    let plan = estate().acl(
        "public-a",
        &["100 allow all 0.0.0.0/0"],
        &["100 allow tcp/1024-65535 0.0.0.0/0"],
    );
    let samples = samples(&between(&plan, "client", "web", "198.18.0.20"));
    let answered = |transport: Transport| {
        let sample = samples
            .iter()
            .find(|sample| sample.packet.transport == transport);
        sample.map(|sample| (sample.delivered, sample.answered))
    };
    assert_eq!(answered(tcp(1023, 443)), Some((true, Some(false))));
    assert_eq!(answered(tcp(1024, 443)), Some((true, Some(true))));
    assert_eq!(answered(tcp(1024, 442)), Some((false, Some(false))));
}

#[test]
fn pairs_with_nothing_in_common_are_asked_too() {
    let samples = samples(&between(&estate(), "stage", "app", "10.1.1.30"));
    assert_eq!(samples.len(), 6);
    assert!(
        samples
            .iter()
            .all(|sample| !sample.delivered && sample.answered == Some(false))
    );
    assert!(asked(&samples).contains(&Transport::Icmp { kind: 8, code: 0 }));
}

#[test]
fn every_sample_is_what_is_predicted_and_none_is_asked_twice() {
    let plan = estate().group(
        "app",
        "prod",
        &["all 0.0.0.0/0", "all ::/0"],
        &["all 0.0.0.0/0", "all ::/0"],
    );
    let prover = Prover::new(&plan.0);
    let mut count = 0;
    for from in plan.0.interfaces.keys() {
        for to in plan.0.interfaces.keys() {
            for delivery in prover.delivery(from, to) {
                let samples = samples(&delivery);
                let packets: BTreeSet<Packet> =
                    samples.iter().map(|sample| sample.packet).collect();
                assert_eq!(packets.len(), samples.len());
                assert!(samples.is_sorted());
                for sample in samples {
                    let says = predicted(&delivery, &sample.packet).expect("it is known");
                    assert_eq!(
                        (says.delivered, says.answered),
                        (sample.delivered, sample.answered)
                    );
                    count += 1;
                }
            }
        }
    }
    assert!(count > 300, "{count} packets");
}

#[test]
fn what_keeps_an_ipv6_link_going_is_not_asked() {
    let plan = estate().group(
        "app",
        "prod",
        &["icmpv6/134 ::/0", "icmpv6/128 ::/0", "icmpv6/143 ::/0"],
        &[],
    );
    let samples = samples(&between(&plan, "client", "app", "2001:db8:1:1::30"));
    let kinds: BTreeSet<u8> = samples
        .iter()
        .filter_map(|sample| match sample.packet.transport {
            Transport::Icmpv6 { kind, .. } => Some(kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, BTreeSet::from([127, 128, 129, 142, 144]));
}

#[test]
fn what_is_not_known_is_not_asked() {
    let plan = estate()
        .group("app", "prod", &[], &["all 0.0.0.0/0"])
        .route(
            "private-a",
            "203.0.113.80/32",
            "firewall endpoint vpce-1",
            false,
        );
    let delivery = between(&plan, "app", "mirror", "203.0.113.80");
    assert_eq!(
        delivery.unknown[0].reason,
        "firewall endpoint vpce-1 is not modelled"
    );
    assert_eq!(samples(&delivery), []);
}

#[test]
fn only_what_something_answers_has_an_answer() {
    let plan = estate().group("web", "prod", &["all 0.0.0.0/0"], &[]);
    let delivery = between(&plan, "client", "web", "198.18.0.20");
    for (transport, answered) in [
        (tcp(49152, 22), Some(true)),
        (Transport::Icmp { kind: 8, code: 0 }, Some(true)),
        (Transport::Icmp { kind: 8, code: 1 }, None),
        (Transport::Icmp { kind: 0, code: 0 }, None),
        (Transport::Other(50), None),
    ] {
        let packet = Packet {
            source: delivery.source,
            destination: delivery.destination,
            transport,
        };
        let says = predicted(&delivery, &packet).expect("it is known");
        assert!(says.delivered, "{packet}");
        assert_eq!(says.answered, answered, "{packet}");
    }
}

#[test]
fn strangers_and_the_same_interface_have_no_deliveries() {
    let network = estate().0;
    for (from, to) in [("app", "app"), ("app", "nobody"), ("nobody", "app")] {
        assert_eq!(delivery(&network, &from.into(), &to.into()), []);
    }
}

#[test]
fn a_packet_of_another_pair_is_not_predicted() {
    let delivery = between(&estate(), "client", "web", "198.18.0.20");
    let packet = Packet {
        source: delivery.destination,
        destination: delivery.source,
        transport: tcp(49152, 443),
    };
    assert_eq!(predicted(&delivery, &packet), None);
}

//! The laws of header boxes.

use ipnet::IpNet;
use model::packet::{IcmpMatch, Packet, PortRange, Traffic, Transport};
use proptest::prelude::*;

use crate::boxes::{BoxSet, HeaderBox, MAX_BOXES, TooManyBoxes};
use crate::family::{Family, addresses};
use crate::interval::Interval;

fn any_traffic() -> impl Strategy<Value = Traffic> {
    let ports = || {
        (0_u16..8, 0_u16..8).prop_map(|(left, right)| PortRange {
            first: left.min(right),
            last: left.max(right),
        })
    };
    let message = || {
        prop_oneof![
            Just(IcmpMatch::All),
            (0_u8..3).prop_map(IcmpMatch::Type),
            (0_u8..3, 0_u8..3).prop_map(|(kind, code)| IcmpMatch::TypeCode(kind, code)),
        ]
    };
    prop_oneof![
        Just(Traffic::All),
        ports().prop_map(Traffic::Tcp),
        ports().prop_map(Traffic::Udp),
        message().prop_map(Traffic::Icmp),
        message().prop_map(Traffic::Icmpv6),
        prop_oneof![Just(1_u8), Just(6), Just(50), Just(58)].prop_map(Traffic::Protocol),
    ]
}

/// Prefixes of a space of 16 addresses, so that boxes meet.
fn any_prefix() -> impl Strategy<Value = IpNet> {
    (any::<bool>(), 0_u8..16, 0_u8..=4).prop_map(|(v4, host, bits)| {
        let (address, length) = if v4 {
            (
                Family::V4.address(0x0a00_0000 + u128::from(host)),
                28 + bits,
            )
        } else {
            (
                Family::V6.address((0xfd << 120) + u128::from(host)),
                124 + bits,
            )
        };
        IpNet::new(address, length)
            .expect("a prefix length in range")
            .trunc()
    })
}

fn any_box() -> impl Strategy<Value = HeaderBox> {
    (any_prefix(), any_prefix(), any_traffic()).prop_filter_map(
        "of one family",
        |(from, to, traffic)| {
            let ((family, source), (other, destination)) = (addresses(from), addresses(to));
            let headers = HeaderBox::of_traffic(family, traffic)?;
            (family == other).then_some(HeaderBox {
                source,
                destination,
                ..headers
            })
        },
    )
}

/// A set made of some boxes less others, so that it is ragged.
fn any_set() -> impl Strategy<Value = BoxSet> {
    let boxes = || prop::collection::vec(any_box(), 0..5);
    (boxes(), boxes()).prop_map(|(with, without)| {
        let mut set = BoxSet::empty();
        let mut taken = BoxSet::empty();
        with.iter()
            .for_each(|held| set.insert(*held).expect("few boxes"));
        without
            .iter()
            .for_each(|held| taken.insert(*held).expect("few boxes"));
        set.subtract(&taken).expect("few boxes")
    })
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let transport = prop_oneof![
        (0_u16..9, 0_u16..9).prop_map(|(source, destination)| Transport::Tcp {
            source,
            destination
        }),
        (0_u16..9, 0_u16..9).prop_map(|(source, destination)| Transport::Udp {
            source,
            destination
        }),
        (0_u8..4, 0_u8..4).prop_map(|(kind, code)| Transport::Icmp { kind, code }),
        (0_u8..4, 0_u8..4).prop_map(|(kind, code)| Transport::Icmpv6 { kind, code }),
        prop_oneof![Just(0_u8), Just(50), Just(255)].prop_map(Transport::Other),
    ];
    (any::<bool>(), 0_u8..16, 0_u8..16, transport).prop_map(|(v4, from, to, transport)| {
        let address = |host: u8| {
            if v4 {
                Family::V4.address(0x0a00_0000 + u128::from(host))
            } else {
                Family::V6.address((0xfd << 120) + u128::from(host))
            }
        };
        Packet {
            source: address(from),
            destination: address(to),
            transport,
        }
    })
}

/// Whether no two boxes of a set have a header in common.
pub(super) fn disjoint(set: &BoxSet) -> bool {
    let boxes = set.boxes();
    boxes.iter().enumerate().all(|(index, left)| {
        boxes[index + 1..]
            .iter()
            .all(|right| left.intersect(right).is_none())
    })
}

proptest! {
    #[test]
    fn a_set_is_what_it_shares_and_what_it_does_not(left in any_set(), right in any_set()) {
        let shared = left.intersect(&right).expect("few boxes");
        let own = left.subtract(&right).expect("few boxes");
        let both = own.union(&shared).expect("few boxes");
        prop_assert!(own.intersect(&right).expect("few boxes").is_empty());
        prop_assert!(both.covers(&left).expect("few boxes"));
        prop_assert!(left.covers(&both).expect("few boxes"));
        for set in [&shared, &own, &both] {
            prop_assert!(disjoint(set));
        }
    }

    #[test]
    fn membership_follows_the_operations(left in any_set(), right in any_set(), packet in any_packet()) {
        let (in_left, in_right) = (left.contains(&packet), right.contains(&packet));
        let check = |set: Result<BoxSet, TooManyBoxes>, wanted| {
            assert_eq!(set.expect("few boxes").contains(&packet), wanted, "{packet}");
        };
        check(left.union(&right), in_left || in_right);
        check(left.intersect(&right), in_left && in_right);
        check(left.subtract(&right), in_left && !in_right);
        check(Ok(left.clone().merged()), in_left);
    }

    #[test]
    fn merging_keeps_the_set(set in any_set()) {
        let merged = set.clone().merged();
        prop_assert!(disjoint(&merged));
        prop_assert!(merged.boxes().len() <= set.boxes().len());
        prop_assert!(merged.covers(&set).expect("few boxes"));
        prop_assert!(set.covers(&merged).expect("few boxes"));
    }

    #[test]
    fn traffic_means_what_the_model_says(traffic in any_traffic(), packet in any_packet()) {
        let family = Family::of(packet.source);
        let headers = HeaderBox::of_traffic(family, traffic).expect("ports in order");
        prop_assert_eq!(headers.contains(&packet), traffic.contains(packet.transport));
    }

    #[test]
    fn the_sample_of_a_box_is_in_it(held in any_box()) {
        prop_assert!(held.contains(&held.sample()));
    }
}

#[test]
fn ports_the_wrong_way_round_are_no_headers() {
    let backwards = PortRange { first: 9, last: 8 };
    assert_eq!(
        HeaderBox::of_traffic(Family::V4, Traffic::Tcp(backwards)),
        None
    );
}

#[test]
fn packets_that_cannot_be_are_in_no_set() {
    let source = Family::V4.address(1);
    let without_ports = Packet {
        source,
        destination: source,
        transport: Transport::Other(6),
    };
    let mixed = Packet {
        destination: Family::V6.address(1),
        transport: Transport::Other(50),
        ..without_ports
    };
    for packet in [without_ports, mixed] {
        assert!(!BoxSet::all().contains(&packet), "{packet}");
    }
}

#[test]
fn a_set_never_grows_past_its_limit() {
    let point = |number: u16| HeaderBox {
        protocol: Interval::one(6),
        destination_port: Interval::one(number),
        ..HeaderBox::all(Family::V4)
    };
    let mut set = BoxSet::empty();
    let limit = u16::try_from(MAX_BOXES).expect("the limit is small");
    for number in 0..limit {
        set.push_disjoint(point(number * 2))
            .expect("below the limit");
    }
    assert_eq!(set.push_disjoint(point(u16::MAX)), Err(TooManyBoxes));
    assert_eq!(set.insert(point(u16::MAX)), Err(TooManyBoxes));
    assert_eq!(BoxSet::all().subtract(&set), Err(TooManyBoxes));
}

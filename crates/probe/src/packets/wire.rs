//! Test packets as bytes: RFC 791, 8200, 9293, 768, 792 and 4443, as far as one packet needs them. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::Packet;
use model::packet::Transport;

/// Enough for any path of a twin, little enough that a loop ends before the sentinels do.
pub(super) const HOPS: u8 = 16;

/// Starts the payload of every packet of ours.
const MAGIC: [u8; 7] = *b"reeve\x001";
/// Magic, mark and identifier.
const PAYLOAD: usize = MAGIC.len() + 1 + 4;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

const TCP_HEADER: usize = 20;
const FLAGS_SYN: u8 = 0x02;
const FLAGS_RST: u8 = 0x04;
const FLAGS_ACK: u8 = 0x10;

/// Next-header numbers that are no transport: a packet of them would be taken apart instead of delivered
/// (IANA's list of IPv6 extension headers, and 59, "no next header").
const IPV6_EXTENSIONS: [u8; 12] = [0, 43, 44, 50, 51, 59, 60, 135, 139, 140, 253, 254];

/// Why a packet cannot be sent as a test packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The addresses are of two families.
    #[error("build {0}: source and destination are of different families")]
    Families(Packet),
    /// ICMP over IPv6 or ICMPv6 over IPv4.
    #[error("build {0}: this protocol does not belong to this family of addresses")]
    Protocol(Packet),
    /// The protocol is read by the kernel before a receiver could see it, or is the sentinel's.
    #[error("build {0}: a receiver could not account for this protocol")]
    Unaccountable(Packet),
}

/// What a packet of ours says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A test packet.
    Shot,
    /// A receiver's explicit answer.
    Answer,
}

impl Mark {
    const fn code(self) -> u8 {
        match self {
            Self::Shot => b'S',
            Self::Answer => b'A',
        }
    }
}

/// What a raw socket saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A packet of ours.
    Marked {
        /// Test packet or explicit answer.
        mark: Mark,
        /// Its identifier.
        id: u32,
        /// Its headers.
        packet: Packet,
    },
    /// A reset or SYN-ACK, which may answer a test packet.
    Acknowledged {
        /// Its headers.
        packet: Packet,
        /// The acknowledgement number.
        number: u32,
    },
    /// A packet of ours that was damaged on its way.
    Damaged {
        /// Its identifier, if that is sound.
        id: u32,
        /// Its headers.
        packet: Packet,
    },
    /// Somebody else's.
    Foreign,
}

/// Whether the acknowledgement number acknowledges the test packet: its SYN alone, or its payload too.
pub(super) fn acknowledges(number: u32, id: u32) -> bool {
    let syn = id.wrapping_add(1);
    number == syn || number == syn.wrapping_add(u32::try_from(PAYLOAD).unwrap_or(0))
}

/// The packet that answers one, as far as filters look at it.
pub(super) fn reverse(packet: &Packet) -> Packet {
    let transport = match packet.transport {
        Transport::Tcp {
            source,
            destination,
        } => Transport::Tcp {
            source: destination,
            destination: source,
        },
        Transport::Udp {
            source,
            destination,
        } => Transport::Udp {
            source: destination,
            destination: source,
        },
        Transport::Icmp { kind: 8, code } => Transport::Icmp { kind: 0, code },
        Transport::Icmpv6 { kind: 128, code } => Transport::Icmpv6 { kind: 129, code },
        other => other,
    };
    Packet {
        source: packet.destination,
        destination: packet.source,
        transport,
    }
}

/// The whole packet, from its IP header on.
pub(super) fn encode(packet: &Packet, mark: Mark, id: u32) -> Result<Vec<u8>, WireError> {
    let segment = segment(packet, mark, id)?;
    match (packet.source, packet.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            Ok(v4_header(source, destination, packet.transport, &segment))
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            Ok(v6_header(source, destination, packet.transport, &segment))
        }
        _ => Err(WireError::Families(*packet)),
    }
}

fn segment(packet: &Packet, mark: Mark, id: u32) -> Result<Vec<u8>, WireError> {
    let v4 = packet.source.is_ipv4();
    let mut bytes = Vec::with_capacity(TCP_HEADER + PAYLOAD);
    let checksum_at = match packet.transport {
        Transport::Tcp {
            source,
            destination,
        } => {
            bytes.extend(source.to_be_bytes());
            bytes.extend(destination.to_be_bytes());
            bytes.extend(id.to_be_bytes());
            bytes.extend([0; 4]);
            // Five words of header; window as wide as a plain header allows; checksum; no urgent data.
            bytes.extend([5 << 4, FLAGS_SYN, 0xff, 0xff, 0, 0, 0, 0]);
            Some(16)
        }
        Transport::Udp {
            source,
            destination,
        } => {
            bytes.extend(source.to_be_bytes());
            bytes.extend(destination.to_be_bytes());
            bytes.extend(length(8 + PAYLOAD).to_be_bytes());
            bytes.extend([0; 2]);
            Some(6)
        }
        Transport::Icmp { kind, code } if v4 => Some(icmp(&mut bytes, kind, code, id)),
        Transport::Icmpv6 { kind, code } if !v4 => Some(icmp(&mut bytes, kind, code, id)),
        Transport::Icmp { .. } | Transport::Icmpv6 { .. } => {
            return Err(WireError::Protocol(*packet));
        }
        Transport::Other(number) => {
            if !accountable(number, v4) {
                return Err(WireError::Unaccountable(*packet));
            }
            None
        }
    };
    bytes.extend(MAGIC);
    bytes.push(mark.code());
    bytes.extend(id.to_be_bytes());
    if let Some(at) = checksum_at {
        let sum = match checksum(packet, &bytes) {
            // RFC 768: a UDP checksum of zero means that there is none.
            0 if matches!(packet.transport, Transport::Udp { .. }) => 0xffff,
            sum => sum,
        };
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    Ok(bytes)
}

/// Whether a raw socket sees packets of this protocol, and only those that it should.
pub(super) fn accountable(protocol: u8, v4: bool) -> bool {
    let taken = [TCP, UDP, ICMP, ICMPV6, super::sentinel::PROTOCOL];
    // 255 is IPPROTO_RAW, which only sends; 0 and the numbers that nest packets are read by the kernel.
    let nests = [0, 4, 41, 255];
    !taken.contains(&protocol)
        && !nests.contains(&protocol)
        && (v4 || !IPV6_EXTENSIONS.contains(&protocol))
}

/// An ICMP header with the identifier in the field that an echo reply repeats; the checksum's place.
fn icmp(bytes: &mut Vec<u8>, kind: u8, code: u8, id: u32) -> usize {
    bytes.extend([kind, code, 0, 0]);
    bytes.extend(id.to_be_bytes());
    2
}

fn v4_header(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    transport: Transport,
    segment: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20 + segment.len());
    bytes.extend([0x45, 0]);
    bytes.extend(length(20 + segment.len()).to_be_bytes());
    // No identification and no fragment: the packet is far smaller than any link's limit.
    bytes.extend([0, 0, 0, 0, HOPS, transport.protocol(), 0, 0]);
    bytes.extend(source.octets());
    bytes.extend(destination.octets());
    let sum = !fold(sum(&bytes));
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    bytes.extend(segment);
    bytes
}

fn v6_header(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    transport: Transport,
    segment: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(40 + segment.len());
    bytes.extend([0x60, 0, 0, 0]);
    bytes.extend(length(segment.len()).to_be_bytes());
    bytes.extend([transport.protocol(), HOPS]);
    bytes.extend(source.octets());
    bytes.extend(destination.octets());
    bytes.extend(segment);
    bytes
}

/// Reads what an IPv4 raw socket gives: the packet with its header.
pub(super) fn decode_v4(bytes: &[u8]) -> Seen {
    let Some((header, _)) = bytes.split_first_chunk::<20>() else {
        return Seen::Foreign;
    };
    let header_length = usize::from(header[0] & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    // A later fragment has no transport header; ours are never fragmented.
    let fragmented = u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0;
    if header[0] >> 4 != 4 || fragmented || header_length < 20 || total < header_length {
        return Seen::Foreign;
    }
    let Some(segment) = bytes.get(header_length..total.min(bytes.len())) else {
        return Seen::Foreign;
    };
    let source = Ipv4Addr::new(header[12], header[13], header[14], header[15]);
    let destination = Ipv4Addr::new(header[16], header[17], header[18], header[19]);
    decode(header[9], source.into(), destination.into(), segment)
}

/// Reads what an IPv6 raw socket gives: what follows the header, with the addresses beside it.
pub(super) fn decode(protocol: u8, source: IpAddr, destination: IpAddr, segment: &[u8]) -> Seen {
    let Some((transport, payload)) = transport(protocol, segment) else {
        return Seen::Foreign;
    };
    let packet = Packet {
        source,
        destination,
        transport,
    };
    if let Some((mark, id)) = marked(payload) {
        // Other protocols carry no checksum of ours.
        let sound = matches!(transport, Transport::Other(_)) || checksum(&packet, segment) == 0;
        return if sound {
            Seen::Marked { mark, id, packet }
        } else {
            Seen::Damaged { id, packet }
        };
    }
    match acknowledgement(protocol, segment) {
        Some(number) => Seen::Acknowledged { packet, number },
        None => Seen::Foreign,
    }
}

/// The transport header and what follows it.
fn transport(protocol: u8, segment: &[u8]) -> Option<(Transport, &[u8])> {
    let ports = || {
        let (ports, _) = segment.split_first_chunk::<4>()?;
        let source = u16::from_be_bytes([ports[0], ports[1]]);
        Some((source, u16::from_be_bytes([ports[2], ports[3]])))
    };
    Some(match protocol {
        TCP => {
            let (source, destination) = ports()?;
            let header = usize::from(*segment.get(12)? >> 4) * 4;
            (
                Transport::Tcp {
                    source,
                    destination,
                },
                segment.get(header..)?,
            )
        }
        UDP => {
            let (source, destination) = ports()?;
            (
                Transport::Udp {
                    source,
                    destination,
                },
                segment.get(8..)?,
            )
        }
        ICMP | ICMPV6 => {
            let (kind, code) = (*segment.first()?, *segment.get(1)?);
            let transport = if protocol == ICMP {
                Transport::Icmp { kind, code }
            } else {
                Transport::Icmpv6 { kind, code }
            };
            (transport, segment.get(8..)?)
        }
        other => (Transport::Other(other), segment),
    })
}

fn marked(payload: &[u8]) -> Option<(Mark, u32)> {
    let payload: &[u8; PAYLOAD] = payload.try_into().ok()?;
    let (magic, rest) = payload.split_first_chunk::<{ MAGIC.len() }>()?;
    let mark = match rest[0] {
        b'S' => Mark::Shot,
        b'A' => Mark::Answer,
        _ => return None,
    };
    let id = u32::from_be_bytes(rest[1..].try_into().ok()?);
    (*magic == MAGIC).then_some((mark, id))
}

/// The acknowledgement number of a reset or SYN-ACK.
fn acknowledgement(protocol: u8, segment: &[u8]) -> Option<u32> {
    let flags = *segment.get(13)?;
    let answers = flags & FLAGS_ACK != 0 && flags & (FLAGS_SYN | FLAGS_RST) != 0;
    let number = u32::from_be_bytes(segment.get(8..12)?.try_into().ok()?);
    (protocol == TCP && answers).then_some(number)
}

/// The Internet checksum of a segment with its pseudo header; zero over a segment whose checksum is right.
fn checksum(packet: &Packet, segment: &[u8]) -> u16 {
    let mut total = sum(segment);
    if !matches!(packet.transport, Transport::Icmp { .. }) {
        for address in [packet.source, packet.destination] {
            total += match address {
                IpAddr::V4(address) => sum(&address.octets()),
                IpAddr::V6(address) => sum(&address.octets()),
            };
        }
        total += u64::from(packet.transport.protocol()) + u64::from(length(segment.len()));
    }
    !fold(total)
}

fn sum(bytes: &[u8]) -> u64 {
    bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u64::from(*low)))
        .sum()
}

fn fold(mut sum: u64) -> u16 {
    // Four times 16 bits: a second carry is the last one.
    for _ in 0..4 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum & 0xffff).unwrap_or(u16::MAX)
}

/// A length that fits, since every packet of ours is under 100 bytes; what a socket gave is under its buffer's size.
fn length(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packets() -> impl Strategy<Value = Packet> {
        let v4 = any::<[u8; 8]>().prop_map(|bytes| {
            let [a, b, c, d, e, f, g, h] = bytes;
            (IpAddr::from([a, b, c, d]), IpAddr::from([e, f, g, h]))
        });
        let v6 = any::<([u8; 16], [u8; 16])>()
            .prop_map(|(source, destination)| (source.into(), destination.into()));
        let transport = any::<(u8, u16, u16)>().prop_map(|(kind, one, two)| {
            let [high, low] = one.to_be_bytes();
            match kind % 4 {
                0 => Transport::Tcp {
                    source: one,
                    destination: two,
                },
                1 => Transport::Udp {
                    source: one,
                    destination: two,
                },
                2 => Transport::Icmp {
                    kind: high,
                    code: low,
                },
                _ => Transport::Other(47),
            }
        });
        (prop_oneof![v4, v6], transport).prop_map(|((source, destination), transport)| Packet {
            source,
            destination,
            transport: match transport {
                Transport::Icmp { kind, code } if source.is_ipv6() => {
                    Transport::Icmpv6 { kind, code }
                }
                other => other,
            },
        })
    }

    /// As a raw socket of the packet's family would give it.
    fn read(packet: &Packet, bytes: &[u8]) -> Seen {
        match packet.source {
            IpAddr::V4(_) => decode_v4(bytes),
            IpAddr::V6(_) => decode(
                packet.transport.protocol(),
                packet.source,
                packet.destination,
                bytes.get(40..).unwrap_or_default(),
            ),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(packet in packets(), id: u32, answers: bool) {
            let mark = if answers { Mark::Answer } else { Mark::Shot };
            let bytes = encode(&packet, mark, id).expect("it is of one family");
            prop_assert_eq!(read(&packet, &bytes), Seen::Marked { mark, id, packet });
            prop_assert_eq!(bytes[if packet.source.is_ipv4() { 8 } else { 7 }], HOPS);
        }

        #[test]
        fn no_flipped_bit_is_taken_for_a_packet(packet in packets(), id: u32, at: prop::sample::Index, bit in 0..8_u8) {
            prop_assume!(!matches!(packet.transport, Transport::Other(_)));
            let mut bytes = encode(&packet, Mark::Shot, id).expect("it is of one family");
            let start = if packet.source.is_ipv4() { 20 } else { 40 };
            let at = start + at.index(bytes.len() - start);
            bytes[at] ^= 1 << bit;
            let taken = matches!(read(&packet, &bytes), Seen::Marked { .. });
            prop_assert!(!taken, "byte {at}");
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), protocol: u8) {
            decode_v4(&bytes);
            let address = IpAddr::from([10, 0, 0, 1]);
            decode(protocol, address, address, &bytes);
        }

        #[test]
        fn an_answers_answer_goes_the_first_way(packet in packets()) {
            prop_assume!(!matches!(packet.transport, Transport::Icmp { .. } | Transport::Icmpv6 { .. }));
            prop_assert_eq!(reverse(&reverse(&packet)), packet);
        }
    }

    /// RFC 1071's example, with its sum.
    #[test]
    fn the_checksum_is_the_internets() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(fold(sum(&bytes)), 0xddf2);
        assert_eq!(fold(sum(&[0x01])), 0x0100, "an odd byte is a high one");
        assert_eq!(fold(sum(&[0xff; 400])), 0xffff);
    }

    #[test]
    fn only_what_acknowledges_a_shot_answers_it() {
        for (number, wanted) in [
            (1_000, false),
            (1_001, true),
            (1_002, false),
            (1_012, false),
            (1_013, true),
            (1_014, false),
            (0, false),
        ] {
            assert_eq!(acknowledges(number, 1_000), wanted, "{number}");
        }
        assert!(acknowledges(0, u32::MAX), "numbers go round");
    }

    #[test]
    fn what_no_receiver_could_see_is_not_accountable() {
        for protocol in [0, 1, 4, 6, 17, 41, 58, 253, 255] {
            assert!(!accountable(protocol, true), "{protocol} over IPv4");
            assert!(!accountable(protocol, false), "{protocol} over IPv6");
        }
        for protocol in IPV6_EXTENSIONS {
            assert!(!accountable(protocol, false), "{protocol} over IPv6");
        }
        for protocol in [2, 47, 50, 89, 132, 252] {
            assert!(accountable(protocol, true), "{protocol} over IPv4");
        }
    }
}

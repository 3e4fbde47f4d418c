//! What an address range is for, by the IANA registries of special-purpose addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What a range is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Routed on the Internet, or could be. Ranges kept for documentation count as such: examples use them.
    Public,
    /// For networks of one's own: RFC 1918, RFC 6598 and RFC 4193.
    Private,
    /// For nothing that an estate may use; says for what.
    Special(&'static str),
}

/// Ranges that no network of an estate may touch.
const SPECIAL: [(IpNet, &str); 10] = [
    (v4([0, 0, 0, 0], 8), "\"this network\""),
    (v4([127, 0, 0, 0], 8), "a machine's own loopback"),
    (
        v4([169, 254, 0, 0], 16),
        "link-local addresses, which AWS uses for its own services and for the insides of VPN tunnels",
    ),
    (
        v4([198, 18, 0, 0], 15),
        "benchmarks, out of which a design takes its stand-ins for public addresses",
    ),
    (v4([224, 0, 0, 0], 4), "multicast"),
    (v4([240, 0, 0, 0], 4), "nothing yet"),
    (
        v6([0, 0, 0, 0, 0, 0, 0, 0], 96),
        "loopback and embedded IPv4",
    ),
    (v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), "embedded IPv4"),
    (
        v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
        "link-local addresses",
    ),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast"),
];

/// Ranges for networks of one's own.
const PRIVATE: [IpNet; 5] = [
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
];

/// What a range is for. A range that touches a special one is special, and only one that lies in a private one is private.
pub(super) fn purpose(net: &IpNet) -> Purpose {
    if let Some((_, what)) = SPECIAL.iter().find(|(special, _)| overlap(special, net)) {
        return Purpose::Special(what);
    }
    if PRIVATE.iter().any(|private| private.contains(net)) {
        return Purpose::Private;
    }
    Purpose::Public
}

/// What an address is for.
pub(super) fn purpose_of(address: IpAddr) -> Purpose {
    purpose(&IpNet::from(address))
}

/// Whether two ranges share an address.
pub(super) fn overlap(left: &IpNet, right: &IpNet) -> bool {
    left.contains(right) || right.contains(left)
}

const fn v4(octets: [u8; 4], length: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

const fn v6(segments: [u16; 8], length: u8) -> IpNet {
    let [a, b, c, d, e, f, g, h] = segments;
    IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::new(a, b, c, d, e, f, g, h),
        length,
    ))
}

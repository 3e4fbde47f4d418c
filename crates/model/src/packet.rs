//! Packet headers, and the sets of them that filters name.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A closed range of ports, `first ..= last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRange {
    /// Lowest port of the range.
    pub first: u16,
    /// Highest port of the range, never below `first`.
    pub last: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self {
        first: 0,
        last: u16::MAX,
    };
    /// The ports from which Linux and AWS's own services open connections, as wide as AWS advises for NACLs.
    pub const EPHEMERAL: Self = Self {
        first: 1024,
        last: u16::MAX,
    };

    /// A single port.
    pub const fn one(port: u16) -> Self {
        Self {
            first: port,
            last: port,
        }
    }

    /// Whether the range holds the port.
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// Which ICMP messages: AWS allows all, one type, or one type with one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IcmpMatch {
    /// All types and codes.
    All,
    /// One type with all its codes.
    Type(u8),
    /// One type and code.
    TypeCode(u8, u8),
}

/// The part of a rule that speaks of protocol and ports. ICMP and ICMPv6 are different protocols here as they are in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Traffic {
    /// Every protocol.
    All,
    /// TCP to these destination ports.
    Tcp(PortRange),
    /// UDP to these destination ports.
    Udp(PortRange),
    /// ICMP (protocol 1, IPv4).
    Icmp(IcmpMatch),
    /// ICMPv6 (protocol 58, IPv6).
    Icmpv6(IcmpMatch),
    /// Another IP protocol by its number.
    Protocol(u8),
}

impl Traffic {
    /// TCP to one port.
    pub const fn tcp(port: u16) -> Self {
        Self::Tcp(PortRange::one(port))
    }

    /// UDP to one port.
    pub const fn udp(port: u16) -> Self {
        Self::Udp(PortRange::one(port))
    }

    /// Whether the transport header belongs to the set.
    pub fn contains(self, transport: Transport) -> bool {
        let icmp = |wanted: IcmpMatch, kind: u8, code: u8| match wanted {
            IcmpMatch::All => true,
            IcmpMatch::Type(t) => t == kind,
            IcmpMatch::TypeCode(t, c) => t == kind && c == code,
        };
        match (self, transport) {
            (Self::All, _) => true,
            (Self::Tcp(ports), Transport::Tcp { destination, .. })
            | (Self::Udp(ports), Transport::Udp { destination, .. }) => ports.contains(destination),
            (Self::Icmp(wanted), Transport::Icmp { kind, code })
            | (Self::Icmpv6(wanted), Transport::Icmpv6 { kind, code }) => icmp(wanted, kind, code),
            (Self::Protocol(number), other) => number == other.protocol(),
            _ => false,
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let icmp = |f: &mut fmt::Formatter<'_>, name: &str, wanted: &IcmpMatch| match wanted {
            IcmpMatch::All => f.write_str(name),
            IcmpMatch::Type(kind) => write!(f, "{name} type {kind}"),
            IcmpMatch::TypeCode(kind, code) => write!(f, "{name} type {kind} code {code}"),
        };
        match self {
            Self::All => f.write_str("all traffic"),
            Self::Tcp(PortRange::ALL) => f.write_str("tcp"),
            Self::Udp(PortRange::ALL) => f.write_str("udp"),
            Self::Tcp(ports) => write!(f, "tcp/{ports}"),
            Self::Udp(ports) => write!(f, "udp/{ports}"),
            Self::Icmp(wanted) => icmp(f, "icmp", wanted),
            Self::Icmpv6(wanted) => icmp(f, "icmpv6", wanted),
            Self::Protocol(number) => write!(f, "protocol {number}"),
        }
    }
}

/// The transport header of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// TCP, opening a connection.
    Tcp {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// UDP.
    Udp {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// ICMP (IPv4).
    Icmp {
        /// Message type.
        kind: u8,
        /// Message code.
        code: u8,
    },
    /// ICMPv6.
    Icmpv6 {
        /// Message type.
        kind: u8,
        /// Message code.
        code: u8,
    },
    /// Any other protocol, by its number.
    Other(u8),
}

impl Transport {
    /// The IP protocol number.
    pub const fn protocol(self) -> u8 {
        match self {
            Self::Tcp { .. } => 6,
            Self::Udp { .. } => 17,
            Self::Icmp { .. } => 1,
            Self::Icmpv6 { .. } => 58,
            Self::Other(number) => number,
        }
    }
}

/// One packet, as far as filters and routes look at it. Both addresses are of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Packet {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Transport header.
    pub transport: Transport,
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, destination) = (self.source, self.destination);
        match self.transport {
            Transport::Tcp {
                source: from,
                destination: to,
            } => {
                write!(
                    f,
                    "tcp {} > {}",
                    std::net::SocketAddr::new(source, from),
                    std::net::SocketAddr::new(destination, to)
                )
            }
            Transport::Udp {
                source: from,
                destination: to,
            } => {
                write!(
                    f,
                    "udp {} > {}",
                    std::net::SocketAddr::new(source, from),
                    std::net::SocketAddr::new(destination, to)
                )
            }
            Transport::Icmp { kind, code } => {
                write!(f, "icmp {source} > {destination} type {kind} code {code}")
            }
            Transport::Icmpv6 { kind, code } => {
                write!(f, "icmpv6 {source} > {destination} type {kind} code {code}")
            }
            Transport::Other(number) => write!(f, "protocol {number} {source} > {destination}"),
        }
    }
}

//! The two address families, their addresses as numbers, and the protocols that have ports or messages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::interval::Interval;

/// TCP's protocol number.
pub(crate) const TCP: u8 = 6;
/// UDP's protocol number.
pub(crate) const UDP: u8 = 17;
/// ICMP's protocol number.
pub(crate) const ICMP: u8 = 1;
/// ICMPv6's protocol number.
pub(crate) const ICMPV6: u8 = 58;

/// The family of both addresses of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both families.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// An address's family.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Every address of the family.
    pub fn space(self) -> Interval<u128> {
        match self {
            Self::V4 => Interval::between(0, u128::from(u32::MAX)).unwrap_or(Interval::ALL),
            Self::V6 => Interval::ALL,
        }
    }

    /// The address of a number in the family's space; an IPv4 number is taken modulo 2^32.
    pub fn address(self, number: u128) -> IpAddr {
        match self {
            Self::V4 => {
                let [.., a, b, c, d] = number.to_be_bytes();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            Self::V6 => IpAddr::V6(Ipv6Addr::from(number)),
        }
    }

    /// The family's ICMP.
    pub(crate) const fn icmp(self) -> u8 {
        match self {
            Self::V4 => ICMP,
            Self::V6 => ICMPV6,
        }
    }
}

/// An address as a number in its family's space.
pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// A prefix as the interval of its addresses.
pub(crate) fn addresses(prefix: IpNet) -> (Family, Interval<u128>) {
    let (first, last) = (number(prefix.network()), number(prefix.broadcast()));
    let interval = Interval::between(first, last).unwrap_or(Interval::one(first));
    (Family::of(prefix.addr()), interval)
}

//! The address plan: how an environment's range is cut, and where stand-in addresses come from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Slots for zones in each tier: the two or three zones that are used, and one to spare.
pub const ZONE_SLOTS: usize = 4;

/// The shortest prefix that AWS takes for a VPC's range.
pub const WIDEST: u8 = 16;

/// The longest prefix that still gives each transit subnet the /28 that AWS asks for at least.
pub const NARROWEST: u8 = 22;

/// The prefix length of a transit subnet: AWS's smallest, and more than an attachment's one interface needs.
const TRANSIT_PREFIX: u8 = 28;

/// The first addresses of a subnet that AWS keeps: the network itself, its router, its DNS and one for later.
const RESERVED_FIRST: u32 = 4;

/// A tier of an environment: subnets of one purpose, one in each zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Products, internal balancers, resolver endpoints.
    App,
    /// The DMZ: bastion, public balancers, NAT gateways.
    Public,
    /// The database.
    Data,
    /// The transit gateway's attachment.
    Transit,
}

impl Tier {
    /// All tiers, in the order of the address plan.
    pub const ALL: [Self; 4] = [Self::App, Self::Public, Self::Data, Self::Transit];

    /// The tier's name, as it stands in identifiers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Public => "public",
            Self::Data => "data",
            Self::Transit => "transit",
        }
    }

    /// The tier's part of an environment's range: how many bits longer its prefix is, and which part of that length.
    const fn part(self) -> (u8, usize) {
        match self {
            Self::App => (1, 0),
            Self::Public => (2, 2),
            Self::Data => (3, 6),
            Self::Transit => (4, 14),
        }
    }

    /// The tier's position among IPv6 subnets.
    const fn number(self) -> u16 {
        match self {
            Self::App => 0,
            Self::Public => 1,
            Self::Data => 2,
            Self::Transit => 3,
        }
    }

    /// The IPv4 range that holds every subnet of the tier; none when the environment's range is too narrow.
    pub fn range(self, environment: Ipv4Net) -> Option<Ipv4Net> {
        let (longer, part) = self.part();
        environment
            .trunc()
            .subnets(environment.prefix_len().checked_add(longer)?)
            .ok()?
            .nth(part)
    }

    /// The IPv4 ranges of the tier's zone slots, in order; fewer than [`ZONE_SLOTS`] when the range is too narrow.
    pub fn slots(self, environment: Ipv4Net) -> Vec<Ipv4Net> {
        let Some(range) = self.range(environment) else {
            return Vec::new();
        };
        let length = match self {
            Self::Transit => TRANSIT_PREFIX,
            // Two bits longer: four slots.
            Self::App | Self::Public | Self::Data => range.prefix_len().saturating_add(2),
        };
        range
            .subnets(length)
            .map(|slots| slots.take(ZONE_SLOTS).collect())
            .unwrap_or_default()
    }

    /// The IPv6 range that holds every subnet of the tier: the tier's sixteen /64 out of the environment's /56.
    pub fn range6(self, environment: Ipv6Net) -> Ipv6Net {
        nth_64(environment, self.number() << 4, 60)
    }

    /// The IPv6 range of a subnet in the given zone slot.
    pub fn slot6(self, environment: Ipv6Net, slot: u16) -> Ipv6Net {
        nth_64(environment, (self.number() << 4) | (slot & 0xf), 64)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The range of the given length that starts at the n-th /64 of an environment's /56.
fn nth_64(environment: Ipv6Net, n: u16, length: u8) -> Ipv6Net {
    let bits = environment.trunc().addr().to_bits() | (u128::from(n) << 64);
    Ipv6Net::new_assert(Ipv6Addr::from_bits(bits), length)
}

/// The addresses of a subnet that AWS gives to interfaces: all but the first four and the last.
pub fn usable(subnet: Ipv4Net) -> impl Iterator<Item = Ipv4Addr> {
    let first = subnet.network().to_bits().saturating_add(RESERVED_FIRST);
    (first..subnet.broadcast().to_bits()).map(Ipv4Addr::from_bits)
}

/// How many addresses of a subnet AWS gives to interfaces.
pub fn usable_count(subnet: Ipv4Net) -> u32 {
    let all = subnet.broadcast().to_bits() - subnet.network().to_bits();
    all.saturating_sub(RESERVED_FIRST)
}

/// Whether AWS gives the address to an interface in the subnet.
pub fn is_usable(subnet: Ipv4Net, address: Ipv4Addr) -> bool {
    subnet.contains(&address)
        && address.to_bits() - subnet.network().to_bits() >= RESERVED_FIRST
        && address != subnet.broadcast()
}

/// The IPv6 address of an interface: its IPv4 address in the last 32 bits of its subnet's /64, so that the lock need
/// not hold it and people see at once whose it is.
pub fn embed(subnet: Ipv6Net, address: Ipv4Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(subnet.trunc().addr().to_bits() | u128::from(address.to_bits()))
}

/// The range of stand-ins for public addresses that AWS will allot: kept for benchmarks (RFC 2544), never routed.
pub const PUBLIC_STAND_INS: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15);

/// The ranges of stand-ins for other people's addresses on the Internet: kept for documentation (RFC 5737).
pub const INTERNET_STAND_INS: [Ipv4Net; 3] = [
    Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(198, 51, 100, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 2, 0), 24),
];

/// The range out of which VPCs get IPv6 ranges until AWS allots real ones: kept for documentation (RFC 3849).
pub const VPC_STAND_INS6: Ipv6Net =
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0), 48);

/// The /64 of stand-ins for other people's IPv6 addresses on the Internet.
pub const INTERNET_STAND_INS6: Ipv6Net =
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 0), 64);

/// Whether two ranges share an address.
pub fn overlap(left: &IpNet, right: &IpNet) -> bool {
    left.contains(right) || right.contains(left)
}

/// What is left of a range without one address: at most one range for each bit of its length.
pub(crate) fn without(range: IpNet, address: IpAddr) -> Vec<IpNet> {
    let mut left = Vec::new();
    let mut around = range.contains(&address).then_some(range);
    if around.is_none() {
        left.push(range);
    }
    // Halving ends with the address alone, which has no halves.
    while let Some(range) = around.take() {
        for half in range.subnets(range.prefix_len() + 1).into_iter().flatten() {
            if half.contains(&address) {
                around = Some(half);
            } else {
                left.push(half);
            }
        }
    }
    left
}

/// The first address of a range that a host may have: the range's own, when it is a single address.
pub fn first_host(range: IpNet) -> IpAddr {
    let single = range.prefix_len() >= range.max_prefix_len().saturating_sub(1);
    match range {
        IpNet::V4(net) if !single => {
            Ipv4Addr::from_bits(net.network().to_bits().saturating_add(1)).into()
        }
        IpNet::V6(net) if !single => {
            Ipv6Addr::from_bits(net.network().to_bits().saturating_add(1)).into()
        }
        net => net.network(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Ipv4Net {
        text.parse().expect("a range")
    }

    fn check(environment: &str, tier: Tier, wanted: &[&str]) {
        let wanted: Vec<Ipv4Net> = wanted.iter().map(|text| net(text)).collect();
        assert_eq!(tier.slots(net(environment)), wanted, "{environment} {tier}");
    }

    #[test]
    fn cuts_by_tier_and_zone() {
        check(
            "10.20.0.0/16",
            Tier::App,
            &[
                "10.20.0.0/19",
                "10.20.32.0/19",
                "10.20.64.0/19",
                "10.20.96.0/19",
            ],
        );
        check(
            "10.20.0.0/16",
            Tier::Transit,
            &[
                "10.20.224.0/28",
                "10.20.224.16/28",
                "10.20.224.32/28",
                "10.20.224.48/28",
            ],
        );
        check(
            "10.20.4.0/22",
            Tier::Data,
            &[
                "10.20.7.0/27",
                "10.20.7.32/27",
                "10.20.7.64/27",
                "10.20.7.96/27",
            ],
        );
        check(
            "10.20.4.0/22",
            Tier::Transit,
            &[
                "10.20.7.128/28",
                "10.20.7.144/28",
                "10.20.7.160/28",
                "10.20.7.176/28",
            ],
        );
        check("10.20.4.0/30", Tier::Transit, &[]);
        check("10.20.4.1/32", Tier::App, &[]);
    }

    #[test]
    fn no_two_subnets_overlap_at_any_length() {
        for length in WIDEST..=NARROWEST {
            let environment = Ipv4Net::new_assert(Ipv4Addr::new(10, 128, 0, 0), length);
            let all: Vec<Ipv4Net> = Tier::ALL
                .iter()
                .flat_map(|tier| tier.slots(environment))
                .collect();
            assert_eq!(all.len(), 4 * ZONE_SLOTS);
            for (i, left) in all.iter().enumerate() {
                assert!(environment.contains(left));
                for right in all.iter().skip(i + 1) {
                    assert!(
                        !left.contains(right) && !right.contains(left),
                        "{left} {right}"
                    );
                }
            }
        }
    }

    #[test]
    fn leaves_what_aws_keeps() {
        let subnet = net("10.0.0.0/28");
        let all: Vec<Ipv4Addr> = usable(subnet).collect();
        assert_eq!(all.len(), 11);
        assert_eq!(usable_count(subnet), 11);
        assert_eq!(all.first(), Some(&Ipv4Addr::new(10, 0, 0, 4)));
        assert_eq!(all.last(), Some(&Ipv4Addr::new(10, 0, 0, 14)));
        for last in 0..=16 {
            let address = Ipv4Addr::new(10, 0, 0, last);
            assert_eq!(
                is_usable(subnet, address),
                all.contains(&address),
                "{address}"
            );
        }
    }

    #[test]
    fn leaves_one_address_out() {
        let check = |range: &str, address: &str, wanted: &[&str]| {
            let left = without(
                range.parse().expect("a range"),
                address.parse().expect("an address"),
            );
            let left: Vec<String> = left.iter().map(ToString::to_string).collect();
            assert_eq!(left, wanted, "{range} without {address}");
        };
        check("10.0.0.0/30", "10.0.0.2", &["10.0.0.0/31", "10.0.0.3/32"]);
        check("10.0.0.0/30", "10.0.1.2", &["10.0.0.0/30"]);
        check("10.0.0.2/32", "10.0.0.2", &[]);
        check("10.0.0.0/30", "::1", &["10.0.0.0/30"]);
        let all: IpNet = "::/0".parse().expect("a range");
        assert_eq!(without(all, Ipv6Addr::LOCALHOST.into()).len(), 128);
    }

    #[test]
    fn picks_the_first_host() {
        let check = |range: &str, wanted: &str| {
            assert_eq!(
                first_host(range.parse().expect("a range")).to_string(),
                wanted
            );
        };
        check("198.51.100.0/28", "198.51.100.1");
        check("198.51.100.7/32", "198.51.100.7");
        check("198.51.100.6/31", "198.51.100.6");
        check("2001:db8:5::/48", "2001:db8:5::1");
        check("2001:db8:5::9/128", "2001:db8:5::9");
    }
}

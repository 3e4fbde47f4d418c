//! Sets of addresses of both families, and the ranges that no Internet address is out of.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::family::{Family, addresses, number};
use crate::interval::Interval;

/// IPv4 ranges that nobody on the Internet has, by IANA's registry of special-purpose addresses. The documentation
/// ranges (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24) are left in: examples use them for hosts on the Internet.
const SPECIAL_V4: [(u32, u32); 11] = [
    (0x0000_0000, 0x00ff_ffff), // 0.0.0.0/8, this network
    (0x0a00_0000, 0x0aff_ffff), // 10.0.0.0/8, private
    (0x6440_0000, 0x647f_ffff), // 100.64.0.0/10, behind carriers' translation
    (0x7f00_0000, 0x7fff_ffff), // 127.0.0.0/8, loopback
    (0xa9fe_0000, 0xa9fe_ffff), // 169.254.0.0/16, link-local
    (0xac10_0000, 0xac1f_ffff), // 172.16.0.0/12, private
    (0xc000_0000, 0xc000_00ff), // 192.0.0.0/24, protocol assignments
    (0xc0a8_0000, 0xc0a8_ffff), // 192.168.0.0/16, private
    (0xc612_0000, 0xc613_ffff), // 198.18.0.0/15, benchmarks; a design's stand-ins for public addresses
    (0xe000_0000, 0xefff_ffff), // 224.0.0.0/4, multicast
    (0xf000_0000, 0xffff_ffff), // 240.0.0.0/4, reserved
];

/// The IPv6 addresses that IANA allots for the Internet, 2000::/3, with the documentation range 2001:db8::/32 left in.
const GLOBAL_V6: (u128, u128) = (0x2000 << 112, (0x4000 << 112) - 1);

/// A set of addresses: disjoint intervals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AddressSet {
    spans: Vec<(Family, Interval<u128>)>,
}

impl AddressSet {
    /// No address.
    pub(crate) const fn none() -> Self {
        Self { spans: Vec::new() }
    }

    /// Every address of both families.
    pub(crate) fn everything() -> Self {
        Self {
            spans: Family::BOTH.map(|family| (family, family.space())).to_vec(),
        }
    }

    /// The public unicast addresses of both families.
    pub(crate) fn public() -> Self {
        let mut all = Self::from(Family::V4, Family::V4.space());
        for (first, last) in SPECIAL_V4 {
            if let Some(span) = Interval::between(u128::from(first), u128::from(last)) {
                all.remove(Family::V4, span);
            }
        }
        all.spans
            .extend(Interval::between(GLOBAL_V6.0, GLOBAL_V6.1).map(|span| (Family::V6, span)));
        all
    }

    /// One interval of a family.
    pub(crate) fn from(family: Family, span: Interval<u128>) -> Self {
        Self {
            spans: vec![(family, span)],
        }
    }

    /// A prefix's addresses.
    pub(crate) fn of_prefix(prefix: IpNet) -> Self {
        let (family, span) = addresses(prefix);
        Self::from(family, span)
    }

    /// The addresses of all these prefixes.
    pub(crate) fn of_prefixes<'a>(prefixes: impl IntoIterator<Item = &'a IpNet>) -> Self {
        let mut all = Self::default();
        for prefix in prefixes {
            let (family, span) = addresses(*prefix);
            all.insert(family, span);
        }
        all
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The intervals of one family.
    pub(crate) fn of(&self, family: Family) -> impl Iterator<Item = Interval<u128>> {
        self.spans
            .iter()
            .filter(move |(of, _)| *of == family)
            .map(|(_, span)| *span)
    }

    pub(crate) fn has(&self, family: Family, number: u128) -> bool {
        self.of(family).any(|span| span.contains(number))
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.has(Family::of(address), number(address))
    }

    /// Adds an interval.
    pub(crate) fn insert(&mut self, family: Family, span: Interval<u128>) {
        let mut added = Self::from(family, span);
        added.subtract(self);
        self.spans.append(&mut added.spans);
    }

    /// Adds one address.
    pub(crate) fn insert_address(&mut self, address: IpAddr) {
        self.insert(Family::of(address), Interval::one(number(address)));
    }

    /// Adds another set's addresses.
    pub(crate) fn unite(&mut self, other: &Self) {
        for (family, span) in &other.spans {
            self.insert(*family, *span);
        }
    }

    /// Takes an interval away.
    pub(crate) fn remove(&mut self, family: Family, taken: Interval<u128>) {
        let mut left = Vec::with_capacity(self.spans.len() + 1);
        for (of, span) in &self.spans {
            if *of != family || span.intersect(taken).is_none() {
                left.push((*of, *span));
            } else {
                let rest = [span.before(taken), span.after(taken)];
                left.extend(rest.into_iter().flatten().map(|rest| (family, rest)));
            }
        }
        self.spans = left;
    }

    /// Takes another set's addresses away.
    pub(crate) fn subtract(&mut self, other: &Self) {
        for (family, span) in &other.spans {
            self.remove(*family, *span);
        }
    }

    /// The addresses in both sets.
    pub(crate) fn intersect(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for (family, span) in &self.spans {
            let common = other.of(*family).filter_map(|with| span.intersect(with));
            both.spans.extend(common.map(|common| (*family, common)));
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(prefixes: &[&str]) -> AddressSet {
        let prefixes: Vec<IpNet> = prefixes
            .iter()
            .map(|prefix| prefix.parse().expect("a prefix"))
            .collect();
        AddressSet::of_prefixes(&prefixes)
    }

    fn check(set: &AddressSet, address: &str, wanted: bool) {
        let parsed = address.parse().expect("an address");
        assert_eq!(set.contains(parsed), wanted, "{address}");
    }

    #[test]
    fn public_addresses_leave_out_special_ranges() {
        let public = AddressSet::public();
        for private in [
            "0.1.2.3",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.0",
            "198.19.255.255",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "1fff:ffff::",
            "4000::",
        ] {
            check(&public, private, false);
        }
        for held in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.113.9",
            "223.255.255.255",
            "2000::",
            "2001:db8::1",
            "3fff:ffff::",
        ] {
            check(&public, held, true);
        }
    }

    #[test]
    fn families_do_not_mix() {
        check(&set(&["::/0"]), "10.0.0.1", false);
        check(&set(&["0.0.0.0/0"]), "::a00:1", false);
    }

    #[test]
    fn sets_subtract_and_intersect() {
        let mut left = set(&["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"]);
        assert_eq!(left.spans.len(), 2, "an overlap is held once");
        left.subtract(&set(&["10.1.2.0/24"]));
        check(&left, "10.1.2.9", false);
        check(&left, "10.1.3.0", true);
        let both = left.intersect(&set(&["10.1.2.0/23"]));
        assert_eq!(both, set(&["10.1.3.0/24"]));
        left.subtract(&set(&["0.0.0.0/0", "::/0"]));
        assert!(left.is_empty());
    }
}

//! How the addresses that a name has differ from those that it should have. Pure.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

/// How two sets of addresses differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Public addresses where private ones are expected: the answer of the zone's outer view.
    PublicForPrivate(Sets),
    /// Private addresses where public ones are expected: the answer of the zone's inner view.
    PrivateForPublic(Sets),
    /// The name is there and has no address.
    Empty(Sets),
    /// Addresses that it had before, and has no longer.
    Stale(Sets),
    /// Any other difference.
    Other(Sets),
}

/// Addresses wanted and found, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sets {
    /// Those that the name should have.
    pub wanted: BTreeSet<IpAddr>,
    /// Those that it has.
    pub found: BTreeSet<IpAddr>,
}

/// Says how the addresses found differ from those wanted; `former` are addresses that the name had before. None where
/// they do not differ.
pub fn compare<'a>(
    wanted: impl IntoIterator<Item = &'a IpAddr>,
    found: impl IntoIterator<Item = &'a IpAddr>,
    former: &BTreeSet<IpAddr>,
) -> Option<Difference> {
    let sets = Sets {
        wanted: wanted.into_iter().copied().collect(),
        found: found.into_iter().copied().collect(),
    };
    if sets.wanted == sets.found {
        return None;
    }
    let all_private = |set: &BTreeSet<IpAddr>| !set.is_empty() && set.iter().all(is_private);
    let none_private = |set: &BTreeSet<IpAddr>| !set.is_empty() && !set.iter().any(is_private);
    let extra: BTreeSet<IpAddr> = sets.found.difference(&sets.wanted).copied().collect();
    Some(if sets.found.is_empty() {
        Difference::Empty(sets)
    } else if !extra.is_empty() && extra.is_subset(former) {
        Difference::Stale(sets)
    } else if all_private(&sets.wanted) && none_private(&sets.found) {
        Difference::PublicForPrivate(sets)
    } else if none_private(&sets.wanted) && all_private(&sets.found) {
        Difference::PrivateForPublic(sets)
    } else {
        Difference::Other(sets)
    })
}

/// Whether an address means nothing on the Internet: RFC 1918, 6598, 3927 and 4193, and the machine's own.
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_link_local()
                || v4.is_loopback()
                || a == 100 && (64..128).contains(&b)
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}

impl Difference {
    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::PublicForPrivate(_) => {
                "give this client the zone's inner view: by the server's match of clients, or by forwarding the zone to a server that has it"
            }
            Self::PrivateForPublic(_) => {
                "give this client the zone's outer view: a server for the Internet must not tell private addresses"
            }
            Self::Empty(_) => "add the address records to the zone",
            Self::Stale(_) => {
                "bring the zone up to date; if it is, wait for caches until the record's time to live is over"
            }
            Self::Other(_) => "correct the zone's address records",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, sets) = match self {
            Self::PublicForPrivate(sets) => (
                "wrong view: public addresses where private ones are expected",
                sets,
            ),
            Self::PrivateForPublic(sets) => (
                "wrong view: private addresses where public ones are expected",
                sets,
            ),
            Self::Empty(sets) => ("no address", sets),
            Self::Stale(sets) => ("stale: addresses of before", sets),
            Self::Other(sets) => ("other addresses", sets),
        };
        let list = |set: &BTreeSet<IpAddr>| {
            if set.is_empty() {
                return "none".to_owned();
            }
            let texts: Vec<String> = set.iter().map(IpAddr::to_string).collect();
            texts.join(", ")
        };
        write!(
            f,
            "{what}: found {}, wanted {}",
            list(&sets.found),
            list(&sets.wanted)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> BTreeSet<IpAddr> {
        text.split_whitespace()
            .map(|text| text.parse().expect("an address"))
            .collect()
    }

    fn check(wanted: &str, found: &str, former: &str, words: Option<&str>) {
        let got = compare(&addresses(wanted), &addresses(found), &addresses(former));
        assert_eq!(got.map(|got| got.to_string()).as_deref(), words);
    }

    #[test]
    fn differences_are_named() {
        check("10.0.0.1 10.0.0.2", "10.0.0.2 10.0.0.1", "", None);
        check("", "", "", None);
        check(
            "10.0.0.1",
            "203.0.113.9",
            "",
            Some(
                "wrong view: public addresses where private ones are expected: found 203.0.113.9, wanted 10.0.0.1",
            ),
        );
        check(
            "fd00::1",
            "2001:db8::1",
            "",
            Some(
                "wrong view: public addresses where private ones are expected: found 2001:db8::1, wanted fd00::1",
            ),
        );
        check(
            "198.18.0.1",
            "10.0.0.1",
            "",
            Some(
                "wrong view: private addresses where public ones are expected: found 10.0.0.1, wanted 198.18.0.1",
            ),
        );
        check(
            "10.0.0.1",
            "",
            "",
            Some("no address: found none, wanted 10.0.0.1"),
        );
        check(
            "10.0.0.1",
            "10.0.0.9",
            "10.0.0.9",
            Some("stale: addresses of before: found 10.0.0.9, wanted 10.0.0.1"),
        );
        check(
            "10.0.0.1",
            "10.0.0.1 10.0.0.9",
            "10.0.0.9 10.0.0.8",
            Some("stale: addresses of before: found 10.0.0.1, 10.0.0.9, wanted 10.0.0.1"),
        );
        check(
            "10.0.0.1",
            "10.0.0.7",
            "10.0.0.9",
            Some("other addresses: found 10.0.0.7, wanted 10.0.0.1"),
        );
        check(
            "10.0.0.1",
            "10.0.0.1 203.0.113.1",
            "",
            Some("other addresses: found 10.0.0.1, 203.0.113.1, wanted 10.0.0.1"),
        );
        check(
            "10.0.0.1 10.0.0.2",
            "10.0.0.1",
            "",
            Some("other addresses: found 10.0.0.1, wanted 10.0.0.1, 10.0.0.2"),
        );
        check(
            "",
            "10.0.0.1",
            "",
            Some("other addresses: found 10.0.0.1, wanted none"),
        );
        check(
            "100.64.0.1 169.254.0.1",
            "8.8.8.8",
            "",
            Some(
                "wrong view: public addresses where private ones are expected: found 8.8.8.8, wanted 100.64.0.1, 169.254.0.1",
            ),
        );
    }
}

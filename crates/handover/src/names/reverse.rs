//! Reverse zones: the names of addresses, for those who want log files to read well.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use model::service::{RecordData, Zone};

use super::spelling::{absolute, fits};
use super::zone::{Line, ZoneForm, write};

/// Bits of address that one label of a reverse name stands for.
const OCTET: u8 = 8;
const NIBBLE: u8 = 4;

/// Writes the reverse zones of some ranges: for each zone its name and its file. An address outside all ranges, or a
/// wildcard, has none.
///
/// A zone ends at a label, 8 bits in IPv4 and 4 in IPv6. A range that does not is cut into the next longer zones, of
/// which those are written that have a name, so that no zone claims addresses beyond the range; IPv4 ranges longer than
/// /24 share the zone of their /24.
pub fn reverse_zones(
    zones: &[Zone],
    ranges: &[IpNet],
    form: &ZoneForm,
) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, BTreeSet<(IpAddr, String)>> = BTreeMap::new();
    for record in zones.iter().flat_map(|zone| &zone.records) {
        let RecordData::Addresses(addresses) = &record.data else {
            continue;
        };
        if record.name.starts_with('*') || !fits(&record.name) {
            continue;
        }
        for address in addresses {
            let range = ranges
                .iter()
                .filter(|range| range.contains(address))
                .max_by_key(|range| range.prefix_len());
            if let Some(range) = range {
                let (zone, _) = names(*address, zone_length(range));
                found
                    .entry(zone)
                    .or_default()
                    .insert((*address, record.name.to_lowercase()));
            }
        }
    }
    found
        .into_iter()
        .map(|(zone, pointers)| {
            let lines: Vec<_> = pointers
                .into_iter()
                .map(|(address, name)| Line {
                    owner: owner(address, &zone),
                    kind: "PTR",
                    data: absolute(&name),
                })
                .collect();
            let text = write(&zone, form, &lines, &[]);
            (zone, text)
        })
        .collect()
}

/// How many bits the zone of a range holds fast.
fn zone_length(range: &IpNet) -> u8 {
    match range {
        IpNet::V4(net) => net.prefix_len().div_ceil(OCTET).clamp(1, 3) * OCTET,
        // Nothing is delegated below /64, where hosts stand.
        IpNet::V6(net) => net.prefix_len().div_ceil(NIBBLE).clamp(1, 16) * NIBBLE,
    }
}

/// The reverse name of an address's zone, and of the address itself.
fn names(address: IpAddr, length: u8) -> (String, String) {
    let (labels, size, root): (Vec<String>, u8, &str) = match address {
        IpAddr::V4(address) => (
            address.octets().iter().map(ToString::to_string).collect(),
            OCTET,
            "in-addr.arpa",
        ),
        IpAddr::V6(address) => (
            address
                .octets()
                .iter()
                .flat_map(|octet| [octet >> 4, octet & 15])
                .map(|nibble| format!("{nibble:x}"))
                .collect(),
            NIBBLE,
            "ip6.arpa",
        ),
    };
    let name = |count: usize| {
        let mut reversed: Vec<&str> = labels.iter().take(count).map(String::as_str).collect();
        reversed.reverse();
        reversed.push(root);
        reversed.join(".")
    };
    (name(usize::from(length / size)), name(labels.len()))
}

/// An address's name seen from its zone.
fn owner(address: IpAddr, zone: &str) -> String {
    let (_, name) = names(address, 0);
    name.strip_suffix(zone).map_or_else(
        || absolute(&name),
        |relative| relative.trim_end_matches('.').to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_end_at_labels_and_claim_nothing_beyond_their_range() {
        let check = |range: &str, address: &str, wanted: &str| {
            let range: IpNet = range.parse().expect("a range");
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(names(address, zone_length(&range)).0, wanted, "{range}");
        };
        check("10.20.0.0/16", "10.20.3.4", "20.10.in-addr.arpa");
        check("10.20.0.0/20", "10.20.3.4", "3.20.10.in-addr.arpa");
        check("10.20.3.0/24", "10.20.3.4", "3.20.10.in-addr.arpa");
        check("10.20.3.0/28", "10.20.3.4", "3.20.10.in-addr.arpa");
        check("10.0.0.0/8", "10.20.3.4", "10.in-addr.arpa");
        check("172.16.0.0/12", "172.20.3.4", "20.172.in-addr.arpa");
        check("0.0.0.0/0", "10.20.3.4", "10.in-addr.arpa");
        check("2001:db8::/32", "2001:db8::1", "8.b.d.0.1.0.0.2.ip6.arpa");
        check("2001:db8::/30", "2001:db8::1", "8.b.d.0.1.0.0.2.ip6.arpa");
    }
}

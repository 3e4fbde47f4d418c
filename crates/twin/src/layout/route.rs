//! Which of several routes holds, settled here so that the kernel needs only the longest prefix.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::Hop;

/// How strong a route is among those to one prefix; the lower one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Local,
    Static,
    Propagated,
}

/// The strongest route to each prefix; or the prefix to which two routes of one standing lead differently.
///
/// A propagated route never wins over a local one, be it more specific.
pub(super) fn strongest<T: PartialEq>(
    routes: impl IntoIterator<Item = (IpNet, Standing, T)>,
) -> Result<BTreeMap<IpNet, T>, IpNet> {
    let mut ranked: Vec<(IpNet, Standing, T)> = routes
        .into_iter()
        .map(|(destination, standing, target)| (destination.trunc(), standing, target))
        .collect();
    ranked.sort_by_key(|(prefix, standing, _)| (*prefix, *standing));
    let local: Vec<IpNet> = ranked
        .iter()
        .filter(|(_, standing, _)| *standing == Standing::Local)
        .map(|(prefix, ..)| *prefix)
        .collect();
    let mut best: BTreeMap<IpNet, (Standing, T)> = BTreeMap::new();
    for (prefix, standing, target) in ranked {
        let is_local = |range: &IpNet| range.contains(&prefix);
        if standing == Standing::Propagated && local.iter().any(is_local) {
            continue;
        }
        match best.get(&prefix) {
            None => {
                best.insert(prefix, (standing, target));
            }
            Some((held, other)) if *held == standing && *other != target => return Err(prefix),
            Some(_) => {}
        }
    }
    Ok(best
        .into_iter()
        .map(|(prefix, (_, target))| (prefix, target))
        .collect())
}

/// The routes that one route stands for when the ranges within its prefix are reached by hops of their own.
///
/// A range gets its hop only where no longer prefix of the table covers it: that one would have won.
pub(super) fn spread<T>(
    table: &BTreeMap<IpNet, T>,
    prefix: IpNet,
    ranges: impl IntoIterator<Item = (IpNet, Hop)>,
    rest: Hop,
) -> Vec<(IpNet, Hop)> {
    let mut rest = rest;
    let mut routes = Vec::new();
    for (range, hop) in ranges {
        if range.contains(&prefix) {
            rest = hop;
        } else if prefix.contains(&range) && longest(table, &range) == Some(prefix) {
            routes.push((range, hop));
        }
    }
    routes.push((prefix, rest));
    routes
}

fn longest<T>(table: &BTreeMap<IpNet, T>, range: &IpNet) -> Option<IpNet> {
    table
        .keys()
        .filter(|prefix| prefix.contains(range))
        .max_by_key(|prefix| prefix.prefix_len())
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    use Standing::{Local, Propagated, Static};

    fn net(text: &str) -> IpNet {
        text.parse().expect("a prefix")
    }

    /// Each route is `(prefix, standing, target)`; the outcome is which target each prefix has, or the ambiguous prefix.
    fn check(routes: &[(&str, Standing, u8)], wanted: Result<&[(&str, u8)], &str>) {
        let found = strongest(
            routes
                .iter()
                .map(|(prefix, standing, target)| (net(prefix), *standing, *target)),
        );
        let wanted = wanted
            .map(|table| {
                table
                    .iter()
                    .map(|(prefix, to)| (net(prefix), *to))
                    .collect()
            })
            .map_err(net);
        assert_eq!(found, wanted, "{routes:?}");
    }

    #[test]
    fn the_strongest_route_holds() {
        check(&[], Ok(&[]));
        check(
            &[("10.0.0.0/8", Propagated, 1), ("10.0.0.0/8", Static, 2)],
            Ok(&[("10.0.0.0/8", 2)]),
        );
        check(
            &[("10.0.0.0/8", Static, 1), ("10.0.0.0/8", Local, 2)],
            Ok(&[("10.0.0.0/8", 2)]),
        );
        check(
            &[("10.0.0.9/8", Static, 1), ("10.0.0.0/8", Static, 1)],
            Ok(&[("10.0.0.0/8", 1)]),
        );
        check(
            &[
                ("10.0.0.0/16", Local, 1),
                ("10.0.1.0/24", Propagated, 2),
                ("10.0.2.0/24", Static, 3),
            ],
            Ok(&[("10.0.0.0/16", 1), ("10.0.2.0/24", 3)]),
        );
        check(
            &[("10.0.0.0/16", Local, 1), ("10.0.0.0/8", Propagated, 2)],
            Ok(&[("10.0.0.0/16", 1), ("10.0.0.0/8", 2)]),
        );
    }

    #[test]
    fn two_of_one_standing_are_ambiguous() {
        check(
            &[("10.0.0.0/8", Static, 1), ("10.0.0.0/8", Static, 2)],
            Err("10.0.0.0/8"),
        );
        check(
            &[("10.0.0.0/8", Propagated, 1), ("10.0.0.0/8", Propagated, 2)],
            Err("10.0.0.0/8"),
        );
        // But not where a stronger one holds.
        check(
            &[
                ("10.0.0.0/8", Propagated, 1),
                ("10.0.0.0/8", Static, 3),
                ("10.0.0.0/8", Propagated, 2),
            ],
            Ok(&[("10.0.0.0/8", 3)]),
        );
    }

    fn check_spread(table: &[&str], prefix: &str, ranges: &[(&str, u32)], wanted: &[(&str, u32)]) {
        let table: BTreeMap<IpNet, ()> = table.iter().map(|prefix| (net(prefix), ())).collect();
        let hops = ranges
            .iter()
            .map(|(range, link)| (net(range), Hop::Link(*link)));
        let mut found = spread(&table, net(prefix), hops, Hop::Link(0));
        found.sort();
        let mut wanted: Vec<_> = wanted
            .iter()
            .map(|(to, link)| (net(to), Hop::Link(*link)))
            .collect();
        wanted.sort();
        assert_eq!(found, wanted, "{prefix} of {table:?}");
    }

    #[test]
    fn a_route_is_spread_over_the_ranges_that_it_decides() {
        let ranges = [("10.0.1.0/24", 1), ("10.0.2.0/24", 2)];
        check_spread(
            &["10.0.0.0/16"],
            "10.0.0.0/16",
            &ranges,
            &[("10.0.0.0/16", 0), ("10.0.1.0/24", 1), ("10.0.2.0/24", 2)],
        );
        // A longer prefix covers a range, or is it.
        check_spread(
            &["10.0.0.0/16", "10.0.2.0/23"],
            "10.0.0.0/16",
            &ranges,
            &[("10.0.0.0/16", 0), ("10.0.1.0/24", 1)],
        );
        check_spread(
            &["10.0.0.0/16", "10.0.2.0/24"],
            "10.0.0.0/16",
            &ranges,
            &[("10.0.0.0/16", 0), ("10.0.1.0/24", 1)],
        );
        // The route is within a range, or is one.
        check_spread(
            &["10.0.1.0/25"],
            "10.0.1.0/25",
            &ranges,
            &[("10.0.1.0/25", 1)],
        );
        check_spread(
            &["10.0.2.0/24"],
            "10.0.2.0/24",
            &ranges,
            &[("10.0.2.0/24", 2)],
        );
        // Of another family, or elsewhere.
        check_spread(&["::/0"], "::/0", &ranges, &[("::/0", 0)]);
        check_spread(
            &["172.16.0.0/12"],
            "172.16.0.0/12",
            &ranges,
            &[("172.16.0.0/12", 0)],
        );
    }
}

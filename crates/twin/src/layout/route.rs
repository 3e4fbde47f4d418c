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
pub(super) fn strongest<T: PartialEq>(
    routes: impl IntoIterator<Item = (IpNet, Standing, T)>,
) -> Result<BTreeMap<IpNet, T>, IpNet> {
    let mut best: BTreeMap<IpNet, (Standing, T)> = BTreeMap::new();
    let mut rival: BTreeMap<IpNet, Standing> = BTreeMap::new();
    for (destination, standing, target) in routes {
        let prefix = destination.trunc();
        match best.get(&prefix) {
            Some((held, other)) if *held == standing => {
                if *other != target {
                    rival.insert(prefix, standing);
                }
            }
            Some((held, _)) if *held < standing => {}
            _ => {
                best.insert(prefix, (standing, target));
            }
        }
    }
    for (prefix, standing) in rival {
        if best.get(&prefix).is_some_and(|(held, _)| *held == standing) {
            return Err(prefix);
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

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

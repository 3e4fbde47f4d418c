//! Route tables as the addresses that each route decides.

use ipnet::IpNet;
use model::network::{Route, RouteTarget, TransitRoute};

use crate::addresses::AddressSet;

/// How a route ranks among those with equally long prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Local,
    Static,
    Propagated,
}

/// A table: for each route that decides anything, what it decides. The address sets are disjoint.
pub(crate) type Claims<T> = Vec<(AddressSet, T)>;

/// What each route of a VPC's table decides.
pub(crate) fn vpc_claims(routes: &[Route]) -> Claims<&RouteTarget> {
    claims(routes.iter().map(|route| {
        let rank = match (&route.target, route.propagated) {
            (RouteTarget::Local, _) => Rank::Local,
            (_, false) => Rank::Static,
            (_, true) => Rank::Propagated,
        };
        (route.destination, rank, &route.target)
    }))
}

/// What each route of a transit gateway's table decides.
pub(crate) fn transit_claims(routes: &[TransitRoute]) -> Claims<&TransitRoute> {
    claims(routes.iter().map(|route| {
        let rank = if route.propagated {
            Rank::Propagated
        } else {
            Rank::Static
        };
        (route.destination, rank, route)
    }))
}

/// The longest prefix wins, then the rank; a propagated route never wins over a local one, be it more specific.
fn claims<T>(routes: impl Iterator<Item = (IpNet, Rank, T)>) -> Claims<T> {
    let mut ordered: Vec<_> = routes.collect();
    ordered.sort_by_key(|(prefix, rank, _)| (std::cmp::Reverse(prefix.prefix_len()), *rank));
    let local = AddressSet::of_prefixes(
        ordered
            .iter()
            .filter(|(_, rank, _)| *rank == Rank::Local)
            .map(|(prefix, ..)| prefix),
    );
    let mut claimed = AddressSet::default();
    let mut claims = Vec::with_capacity(ordered.len());
    for (prefix, rank, route) in ordered {
        let mut space = AddressSet::of_prefix(prefix);
        if rank == Rank::Propagated {
            space.subtract(&local);
        }
        space.subtract(&claimed);
        if !space.is_empty() {
            claimed.unite(&space);
            claims.push((space, route));
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each route is `(prefix, target, propagated)`; a target that starts with `local` is local.
    fn check(routes: &[(&str, &str, bool)], address: &str, wanted: Option<&str>) {
        let routes: Vec<Route> = routes
            .iter()
            .map(|(prefix, target, propagated)| Route {
                destination: prefix.parse().expect("a prefix"),
                target: if *target == "local" {
                    RouteTarget::Local
                } else {
                    RouteTarget::Unmodelled((*target).to_owned())
                },
                propagated: *propagated,
            })
            .collect();
        let address = address.parse().expect("an address");
        let claims = vpc_claims(&routes);
        let found: Vec<_> = claims
            .iter()
            .filter(|(space, _)| space.contains(address))
            .map(|(_, target)| match target {
                RouteTarget::Unmodelled(name) => name.as_str(),
                _ => "local",
            })
            .collect();
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{address}");
    }

    #[test]
    fn the_longest_prefix_wins() {
        let table = [("0.0.0.0/0", "nat", false), ("10.9.0.0/16", "tgw", false)];
        check(&table, "10.9.1.1", Some("tgw"));
        check(&table, "10.8.1.1", Some("nat"));
        check(&table, "2001:db8::1", None);
    }

    #[test]
    fn a_propagated_route_loses_to_the_local_one_even_when_it_is_more_specific() {
        let table = [
            ("10.0.0.0/16", "local", false),
            ("10.0.1.0/24", "tgw", true),
        ];
        check(&table, "10.0.1.1", Some("local"));
    }

    #[test]
    fn a_static_route_may_be_more_specific_than_the_local_one() {
        let table = [
            ("10.0.0.0/16", "local", false),
            ("10.0.1.0/24", "eni", false),
        ];
        check(&table, "10.0.1.1", Some("eni"));
        check(&table, "10.0.2.1", Some("local"));
    }

    #[test]
    fn a_static_route_wins_over_a_propagated_one_to_the_same_prefix() {
        let table = [("10.9.0.0/16", "vpn", true), ("10.9.0.0/16", "tgw", false)];
        check(&table, "10.9.0.1", Some("tgw"));
    }

    #[test]
    fn a_longer_propagated_route_wins_over_a_static_one() {
        let table = [("10.9.0.0/16", "tgw", false), ("10.9.9.0/24", "vpn", true)];
        check(&table, "10.9.9.1", Some("vpn"));
    }
}

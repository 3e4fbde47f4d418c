//! What BIRD says of sessions and routes.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;
use model::vpn::{TunnelId, VpnRouting, VpnSide};
use serde::{Deserialize, Serialize};

use super::Leg;

/// What a router knows of its tunnels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterState {
    /// The tunnels by which the other side's router answers.
    pub carrying: BTreeSet<TunnelId>,
    /// What each tunnel offers.
    #[serde(with = "pairs")]
    pub learnt: BTreeMap<TunnelId, BTreeSet<Ipv4Net>>,
    /// By which tunnel packets leave, for each destination learnt.
    pub chosen: BTreeMap<Ipv4Net, TunnelId>,
}

/// Reads the replies to `show bfd sessions`, `show protocols` and `show route table learnt`.
pub(super) fn read(
    legs: &[Leg],
    sessions: &[String],
    protocols: &[String],
    learnt: &[String],
) -> RouterState {
    let mut state = RouterState {
        carrying: legs
            .iter()
            .filter(|leg| match leg.vpn.routing {
                VpnRouting::Bgp { .. } => established(protocols, &leg.protocol()),
                VpnRouting::Static => answering(sessions, leg),
            })
            .map(|leg| leg.tunnel.clone())
            .collect(),
        ..RouterState::default()
    };
    let mut destination = None;
    for line in learnt {
        // A destination stands at the beginning of its first line alone.
        let first = line.split_whitespace().next().unwrap_or_default();
        if !line.starts_with(char::is_whitespace) {
            destination = first.parse::<Ipv4Net>().ok();
        }
        let by = line.split_once('[').and_then(|(_, rest)| {
            let name = rest.split_whitespace().next()?;
            legs.iter().find(|leg| leg.protocol() == name)
        });
        if let (Some(net), Some(leg)) = (destination, by) {
            let offered = state.learnt.entry(leg.tunnel.clone()).or_default();
            offered.insert(net);
            if line.contains("] *") {
                state.chosen.insert(net, leg.tunnel.clone());
            }
        }
    }
    state
}

/// Whether a BGP session stands: NAME PROTO TABLE STATE SINCE INFO.
fn established(protocols: &[String], name: &str) -> bool {
    protocols.iter().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some(name) && words.last() == Some("Established")
    })
}

/// Whether the other side of a tunnel answers: ADDRESS INTERFACE STATE SINCE INTERVAL TIMEOUT.
fn answering(sessions: &[String], leg: &Leg) -> bool {
    sessions.iter().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words[..], [address, device, "Up", ..]
            if device == leg.device && is_inside(leg, address))
    })
}

fn is_inside(leg: &Leg, address: &str) -> bool {
    [VpnSide::Amazon, VpnSide::Customer]
        .into_iter()
        .filter_map(|side| leg.inside(side))
        .any(|(_, remote)| remote.to_string() == address)
}

/// A map whose keys are no texts, as a list of pairs.
mod pairs {
    use std::collections::{BTreeMap, BTreeSet};

    use ipnet::Ipv4Net;
    use model::vpn::TunnelId;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Learnt = BTreeMap<TunnelId, BTreeSet<Ipv4Net>>;

    pub(super) fn serialize<S: Serializer>(map: &Learnt, serializer: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Learnt, D::Error> {
        let pairs = Vec::<(TunnelId, BTreeSet<Ipv4Net>)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{BGP, connection, router};
    use super::*;

    fn read_as(
        routing: VpnRouting,
        sessions: &[&str],
        protocols: &[&str],
        learnt: &[&str],
    ) -> RouterState {
        let own = |lines: &[&str]| {
            lines
                .iter()
                .map(|&line| line.to_owned())
                .collect::<Vec<_>>()
        };
        let legs = router(&connection(routing), VpnSide::Amazon).legs;
        read(&legs, &own(sessions), &own(protocols), &own(learnt))
    }

    #[test]
    fn a_tunnel_carries_when_the_other_router_answers() {
        let check = |routing, sessions: &[&str], protocols: &[&str], wanted: &[u8]| {
            let state = read_as(routing, sessions, protocols, &[]);
            let carrying: Vec<u8> = state.carrying.iter().map(|id| id.number).collect();
            assert_eq!(carrying, wanted, "{sessions:?} {protocols:?}");
        };
        let up = "169.254.12.2              vpn4       Up         00:34:58.128    0.300    1.500";
        let established = "by_vpn1    BGP        ---        up     00:34:53.020  Established   ";
        check(VpnRouting::Static, &[up], &[], &[2]);
        check(VpnRouting::Static, &[&up.replace("Up", "Down")], &[], &[]);
        check(VpnRouting::Static, &[&up.replace("vpn4", "vpn1")], &[], &[]);
        check(VpnRouting::Static, &[&up.replace("12.2", "99.2")], &[], &[]);
        check(VpnRouting::Static, &[], &[established], &[]);
        check(
            VpnRouting::Static,
            &["", "x", "IP address Interface State"],
            &[],
            &[],
        );
        check(BGP, &[], &[established], &[1]);
        check(
            BGP,
            &[],
            &[&established.replace("Established", "Connect")],
            &[],
        );
        check(
            BGP,
            &[],
            &[&established.replace("by_vpn1 ", "by_vpn11 ")],
            &[],
        );
        check(BGP, &[up], &[], &[]);
    }

    #[test]
    fn what_is_learnt_is_told_from_what_is_chosen() {
        let state = read_as(
            BGP,
            &[],
            &[],
            &[
                "Table learnt:",
                "10.10.0.0/16         unicast [by_vpn1 00:34:55.039] * (100) [AS65010i]",
                "\tvia 169.254.11.2 on vpn1",
                "                     unicast [by_vpn4 00:34:55.039] (100) [AS65010i]",
                "\tvia 169.254.12.2 on vpn4",
                "10.20.0.0/16         blackhole [own 00:34:53.020] * (200)",
                "nonsense [by_vpn1",
                "[by_vpn4 x] *",
            ],
        );
        let net: Ipv4Net = "10.10.0.0/16".parse().expect("a range");
        let tunnel = |number| TunnelId {
            vpn: "vpn-1".into(),
            number,
        };
        assert_eq!(state.learnt[&tunnel(1)], [net].into());
        assert!(state.learnt[&tunnel(2)].contains(&net));
        assert_eq!(state.chosen.get(&net), Some(&tunnel(1)));
        let written = serde_json::to_value(&state).expect("it has a JSON form");
        let again: RouterState = serde_json::from_value(written).expect("it reads back");
        assert_eq!(again, state);
    }
}

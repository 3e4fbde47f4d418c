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
                VpnRouting::Bgp { .. } => established(protocols, &leg.device),
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
        if !line.starts_with(char::is_whitespace)
            && let Ok(net) = first.parse::<Ipv4Net>()
        {
            destination = Some(net);
        }
        let by = line.split_once('[').and_then(|(_, rest)| {
            let name = rest.split_whitespace().next()?;
            legs.iter().find(|leg| leg.device == name)
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
fn established(protocols: &[String], device: &str) -> bool {
    protocols.iter().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some(device) && words.last() == Some("Established")
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

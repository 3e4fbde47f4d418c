//! Faults of the VPN: tunnels that are lost, keys that differ, routes that are leaked. They need its real daemons.

use std::collections::BTreeSet;

use model::estate::Link;
use model::vpn::{TunnelId, VpnConnection, VpnRouting};

use super::subnet::anywhere;
use super::{Caught, Fault, Ground, Planted};
use crate::tunnels::TunnelFault;

const ROWS: &[&str] = &["R10"];

pub(super) const ONE_TUNNEL_DOWN: Fault = Fault {
    name: "one-tunnel-down",
    summary: "the Internet drops the packets of one tunnel: the data centre is still reached by the other",
    rows: ROWS,
    caught: Caught {
        proof: &[],
        packets: false,
        probe: &["data-centre/vpn-1/tunnel-1/up"],
        // With one lost already, the other is missed. By a second gateway there are more.
        besides: &["data-centre/vpn-1/tunnel-2/lost"],
        cause: &["vpn-1 tunnel 1"],
    },
    plant: one_down,
};

pub(super) const ALL_TUNNELS_DOWN: Fault = Fault {
    name: "all-tunnels-down",
    summary: "the Internet drops the packets of every tunnel: the data centre is out of reach",
    rows: ROWS,
    caught: Caught {
        proof: &[],
        packets: false,
        probe: &["data-centre/vpn-1/tunnel-1/up", "*/ntp/*"],
        // Whatever goes between AWS and the data centre.
        besides: &["*"],
        cause: &["vpn-1 tunnel 1"],
    },
    plant: all_down,
};

pub(super) const TUNNEL_KEY_WRONG: Fault = Fault {
    name: "tunnel-key-wrong",
    summary: "the customer's router has another pre-shared key for one tunnel than AWS",
    rows: ROWS,
    caught: Caught {
        proof: &[],
        packets: false,
        probe: &["data-centre/vpn-1/tunnel-1/up"],
        besides: &["data-centre/vpn-1/tunnel-2/lost"],
        cause: &["pre-shared keys"],
    },
    plant: key_wrong,
};

pub(super) const ROUTE_LEAKED_BY_BGP: Fault = Fault {
    name: "route-leaked-by-bgp",
    summary: "the customer's router announces by BGP, through the tunnels, a range that is not its own",
    rows: ROWS,
    caught: Caught {
        proof: &[],
        packets: false,
        probe: &[
            "data-centre/vpn-1/tunnel-1/up",
            "data-centre/vpn-1/tunnel-2/up",
        ],
        besides: &["data-centre/*/up"],
        cause: &["announces"],
    },
    plant: leaked,
};

/// A range of nobody's that the customer's router announces: kept for documentation and examples of benchmarks.
const FOREIGN: &str = "198.19.240.0/24";

fn first_tunnel(ground: &Ground<'_>) -> Option<TunnelId> {
    let (id, _) = ground.vpns.first()?.named_tunnels().next()?;
    Some(id)
}

fn one_down(ground: &mut Ground<'_>) -> Option<Planted> {
    let tunnel = first_tunnel(ground)?;
    let change = format!("the Internet drops every packet of {tunnel}");
    plant(ground, TunnelFault::Lost(BTreeSet::from([tunnel])), change)
}

fn all_down(ground: &mut Ground<'_>) -> Option<Planted> {
    let tunnels = ground.vpns.iter().flat_map(VpnConnection::named_tunnels);
    let tunnels: BTreeSet<TunnelId> = tunnels.map(|(id, _)| id).collect();
    if tunnels.is_empty() {
        return None;
    }
    let change = format!(
        "the Internet drops every packet of {} tunnels",
        tunnels.len()
    );
    plant(ground, TunnelFault::Lost(tunnels), change)
}

fn key_wrong(ground: &mut Ground<'_>) -> Option<Planted> {
    let tunnel = first_tunnel(ground)?;
    let change = format!("the customer's end of {tunnel} has another pre-shared key");
    plant(ground, TunnelFault::OtherKey(tunnel), change)
}

fn leaked(ground: &mut Ground<'_>) -> Option<Planted> {
    let dynamic = |vpn: &VpnConnection| matches!(vpn.routing, VpnRouting::Bgp { .. });
    if !ground.vpns.iter().any(dynamic) {
        return None;
    }
    let change = format!("the customer's router announces {FOREIGN} too");
    let foreign = FOREIGN.parse().ok()?;
    plant(ground, TunnelFault::Leaked(vec![foreign]), change)
}

fn plant(ground: &mut Ground<'_>, fault: TunnelFault, change: String) -> Option<Planted> {
    let joined = ground.estate.data_centre.as_ref()?;
    if !matches!(joined.link, Link::Vpn(_)) {
        return None;
    }
    let environment = anywhere(ground)?;
    *ground.tunnels = Some(fault);
    Some(Planted::new(environment, change))
}

//! The places that a network's VPN connections need beside it: where their daemons run, and what they lead to.
//!
//! Of what the daemons are this module knows nothing.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use model::id::{AttachmentId, SiteId, TransitGatewayId};
use model::vpn::{TunnelId, VpnConnection, VpnSide};
use model::{HostId, Network};

use crate::layout::{MAIN_TABLE, tables};
use crate::stand::Node;

/// Where the daemons of VPN connections run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Both ends of each tunnel.
    pub ends: Vec<End>,
    /// The routers on both sides.
    pub routers: Vec<Router>,
}

/// One end of a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The name under which a program may run there.
    pub program: HostId,
    /// The tunnel.
    pub tunnel: TunnelId,
    /// Whose end.
    pub side: VpnSide,
}

/// A router between tunnels and what is behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// The name under which a program may run there.
    pub program: HostId,
    /// Whose.
    pub side: VpnSide,
    /// The tunnels that end there, and the names that their devices get.
    pub legs: Vec<(TunnelId, String)>,
    /// The routing tables of the kernel's that lead into them.
    pub tables: Vec<Table>,
}

/// One routing table of a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The kernel's number for it.
    pub number: u32,
    /// The attachments whose tunnels' offers it takes in.
    pub learns: BTreeSet<AttachmentId>,
    /// Destinations that lead to an attachment whether its tunnels offer them or not.
    pub fixed: Vec<(Ipv4Net, AttachmentId)>,
}

impl Places {
    /// The names of all programs.
    pub fn programs(&self) -> impl Iterator<Item = &HostId> {
        let ends = self.ends.iter().map(|end| &end.program);
        ends.chain(self.routers.iter().map(|router| &router.program))
    }
}

/// The places of some connections of a network.
///
/// A table of a transit gateway takes in what an attachment's tunnels offer if the network has a propagated route to that
/// attachment in it.
#[must_use]
pub fn places(network: &Network, vpns: &[VpnConnection]) -> Places {
    let program = |node: Node| HostId::new(node.to_string());
    let ends = vpns.iter().flat_map(|vpn| {
        vpn.named_tunnels().flat_map(move |(tunnel, _)| {
            [VpnSide::Amazon, VpnSide::Customer].map(|side| End {
                program: program(Node::TunnelEnd(tunnel.clone(), side)),
                tunnel: tunnel.clone(),
                side,
            })
        })
    });
    let transits: BTreeSet<&TransitGatewayId> =
        vpns.iter().map(|vpn| &vpn.transit_gateway).collect();
    let sites: BTreeSet<&SiteId> = vpns.iter().map(|vpn| &vpn.site).collect();
    let amazon = transits.into_iter().map(|id| Router {
        program: program(Node::Transit(id.clone())),
        side: VpnSide::Amazon,
        legs: legs(vpns, |vpn| vpn.transit_gateway == *id),
        tables: of_transit(network, id, vpns),
    });
    let customer = sites.into_iter().map(|id| Router {
        program: program(Node::CustomerRouter(id.clone())),
        side: VpnSide::Customer,
        legs: legs(vpns, |vpn| vpn.site == *id),
        tables: vec![Table {
            number: MAIN_TABLE,
            learns: vpns
                .iter()
                .filter(|vpn| vpn.site == *id)
                .map(|vpn| vpn.attachment.clone())
                .collect(),
            fixed: Vec::new(),
        }],
    });
    Places {
        ends: ends.collect(),
        routers: amazon.chain(customer).collect(),
    }
}

fn legs(
    vpns: &[VpnConnection],
    wanted: impl Fn(&VpnConnection) -> bool,
) -> Vec<(TunnelId, String)> {
    vpns.iter()
        .filter(|vpn| wanted(vpn))
        .flat_map(VpnConnection::named_tunnels)
        .filter_map(|(id, _)| {
            let name = device(vpns, &id)?;
            Some((id, name))
        })
        .collect()
}

fn of_transit(network: &Network, id: &TransitGatewayId, vpns: &[VpnConnection]) -> Vec<Table> {
    let attachments: BTreeSet<&AttachmentId> = vpns
        .iter()
        .filter(|vpn| vpn.transit_gateway == *id)
        .map(|vpn| &vpn.attachment)
        .collect();
    let all = network
        .transit_gateways
        .get(id)
        .into_iter()
        .flat_map(tables);
    all.filter_map(|(number, _, routes)| {
        let mut table = Table {
            number,
            learns: BTreeSet::new(),
            fixed: Vec::new(),
        };
        for route in routes {
            match &route.attachment {
                Some(to) if attachments.contains(to) && route.propagated => {
                    table.learns.insert(to.clone());
                }
                Some(to) if attachments.contains(to) => {
                    if let IpNet::V4(net) = route.destination {
                        table.fixed.push((net.trunc(), to.clone()));
                    }
                }
                _ => {}
            }
        }
        let any = !table.learns.is_empty() || !table.fixed.is_empty();
        any.then_some(table)
    })
    .collect()
}

/// The name of a tunnel's device in the routers, different from that of any other.
pub(crate) fn device(vpns: &[VpnConnection], wanted: &TunnelId) -> Option<String> {
    let mut all = vpns.iter().flat_map(VpnConnection::named_tunnels);
    let position = all.position(|(id, _)| id == *wanted)?;
    Some(format!("vpn{}", position + 1))
}

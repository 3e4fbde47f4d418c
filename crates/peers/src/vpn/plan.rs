//! What each daemon of a VPN is told.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use ipnet::Ipv4Net;
use model::id::AttachmentId;
use model::secret::Secret;
use model::vpn::{Tunnel, TunnelId, VpnConnection, VpnSide};
use serde::{Deserialize, Serialize};

use super::Installed;

/// One end of one tunnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndPlan {
    /// The connection.
    pub vpn: VpnConnection,
    /// Which of its tunnels.
    pub tunnel: TunnelId,
    /// Whose end.
    pub side: VpnSide,
    /// The pre-shared key as this end has it.
    pub key: Secret,
    /// A folder of the daemon's own, for its configuration, key, log and sockets.
    pub data: PathBuf,
    /// The daemons.
    pub installed: Installed,
}

/// A router between tunnels and what is behind them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterPlan {
    /// Whose.
    pub side: VpnSide,
    /// Its tunnels, the preferred one first.
    pub legs: Vec<Leg>,
    /// The kernel's routing tables that are filled from what the tunnels offer.
    pub tables: Vec<Table>,
    /// A folder of the daemon's own, for its configuration, log and sockets.
    pub data: PathBuf,
    /// The daemons.
    pub installed: Installed,
}

/// A tunnel as a router sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The connection.
    pub vpn: VpnConnection,
    /// Which of its tunnels.
    pub tunnel: TunnelId,
    /// The device that leads into it.
    pub device: String,
}

/// One of the kernel's routing tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its number; 254 is `main`.
    pub number: u32,
    /// The attachments whose tunnels' offers it takes in.
    pub learns: BTreeSet<AttachmentId>,
    /// Destinations that lead into an attachment's tunnels whether they offer them or not, as long as one carries.
    pub fixed: Vec<(Ipv4Net, AttachmentId)>,
}

impl EndPlan {
    /// The tunnel; none when the connection has no such number.
    pub(super) fn tunnel(&self) -> Option<&Tunnel> {
        find(&self.vpn, &self.tunnel)
    }
}

impl Leg {
    /// BIRD's name for what it does over the tunnel. A device's own name may be a word of BIRD's, as `vpn4` is.
    pub(super) fn protocol(&self) -> String {
        format!("by_{}", self.device)
    }

    /// The address on this router's side of the tunnel and on the other; none when the connection has no such number.
    pub(super) fn inside(&self, side: VpnSide) -> Option<(Ipv4Addr, Ipv4Addr)> {
        let tunnel = find(&self.vpn, &self.tunnel)?;
        let (amazon, customer) = (tunnel.amazon_inside(), tunnel.customer_inside());
        Some(match side {
            VpnSide::Amazon => (amazon, customer),
            VpnSide::Customer => (customer, amazon),
        })
    }
}

fn find<'a>(vpn: &'a VpnConnection, wanted: &TunnelId) -> Option<&'a Tunnel> {
    vpn.named_tunnels()
        .find(|(id, _)| id == wanted)
        .map(|(_, tunnel)| tunnel)
}

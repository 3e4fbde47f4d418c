//! IPsec VPN connections: what AWS builds at its end, and what the customer's router is told.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use crate::id::{AttachmentId, SiteId, TransitGatewayId, VpnId};
use crate::secret::SecretName;

/// One Site-to-Site VPN connection: two tunnels between one customer gateway and AWS. A site that is joined by two
/// gateways has two connections, and so four tunnels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnConnection {
    /// Name: `vpn-1`.
    pub id: VpnId,
    /// The transit gateway at AWS's end.
    pub transit_gateway: TransitGatewayId,
    /// The attachment that stands for this connection and any other to the same site.
    pub attachment: AttachmentId,
    /// The site at the customer's end.
    pub site: SiteId,
    /// The customer's router.
    pub gateway: CustomerGateway,
    /// How each side learns what is behind the other.
    pub routing: VpnRouting,
    /// Prefixes behind the customer's router.
    pub site_prefixes: Vec<IpNet>,
    /// Prefixes behind AWS's end: the ranges of the VPCs.
    pub cloud_prefixes: Vec<IpNet>,
    /// Its tunnels; AWS gives every connection two, in different zones.
    pub tunnels: [Tunnel; 2],
}

/// The customer's router, as AWS is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerGateway {
    /// Its Internet-routable address.
    pub address: Ipv4Addr,
    /// Vendor.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Software version.
    pub software: String,
}

/// How routes are learnt over a VPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VpnRouting {
    /// By BGP between the tunnels' inside addresses.
    Bgp {
        /// The customer's autonomous system number.
        customer_asn: u32,
        /// The transit gateway's autonomous system number.
        amazon_asn: u32,
    },
    /// Written down at both ends.
    Static,
}

/// One tunnel of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tunnel {
    /// AWS's public address; a stand-in until AWS allots one.
    pub outside: Ipv4Addr,
    /// The /30 inside the tunnel, out of 169.254.0.0/16: its first host is AWS's, its second the customer's.
    pub inside: Ipv4Net,
    /// The pre-shared key.
    pub key: SecretName,
}

impl Tunnel {
    /// AWS's address inside the tunnel.
    pub fn amazon_inside(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.inside.network()).saturating_add(1))
    }

    /// The customer's address inside the tunnel.
    pub fn customer_inside(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.inside.network()).saturating_add(2))
    }
}

/// One of the two ends of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VpnSide {
    /// AWS's.
    Amazon,
    /// The customer's.
    Customer,
}

impl fmt::Display for VpnSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amazon => "AWS's end",
            Self::Customer => "the customer's end",
        })
    }
}

/// Which tunnel of which connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TunnelId {
    /// The connection.
    pub vpn: VpnId,
    /// Its first tunnel or its second: 1 or 2.
    pub number: u8,
}

impl fmt::Display for TunnelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tunnel {}", self.vpn, self.number)
    }
}

impl VpnConnection {
    /// Its tunnels with their names, the first one first.
    pub fn named_tunnels(&self) -> impl Iterator<Item = (TunnelId, &Tunnel)> {
        (1..).zip(&self.tunnels).map(|(number, tunnel)| {
            let vpn = self.id.clone();
            (TunnelId { vpn, number }, tunnel)
        })
    }
}

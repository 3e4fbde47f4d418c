//! What is ordered and configured for a Direct Connect link.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use model::SecretName;

use super::view::{line, placeholder};
use super::{LinkContext, sheet::cell};

/// A Direct Connect link between a site and a transit gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectConnect {
    /// Who brings the line to the location: a partner, a carrier, or the customer itself.
    pub provider: String,
    /// AWS's name of the location: `EqFR5`.
    pub location: String,
    /// The line's speed: `1 Gbit/s`.
    pub bandwidth: String,
    /// One virtual interface for each connection; two connections at two locations outlive the loss of one.
    pub interfaces: Vec<VirtualInterface>,
    /// Prefixes that the site announces.
    pub site_prefixes: Vec<IpNet>,
    /// Prefixes that AWS may announce: the association's allowed prefixes.
    pub cloud_prefixes: Vec<IpNet>,
}

/// A transit virtual interface: one VLAN and one BGP session on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualInterface {
    /// The connection's name.
    pub connection: String,
    /// VLAN, 1 to 4094.
    pub vlan: u16,
    /// The customer's autonomous system number.
    pub customer_asn: u32,
    /// The Direct Connect gateway's autonomous system number.
    pub amazon_asn: u32,
    /// The network of the BGP peers, most often a /30 out of 169.254.0.0/16: its first host is AWS's, its second the
    /// customer's.
    pub peers: Ipv4Net,
    /// The MD5 key of the BGP session.
    pub key: SecretName,
}

/// A virtual interface as the template sees it.
pub(super) struct InterfaceView {
    pub(super) connection: String,
    pub(super) vlan: u16,
    pub(super) customer_asn: u32,
    pub(super) amazon_asn: u32,
    pub(super) amazon: Ipv4Addr,
    pub(super) customer: Ipv4Addr,
    pub(super) length: u8,
    pub(super) key: String,
    pub(super) key_from: String,
}

impl InterfaceView {
    pub(super) fn new(interface: &VirtualInterface, context: &LinkContext<'_>) -> Self {
        let first = u32::from(interface.peers.network());
        Self {
            connection: cell(&interface.connection),
            vlan: interface.vlan,
            customer_asn: interface.customer_asn,
            amazon_asn: interface.amazon_asn,
            amazon: Ipv4Addr::from(first.saturating_add(1)),
            customer: Ipv4Addr::from(first.saturating_add(2)),
            length: interface.peers.prefix_len(),
            key: placeholder(&interface.key),
            key_from: context.keys.get(&interface.key).map_or_else(
                || "a place not named yet: ask the operator".to_owned(),
                |from| cell(&line(from)),
            ),
        }
    }
}

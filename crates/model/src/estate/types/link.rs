//! Links between AWS and a data centre.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::secret::SecretRef;

/// How a data centre is joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// IPsec VPN over the Internet.
    Vpn(Vpn),
    /// A line of a provider's.
    DirectConnect(DirectConnect),
}

/// An IPsec VPN: two tunnels to each of the customer's gateways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpn {
    /// The customer's gateways, one or two.
    pub gateways: Vec<CustomerRouter>,
    /// Prefixes for static routing; none where routes are learnt by BGP.
    pub static_prefixes: Vec<IpNet>,
    /// Where the tunnels' pre-shared keys are, tunnel by tunnel; none: AWS makes them and keeps them.
    pub keys: Vec<SecretRef>,
}

/// A customer's router that ends a VPN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRouter {
    /// Its Internet-routable address.
    pub address: IpAddr,
    /// Autonomous system number, for routing by BGP.
    pub asn: Option<u32>,
    /// Vendor.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Software version.
    pub software: String,
}

/// AWS Direct Connect: a private virtual interface on a line that a provider brings to an AWS location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectConnect {
    /// Who brings the line.
    pub provider: String,
    /// AWS's name of the location: `EqFR5`.
    pub location: String,
    /// VLAN of the virtual interface, 1 to 4094.
    pub vlan: u16,
    /// The customer's autonomous system number; routes are always learnt by BGP.
    pub asn: u32,
    /// Bandwidth, as AWS writes it: `1Gbps`.
    pub bandwidth: String,
    /// Lines: one, or two for a pair that fails apart.
    pub connections: u8,
    /// Where the key is that both ends sign BGP with.
    pub bgp_key: Option<SecretRef>,
}

//! Direct Connect: the virtual interface on each line of a provider's, as both ends configure it.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};
use model::estate::{DirectConnect, Estate, Link};
use model::id::TransitGatewayId;
use model::network::AttachedTo;
use model::secret::{SecretName, SecretRef};

use crate::account::{TRANSIT_GATEWAY, routed};
use crate::design::Design;
use crate::outside::DATA_CENTRE;

/// The autonomous system number of the Direct Connect gateway. It must not be the transit gateway's, or AWS refuses to
/// associate the two ("Transit gateway associations" in the Direct Connect user guide), nor the customer's.
const GATEWAY_ASNS: [u32; 2] = [64_513, 64_514];

/// A line of a provider's: one transit virtual interface, one BGP session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name: `direct-connect-1`.
    pub name: String,
    /// VLAN, 1 to 4094.
    pub vlan: u16,
    /// The customer's autonomous system number.
    pub customer_asn: u32,
    /// The Direct Connect gateway's autonomous system number.
    pub amazon_asn: u32,
    /// The /30 of the BGP peers: its first host is AWS's, its second the customer's.
    pub peers: Ipv4Net,
    /// The MD5 key of the BGP session, the same on all lines.
    pub key: SecretName,
    /// Prefixes that the customer announces.
    pub site_prefixes: Vec<IpNet>,
    /// Prefixes that AWS may announce.
    pub cloud_prefixes: Vec<IpNet>,
}

/// Direct Connect, where the data centre is joined by it.
fn direct_connect(estate: &Estate) -> Option<&DirectConnect> {
    match &estate.data_centre.as_ref()?.link {
        Link::DirectConnect(direct) => Some(direct),
        Link::Vpn(_) => None,
    }
}

fn key() -> SecretName {
    SecretName(format!("{DATA_CENTRE}/direct-connect"))
}

/// The names of the lines, as the lock knows them.
pub(crate) fn names(estate: &Estate) -> impl Iterator<Item = String> {
    let count = direct_connect(estate).map_or(0, |direct| direct.connections);
    (1..=count).map(|number| format!("{DATA_CENTRE}/direct-connect-{number}"))
}

/// Where the key of the BGP sessions is to be had.
pub(crate) fn keys(estate: &Estate) -> BTreeMap<SecretName, Option<SecretRef>> {
    let direct = direct_connect(estate).into_iter();
    direct
        .map(|direct| (key(), direct.bgp_key.clone()))
        .collect()
}

/// The lines that join the data centre; none where it is joined by a VPN or not at all. The design is the estate's.
pub fn lines(estate: &Estate, design: &Design) -> Vec<Line> {
    let (Some(direct), Some(centre)) = (direct_connect(estate), &estate.data_centre) else {
        return Vec::new();
    };
    let amazon_asn = GATEWAY_ASNS.into_iter().find(|asn| *asn != direct.asn);
    let cloud_prefixes = offered(design);
    names(estate)
        .filter_map(|name| {
            let peers = *design.lock.tunnels.get(&name)?;
            let (_, short) = name.split_once('/')?;
            Some(Line {
                name: short.to_owned(),
                vlan: direct.vlan,
                customer_asn: direct.asn,
                amazon_asn: amazon_asn?,
                peers,
                key: key(),
                site_prefixes: routed(centre).to_vec(),
                cloud_prefixes: cloud_prefixes.clone(),
            })
        })
        .collect()
}

/// What the transit gateway's table for the data centre leads to.
fn offered(design: &Design) -> Vec<IpNet> {
    let network = design.network();
    let gateway = network
        .transit_gateways
        .get(&TransitGatewayId::from(TRANSIT_GATEWAY));
    let routes = gateway.and_then(|gateway| {
        let mut legs = gateway.attachments.values();
        let link = legs.find(|leg| matches!(leg.to, AttachedTo::Site(_)))?;
        gateway.tables.get(link.table.as_ref()?)
    });
    let routes = routes.into_iter().flatten();
    routes.map(|route| route.destination).collect()
}

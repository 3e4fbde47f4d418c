//! The IPsec connections of a data centre: one for each gateway of the customer's, two tunnels each.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use model::Lock;
use model::estate::{CustomerRouter, Estate, Link, Vpn};
use model::finding::Finding;
use model::id::{AttachmentId, SiteId, TransitGatewayId, VpnId};
use model::secret::{SecretName, SecretRef};
use model::vpn::{CustomerGateway, Tunnel, VpnConnection, VpnRouting};

use crate::account::{TRANSIT_GATEWAY, VPN, offered};
use crate::allot::{Allotted, allot};
use crate::line;
use crate::outside::DATA_CENTRE;
use crate::placing::no_room;
use crate::plan::Plan;

/// The autonomous system number of AWS's end: what a transit gateway has unless told otherwise.
const AMAZON_ASN: u32 = 64_512;

/// Where AWS takes the ranges inside tunnels from.
const INSIDE: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16);
/// The length of such a range: AWS's address and the customer's.
const INSIDE_PREFIX: u8 = 30;
/// The part of it that AWS keeps ("Tunnel options" in the Site-to-Site VPN user guide): the first range of each /24 from
/// here down, and the one with the instance metadata's address.
const LAST_KEPT: u8 = 5;
const METADATA: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 169, 252), INSIDE_PREFIX);

/// The tunnels of a connection: its first and its second.
const NUMBERS: [usize; 2] = [1, 2];

/// A tunnel's name in the lock, which is that of its key too.
fn tunnel_name(connection: usize, tunnel: usize) -> String {
    format!("{DATA_CENTRE}/vpn-{connection}/tunnel-{tunnel}")
}

/// The VPN, where the data centre is joined by one.
fn vpn(estate: &Estate) -> Option<&Vpn> {
    match &estate.data_centre.as_ref()?.link {
        Link::Vpn(vpn) => Some(vpn),
        Link::DirectConnect(_) => None,
    }
}

/// The names of all tunnels, in the order of gateways.
pub(crate) fn tunnels(estate: &Estate) -> impl Iterator<Item = String> {
    let gateways = vpn(estate).map_or(0, |vpn| vpn.gateways.len());
    (1..=gateways).flat_map(|connection| NUMBERS.map(|tunnel| tunnel_name(connection, tunnel)))
}

/// Gives every tunnel its range inside, and every line of Direct Connect that of its BGP peers, which AWS takes from the
/// same addresses.
pub(crate) fn insides(estate: &Estate, held: &Lock, lock: &mut Lock, findings: &mut Vec<Finding>) {
    let names: Vec<String> = tunnels(estate).chain(line::names(estate)).collect();
    let Allotted { given, unplaced } = allot(
        &names,
        &held.tunnels,
        |_, range| is_inside(*range),
        // The first range of each /24: easy to tell apart, and more than any estate has tunnels.
        |_, _| {
            let third = LAST_KEPT.saturating_add(1)..=u8::MAX;
            third.map(|third| Ipv4Net::new_assert(Ipv4Addr::new(169, 254, third, 0), INSIDE_PREFIX))
        },
    );
    no_room(&unplaced, "a range", &INSIDE.to_string(), findings);
    lock.tunnels = given;
}

/// Whether AWS takes the range for a tunnel.
fn is_inside(range: Ipv4Net) -> bool {
    let kept = |third| Ipv4Net::new_assert(Ipv4Addr::new(169, 254, third, 0), INSIDE_PREFIX);
    range.prefix_len() == INSIDE_PREFIX
        && range == range.trunc()
        && INSIDE.contains(&range)
        && range != METADATA
        && (0..=LAST_KEPT).all(|third| range != kept(third))
}

/// The connections.
pub(crate) fn connections(plan: &Plan<'_>) -> Vec<VpnConnection> {
    let Some(vpn) = vpn(plan.estate) else {
        return Vec::new();
    };
    let gateways = vpn.gateways.iter();
    (1..)
        .zip(gateways)
        .filter_map(|(number, router)| connection(plan, vpn, number, router))
        .collect()
}

fn connection(
    plan: &Plan<'_>,
    vpn: &Vpn,
    number: usize,
    router: &CustomerRouter,
) -> Option<VpnConnection> {
    // An IPv6 address was refused.
    let IpAddr::V4(address) = router.address else {
        return None;
    };
    let tunnel = |tunnel: usize| {
        let name = tunnel_name(number, tunnel);
        Some(Tunnel {
            outside: *plan.lock.public.get(&name)?,
            inside: *plan.lock.tunnels.get(&name)?,
            key: SecretName(name),
        })
    };
    let [first, second] = NUMBERS.map(tunnel);
    Some(VpnConnection {
        id: VpnId::new(format!("vpn-{number}")),
        transit_gateway: TransitGatewayId::from(TRANSIT_GATEWAY),
        attachment: AttachmentId::from(VPN),
        site: SiteId::from(DATA_CENTRE),
        gateway: CustomerGateway {
            address,
            vendor: router.vendor.clone(),
            model: router.model.clone(),
            software: router.software.clone(),
        },
        routing: match router.asn {
            Some(customer_asn) => VpnRouting::Bgp {
                customer_asn,
                amazon_asn: AMAZON_ASN,
            },
            None => VpnRouting::Static,
        },
        site_prefixes: behind(plan.estate, vpn, router),
        cloud_prefixes: plan
            .environments
            .values()
            .flat_map(|environment| offered(environment))
            .collect(),
        tunnels: [first?, second?],
    })
}

/// The prefixes behind a gateway: by BGP it announces all of the data centre's.
fn behind(estate: &Estate, vpn: &Vpn, router: &CustomerRouter) -> Vec<IpNet> {
    if router.asn.is_none() {
        return vpn.static_prefixes.clone();
    }
    let centre = estate.data_centre.iter();
    centre.flat_map(|centre| centre.prefixes.clone()).collect()
}

/// Where the tunnels' keys are to be had: of those that the estate does not name, AWS makes them.
pub(crate) fn keys(estate: &Estate) -> BTreeMap<SecretName, Option<SecretRef>> {
    let named = vpn(estate).map_or(&[][..], |vpn| &vpn.keys);
    let references = named.iter().cloned().map(Some);
    tunnels(estate)
        .map(SecretName)
        .zip(references.chain(std::iter::repeat(None)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_inside_are_those_that_aws_takes() {
        let check = |range: &str, wanted: bool| {
            let range = range.parse().expect("a range");
            assert_eq!(is_inside(range), wanted, "{range}");
        };
        check("169.254.6.0/30", true);
        check("169.254.0.4/30", true);
        check("169.254.255.252/30", true);
        check("169.254.0.0/30", false);
        check("169.254.5.0/30", false);
        check("169.254.169.252/30", false);
        check("169.254.6.1/30", false);
        check("169.254.6.0/29", false);
        check("169.253.6.0/30", false);
    }
}

//! IPsec VPNs: gateways that AWS reaches, routes that lead there and back, keys for every tunnel.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::addresses::{Purpose, purpose_of};
use super::super::ranges::host_bits;
use super::{Joint, at_the_customers};
use crate::document::{Check, Report};
use crate::estate::Vpn;

const WITHOUT_ROUTING: Check = Check::error(
    "vpn-without-routing",
    "A VPN has neither an ASN for dynamic routing nor prefixes for static routing.",
);
const BOTH_ROUTINGS: Check = Check::warning(
    "vpn-with-both-routings",
    "A VPN has both an ASN and static prefixes; AWS uses one of the two.",
);
const MIXED_ROUTINGS: Check = Check::fatal(
    "vpn-gateways-route-differently",
    "One gateway of a VPN has an ASN and the other has none, so that the two do not stand in for one another.",
);
const NOT_PUBLIC: Check = Check::error(
    "vpn-gateway-not-public",
    "The customer gateway's address does not exist on the Internet.",
);
const IPV6: Check = Check::fatal(
    "vpn-gateway-ipv6",
    "The customer gateway's address is one of IPv6, and the tunnels are built between IPv4 addresses.",
);
const REPEATED: Check = Check::fatal(
    "vpn-gateway-repeated",
    "Both gateways of a VPN have the same address, and fail together.",
);
const STATIC_OUTSIDE: Check = Check::error(
    "static-prefix-outside-data-centre",
    "A static prefix is not among those of the data centre.",
);
const NOT_ROUTED: Check = Check::fatal(
    "server-not-routed",
    "A server of the customer's lies behind none of the VPN's static prefixes.",
);
const KEY_COUNT: Check = Check::fatal(
    "tunnel-key-count",
    "There is not one pre-shared key for each tunnel.",
);
const KEY_REPEATED: Check = Check::error(
    "tunnel-key-repeated",
    "Two tunnels have the same pre-shared key.",
);

pub(in super::super) const CHECKS: &[Check] = &[
    WITHOUT_ROUTING,
    BOTH_ROUTINGS,
    MIXED_ROUTINGS,
    NOT_PUBLIC,
    IPV6,
    REPEATED,
    STATIC_OUTSIDE,
    NOT_ROUTED,
    KEY_COUNT,
    KEY_REPEATED,
];

/// The tunnels that AWS gives each connection, one connection to a gateway.
const TUNNELS: usize = 2;

impl Joint<'_> {
    pub(super) fn vpn(&self, vpn: &Vpn, path: &str, report: &mut Report) {
        let second = format!("{path}.second");
        let mut addresses = BTreeMap::new();
        for (gateway, path) in vpn.gateways.iter().zip([path, second.as_str()]) {
            address(gateway.address, path, report);
            if let Some(asn) = gateway.asn {
                self.number(asn, path, report);
            }
            if addresses.insert(gateway.address, path).is_some() {
                report.add(
                    REPEATED,
                    &format!("{path}.gateway"),
                    "the first gateway's",
                    format!("{} is the first gateway's address too: a second one that is the same device fails with it.", gateway.address),
                    "Write the second device's own address, or remove the table.",
                );
            }
        }
        routing(vpn, path, &second, report);
        self.static_prefixes(vpn, path, report);
        keys(vpn, path, report);
    }

    fn static_prefixes(&self, vpn: &Vpn, path: &str, report: &mut Report) {
        let Some(centre) = &self.estate.data_centre else {
            return;
        };
        let path = format!("{path}.static-prefixes");
        for (index, prefix) in vpn.static_prefixes.iter().enumerate() {
            let path = format!("{path}[{index}]");
            host_bits(prefix, &path, report);
            let own = centre.prefixes.iter().any(|own| own.contains(prefix));
            if !own && !report.doubts("data-centre.prefixes") {
                report.add(
                    STATIC_OUTSIDE,
                    &path,
                    "not the data centre's",
                    format!("{prefix} would be routed to the data centre without being one of its prefixes."),
                    "Add it to `data-centre.prefixes` too, or remove it here.",
                );
            }
        }
        let dynamic = vpn.gateways.iter().any(|gateway| gateway.asn.is_some());
        if dynamic || vpn.static_prefixes.is_empty() || report.doubts(&path) {
            return;
        }
        let routed = |address: IpAddr| vpn.static_prefixes.iter().any(|net| net.contains(&address));
        let known = |address: IpAddr| centre.prefixes.iter().any(|net| net.contains(&address));
        for (server, address) in at_the_customers(self.estate) {
            // What lies outside the data centre is said of the server itself.
            if known(address) && !routed(address) {
                report.add(
                    NOT_ROUTED,
                    &server,
                    "no route leads here",
                    format!("{address} lies behind none of the prefixes of `{path}`, and a VPN without BGP learns no others: no packet would find its way."),
                    format!("Add its prefix to `{path}`."),
                );
            }
        }
    }
}

fn address(gateway: IpAddr, path: &str, report: &mut Report) {
    let path = format!("{path}.gateway");
    if gateway.is_ipv6() {
        report.add(
            IPV6,
            &path,
            "must be an IPv4 address",
            format!(
                "{gateway} is an IPv6 address; AWS's tunnels are built here between IPv4 addresses."
            ),
            "Ask the customer for the gateway's Internet-routable IPv4 address.",
        );
        return;
    }
    let what = match purpose_of(gateway) {
        Purpose::Public => return,
        Purpose::Private => "private networks",
        Purpose::Special(what) => what,
    };
    report.add(
        NOT_PUBLIC,
        &path,
        "not on the Internet",
        format!("{gateway} is kept for {what}. AWS reaches the customer gateway over the Internet."),
        "Ask the customer for the gateway's Internet-routable address; behind NAT it is the NAT device's.",
    );
}

fn routing(vpn: &Vpn, path: &str, second: &str, report: &mut Report) {
    let asns: Vec<_> = vpn.gateways.iter().map(|gateway| gateway.asn).collect();
    // A second gateway that says nothing has the first one's.
    if let [None, Some(asn)] = asns.as_slice() {
        report.add(
            MIXED_ROUTINGS,
            &format!("{second}.asn"),
            "the first has none",
            format!("The second gateway routes by BGP as {asn}, and the first has no ASN: when one of them fails, the other does not take over its routes."),
            "Give both an ASN, or neither.",
        );
        return;
    }
    let dynamic = asns.iter().any(Option::is_some);
    match (dynamic, vpn.static_prefixes.is_empty()) {
        (false, true) => report.add(
            WITHOUT_ROUTING,
            path,
            "neither `asn` nor `static-prefixes`",
            "The VPN has neither an ASN for dynamic routing nor prefixes for static routing: no packet would find its way.",
            "Add `asn` with the customer's number, or `static-prefixes` with what is behind the gateway.",
        ),
        (true, false) => report.add(
            BOTH_ROUTINGS,
            &format!("{path}.static-prefixes"),
            "not used beside `asn`",
            "With an ASN, routes come by BGP, and AWS takes no static prefixes for the connection.",
            "Remove one of the two.",
        ),
        _ => {}
    }
}

fn keys(vpn: &Vpn, path: &str, report: &mut Report) {
    let path = format!("{path}.keys");
    let (gateways, count) = (vpn.gateways.len(), vpn.keys.len());
    let wanted = gateways.saturating_mul(TUNNELS);
    if count != 0 && count != wanted {
        let devices = if gateways == 1 { "gateway" } else { "gateways" };
        report.add(
            KEY_COUNT,
            &path,
            &format!("must be {wanted}, or none"),
            format!("{gateways} {devices} × {TUNNELS} tunnels = {wanted} keys; {count} named here."),
            "Name one for each tunnel, gateway by gateway; without any, AWS makes them and keeps them.",
        );
    }
    for (index, key) in vpn.keys.iter().enumerate() {
        let earlier = vpn.keys.iter().take(index).position(|other| other == key);
        if let Some(earlier) = earlier {
            report.add(
                KEY_REPEATED,
                &format!("{path}[{index}]"),
                &format!("also tunnel {}'s", earlier.saturating_add(1)),
                "Two tunnels have the same pre-shared key: whoever learns it, from either device, can stand in for AWS on both.",
                "Make a key for each tunnel.",
            );
        }
    }
}

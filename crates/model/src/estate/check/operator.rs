//! The operator's networks: the only ones from which bastions accept SSH.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::addresses::{Purpose, purpose};
use super::people::valid_mail;
use super::ranges::host_bits;
use crate::document::{Check, Report, quote};
use crate::estate::Estate;

const NONE: Check = Check::error(
    "operator-network-missing",
    "The operator has no network, so that nobody reaches the bastions.",
);
const OPEN: Check = Check::fatal(
    "operator-network-open",
    "A network from which bastions accept SSH is so wide that it is no restriction.",
);
const ADD_UP: Check = Check::fatal(
    "operator-networks-add-up",
    "The networks from which bastions accept SSH add up to so much that they are no restriction.",
);
const NOT_PUBLIC: Check = Check::error(
    "operator-network-not-public",
    "A network of the operator's does not exist on the Internet.",
);
const CONTACT: Check = Check::error(
    "operator-contact",
    "The operator's contact is not a mail address.",
);

pub(super) const CHECKS: &[Check] = &[NONE, OPEN, ADD_UP, NOT_PUBLIC, CONTACT];

/// The widest network that one operator can have: a /8 of IPv4, and of IPv6 the /32 that a provider gets.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 32;

pub(super) fn check(estate: &Estate, report: &mut Report) {
    let networks = &estate.operator.networks;
    if networks.is_empty() {
        report.add(
            NONE,
            "operator.networks",
            "empty",
            "No network is named, so that nobody reaches the bastions.",
            "List the public ranges from which the operator's engineers work.",
        );
    }
    let mut single = false;
    let mut known = Vec::new();
    for (index, network) in networks.iter().enumerate() {
        let path = format!("operator.networks[{index}]");
        if report.doubts(&path) {
            continue;
        }
        known.push(*network);
        host_bits(network, &path, report);
        single |= one_network(network, &path, report);
    }
    if !single {
        together(&known, report);
    }
    if !valid_mail(&estate.operator.contact) {
        report.add(
            CONTACT,
            "operator.contact",
            "not a mail address",
            format!(
                "{} is not a mail address, and reports go there.",
                quote(&estate.operator.contact)
            ),
            "Write it like team@example.com.",
        );
    }
}

/// Checks one network; tells whether it is too wide by itself.
fn one_network(network: &IpNet, path: &str, report: &mut Report) -> bool {
    let widest = match network {
        IpNet::V4(_) => WIDEST_V4,
        IpNet::V6(_) => WIDEST_V6,
    };
    if network.prefix_len() < widest {
        report.add(
            OPEN,
            path,
            "no restriction",
            format!("Bastions would accept SSH from {network}, which is wider than the /{widest} that one operator can have."),
            "Name the ranges from which the operator's engineers really work.",
        );
        return true;
    }
    let what = match purpose(network) {
        Purpose::Public => return false,
        Purpose::Private => "private networks",
        Purpose::Special(what) => what,
    };
    report.add(
        NOT_PUBLIC,
        path,
        "not on the Internet",
        format!("{network} is kept for {what}: no packet from the Internet has such a source, so that the bastions could not be reached."),
        "Name the public range behind which the operator's network stands.",
    );
    false
}

/// Checks all networks together: many narrow ones may be as good as one that is wide.
fn together(networks: &[IpNet], report: &mut Report) {
    let v4: u64 = Ipv4Net::aggregate(&v4_of(networks))
        .iter()
        .map(|net| 1 << (32 - u64::from(net.prefix_len())))
        .sum();
    // In units of a /64, so that the sum fits; a narrower network counts as one.
    let v6: u128 = Ipv6Net::aggregate(&v6_of(networks))
        .iter()
        .map(|net| 1 << (64 - u128::from(net.prefix_len().min(64))))
        .sum();
    if v4 > 1 << (32 - WIDEST_V4) || v6 > 1 << (64 - WIDEST_V6) {
        let wide = IpNet::aggregate(&networks.to_vec());
        let shown: Vec<_> = wide.iter().take(3).map(IpNet::to_string).collect();
        report.add(
            ADD_UP,
            "operator.networks",
            "together no restriction",
            format!(
                "Each network is narrow, but together they are {}{}: bastions would accept SSH from more than the /{WIDEST_V4} (IPv6: /{WIDEST_V6}) that one operator can have.",
                shown.join(", "),
                if wide.len() > shown.len() { " and more" } else { "" }
            ),
            "Name the ranges from which the operator's engineers really work.",
        );
    }
}

fn v4_of(networks: &[IpNet]) -> Vec<Ipv4Net> {
    networks
        .iter()
        .filter_map(|network| match network {
            IpNet::V4(net) => Some(*net),
            IpNet::V6(_) => None,
        })
        .collect()
}

fn v6_of(networks: &[IpNet]) -> Vec<Ipv6Net> {
    networks
        .iter()
        .filter_map(|network| match network {
            IpNet::V6(net) => Some(*net),
            IpNet::V4(_) => None,
        })
        .collect()
}

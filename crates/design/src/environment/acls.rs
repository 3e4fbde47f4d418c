//! Network ACLs: the second fence, one for each tier, stateless, and so with an entry for what comes back.
//!
//! An ACL cannot tell a reply from a new connection to a high port: what it lets in from port 1024 up for the sake of
//! replies, the groups still stop. No `deny` names a port in that range, since it would lose replies to it; the operator is
//! denied to the app tier as a whole, since nothing there ever answers him.

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::id::AclId;
use model::network::NetworkAcl;
use model::packet::{PortRange, Traffic};

use super::{acl, anywhere, data_centre_prefixes, of_families, operator_networks};
use crate::address::Tier;
use crate::balancing::Face;
use crate::bastion::{BastionPlan, Stand};
use crate::filters::Entries;
use crate::outside::in_data_centre;
use crate::plan::EnvironmentPlan;
use crate::services::{DNS, FIRST_EPHEMERAL, NTP, SSH};
use crate::zones;

/// The environment's ACLs.
pub(super) fn acls(plan: &EnvironmentPlan<'_>) -> BTreeMap<AclId, NetworkAcl> {
    let entries = |tier| match tier {
        Tier::Public => (public_in(plan), public_out(plan)),
        Tier::App => (app_in(plan), app_out(plan)),
        Tier::Data => data(plan),
        Tier::Transit => (open(plan), open(plan)),
    };
    Tier::ALL
        .into_iter()
        .map(|tier| {
            let (ingress, egress) = entries(tier);
            let table = NetworkAcl {
                vpc: plan.vpc(),
                ingress: ingress.0,
                egress: egress.0,
            };
            (acl(plan, tier), table)
        })
        .collect()
}

/// The DMZ lets in what the balancers serve, the operator to the bastion, and what the app tier sends out through the
/// NAT gateways.
fn public_in(plan: &EnvironmentPlan<'_>) -> Entries {
    let mut entries = Entries::default();
    let all = anywhere(plan);
    for listener in plan.listeners(Face::Public) {
        entries.allow(&[Traffic::tcp(listener.listen)], &all);
    }
    if plan.bastion_stands(Stand::Vpc) {
        entries.allow(
            &[Traffic::tcp(plan.environment.bastion.port)],
            &operator_networks(plan),
        );
    }
    let app: Vec<IpNet> = ipv4(plan.tier_ranges(Tier::App));
    for (traffic, _) in translated(plan) {
        entries.allow(&[traffic], &app);
    }
    entries.allow_replies(&all);
    entries.allow_too_large(&all);
    entries
}

/// The DMZ lets out the bastion to its hosts and resolvers, the balancers to their targets, and what NAT translates.
fn public_out(plan: &EnvironmentPlan<'_>) -> Entries {
    let mut entries = Entries::default();
    let app = plan.tier_ranges(Tier::App);
    if plan.bastion_stands(Stand::Vpc) {
        entries.allow(&[Traffic::tcp(SSH)], &app);
        entries.allow(&[Traffic::tcp(DNS), Traffic::udp(DNS)], &app);
    }
    entries.allow(&low_balanced(plan, Face::Public), &app);
    for (traffic, prefix) in translated(plan) {
        entries.allow(&[traffic], &[prefix]);
    }
    entries.allow_replies(&anywhere(plan));
    entries.allow_too_large(&anywhere(plan));
    entries
}

/// The app tier lets in the bastion, the balancers, itself, and the data centre to resolvers and balancers.
fn app_in(plan: &EnvironmentPlan<'_>) -> Entries {
    let mut entries = Entries::default();
    let dns = [Traffic::tcp(DNS), Traffic::udp(DNS)];
    let public = plan.tier_ranges(Tier::Public);
    let bastion = bastion_ranges(plan);
    let data_centre = data_centre_prefixes(plan);
    entries.allow(&[Traffic::tcp(SSH)], &bastion);
    entries.allow(&dns, &bastion);
    entries.allow(&low_balanced(plan, Face::Public), &public);
    entries.allow(&[Traffic::All], &plan.tier_ranges(Tier::App));
    entries.allow(&dns, &data_centre);
    let served: Vec<Traffic> = plan
        .listeners(Face::Internal)
        .filter(|listener| listener.listen < FIRST_EPHEMERAL)
        .map(|listener| Traffic::tcp(listener.listen))
        .collect();
    entries.allow(&served, &data_centre);
    entries.allow_replies(&anywhere(plan));
    entries.allow_too_large(&anywhere(plan));
    entries
}

/// The app tier lets out what its hosts are told to use, and nothing else of the data centre.
fn app_out(plan: &EnvironmentPlan<'_>) -> Entries {
    let mut entries = Entries::default();
    let data_centre = data_centre_prefixes(plan);
    entries.allow(&[Traffic::All], &plan.tier_ranges(Tier::App));
    if let Some(port) = plan.database_port {
        entries.allow(&[Traffic::tcp(port)], &plan.tier_ranges(Tier::Data));
    }
    for (traffic, prefix) in customers(plan) {
        entries.allow(&[traffic], &[prefix]);
    }
    entries.allow_replies(&plan.tier_ranges(Tier::Public));
    entries.allow_replies(&data_centre);
    if plan.bastion_stands(Stand::OperatorVpc) {
        entries.allow_replies(&bastion_ranges(plan));
    }
    for outbound in plan.outbound_by_name() {
        // The groups allow these ports to everywhere, since groups cannot leave anybody out; this entry does.
        if outbound.port < FIRST_EPHEMERAL {
            for prefix in &data_centre {
                entries.add(false, Traffic::tcp(outbound.port), *prefix);
            }
        }
    }
    if plan.outbound_by_name().next().is_some() {
        for network in operator_networks(plan) {
            entries.add(false, Traffic::All, network);
        }
    }
    for outbound in plan.outbound_by_name() {
        entries.allow(&[Traffic::tcp(outbound.port)], &anywhere(plan));
    }
    entries.allow_too_large(&anywhere(plan));
    entries
}

/// The data tier is asked by the app tier, answers it, and does nothing else.
fn data(plan: &EnvironmentPlan<'_>) -> (Entries, Entries) {
    let mut ingress = Entries::default();
    let mut egress = Entries::default();
    if let Some(port) = plan.database_port {
        let app = plan.tier_ranges(Tier::App);
        ingress.allow(&[Traffic::tcp(port)], &app);
        egress.allow(&[Traffic::Tcp(PortRange::EPHEMERAL)], &app);
        ingress.allow_too_large(&app);
        egress.allow_too_large(&app);
    }
    (ingress, egress)
}

/// The transit tier holds nothing but the transit gateway's interfaces: what passes them is filtered on the way in and
/// out of the other tiers.
fn open(plan: &EnvironmentPlan<'_>) -> Entries {
    let mut entries = Entries::default();
    entries.allow(&[Traffic::All], &anywhere(plan));
    entries
}

/// Where the bastion comes from, as the app tier sees it: the tier that it stands in, else its own addresses.
fn bastion_ranges(plan: &EnvironmentPlan<'_>) -> Vec<IpNet> {
    if plan.bastion_stands(Stand::Vpc) {
        return plan.tier_ranges(Tier::Public);
    }
    let prefixes = plan.bastion.iter().flat_map(BastionPlan::prefixes);
    of_families(plan, &prefixes.collect::<Vec<_>>())
}

/// The servers whose addresses are declared, the customer's above all, and what hosts ask them.
pub(crate) fn customers(plan: &EnvironmentPlan<'_>) -> Vec<(Traffic, IpNet)> {
    let estate = plan.estate;
    let dns = zones::asked(estate).iter().flat_map(|server| {
        [Traffic::tcp(DNS), Traffic::udp(DNS)].map(|traffic| (traffic, IpNet::from(*server)))
    });
    let ntp = estate
        .ntp
        .servers
        .iter()
        .map(|server| (Traffic::udp(NTP), IpNet::from(*server)));
    let smtp = estate
        .customer_mail()
        .map(|smtp| (Traffic::tcp(smtp.port), IpNet::from(smtp.address)));
    let outbound = estate.outbound.values().filter_map(|outbound| {
        let address = outbound.address?;
        Some((Traffic::tcp(outbound.port), IpNet::from(address)))
    });
    dns.chain(ntp).chain(smtp).chain(outbound).collect()
}

/// What leaves through the NAT gateways, and so crosses the DMZ's borders: IPv4 to the Internet.
fn translated(plan: &EnvironmentPlan<'_>) -> Vec<(Traffic, IpNet)> {
    let estate = plan.estate;
    let outbound = plan
        .outbound_by_name()
        .map(|outbound| (Traffic::tcp(outbound.port), super::ANY_V4));
    let servers = customers(plan).into_iter().filter(|(_, prefix)| {
        matches!(prefix, IpNet::V4(_)) && !in_data_centre(estate, prefix.addr())
    });
    outbound.chain(servers).collect()
}

/// The products' ports below the ephemeral ones that a balancer uses.
fn low_balanced(plan: &EnvironmentPlan<'_>, face: Face) -> Vec<Traffic> {
    plan.products
        .keys()
        .flat_map(|product| plan.balanced_ports(face, product))
        .filter(|port| *port < FIRST_EPHEMERAL)
        .map(Traffic::tcp)
        .collect()
}

fn ipv4(prefixes: Vec<IpNet>) -> Vec<IpNet> {
    prefixes
        .into_iter()
        .filter(|prefix| matches!(prefix, IpNet::V4(_)))
        .collect()
}

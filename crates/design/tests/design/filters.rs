//! A second reading of groups and ACLs, written apart from the design and from the prover: slow, plain, for checking.

use std::net::IpAddr;

use model::Network;
use model::id::InterfaceId;
use model::network::{AclEntry, GroupRule, Interface, NetworkAcl, Place, RulePeer, Subnet};
use model::packet::Transport;

/// Whether a packet to a private address arrives, between two interfaces of one VPC.
pub(crate) fn delivered(
    network: &Network,
    from: &InterfaceId,
    to: &InterfaceId,
    transport: Transport,
) -> bool {
    passes(network, from, to, transport, true)
}

/// Whether the ACLs let the answer to a delivered packet back.
pub(crate) fn answered(
    network: &Network,
    from: &InterfaceId,
    to: &InterfaceId,
    transport: Transport,
) -> bool {
    let reply = match transport {
        Transport::Tcp {
            source,
            destination,
        } => Transport::Tcp {
            source: destination,
            destination: source,
        },
        Transport::Udp {
            source,
            destination,
        } => Transport::Udp {
            source: destination,
            destination: source,
        },
        other => other,
    };
    passes(network, to, from, reply, false)
}

fn passes(
    network: &Network,
    from: &InterfaceId,
    to: &InterfaceId,
    transport: Transport,
    groups: bool,
) -> bool {
    let (sender, receiver) = (&network.interfaces[from], &network.interfaces[to]);
    let (source, destination) = (sender.addresses[0], receiver.addresses[0]);
    let by_groups = !groups
        || (allowed(network, sender, destination, transport, |group| {
            &group.egress
        }) && allowed(network, receiver, source, transport, |group| &group.ingress));
    by_groups && by_acls(network, sender, receiver, transport)
}

fn allowed(
    network: &Network,
    interface: &Interface,
    other: IpAddr,
    transport: Transport,
    rules: impl Fn(&model::network::SecurityGroup) -> &Vec<GroupRule>,
) -> bool {
    interface
        .groups
        .iter()
        .flat_map(|group| rules(&network.groups[group]))
        .any(|rule| {
            let peer = match &rule.peer {
                RulePeer::Prefix(prefix) => prefix.contains(&other),
                RulePeer::Group(group) => network
                    .members(group)
                    .any(|(_, member)| member.addresses.contains(&other)),
            };
            peer && rule.traffic.contains(transport)
        })
}

fn by_acls(
    network: &Network,
    sender: &Interface,
    receiver: &Interface,
    transport: Transport,
) -> bool {
    let (left, right) = (subnet(network, sender), subnet(network, receiver));
    if std::ptr::eq(left, right) {
        return true;
    }
    let acl = |subnet: &Subnet| -> &NetworkAcl { &network.acls[&subnet.acl] };
    first_match(&acl(left).egress, receiver.addresses[0], transport)
        && first_match(&acl(right).ingress, sender.addresses[0], transport)
}

fn subnet<'a>(network: &'a Network, interface: &Interface) -> &'a Subnet {
    match &interface.place {
        Place::Subnet(subnet) => &network.subnets[subnet],
        Place::Site(site) => panic!("{site} is outside every VPC"),
    }
}

fn first_match(entries: &[AclEntry], other: IpAddr, transport: Transport) -> bool {
    entries
        .iter()
        .find(|entry| entry.prefix.contains(&other) && entry.traffic.contains(transport))
        .is_some_and(|entry| entry.allow)
}

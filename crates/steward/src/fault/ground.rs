//! Where faults are planted: the hosts, groups, ACLs and ranges that they look for.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use model::network::{AclEntry, GroupRule, Interface, Place, RulePeer, SiteKind, Subnet};
use model::{
    AclId, EnvironmentId, GroupId, Host, HostId, InterfaceId, Network, Role, ServiceKind, SubnetId,
    Traffic, VpcId,
};

use super::{Ground, Planted};

/// Every IPv4 address.
pub(super) const EVERYWHERE: IpNet = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0));

impl Ground<'_> {
    /// The hosts of a role, with their environments.
    pub(super) fn all_of(&self, role: Role) -> impl Iterator<Item = (&HostId, &EnvironmentId)> {
        self.hosts.iter().filter_map(move |(id, host)| {
            let environment = host.environment.as_ref()?;
            (host.role == role).then_some((id, environment))
        })
    }

    /// The first host of a role that belongs to an environment.
    pub(super) fn first(&self, role: Role) -> Option<(HostId, EnvironmentId)> {
        let (id, environment) = self.all_of(role).next()?;
        Some((id.clone(), environment.clone()))
    }

    /// A bastion, its SSH port and the environment that it serves.
    pub(super) fn bastion(&self) -> Option<(HostId, u16, EnvironmentId)> {
        let (id, environment) = self.first(Role::Bastion)?;
        let port = ssh_port(self.hosts.get(&id)?)?;
        Some((id, port, environment))
    }

    /// An environment's VPC: that of its products' nodes.
    pub(super) fn vpc_of(&self, environment: &EnvironmentId) -> Option<VpcId> {
        let mut nodes = self.all_of(Role::Product);
        let (node, _) = nodes.find(|(_, its)| *its == environment)?;
        let (_, interface) = self.network.interfaces_of(node).next()?;
        self.network.vpc_of(interface).cloned()
    }
}

impl Planted {
    pub(super) fn new(environment: EnvironmentId, change: String) -> Self {
        Self {
            environment,
            change,
        }
    }
}

/// The port on which a host's SSH server listens.
fn ssh_port(host: &Host) -> Option<u16> {
    let mut services = host.services.iter();
    services.find_map(|service| match service.kind {
        ServiceKind::Ssh { port, .. } => Some(port),
        _ => None,
    })
}

/// The interface at which the Internet arrives, where a host has several; else its only one.
pub(super) fn front_of<'n>(
    network: &'n Network,
    host: &'n HostId,
) -> Option<(&'n InterfaceId, &'n Interface)> {
    let mut all = network.interfaces_of(host);
    all.find(|(_, interface)| interface.public.is_some() || is_public(network, interface))
        .or_else(|| network.interfaces_of(host).next())
}

/// The interface that the host opens connections to other hosts from, where it has several; else its only one.
pub(super) fn back_of<'n>(
    network: &'n Network,
    host: &'n HostId,
) -> Option<(&'n InterfaceId, &'n Interface)> {
    let mut all = network.interfaces_of(host);
    all.find(|(_, interface)| !is_public(network, interface))
}

/// Whether an interface stands on the Internet itself.
fn is_public(network: &Network, interface: &Interface) -> bool {
    match &interface.place {
        Place::Subnet(_) => false,
        Place::Site(site) => network
            .sites
            .get(site)
            .is_some_and(|site| site.kind != SiteKind::Private),
    }
}

/// The first group at a host's front.
pub(super) fn group_of(network: &Network, host: &HostId) -> Option<GroupId> {
    front_of(network, host)?.1.groups.first().cloned()
}

/// The subnet of a host's front; none outside AWS.
pub(super) fn subnet_of<'n>(
    network: &'n Network,
    host: &'n HostId,
) -> Option<(&'n SubnetId, &'n Subnet)> {
    match &front_of(network, host)?.1.place {
        Place::Subnet(subnet) => network.subnets.get_key_value(subnet),
        Place::Site(_) => None,
    }
}

/// The ACL that guards a host's front; none outside AWS.
pub(super) fn acl_of(network: &Network, host: &HostId) -> Option<AclId> {
    Some(subnet_of(network, host)?.1.acl.clone())
}

/// Which way a filter looks, seen from what it guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// Lets traffic through a group.
pub(super) fn open(
    network: &mut Network,
    group: &GroupId,
    way: Way,
    traffic: Traffic,
    peer: RulePeer,
) -> Option<()> {
    let group = network.groups.get_mut(group)?;
    let rules = match way {
        Way::In => &mut group.ingress,
        Way::Out => &mut group.egress,
    };
    rules.push(GroupRule {
        traffic,
        peer,
        description: "planted".to_owned(),
    });
    Some(())
}

/// Puts an entry before all others of an ACL.
pub(super) fn enter(
    network: &mut Network,
    acl: &AclId,
    way: Way,
    allow: bool,
    traffic: Traffic,
    prefix: IpNet,
) -> Option<()> {
    let acl = network.acls.get_mut(acl)?;
    let entries = match way {
        Way::In => &mut acl.ingress,
        Way::Out => &mut acl.egress,
    };
    let number = in_front(entries);
    entries.insert(
        0,
        AclEntry {
            number,
            allow,
            traffic,
            prefix,
        },
    );
    Some(())
}

/// Makes room for an entry that is asked before all others, and returns its number.
fn in_front(entries: &mut [AclEntry]) -> u16 {
    match entries.first().map(|entry| entry.number) {
        Some(first) if first > 1 => first - 1,
        Some(_) => {
            for entry in entries.iter_mut() {
                entry.number = entry.number.saturating_add(1);
            }
            1
        }
        None => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_in_front_has_a_number_of_its_own() {
        let check = |numbers: &[u16], wanted: u16, after: &[u16]| {
            let entry = |number: &u16| AclEntry {
                number: *number,
                allow: true,
                traffic: Traffic::All,
                prefix: EVERYWHERE,
            };
            let mut entries: Vec<AclEntry> = numbers.iter().map(entry).collect();
            assert_eq!(in_front(&mut entries), wanted);
            assert_eq!(
                entries.iter().map(|entry| entry.number).collect::<Vec<_>>(),
                after
            );
        };
        check(&[], 100, &[]);
        check(&[100, 110], 99, &[100, 110]);
        check(&[1, 2], 1, &[2, 3]);
    }
}

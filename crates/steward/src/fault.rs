//! Faults that can be planted in a rehearsal, to show that proof and packets see them.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};
use model::network::{AclEntry, GroupRule, Place, RulePeer};
use model::packet::PortRange;
use model::{
    AclId, Catalog, GroupId, Host, HostId, Network, Role, Secret, SecretName, ServiceKind, Traffic,
};

/// A fault by its name.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it does, for `--list-faults`.
    pub summary: &'static str,
    plant: fn(&mut Ground<'_>) -> Option<String>,
}

/// What a fault may change: what is stood up and proved, never the estate.
pub(crate) struct Ground<'a> {
    pub(crate) network: &'a mut Network,
    pub(crate) hosts: &'a mut BTreeMap<HostId, Host>,
    pub(crate) secrets: &'a mut BTreeMap<SecretName, Secret>,
    pub(crate) catalog: &'a Catalog,
}

/// Every fault that can be planted.
pub const FAULTS: [Fault; 4] = [
    Fault {
        name: "bastion-open",
        summary: "the bastion accepts SSH from the whole Internet, in its group and in its subnet's ACL",
        plant: bastion_open,
    },
    Fault {
        name: "ssh-between-applications",
        summary: "one product's hosts may open SSH to another's, past the bastion",
        plant: ssh_between_applications,
    },
    Fault {
        name: "acl-drops-returns",
        summary: "the ACL of an application subnet drops what its hosts answer",
        plant: acl_drops_returns,
    },
    Fault {
        name: "default-admin-password",
        summary: "a product's console still has the administrator that it was delivered with",
        plant: default_admin_password,
    },
];

impl Fault {
    /// Finds a fault by its name.
    pub fn named(name: &str) -> Option<Self> {
        FAULTS.into_iter().find(|fault| fault.name == name)
    }

    /// Plants it and says what was changed; nothing when the estate has nowhere to plant it.
    pub(crate) fn plant(self, mut ground: Ground<'_>) -> Option<String> {
        (self.plant)(&mut ground)
    }
}

const EVERYWHERE: IpNet = IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::UNSPECIFIED, 0));

fn bastion_open(ground: &mut Ground<'_>) -> Option<String> {
    let (bastion, port) = ground.hosts.iter().find_map(|(id, host)| {
        let port = host
            .services
            .iter()
            .find_map(|service| match service.kind {
                ServiceKind::Ssh { port, .. } => Some(port),
                _ => None,
            })?;
        (host.role == Role::Bastion).then(|| (id.clone(), port))
    })?;
    let group = group_of(ground.network, &bastion)?;
    let traffic = Traffic::tcp(port);
    ground
        .network
        .groups
        .get_mut(&group)?
        .ingress
        .push(GroupRule {
            traffic,
            peer: RulePeer::Prefix(EVERYWHERE),
            description: "SSH for everybody".to_owned(),
        });
    let acl = acl_of(ground.network, &bastion)?;
    let entries = &mut ground.network.acls.get_mut(&acl)?.ingress;
    let number = in_front(entries);
    entries.insert(
        0,
        AclEntry {
            number,
            allow: true,
            traffic,
            prefix: EVERYWHERE,
        },
    );
    Some(format!(
        "{group} and {acl} let {traffic} in from {EVERYWHERE}, so that anybody may knock at {bastion}"
    ))
}

fn ssh_between_applications(ground: &mut Ground<'_>) -> Option<String> {
    let products: Vec<&HostId> = ground
        .hosts
        .iter()
        .filter(|(_, host)| host.role == Role::Product)
        .map(|(id, _)| id)
        .collect();
    let from = (*products.first()?).clone();
    let own = group_of(ground.network, &from)?;
    // Another product of the same environment; where there is none, the product's own other nodes.
    let environment = ground.hosts.get(&from)?.environment.clone();
    let neighbours = products.iter().filter(|id| {
        **id != &from
            && ground
                .hosts
                .get(**id)
                .is_some_and(|host| host.environment == environment)
    });
    let to = neighbours
        .clone()
        .find(|id| group_of(ground.network, id).is_some_and(|group| group != own))
        .or_else(|| neighbours.clone().next())
        .map(|id| (*id).clone())?;
    let theirs = group_of(ground.network, &to)?;
    let rule = |peer: &GroupId| GroupRule {
        traffic: Traffic::tcp(22),
        peer: RulePeer::Group(peer.clone()),
        description: "SSH among the applications".to_owned(),
    };
    ground
        .network
        .groups
        .get_mut(&own)?
        .egress
        .push(rule(&theirs));
    ground
        .network
        .groups
        .get_mut(&theirs)?
        .ingress
        .push(rule(&own));
    Some(format!(
        "{theirs} lets tcp/22 in from {own}, and {own} lets it out"
    ))
}

fn acl_drops_returns(ground: &mut Ground<'_>) -> Option<String> {
    let (product, _) = ground
        .hosts
        .iter()
        .find(|(_, host)| host.role == Role::Product)?;
    let acl = acl_of(ground.network, product)?;
    // Linux opens connections from these; AWS advises to let 1024-65535 pass.
    let traffic = Traffic::Tcp(PortRange {
        first: 32_768,
        last: 60_999,
    });
    let entries = &mut ground.network.acls.get_mut(&acl)?.egress;
    let number = in_front(entries);
    entries.insert(
        0,
        AclEntry {
            number,
            allow: false,
            traffic,
            prefix: EVERYWHERE,
        },
    );
    Some(format!(
        "{acl} drops {traffic} on its way out: what hosts of its subnets answer is lost"
    ))
}

fn default_admin_password(ground: &mut Ground<'_>) -> Option<String> {
    let catalog = ground.catalog;
    for (id, host) in ground.hosts.iter_mut() {
        for service in &mut host.services {
            let ServiceKind::Product(product) = &mut service.kind else {
                continue;
            };
            if product.consoles.is_empty() {
                continue;
            }
            let Some(known) = catalog.products.get(&product.product) else {
                continue;
            };
            let (user, password) = &known.default_admin;
            // The node keeps a secret of its own, so that no other node's administrator changes with it.
            let own = SecretName(format!("{id}/delivered-admin"));
            ground
                .secrets
                .insert(own.clone(), Secret::new(password.clone()));
            product.admin_user.clone_from(user);
            product.admin_password = own;
            return Some(format!(
                "{id} still accepts `{user}` with the password that {} is delivered with",
                known.name
            ));
        }
    }
    None
}

fn group_of(network: &Network, host: &HostId) -> Option<GroupId> {
    network
        .interfaces_of(host)
        .find_map(|(_, interface)| interface.groups.first().cloned())
}

fn acl_of(network: &Network, host: &HostId) -> Option<AclId> {
    network
        .interfaces_of(host)
        .find_map(|(_, interface)| match &interface.place {
            Place::Subnet(subnet) => network.subnets.get(subnet).map(|subnet| subnet.acl.clone()),
            Place::Site(_) => None,
        })
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

    #[test]
    fn an_estate_without_anything_to_break_has_no_fault() {
        for fault in FAULTS {
            let ground = Ground {
                network: &mut Network::default(),
                hosts: &mut BTreeMap::new(),
                secrets: &mut BTreeMap::new(),
                catalog: &Catalog::embedded(),
            };
            assert_eq!(fault.plant(ground), None, "{}", fault.name);
        }
    }
}

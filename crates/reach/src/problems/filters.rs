//! Faults of ACLs, groups and the interfaces that they filter.

use model::network::{GroupHome, Interface, NetworkAcl, Place, RulePeer, SecurityGroup};

use super::Found;
use crate::atlas::primary;

impl<'n> Found<'n> {
    pub(super) fn acl(&mut self, of: &str, acl: &'n NetworkAcl) {
        self.vpc(of, &acl.vpc);
        for entries in [&acl.ingress, &acl.egress] {
            let mut numbers: Vec<u16> = entries.iter().map(|entry| entry.number).collect();
            numbers.sort_unstable();
            let distinct = numbers.windows(2).all(|pair| pair[0] != pair[1]);
            self.want(distinct, || {
                format!("{of} has several entries of one number")
            });
        }
    }

    pub(super) fn group(&mut self, of: &str, group: &'n SecurityGroup) {
        let network = self.network;
        match &group.home {
            GroupHome::Vpc(vpc) => self.vpc(of, vpc),
            GroupHome::Site(site) => self.want(network.sites.contains_key(site), || {
                format!("{of} names site {site}, which is not there")
            }),
        }
        for rule in group.ingress.iter().chain(&group.egress) {
            let RulePeer::Group(peer) = &rule.peer else {
                continue;
            };
            let Some(named) = network.groups.get(peer) else {
                self.want(false, || {
                    format!("{of} names group {peer}, which is not there")
                });
                continue;
            };
            // A firewall knows addresses; AWS's groups know those of AWS.
            if group.vpc().is_none() {
                self.want(false, || {
                    format!("{of} is of a site's firewall and names group {peer}, not a prefix")
                });
            } else {
                self.want(named.vpc().is_some(), || {
                    format!("{of} names group {peer}, which is of a site's firewall")
                });
            }
        }
    }

    pub(super) fn interface(&mut self, of: &str, interface: &Interface) {
        let network = self.network;
        for v4 in [true, false] {
            let addresses = interface.addresses.iter();
            let count = addresses.filter(|address| address.is_ipv4() == v4).count();
            self.want(count <= 1, || {
                format!("{of} has {count} addresses of one family")
            });
        }
        self.want(interface.source_dest_check, || {
            format!("{of} may forward for others: it has no source and destination check")
        });
        let translatable = interface.public.is_none() || primary(interface).is_some();
        self.want(translatable, || {
            format!("{of} has a public address and no IPv4 address")
        });
        match &interface.place {
            Place::Site(site) => {
                let known = network.sites.contains_key(site);
                self.want(known, || {
                    format!("{of} names site {site}, which is not there")
                });
                self.want(interface.public.is_none(), || {
                    format!("{of} has a public address to translate, outside AWS")
                });
                let home = GroupHome::Site(site.clone());
                self.groups_of(of, interface, &home, "its site");
            }
            Place::Subnet(id) => {
                let Some(subnet) = network.subnets.get(id) else {
                    self.want(false, || {
                        format!("{of} names subnet {id}, which is not there")
                    });
                    return;
                };
                for address in &interface.addresses {
                    let within = subnet.cidrs.iter().any(|cidr| cidr.contains(address));
                    self.want(within, || {
                        format!("{of} has {address}, outside subnet {id}")
                    });
                }
                let home = GroupHome::Vpc(subnet.vpc.clone());
                self.groups_of(of, interface, &home, "its VPC");
            }
        }
    }

    fn groups_of(&mut self, of: &str, interface: &Interface, home: &GroupHome, place: &str) {
        for id in &interface.groups {
            let group = self.network.groups.get(id);
            self.want(group.is_some_and(|group| group.home == *home), || {
                format!("{of} names group {id}, which is not one of {place}")
            });
        }
    }
}

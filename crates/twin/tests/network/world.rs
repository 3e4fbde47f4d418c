//! Small networks, written down in a few words.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use model::Network;
use model::network::{
    AclEntry, AttachedTo, Attachment, GroupHome, GroupRule, Interface, InternetGateway, NatGateway,
    NetworkAcl, Peering, Place, Route, RouteTable, RouteTarget, RulePeer, SecurityGroup, Site,
    SiteKind, Subnet, TransitGateway, TransitRoute, Vpc,
};
use model::packet::Traffic;

/// Parses what is written in a test.
pub(crate) fn net(text: &str) -> IpNet {
    text.parse().expect("a prefix of a test is well formed")
}

/// Parses what is written in a test.
pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address of a test is well formed")
}

fn ipv4(text: &str) -> Ipv4Addr {
    text.parse().expect("an address of a test is well formed")
}

/// Everything of both families.
pub(crate) const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// A network under construction.
#[derive(Clone, Default)]
pub(crate) struct World(pub(crate) Network);

impl World {
    /// A VPC with a route table of local routes and an ACL that lets everything through, both named after it, and a
    /// group `VPC/all` that does too.
    pub(crate) fn vpc(mut self, name: &str, cidrs: &[&str]) -> Self {
        let cidrs: Vec<IpNet> = cidrs.iter().map(|cidr| net(cidr)).collect();
        let routes = cidrs
            .iter()
            .map(|cidr| Route {
                destination: *cidr,
                target: RouteTarget::Local,
                propagated: false,
            })
            .collect();
        self.0.vpcs.insert(
            name.into(),
            Vpc {
                region: "eu-central-1".to_owned(),
                cidrs,
            },
        );
        self.0.route_tables.insert(
            name.into(),
            RouteTable {
                vpc: name.into(),
                routes,
            },
        );
        let everything = [(100, ANYWHERE[0]), (101, ANYWHERE[1])]
            .map(|(number, prefix)| entry(number, true, Traffic::All, prefix));
        let mut world = self.acl(name, name, &everything, &everything);
        for prefix in ANYWHERE {
            world = world
                .allow_in(name, &format!("{name}/all"), Traffic::All, prefix)
                .allow_out(name, &format!("{name}/all"), Traffic::All, prefix);
        }
        world
    }

    /// A route table with its VPC's local routes.
    pub(crate) fn table(mut self, name: &str, vpc: &str) -> Self {
        let table = self.0.route_tables[&vpc.into()].clone();
        self.0.route_tables.insert(name.into(), table);
        self
    }

    pub(crate) fn route(mut self, table: &str, destination: &str, target: RouteTarget) -> Self {
        let table = self.0.route_tables.get_mut(&table.into());
        table
            .expect("a test adds routes to tables that it made")
            .routes
            .push(Route {
                destination: net(destination),
                target,
                propagated: false,
            });
        self
    }

    pub(crate) fn acl(
        mut self,
        name: &str,
        vpc: &str,
        ingress: &[AclEntry],
        egress: &[AclEntry],
    ) -> Self {
        self.0.acls.insert(
            name.into(),
            NetworkAcl {
                vpc: vpc.into(),
                ingress: ingress.to_vec(),
                egress: egress.to_vec(),
            },
        );
        self
    }

    /// A subnet `VPC/NAME`, whose zone is the last letter of the name; route table and ACL are the VPC's own.
    pub(crate) fn subnet(mut self, vpc: &str, name: &str, cidrs: &[&str]) -> Self {
        self.0.subnets.insert(
            format!("{vpc}/{name}").as_str().into(),
            Subnet {
                vpc: vpc.into(),
                zone: name.chars().last().into_iter().collect(),
                cidrs: cidrs.iter().map(|cidr| net(cidr)).collect(),
                route_table: vpc.into(),
                acl: vpc.into(),
            },
        );
        self
    }

    /// Gives a subnet another route table and ACL.
    pub(crate) fn under(mut self, subnet: &str, table: &str, acl: &str) -> Self {
        let subnet = self.0.subnets.get_mut(&subnet.into());
        let subnet = subnet.expect("a test changes subnets that it made");
        subnet.route_table = table.into();
        subnet.acl = acl.into();
        self
    }

    fn group_rules(&mut self, home: GroupHome, group: &str) -> &mut SecurityGroup {
        self.0
            .groups
            .entry(group.into())
            .or_insert_with(|| SecurityGroup {
                home,
                default: false,
                ingress: Vec::new(),
                egress: Vec::new(),
            })
    }

    /// Lets traffic into a group from a prefix, or from a group if it is the name of one.
    pub(crate) fn allow_in(mut self, vpc: &str, group: &str, traffic: Traffic, peer: &str) -> Self {
        self.group_rules(GroupHome::Vpc(vpc.into()), group)
            .ingress
            .push(rule(traffic, peer));
        self
    }

    /// Lets traffic out of a group to a prefix, or to a group if it is the name of one.
    pub(crate) fn allow_out(
        mut self,
        vpc: &str,
        group: &str,
        traffic: Traffic,
        peer: &str,
    ) -> Self {
        self.group_rules(GroupHome::Vpc(vpc.into()), group)
            .egress
            .push(rule(traffic, peer));
        self
    }

    /// A group of a site's firewall, of which each rule lets traffic in from a prefix, or out to it.
    pub(crate) fn firewall(
        mut self,
        site: &str,
        group: &str,
        ingress: &[(Traffic, &str)],
        egress: &[(Traffic, &str)],
    ) -> Self {
        let rules = |side: &[(Traffic, &str)]| -> Vec<GroupRule> {
            side.iter()
                .map(|(traffic, peer)| rule(*traffic, peer))
                .collect()
        };
        let group = self.group_rules(GroupHome::Site(site.into()), group);
        group.ingress.extend(rules(ingress));
        group.egress.extend(rules(egress));
        self
    }

    /// Puts an interface that stands outside AWS behind its site's firewall.
    pub(crate) fn behind(mut self, interface: &str, groups: &[&str]) -> Self {
        let interface = self.0.interfaces.get_mut(&interface.into());
        let interface = interface.expect("a test changes interfaces that it made");
        interface.groups = groups.iter().map(|group| (*group).into()).collect();
        self
    }

    /// A peering of two VPCs.
    pub(crate) fn peering(mut self, name: &str, one: &str, other: &str) -> Self {
        let vpcs = [one.into(), other.into()];
        self.0.peerings.insert(name.into(), Peering { vpcs });
        self
    }

    /// A host with one interface in a subnet.
    pub(crate) fn host(
        self,
        name: &str,
        subnet: &str,
        addresses: &[&str],
        groups: &[&str],
    ) -> Self {
        self.interface(name, name, Place::Subnet(subnet.into()), addresses, groups)
    }

    /// A host outside AWS.
    pub(crate) fn outsider(self, name: &str, site: &str, addresses: &[&str]) -> Self {
        self.interface(name, name, Place::Site(site.into()), addresses, &[])
    }

    pub(crate) fn interface(
        mut self,
        name: &str,
        host: &str,
        place: Place,
        addresses: &[&str],
        groups: &[&str],
    ) -> Self {
        self.0.interfaces.insert(
            name.into(),
            Interface {
                host: host.into(),
                place,
                addresses: addresses.iter().map(|address| ip(address)).collect(),
                public: None,
                groups: groups.iter().map(|group| (*group).into()).collect(),
                source_dest_check: true,
            },
        );
        self
    }

    /// Gives an interface a public address.
    pub(crate) fn public(mut self, interface: &str, address: &str) -> Self {
        let interface = self.0.interfaces.get_mut(&interface.into());
        interface
            .expect("a test changes interfaces that it made")
            .public = Some(ipv4(address));
        self
    }

    pub(crate) fn gateway(mut self, name: &str, vpc: &str, egress_only: bool) -> Self {
        self.0.internet_gateways.insert(
            name.into(),
            InternetGateway {
                vpc: vpc.into(),
                egress_only,
            },
        );
        self
    }

    pub(crate) fn nat(mut self, name: &str, subnet: &str, address: &str, public: &str) -> Self {
        self.0.nat_gateways.insert(
            name.into(),
            NatGateway {
                subnet: subnet.into(),
                address: ipv4(address),
                public: Some(ipv4(public)),
            },
        );
        self
    }

    pub(crate) fn site(mut self, name: &str, kind: SiteKind, prefixes: &[&str]) -> Self {
        self.0.sites.insert(
            name.into(),
            Site {
                kind,
                prefixes: prefixes.iter().map(|prefix| net(prefix)).collect(),
            },
        );
        self
    }

    fn transit(&mut self, name: &str) -> &mut TransitGateway {
        self.0
            .transit_gateways
            .entry(name.into())
            .or_insert_with(|| TransitGateway {
                region: "eu-central-1".to_owned(),
                attachments: Default::default(),
                tables: Default::default(),
            })
    }

    /// Attaches a VPC by some of its subnets, or a site if there are none.
    pub(crate) fn attach(
        mut self,
        transit: &str,
        name: &str,
        to: &str,
        subnets: &[&str],
        table: Option<&str>,
    ) -> Self {
        let to = if subnets.is_empty() {
            AttachedTo::Site(to.into())
        } else {
            AttachedTo::Vpc {
                vpc: to.into(),
                subnets: subnets.iter().map(|subnet| (*subnet).into()).collect(),
            }
        };
        let table = table.map(Into::into);
        let transit = self.transit(transit);
        transit
            .attachments
            .insert(name.into(), Attachment { to, table });
        self
    }

    pub(crate) fn transit_route(
        mut self,
        transit: &str,
        table: &str,
        destination: &str,
        attachment: Option<&str>,
    ) -> Self {
        let tables = &mut self.transit(transit).tables;
        tables.entry(table.into()).or_default().push(TransitRoute {
            destination: net(destination),
            attachment: attachment.map(Into::into),
            propagated: false,
        });
        self
    }
}

/// An entry of an ACL.
pub(crate) fn entry(number: u16, allow: bool, traffic: Traffic, prefix: &str) -> AclEntry {
    AclEntry {
        number,
        allow,
        traffic,
        prefix: net(prefix),
    }
}

fn rule(traffic: Traffic, peer: &str) -> GroupRule {
    GroupRule {
        traffic,
        peer: peer
            .parse()
            .map_or_else(|_| RulePeer::Group(peer.into()), RulePeer::Prefix),
        description: String::new(),
    }
}

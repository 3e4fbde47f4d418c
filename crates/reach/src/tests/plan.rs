//! Networks for tests, in few words.

use std::net::IpAddr;

use ipnet::IpNet;
use model::Network;
use model::id::{InterfaceId, SubnetId};
use model::network::{
    AclEntry, AttachedTo, Attachment, GroupHome, GroupRule, Interface, InternetGateway, NatGateway,
    NetworkAcl, Peering, Place, Route, RouteTable, RouteTarget, RulePeer, SecurityGroup, Site,
    SiteKind, Subnet, TransitGateway, TransitRoute, Vpc,
};
use model::packet::{IcmpMatch, Packet, PortRange, Traffic, Transport};

/// Reads a prefix.
pub(super) fn net(prefix: &str) -> IpNet {
    prefix.parse().expect("a prefix")
}

/// Reads an address.
pub(super) fn at(address: &str) -> IpAddr {
    address.parse().expect("an address")
}

/// Reads traffic: `all`, `tcp/22`, `udp/1024-65535`, `icmp`, `icmp/8`, `icmpv6`, `proto/50`.
pub(super) fn traffic(words: &str) -> Traffic {
    let (kind, rest) = words.split_once('/').unwrap_or((words, ""));
    let ports = || {
        let (first, last) = rest.split_once('-').unwrap_or((rest, rest));
        match rest {
            "" => PortRange::ALL,
            _ => PortRange {
                first: first.parse().expect("a port"),
                last: last.parse().expect("a port"),
            },
        }
    };
    let message = || match rest {
        "" => IcmpMatch::All,
        kind => IcmpMatch::Type(kind.parse().expect("a type")),
    };
    match kind {
        "all" => Traffic::All,
        "tcp" => Traffic::Tcp(ports()),
        "udp" => Traffic::Udp(ports()),
        "icmp" => Traffic::Icmp(message()),
        "icmpv6" => Traffic::Icmpv6(message()),
        "proto" => Traffic::Protocol(rest.parse().expect("a protocol")),
        _ => panic!("no traffic: {words}"),
    }
}

/// A TCP packet from port 49152.
pub(super) fn tcp(source: &str, destination: &str, port: u16) -> Packet {
    Packet {
        source: at(source),
        destination: at(destination),
        transport: Transport::Tcp {
            source: 49152,
            destination: port,
        },
    }
}

/// Rules of a group: `tcp/22 10.0.0.0/8`, or with a group's name after the traffic.
fn rules(lines: &[&str]) -> Vec<GroupRule> {
    lines
        .iter()
        .map(|line| {
            let (words, peer) = line.split_once(' ').expect("traffic and a peer");
            GroupRule {
                traffic: traffic(words),
                peer: peer
                    .parse()
                    .map_or_else(|_| RulePeer::Group(peer.into()), RulePeer::Prefix),
                description: String::new(),
            }
        })
        .collect()
}

/// Entries of an ACL: `100 allow tcp/22 10.0.0.0/8`.
pub(super) fn entries(lines: &[&str]) -> Vec<AclEntry> {
    lines
        .iter()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [number, verb, what, prefix] = words.as_slice() else {
                panic!("no entry: {line}");
            };
            AclEntry {
                number: number.parse().expect("a number"),
                allow: *verb == "allow",
                traffic: traffic(what),
                prefix: net(prefix),
            }
        })
        .collect()
}

/// Reads a route's target: `local`, `igw ID`, `eigw ID`, `nat ID`, `tgw ID`, `pcx ID`, `blackhole`, or the name of something else.
fn target(words: &str) -> RouteTarget {
    match words.split_once(' ') {
        Some(("igw", id)) => RouteTarget::InternetGateway(id.into()),
        Some(("eigw", id)) => RouteTarget::EgressOnlyGateway(id.into()),
        Some(("nat", id)) => RouteTarget::NatGateway(id.into()),
        Some(("tgw", id)) => RouteTarget::TransitGateway(id.into()),
        Some(("pcx", id)) => RouteTarget::Peering(id.into()),
        _ if words == "local" => RouteTarget::Local,
        _ if words == "blackhole" => RouteTarget::Blackhole,
        _ => RouteTarget::Unmodelled(words.to_owned()),
    }
}

/// A network under construction.
#[derive(Clone, Default)]
pub(super) struct Plan(pub(super) Network);

impl Plan {
    /// A VPC with an ACL `NAME-open` that lets everything through and a default group `NAME-default` that is empty.
    pub(super) fn vpc(mut self, name: &str, cidrs: &[&str]) -> Self {
        self.0.vpcs.insert(
            name.into(),
            Vpc {
                region: "eu-central-1".to_owned(),
                cidrs: cidrs.iter().map(|cidr| net(cidr)).collect(),
            },
        );
        let all = ["100 allow all 0.0.0.0/0", "101 allow all ::/0"];
        let acl = NetworkAcl {
            vpc: name.into(),
            ingress: entries(&all),
            egress: entries(&all),
        };
        self.0
            .acls
            .insert(format!("{name}-open").as_str().into(), acl);
        let group = SecurityGroup {
            home: GroupHome::Vpc(name.into()),
            default: true,
            ingress: Vec::new(),
            egress: Vec::new(),
        };
        self.0
            .groups
            .insert(format!("{name}-default").as_str().into(), group);
        self
    }

    /// A route table `NAME-table` and a subnet `NAME` with it and the VPC's open ACL. The zone is the name's last letter.
    pub(super) fn subnet(
        mut self,
        name: &str,
        vpc: &str,
        cidrs: &[&str],
        routes: &[(&str, &str)],
    ) -> Self {
        let table = format!("{name}-table");
        self.0.route_tables.insert(
            table.as_str().into(),
            RouteTable {
                vpc: vpc.into(),
                routes: Vec::new(),
            },
        );
        self.0.subnets.insert(
            name.into(),
            Subnet {
                vpc: vpc.into(),
                zone: name.chars().next_back().into_iter().collect(),
                cidrs: cidrs.iter().map(|cidr| net(cidr)).collect(),
                route_table: table.as_str().into(),
                acl: format!("{vpc}-open").as_str().into(),
            },
        );
        let local = self.0.vpcs[&vpc.into()].cidrs.clone();
        for cidr in local {
            self = self.route(name, &cidr.to_string(), "local", false);
        }
        for (prefix, to) in routes {
            self = self.route(name, prefix, to, false);
        }
        self
    }

    /// A route of a subnet's own table.
    pub(super) fn route(mut self, subnet: &str, prefix: &str, to: &str, propagated: bool) -> Self {
        let table = self.0.subnets[&subnet.into()].route_table.clone();
        let table = self
            .0
            .route_tables
            .get_mut(&table)
            .expect("the subnet's table");
        table.routes.push(Route {
            destination: net(prefix),
            target: target(to),
            propagated,
        });
        self
    }

    /// An ACL for a subnet of its own.
    pub(super) fn acl(mut self, subnet: &str, ingress: &[&str], egress: &[&str]) -> Self {
        let name = format!("{subnet}-acl");
        let held = self.0.subnets.get_mut(&subnet.into()).expect("the subnet");
        held.acl = name.as_str().into();
        let acl = NetworkAcl {
            vpc: held.vpc.clone(),
            ingress: entries(ingress),
            egress: entries(egress),
        };
        self.0.acls.insert(name.as_str().into(), acl);
        self
    }

    pub(super) fn group(self, name: &str, vpc: &str, ingress: &[&str], egress: &[&str]) -> Self {
        self.group_of(name, GroupHome::Vpc(vpc.into()), ingress, egress)
    }

    /// What a site's firewall does for the interfaces that name the group.
    pub(super) fn firewall(
        self,
        name: &str,
        site: &str,
        ingress: &[&str],
        egress: &[&str],
    ) -> Self {
        self.group_of(name, GroupHome::Site(site.into()), ingress, egress)
    }

    fn group_of(mut self, name: &str, home: GroupHome, ingress: &[&str], egress: &[&str]) -> Self {
        self.0.groups.insert(
            name.into(),
            SecurityGroup {
                home,
                default: false,
                ingress: rules(ingress),
                egress: rules(egress),
            },
        );
        self
    }

    fn interface(mut self, name: &str, place: Place, addresses: &[&str], groups: &[&str]) -> Self {
        self.0.interfaces.insert(
            name.into(),
            Interface {
                host: name.into(),
                place,
                addresses: addresses.iter().map(|address| at(address)).collect(),
                public: None,
                groups: groups.iter().map(|group| (*group).into()).collect(),
                source_dest_check: true,
            },
        );
        self
    }

    /// An interface in a subnet.
    pub(super) fn host(
        self,
        name: &str,
        subnet: &str,
        addresses: &[&str],
        groups: &[&str],
    ) -> Self {
        self.interface(name, Place::Subnet(subnet.into()), addresses, groups)
    }

    /// An interface at a site.
    pub(super) fn outsider(self, name: &str, site: &str, addresses: &[&str]) -> Self {
        self.interface(name, Place::Site(site.into()), addresses, &[])
    }

    /// Adds a group to an interface's.
    pub(super) fn member(self, interface: &str, group: &str) -> Self {
        self.but(|network| {
            let held = network.interfaces.get_mut(&interface.into());
            held.expect("the interface").groups.push(group.into());
        })
    }

    /// Makes an interface one of a host with others.
    pub(super) fn of_host(self, interface: &str, host: &str) -> Self {
        self.but(|network| {
            let held = network.interfaces.get_mut(&interface.into());
            held.expect("the interface").host = host.into();
        })
    }

    /// A peering.
    pub(super) fn peering(mut self, name: &str, from: &str, to: &str) -> Self {
        let vpcs = [from.into(), to.into()];
        self.0.peerings.insert(name.into(), Peering { vpcs });
        self
    }

    pub(super) fn public(mut self, interface: &str, address: &str) -> Self {
        let interface = self
            .0
            .interfaces
            .get_mut(&interface.into())
            .expect("the interface");
        interface.public = Some(address.parse().expect("an IPv4 address"));
        self
    }

    pub(super) fn internet_gateway(mut self, name: &str, vpc: &str, egress_only: bool) -> Self {
        let gateway = InternetGateway {
            vpc: vpc.into(),
            egress_only,
        };
        self.0.internet_gateways.insert(name.into(), gateway);
        self
    }

    pub(super) fn nat(
        mut self,
        name: &str,
        subnet: &str,
        address: &str,
        public: Option<&str>,
    ) -> Self {
        self.0.nat_gateways.insert(
            name.into(),
            NatGateway {
                subnet: subnet.into(),
                address: address.parse().expect("an IPv4 address"),
                public: public.map(|address| address.parse().expect("an IPv4 address")),
            },
        );
        self
    }

    pub(super) fn site(mut self, name: &str, kind: SiteKind, prefixes: &[&str]) -> Self {
        let prefixes = prefixes.iter().map(|prefix| net(prefix)).collect();
        self.0.sites.insert(name.into(), Site { kind, prefixes });
        self
    }

    /// A transit gateway's attachment of the same name as the VPC, with a table of that name too.
    pub(super) fn attach_vpc(mut self, gateway: &str, vpc: &str, subnets: &[&str]) -> Self {
        let subnets: Vec<SubnetId> = subnets.iter().map(|subnet| (*subnet).into()).collect();
        let to = AttachedTo::Vpc {
            vpc: vpc.into(),
            subnets,
        };
        self.attach(gateway, vpc, to);
        self
    }

    /// The same for a site.
    pub(super) fn attach_site(mut self, gateway: &str, site: &str) -> Self {
        self.attach(gateway, site, AttachedTo::Site(site.into()));
        self
    }

    fn attach(&mut self, gateway: &str, name: &str, to: AttachedTo) {
        let held = self.0.transit_gateways.entry(gateway.into());
        let held = held.or_insert_with(|| TransitGateway {
            region: "eu-central-1".to_owned(),
            attachments: Default::default(),
            tables: Default::default(),
        });
        let table = Some(name.into());
        held.attachments
            .insert(name.into(), Attachment { to, table });
        held.tables.entry(name.into()).or_default();
    }

    /// A route of a transit gateway's table; to nowhere without an attachment.
    pub(super) fn transit(
        self,
        gateway: &str,
        table: &str,
        prefix: &str,
        to: Option<&str>,
    ) -> Self {
        self.transit_route(gateway, table, prefix, to, false)
    }

    /// The same, learnt from an attachment.
    pub(super) fn propagate(self, gateway: &str, table: &str, prefix: &str, to: &str) -> Self {
        self.transit_route(gateway, table, prefix, Some(to), true)
    }

    fn transit_route(
        mut self,
        gateway: &str,
        table: &str,
        prefix: &str,
        to: Option<&str>,
        propagated: bool,
    ) -> Self {
        let held = self
            .0
            .transit_gateways
            .get_mut(&gateway.into())
            .expect("the gateway");
        held.tables
            .entry(table.into())
            .or_default()
            .push(TransitRoute {
                destination: net(prefix),
                attachment: to.map(Into::into),
                propagated,
            });
        self
    }

    /// Changes anything else.
    pub(super) fn but(mut self, change: impl FnOnce(&mut Network)) -> Self {
        change(&mut self.0);
        self
    }
}

/// An estate as operators have them. Production and staging, each with hosts in a public and a private subnet; a data
/// centre by a transit gateway; the operator and somebody else on the Internet.
///
/// `bastion` (22 from the operator), `web` (public, 443 for all), `app` (8080 from `web`, 22 from `bastion`) behind a NAT
/// gateway, `stage` in the other VPC, `dns` at the data centre, `operator`, `client` and `mirror` outside.
pub(super) fn estate() -> Plan {
    Plan::default()
        .vpc("prod", &["10.1.0.0/16", "2001:db8:1::/56"])
        .internet_gateway("igw", "prod", false)
        .internet_gateway("eigw", "prod", true)
        .subnet(
            "public-a",
            "prod",
            &["10.1.0.0/24", "2001:db8:1:0::/64"],
            &[
                ("0.0.0.0/0", "igw igw"),
                ("::/0", "igw igw"),
                ("192.168.0.0/16", "tgw tgw"),
            ],
        )
        .subnet(
            "private-a",
            "prod",
            &["10.1.1.0/24", "2001:db8:1:1::/64"],
            &[
                ("0.0.0.0/0", "nat nat"),
                ("::/0", "eigw eigw"),
                ("192.168.0.0/16", "tgw tgw"),
                ("10.2.0.0/16", "tgw tgw"),
            ],
        )
        .subnet("transit-a", "prod", &["10.1.9.0/28"], &[])
        .nat("nat", "public-a", "10.1.0.250", Some("198.18.0.250"))
        .group(
            "bastion",
            "prod",
            &["tcp/22 198.51.100.0/24"],
            &["tcp/22 10.1.0.0/16"],
        )
        .group("web", "prod", &["tcp/443 0.0.0.0/0"], &["tcp/8080 app"])
        .group(
            "app",
            "prod",
            &["tcp/8080 web", "tcp/22 bastion"],
            &[
                "tcp/443 0.0.0.0/0",
                "udp/53 192.168.0.53/32",
                "tcp/443 ::/0",
            ],
        )
        .host(
            "bastion",
            "public-a",
            &["10.1.0.10", "2001:db8:1::10"],
            &["bastion"],
        )
        .public("bastion", "198.18.0.10")
        .host(
            "web",
            "public-a",
            &["10.1.0.20", "2001:db8:1::20"],
            &["web"],
        )
        .public("web", "198.18.0.20")
        .host(
            "app",
            "private-a",
            &["10.1.1.30", "2001:db8:1:1::30"],
            &["app"],
        )
        .vpc("staging", &["10.2.0.0/16"])
        .subnet(
            "stage-a",
            "staging",
            &["10.2.1.0/24"],
            &[("192.168.0.0/16", "tgw tgw")],
        )
        .group(
            "stage",
            "staging",
            &["tcp/443 192.168.0.0/16"],
            &["udp/53 192.168.0.53/32"],
        )
        .subnet("crossing-a", "staging", &["10.2.9.0/28"], &[])
        .host("stage", "stage-a", &["10.2.1.30"], &["stage"])
        .site("dc", SiteKind::Private, &["192.168.0.0/16"])
        .outsider("dns", "dc", &["192.168.0.53"])
        .site("operator", SiteKind::OnInternet, &["198.51.100.0/24"])
        .outsider("operator", "operator", &["198.51.100.10"])
        .site("internet", SiteKind::Internet, &[])
        .outsider("client", "internet", &["203.0.113.9", "2001:db8:ffff::9"])
        .outsider("mirror", "internet", &["203.0.113.80"])
        .attach_vpc("tgw", "prod", &["transit-a"])
        .attach_vpc("tgw", "staging", &["crossing-a"])
        .attach_site("tgw", "dc")
        .transit("tgw", "prod", "192.168.0.0/16", Some("dc"))
        .transit("tgw", "staging", "192.168.0.0/16", Some("dc"))
        .transit("tgw", "dc", "10.1.0.0/16", Some("prod"))
        .transit("tgw", "dc", "10.2.0.0/16", Some("staging"))
}

/// Interface identifiers.
pub(super) fn ids(names: &[&str]) -> std::collections::BTreeSet<InterfaceId> {
    names.iter().map(|name| InterfaceId::from(*name)).collect()
}

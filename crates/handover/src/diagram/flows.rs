//! Which group may open which port of which other, read from the security groups.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use model::network::{RulePeer, SiteKind};
use model::{GroupId, Host, HostId, Network, Role, SiteId, Traffic, VpcId};

/// Colours of flows by what they come from: operator, Internet, data centre, balancer, bastion, product, other.
pub(super) const COLOURS: [&str; 7] = [
    "#1f4e79", "#b3261e", "#6b4fa0", "#1a7f4b", "#0b7285", "#9a6700", "#5c6b7a",
];

/// What may talk to what in one or more environments whose groups are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Map {
    /// The environments that it holds for.
    pub(super) environments: Vec<String>,
    /// Groups and places, by key.
    pub(super) nodes: BTreeMap<String, Node>,
    /// Who may open what.
    pub(super) flows: BTreeSet<Flow>,
}

/// A group of interfaces, or a place outside the VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Column from the left: outside, edge, products, data and names, outside again.
    pub(super) column: usize,
    /// Name.
    pub(super) title: String,
    /// Its members' short names.
    pub(super) members: Vec<String>,
    /// Index into [`COLOURS`] of what comes from it.
    pub(super) colour: usize,
    /// What may be opened here, with a note where it is not drawn as an arrow.
    pub(super) ports: BTreeMap<Traffic, Option<&'static str>>,
}

/// An arrow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flow {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) traffic: Traffic,
}

/// One map for each VPC, alike ones folded into one.
pub(super) fn maps(network: &Network, hosts: &BTreeMap<HostId, Host>) -> Vec<Map> {
    let mut maps: Vec<Map> = Vec::new();
    for vpc in network.vpcs.keys() {
        let map = map(network, hosts, vpc);
        match maps
            .iter_mut()
            .find(|known| known.nodes == map.nodes && known.flows == map.flows)
        {
            Some(known) => known.environments.extend(map.environments),
            None => maps.push(map),
        }
    }
    maps
}

/// A name without its environment: `production/apim-1` is `apim-1` on a map of production.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn map(network: &Network, hosts: &BTreeMap<HostId, Host>, vpc: &VpcId) -> Map {
    let mut map = Map {
        environments: vec![short(vpc.as_str()).to_owned()],
        nodes: BTreeMap::new(),
        flows: BTreeSet::new(),
    };
    let groups: Vec<_> = network
        .groups
        .iter()
        .filter(|(_, group)| group.vpc() == Some(vpc) && !group.default)
        .collect();
    for (id, _) in &groups {
        if let Some(node) = group_node(network, hosts, id) {
            map.nodes.insert(short(id.as_str()).to_owned(), node);
        }
    }
    for (id, group) in &groups {
        let own = short(id.as_str()).to_owned();
        if !map.nodes.contains_key(&own) {
            continue;
        }
        for rule in &group.ingress {
            map.admit(network, vpc, &own, rule.traffic, &rule.peer);
        }
        for rule in &group.egress {
            if let RulePeer::Prefix(prefix) = &rule.peer {
                map.let_out(network, hosts, vpc, &own, rule.traffic, prefix);
            }
        }
    }
    map
}

fn group_node(network: &Network, hosts: &BTreeMap<HostId, Host>, id: &GroupId) -> Option<Node> {
    let members: BTreeSet<&HostId> = network
        .members(id)
        .map(|(_, interface)| &interface.host)
        .collect();
    let role = members
        .iter()
        .find_map(|host| hosts.get(*host))
        .map(|host| host.role);
    let (column, colour) = match role {
        Some(Role::Bastion) => (1, 4),
        Some(Role::PublicBalancer | Role::InternalBalancer) => (1, 3),
        Some(Role::Product) => (2, 5),
        _ => (3, 6),
    };
    let members: Vec<_> = members
        .into_iter()
        .map(|host| short(host.as_str()).to_owned())
        .collect();
    (!members.is_empty()).then(|| Node {
        column,
        title: short(id.as_str()).to_owned(),
        members,
        colour,
        ports: BTreeMap::new(),
    })
}

impl Map {
    fn admit(
        &mut self,
        network: &Network,
        vpc: &VpcId,
        own: &str,
        traffic: Traffic,
        peer: &RulePeer,
    ) {
        let note = match peer {
            RulePeer::Group(group) if short(group.as_str()) == own => Some("among themselves"),
            RulePeer::Group(group) => {
                let from = short(group.as_str()).to_owned();
                self.flows.insert(Flow {
                    from,
                    to: own.to_owned(),
                    traffic,
                });
                None
            }
            RulePeer::Prefix(prefix) if within_vpc(network, vpc, prefix) => {
                Some("from the whole VPC")
            }
            RulePeer::Prefix(prefix) => {
                let from = self.place(network, prefix, 0);
                self.flows.insert(Flow {
                    from,
                    to: own.to_owned(),
                    traffic,
                });
                None
            }
        };
        if let Some(node) = self.nodes.get_mut(own) {
            let known = node.ports.entry(traffic).or_insert(note);
            *known = known.or(note);
        }
    }

    fn let_out(
        &mut self,
        network: &Network,
        hosts: &BTreeMap<HostId, Host>,
        vpc: &VpcId,
        own: &str,
        traffic: Traffic,
        prefix: &IpNet,
    ) {
        if within_vpc(network, vpc, prefix) {
            return;
        }
        let to = match host_in(network, hosts, prefix) {
            Some((id, host)) => {
                let key = format!("out {id}");
                self.nodes.entry(key.clone()).or_insert_with(|| Node {
                    column: 4,
                    title: short(id.as_str()).to_owned(),
                    members: vec![host.name.clone()],
                    colour: 6,
                    ports: BTreeMap::new(),
                });
                key
            }
            None => self.place(network, prefix, 4),
        };
        if let Some(node) = self.nodes.get_mut(&to) {
            node.ports.entry(traffic).or_insert(None);
        }
        self.flows.insert(Flow {
            from: own.to_owned(),
            to,
            traffic,
        });
    }

    /// The node of a place outside, in the first or the last column.
    fn place(&mut self, network: &Network, prefix: &IpNet, column: usize) -> String {
        let site = site_of(network, prefix);
        let (title, colour) =
            match site.and_then(|id| network.sites.get(id).map(|site| (id, site.kind))) {
                Some((id, SiteKind::Internet)) => (id.to_string(), 1),
                Some((id, SiteKind::OnInternet)) => (id.to_string(), 0),
                Some((id, SiteKind::Private)) => (id.to_string(), 2),
                None => (prefix.to_string(), 6),
            };
        let key = format!("{} {title}", if column == 0 { "in" } else { "out" });
        let node = self.nodes.entry(key.clone()).or_insert_with(|| Node {
            column,
            title,
            members: Vec::new(),
            colour,
            ports: BTreeMap::new(),
        });
        let text = prefix.to_string();
        if !node.members.contains(&text) {
            node.members.push(text);
            node.members.sort();
        }
        key
    }
}

fn within_vpc(network: &Network, vpc: &VpcId, prefix: &IpNet) -> bool {
    network
        .vpcs
        .get(vpc)
        .is_some_and(|vpc| vpc.cidrs.iter().any(|range| range.contains(prefix)))
}

/// The site whose addresses hold the prefix; everything wider is the Internet.
fn site_of<'a>(network: &'a Network, prefix: &IpNet) -> Option<&'a SiteId> {
    let own = network
        .sites
        .iter()
        .find(|(_, site)| site.prefixes.iter().any(|range| range.contains(prefix)));
    own.or_else(|| {
        network
            .sites
            .iter()
            .find(|(_, site)| site.kind == SiteKind::Internet)
    })
    .map(|(id, _)| id)
}

/// The host outside that a prefix of a single address names.
fn host_in<'a>(
    network: &Network,
    hosts: &'a BTreeMap<HostId, Host>,
    prefix: &IpNet,
) -> Option<(&'a HostId, &'a Host)> {
    if prefix.prefix_len() != prefix.max_prefix_len() {
        return None;
    }
    let address: IpAddr = prefix.addr();
    let (_, interface) = network.interface_at(address)?;
    hosts.get_key_value(&interface.host)
}

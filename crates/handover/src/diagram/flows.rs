//! Which group may open which port of which other, read from the security groups.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use model::network::{Place, RulePeer, SiteKind};
use model::{GroupId, Host, HostId, Network, Role, Traffic, VpcId};

use super::style::Hue;

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
    /// The colour of what comes from it.
    pub(super) hue: Hue,
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
            map.admit(network, hosts, vpc, &own, rule.traffic, &rule.peer);
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
    let column = match role {
        Some(Role::Bastion | Role::PublicBalancer | Role::InternalBalancer) => 1,
        Some(Role::Product) => 2,
        _ => 3,
    };
    let members: Vec<_> = members
        .into_iter()
        .map(|host| short(host.as_str()).to_owned())
        .collect();
    (!members.is_empty()).then(|| Node {
        column,
        title: short(id.as_str()).to_owned(),
        members,
        hue: hue_from(role),
        ports: BTreeMap::new(),
    })
}

fn hue_from(role: Option<Role>) -> Hue {
    match role {
        Some(Role::Bastion) => Hue::Bastion,
        Some(Role::PublicBalancer | Role::InternalBalancer) => Hue::Balancer,
        Some(Role::Product) => Hue::Product,
        _ => Hue::Other,
    }
}

impl Map {
    fn admit(
        &mut self,
        network: &Network,
        hosts: &BTreeMap<HostId, Host>,
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
                let from = self.elsewhere(network, hosts, prefix, 0);
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
        let to = self.elsewhere(network, hosts, prefix, 4);
        if let Some(node) = self.nodes.get_mut(&to) {
            node.ports.entry(traffic).or_insert(None);
        }
        self.flows.insert(Flow {
            from: own.to_owned(),
            to,
            traffic,
        });
    }

    /// The node of what is outside the VPC, in the first or the last column: a host that the prefix names alone, another
    /// VPC, or a site.
    fn elsewhere(
        &mut self,
        network: &Network,
        hosts: &BTreeMap<HostId, Host>,
        prefix: &IpNet,
        column: usize,
    ) -> String {
        let (title, member, hue) = match host_in(network, hosts, prefix) {
            Some((id, host, place)) => {
                let title = short(id.as_str()).to_owned();
                let hue = match host.role {
                    Role::Bastion => Hue::Bastion,
                    _ => Hue::Other,
                };
                // What belongs to an environment and stands elsewhere is told by where it stands, alike in each.
                let own = id.as_str().strip_suffix(&title) == Some(&format!("{place}/"));
                let member = match own && !is_vpc(network, &place) {
                    true => host.name.clone(),
                    false => format!("in {place}"),
                };
                (title, member, hue)
            }
            None => {
                let (title, hue) = place_of(network, prefix);
                (title, prefix.to_string(), hue)
            }
        };
        let side = if column == 0 { "in" } else { "out" };
        let key = match hue {
            Hue::Bastion | Hue::Other => format!("{side} {title} {member}"),
            _ => format!("{side} {title}"),
        };
        let node = self.nodes.entry(key.clone()).or_insert_with(|| Node {
            column,
            title,
            members: Vec::new(),
            hue,
            ports: BTreeMap::new(),
        });
        if !node.members.contains(&member) {
            node.members.push(member);
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

fn is_vpc(network: &Network, name: &str) -> bool {
    network.vpcs.keys().any(|vpc| short(vpc.as_str()) == name)
}

/// The VPC or the site whose addresses hold the prefix; everything wider is the Internet.
fn place_of(network: &Network, prefix: &IpNet) -> (String, Hue) {
    if let Some(vpc) = network
        .vpcs
        .keys()
        .find(|vpc| within_vpc(network, vpc, prefix))
    {
        return (short(vpc.as_str()).to_owned(), Hue::DataCentre);
    }
    let own = network
        .sites
        .iter()
        .find(|(_, site)| site.prefixes.iter().any(|range| range.contains(prefix)));
    let site = own.or_else(|| {
        network
            .sites
            .iter()
            .find(|(_, site)| site.kind == SiteKind::Internet)
    });
    match site {
        Some((id, site)) => (
            id.to_string(),
            match site.kind {
                SiteKind::Internet => Hue::Internet,
                SiteKind::OnInternet => Hue::Operator,
                SiteKind::Private => Hue::DataCentre,
            },
        ),
        None => (prefix.to_string(), Hue::Other),
    }
}

/// The host that a prefix of a single address names, in another VPC or in a private site, and the name of that place.
/// Who is on the Internet is told by its network.
fn host_in<'a>(
    network: &'a Network,
    hosts: &'a BTreeMap<HostId, Host>,
    prefix: &IpNet,
) -> Option<(&'a HostId, &'a Host, String)> {
    if prefix.prefix_len() != prefix.max_prefix_len() {
        return None;
    }
    let address: IpAddr = prefix.addr();
    let (_, interface) = network.interface_at(address)?;
    let place = match &interface.place {
        Place::Site(site) if network.sites.get(site)?.kind == SiteKind::Private => site.to_string(),
        Place::Site(_) => return None,
        Place::Subnet(subnet) => short(network.subnets.get(subnet)?.vpc.as_str()).to_owned(),
    };
    let (id, host) = hosts.get_key_value(&interface.host)?;
    Some((id, host, place))
}

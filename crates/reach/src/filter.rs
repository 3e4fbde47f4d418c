//! Groups and ACLs as sets of headers: what passes, and what does not.

use std::net::IpAddr;

use ipnet::IpNet;
use model::Network;
use model::id::{GroupId, VpcId};
use model::network::{AclEntry, GroupHome, GroupRule, Interface, RulePeer, SecurityGroup};
use model::packet::Traffic;

use crate::boxes::{BoxSet, HeaderBox, TooManyBoxes};
use crate::family::{Family, addresses, number};
use crate::interval::Interval;

/// The end of a packet that a rule's prefix speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Packets coming in: the prefix is the source.
    Ingress,
    /// Packets going out: the prefix is the destination.
    Egress,
}

impl Side {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// A filter as the headers that it lets through and those that it does not.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) allowed: BoxSet,
    pub(crate) denied: BoxSet,
    /// What is let through only by rules that name groups of elsewhere.
    pub(crate) foreign: Vec<Foreign>,
}

/// A rule that names a group of another VPC, or of a site.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    /// The headers that it lets through, if it holds, and no other rule does.
    pub(crate) headers: BoxSet,
    /// The VPC by whose peering with the group's own the packets must go for it to hold; none where no peering would do.
    pub(crate) peer: Option<VpcId>,
    /// Why it is not known whether it holds otherwise.
    pub(crate) reason: String,
}

impl Filter {
    /// An ACL's list: the first entry that matches decides, and nothing passes that none matches.
    pub(crate) fn of_entries(entries: &[AclEntry], side: Side) -> Result<Self, TooManyBoxes> {
        let mut ordered: Vec<&AclEntry> = entries.iter().collect();
        ordered.sort_by_key(|entry| entry.number);
        let (mut allowed, mut undecided) = (BoxSet::empty(), BoxSet::all());
        for entry in ordered {
            let Some(matched) = headers(entry.traffic, entry.prefix, side) else {
                continue;
            };
            let matched = BoxSet::from(matched);
            if entry.allow {
                for decided in undecided.intersect(&matched)?.boxes() {
                    allowed.push_disjoint(*decided)?;
                }
            }
            undecided = undecided.subtract(&matched)?;
        }
        Self::of_allowed(allowed)
    }

    /// What any group of an interface allows, on one side.
    pub(crate) fn of_groups(
        network: &Network,
        interface: &Interface,
        side: Side,
    ) -> Result<Self, TooManyBoxes> {
        let mut allowed = BoxSet::empty();
        let mut foreign = Vec::new();
        for id in &interface.groups {
            let Some(group) = network.groups.get(id) else {
                continue;
            };
            let rules = match side {
                Side::Ingress => &group.ingress,
                Side::Egress => &group.egress,
            };
            for (index, rule) in rules.iter().enumerate() {
                let mut matched = BoxSet::empty();
                for prefix in peer_prefixes(network, rule) {
                    if let Some(one) = headers(rule.traffic, prefix, side) {
                        matched.insert(one)?;
                    }
                }
                if is_foreign(network, group, rule) {
                    foreign.push(Foreign {
                        headers: matched,
                        peer: peer_vpc(network, group, rule),
                        reason: foreign_rule(id, side, index, rule),
                    });
                } else {
                    allowed = allowed.union(&matched)?;
                }
            }
        }
        let mut filter = Self::of_allowed(allowed)?;
        for rule in foreign {
            let headers = rule.headers.subtract(&filter.allowed)?;
            if !headers.is_empty() {
                filter.foreign.push(Foreign { headers, ..rule });
            }
        }
        Ok(filter)
    }

    fn of_allowed(allowed: BoxSet) -> Result<Self, TooManyBoxes> {
        let allowed = allowed.merged();
        let denied = BoxSet::all().subtract(&allowed)?;
        Ok(Self {
            allowed,
            denied,
            foreign: Vec::new(),
        })
    }
}

/// The addresses that a group's rule names: a prefix, or the members' own addresses.
fn peer_prefixes(network: &Network, rule: &GroupRule) -> Vec<IpNet> {
    match &rule.peer {
        RulePeer::Prefix(prefix) => vec![*prefix],
        RulePeer::Group(group) => network
            .members(group)
            .flat_map(|(_, member)| member.addresses.iter().copied())
            .map(IpNet::from)
            .collect(),
    }
}

/// Whether a group's rule names a group that belongs elsewhere.
fn is_foreign(network: &Network, group: &SecurityGroup, rule: &GroupRule) -> bool {
    peer_home(network, rule).is_some_and(|home| *home != group.home)
}

/// The VPC whose group a rule names, where AWS lets it hold over a peering: both VPCs must be in one region.
fn peer_vpc(network: &Network, group: &SecurityGroup, rule: &GroupRule) -> Option<VpcId> {
    let Some(GroupHome::Vpc(peer)) = peer_home(network, rule) else {
        return None;
    };
    let region = |vpc| network.vpcs.get(vpc).map(|vpc| &vpc.region);
    let here = region(group.vpc()?)?;
    (region(peer) == Some(here)).then(|| peer.clone())
}

/// Where the group belongs that a rule names.
fn peer_home<'n>(network: &'n Network, rule: &GroupRule) -> Option<&'n GroupHome> {
    match &rule.peer {
        RulePeer::Prefix(_) => None,
        RulePeer::Group(peer) => network.groups.get(peer).map(|peer| &peer.home),
    }
}

/// Why it is not known whether a rule holds that names a group of another VPC: AWS lets it hold over a peering, and over
/// a transit gateway only where that was enabled on both sides, which the model does not say.
pub(crate) fn foreign_rule(group: &GroupId, side: Side, index: usize, rule: &GroupRule) -> String {
    format!(
        "{} rule {} of group {group} names {}, a group of another VPC",
        side.word(),
        index + 1,
        rule.peer
    )
}

/// The headers that a rule matches.
fn headers(traffic: Traffic, prefix: IpNet, side: Side) -> Option<HeaderBox> {
    let (family, span) = addresses(prefix);
    let mut matched = HeaderBox::of_traffic(family, traffic)?;
    match side {
        Side::Ingress => matched.source = span,
        Side::Egress => matched.destination = span,
    }
    Some(matched)
}

/// The headers from one address to another, of any protocol.
pub(crate) fn between(family: Family, sources: Interval<u128>, destination: IpAddr) -> HeaderBox {
    HeaderBox {
        source: sources,
        destination: Interval::one(number(destination)),
        ..HeaderBox::all(family)
    }
}

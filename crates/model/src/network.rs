//! A network: everything that decides whether a packet arrives. It knows nothing of estates, products or people.
//!
//! The words and the semantics are AWS's: security groups are stateful and attach to interfaces, network ACLs are
//! stateless and first-match and guard subnets, routes go by longest prefix with static before propagated, an Internet
//! gateway translates a public address to a private one, a NAT gateway hides a source. What a consumer does not model
//! on a packet's path it must answer with *unknown*.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::id::{
    AclId, AttachmentId, GatewayId, GroupId, HostId, InterfaceId, NatId, PeeringId, RouteTableId,
    SiteId, SubnetId, TransitGatewayId, TransitTableId, VpcId,
};
use crate::packet::Traffic;

/// Interfaces, subnets, routes, groups and gateways, of AWS and of the places joined with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// VPCs by identifier.
    pub vpcs: BTreeMap<VpcId, Vpc>,
    /// Subnets of the VPCs.
    pub subnets: BTreeMap<SubnetId, Subnet>,
    /// Route tables of the VPCs.
    pub route_tables: BTreeMap<RouteTableId, RouteTable>,
    /// Network ACLs.
    pub acls: BTreeMap<AclId, NetworkAcl>,
    /// Security groups.
    pub groups: BTreeMap<GroupId, SecurityGroup>,
    /// Interfaces, in subnets and at sites outside AWS.
    pub interfaces: BTreeMap<InterfaceId, Interface>,
    /// Internet gateways, at most one for a VPC.
    pub internet_gateways: BTreeMap<GatewayId, InternetGateway>,
    /// NAT gateways.
    pub nat_gateways: BTreeMap<NatId, NatGateway>,
    /// Transit gateways.
    pub transit_gateways: BTreeMap<TransitGatewayId, TransitGateway>,
    /// Peerings between two VPCs each.
    pub peerings: BTreeMap<PeeringId, Peering>,
    /// Networks outside AWS. At most one is of kind [`SiteKind::Internet`].
    pub sites: BTreeMap<SiteId, Site>,
}

/// A VPC and its address ranges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// AWS region.
    pub region: String,
    /// Primary and secondary ranges, IPv4 and IPv6.
    pub cidrs: Vec<IpNet>,
}

/// A subnet: a zone's slice of a VPC, with the route table and the ACL that hold for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// The VPC it belongs to.
    pub vpc: VpcId,
    /// Availability zone.
    pub zone: String,
    /// One IPv4 range, and at most one IPv6 range.
    pub cidrs: Vec<IpNet>,
    /// The route table that holds for packets leaving the subnet.
    pub route_table: RouteTableId,
    /// The ACL that packets pass when they enter or leave the subnet, never within it.
    pub acl: AclId,
}

/// A VPC's route table. The local routes stand in it explicitly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// The VPC it belongs to.
    pub vpc: VpcId,
    /// In no significant order: the longest prefix wins, then local, then static before propagated.
    pub routes: Vec<Route>,
}

/// One route of a VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Destinations it speaks of.
    pub destination: IpNet,
    /// Where they go.
    pub target: RouteTarget,
    /// Whether a gateway propagated it; a static route to the same prefix wins.
    pub propagated: bool,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteTarget {
    /// Within the VPC.
    Local,
    /// An Internet gateway.
    InternetGateway(GatewayId),
    /// An egress-only Internet gateway: IPv6 out, and what answers it.
    EgressOnlyGateway(GatewayId),
    /// A NAT gateway.
    NatGateway(NatId),
    /// A transit gateway.
    TransitGateway(TransitGatewayId),
    /// A peering: straight into the other VPC.
    Peering(PeeringId),
    /// Nowhere: the target is gone.
    Blackhole,
    /// Something that the model does not hold; whatever needs it is unknown.
    Unmodelled(String),
}

/// A stateless, first-match filter on a subnet's border. What no entry matches is denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAcl {
    /// The VPC it belongs to.
    pub vpc: VpcId,
    /// Entries for packets entering a subnet, by ascending number.
    pub ingress: Vec<AclEntry>,
    /// Entries for packets leaving a subnet, by ascending number.
    pub egress: Vec<AclEntry>,
}

/// One entry of an ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclEntry {
    /// Position, 1 to 32766; lower ones are asked first.
    pub number: u16,
    /// Whether a matching packet may pass.
    pub allow: bool,
    /// Protocol and destination ports.
    pub traffic: Traffic,
    /// The source on ingress, the destination on egress.
    pub prefix: IpNet,
}

/// A stateful filter on interfaces. It only allows; an interface passes what any of its groups allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// The VPC it belongs to, or the site whose firewall it speaks for.
    pub home: GroupHome,
    /// Whether it is the VPC's default group, which interfaces get when nobody names one.
    pub default: bool,
    /// What may reach the members.
    pub ingress: Vec<GroupRule>,
    /// What the members may reach.
    pub egress: Vec<GroupRule>,
}

impl SecurityGroup {
    /// The VPC that the group belongs to; none for a site's.
    pub fn vpc(&self) -> Option<&VpcId> {
        match &self.home {
            GroupHome::Vpc(vpc) => Some(vpc),
            GroupHome::Site(_) => None,
        }
    }
}

/// Where a group belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupHome {
    /// To a VPC: a security group of AWS's.
    Vpc(VpcId),
    /// To a site outside AWS: what its firewall does for the interfaces that name the group.
    Site(SiteId),
}

/// One rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupRule {
    /// Protocol and destination ports.
    pub traffic: Traffic,
    /// The source of an ingress rule, the destination of an egress rule.
    pub peer: RulePeer,
    /// Why the rule is there.
    pub description: String,
}

/// The other end that a group's rule names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RulePeer {
    /// An address range.
    Prefix(IpNet),
    /// The members of a group, by their *private* addresses: after translation it matches no more.
    Group(GroupId),
}

impl fmt::Display for RulePeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(net) => write!(f, "{net}"),
            Self::Group(group) => write!(f, "{group}"),
        }
    }
}

/// An interface: the only thing on a network that sends and receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Whose it is.
    pub host: HostId,
    /// Where it stands.
    pub place: Place,
    /// Its own addresses, the primary one first; at most one per family.
    pub addresses: Vec<IpAddr>,
    /// The public address that the Internet gateway translates to the primary IPv4 address and back.
    pub public: Option<Ipv4Addr>,
    /// Its security groups. At a site outside AWS they stand for what the site's firewall lets through to and from this
    /// interface; an interface there that has none is not filtered.
    pub groups: Vec<GroupId>,
    /// Whether AWS drops packets that are neither from nor to its own addresses.
    pub source_dest_check: bool,
}

/// Where an interface stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In a subnet of a VPC.
    Subnet(SubnetId),
    /// At a site outside AWS.
    Site(SiteId),
}

/// A VPC's door to the Internet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetGateway {
    /// The VPC it is attached to.
    pub vpc: VpcId,
    /// Whether it is an egress-only gateway (IPv6, nothing may be opened from outside).
    pub egress_only: bool,
}

/// Hides the sources behind it. It has no security group; its subnet's ACL holds for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGateway {
    /// The subnet it stands in.
    pub subnet: SubnetId,
    /// Its private address.
    pub address: Ipv4Addr,
    /// Its public address; a private NAT gateway has none.
    pub public: Option<Ipv4Addr>,
}

/// A direct way between two VPCs. It leads to the addresses of the other VPC and no further: packets for anything else
/// that come by it are dropped, and so are those that the other VPC's routes would pass on by a gateway of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peering {
    /// The VPC that asked for it, and the one that accepted.
    pub vpcs: [VpcId; 2],
}

impl Peering {
    /// The VPC to which it leads from one of its two; none for a VPC that it does not join.
    pub fn other(&self, vpc: &VpcId) -> Option<&VpcId> {
        match &self.vpcs {
            [from, to] if from == vpc => Some(to),
            [to, from] if from == vpc => Some(to),
            _ => None,
        }
    }
}

/// A router between VPCs and sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitGateway {
    /// AWS region.
    pub region: String,
    /// What is attached.
    pub attachments: BTreeMap<AttachmentId, Attachment>,
    /// Its route tables.
    pub tables: BTreeMap<TransitTableId, Vec<TransitRoute>>,
}

/// A transit gateway's leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The other side.
    pub to: AttachedTo,
    /// The table that is asked for packets coming in by this attachment; none: they are dropped.
    pub table: Option<TransitTableId>,
}

/// The other side of a transit gateway's attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachedTo {
    /// A VPC, by one interface in one subnet of each zone: those subnets' ACLs and route tables hold for what passes.
    Vpc {
        /// The VPC.
        vpc: VpcId,
        /// One subnet for each attached zone.
        subnets: Vec<SubnetId>,
    },
    /// A site outside AWS, over Direct Connect or VPN: all connections that join the site stand as one attachment.
    Site(SiteId),
}

/// One route of a transit gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitRoute {
    /// Destinations it speaks of.
    pub destination: IpNet,
    /// The attachment they leave by; none: they are dropped.
    pub attachment: Option<AttachmentId>,
    /// Whether an attachment propagated it.
    pub propagated: bool,
}

/// A network outside AWS, taken as one flat network; only interfaces that name groups are filtered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// What kind of place it is, and so how it is joined.
    pub kind: SiteKind,
    /// Its own addresses. The Internet has none of its own: it is every public address that nothing else here has.
    pub prefixes: Vec<IpNet>,
}

/// What kind of place a site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteKind {
    /// The Internet at large.
    Internet,
    /// A network with public addresses on the Internet: the operator's.
    OnInternet,
    /// A network with private addresses, joined by a transit gateway's attachment and nothing else: a data centre.
    Private,
}

impl Network {
    /// The interface that holds an address of its own (not a public one translated by a gateway), if any.
    ///
    /// Private addresses may repeat between VPCs that never meet; the first in order of identifiers is returned.
    pub fn interface_at(&self, address: IpAddr) -> Option<(&InterfaceId, &Interface)> {
        self.interfaces
            .iter()
            .find(|(_, interface)| interface.addresses.contains(&address))
    }

    /// The interfaces of a host.
    pub fn interfaces_of<'a>(
        &'a self,
        host: &'a HostId,
    ) -> impl Iterator<Item = (&'a InterfaceId, &'a Interface)> {
        self.interfaces
            .iter()
            .filter(move |(_, interface)| &interface.host == host)
    }

    /// The interfaces that belong to a group.
    pub fn members<'a>(
        &'a self,
        group: &'a GroupId,
    ) -> impl Iterator<Item = (&'a InterfaceId, &'a Interface)> {
        self.interfaces
            .iter()
            .filter(move |(_, interface)| interface.groups.contains(group))
    }

    /// The VPC in which an interface stands; none for an interface outside AWS, or whose subnet is not known.
    pub fn vpc_of(&self, interface: &Interface) -> Option<&VpcId> {
        match &interface.place {
            Place::Subnet(subnet) => self.subnets.get(subnet).map(|subnet| &subnet.vpc),
            Place::Site(_) => None,
        }
    }

    /// Takes in another network whose identifiers are all different.
    pub fn join(&mut self, other: Self) {
        self.vpcs.extend(other.vpcs);
        self.subnets.extend(other.subnets);
        self.route_tables.extend(other.route_tables);
        self.acls.extend(other.acls);
        self.groups.extend(other.groups);
        self.interfaces.extend(other.interfaces);
        self.internet_gateways.extend(other.internet_gateways);
        self.nat_gateways.extend(other.nat_gateways);
        self.transit_gateways.extend(other.transit_gateways);
        self.peerings.extend(other.peerings);
        self.sites.extend(other.sites);
    }
}

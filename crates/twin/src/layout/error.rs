//! What can be wrong with a network that is to be laid out. Each names the thing at fault.

use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{
    AttachmentId, GatewayId, GroupId, InterfaceId, NatId, PeeringId, RouteTableId, SiteId,
    SubnetId, TransitGatewayId, VpcId, VpnId,
};

/// Why a network cannot be stood up as it is described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A reference leads nowhere.
    #[error("find {what} {name}, which {by} names")]
    Unknown {
        /// The kind of thing that is missing.
        what: &'static str,
        /// Its name.
        name: String,
        /// What names it.
        by: String,
    },
    /// A thing of one VPC is used in another.
    #[error("use {what} {name} for {by}: it belongs to another VPC")]
    ForeignVpc {
        /// The kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// What uses it.
        by: String,
    },
    /// A subnet has not one IPv4 range and at most one IPv6 range.
    #[error("read the ranges of subnet {0}: it needs one IPv4 range and at most one IPv6 range")]
    SubnetRanges(SubnetId),
    /// A range has no room for the VPC router's address, which is its first.
    #[error("place the router's address in {range} of subnet {subnet}: the range is too small")]
    SubnetTooSmall {
        /// The subnet.
        subnet: SubnetId,
        /// Its range.
        range: IpNet,
    },
    /// Two subnets of a VPC share addresses.
    #[error("tell subnet {0} from subnet {1}: their ranges overlap")]
    SubnetsOverlap(SubnetId, SubnetId),
    /// An interface or gateway has an address that its place does not hold.
    #[error("give {owner} the address {address}: {place} does not hold it")]
    AddressOutside {
        /// Whose address it is.
        owner: String,
        /// The address.
        address: IpAddr,
        /// The subnet or site.
        place: String,
    },
    /// Two things that meet have one address.
    #[error("give {owner} the address {address}: {holder} has it")]
    AddressTaken {
        /// Who comes second.
        owner: String,
        /// The address.
        address: IpAddr,
        /// Who has it.
        holder: String,
    },
    /// An interface has two addresses of one family.
    #[error("give interface {0} a second address of one family")]
    SecondAddress(InterfaceId),
    /// A public address is translated to a private IPv4 address, and there is none.
    #[error("translate the public address of interface {0}: it has no private IPv4 address")]
    PublicWithoutPrivate(InterfaceId),
    /// An interface names a group that is neither its VPC's nor its site's.
    #[error("use security group {group} for interface {interface}: it belongs elsewhere")]
    ForeignGroup {
        /// The group.
        group: GroupId,
        /// The interface.
        interface: InterfaceId,
    },
    /// A rule names a group where one of the two is of a site's firewall, which speaks of prefixes alone.
    #[error("let security group {group} name {peer}: a site's firewall knows prefixes alone")]
    FirewallPeer {
        /// The group with the rule.
        group: GroupId,
        /// The group that it names.
        peer: GroupId,
    },
    /// An interface outside AWS has a translated address.
    #[error("apply {what} to interface {interface}: it stands outside AWS")]
    OutsideAws {
        /// The interface.
        interface: InterfaceId,
        /// What it cannot have.
        what: &'static str,
    },
    /// A route leads to something that the model does not hold.
    #[error("route {destination} of table {table} to {target}: no such thing can be stood up")]
    Unmodelled {
        /// The route table.
        table: RouteTableId,
        /// The destination.
        destination: IpNet,
        /// The target as it was described.
        target: String,
    },
    /// A route leads IPv6 to a NAT gateway, which carries IPv4 alone here.
    #[error("route {destination} of table {table} to NAT gateway {gateway}: it carries IPv4 alone")]
    Family {
        /// The route table.
        table: RouteTableId,
        /// The destination.
        destination: IpNet,
        /// The gateway.
        gateway: NatId,
    },
    /// A route takes an egress-only gateway for an Internet gateway, or the other way round.
    #[error("route {destination} of table {table} to {gateway}: it is the other kind of gateway")]
    GatewayKind {
        /// The route table.
        table: RouteTableId,
        /// The destination.
        destination: IpNet,
        /// The gateway.
        gateway: GatewayId,
    },
    /// Two routes of one standing lead the same destination to different targets.
    #[error("choose between two routes of {table} to {destination}")]
    Ambiguous {
        /// The table.
        table: String,
        /// The destination.
        destination: IpNet,
    },
    /// A route leads to a transit gateway to which the VPC is not attached.
    #[error("route {destination} of table {table} to {transit}: the VPC is not attached to it")]
    NotAttached {
        /// The route table.
        table: RouteTableId,
        /// The destination.
        destination: IpNet,
        /// The transit gateway.
        transit: TransitGatewayId,
    },
    /// A route leads to a peering that does not join the VPC.
    #[error("route {destination} of table {table} to {peering}: it does not join the VPC")]
    NotPeered {
        /// The route table.
        table: RouteTableId,
        /// The destination.
        destination: IpNet,
        /// The peering.
        peering: PeeringId,
    },
    /// A peering has the same VPC at both ends.
    #[error("join VPC {vpc} with itself by {peering}")]
    PeeredWithItself {
        /// The peering.
        peering: PeeringId,
        /// The VPC.
        vpc: VpcId,
    },
    /// Two peers share addresses, so that neither could send to the other's.
    #[error("join two VPCs by {0}: their ranges overlap")]
    PeersOverlap(PeeringId),
    /// A VPN connection cannot be stood up as it is described.
    #[error("stand up VPN connection {vpn}: {what}")]
    Vpn {
        /// The connection.
        vpn: VpnId,
        /// What is wrong with it.
        what: String,
    },
    /// One VPC is attached twice to one transit gateway.
    #[error("attach VPC {vpc} to {transit} a second time")]
    AttachedTwice {
        /// The VPC.
        vpc: VpcId,
        /// The transit gateway.
        transit: TransitGatewayId,
    },
    /// A VPC's attachment names no subnet.
    #[error("attach a VPC by {0}: the attachment names no subnet")]
    AttachmentWithoutSubnet(AttachmentId),
    /// An attachment leads to a site that is not private.
    #[error("attach site {site} by {attachment}: only a private site can be attached")]
    SiteNotPrivate {
        /// The attachment.
        attachment: AttachmentId,
        /// The site.
        site: SiteId,
    },
    /// A VPC has two gateways of one kind.
    #[error("join gateway {gateway} to VPC {vpc}: it has one of that kind")]
    SecondGateway {
        /// The gateway that comes second.
        gateway: GatewayId,
        /// The VPC.
        vpc: VpcId,
    },
    /// Two sites are the Internet.
    #[error("take site {0} for the Internet: there is one")]
    SecondInternet(SiteId),
}

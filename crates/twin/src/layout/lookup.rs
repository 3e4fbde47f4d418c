//! A network with its references followed and its addresses checked.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use model::Network;
use model::id::{SubnetId, VpcId};
use model::network::{Interface, Place, SiteKind, Subnet};

use super::LayoutError;

/// Follows references in a network that [`check`](super::check::addresses) found in order.
pub(super) struct Lookup<'a> {
    pub(super) network: &'a Network,
}

impl<'a> Lookup<'a> {
    /// Checks what drawing relies on: ranges and addresses.
    pub(super) fn check(network: &'a Network) -> Result<Self, LayoutError> {
        let lookup = Self { network };
        super::check::subnets(&lookup)?;
        super::check::addresses(&lookup)?;
        Ok(lookup)
    }

    /// Whether anything that sends or receives has an IPv6 address.
    pub(super) fn uses_v6(&self) -> bool {
        self.network
            .interfaces
            .values()
            .any(|interface| interface.addresses.iter().any(IpAddr::is_ipv6))
    }

    pub(super) fn subnet(
        &self,
        id: &SubnetId,
        by: impl Display,
    ) -> Result<&'a Subnet, LayoutError> {
        find(&self.network.subnets, "subnet", id, by)
    }

    /// The subnets of a VPC.
    pub(super) fn subnets_of(
        &self,
        vpc: &VpcId,
    ) -> impl Iterator<Item = (&'a SubnetId, &'a Subnet)> {
        let network = self.network;
        let vpc = vpc.clone();
        network
            .subnets
            .iter()
            .filter(move |(_, subnet)| subnet.vpc == vpc)
    }

    /// The private addresses of a VPC by the public ones that its Internet gateway translates to them.
    pub(super) fn public_addresses(&self, vpc: &VpcId) -> BTreeMap<Ipv4Addr, Ipv4Addr> {
        let interfaces = self
            .network
            .interfaces
            .values()
            .filter(|interface| self.network.vpc_of(interface) == Some(vpc))
            .filter_map(|interface| Some((interface.public?, private(interface)?)));
        let here = |subnet| {
            self.network
                .subnets
                .get(subnet)
                .is_some_and(|subnet: &Subnet| subnet.vpc == *vpc)
        };
        let gateways = self
            .network
            .nat_gateways
            .values()
            .filter(|nat| here(&nat.subnet))
            .filter_map(|nat| Some((nat.public?, nat.address)));
        interfaces.chain(gateways).collect()
    }

    /// What no way over the Internet leads to: the prefixes of private sites, and the IPv4 ranges of VPCs.
    pub(super) fn private_prefixes(&self) -> Vec<IpNet> {
        let sites = self.network.sites.values();
        let private = sites.filter(|site| site.kind == SiteKind::Private);
        let vpcs = self.network.vpcs.values().flat_map(|vpc| &vpc.cidrs);
        private
            .flat_map(|site| &site.prefixes)
            .chain(vpcs.filter(|range| matches!(range, IpNet::V4(_))))
            .map(IpNet::trunc)
            .collect()
    }

    /// The private addresses of a VPC's NAT gateways.
    pub(super) fn nat_addresses(&self, vpc: &VpcId) -> Vec<Ipv4Addr> {
        let subnets = &self.network.subnets;
        let here = |subnet| subnets.get(subnet).is_some_and(|held| held.vpc == *vpc);
        let gateways = self.network.nat_gateways.values();
        gateways
            .filter(|nat| here(&nat.subnet))
            .map(|nat| nat.address)
            .collect()
    }

    /// The IPv6 ranges of a VPC.
    pub(super) fn v6_ranges(&self, vpc: &VpcId) -> Vec<IpNet> {
        let ranges = self.network.vpcs.get(vpc).map(|vpc| vpc.cidrs.as_slice());
        ranges
            .unwrap_or_default()
            .iter()
            .filter(|range| matches!(range, IpNet::V6(_)))
            .map(IpNet::trunc)
            .collect()
    }

    /// Whether an interface stands in a subnet.
    pub(super) fn in_aws(interface: &Interface) -> bool {
        matches!(interface.place, Place::Subnet(_))
    }
}

/// The IPv4 address of an interface.
pub(super) fn private(interface: &Interface) -> Option<Ipv4Addr> {
    interface
        .addresses
        .iter()
        .find_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        })
}

/// What an identifier stands for, or who names it in vain.
pub(super) fn find<'a, Id: Ord + Display, T>(
    all: &'a BTreeMap<Id, T>,
    what: &'static str,
    id: &Id,
    by: impl Display,
) -> Result<&'a T, LayoutError> {
    all.get(id).ok_or_else(|| LayoutError::Unknown {
        what,
        name: id.to_string(),
        by: by.to_string(),
    })
}

/// That a thing of one VPC is used in that VPC.
pub(super) fn same_vpc(
    one: &VpcId,
    other: &VpcId,
    what: &'static str,
    name: impl Display,
    by: impl Display,
) -> Result<(), LayoutError> {
    if one == other {
        return Ok(());
    }
    Err(LayoutError::ForeignVpc {
        what,
        name: name.to_string(),
        by: by.to_string(),
    })
}

/// The VPC router's address in a range: the first after the network's own.
pub(super) fn router_address(range: &IpNet) -> Option<IpAddr> {
    let first = match range.network() {
        IpAddr::V4(network) => IpAddr::V4(Ipv4Addr::from_bits(network.to_bits().checked_add(1)?)),
        IpAddr::V6(network) => IpAddr::V6(network.to_bits().checked_add(1)?.into()),
    };
    (range.contains(&first) && range.max_prefix_len() - range.prefix_len() >= 2).then_some(first)
}

//! The operator's VPC, where bastions stand in it: its one subnet, and their addresses.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use model::Lock;
use model::estate::{BastionPlace, Environment, Estate, OperatorVpc};
use model::finding::Finding;
use model::id::{EnvironmentId, SubnetId, VpcId};

use crate::address::{is_usable, usable};
use crate::allot::{Allotted, allot};
use crate::bastion::seat_name;
use crate::placing::no_room;

/// The VPC's name.
pub(crate) const OPERATOR_VPC: &str = "operator-vpc";
/// The subnet of the bastions.
const SUBNET: &str = "operator-vpc/public";

/// The widest subnet that bastions are given: 251 addresses, for more environments than any estate has.
const WIDEST_SUBNET: u8 = 24;

/// The operator's VPC, where a bastion stands in it.
#[derive(Clone, Debug)]
pub(crate) struct OperatorVpcPlan {
    pub(crate) cidr: Ipv4Net,
    /// The range of its one subnet.
    pub(crate) subnet: Ipv4Net,
    /// The bastions' addresses, by their names in the lock.
    pub(crate) addresses: BTreeMap<String, Ipv4Addr>,
}

impl OperatorVpcPlan {
    pub(crate) fn vpc() -> VpcId {
        VpcId::from(OPERATOR_VPC)
    }

    pub(crate) fn subnet() -> SubnetId {
        SubnetId::from(SUBNET)
    }
}

/// Whether an environment's bastion stands in the operator's VPC.
pub(crate) fn hosts_bastion_of(environment: &Environment) -> bool {
    matches!(environment.bastion.place, BastionPlace::OperatorVpc { .. })
}

/// The environments whose bastions stand in the operator's VPC.
pub(crate) fn guests(estate: &Estate) -> impl Iterator<Item = &EnvironmentId> {
    estate
        .environments
        .iter()
        .filter(|(_, environment)| hosts_bastion_of(environment))
        .map(|(id, _)| id)
}

/// Gives the bastions in the operator's VPC their addresses; none where no bastion stands there.
pub(crate) fn place(
    estate: &Estate,
    held: &Lock,
    lock: &mut Lock,
    findings: &mut Vec<Finding>,
) -> Option<OperatorVpcPlan> {
    let OperatorVpc { cidr, .. } = estate.operator.vpc.as_ref()?;
    let names: Vec<String> = guests(estate).map(seat_name).collect();
    if names.is_empty() {
        return None;
    }
    let subnet = subnet_of(*cidr);
    let held: BTreeMap<String, Ipv4Addr> = held
        .addresses
        .iter()
        .filter_map(|(name, address)| match address {
            IpAddr::V4(address) => Some((name.clone(), *address)),
            IpAddr::V6(_) => None,
        })
        .collect();
    let Allotted { given, unplaced } = allot(
        &names,
        &held,
        |_, address| is_usable(subnet, *address),
        |_, _| usable(subnet),
    );
    no_room(&unplaced, "an address", &subnet.to_string(), findings);
    lock.subnets.insert(SUBNET.to_owned(), subnet);
    let addresses = given.iter();
    lock.addresses
        .extend(addresses.map(|(name, address)| (name.clone(), IpAddr::V4(*address))));
    Some(OperatorVpcPlan {
        cidr: *cidr,
        subnet,
        addresses: given,
    })
}

/// The first part of the VPC's range, as wide as is useful.
fn subnet_of(cidr: Ipv4Net) -> Ipv4Net {
    let length = cidr.prefix_len().max(WIDEST_SUBNET);
    Ipv4Net::new_assert(cidr.network(), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subnet_is_the_first_part() {
        let check = |cidr: &str, wanted: &str| {
            let cidr = cidr.parse().expect("a range");
            assert_eq!(subnet_of(cidr).to_string(), wanted);
        };
        check("10.90.0.0/16", "10.90.0.0/24");
        check("10.90.3.0/24", "10.90.3.0/24");
        check("10.90.3.64/28", "10.90.3.64/28");
        // Host bits are another finding's; the subnet is a range of its own all the same.
        check("10.90.3.7/16", "10.90.0.0/24");
    }
}

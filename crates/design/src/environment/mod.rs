//! An environment: its part of the network, its machines and its private zone, drawn from the plan.

mod acls;
mod groups;
mod machines;
mod routes;

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::Network;
use model::blueprint::Host;
use model::id::{AclId, GatewayId, HostId, RouteTableId};
use model::network::{Interface, InternetGateway, NatGateway, Place, Subnet, Vpc};

use crate::account::routed;
use crate::address::Tier;
use crate::operator_vpc::OperatorVpcPlan;
use crate::plan::{EnvironmentPlan, Plan, SubnetPlan};

pub(crate) use acls::customers;
pub(crate) use machines::{
    DATABASE_USER, admin_password, bastion_machine, database_password, mail_zone, zone,
};
pub(crate) use routes::route;

/// Every IPv4 address.
pub(crate) const ANY_V4: IpNet = IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::UNSPECIFIED, 0));
/// Every IPv6 address.
pub(crate) const ANY_V6: IpNet = IpNet::V6(Ipv6Net::new_assert(std::net::Ipv6Addr::UNSPECIFIED, 0));

/// Everywhere, in the families that the environment has.
pub(crate) fn anywhere(plan: &EnvironmentPlan<'_>) -> Vec<IpNet> {
    let mut all = vec![ANY_V4];
    all.extend(plan.ipv6.map(|_| ANY_V6));
    all
}

/// Prefixes of the families that the environment has.
fn of_families<'a>(
    plan: &EnvironmentPlan<'_>,
    prefixes: impl IntoIterator<Item = &'a IpNet>,
) -> Vec<IpNet> {
    prefixes
        .into_iter()
        .filter(|prefix| matches!(prefix, IpNet::V4(_)) || plan.ipv6.is_some())
        .copied()
        .collect()
}

/// The data centre's prefixes, as far as the environment can reach them.
pub(crate) fn data_centre_prefixes(plan: &EnvironmentPlan<'_>) -> Vec<IpNet> {
    let prefixes = plan.estate.data_centre.iter().flat_map(routed);
    of_families(plan, prefixes)
}

/// The operator's networks, as far as they can reach the environment.
pub(crate) fn operator_networks(plan: &EnvironmentPlan<'_>) -> Vec<IpNet> {
    of_families(plan, &plan.estate.operator.networks)
}

/// The Internet gateway's name.
fn internet_gateway(plan: &EnvironmentPlan<'_>) -> GatewayId {
    GatewayId::new(plan.named("internet"))
}

/// The egress-only gateway's name.
fn egress_only_gateway(plan: &EnvironmentPlan<'_>) -> GatewayId {
    GatewayId::new(plan.named("egress-only"))
}

/// The ACL of a tier.
fn acl(plan: &EnvironmentPlan<'_>, tier: Tier) -> AclId {
    AclId::new(plan.named(tier.name()))
}

/// The route table of a subnet: one for each app subnet, since each has its zone's NAT gateway, else one for the tier.
fn route_table(plan: &EnvironmentPlan<'_>, subnet: &SubnetPlan) -> RouteTableId {
    match subnet.tier {
        Tier::App => RouteTableId::new(subnet.id.as_str()),
        tier => RouteTableId::new(plan.named(tier.name())),
    }
}

/// The environment's part of the network.
pub(crate) fn network(
    plan: &EnvironmentPlan<'_>,
    operator_vpc: Option<&OperatorVpcPlan>,
) -> Network {
    let mut network = Network::default();
    network.vpcs.insert(
        plan.vpc(),
        Vpc {
            region: plan.estate.region.clone(),
            cidrs: plan.ranges(),
        },
    );
    for subnet in &plan.subnets {
        network.subnets.insert(
            subnet.id.clone(),
            Subnet {
                vpc: plan.vpc(),
                zone: plan
                    .estate
                    .zones
                    .get(subnet.zone)
                    .cloned()
                    .unwrap_or_default(),
                cidrs: subnet.ranges(),
                route_table: route_table(plan, subnet),
                acl: acl(plan, subnet.tier),
            },
        );
    }
    network.route_tables = routes::tables(plan, operator_vpc);
    network.acls = acls::acls(plan);
    network.groups = groups::groups(plan);
    gateways(plan, &mut network);
    for host in &plan.hosts {
        network.interfaces.insert(
            host.interface(),
            Interface {
                host: host.id.clone(),
                place: Place::Subnet(host.subnet.clone()),
                addresses: host.addresses(),
                public: host.public,
                groups: vec![host.group.clone()],
                source_dest_check: true,
            },
        );
    }
    network
}

fn gateways(plan: &EnvironmentPlan<'_>, network: &mut Network) {
    let mut gateway = |id: GatewayId, egress_only: bool| {
        network.internet_gateways.insert(
            id,
            InternetGateway {
                vpc: plan.vpc(),
                egress_only,
            },
        );
    };
    gateway(internet_gateway(plan), false);
    if plan.ipv6.is_some() {
        gateway(egress_only_gateway(plan), true);
    }
    for nat in &plan.nats {
        network.nat_gateways.insert(
            nat.id.clone(),
            NatGateway {
                subnet: nat.subnet.clone(),
                address: nat.address,
                public: nat.public,
            },
        );
    }
}

/// The environment's machines.
pub(crate) fn hosts(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> BTreeMap<HostId, Host> {
    plan.hosts
        .iter()
        .map(|host| (host.id.clone(), machines::machine(plan, whole, host)))
        .collect()
}

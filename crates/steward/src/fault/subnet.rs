//! Faults of subnets: private ones that the Internet gets into, and filters that lose answers.

use std::net::Ipv4Addr;

use ipnet::IpNet;
use model::network::{RouteTarget, RulePeer};
use model::packet::PortRange;
use model::{
    EnvironmentId, HostId, Network, Role, RouteTableId, ServiceKind, SubnetId, Traffic, VpcId,
};

use super::ground::{EVERYWHERE, Way, acl_of, enter, front_of, group_of, open, subnet_of};
use super::{Caught, Fault, Ground, Planted};

/// Linux opens connections from these; AWS advises to let 1024-65535 pass.
const EPHEMERAL: PortRange = PortRange {
    first: 32_768,
    last: 60_999,
};

pub(super) const PRIVATE_SUBNET_PUBLIC: Fault = Fault {
    name: "private-subnet-public",
    summary: "an application subnet is associated with the public subnets' route table",
    rows: &["R1"],
    caught: Caught {
        proof: &["ENV/routes/app"],
        packets: true,
        probe: &["ENV/outbound/*"],
        besides: &["ENV/*", "*/ipv6", "*/dns/mapping/*"],
        cause: &["Internet gateway", "has no public address"],
    },
    plant: private_subnet_public,
};

fn private_subnet_public(ground: &mut Ground<'_>) -> Option<Planted> {
    let (node, environment) = ground.first(Role::Product)?;
    let (subnet, table) = publish(ground.network, &node)?;
    let change = format!(
        "{subnet} asks the route table {table}, which leads to the Internet gateway: its hosts no longer stand behind the NAT gateway"
    );
    Some(Planted::new(environment, change))
}

pub(super) const DATABASE_PUBLIC: Fault = Fault {
    name: "database-public",
    summary: "the database has a public address, on the public subnets' route table, and its port is open to the world",
    rows: &["R1"],
    caught: Caught {
        proof: &[
            "ENV/database/only-from-products",
            "ENV/internet/no-way-in",
            "ENV/routes/data",
        ],
        packets: true,
        probe: &[],
        besides: &["ENV/outbound/nothing-else", "isolation/*"],
        cause: &["0.0.0.0/0"],
    },
    plant: database_public,
};

fn database_public(ground: &mut Ground<'_>) -> Option<Planted> {
    let (database, environment) = ground.first(Role::Database)?;
    let services = &ground.hosts.get(&database)?.services;
    let port = services.iter().find_map(|service| match service.kind {
        ServiceKind::Database { port, .. } => Some(port),
        _ => None,
    })?;
    let address = free_public(ground.network)?;
    let network = &mut *ground.network;
    let (_, table) = publish(network, &database)?;
    let (interface, _) = front_of(network, &database)?;
    let interface = interface.clone();
    let (group, acl) = (group_of(network, &database)?, acl_of(network, &database)?);
    network.interfaces.get_mut(&interface)?.public = Some(address);
    let traffic = Traffic::tcp(port);
    open(
        network,
        &group,
        Way::In,
        traffic,
        RulePeer::Prefix(EVERYWHERE),
    )?;
    enter(network, &acl, Way::In, true, traffic, EVERYWHERE)?;
    let replies = Traffic::Tcp(PortRange::EPHEMERAL);
    enter(network, &acl, Way::Out, true, replies, EVERYWHERE)?;
    let change = format!(
        "{database} is publicly accessible as {address} on the route table {table}; {group} and the ACL {acl} let {traffic} in from {EVERYWHERE}"
    );
    Some(Planted::new(environment, change))
}

pub(super) const ACL_DROPS_RETURNS: Fault = Fault {
    name: "acl-drops-returns",
    summary: "the ACL of an application subnet drops what its hosts answer",
    rows: &["R12"],
    caught: Caught {
        proof: &["ENV/replies", "ENV/ssh/*/through-bastion"],
        packets: true,
        probe: &["ENV/ssh/*/through-bastion"],
        besides: &["ENV/*"],
        cause: &[
            "acl ",
            "egress entry",
            "denies tcp/32768-60999",
            "answer is lost",
        ],
    },
    plant: acl_drops_returns,
};

fn acl_drops_returns(ground: &mut Ground<'_>) -> Option<Planted> {
    let (node, environment) = ground.first(Role::Product)?;
    let acl = acl_of(ground.network, &node)?;
    let traffic = Traffic::Tcp(EPHEMERAL);
    enter(ground.network, &acl, Way::Out, false, traffic, EVERYWHERE)?;
    let change = format!(
        "the ACL {acl} drops {traffic} on its way out: what hosts of its subnets answer is lost"
    );
    Some(Planted::new(environment, change))
}

/// Associates a host's subnet with the route table of its VPC that leads to the Internet gateway.
fn publish(network: &mut Network, host: &HostId) -> Option<(SubnetId, RouteTableId)> {
    let (id, subnet) = subnet_of(network, host)?;
    let (id, vpc) = (id.clone(), subnet.vpc.clone());
    let table = public_table(network, &vpc)?;
    network.subnets.get_mut(&id)?.route_table = table.clone();
    Some((id, table))
}

fn public_table(network: &Network, vpc: &VpcId) -> Option<RouteTableId> {
    let mut tables = network.route_tables.iter();
    let (id, _) = tables.find(|(_, table)| {
        let mut targets = table.routes.iter().map(|route| &route.target);
        table.vpc == *vpc && targets.any(|target| matches!(target, RouteTarget::InternetGateway(_)))
    })?;
    Some(id.clone())
}

/// The address after the last public one.
fn free_public(network: &Network) -> Option<Ipv4Addr> {
    let of_interfaces = network.interfaces.values().filter_map(|one| one.public);
    let of_gateways = network.nat_gateways.values().filter_map(|one| one.public);
    let last = of_interfaces.chain(of_gateways).max()?;
    u32::from(last).checked_add(1).map(Ipv4Addr::from)
}

/// The ranges of a VPC.
pub(super) fn ranges_of(network: &Network, vpc: &VpcId) -> Vec<IpNet> {
    let vpc = network.vpcs.get(vpc).into_iter();
    vpc.flat_map(|vpc| vpc.cidrs.clone()).collect()
}

/// The environment of the first product, where a fault is in what all of them share.
pub(super) fn anywhere(ground: &Ground<'_>) -> Option<EnvironmentId> {
    ground
        .first(Role::Product)
        .map(|(_, environment)| environment)
}

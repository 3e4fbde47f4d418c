//! A network's faults: references to what is not there, and what the model's semantics leave open.

mod addresses;
mod filters;
mod gateways;
mod routes;

use model::Network;
use model::id::{SubnetId, VpcId};

/// Everything about a network for which a proof on it could not be trusted, in a fixed order.
///
/// While there is any, no intent holds: it is unknown, and the proof names the fault.
pub fn problems(network: &Network) -> Vec<String> {
    let mut found = Found {
        network,
        problems: Vec::new(),
    };
    found.subnets();
    for (id, table) in &network.route_tables {
        found.route_table(&format!("route table {id}"), table);
    }
    for (id, peering) in &network.peerings {
        found.peering(&format!("peering {id}"), peering);
    }
    for (id, acl) in &network.acls {
        found.acl(&format!("acl {id}"), acl);
    }
    for (id, group) in &network.groups {
        found.group(&format!("group {id}"), group);
    }
    for (id, interface) in &network.interfaces {
        found.interface(&format!("interface {id}"), interface);
    }
    found.gateways();
    for (id, gateway) in &network.transit_gateways {
        found.transit_gateway(&format!("transit gateway {id}"), gateway);
    }
    found.sites();
    found.overlaps();
    found.addresses_once();
    found.problems
}

struct Found<'n> {
    network: &'n Network,
    problems: Vec<String>,
}

impl<'n> Found<'n> {
    /// Notes a problem unless all is well.
    fn want(&mut self, well: bool, problem: impl FnOnce() -> String) {
        if !well {
            self.problems.push(problem());
        }
    }

    fn vpc(&mut self, of: &str, vpc: &VpcId) {
        let known = self.network.vpcs.contains_key(vpc);
        self.want(known, || format!("{of} names {vpc}, which is not there"));
    }

    fn vpc_of_subnet(&self, subnet: &SubnetId) -> Option<&'n VpcId> {
        self.network.subnets.get(subnet).map(|subnet| &subnet.vpc)
    }
}

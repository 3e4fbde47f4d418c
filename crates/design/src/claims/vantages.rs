//! Places from which an environment is asked and attacked.

use std::collections::BTreeSet;

use model::blueprint::Role;
use model::id::{HostId, InterfaceId};

use crate::outside::OutsideHost;
use crate::plan::{EnvironmentPlan, HostPlan, Plan};

/// The places that the claims of one environment use.
pub(super) struct Vantages {
    /// The operator's workstation.
    pub(super) operator: Option<HostId>,
    /// Somebody on the Internet.
    pub(super) stranger: Option<HostId>,
    /// A server in the customer's data centre.
    pub(super) data_centre: Option<HostId>,
    /// The bastion and a node of every other environment.
    pub(super) elsewhere: Vec<HostId>,
}

impl Vantages {
    pub(super) fn new(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Self {
        let outside = &whole.outside;
        let id = |host: Option<&OutsideHost>| host.map(|host| host.id.clone());
        let others = || {
            whole
                .environments
                .values()
                .filter(|other| other.id != plan.id)
        };
        Self {
            operator: id(outside.host(outside.workstation.as_ref())),
            stranger: id(outside.host(outside.stranger.as_ref())),
            data_centre: id(outside.in_data_centre()),
            elsewhere: others().flat_map(samples).collect(),
        }
    }

    /// Everybody outside the environment: the operator, the Internet, the data centre, other environments.
    pub(super) fn outside(&self) -> impl Iterator<Item = &HostId> {
        self.operator
            .iter()
            .chain(&self.stranger)
            .chain(&self.data_centre)
            .chain(&self.elsewhere)
    }

    /// Everybody outside who is neither of the operator nor on the Internet.
    pub(super) fn private_outside(&self) -> impl Iterator<Item = &HostId> {
        self.data_centre.iter().chain(&self.elsewhere)
    }
}

/// An environment's bastion and one node: those from which another environment is attacked.
pub(super) fn samples(plan: &EnvironmentPlan<'_>) -> Vec<HostId> {
    let bastion = plan.bastion().map(|host| host.id.clone());
    let node = plan.hosts_of(Role::Product).next();
    bastion
        .into_iter()
        .chain(node.map(|host| host.id.clone()))
        .collect()
}

/// One host of each kind in an environment, but for those left out: an attack from every tier.
pub(super) fn each_kind<'a>(
    plan: &'a EnvironmentPlan<'_>,
    skip: &'a dyn Fn(&HostPlan) -> bool,
) -> impl Iterator<Item = &'a HostId> {
    let mut seen = BTreeSet::new();
    plan.hosts
        .iter()
        .filter(|host| !skip(host))
        .filter(move |host| seen.insert(&host.group))
        .map(|host| &host.id)
}

/// The interfaces of hosts.
pub(super) fn interfaces<'a>(
    hosts: impl IntoIterator<Item = &'a HostPlan>,
) -> BTreeSet<InterfaceId> {
    hosts.into_iter().map(HostPlan::interface).collect()
}

/// The interfaces of every environment.
pub(super) fn inside(whole: &Plan<'_>) -> BTreeSet<InterfaceId> {
    whole
        .environments
        .values()
        .flat_map(|environment| interfaces(&environment.hosts))
        .collect()
}

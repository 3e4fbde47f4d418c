//! Places from which an environment is asked and attacked.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use model::blueprint::Role;
use model::id::{HostId, InterfaceId};

use crate::bastion::BastionPlan;
use crate::outside::OutsideHost;
use crate::plan::{EnvironmentPlan, HostPlan, Plan};

/// A place from which something is asked, by the families that it has.
#[derive(Clone, Debug)]
pub(super) struct Vantage {
    pub(super) id: HostId,
    ipv4: bool,
    ipv6: bool,
}

impl Vantage {
    fn new(id: &HostId, addresses: &[IpAddr]) -> Self {
        Self {
            id: id.clone(),
            ipv4: addresses.iter().any(IpAddr::is_ipv4),
            ipv6: addresses.iter().any(IpAddr::is_ipv6),
        }
    }

    /// Those ends that can be tried from here.
    pub(super) fn of_its_families(
        &self,
        targets: &[SocketAddr],
    ) -> impl Iterator<Item = SocketAddr> {
        let (ipv4, ipv6) = (self.ipv4, self.ipv6);
        targets
            .iter()
            .copied()
            .filter(move |target| if target.is_ipv4() { ipv4 } else { ipv6 })
    }
}

impl From<&HostPlan> for Vantage {
    fn from(host: &HostPlan) -> Self {
        Self::new(&host.id, &host.addresses())
    }
}

impl From<&BastionPlan> for Vantage {
    fn from(bastion: &BastionPlan) -> Self {
        Self::new(
            &bastion.id,
            &[&bastion.addresses[..], &bastion.doors].concat(),
        )
    }
}

impl From<&OutsideHost> for Vantage {
    fn from(host: &OutsideHost) -> Self {
        Self::new(&host.id, &host.addresses)
    }
}

/// The places that the claims of one environment use.
pub(super) struct Vantages {
    /// The operator's workstation.
    pub(super) operator: Option<Vantage>,
    /// Somebody on the Internet.
    pub(super) stranger: Option<Vantage>,
    /// A server in the customer's data centre.
    pub(super) data_centre: Option<Vantage>,
    /// The bastion and a node of every other environment.
    pub(super) elsewhere: Vec<Vantage>,
}

impl Vantages {
    pub(super) fn new(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Self {
        let outside = &whole.outside;
        let others = whole
            .environments
            .values()
            .filter(|other| other.id != plan.id);
        Self {
            operator: outside
                .host(outside.workstation.as_ref())
                .map(Vantage::from),
            stranger: outside.host(outside.stranger.as_ref()).map(Vantage::from),
            data_centre: outside.in_data_centre().map(Vantage::from),
            elsewhere: others.flat_map(samples).collect(),
        }
    }

    /// Everybody outside the environment: the operator, the Internet, the data centre, other environments.
    pub(super) fn outside(&self) -> impl Iterator<Item = Vantage> {
        self.on_internet().chain(self.private_outside())
    }

    /// The operator, and somebody on the Internet.
    pub(super) fn on_internet(&self) -> impl Iterator<Item = Vantage> {
        self.operator.iter().chain(&self.stranger).cloned()
    }

    /// Everybody outside who is neither of the operator nor on the Internet.
    pub(super) fn private_outside(&self) -> impl Iterator<Item = Vantage> {
        self.data_centre.iter().chain(&self.elsewhere).cloned()
    }
}

/// An environment's bastion and one node: those from which another environment is attacked.
pub(super) fn samples(plan: &EnvironmentPlan<'_>) -> Vec<Vantage> {
    let node = plan.hosts_of(Role::Product).next();
    bastion(plan)
        .into_iter()
        .chain(node.map(Vantage::from))
        .collect()
}

/// The environment's bastion.
pub(super) fn bastion(plan: &EnvironmentPlan<'_>) -> Option<Vantage> {
    plan.bastion.as_ref().map(Vantage::from)
}

/// One host of each kind in a VPC besides the bastion, but for those left out: an attack from every tier.
pub(super) fn each_kind<'a>(
    plan: &'a EnvironmentPlan<'_>,
    skip: &'a dyn Fn(&HostPlan) -> bool,
) -> impl Iterator<Item = Vantage> {
    let mut seen = BTreeSet::new();
    plan.hosts
        .iter()
        .filter(|host| host.role != Role::Bastion && !skip(host))
        .filter(move |host| seen.insert(&host.group))
        .map(Vantage::from)
}

/// The interfaces of hosts.
pub(super) fn interfaces<'a>(
    hosts: impl IntoIterator<Item = &'a HostPlan>,
) -> BTreeSet<InterfaceId> {
    hosts.into_iter().map(HostPlan::interface).collect()
}

/// The interfaces of an environment, the bastion's among them wherever it stands.
pub(super) fn of_environment(plan: &EnvironmentPlan<'_>) -> BTreeSet<InterfaceId> {
    let bastion = plan.bastion.iter().flat_map(BastionPlan::interfaces);
    interfaces(&plan.hosts).into_iter().chain(bastion).collect()
}

/// The interfaces of every environment.
pub(super) fn inside(whole: &Plan<'_>) -> BTreeSet<InterfaceId> {
    let environments = whole.environments.values();
    environments.flat_map(of_environment).collect()
}

//! Faults that can be planted in a rehearsal, to show by what each of them is caught: proof, packets or probe.
//!
//! A fault changes what is stood up and proved, never the estate. It says itself which claims must fail because of it;
//! that it is caught by those, and that nothing else fails, is tested for every fault and every example.

mod caught;
mod console;
mod ground;
mod joined;
mod mail;
mod name;
mod ssh;
mod subnet;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod tunnel;

use std::collections::BTreeMap;

use model::vpn::VpnConnection;
use model::{Catalog, EnvironmentId, Estate, Host, HostId, Network, Secret, SecretName};

use crate::credentials::CertificateFlaw;
use crate::tunnels::TunnelFault;

pub use caught::{Caught, Deviation};
pub use table::fault_table;

/// A fault by its name.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Rows of the request that it breaks: `R2`.
    pub rows: &'static [&'static str],
    /// By what it is caught.
    pub caught: Caught,
    plant: fn(&mut Ground<'_>) -> Option<Planted>,
}

/// What a fault may change: what is stood up and proved, never the estate.
pub(crate) struct Ground<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) catalog: &'a Catalog,
    pub(crate) network: &'a mut Network,
    pub(crate) hosts: &'a mut BTreeMap<HostId, Host>,
    pub(crate) secrets: &'a mut BTreeMap<SecretName, Secret>,
    /// What is wrong with servers' certificates.
    pub(crate) flaws: &'a mut BTreeMap<HostId, CertificateFlaw>,
    /// The VPN connections of the design.
    pub(crate) vpns: &'a [VpnConnection],
    /// What is to be wrong with them, once they stand.
    pub(crate) tunnels: &'a mut Option<TunnelFault>,
}

/// A fault that was planted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planted {
    /// The environment that it was planted in.
    pub(crate) environment: EnvironmentId,
    /// What was changed, as a sentence.
    pub(crate) change: String,
}

/// Every fault that can be planted, in the order of the rows that they break.
pub const FAULTS: &[Fault] = &[
    subnet::PRIVATE_SUBNET_PUBLIC,
    subnet::DATABASE_PUBLIC,
    joined::STAGING_REACHES_PRODUCTION,
    joined::ENVIRONMENTS_JOINED,
    ssh::BASTION_OPEN,
    ssh::OPERATOR_RANGE_SPLIT,
    ssh::BASTION_ON_22,
    ssh::SSH_BETWEEN_APPLICATIONS,
    ssh::BASTION_CUT_OFF,
    name::RESOLVERS_CLOSED,
    name::WRONG_VIEW,
    name::RECORD_MISSING,
    name::RECORD_STALE,
    mail::ENDPOINT_CLOSED,
    mail::CERTIFICATE_MISNAMED,
    mail::PASSWORD_CHANGED,
    time::NTP_BLOCKED,
    joined::ROUTES_WITHDRAWN,
    joined::ROUTE_LEAKED,
    tunnel::ONE_TUNNEL_DOWN,
    tunnel::ALL_TUNNELS_DOWN,
    tunnel::TUNNEL_KEY_WRONG,
    tunnel::ROUTE_LEAKED_BY_BGP,
    subnet::ACL_DROPS_RETURNS,
    console::DEFAULT_ADMIN_PASSWORD,
    console::CONSOLE_USER_MISSING,
];

impl Fault {
    /// Finds a fault by its name.
    pub fn named(name: &str) -> Option<Self> {
        FAULTS.iter().find(|fault| fault.name == name).copied()
    }

    /// Whether it is planted in the VPN, and so needs the VPN's real daemons.
    pub fn needs_vpn(&self) -> bool {
        let mut probed = self.caught.probe.iter();
        probed.any(|claim| claim.starts_with("data-centre/vpn-"))
    }

    /// Plants it; nothing when the estate has nowhere to plant it.
    pub(crate) fn plant(self, mut ground: Ground<'_>) -> Option<Planted> {
        (self.plant)(&mut ground)
    }
}

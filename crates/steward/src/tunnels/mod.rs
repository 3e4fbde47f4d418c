//! The VPN of a twin: staged with it, raised once the plain link has been compared, and asked.

mod asked;
mod breaking;
mod staged;
mod station;

use std::net::IpAddr;

use model::Network;
use model::claim::{Expect, Probe, Question};
use model::vpn::VpnConnection;

pub(crate) use self::asked::{ask, untold};
pub(crate) use self::breaking::TunnelFault;
pub(crate) use self::staged::Staged;
pub(crate) use self::station::Standing;
pub use self::station::{SUBCOMMAND, main};

/// Why the link to the data centre stays plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// In words, as they stand behind a semicolon.
    pub(crate) why: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

/// Whether a question is about the tunnels themselves.
pub(crate) const fn is_about_tunnels(question: &Question) -> bool {
    matches!(
        question,
        Question::Tunnel { .. } | Question::TunnelLoss { .. }
    )
}

/// Whether what is asked must get through by way of the tunnels: to the site from elsewhere, or from the site.
///
/// What must not get through is stopped by filters and routes, which are the same on the plain link, and there its loss
/// can be accounted for without waiting.
pub(crate) fn crosses(vpns: &[VpnConnection], network: &Network, probe: &Probe) -> bool {
    if probe.expect == Expect::NoWay || is_about_tunnels(&probe.question) {
        return false;
    }
    let in_site = |address: IpAddr| {
        let mut prefixes = vpns.iter().flat_map(|vpn| &vpn.site_prefixes);
        prefixes.any(|prefix| prefix.contains(&address))
    };
    let Some(target) = crate::asking::target(&probe.question) else {
        return false;
    };
    let interfaces = network.interfaces_of(&probe.vantage);
    let addresses: Vec<IpAddr> = interfaces
        .flat_map(|(_, interface)| interface.addresses.iter().copied())
        .collect();
    let from_site = addresses.iter().copied().any(in_site);
    from_site != in_site(target.ip())
}

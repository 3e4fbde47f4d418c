//! What a fault does to a VPN once it stands.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use ipnet::Ipv4Net;
use model::Secret;
use model::vpn::{TunnelId, VpnSide};
use peers::vpn::{RaiseError, Vpn};

/// What is wrong with a VPN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TunnelFault {
    /// The Internet drops everything between the ends of these tunnels.
    Lost(BTreeSet<TunnelId>),
    /// The customer's end of a tunnel has another pre-shared key than AWS's.
    OtherKey(TunnelId),
    /// The customer's router announces prefixes that are not its own.
    Leaked(Vec<Ipv4Net>),
}

/// A key that no run makes: a run's are drawn, and longer.
const OTHER_KEY: &str = "another-key";

/// BGP hears of a prefix within seconds; a machine that does much else may take longer.
const HEARD: Duration = Duration::from_secs(60);

/// Between two looks whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

impl TunnelFault {
    /// Breaks a VPN that stands, and waits until those who run it have noticed.
    ///
    /// # Errors
    /// [`RaiseError`] of whoever does not do what it is asked.
    pub(crate) fn plant(&self, vpn: &Vpn<'_>) -> Result<(), RaiseError> {
        match self {
            Self::Lost(tunnels) => vpn.lose(tunnels),
            Self::OtherKey(tunnel) => {
                vpn.change_key(tunnel, VpnSide::Customer, &Secret::new(OTHER_KEY))?;
                vpn.await_refusal(tunnel)?;
                vpn.await_carrying(tunnel, false)
            }
            Self::Leaked(prefixes) => {
                vpn.leak(VpnSide::Customer, prefixes)?;
                let deadline = Instant::now() + HEARD;
                // What is not heard by then is what the questions will show.
                while Instant::now() < deadline
                    && vpn.tunnels()?.iter().any(|state| state.leaked.is_empty())
                {
                    thread::sleep(LOOK_AGAIN);
                }
                Ok(())
            }
        }
    }
}

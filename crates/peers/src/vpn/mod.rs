//! IPsec for real: strongSwan at both ends of each tunnel, BIRD at the routers, and who drives them.
//!
//! A tunnel's end is a network namespace with one daemon of strongSwan, which encrypts in user space
//! (`kernel-libipsec`), as no container's kernel can be counted on to do it. The device that it makes belongs into the
//! router's namespace, so that the router holds the inside address and finds out by BFD whether the tunnel carries. This
//! module runs in those namespaces ([`Station`]) and directs them from outside ([`Vpn`]); it makes none itself.
//!
//! Real AWS has no BFD on a VPN: it sees a dead peer by its own timers of half a minute. A rehearsal shows *that* routes
//! move to the other tunnel, and does not wait as long.

mod bird;
mod charon;
mod control;
mod fault;
#[cfg(test)]
mod fixture;
mod installed;
mod plan;
mod raise;
mod routes;
mod sas;
mod station;
mod stream;
mod wire;

pub use fault::VpnError;
pub use installed::{Installed, Unavailable};
pub use plan::{EndPlan, Leg, RouterPlan, Table};
pub use raise::{EndPlace, Ground, RaiseError, RouterPlace, TunnelState, Vpn, VpnPlan};
pub use routes::RouterState;
pub use sas::Association;
pub use station::{EndState, Reply, Request, SetUp, Station};
pub use stream::{Interruption, Stream};
pub use wire::Seen;

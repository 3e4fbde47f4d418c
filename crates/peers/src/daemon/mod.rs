//! Real daemons in the embedded servers' place: OpenSSH, BIND or dnsmasq, chrony, Postfix, PostgreSQL, HAProxy, nginx.
//!
//! A daemon is a child of the host's process, told by a configuration in the host's private folder, and counts as
//! standing only when it has answered what it is there for. It is given no more than the plan says: the same
//! certificates, zones, users and passwords as the embedded server would have. It ends with its `Standing`, and with
//! the process that started it.

mod choice;
mod error;
mod launch;
mod ready;
mod running;
mod sasl;
mod site;
mod software;
mod stand;

mod bind;
mod chrony;
mod dnsmasq;
mod haproxy;
mod nginx;
mod openssh;
mod postfix;
mod postgres;

pub use choice::{Daemons, MissingDaemons, PeerChoice, UnknownChoice};
pub use error::DaemonError;
pub use launch::{SUBCOMMAND, main};
pub use software::{Installed, Software};

pub(crate) use bind::{Zones, serve as bind};
pub(crate) use chrony::serve as chrony;
pub(crate) use dnsmasq::serve as dnsmasq;
pub(crate) use haproxy::serve as haproxy;
pub(crate) use nginx::serve as nginx;
pub(crate) use openssh::{Sshd, serve as openssh};
pub(crate) use postfix::{Submission, serve as postfix, users_missing};
pub(crate) use postgres::{Cluster, serve as postgres};
pub(crate) use site::Site;
pub(crate) use stand::Standing;

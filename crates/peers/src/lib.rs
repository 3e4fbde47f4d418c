//! A host's servers: SSH, DNS, NTP, SMTP, HTTPS product, TCP balancer, database.
//!
//! Each has an embedded one, with which a fresh machine rehearses an estate: a **stand-in**, which says so by its `NAME`,
//! which evidence carries. Where real daemons are installed, [`daemon`] starts them in their place. This crate knows
//! nothing of probes and estates: it is given one host's services by a [`HostPlan`] and listens. Nothing here sets a
//! clock, changes the machine or opens a connection that a plan does not name.
//!
//! Every server is written for a `current_thread` runtime and for forty processes side by side: no thread of its own, no
//! buffer before a client comes, a limit on everything that a client can make it keep.

pub mod balancer;
mod credential;
pub mod daemon;
pub mod database;
pub mod dns;
mod fault;
#[cfg(test)]
mod fixture;
mod http;
pub mod ntp;
mod opening;
mod plan;
pub mod product;
mod serving;
pub mod smtp;
mod socket;
pub mod ssh;
pub mod tls;
pub mod vpn;
pub mod web;

pub use balancer::{Health, TargetState};
pub use fault::{Fault, ServeError};
pub use plan::{HostPlan, SshIdentity};
pub use serving::{Listening, Serving, Transport, serve, serve_with};
pub use smtp::{MailboxError, ReceivedMail};
pub use tls::{TlsAuthority, TlsError, TlsIdentity, Validity};

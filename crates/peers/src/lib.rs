//! Embedded servers: SSH, DNS, NTP, SMTP, HTTPS product stand-in, TCP balancer, database stand-in.
//!
//! A fresh machine rehearses an estate with these where the real daemons are not installed. Each of them is a
//! **stand-in** and says so by its `NAME`, which evidence carries. This crate knows nothing of probes and estates: it is
//! given one host's services by a [`HostPlan`] and listens. Nothing here sets a clock, changes the machine or opens a
//! connection that a plan does not name.
//!
//! Every server is written for a `current_thread` runtime and for forty processes side by side: no thread of its own, no
//! buffer before a client comes, a limit on everything that a client can make it keep.

pub mod balancer;
mod credential;
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
pub use serving::{Listening, Serving, Transport, serve};
pub use smtp::{MailboxError, ReceivedMail};
pub use tls::{TlsAuthority, TlsError, TlsIdentity, Validity};

//! The one way to a host: a [`HostChannel`] over SSH through the bastion; host certificates pinned, no trust on first use.
//!
//! An operator's [`Authority`] signs short-lived user certificates and host certificates. [`connect`] takes a [`Route`]
//! and an [`Identity`], goes through the bastion where there is one, and accepts a server only if it proves with a *host
//! certificate* of the pinned authority that it is the host meant. A plain host key is never accepted, no key is ever
//! remembered, and there is no password.
//!
//! This crate knows nothing of the twin and nothing of AWS: an address is an address.

mod authority;
mod certificate;
mod channel;
mod connect;
mod error;
mod put;
mod route;
mod shell;
mod transport;

pub use authority::{
    Authority, AuthorityError, Credential, HostGrant, PERMIT_FORWARDING, PERMIT_TERMINAL,
    UserGrant, Window,
};
pub use certificate::{CertificateFault, CertificateKind, TrustedAuthority};
pub use channel::{Exit, Forwarded, HostChannel, Output};
pub use connect::connect;
pub use error::{
    ChannelError, ConnectError, HostKeyFault, IdentityError, Refusal, Step, Unreached,
};
pub use route::{Identity, Limits, Route, Stop};
pub use shell::{Size, Terminal};

//! What one host's process is told to serve.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use model::{HostId, Secret, SecretName, Service};
use serde::{Deserialize, Serialize};

use crate::tls::TlsIdentity;

/// Everything that a host's servers need. It holds secrets: it arrives by a pipe in the host's own process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostPlan {
    /// Which host.
    pub host: HostId,
    /// Fully qualified name, without the final dot.
    pub name: String,
    /// The host's own addresses.
    pub addresses: Vec<IpAddr>,
    /// Addresses listened on. `::` alone listens on IPv4 too; beside an IPv4 address it is IPv6 only.
    pub bind: Vec<IpAddr>,
    /// What listens.
    pub services: Vec<Service>,
    /// The values of the secrets that the services name.
    pub secrets: BTreeMap<SecretName, Secret>,
    /// Certificate and key of every server here that speaks TLS.
    pub tls: Option<TlsIdentity>,
    /// What the SSH server shows and trusts.
    pub ssh: Option<SshIdentity>,
    /// A private folder, which exists, for what the servers keep: received mail, the record of SSH logins.
    pub data: PathBuf,
}

/// What a host's SSH server shows and trusts, each in OpenSSH's text form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SshIdentity {
    /// The host's private key.
    pub host_key: Secret,
    /// The host's certificate, signed by the estate's host authority.
    pub host_certificate: String,
    /// The public key of the authority whose user certificates are accepted.
    pub user_authority: String,
}

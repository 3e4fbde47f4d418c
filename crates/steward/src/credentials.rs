//! The keys, certificates and passwords of one run. All are made for it and end with it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::SystemTime;

use access::{Authority, AuthorityError, Credential, HostGrant, Identity, UserGrant, Window};
use jiff::{SignedDuration, Timestamp};
use model::claim::Question;
use model::vpn::VpnConnection;
use model::{Claim, Host, HostId, Network, Secret, SecretName, ServiceKind};
use peers::{SshIdentity, TlsAuthority, TlsError, TlsIdentity, Validity};
use rand::rngs::{SysError, SysRng};
use rand::{CryptoRng, SeedableRng};

/// How long the certificates of a run are valid: a twin that is kept over a weekend can still be entered.
const VALID: SignedDuration = SignedDuration::from_hours(72);

/// Certificates are valid from a little before now, as is the custom, so that no rounding makes them not yet valid.
const BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// Letters of a generated password: none that is mistaken for another, and none that a shell or form would change.
const LETTERS: &[u8; 56] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

/// Length of a generated password: 28 letters out of 56 are over 160 bits.
const PASSWORD: usize = 28;

/// Why no credentials could be made.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The system gives no random numbers.
    #[error("get random numbers from the system")]
    Random(#[source] SysError),
    /// An SSH key or certificate could not be made.
    #[error("make the SSH credentials")]
    Ssh(#[from] AuthorityError),
    /// A TLS key or certificate could not be made.
    #[error("make the TLS credentials")]
    Tls(#[from] TlsError),
}

/// What is wrong with a server's certificate in a rehearsal of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateFlaw {
    /// It is another server's: it carries none of this one's names and addresses.
    Misnamed,
}

impl CertificateFlaw {
    /// The name that a certificate of the wrong server carries.
    pub(crate) const ANOTHER_NAME: &str = "another.example";
}

/// Everything secret of one run.
pub(crate) struct Credentials {
    users: Authority,
    hosts: Authority,
    tls: TlsAuthority,
    window: Window,
    rng: rand::rngs::StdRng,
    /// Passwords by the names under which the design asks for them.
    pub(crate) secrets: BTreeMap<SecretName, Secret>,
}

impl Credentials {
    /// Makes the authorities of a run, a password for each secret that the hosts' services name, and a key for each tunnel.
    pub(crate) fn make(
        hosts: &BTreeMap<HostId, Host>,
        vpns: &[VpnConnection],
        now: Timestamp,
    ) -> Result<Self, CredentialsError> {
        let mut rng =
            rand::rngs::StdRng::try_from_rng(&mut SysRng).map_err(CredentialsError::Random)?;
        let window = Window {
            from: now - BEFORE,
            until: now + VALID,
        };
        let validity = Validity {
            not_before: SystemTime::from(window.from),
            not_after: SystemTime::from(window.until),
        };
        let mut secrets = BTreeMap::new();
        let keys = vpns.iter().flat_map(|vpn| &vpn.tunnels);
        let keys = keys.map(|tunnel| tunnel.key.clone());
        for name in named_secrets(hosts).into_iter().chain(keys) {
            secrets.insert(name, password(&mut rng));
        }
        Ok(Self {
            users: Authority::generate(&mut rng)?,
            hosts: Authority::generate(&mut rng)?,
            tls: TlsAuthority::new("Reeve rehearsal", validity)?,
            window,
            rng,
            secrets,
        })
    }

    /// The authority's certificate, the only root that probes trust.
    pub(crate) fn tls_root(&self) -> String {
        self.tls.certificate()
    }

    /// A login of the operator's for a reason.
    pub(crate) fn identity(
        &mut self,
        users: Vec<String>,
        reason: &str,
    ) -> Result<Identity, CredentialsError> {
        let grant = UserGrant {
            principals: users,
            reason: reason.to_owned(),
            window: self.window,
        };
        Ok(Identity {
            user: self.users.issue_user(&mut self.rng, &grant)?,
            host_authority: self.hosts.public_key()?,
        })
    }

    /// What a host's SSH server shows and trusts.
    pub(crate) fn ssh_of(
        &mut self,
        id: &HostId,
        host: &Host,
    ) -> Result<SshIdentity, CredentialsError> {
        let grant = HostGrant {
            host: id.clone(),
            names: vec![host.name.clone()],
            window: self.window,
        };
        let Credential {
            private_key,
            certificate,
        } = self.hosts.issue_host(&mut self.rng, &grant)?;
        Ok(SshIdentity {
            host_key: private_key,
            host_certificate: certificate,
            user_authority: self.users.public_key()?,
        })
    }

    /// A server certificate for a host's names and addresses, or one with a flaw.
    pub(crate) fn tls_of(
        &self,
        names: &BTreeSet<String>,
        addresses: &[IpAddr],
        flaw: Option<CertificateFlaw>,
    ) -> Result<TlsIdentity, CredentialsError> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(match flaw {
            None => self.tls.issue(&names, addresses)?,
            Some(CertificateFlaw::Misnamed) => {
                self.tls.issue(&[CertificateFlaw::ANOTHER_NAME], &[])?
            }
        })
    }
}

fn named_secrets(hosts: &BTreeMap<HostId, Host>) -> BTreeSet<SecretName> {
    let mut names = BTreeSet::new();
    for host in hosts.values() {
        for service in &host.services {
            match &service.kind {
                ServiceKind::Smtp { password, .. } | ServiceKind::Database { password, .. } => {
                    names.insert(password.clone());
                }
                ServiceKind::Product(product) => {
                    names.insert(product.admin_password.clone());
                }
                _ => {}
            }
        }
        names.extend(host.uses.smtp.iter().map(|relay| relay.password.clone()));
    }
    names
}

fn password(rng: &mut impl CryptoRng) -> Secret {
    let mut text = String::with_capacity(PASSWORD);
    while text.len() < PASSWORD {
        // Of 64 equally likely values the last eight are drawn again, so that every letter is equally likely.
        let drawn = (rng.next_u32() >> 26) as usize;
        if let Some(letter) = LETTERS.get(drawn) {
            text.push(char::from(*letter));
        }
    }
    Secret::new(text)
}

/// The names that each host's certificate must carry: its own, those that resolve to its addresses, and those by which
/// the probes call it, be it behind a balancer that passes TLS through.
pub(crate) fn names_by_host(
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    claims: &[Claim],
) -> BTreeMap<HostId, BTreeSet<String>> {
    let mut names: BTreeMap<HostId, BTreeSet<String>> = hosts
        .iter()
        .map(|(id, host)| (id.clone(), BTreeSet::from([host.name.clone()])))
        .collect();
    let mut call = |address: IpAddr, port: Option<u16>, name: &str| {
        for id in served_by(network, hosts, address, port) {
            names.entry(id).or_default().insert(name.to_owned());
        }
    };
    let zones = hosts
        .values()
        .flat_map(|host| &host.services)
        .filter_map(|service| match &service.kind {
            ServiceKind::Dns { zones, .. } => Some(zones),
            _ => None,
        });
    for record in zones.flatten().flat_map(|zone| &zone.records) {
        for address in record.own_addresses() {
            call(*address, None, &record.name);
        }
    }
    for probe in claims.iter().flat_map(|claim| &claim.probes) {
        match &probe.question {
            Question::Health { target, name, .. } | Question::Console { target, name, .. } => {
                call(target.ip(), Some(target.port()), name);
            }
            Question::Mail { server, name, .. } => call(server.ip(), Some(server.port()), name),
            _ => {}
        }
    }
    names
}

/// The hosts that speak TLS to whoever opens an address: its own, or a balancer's targets (of one port, or of all).
fn served_by(
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    address: IpAddr,
    port: Option<u16>,
) -> Vec<HostId> {
    let Some(id) = host_at(network, address) else {
        return Vec::new();
    };
    let mut served = vec![id.clone()];
    for service in hosts.get(id).into_iter().flat_map(|host| &host.services) {
        if let ServiceKind::Balancer { listeners } = &service.kind {
            let meant = listeners
                .iter()
                .filter(|listener| port.is_none_or(|port| port == listener.port));
            let targets = meant.flat_map(|listener| &listener.targets);
            served.extend(targets.filter_map(|target| host_at(network, target.ip()).cloned()));
        }
    }
    served
}

/// The host that has an address, its own or its public one.
pub(crate) fn host_at(network: &Network, address: IpAddr) -> Option<&HostId> {
    let owns = |interface: &model::network::Interface| {
        interface.addresses.contains(&address)
            || interface
                .public
                .is_some_and(|public| IpAddr::V4(public) == address)
    };
    network
        .interfaces
        .values()
        .find(|interface| owns(interface))
        .map(|interface| &interface.host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_alike() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(7);
        let drawn: BTreeSet<String> = (0..64)
            .map(|_| password(&mut rng).expose().to_owned())
            .collect();
        assert_eq!(drawn.len(), 64);
        assert!(
            drawn
                .iter()
                .all(|text| text.len() == PASSWORD && text.bytes().all(|b| LETTERS.contains(&b)))
        );
    }
}

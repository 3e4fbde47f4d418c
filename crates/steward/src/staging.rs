//! From a design to the twin's plan: which program runs in each host, and what it is told.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use access::{Route, Stop};
use model::claim::{Question, SshHop};
use model::{Claim, Host, HostId, Network, Role, Service, ServiceKind};
use peers::HostPlan;
use peers::daemon::Daemons;
use probe::Means;
use serde_json::Value;

use crate::credentials::{CertificateFlaw, Credentials, CredentialsError, names_by_host};
use crate::host;
use crate::kept::Login;
use crate::message::SetUp;
use crate::tunnels::Staged;

/// How long one question may take in a twin: its servers answer in milliseconds, so this only ends what hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// The folder that is private to a host, in memory.
pub(crate) const PRIVATE: &str = twin::DATA;

/// Why a design could not be made into a plan for the twin.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// No credentials.
    #[error("make the credentials of this run")]
    Credentials(#[from] CredentialsError),
    /// A host's set-up has no JSON form.
    #[error("write down the set-up of {host}")]
    SetUp {
        /// The host.
        host: HostId,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// What is stood up, and how.
pub(crate) struct Staging<'a> {
    pub(crate) network: &'a Network,
    pub(crate) hosts: &'a BTreeMap<HostId, Host>,
    pub(crate) claims: &'a [Claim],
    pub(crate) daemons: &'a Daemons,
    /// The VPN's daemons; none where the link to the data centre stays plain.
    pub(crate) tunnels: Option<&'a Staged>,
    /// What is wrong with servers' certificates.
    pub(crate) flaws: &'a BTreeMap<HostId, CertificateFlaw>,
    pub(crate) run_dir: &'a Path,
    pub(crate) label: &'a str,
    pub(crate) keep: bool,
}

impl Staging<'_> {
    /// The twin's plan.
    pub(crate) fn plan(&self, credentials: &mut Credentials) -> Result<twin::Plan, StagingError> {
        let users = login_names(self.hosts);
        let identity = credentials.identity(users, &format!("rehearsal of {}", self.label))?;
        let means = Means {
            ssh: identity.clone(),
            tls_roots_pem: credentials.tls_root(),
            secrets: credentials.secrets.clone(),
            patience: PATIENCE,
        };
        let login = Login {
            identity,
            routes: routes(self.claims),
        };
        let names = names_by_host(self.network, self.hosts, self.claims);
        let mut programs = BTreeMap::new();
        for (id, host) in self.hosts {
            let addresses: Vec<IpAddr> = self
                .network
                .interfaces_of(id)
                .flat_map(|(_, interface)| interface.addresses.clone())
                .collect();
            if addresses.is_empty() {
                continue;
            }
            let no_names = std::collections::BTreeSet::new();
            let set_up = SetUp {
                plan: HostPlan {
                    host: id.clone(),
                    name: host.name.clone(),
                    bind: wildcards(&addresses),
                    services: host
                        .services
                        .iter()
                        .filter(|service| unplayed(service).is_none())
                        .cloned()
                        .collect(),
                    secrets: credentials.secrets.clone(),
                    tls: needs_tls(host)
                        .then(|| {
                            let names = names.get(id).unwrap_or(&no_names);
                            credentials.tls_of(names, &addresses, self.flaws.get(id).copied())
                        })
                        .transpose()?,
                    ssh: needs_ssh(host)
                        .then(|| credentials.ssh_of(id, host))
                        .transpose()?,
                    data: PathBuf::from(PRIVATE),
                    addresses,
                },
                daemons: self.daemons.clone(),
                means: means.clone(),
                login: (host.role == Role::Operator).then(|| login.clone()),
            };
            let input = serde_json::to_value(&set_up).map_err(|source| StagingError::SetUp {
                host: id.clone(),
                source,
            })?;
            programs.insert(
                id.clone(),
                program(host::SUBCOMMAND, host_name(id), host, input),
            );
        }
        programs.extend(
            twin::routers(self.network)
                .into_iter()
                .map(|router| (router, router_program())),
        );
        let tunnels = self.tunnels.map(|staged| staged.programs.clone());
        programs.extend(tunnels.unwrap_or_default());
        Ok(twin::Plan {
            network: self.network.clone(),
            vpns: self
                .tunnels
                .map(|staged| staged.vpns.clone())
                .unwrap_or_default(),
            programs,
            run_dir: self.run_dir.to_owned(),
            label: self.label.to_owned(),
            keep: self.keep,
        })
    }
}

fn program(subcommand: &str, hostname: String, host: &Host, input: Value) -> twin::Program {
    twin::Program {
        argv: vec!["/proc/self/exe".to_owned(), subcommand.to_owned()],
        hostname,
        dns: host.uses.dns.clone(),
        search: host.uses.search.clone(),
        hosts_file: Vec::new(),
        input,
    }
}

/// What runs in each router: it sends sentinels back.
fn router_program() -> twin::Program {
    twin::Program {
        argv: vec![
            "/proc/self/exe".to_owned(),
            host::ROUTER_SUBCOMMAND.to_owned(),
        ],
        hostname: "router".to_owned(),
        dns: Vec::new(),
        search: Vec::new(),
        hosts_file: Vec::new(),
        input: Value::Null,
    }
}

/// A host's identifier as a host name: `production/apim-1` is `production-apim-1`.
fn host_name(id: &HostId) -> String {
    id.as_str().replace('/', "-").chars().take(63).collect()
}

/// The wildcard of each family that the host has an address of.
fn wildcards(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut bind = Vec::new();
    if addresses.iter().any(IpAddr::is_ipv4) {
        bind.push(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    }
    if addresses.iter().any(IpAddr::is_ipv6) {
        bind.push(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    }
    bind
}

/// Why no stand-in can play a service, where that is so: what asks for it is then unknown, and the rest is rehearsed.
pub(crate) fn unplayed(service: &Service) -> Option<String> {
    match &service.kind {
        ServiceKind::Database { engine, .. } if engine != peers::database::ENGINE => Some(format!(
            "there is no stand-in for a {engine} database, only for {}",
            peers::database::ENGINE
        )),
        _ => None,
    }
}

fn needs_tls(host: &Host) -> bool {
    host.services.iter().any(|service| {
        matches!(
            service.kind,
            ServiceKind::Smtp { .. }
                | ServiceKind::Product(_)
                | ServiceKind::Database { .. }
                | ServiceKind::Web { .. }
        )
    })
}

fn needs_ssh(host: &Host) -> bool {
    host.services
        .iter()
        .any(|service| matches!(service.kind, ServiceKind::Ssh { .. }))
}

/// Every login name that a server of the estate accepts.
fn login_names(hosts: &BTreeMap<HostId, Host>) -> Vec<String> {
    let mut names: Vec<String> = hosts
        .values()
        .flat_map(|host| &host.services)
        .filter_map(|service| match &service.kind {
            ServiceKind::Ssh { users, .. } => Some(users.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The ways by which the operator logs in to each host: those that the claims say must work.
fn routes(claims: &[Claim]) -> BTreeMap<HostId, Route> {
    let mut routes = BTreeMap::new();
    for probe in claims.iter().flat_map(|claim| &claim.probes) {
        let Question::Ssh {
            host,
            target,
            user,
            via,
        } = &probe.question
        else {
            continue;
        };
        if probe.expect != model::claim::Expect::Works {
            continue;
        }
        let stop = |host: &HostId, address, user: &String| Stop {
            host: host.clone(),
            address,
            user: user.clone(),
        };
        let route = Route {
            via: via
                .as_ref()
                .map(|SshHop { host, target, user }| stop(host, *target, user)),
            target: stop(host, *target, user),
        };
        routes.entry(host.clone()).or_insert(route);
    }
    routes
}

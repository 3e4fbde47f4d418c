//! What is to stand and to run.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use model::vpn::VpnConnection;
use model::{HostId, Network};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AskError, TwinError, log};
use crate::control::frame::PID_1;

/// The kernel's limit for a host's name.
const MAX_HOSTNAME: usize = 64;

/// A network and the programs in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What is stood up.
    pub network: Network,
    /// VPN connections that may be raised in it ([`crate::vpn`]).
    pub vpns: Vec<VpnConnection>,
    /// A program for each host of the network that is to have one, and for each of its [`super::routers`] and of the
    /// [`crate::vpn::places`].
    pub programs: BTreeMap<HostId, Program>,
    /// The folder for logs and, of a kept twin, the control socket. Made if it is not there.
    pub run_dir: PathBuf,
    /// The name by which people know the twin: the estate's.
    pub label: String,
    /// Whether the twin may be released to outlive its starter.
    pub keep: bool,
}

/// What runs in a host, and the files by which it finds names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The command. `/proc/self/exe` is this very executable. Standard input is the channel that [`crate::host`]
    /// opens; what it writes to standard output and error goes to a log.
    pub argv: Vec<String>,
    /// The host's name, at most 64 bytes.
    pub hostname: String,
    /// `nameserver` lines of `/etc/resolv.conf`.
    pub dns: Vec<IpAddr>,
    /// Its `search` line.
    pub search: Vec<String>,
    /// Lines of `/etc/hosts` beside those for the host itself.
    pub hosts_file: Vec<(IpAddr, String)>,
    /// The first message that the program gets.
    pub input: Value,
}

/// What remains known of a plan outside, once it is carried out.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    pub(super) run_dir: PathBuf,
    hosts: Vec<HostId>,
}

impl Plan {
    pub(super) fn outline(&self) -> Outline {
        Outline {
            run_dir: self.run_dir.clone(),
            hosts: self.programs.keys().cloned().collect(),
        }
    }

    /// Refuses what no machine could carry out.
    pub(super) fn check(&self) -> Result<(), TwinError> {
        let refuse = |what: String| Err(TwinError::Plan(what));
        if self.programs.len() >= usize::from(PID_1) {
            return refuse(format!("{} programs are too many", self.programs.len()));
        }
        // Both become arguments of a process, and the label a word in a table.
        if self.label.chars().any(char::is_control) {
            return refuse("its label has control characters".to_owned());
        }
        let hosts: BTreeSet<_> = self.network.interfaces.values().map(|i| &i.host).collect();
        let routers = super::routers(&self.network);
        let places = crate::vpn::places(&self.network, &self.vpns);
        let places: BTreeSet<_> = places.programs().collect();
        for (host, program) in &self.programs {
            if !hosts.contains(host) && !routers.contains(host) && !places.contains(host) {
                return refuse(format!("{host} has a program but no interface"));
            }
            program
                .check()
                .or_else(|what| refuse(format!("{host}: {what}")))?;
        }
        Ok(())
    }
}

impl Program {
    fn check(&self) -> Result<(), String> {
        if self.argv.is_empty() {
            return Err("its program has no command".to_owned());
        }
        if self.argv.iter().any(|word| word.contains('\0')) {
            return Err("its command has a NUL character".to_owned());
        }
        if self.hostname.is_empty() || self.hostname.len() > MAX_HOSTNAME {
            return Err(format!(
                "its name has {} bytes, of 1 to {MAX_HOSTNAME}",
                self.hostname.len()
            ));
        }
        let names = self.hosts_file.iter().map(|(_, name)| name);
        for name in names.chain(&self.search).chain([&self.hostname]) {
            if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return Err(format!("{name:?} is not a name"));
            }
        }
        Ok(())
    }
}

impl Outline {
    pub(super) fn address_of(&self, host: &HostId) -> Option<u16> {
        let position = self.hosts.binary_search(host).ok()?;
        u16::try_from(position).ok()
    }

    pub(super) fn silent(&self, error: impl Into<AskError>) -> TwinError {
        TwinError::Silent {
            log: self.run_dir.join(log::FOLDER).join(log::OWN),
            source: error.into(),
        }
    }
}

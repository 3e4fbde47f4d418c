//! Where one daemon stands: its own folder, its log, and what of the host's plan every daemon needs.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::DaemonError;
use super::launch::RunAs;
use super::running::Program;
use super::software::Installed;
use crate::plan::HostPlan;
use crate::tls::TlsIdentity;

/// Where one daemon stands.
#[derive(Clone, Debug)]
pub(crate) struct Site<'a> {
    pub(super) installed: &'a Installed,
    pub(super) plan: &'a HostPlan,
    pub(super) folder: PathBuf,
}

impl<'a> Site<'a> {
    /// Makes the folder of the host's n-th daemon, within the host's private one.
    pub(crate) fn open(
        installed: &'a Installed,
        plan: &'a HostPlan,
        n: usize,
    ) -> Result<Self, DaemonError> {
        let name = format!("{n}-{}", installed.software.executable());
        let site = Self {
            installed,
            plan,
            folder: plan.data.join("daemon").join(name),
        };
        // Passed through by daemons that become other users; nobody else is on a host.
        site.make_folder(&site.folder, 0o711)?;
        Ok(site)
    }

    pub(super) fn make_folder(&self, path: &Path, mode: u32) -> Result<(), DaemonError> {
        DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(path)
            .map_err(self.preparing(path))
    }

    /// Writes a file of the daemon's, for its owner alone.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, DaemonError> {
        let path = self.folder.join(name);
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(self.preparing(&path))?;
        Ok(path)
    }

    /// Writes certificate and key into one file, or two, as servers read them.
    pub(super) fn write_identity(
        &self,
        identity: &TlsIdentity,
    ) -> Result<[PathBuf; 2], DaemonError> {
        Ok([
            self.write("certificate.pem", &identity.chain)?,
            self.write("key.pem", identity.key.expose())?,
        ])
    }

    /// What could not be done to a file, as an error.
    pub(super) fn preparing(
        &self,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> DaemonError + use<> {
        let (software, path) = (self.installed.software, path.to_owned());
        move |source| DaemonError::Prepare {
            software,
            path,
            source,
        }
    }

    /// The daemon with arguments.
    pub(super) fn daemon(&self, run_as: RunAs, arguments: &[&str]) -> Program {
        self.program(&self.installed.path, run_as, arguments)
    }

    /// A program of the daemon's with arguments.
    pub(super) fn program(&self, path: &Path, run_as: RunAs, arguments: &[&str]) -> Program {
        let mut argv = vec![text(path)];
        argv.extend(arguments.iter().map(|&one| one.to_owned()));
        Program {
            software: self.installed.software,
            run_as,
            argv,
            log: self.log(),
        }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// A value of the plan that its configuration can hold on one line.
    pub(super) fn speakable<'t>(
        &self,
        what: &'static str,
        text: &'t str,
    ) -> Result<&'t str, DaemonError> {
        if text.chars().any(char::is_control) {
            return Err(DaemonError::Unspeakable {
                software: self.installed.software,
                what,
            });
        }
        Ok(text)
    }

    /// Where the host itself reaches what it listens on.
    pub(super) fn reached_at(&self, port: u16) -> SocketAddr {
        let bound = self.plan.bind.first().copied();
        let address = match bound.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)) {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            own => own,
        };
        SocketAddr::new(address, port)
    }
}

/// A path as an argument. Paths of the host's private folder are text.
pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A plan and a place to render configurations for.
#[cfg(test)]
pub(super) mod fixture {
    use std::collections::BTreeMap;

    use model::HostId;

    use super::*;
    use crate::daemon::Software;

    pub(in crate::daemon) fn plan(bind: &[&str]) -> HostPlan {
        HostPlan {
            host: HostId::from("production/apim-1"),
            name: "apim-1.production.acme.internal".to_owned(),
            addresses: vec![],
            bind: bind
                .iter()
                .map(|text| text.parse().expect("an address"))
                .collect(),
            services: vec![],
            secrets: BTreeMap::new(),
            tls: None,
            ssh: None,
            data: PathBuf::from("/run/reeve"),
        }
    }

    pub(in crate::daemon) fn installed(software: Software, version: &str) -> Installed {
        Installed {
            software,
            version: version.to_owned(),
            path: PathBuf::from("/usr/sbin").join(software.executable()),
        }
    }

    pub(in crate::daemon) fn site<'a>(installed: &'a Installed, plan: &'a HostPlan) -> Site<'a> {
        Site {
            installed,
            plan,
            folder: PathBuf::from("/run/reeve/daemon/0"),
        }
    }
}

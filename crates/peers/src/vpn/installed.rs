//! Which daemons the machine has for a VPN.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// Where distributions put strongSwan's daemon.
const CHARON: [&str; 4] = [
    "/usr/lib/ipsec/charon",
    "/usr/libexec/ipsec/charon",
    "/usr/libexec/strongswan/charon",
    "/usr/lib/strongswan/charon",
];

/// Where distributions put its plugins.
const PLUGINS: [&str; 5] = [
    "/usr/lib/ipsec/plugins",
    "/usr/lib64/strongswan/plugins",
    "/usr/lib/strongswan/plugins",
    "/usr/libexec/ipsec/plugins",
    "/usr/lib64/ipsec/plugins",
];

/// Folders of programs that an ordinary user's `PATH` may lack.
const SYSTEM: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin"];

/// The plugin that encrypts in the daemon, for kernels whose own IPsec a user may not use.
const LIBIPSEC: &str = "libstrongswan-kernel-libipsec.so";

/// The device by which packets come to the daemon.
const TUN: &str = "/dev/net/tun";

/// A version is a line; whatever says more is not believed.
const MAX_VERSION: usize = 200;

/// The daemons of a VPN, as found on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// strongSwan's daemon.
    pub charon: PathBuf,
    /// The program that loads its configuration and reads its state.
    pub swanctl: PathBuf,
    /// BIRD.
    pub bird: PathBuf,
    /// strongSwan with its version, for evidence: `strongSwan 5.9.8`.
    pub ipsec: String,
    /// BIRD with its version, for evidence: `BIRD 2.0.12`.
    pub routing: String,
}

/// Why no VPN can be rehearsed on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Unavailable {
    /// What is missing.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl Unavailable {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

impl Installed {
    /// Looks for strongSwan with `kernel-libipsec`, BIRD 2 and `/dev/net/tun`.
    ///
    /// # Errors
    /// The first that is missing, and what to do.
    pub fn find() -> Result<Self, Unavailable> {
        let missing = |name: &str, package: &str| {
            Unavailable::new(
                format!("{name} is not installed"),
                format!("install the package {package}"),
            )
        };
        let charon = CHARON
            .iter()
            .map(PathBuf::from)
            .find(|path| is_executable(path))
            .ok_or_else(|| missing("strongSwan's charon", "strongswan-charon"))?;
        let plugin = |folder: &str| Path::new(folder).join(LIBIPSEC).is_file();
        if !PLUGINS.iter().any(|folder| plugin(folder)) {
            return Err(missing(
                "strongSwan's plugin kernel-libipsec",
                "libcharon-extra-plugins",
            ));
        }
        let swanctl = program("swanctl").ok_or_else(|| missing("swanctl", "strongswan-swanctl"))?;
        let bird = program("bird").ok_or_else(|| missing("BIRD", "bird2"))?;
        File::options()
            .read(true)
            .write(true)
            .open(TUN)
            .map_err(|error| {
                Unavailable::new(
                    format!("{TUN} cannot be opened: {error}"),
                    "run `modprobe tun` as root, or give the container the device",
                )
            })?;
        let ipsec = version(&charon, "strongSwan");
        let routing = version(&bird, "BIRD");
        if routing.starts_with("BIRD 1") {
            return Err(missing("BIRD 2", "bird2"));
        }
        Ok(Self {
            charon,
            swanctl,
            bird,
            ipsec,
            routing,
        })
    }
}

/// A program in `PATH`, or where the system's own are.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| path.is_absolute() && is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// What a program says of its version, after its name. A program that says nothing is known by its name alone.
fn version(program: &Path, name: &str) -> String {
    let said = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    said.ok()
        .and_then(|output| {
            // BIRD says it on standard error.
            [output.stdout, output.stderr]
                .iter()
                .find_map(|bytes| number(&String::from_utf8_lossy(bytes)))
        })
        .map_or_else(|| name.to_owned(), |number| format!("{name} {number}"))
}

/// The first word that begins with a digit and has a dot.
fn number(said: &str) -> Option<String> {
    said.chars()
        .take(MAX_VERSION)
        .collect::<String>()
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_daemons_say_them() {
        let check = |said: &str, wanted: Option<&str>| {
            assert_eq!(number(said).as_deref(), wanted, "{said}");
        };
        check("Linux strongSwan 5.9.8\n", Some("5.9.8"));
        check("BIRD version 2.0.12\n", Some("2.0.12"));
        check("", None);
        check("no such option", None);
        check("error 7", None);
        check(&format!("{} 5.9", "x".repeat(MAX_VERSION)), None);
        assert_eq!(version(Path::new("/nonexistent"), "BIRD"), "BIRD");
    }
}

//! The real daemons that a rehearsal could use instead of stand-ins.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Capability;

/// Executables, what they are, and the Debian package that has them.
const DAEMONS: [(&str, &str, &str); 11] = [
    ("sshd", "OpenSSH server", "openssh-server"),
    ("chronyd", "NTP server", "chrony"),
    ("dnsmasq", "DNS server", "dnsmasq-base"),
    ("named", "DNS server", "bind9"),
    ("postfix", "mail server", "postfix"),
    ("postgres", "PostgreSQL server", "postgresql"),
    ("nginx", "web server", "nginx-light"),
    ("haproxy", "load balancer", "haproxy"),
    ("charon", "IPsec, strongSwan", "strongswan-charon"),
    ("swanctl", "IPsec, its control", "strongswan-swanctl"),
    ("bird", "BGP router", "bird2"),
];

/// Where daemons are when they are not in an ordinary user's `PATH`; `*` stands for one folder.
const ELSEWHERE: [&str; 6] = [
    "/usr/sbin",
    "/usr/local/sbin",
    "/sbin",
    "/usr/lib/ipsec",
    "/usr/libexec/ipsec",
    "/usr/lib/postgresql/*/bin",
];

/// Which are installed. None is needed: where one is missing its stand-in plays, and what only it could show is unknown.
pub(super) fn all() -> Vec<Capability> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path)
        .chain(ELSEWHERE.iter().flat_map(|pattern| expand(pattern)))
        .collect();
    DAEMONS
        .iter()
        .map(|(name, what, package)| {
            let found = folders.iter().map(|folder| folder.join(name));
            match found.into_iter().find(|path| is_executable(path)) {
                Some(path) => Capability::holds(name, format!("{what}: {}", path.display())),
                None => Capability::fails(
                    name,
                    format!("{what}: not installed; without it the link of a VPN is plain, and its tunnels unknown"),
                    format!("install the package {package}"),
                ),
            }
        })
        .collect()
}

/// The folders that a pattern with at most one `*` names, the highest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once("/*/") else {
        return vec![PathBuf::from(pattern)];
    };
    let mut folders: Vec<PathBuf> = fs::read_dir(before)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join(after)))
        .collect();
    folders.sort();
    folders.reverse();
    folders
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_executables_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("named");
        assert!(!is_executable(&path), "absent");
        fs::write(&path, "").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
        assert!(!is_executable(&path), "no executable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        assert!(is_executable(&path));
        assert!(!is_executable(folder.path()), "a folder");
    }

    #[test]
    fn the_newest_version_is_first() {
        let folder = tempfile::tempdir().expect("a folder");
        for version in ["14", "15"] {
            fs::create_dir_all(folder.path().join(version).join("bin")).expect("a folder");
        }
        let pattern = format!("{}/*/bin", folder.path().display());
        let wanted = [folder.path().join("15/bin"), folder.path().join("14/bin")];
        assert_eq!(expand(&pattern), wanted);
        assert_eq!(expand("/nonexistent/*/bin"), Vec::<PathBuf>::new());
        assert_eq!(expand("/usr/sbin"), [PathBuf::from("/usr/sbin")]);
    }
}

//! The programs that tests use beside Reeve: the real daemons that stand in the embedded peers' place, and what reads back
//! what Reeve told the kernel. Nothing but tests wants them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::shell::{Failure, command, run};

/// Each program, and the Debian or Ubuntu package that has it.
const PROGRAMS: [(&str, &str); 17] = [
    ("nft", "nftables"),
    ("sshd", "openssh-server"),
    ("chronyd", "chrony"),
    ("postfix", "postfix"),
    ("named", "bind9"),
    ("named-checkzone", "bind9-utils"),
    ("dnsmasq", "dnsmasq-base"),
    ("postgres", "postgresql"),
    ("nginx", "nginx-light"),
    ("haproxy", "haproxy"),
    ("charon", "strongswan-charon"),
    ("swanctl", "strongswan-swanctl"),
    (
        "libstrongswan-kernel-libipsec.so",
        "libcharon-extra-plugins",
    ),
    ("libstrongswan-curve25519.so", "libstrongswan-extra-plugins"),
    ("bird", "bird2"),
    ("newuidmap", "uidmap"),
    ("ip", "iproute2"),
];

/// Where distributions put programs and plug-ins beside the `PATH`.
const FOLDERS: [&str; 5] = [
    "/usr/sbin",
    "/sbin",
    "/usr/lib/ipsec",
    "/usr/libexec/ipsec",
    "/usr/lib/ipsec/plugins",
];

/// What Debian's maintainer scripts ask before they start a service: 101 is "no". A test needs the program alone, and a
/// check must leave no daemon behind.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Makes sure that every program is there. In CI, as root and where there is `apt-get`, what is missing is installed; on
/// anybody else's machine it is said, and the tests that need it say that they are skipped.
pub(crate) fn provide() -> Result<(), Failure> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    if !may_install() {
        eprintln!(
            "not installed, so that tests of real daemons are skipped: {}; `apt-get install {0}` brings them",
            missing.join(" ")
        );
        return Ok(());
    }
    install(&missing)
}

fn install(packages: &[&str]) -> Result<(), Failure> {
    let own_policy = !Path::new(POLICY).exists();
    if own_policy {
        policy().map_err(|source| Failure::File {
            path: PathBuf::from(POLICY),
            source,
        })?;
    }
    let installed = run(&mut command("apt-get", &["update", "-qq"])).and_then(|()| {
        let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
        arguments.extend(packages);
        run(command("apt-get", &arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    });
    if own_policy {
        fs::remove_file(POLICY).map_err(|source| Failure::File {
            path: PathBuf::from(POLICY),
            source,
        })?;
    }
    installed
}

fn policy() -> std::io::Result<()> {
    fs::write(POLICY, "#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))
}

/// A developer's machine is the developer's.
fn may_install() -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    root && std::env::var_os("CI").is_some() && found("apt-get")
}

/// The packages whose programs are not there, each once.
fn missing() -> Vec<&'static str> {
    let mut packages: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| !found(program))
        .map(|(_, package)| *package)
        .collect();
    packages.dedup();
    packages
}

fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(FOLDERS.iter().map(PathBuf::from))
        .any(|folder| folder.join(program).exists())
        || (program == "postgres" && !server_versions().is_empty())
}

/// PostgreSQL's servers, each version in a folder of its own.
fn server_versions() -> Vec<PathBuf> {
    let Ok(versions) = fs::read_dir("/usr/lib/postgresql") else {
        return Vec::new();
    };
    let servers = versions.flatten();
    servers
        .map(|version| version.path().join("bin/postgres"))
        .filter(|server| server.exists())
        .collect()
}

//! OpenSSH: the same certificates as the embedded server accepts, and what its users need of a host's `/etc`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::pty::openpty;
use nix::sys::stat::fstat;

use super::launch::{ORDINARY, RunAs};
use super::site::{Site, text};
use super::stand::{Standing, stand};
use super::{DaemonError, ready};
use crate::plan::SshIdentity;

/// The overflow group: how a group that a user namespace does not have shows in it.
const FOREIGN_GROUP: u32 = 65_534;

/// What the SSH server is to serve.
pub(crate) struct Sshd<'a> {
    pub(crate) port: u16,
    pub(crate) users: &'a [String],
    pub(crate) forwarding: bool,
    pub(crate) identity: &'a SshIdentity,
}

/// Starts OpenSSH's server, and makes its users known to the host.
pub(crate) async fn serve(site: &Site<'_>, sshd: &Sshd<'_>) -> Result<Standing, DaemonError> {
    let etc = Path::new("/etc");
    add_users(site, etc, sshd.users)?;
    let identity = sshd.identity;
    let key = site.write("host-key", &line(identity.host_key.expose()))?;
    let certificate = site.write("host-key-cert.pub", &line(&identity.host_certificate))?;
    let authority = site.write("user-authority.pub", &line(&identity.user_authority))?;
    let config = config(
        site,
        sshd,
        [&key, &certificate, &authority].map(|path| text(path)),
    )?;
    let path = text(&site.write("sshd_config", &config)?);
    let daemon = site.daemon(RunAs::OrdinaryUser, &["-D", "-e", "-f", &path]);
    let at = site.reached_at(sshd.port);
    stand(&daemon, || ready::greets(at, b"SSH-2.0-")).await
}

fn config(
    site: &Site<'_>,
    sshd: &Sshd<'_>,
    [key, certificate, authority]: [String; 3],
) -> Result<String, DaemonError> {
    let mut config = String::new();
    for address in &site.plan.bind {
        let address = SocketAddr::new(*address, sshd.port);
        // Writing to a String cannot fail.
        let _ = writeln!(config, "ListenAddress {address}");
    }
    let users = site
        .speakable("its users", &sshd.users.join(" "))?
        .to_owned();
    let host = site.speakable("the host's identifier", site.plan.host.as_str())?;
    let forwarding = if sshd.forwarding { "local" } else { "no" };
    let _ = write!(
        config,
        "HostKey {key}
HostCertificate {certificate}
TrustedUserCAKeys {authority}
AuthorizedKeysFile none
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
UseDNS no
PrintMotd no
PrintLastLog no
X11Forwarding no
AllowAgentForwarding no
AllowStreamLocalForwarding no
PermitTunnel no
GatewayPorts no
PermitUserEnvironment no
AllowTcpForwarding {forwarding}
LoginGraceTime 20
MaxStartups 64
SetEnv REEVE_HOST=\"{host}\"
"
    );
    config.push_str(&if users.is_empty() {
        "DenyUsers *\n".to_owned()
    } else {
        format!("AllowUsers {users}\n")
    });
    if site.installed.release() >= (9, 8) {
        // A rehearsal's attempts that must fail would shut out those that must not.
        config.push_str("PerSourcePenalties no\n");
    }
    Ok(config)
}

/// Makes users known by the host's files: each of them the one user that the server runs as, at home in the host's
/// private folder. What the machine asks for names beside files is asked no more.
fn add_users(site: &Site<'_>, etc: &Path, users: &[String]) -> Result<(), DaemonError> {
    let home = text(&site.plan.data);
    let own: Vec<String> = users
        .iter()
        .map(|user| format!("{user}:x:{ORDINARY}:{ORDINARY}::{home}:/bin/sh"))
        .collect();
    let mut groups = vec![format!(
        "{}:x:{ORDINARY}:",
        users.first().map_or("people", String::as_str)
    )];
    if terminals_are_foreign(site)? {
        groups.push(format!("tty:x:{FOREIGN_GROUP}:"));
    }
    let passwd = merged(&etc.join("passwd"), &own, users);
    let removed = ["tty".to_owned()];
    let group = merged(&etc.join("group"), &groups, &removed);
    let nsswitch = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n";
    for (name, content) in [
        ("passwd", passwd.as_str()),
        ("group", &group),
        ("nsswitch.conf", nsswitch),
    ] {
        let path = etc.join(name);
        replace(&path, content).map_err(site.preparing(&path))?;
    }
    Ok(())
}

/// Lines of our own before those of a file that are not under the same names: whoever looks a number up finds ours.
fn merged(path: &Path, own: &[String], names: &[String]) -> String {
    let old = fs::read_to_string(path).unwrap_or_default();
    let kept = old.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !names.iter().any(|own| own == name)
    });
    let mut lines: Vec<&str> = own.iter().map(String::as_str).collect();
    lines.extend(kept);
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// Puts a new file in an old one's place: the old one may belong to a user that does not exist here, and cannot be
/// written to.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let aside = path.with_extension("reeve");
    let mut file = File::create(&aside)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&aside, path)
}

/// Whether a new terminal belongs to a group that the server's user namespace does not have. OpenSSH insists that
/// terminals belong to the group `tty` where there is one, and cannot give them to it.
fn terminals_are_foreign(site: &Site<'_>) -> Result<bool, DaemonError> {
    let Ok(pair) = openpty(None, None) else {
        // Without terminals nobody asks whose they are.
        return Ok(false);
    };
    let found = nix::unistd::ttyname(pair.slave.as_fd())
        .map_err(std::io::Error::from)
        .and_then(fs::metadata)
        .map(|found| found.gid());
    // What has no name here is asked by its descriptor.
    let group = match found {
        Ok(group) => group,
        Err(_) => {
            fstat(&pair.slave)
                .map_err(|errno| site.preparing(Path::new("/dev/pts"))(errno.into()))?
                .st_gid
        }
    };
    Ok(group != nix::unistd::getegid().as_raw())
}

/// A text that ends with its line, as OpenSSH reads keys.
fn line(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use model::Secret;

    use super::super::site::fixture;
    use super::*;
    use crate::daemon::Software;

    fn identity() -> SshIdentity {
        SshIdentity {
            host_key: Secret::new("key"),
            host_certificate: "certificate".to_owned(),
            user_authority: "authority".to_owned(),
        }
    }

    fn rendered(version: &str, users: &[&str], forwarding: bool) -> Result<String, DaemonError> {
        let installed = fixture::installed(Software::OpenSsh, version);
        let plan = fixture::plan(&["0.0.0.0", "::"]);
        let users: Vec<String> = users.iter().map(|&user| user.to_owned()).collect();
        let identity = identity();
        let sshd = Sshd {
            port: 40022,
            users: &users,
            forwarding,
            identity: &identity,
        };
        let paths = ["/k", "/c", "/a"].map(str::to_owned);
        config(&fixture::site(&installed, &plan), &sshd, paths)
    }

    #[test]
    fn only_certificates_of_the_plans_users_are_let_in() {
        let check = |version: &str,
                     users: &[&str],
                     forwarding: bool,
                     wanted: &[&str],
                     unwanted: &[&str]| {
            let text = rendered(version, users, forwarding).expect("speakable");
            for line in wanted {
                assert!(text.contains(line), "{line} in {text}");
            }
            for line in unwanted {
                assert!(!text.contains(line), "{line} in {text}");
            }
        };
        check(
            "9.2p1",
            &["ops", "deploy"],
            false,
            &[
                "ListenAddress 0.0.0.0:40022\nListenAddress [::]:40022\n",
                "HostKey /k\nHostCertificate /c\nTrustedUserCAKeys /a\nAuthorizedKeysFile none\n",
                "PasswordAuthentication no\n",
                "AllowTcpForwarding no\n",
                "AllowUsers ops deploy\n",
                "SetEnv REEVE_HOST=\"production/apim-1\"\n",
            ],
            &["PerSourcePenalties", "DenyUsers"],
        );
        check(
            "9.8p1",
            &["ops"],
            true,
            &["AllowTcpForwarding local\n", "PerSourcePenalties no\n"],
            &[],
        );
        check("10.0", &["ops"], true, &["PerSourcePenalties no\n"], &[]);
        check("9.2", &[], false, &["DenyUsers *\n"], &["AllowUsers"]);
    }

    #[test]
    fn a_user_that_breaks_the_line_is_refused() {
        let error = rendered("9.2", &["ops\nPermitRootLogin yes"], false).expect_err("breaks");
        assert!(matches!(error, DaemonError::Unspeakable { .. }));
    }

    #[test]
    fn users_are_added_before_the_machines_own() {
        let etc = tempfile::tempdir().expect("a folder");
        let write =
            |name: &str, text: &str| fs::write(etc.path().join(name), text).expect("a file");
        write(
            "passwd",
            "root:x:0:0::/root:/bin/sh\nops:x:7:7::/:/bin/false\nops2:x:8:8::/:/bin/sh\n",
        );
        write("group", "root:x:0:\ntty:x:5:\n");
        write("nsswitch.conf", "passwd: ldap\n");
        let installed = fixture::installed(Software::OpenSsh, "9.2");
        let plan = fixture::plan(&["0.0.0.0"]);
        add_users(
            &fixture::site(&installed, &plan),
            etc.path(),
            &["ops".to_owned()],
        )
        .expect("added");
        let read = |name: &str| fs::read_to_string(etc.path().join(name)).expect("a file");
        assert_eq!(
            read("passwd"),
            "ops:x:1000:1000::/run/reeve:/bin/sh\nroot:x:0:0::/root:/bin/sh\nops2:x:8:8::/:/bin/sh\n"
        );
        assert!(read("group").starts_with("ops:x:1000:\n"));
        assert!(!read("group").contains("tty:x:5:"));
        assert!(!read("nsswitch.conf").contains("ldap"));
        let gone = etc.path().join("nowhere");
        let error =
            add_users(&fixture::site(&installed, &plan), &gone, &[]).expect_err("no folder");
        assert!(matches!(error, DaemonError::Prepare { .. }));
    }
}

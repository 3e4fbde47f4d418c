//! The daemons that can play a service, where this machine has them, and which version.

use std::env;
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Where daemons are when they are not in an ordinary user's `PATH`; `*` stands for one folder.
const ELSEWHERE: [&str; 4] = [
    "/usr/sbin",
    "/usr/local/sbin",
    "/sbin",
    "/usr/lib/postgresql/*/bin",
];

/// A program tells its version in milliseconds; one that hangs is as good as absent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks whether it has told.
const LOOK: Duration = Duration::from_millis(2);

/// Bytes of what a program says of its version: haproxy's longest form is a few hundred.
const SAID: u64 = 16 << 10;

/// A daemon that can play a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Software {
    /// OpenSSH's server.
    OpenSsh,
    /// BIND's `named`.
    Bind,
    /// dnsmasq.
    Dnsmasq,
    /// chrony's `chronyd`.
    Chrony,
    /// Postfix.
    Postfix,
    /// PostgreSQL.
    Postgres,
    /// HAProxy.
    HaProxy,
    /// nginx.
    Nginx,
}

/// What is known of a daemon before it is looked for.
struct Facts {
    name: &'static str,
    executable: &'static str,
    package: &'static str,
    /// The program beside the executable that tells the version, and how it is asked.
    asked: &'static [&'static str],
    /// What stands before the version in the answer.
    before: &'static str,
}

impl Software {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::OpenSsh,
        Self::Bind,
        Self::Dnsmasq,
        Self::Chrony,
        Self::Postfix,
        Self::Postgres,
        Self::HaProxy,
        Self::Nginx,
    ];

    const fn facts(self) -> Facts {
        let (name, executable, package, asked, before): (_, _, _, &[&str], _) = match self {
            Self::OpenSsh => (
                "OpenSSH",
                "sshd",
                "openssh-server",
                &["sshd", "-V"],
                "OpenSSH_",
            ),
            Self::Bind => ("BIND", "named", "bind9", &["named", "-v"], "BIND "),
            Self::Dnsmasq => (
                "dnsmasq",
                "dnsmasq",
                "dnsmasq-base",
                &["dnsmasq", "--version"],
                "version ",
            ),
            Self::Chrony => (
                "chrony",
                "chronyd",
                "chrony",
                &["chronyd", "--version"],
                "version ",
            ),
            Self::Postfix => (
                "Postfix",
                "postfix",
                "postfix",
                &["postconf", "-d", "mail_version", "daemon_directory"],
                "mail_version = ",
            ),
            Self::Postgres => (
                "PostgreSQL",
                "postgres",
                "postgresql",
                &["postgres", "--version"],
                "(PostgreSQL) ",
            ),
            Self::HaProxy => (
                "HAProxy",
                "haproxy",
                "haproxy",
                &["haproxy", "-v"],
                "version ",
            ),
            Self::Nginx => ("nginx", "nginx", "nginx-light", &["nginx", "-v"], "nginx/"),
        };
        Facts {
            name,
            executable,
            package,
            asked,
            before,
        }
    }

    /// What its makers call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The program that is looked for.
    #[must_use]
    pub const fn executable(self) -> &'static str {
        self.facts().executable
    }

    /// The Debian package that has it.
    #[must_use]
    pub const fn package(self) -> &'static str {
        self.facts().package
    }

    /// Looks for it in `PATH` and where distributions put daemons, and asks it for its version. None where it is not
    /// installed, or does not tell within five seconds.
    #[must_use]
    pub fn find(self) -> Option<Installed> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain(ELSEWHERE.iter().flat_map(|one| expand(one)));
        self.find_in(folders)
    }

    fn find_in(self, mut folders: impl Iterator<Item = PathBuf>) -> Option<Installed> {
        let facts = self.facts();
        let found = folders.find_map(|folder| {
            let path = folder.join(facts.executable);
            // Where it is a link, what belongs to it lies where the link leads.
            is_executable(&path)
                .then(|| fs::canonicalize(&path).ok())
                .flatten()
        })?;
        let (program, arguments) = facts.asked.split_first()?;
        let said = say(&found.with_file_name(program), arguments)?;
        let version = version(&said, facts.before)?;
        let path = match self {
            // What serves is not the command but the program that it starts.
            Self::Postfix => Path::new(&after(&said, "daemon_directory = ")?).join("master"),
            _ => found,
        };
        Some(Installed {
            software: self,
            version,
            path,
        })
    }
}

/// A daemon that this machine has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// Which.
    pub software: Software,
    /// The version as it tells it: `9.2p1`.
    pub version: String,
    /// The program that is started.
    pub path: PathBuf,
}

impl Installed {
    /// The first two numbers of the version, by which options are told apart.
    pub(super) fn release(&self) -> (u32, u32) {
        let mut numbers = self
            .version
            .split(|character: char| !character.is_ascii_digit())
            .map(|digits| digits.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.software.name(), self.version)
    }
}

/// The folders that a pattern with at most one `*` names, the highest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once("/*/") else {
        return vec![PathBuf::from(pattern)];
    };
    let mut folders: Vec<PathBuf> = fs::read_dir(before)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    let number = |path: &PathBuf| -> u32 {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.parse().unwrap_or(0)
    };
    folders.sort_by_key(|path| std::cmp::Reverse(number(path)));
    folders.into_iter().map(|path| path.join(after)).collect()
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// What a program says, on either stream; none when it does not run or does not end.
fn say(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let end = Instant::now() + PATIENCE;
    // How it ends says nothing: old programs know no such option, and tell their version with the complaint.
    while child.try_wait().ok()?.is_none() {
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        thread::sleep(LOOK);
    }
    let mut said = Vec::new();
    child
        .stdout
        .take()?
        .take(SAID)
        .read_to_end(&mut said)
        .ok()?;
    child
        .stderr
        .take()?
        .take(SAID)
        .read_to_end(&mut said)
        .ok()?;
    Some(String::from_utf8_lossy(&said).into_owned())
}

/// The rest of the line behind some words.
fn after(said: &str, words: &str) -> Option<String> {
    let (_, rest) = said.split_once(words)?;
    Some(rest.lines().next()?.trim().to_owned())
}

/// The version that follows some words: it begins with a digit and goes on to a blank or comma.
fn version(said: &str, before: &str) -> Option<String> {
    let rest = after(said, before)?;
    let version = rest.split([' ', ',', '\t']).next()?;
    version
        .starts_with(|first: char| first.is_ascii_digit())
        .then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_each_daemon_tells_them() {
        let check = |software: Software, said: &str, wanted: Option<&str>| {
            let found = version(said, software.facts().before);
            assert_eq!(found.as_deref(), wanted, "{said}");
        };
        check(
            Software::OpenSsh,
            "unknown option -- V\nOpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.11\nusage: sshd",
            Some("9.2p1"),
        );
        check(
            Software::OpenSsh,
            "OpenSSH_9.2, OpenSSL 3.0.19",
            Some("9.2"),
        );
        check(
            Software::Bind,
            "BIND 9.18.49-1~deb12u3-Debian (Extended Support Version) <id:>",
            Some("9.18.49-1~deb12u3-Debian"),
        );
        check(
            Software::Dnsmasq,
            "Dnsmasq version 2.90  Copyright",
            Some("2.90"),
        );
        check(
            Software::Chrony,
            "chronyd (chrony) version 4.3 (+CMDMON)",
            Some("4.3"),
        );
        check(
            Software::Postfix,
            "mail_version = 3.7.11\ndaemon_directory = /usr/lib/postfix/sbin\n",
            Some("3.7.11"),
        );
        check(
            Software::Postgres,
            "postgres (PostgreSQL) 15.18 (Debian 15.18-0)",
            Some("15.18"),
        );
        check(
            Software::HaProxy,
            "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/",
            Some("2.6.12-1+deb12u4"),
        );
        check(
            Software::Nginx,
            "nginx version: nginx/1.22.1\n",
            Some("1.22.1"),
        );
        check(Software::Nginx, "", None);
        check(Software::Nginx, "nginx version: nginx/", None);
        check(Software::Chrony, "chronyd (chrony) version unknown", None);
        check(Software::Postgres, "postgres: command not found", None);
    }

    fn program(folder: &Path, name: &str, script: &str) {
        let path = folder.join(name);
        fs::write(&path, script).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    #[test]
    fn only_what_runs_and_tells_its_version_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let find = || Software::Nginx.find_in([folder.path().to_owned()].into_iter());
        assert_eq!(find(), None, "absent");
        fs::write(folder.path().join("nginx"), "").expect("a file");
        assert_eq!(find(), None, "no executable");
        program(folder.path(), "nginx", "#!/bin/sh\nexit 1\n");
        assert_eq!(find(), None, "silent");
        program(
            folder.path(),
            "nginx",
            "#!/bin/sh\necho nginx version: nginx/1.2.3 >&2\nexit 1\n",
        );
        let found = find().expect("it tells");
        assert_eq!(found.to_string(), "nginx 1.2.3");
        assert_eq!(found.release(), (1, 2));
    }

    #[test]
    fn postfix_is_the_program_in_its_daemons_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        program(folder.path(), "postfix", "#!/bin/sh\n");
        program(
            folder.path(),
            "postconf",
            "#!/bin/sh\necho mail_version = 3.7.11\necho daemon_directory = /usr/lib/postfix\n",
        );
        let found = Software::Postfix
            .find_in([folder.path().to_owned()].into_iter())
            .expect("it tells");
        assert_eq!(found.path, Path::new("/usr/lib/postfix/master"));
    }

    #[test]
    fn the_newest_version_is_first() {
        let folder = tempfile::tempdir().expect("a folder");
        for version in ["9.6", "9", "15", "14"] {
            fs::create_dir_all(folder.path().join(version).join("bin")).expect("a folder");
        }
        let pattern = format!("{}/*/bin", folder.path().display());
        let found = expand(&pattern);
        assert_eq!(
            found[..2],
            ["15/bin", "14/bin"].map(|name| folder.path().join(name))
        );
        assert_eq!(expand("/nonexistent/*/bin"), Vec::<PathBuf>::new());
        assert_eq!(expand("/usr/sbin"), [PathBuf::from("/usr/sbin")]);
    }
}

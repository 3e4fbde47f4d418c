//! The last step before a daemon's own program: bound to its parent's life, and where it insists, as an ordinary user.
//!
//! This runs as a process of its own, which has one thread: only such a one may enter a user namespace.

use std::convert::Infallible;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{getegid, geteuid, getppid, setsid};
use serde::{Deserialize, Serialize};

/// The hidden subcommand that runs this.
pub const SUBCOMMAND: &str = "peers-daemon";

/// The user and group that an ordinary user's daemon sees itself as: the first one that Debian gives to people.
pub(super) const ORDINARY: u32 = 1000;

/// As whom a daemon runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RunAs {
    /// As who starts it.
    Starter,
    /// As an ordinary user of a user namespace of its own, in which there is nobody else: what refuses to run as root
    /// (`postgres`), or as root wants to become others (`sshd`), runs so wherever a twin stands.
    OrdinaryUser,
}

/// What is started, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    /// The process that it must not outlive.
    pub(super) parent: i32,
    pub(super) run_as: RunAs,
    pub(super) argv: Vec<String>,
}

/// Becomes the daemon that the one argument orders, as JSON. What fails is said on standard error, which is the
/// daemon's log.
pub fn main(arguments: &[String]) -> ExitCode {
    let Err(why) = become_daemon(arguments);
    // The log is the only place to say it.
    let _ = writeln!(io::stderr(), "{why}");
    ExitCode::FAILURE
}

fn become_daemon(arguments: &[String]) -> Result<Infallible, String> {
    let [order] = arguments else {
        return Err("one order is expected".to_owned());
    };
    let order: Order = serde_json::from_str(order).map_err(|error| error.to_string())?;
    let (program, rest) = order.argv.split_first().ok_or("it has no command")?;
    if getppid().as_raw() != order.parent {
        return Err("its parent has ended".to_owned());
    }
    if order.run_as == RunAs::OrdinaryUser {
        become_ordinary().map_err(|error| format!("become an ordinary user: {error}"))?;
    }
    // Postfix insists on leading a session, and could not begin one as the leader of a mere group.
    setsid().map_err(|errno| format!("lead a session: {errno}"))?;
    // After the change of user, which clears it.
    set_pdeathsig(Signal::SIGKILL).map_err(|errno| format!("die with its parent: {errno}"))?;
    // It may have ended before that was asked for.
    if getppid().as_raw() != order.parent {
        return Err("its parent has ended".to_owned());
    }
    let error = Command::new(program).args(rest).exec();
    Err(format!("run {program}: {error}"))
}

fn become_ordinary() -> io::Result<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER)?;
    // Without this the kernel lets nobody map a group.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{ORDINARY} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{ORDINARY} {group} 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_order_starts_nothing() {
        let check = |arguments: &[&str], wanted: &str| {
            let arguments: Vec<String> = arguments.iter().map(|&one| one.to_owned()).collect();
            let Err(why) = become_daemon(&arguments);
            assert!(why.contains(wanted), "{why}");
        };
        check(&[], "one order");
        check(&["{}", "{}"], "one order");
        check(&["nonsense"], "expected");
        check(
            r#"{"parent":1,"run-as":"starter","argv":[]}"#.split('|').collect::<Vec<_>>().as_slice(),
            "missing field",
        );
        check(
            &[r#"{"parent":1,"run_as":"starter","argv":[]}"#],
            "it has no command",
        );
        check(
            &[r#"{"parent":-7,"run_as":"starter","argv":["/bin/true"]}"#],
            "its parent has ended",
        );
    }
}

//! Who maps a range of users into a new user namespace: the kernel takes it only from a process outside.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};

use super::{Means, both, choose};
use crate::control::order::Failure;
use crate::hidden;
use crate::supervise::refusal::Refusal;

/// The setuid programs of the package uidmap.
const HELPERS: [&str; 2] = ["newuidmap", "newgidmap"];

/// The mapper, as failures name it.
const WHAT: &str = "the process that maps users";

/// A process that stays outside while its starter makes a user namespace, and then maps users into it.
#[derive(Debug)]
pub(crate) struct Mapper(Child);

impl Mapper {
    /// Starts it if the caller has a range of users to map; the inner error says why it has none.
    pub(crate) fn prepare() -> Result<Result<Self, Refusal>, Failure> {
        let (share, means) = match choose() {
            Ok(choice) => choice,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let way = match means {
            Means::Written => WRITE,
            Means::Helped => HELP,
        };
        let [users, groups] = both(&share);
        let pid = std::process::id().to_string();
        Command::new("/proc/self/exe")
            .arg0("reeve")
            .args([hidden::MAPPER, &pid, way, &users, &groups])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(|child| Ok(Self(child)))
            .map_err(|error| Failure::Twin(format!("start {WHAT}: {error}")))
    }

    /// Has the users and groups mapped into the namespace that the caller is in by now. The helpers may ask a directory
    /// service; whoever started the caller has a limit for all of it.
    ///
    /// A machine that refuses them is the inner error. The outer one is that the mapper was killed: like every process of
    /// a twin it takes the twin with it, which else would stand with fewer users than it says.
    pub(crate) fn map(mut self) -> Result<Result<(), Refusal>, Failure> {
        if let Some(mut go) = self.0.stdin.take() {
            // To a mapper that has ended nothing can be told; how it ended says the rest.
            let _ = go.write_all(b"!");
        }
        let output = self
            .0
            .wait_with_output()
            .map_err(|error| Failure::Twin(format!("wait for {WHAT}: {error}")))?;
        match output.status.code() {
            Some(0) => Ok(Ok(())),
            Some(_) => Ok(Err(failed(&String::from_utf8_lossy(&output.stdout)))),
            None => Err(Failure::Twin(format!("map users: {WHAT} was killed"))),
        }
    }
}

fn failed(why: &str) -> Refusal {
    Refusal {
        what: format!("a range of users is there, but could not be mapped: {why}"),
        remedy: "allow setuid programs, CAP_SETUID and CAP_SETGID where this runs, \
                 or run it outside the container"
            .to_owned(),
    }
}

/// The word for [`Means::Written`].
const WRITE: &str = "write";
/// The word for [`Means::Helped`].
const HELP: &str = "help";

/// Is the mapper: PID write|help USERS GROUPS, the latter as `newuidmap` takes them. Waits for a byte on standard input.
pub(crate) fn mapper(arguments: &[String]) -> ExitCode {
    let [pid, way, users, groups] = arguments else {
        return ExitCode::FAILURE;
    };
    if io::stdin().read_exact(&mut [0]).is_err() {
        // Whoever was to make the namespace has ended.
        return ExitCode::FAILURE;
    }
    let outcome = match way.as_str() {
        WRITE => write(pid, "uid_map", users).and_then(|()| write(pid, "gid_map", groups)),
        _ => help(HELPERS[0], pid, users).and_then(|()| help(HELPERS[1], pid, groups)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody listens any more when this fails.
            let _ = io::stdout().write_all(why.as_bytes());
            ExitCode::FAILURE
        }
    }
}

/// Writes a map at once, as the kernel wants it: a line for each extent.
fn write(pid: &str, map: &str, extents: &str) -> Result<(), String> {
    let words: Vec<&str> = extents.split(' ').collect();
    let lines: Vec<String> = words.chunks(3).map(|extent| extent.join(" ")).collect();
    fs::write(format!("/proc/{pid}/{map}"), lines.join("\n"))
        .map_err(|error| format!("write {map}: {error}"))
}

fn help(helper: &str, pid: &str, extents: &str) -> Result<(), String> {
    let output = Command::new(helper)
        .arg(pid)
        .args(extents.split(' '))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("run {helper}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or(helper).to_owned())
}

/// Whether the helpers are where the caller's programs are.
pub(super) fn helpers_are_there() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    HELPERS
        .iter()
        .all(|helper| env::split_paths(&path).any(|folder| folder.join(helper).is_file()))
}

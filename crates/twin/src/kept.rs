//! Twins that outlive their starters: found in `/proc`, for there is no other registry that could be wrong.

pub(crate) mod enter;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use model::HostId;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::Uid;

pub use enter::enter;

use crate::control::frame::PID_1;
use crate::control::order::{Order, Status};
use crate::control::{Line, LineError, endpoint};
use crate::hidden;

/// A twin says who it is within microseconds. One that does not is about to end, and is not listed.
const STATUS_LIMIT: Duration = Duration::from_secs(5);

/// The kernel ends hundreds of processes within 0.1 s.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Between two looks whether a process has ended.
const LOOK: Duration = Duration::from_millis(2);

/// A twin that runs without its starter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The name that its starter gave it.
    pub label: String,
    /// Its folder.
    pub run_dir: PathBuf,
    /// Its PID 1, as numbered outside.
    pub pid: i32,
    /// When it had started.
    pub since: SystemTime,
    /// The hosts that have programs.
    pub hosts: Vec<HostId>,
}

/// Why kept twins could not be listed, stopped or entered.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// `/proc` cannot be read.
    #[error("read /proc")]
    Proc(#[source] io::Error),
    /// The twin does not answer on its control socket: it has ended, or hangs.
    #[error("reach the twin in {}: {why}", run_dir.display())]
    Silent {
        /// Its folder.
        run_dir: PathBuf,
        /// What was heard instead.
        why: String,
    },
    /// The twin still ran when the limit for its end had passed.
    #[error("end the twin in {} within {} s", .0.display(), STOP_LIMIT.as_secs())]
    Undead(PathBuf),
    /// The twin has no such host, or its program has ended.
    #[error("enter {0}: the twin has no such host, or its program has ended")]
    NoSuchHost(HostId),
    /// The command could not be started.
    #[error("enter a host")]
    Enter(#[source] io::Error),
}

/// The kept twins of this user, ordered by label and folder.
///
/// # Errors
/// [`KeptError::Proc`].
pub fn kept() -> Result<Vec<Kept>, KeptError> {
    let mut twins: Vec<Kept> = inits()
        .map_err(KeptError::Proc)?
        .into_iter()
        .filter_map(|(pid, run_dir)| ask(pid, &run_dir))
        .collect();
    twins.sort_by(|a, b| (&a.label, &a.run_dir).cmp(&(&b.label, &b.run_dir)));
    Ok(twins)
}

/// Ends a kept twin. Returns when every process of it is gone.
///
/// # Errors
/// [`KeptError::Silent`] when it cannot be told, [`KeptError::Undead`] when it does not end.
pub fn stop_kept(twin: &Kept) -> Result<(), KeptError> {
    let (line, _) = reach(&twin.run_dir)?;
    // The answer to this order is the end of the stream.
    match line.order::<()>(Order::Stop) {
        Ok(()) | Err(LineError::Ended) => {}
        Err(error) => return Err(silent(&twin.run_dir, &error)),
    }
    // PID 1 closes its sockets before the kernel has ended the others, and goes when they have gone.
    let deadline = Instant::now() + STOP_LIMIT;
    while run_dir_of(twin.pid).is_some_and(|run_dir| run_dir == twin.run_dir) {
        if Instant::now() > deadline {
            return Err(KeptError::Undead(twin.run_dir.clone()));
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// The kept twin in a folder, if there is one.
pub(crate) fn in_folder(run_dir: &Path) -> Result<Option<Kept>, KeptError> {
    Ok(kept()?.into_iter().find(|twin| twin.run_dir == run_dir))
}

/// The processes that are PID 1 of a twin of this user, with their run folders.
fn inits() -> io::Result<BTreeMap<i32, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok());
        if let Some(pid) = pid
            && let Some(run_dir) = run_dir_of(pid)
        {
            found.insert(pid, run_dir);
        }
    }
    Ok(found)
}

/// The run folder of a process that is PID 1 of a twin of this user; none for any other process, and for one that has
/// ended.
fn run_dir_of(pid: i32) -> Option<PathBuf> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    if fs::metadata(&folder).ok()?.uid() != Uid::effective().as_raw() {
        return None;
    }
    init_arguments(&fs::read(folder.join("cmdline")).ok()?)
}

/// The run folder in PID 1's command line.
fn init_arguments(cmdline: &[u8]) -> Option<PathBuf> {
    let words: Vec<&[u8]> = cmdline
        .strip_suffix(b"\0")?
        .split(|byte| *byte == 0)
        .collect();
    match words.as_slice() {
        [_, word, _, run_dir] if *word == hidden::INIT.as_bytes() => {
            Some(PathBuf::from(std::ffi::OsStr::from_bytes(run_dir)))
        }
        _ => None,
    }
}

/// Asks a process who it is; none when it is not a kept twin.
fn ask(pid: i32, run_dir: &Path) -> Option<Kept> {
    let (line, listener) = reach(run_dir).ok()?;
    // The command line says what it likes; the kernel says who listens.
    if listener != pid {
        return None;
    }
    let status = status(&line, run_dir).ok()?;
    status.released.then(|| Kept {
        label: status.label,
        run_dir: run_dir.to_owned(),
        pid,
        since: SystemTime::UNIX_EPOCH + Duration::from_secs(status.since),
        hosts: status.programs.into_keys().collect(),
    })
}

/// A line to the twin in a folder, and the process that listens there.
fn reach(run_dir: &Path) -> Result<(Line, i32), KeptError> {
    let fail = |error: io::Error| silent(run_dir, &error);
    let stream = endpoint::connect(run_dir).map_err(fail)?;
    let peer = getsockopt(&stream, PeerCredentials).map_err(|errno| fail(errno.into()))?;
    let line = Line::over(stream).map_err(|error| silent(run_dir, &error))?;
    Ok((line, peer.pid()))
}

fn status(line: &Line, run_dir: &Path) -> Result<Status, KeptError> {
    line.ask(PID_1, &Order::Status, STATUS_LIMIT)
        .map_err(|error| silent(run_dir, &error))
}

fn silent(run_dir: &Path, error: &dyn std::error::Error) -> KeptError {
    KeptError::Silent {
        run_dir: run_dir.to_owned(),
        why: crate::explain(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pid_1_of_a_twin_is_taken_for_one() {
        let check = |cmdline: &[u8], wanted: Option<&str>| {
            assert_eq!(init_arguments(cmdline), wanted.map(PathBuf::from));
        };
        check(b"reeve\0twin-init\0acme\0/runs/1\0", Some("/runs/1"));
        check(b"reeve\0twin-supervisor\0acme\0/runs/1\0", None);
        check(b"grep\0twin-init\0", None);
        check(b"reeve\0twin-init\0acme\0/runs/1\0more\0", None);
        check(b"twin-init acme /runs/1", None);
        check(b"", None);
    }

    #[test]
    fn a_folder_without_a_twin_is_silent() {
        let folder = tempfile::tempdir().expect("a folder");
        let twin = Kept {
            label: "gone".to_owned(),
            run_dir: folder.path().to_owned(),
            pid: 1,
            since: SystemTime::UNIX_EPOCH,
            hosts: Vec::new(),
        };
        assert!(matches!(stop_kept(&twin), Err(KeptError::Silent { .. })));
        let entered = enter(&twin, &HostId::from("a"), &["true".to_owned()]);
        assert!(matches!(entered, Err(KeptError::Silent { .. })));
    }
}

//! The supervisor: makes the namespaces, starts PID 1 in them and waits for its end.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{self, Gid, Uid};

use super::refusal::{Refusal, Step, failure};
use super::users::Mapper;
use crate::control::frame::{Frame, Kind, PID_1};
use crate::control::order::{self, Failure, Started};
use crate::{hidden, mounts};

/// Everything of a process that a rehearsal must not share with the machine.
const FENCE: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWIPC);

/// Is the supervisor. It ends when PID 1 has ended, and with it everything in the namespaces.
pub(crate) fn supervisor(arguments: &[String]) -> ExitCode {
    let Ok(mut socket) = take_stdin() else {
        return ExitCode::FAILURE;
    };
    match run(arguments, &socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // There is no PID 1 to read the plan, and a question must be heard before it is answered: its sender would
            // find the stream closed while it still writes.
            let _ = Frame::read(&mut socket);
            report(&mut socket, Err(failure));
            ExitCode::FAILURE
        }
    }
}

/// Fails only before PID 1 runs.
fn run(arguments: &[String], socket: &UnixStream) -> Result<(), Failure> {
    // No terminal's interrupt reaches the twin: its starter ends it in order.
    unistd::setsid().map_err(|errno| twin("leave the terminal's session", errno.into()))?;
    // Without a range a twin stands all the same; its programs see that there is none.
    let _ = fence()?;
    mounts::detach().map_err(|errno| failure(Step::Others, "make the mounts private", errno))?;
    // Asks for a capability in the new namespaces, which some machines grant only by name.
    unistd::sethostname("twin").map_err(|errno| failure(Step::Others, "set a hostname", errno))?;

    // PID 1 holds the other end and reads its end when this process is killed.
    let (_leash, theirs) = UnixStream::pair().map_err(|error| twin("make a leash", error))?;
    let socket = socket
        .try_clone()
        .map_err(|error| twin("hand the socket on", error))?;
    let mut init = Command::new("/proc/self/exe")
        .arg0("reeve")
        .arg(hidden::INIT)
        .args(arguments)
        .stdin(OwnedFd::from(socket))
        .stdout(OwnedFd::from(theirs))
        .spawn()
        .map_err(|error| twin("start PID 1", error))?;
    // Nobody else can have waited for it.
    let _ = init.wait();
    Ok(())
}

/// Enters new namespaces of every kind, as root of the user namespace. The next child is PID 1.
///
/// The caller's own user and group are root there. Beside them exists a range where the machine grants one
/// ([`super::users`]), and nobody where it does not: the inner error says why.
pub(crate) fn fence() -> Result<Result<(), Refusal>, Failure> {
    let (user, group) = (Uid::effective(), Gid::effective());
    let mapper = Mapper::prepare()?;
    unshare(CloneFlags::CLONE_NEWUSER)
        .map_err(|errno| failure(Step::User, "make a user namespace", errno))?;
    let range = match mapper {
        Ok(mapper) => mapper.map()?,
        Err(refusal) => Err(refusal),
    };
    if range.is_err() {
        map_alone(user, group)?;
    }
    unshare(FENCE).map_err(|errno| failure(Step::Others, "make namespaces", errno))?;
    Ok(range)
}

/// Maps the caller and nobody else, which the kernel takes from inside; but not what was mapped already.
fn map_alone(user: Uid, group: Gid) -> Result<(), Failure> {
    let is_open = |path| fs::read(path).is_ok_and(|map| map.is_empty());
    if is_open("/proc/self/uid_map") {
        write("/proc/self/uid_map", &format!("0 {user} 1"))?;
    }
    if is_open("/proc/self/gid_map") {
        // Without this the kernel lets nobody but root map a group.
        write("/proc/self/setgroups", "deny")?;
        write("/proc/self/gid_map", &format!("0 {group} 1"))?;
    }
    Ok(())
}

fn write(path: &str, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| {
        let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
        failure(Step::Map, &format!("write {path}"), errno)
    })
}

/// Takes the socket that is standard input, and everything else that was inherited away: a stray descriptor would keep
/// what it belongs to alive as long as the twin.
pub(super) fn take_stdin() -> io::Result<UnixStream> {
    let mut open: Vec<i32> = fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    open.retain(|descriptor| *descriptor > 2);
    for descriptor in open {
        // The one by which the folder was read is closed already.
        let _ = unistd::close(descriptor);
    }
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    unistd::dup2_stdin(fs::File::open("/dev/null")?)?;
    Ok(socket)
}

/// Answers the plan.
pub(super) fn report(socket: &mut UnixStream, outcome: Result<Started, Failure>) {
    let frame = Frame {
        id: order::START,
        to: PID_1,
        kind: Kind::Answer,
        body: serde_json::to_vec(&outcome).unwrap_or_default(),
    };
    // When nobody listens any more, the twin is about to end for that reason.
    let _ = frame.write(socket);
}

/// A failure that is nobody's setting.
pub(super) fn twin(doing: &str, error: io::Error) -> Failure {
    Failure::Twin(format!("{doing}: {error}"))
}

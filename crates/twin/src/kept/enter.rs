//! A command in a host of a kept twin, at the caller's terminal.
//!
//! The command is a descendant of the caller, not of PID 1: so it has the caller's terminal, session and job control as
//! they are. It lives in the twin's pid namespace all the same, and ends with it.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};

use model::HostId;
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{self, Pid};

use super::{Kept, KeptError, reach, status};
use crate::{hidden, mounts};

/// Exit code when the host could not be entered.
const NOT_ENTERED: u8 = 125;

/// Exit code when the command could not be run, as shells have it.
const NOT_RUN: u8 = 127;

/// Signals that are the command's to answer. What a terminal sends it sends to the command as well; what a process sends
/// is passed on.
const PASSED_ON: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
];

/// Between two looks whether the command has ended: another thread of the caller may have taken the signal that says so.
const LOOK_MS: u16 = 50;

/// The namespaces of a host, the user namespace first: it gives the right to the others.
const NAMESPACES: [(&str, CloneFlags); 6] = [
    ("user", CloneFlags::CLONE_NEWUSER),
    ("mnt", CloneFlags::CLONE_NEWNS),
    ("net", CloneFlags::CLONE_NEWNET),
    ("uts", CloneFlags::CLONE_NEWUTS),
    ("ipc", CloneFlags::CLONE_NEWIPC),
    ("pid", CloneFlags::CLONE_NEWPID),
];

/// Runs a command in a host's namespaces with the caller's standard input, output and error, and returns its exit status;
/// 128 and the signal's number when a signal ended it, 127 when there is no such command, 125 when the host could not be
/// entered, with a line on standard error in both cases.
///
/// Signals that the calling process gets meanwhile go to the command; for that, no other thread of the caller may take
/// them.
///
/// # Errors
/// [`KeptError`].
pub fn enter(twin: &Kept, host: &HostId, argv: &[String]) -> Result<ExitStatus, KeptError> {
    let (line, _) = reach(&twin.run_dir)?;
    let status = status(&line, &twin.run_dir)?;
    let inside = status.programs.get(host).copied().flatten();
    let pid = match inside {
        Some(inside) => outer_pid(twin.pid, inside).map_err(KeptError::Proc)?,
        None => None,
    }
    .ok_or_else(|| KeptError::NoSuchHost(host.clone()))?;
    // Its reader is a thread that would take signals.
    drop(line);
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("reeve")
        .args([hidden::ENTER, &pid.to_string()])
        .args(argv);
    run(&mut command).map_err(KeptError::Enter)
}

/// The number outside of a child of PID 1 that is numbered so inside.
fn outer_pid(init: i32, inside: i32) -> io::Result<Option<i32>> {
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // One that has just ended is not the one.
        let Ok(text) = fs::read_to_string(entry.path().join("status")) else {
            continue;
        };
        if is_child(&text, init, inside) {
            return Ok(Some(pid));
        }
    }
    Ok(None)
}

/// Whether the `status` of a process says that its parent is `init` and its own number in the innermost pid namespace
/// is `inside`.
fn is_child(status: &str, init: i32, inside: i32) -> bool {
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next_back()?.parse::<i32>().ok()
    };
    number("PPid:") == Some(init) && number("NSpid:") == Some(inside)
}

/// Starts a command and waits for it, passing signals on.
fn run(command: &mut Command) -> io::Result<ExitStatus> {
    let mut passed = SigSet::empty();
    for signal in PASSED_ON.into_iter().chain([Signal::SIGCHLD]) {
        passed.add(signal);
    }
    let before = passed.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let outcome = SignalFd::with_flags(&passed, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .map_err(io::Error::from)
        .and_then(|signals| mind(&command.spawn()?, &signals));
    before.thread_set_mask()?;
    outcome
}

/// Waits for a child, passing signals on.
fn mind(child: &Child, signals: &SignalFd) -> io::Result<ExitStatus> {
    let pid = Pid::from_raw(child.id().cast_signed());
    loop {
        let mut ready = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::from(LOOK_MS)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        while let Some(signal) = signals.read_signal()? {
            let number = Signal::try_from(signal.ssi_signo.cast_signed())?;
            // What a terminal sends has gone to its whole foreground group, the command with it.
            if number != Signal::SIGCHLD && signal.ssi_code <= libc::SI_USER {
                // It may have ended just now; its status follows.
                let _ = kill(pid, number);
            }
        }
        if let Some(status) = ended(pid)? {
            return Ok(status);
        }
    }
}

fn ended(pid: Pid) -> io::Result<Option<ExitStatus>> {
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    Ok(match waitpid(pid, Some(WaitPidFlag::WNOHANG))? {
        WaitStatus::Exited(_, code) => Some(ExitStatus::from_raw(code << 8)),
        WaitStatus::Signaled(_, signal, _) => Some(ExitStatus::from_raw(signal as i32)),
        _ => None,
    })
}

/// Is the process between the caller and the command: joins the host's namespaces, runs the command and repeats its exit
/// status.
pub(crate) fn join(arguments: &[String]) -> ExitCode {
    let outcome = arguments
        .split_first()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
        .and_then(|(pid, argv)| {
            // When the caller is killed, the command is told.
            prctl::set_pdeathsig(Signal::SIGTERM)?;
            join_namespaces(pid)?;
            // The namespaces' first process must be a new one, and it finds this executable under its own number.
            let mut command = Command::new("/proc/self/exe");
            run(command.arg0("reeve").arg(hidden::ENTERED).args(argv))
        });
    match outcome {
        Ok(status) => {
            let signalled = || Some(128 + status.signal()?);
            let code = status.code().or_else(signalled);
            ExitCode::from(
                code.and_then(|code| u8::try_from(code).ok())
                    .unwrap_or(NOT_RUN),
            )
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "reeve: failed to enter the host: {error}");
            ExitCode::from(NOT_ENTERED)
        }
    }
}

fn join_namespaces(pid: &str) -> io::Result<()> {
    let open = |(name, kind)| Ok((File::open(format!("/proc/{pid}/ns/{name}"))?, kind));
    let namespaces: Vec<(File, CloneFlags)> = NAMESPACES
        .into_iter()
        .map(open)
        .collect::<io::Result<_>>()?;
    for (namespace, kind) in namespaces {
        setns(namespace, kind)?;
    }
    Ok(())
}

/// Is the command, after a last preparation.
pub(crate) fn become_command(argv: &[String]) -> ExitCode {
    let error = match prepare_and_run(argv) {
        Ok(never) => match never {},
        Err(error) => error,
    };
    let name = argv.first().map_or("a command", String::as_str);
    let _ = writeln!(io::stderr(), "reeve: failed to run {name}: {error}");
    ExitCode::from(NOT_RUN)
}

fn prepare_and_run(argv: &[String]) -> io::Result<Infallible> {
    let (name, arguments) = argv
        .split_first()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    unistd::chdir(mounts::DATA)?;
    SigSet::empty().thread_set_mask()?;
    Err(Command::new(name).args(arguments).exec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_told_by_both_numbers() {
        let status = "Name:\tx\nPid:\t900\nPPid:\t800\nNSpid:\t900\t7\n";
        let check = |text, init, inside, wanted| {
            assert_eq!(is_child(text, init, inside), wanted, "{text}");
        };
        check(status, 800, 7, true);
        check(status, 800, 900, false);
        check(status, 900, 7, false);
        check("PPid:\t800\n", 800, 7, false);
        check("", 0, 0, false);
    }
}

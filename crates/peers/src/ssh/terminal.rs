//! Pseudo-terminals, and shells and commands on them.

use std::ffi::{CString, NulError};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::pin::Pin;
use std::process::ExitStatus;
use std::task::{Context, Poll, ready};

use nix::fcntl::OFlag;
use nix::libc;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal as Kill, killpg};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd;
use nix::unistd::Pid;
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::command::{Group, tell_end};
use super::flow::{pass_in, pass_out};

/// What the terminal's driver takes as the end of input (VEOF, Ctrl-D).
const END_OF_INPUT: u8 = 4;

/// The near side of a pseudo-terminal.
pub(super) struct Terminal {
    // Two descriptors of one master. They are no pipes, but like pipes they can be waited for; what is read and written,
    // and what it means when it is less than asked for, is said by `Side`.
    output: Receiver,
    input: Sender,
    path: String,
    /// The environment variable `TERM`.
    pub(super) term: String,
}

/// A process at the far side of a terminal.
pub(super) struct Seated {
    group: Group,
    status: oneshot::Receiver<ExitStatus>,
}

impl Terminal {
    /// Opens a new one.
    pub(super) fn open(term: &str, columns: u32, rows: u32) -> io::Result<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let master = posix_openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = ptsname_r(&master)?;
        let master = OwnedFd::from(master);
        let terminal = Self {
            output: Receiver::from_owned_fd_unchecked(master.try_clone()?)?,
            input: Sender::from_owned_fd_unchecked(master)?,
            path,
            term: term.to_owned(),
        };
        terminal.resize(columns, rows);
        Ok(terminal)
    }

    /// Changes the size, in characters. A size that is refused leaves the old one: nothing is lost but looks.
    fn resize(&self, columns: u32, rows: u32) {
        // Larger than any terminal is as good as largest.
        let cells = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        let size = Winsize {
            ws_col: cells(columns),
            ws_row: cells(rows),
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let _ = tcsetwinsize(&self.input, size);
    }

    /// Starts a program at the far side, as leader of a session that the terminal controls.
    pub(super) fn seat(
        &self,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> io::Result<Seated> {
        // Before the start, so that no end is missed.
        let ends = signal(SignalKind::child())?;
        let process = spawn(&self.path, arguments, environment)?;
        let (report, status) = oneshot::channel();
        // Not tied to the connection: whatever becomes of that, the process has to be collected.
        tokio::spawn(collect(process, ends, report));
        Ok(Seated {
            group: Group::led_by(process),
            status,
        })
    }
}

/// Passes bytes between a channel and a terminal until the process ends, or until the channel does, which hangs up.
pub(super) async fn attend(
    channel: Channel<Msg>,
    handle: Handle,
    terminal: Terminal,
    seated: Seated,
) {
    let (mut messages, sender) = channel.split();
    let occupant = Occupant {
        terminal: &terminal,
        group: Some(seated.group),
    };
    let run = async {
        // The kernel reports the end when the last process at the far side is gone.
        pass_out(Side(&terminal), &sender, None).await;
        seated.status.await
    };
    let control = |message| match message {
        ChannelMsg::WindowChange {
            col_width,
            row_height,
            ..
        } => terminal.resize(col_width, row_height),
        ChannelMsg::Signal { signal } => occupant.signal(&signal),
        _ => {}
    };
    let ended = tokio::select! {
        status = run => status,
        () = pass_in(&mut messages, Side(&terminal), control) => return,
    };
    occupant.leave();
    if let Ok(status) = ended {
        tell_end(&sender, &handle, status).await;
    }
}

/// Who works at a terminal. Dropping it ends what runs in the foreground, then the session's leader. The kernel's own
/// hang-up is not enough: it goes to the leader, and when that is being killed at the same moment, to nobody.
struct Occupant<'a> {
    terminal: &'a Terminal,
    group: Option<Group>,
}

impl Occupant<'_> {
    fn signal(&self, signal: &russh::Sig) {
        if let Some(group) = &self.group {
            group.signal(signal);
        }
    }

    /// The leader has ended by itself; what it left behind on purpose stays.
    fn leave(mut self) {
        if let Some(group) = self.group.take() {
            group.forget();
        }
    }
}

impl Drop for Occupant<'_> {
    fn drop(&mut self) {
        if self.group.is_none() {
            return;
        }
        // Nothing is in the foreground while the leader changes it: then zero comes back, which must not be killed, for
        // it would mean this process' own group.
        if let Ok(foreground) = unistd::tcgetpgrp(&self.terminal.input)
            && foreground.as_raw() > 1
        {
            let _ = killpg(foreground, Kill::SIGKILL);
        }
    }
}

/// Starts a program with a terminal as its input and outputs. The session is made before the terminal is opened, and a
/// session leader's first terminal becomes its controlling one: so no code has to run between fork and exec.
fn spawn(terminal: &str, arguments: &[&str], environment: &[(String, String)]) -> io::Result<Pid> {
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::from_bits_retain(libc::c_int::from(libc::POSIX_SPAWN_SETSID))
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK,
    )?;
    attributes.set_sigdefault(&SigSet::all())?;
    attributes.set_sigmask(&SigSet::empty())?;
    let mut files = PosixSpawnFileActions::init()?;
    files.add_open(0, terminal, OFlag::O_RDWR, Mode::empty())?;
    files.add_dup2(0, 1)?;
    files.add_dup2(0, 2)?;
    let arguments = arguments
        .iter()
        .map(|argument| CString::new(*argument))
        .collect::<Result<Vec<_>, NulError>>()?;
    let environment = environment
        .iter()
        .map(|(name, value)| CString::new(format!("{name}={value}")))
        .collect::<Result<Vec<_>, NulError>>()?;
    Ok(posix_spawn(
        "/bin/sh",
        &files,
        &attributes,
        &arguments,
        &environment,
    )?)
}

/// Waits for a process and reports how it ended.
async fn collect(process: Pid, mut ends: Signal, report: oneshot::Sender<ExitStatus>) {
    loop {
        match waitpid(process, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => {
                // As wait(2) encodes it: the code in the second byte.
                let _ = report.send(ExitStatus::from_raw((code & 0xff) << 8));
                return;
            }
            Ok(WaitStatus::Signaled(_, signal, dumped)) => {
                let _ = report.send(ExitStatus::from_raw(
                    signal as i32 | if dumped { 0x80 } else { 0 },
                ));
                return;
            }
            Ok(_) => {}
            // Somebody else collected it.
            Err(_) => return,
        }
        if ends.recv().await.is_none() {
            return;
        }
    }
}

/// The near side, as a stream. The end of input becomes the character that the driver takes for it. A short read does
/// not mean that there is no more, as it does for a pipe: only "would block" does.
struct Side<'a>(&'a Terminal);

impl AsyncRead for Side<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let output = &self.0.output;
        loop {
            ready!(output.poll_read_ready(cx))?;
            let unfilled = buf.initialize_unfilled();
            match output.try_io(|| Ok(unistd::read(output, unfilled)?)) {
                Ok(read) => {
                    buf.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Side<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let input = &self.0.input;
        loop {
            ready!(input.poll_write_ready(cx))?;
            match input.try_io(|| Ok(unistd::write(input, bytes)?)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write(cx, &[END_OF_INPUT]).map_ok(|_| ())
    }
}

//! Commands without a terminal.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelWriteHalf, Sig};
use tokio::process::{Child, Command};

use super::flow::{pass_in, pass_out};

/// Extended data of this type is standard error (RFC 4254, section 5.2).
const STANDARD_ERROR: u32 = 1;

/// Starts a command in a process group of its own.
pub(super) fn start(
    command: &[u8],
    environment: &[(String, String)],
    home: &std::path::Path,
) -> io::Result<Child> {
    Command::new("/bin/sh")
        .arg("-c")
        .arg(OsStr::from_bytes(command))
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(home)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Passes bytes to and from a command until it ends, or until the channel does, which kills it.
pub(super) async fn attend(channel: Channel<Msg>, handle: Handle, mut child: Child) {
    let (mut messages, sender) = channel.split();
    let group = Group::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let run = async {
        let out = async {
            if let Some(stdout) = stdout {
                pass_out(stdout, &sender, None).await;
            }
        };
        let err = async {
            if let Some(stderr) = stderr {
                pass_out(stderr, &sender, Some(STANDARD_ERROR)).await;
            }
        };
        let (status, (), ()) = tokio::join!(child.wait(), out, err);
        status
    };
    let signals = |message| {
        if let ChannelMsg::Signal { signal } = message {
            group.signal(&signal);
        }
    };
    let input = async {
        if let Some(stdin) = stdin {
            pass_in(&mut messages, stdin, signals).await;
        }
    };
    let ended = tokio::select! {
        status = run => status,
        () = input => return,
    };
    group.forget();
    if let Ok(status) = ended {
        tell_end(&sender, &handle, status).await;
    }
}

/// Tells the client how a command ended, and closes the channel. The client may have gone: then nobody wants to know.
pub(super) async fn tell_end(sender: &ChannelWriteHalf<Msg>, handle: &Handle, status: ExitStatus) {
    let _ = sender.eof().await;
    let signal = status
        .signal()
        .and_then(|number| Signal::try_from(number).ok());
    match (status.code(), signal) {
        (Some(code), _) => {
            // A status is 0 to 255.
            let _ = sender.exit_status(u32::try_from(code).unwrap_or(255)).await;
        }
        (None, Some(signal)) => {
            let name = signal.as_str().trim_start_matches("SIG").to_owned();
            let _ = handle
                .exit_signal_request(
                    sender.id(),
                    Sig::Custom(name),
                    status.core_dumped(),
                    String::new(),
                    String::new(),
                )
                .await;
        }
        // A real-time signal: it has no name in the protocol. 128 and more is how a shell says it.
        (None, None) => {
            let _ = sender.exit_status(255).await;
        }
    }
    let _ = sender.close().await;
}

/// A process group, killed when dropped.
pub(super) struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.map(Pid::from_raw))
    }

    /// The group that a process leads.
    pub(super) fn led_by(leader: Pid) -> Self {
        Self(Some(leader))
    }

    /// Passes a client's signal on. Signals that only the kernel sends are not.
    pub(super) fn signal(&self, signal: &Sig) {
        let wanted = match signal {
            Sig::HUP => Signal::SIGHUP,
            Sig::INT => Signal::SIGINT,
            Sig::KILL => Signal::SIGKILL,
            Sig::QUIT => Signal::SIGQUIT,
            Sig::TERM => Signal::SIGTERM,
            Sig::USR1 => Signal::SIGUSR1,
            Sig::ABRT
            | Sig::ALRM
            | Sig::FPE
            | Sig::ILL
            | Sig::PIPE
            | Sig::SEGV
            | Sig::Custom(_) => {
                return;
            }
        };
        self.kill(wanted);
    }

    /// Lets it live: its leader has ended, and what it left behind on purpose stays.
    pub(super) fn forget(mut self) {
        self.0 = None;
    }

    fn kill(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // It may have ended already.
            let _ = killpg(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill(Signal::SIGKILL);
    }
}

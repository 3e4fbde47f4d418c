//! One host's program: started in the host's network namespace, dressed as the host, watched until its end.

use std::fmt::Write as _;
use std::io::{self, PipeReader, Write as _};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use model::HostId;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::SigSet;
use nix::unistd::{self, Pid};
use serde::{Deserialize, Serialize};

use super::plan::Program;
use crate::control::frame::{Frame, Kind, PID_1};
use crate::mounts::{self, Etc};
use crate::{explain, hidden};

/// The number of the frame that carries [`Settings`]. It is answered only by a failure.
pub(super) const SETTINGS: u64 = 0;

/// What a process must know to become a host's program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Settings {
    argv: Vec<String>,
    hostname: String,
    etc: Vec<(EtcFile, String)>,
    run_dir: PathBuf,
}

/// A file of the host's own in `/etc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum EtcFile {
    Hostname,
    Hosts,
    ResolvConf,
}

/// A program that was started.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) pid: Pid,
    pub(super) channel: UnixStream,
    pub(super) output: PipeReader,
}

/// Starts a host's process. Joins the calling thread to the host's network namespace, for good.
pub(super) fn spawn(netns: BorrowedFd<'_>) -> io::Result<Spawned> {
    setns(netns, CloneFlags::CLONE_NEWNET)?;
    let (channel, theirs) = UnixStream::pair()?;
    let (output, log) = io::pipe()?;
    let child = Command::new("/proc/self/exe")
        .arg0("reeve")
        .arg(hidden::HOST)
        .env("HOME", mounts::DATA)
        .stdin(OwnedFd::from(theirs))
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    // PID 1 waits for all that end at once, so nobody keeps the child.
    let pid = Pid::from_raw(child.id().cast_signed());
    Ok(Spawned {
        pid,
        channel,
        output,
    })
}

impl Settings {
    pub(super) fn of(program: &Program, run_dir: &Path) -> Self {
        Self {
            argv: program.argv.clone(),
            hostname: program.hostname.clone(),
            etc: vec![
                (EtcFile::Hostname, format!("{}\n", program.hostname)),
                (EtcFile::Hosts, hosts_file(&program.hosts_file)),
                (
                    EtcFile::ResolvConf,
                    resolv_conf(&program.dns, &program.search),
                ),
            ],
            run_dir: run_dir.to_owned(),
        }
    }
}

impl EtcFile {
    fn name(self) -> &'static str {
        match self {
            Self::Hostname => "hostname",
            Self::Hosts => "hosts",
            Self::ResolvConf => "resolv.conf",
        }
    }
}

fn hosts_file(entries: &[(IpAddr, String)]) -> String {
    let mut text = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
    for (address, name) in entries {
        let _ = writeln!(text, "{address} {name}");
    }
    text
}

fn resolv_conf(servers: &[IpAddr], search: &[String]) -> String {
    let mut text = String::new();
    for server in servers {
        let _ = writeln!(text, "nameserver {server}");
    }
    if !search.is_empty() {
        let _ = writeln!(text, "search {}", search.join(" "));
    }
    text
}

/// Is a host's process: reads its settings from the channel on standard input, dresses itself and becomes the program.
pub(crate) fn host() -> ExitCode {
    // Reads exactly one frame: what follows is the program's.
    let channel = io::stdin().as_fd().try_clone_to_owned();
    let Ok(mut channel) = channel.map(UnixStream::from) else {
        return ExitCode::FAILURE;
    };
    let why = match become_program(&mut channel) {
        Ok(never) => match never {},
        Err(why) => why,
    };
    let frame = Frame {
        id: SETTINGS,
        to: PID_1,
        kind: Kind::Refusal,
        body: serde_json::to_vec(&why).unwrap_or_default(),
    };
    if frame.write(&mut channel).is_err() {
        // PID 1 is ending; the log is the last place to say it.
        let _ = writeln!(io::stderr(), "{why}");
    }
    ExitCode::FAILURE
}

fn become_program(channel: &mut UnixStream) -> Result<std::convert::Infallible, String> {
    let frame = Frame::read(channel)
        .map_err(|error| explain(&error))?
        .ok_or("the twin ended")?;
    let settings: Settings =
        serde_json::from_slice(&frame.body).map_err(|error| error.to_string())?;
    let errno = |doing: &'static str| move |errno: nix::Error| format!("{doing}: {}", errno.desc());

    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS)
        .map_err(errno("make namespaces of its own"))?;
    unistd::sethostname(&settings.hostname).map_err(errno("set its name"))?;
    let etc = settings
        .etc
        .iter()
        .map(|(file, text)| (file.name(), text.clone()))
        .collect();
    mounts::dress(&settings.run_dir, &Etc(etc)).map_err(|error| explain(&error))?;
    unistd::chdir(mounts::DATA).map_err(errno("enter its data folder"))?;
    // PID 1 blocks the signals that it reads; its children are to have theirs as usual.
    SigSet::empty()
        .thread_set_mask()
        .map_err(errno("unblock signals"))?;

    let (name, arguments) = settings.argv.split_first().ok_or("it has no command")?;
    let error = Command::new(name).args(arguments).exec();
    Err(format!("run {name}: {error}"))
}

/// The hosts that have programs, in the order of their addresses on the wire.
pub(super) fn in_order(plan: &super::Plan) -> Vec<(&HostId, &Program)> {
    plan.programs.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_files_are_as_the_resolver_reads_them() {
        let server: IpAddr = "10.0.0.2".parse().expect("an address");
        let six: IpAddr = "fd00::2".parse().expect("an address");
        let check = |servers: &[IpAddr], search: &[&str], wanted: &str| {
            let search: Vec<String> = search.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(resolv_conf(servers, &search), wanted);
        };
        check(&[], &[], "");
        check(
            &[server, six],
            &[],
            "nameserver 10.0.0.2\nnameserver fd00::2\n",
        );
        check(&[], &["a.example", "example"], "search a.example example\n");
        assert_eq!(
            hosts_file(&[(server, "dns".to_owned())]),
            "127.0.0.1 localhost\n::1 localhost\n10.0.0.2 dns\n"
        );
    }
}

//! PID 1: stands the network up, starts the programs, relays, and takes everything with it when it ends.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use model::HostId;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd;

use super::namespaces::{report, take_stdin, twin};
use super::plan::Plan;
use super::program::{self, Spawned};
use super::refusal::{Step, failure};
use super::relay::{About, Relay};
use crate::control::endpoint;
use crate::control::frame::Frame;
use crate::control::order::{Failure, Started};
use crate::stand::{self, StandError, Standing};
use crate::{explain, mounts};

/// Descriptors for one host: its namespace, channel and log, and while it starts the other ends of the latter two.
const DESCRIPTORS_PER_HOST: u64 = 8;

/// Descriptors for routers' namespaces, netlink sockets and PID 1's own.
const OTHER_DESCRIPTORS: u64 = 200;

/// Is PID 1.
pub(crate) fn init(arguments: &[String]) -> ExitCode {
    let [label, run_dir] = arguments else {
        return ExitCode::FAILURE;
    };
    let Ok(mut socket) = take_stdin() else {
        return ExitCode::FAILURE;
    };
    let outcome = run(label, Path::new(run_dir), &socket);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = socket.set_nonblocking(false);
            report(&mut socket, Err(failure));
            ExitCode::FAILURE
        }
    }
}

fn run(label: &str, run_dir: &Path, socket: &UnixStream) -> Result<(), Failure> {
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    children
        .thread_block()
        .map_err(|errno| twin("block signals", errno.into()))?;
    let released = Arc::new(AtomicBool::new(false));
    watch(socket, Arc::clone(&released)).map_err(|error| twin("watch the starter", error))?;
    let plan = receive(socket)?;
    mounts::fresh_proc().map_err(|errno| failure(Step::Proc, "mount /proc", errno))?;
    raise_descriptors(&plan)?;
    mounts::seal(run_dir).map_err(|error| Failure::Twin(explain(&error)))?;
    let listener = listen(&plan)?;

    let began = Instant::now();
    let standing = stand::up_with(&plan.network, &plan.vpns).map_err(|error| refused(&error))?;
    let network = began.elapsed();
    let spawned = spawn_all(&plan, &standing)?;
    let about = About::new(label, run_dir);
    let mut relay = Relay::new(about, &standing, &children, listener, released)
        .map_err(|error| twin("watch the programs", error))?;
    relay.start(&plan, spawned)?;
    // Its parts may hold secrets and are needed no more.
    drop(plan);
    let started = Started {
        network: micros(network),
        programs: micros(began.elapsed().saturating_sub(network)),
    };
    report(
        &mut socket.try_clone().map_err(|error| twin("report", error))?,
        Ok(started),
    );
    let outer = socket
        .try_clone()
        .map_err(|error| twin("take questions", error))?;
    relay.serve(outer).map_err(|error| twin("relay", error))
}

/// Ends this process, and with it everything, as soon as the supervisor is gone, or the starter without having
/// released the twin. In a thread of its own, since the rest may be in the middle of something.
fn watch(outer: &UnixStream, released: Arc<AtomicBool>) -> io::Result<()> {
    let leash = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    unistd::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    let outer = outer.try_clone()?;
    let watch = move || {
        loop {
            let both = [leash.as_fd(), outer.as_fd()];
            let watched = if released.load(Ordering::SeqCst) {
                1
            } else {
                2
            };
            // A hang-up is always reported. The limit is for noticing a release.
            let mut ends: Vec<PollFd<'_>> = both[..watched]
                .iter()
                .map(|end| PollFd::new(*end, PollFlags::empty()))
                .collect();
            match poll(&mut ends, PollTimeout::from(1000_u16)) {
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(_) => std::process::exit(1),
            }
            let ended = |end: &PollFd<'_>| end.any().unwrap_or(true);
            let leash_ended = ends.first().is_some_and(ended);
            let outer_ended = ends.get(1).is_some_and(ended);
            if leash_ended || (outer_ended && !released.load(Ordering::SeqCst)) {
                std::process::exit(0);
            }
        }
    };
    thread::Builder::new()
        .name("watch".to_owned())
        .spawn(watch)?;
    Ok(())
}

fn receive(mut socket: &UnixStream) -> Result<Plan, Failure> {
    match Frame::read(&mut socket) {
        Ok(Some(frame)) => serde_json::from_slice(&frame.body)
            .map_err(|error| Failure::Twin(format!("read the plan: {error}"))),
        Ok(None) => Err(Failure::Twin("read the plan: there is none".to_owned())),
        Err(error) => Err(Failure::Twin(explain(&error))),
    }
}

/// Allows itself as many descriptors as the machine allows, and tells whether they are enough.
fn raise_descriptors(plan: &Plan) -> Result<(), Failure> {
    let doing = |errno: Errno| twin("raise the limit of open files", errno.into());
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(doing)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(doing)?;
    let needed = plan.programs.len() as u64 * DESCRIPTORS_PER_HOST + OTHER_DESCRIPTORS;
    if hard < needed {
        return Err(Failure::CannotRunHere {
            what: format!("{needed} open files are needed, {hard} are allowed"),
            remedy: format!("raise the hard limit: `ulimit -Hn {needed}` as root, or limits.conf"),
        });
    }
    Ok(())
}

fn listen(plan: &Plan) -> Result<Option<UnixListener>, Failure> {
    plan.keep
        .then(|| endpoint::listen(&plan.run_dir))
        .transpose()
        .map_err(|error| twin("listen in the run folder", error))
}

fn spawn_all(plan: &Plan, standing: &Standing) -> Result<Vec<Spawned>, Failure> {
    let in_each = || {
        let routers = standing
            .routers()
            .map(|(node, netns)| (HostId::new(node.to_string()), netns));
        let hosts = standing.hosts().map(|(host, netns)| (host.clone(), netns));
        let namespaces: BTreeMap<HostId, BorrowedFd<'_>> = routers.chain(hosts).collect();
        program::in_order(plan)
            .into_iter()
            .map(|(host, _)| {
                let fail = |detail: String| Failure::Program {
                    host: host.clone(),
                    detail,
                };
                let netns = namespaces
                    .get(host)
                    .ok_or_else(|| fail("the network has no such host".to_owned()))?;
                program::spawn(*netns).map_err(|error| fail(error.to_string()))
            })
            .collect()
    };
    // The thread ends in another network namespace than PID 1's.
    thread::scope(|scope| scope.spawn(in_each).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A network that could not be stood up for want of a capability is a matter of the machine's settings.
fn refused(error: &StandError) -> Failure {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let denied = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error)
            .map(Errno::from_raw)
            .filter(|errno| matches!(errno, Errno::EPERM | Errno::EACCES));
        if let Some(errno) = denied {
            return failure(Step::Others, "stand the network up", errno);
        }
        cause = error.source();
    }
    Failure::Network(explain(error))
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

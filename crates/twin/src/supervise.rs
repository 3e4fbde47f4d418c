//! A twin, from outside: start it, ask its programs, end it or let it go on alone.

mod error;
mod init;
mod log;
mod memory;
mod namespaces;
mod plan;
mod program;
mod refusal;
mod relay;
mod users;
mod wire;

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use model::network::SiteKind;
use model::vpn::{TunnelId, VpnSide};
use model::{HostId, Network};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control::order::{Failure, Order, Started, Status};
use crate::control::{Line, LineError};
use crate::kept::{self, Kept};
use crate::stand::Node;

pub use error::{AskError, TwinError};
pub(crate) use init::init;
pub(crate) use namespaces::{fence, supervisor};
pub use plan::{Plan, Program};
pub(crate) use program::host;
pub(crate) use refusal::{Refusal, Step, Switches};
pub(crate) use users::mapper;
pub use users::uid_range;

/// Standing up is seconds for hundreds of hosts; a machine that swaps may take minutes, one that hangs must be given up.
const START_LIMIT: Duration = Duration::from_secs(300);

/// The longest question, a packet matrix, is a few seconds' work for its host; one minute is a host that hangs.
pub const ASK_LIMIT: Duration = Duration::from_secs(60);

/// The kernel ends hundreds of processes within 0.1 s.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// What of the caller's environment goes into a twin. The rest may hold credentials.
const PASSED_ON: [&str; 3] = ["PATH", "RUST_BACKTRACE", "LANG"];

/// A network that stands on this machine, with a program in each of its hosts. Dropped, it ends.
#[derive(Debug)]
pub struct Twin {
    plan: plan::Outline,
    /// None once it is stopped or released.
    running: Option<Running>,
    timings: Timings,
}

#[derive(Debug)]
struct Running {
    line: Line,
    supervisor: Child,
}

/// How long the parts of a start took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Processes and namespaces, until PID 1 runs.
    pub namespaces: Duration,
    /// Links, addresses, routes and filters.
    pub network: Duration,
    /// The programs, until each had answered its first message.
    pub programs: Duration,
}

/// What a twin takes of the machine's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Proportional set size of all its processes, in bytes: a page that several share is counted once, in parts.
    pub pss: u64,
    /// Processes counted.
    pub processes: usize,
    /// Processes that the kernel gave no figure for; their memory is missing in the sum.
    pub unreadable: usize,
}

/// The names under which programs may run in the routers that hosts have next to them: those of VPCs and of sites.
pub fn routers(network: &Network) -> Vec<HostId> {
    let vpcs = network.vpcs.keys().cloned().map(Node::Vpc);
    let sites = network.sites.iter().map(|(id, site)| match site.kind {
        SiteKind::Internet => Node::Internet,
        SiteKind::OnInternet | SiteKind::Private => Node::Site(id.clone()),
    });
    vpcs.chain(sites)
        .map(|node| HostId::new(node.to_string()))
        .collect()
}

impl Twin {
    /// Stands a network up and starts a program in each of its hosts. Returns when each has answered its first message.
    ///
    /// Runs this very executable again, which must call [`crate::main_if_hidden`] first thing.
    ///
    /// # Errors
    /// [`TwinError`]; nothing is left behind but the run folder with its logs.
    pub fn start(plan: Plan) -> Result<Self, TwinError> {
        let began = Instant::now();
        plan.check()?;
        let run_dir = prepare(&plan.run_dir)?;
        let plan = Plan { run_dir, ..plan };
        let outline = plan.outline();
        let (ours, theirs) = UnixStream::pair().map_err(TwinError::Spawn)?;
        let supervisor = spawn(&plan, theirs)?;
        let running = Running {
            line: Line::over(ours).map_err(|error| outline.silent(error))?,
            supervisor,
        };
        let mut twin = Self {
            plan: outline,
            running: Some(running),
            timings: Timings::default(),
        };
        let started = twin.begin(&plan)?;
        let network = Duration::from_micros(started.network);
        let programs = Duration::from_micros(started.programs);
        twin.timings = Timings {
            namespaces: began.elapsed().saturating_sub(network + programs),
            network,
            programs,
        };
        Ok(twin)
    }

    fn begin(&self, plan: &Plan) -> Result<Started, TwinError> {
        let line = self.line().map_err(|error| self.plan.silent(error))?;
        let outcome: Result<Result<Started, Failure>, LineError> =
            line.ask(crate::control::frame::PID_1, plan, START_LIMIT);
        match outcome {
            Ok(Ok(started)) => Ok(started),
            Ok(Err(failure)) => Err(failure.into()),
            Err(error) => Err(self.plan.silent(error)),
        }
    }

    /// Asks a host's program and waits for its answer, at most [`ASK_LIMIT`]. Any number of threads may ask at once.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn ask(&self, host: &HostId, request: &Value) -> Result<Value, AskError> {
        self.ask_within(host, request, ASK_LIMIT)
    }

    /// As [`Twin::ask`], with a limit of the caller's.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn ask_within(
        &self,
        host: &HostId,
        request: &Value,
        limit: Duration,
    ) -> Result<Value, AskError> {
        let address = self
            .plan
            .address_of(host)
            .ok_or_else(|| AskError::NoSuchHost(host.clone()))?;
        self.line()?
            .ask(address, request, limit)
            .map_err(|error| AskError::of(host, error))
    }

    /// Makes every host and NAT gateway forget the connections that it tracks.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn flush_connections(&self) -> Result<(), AskError> {
        Ok(self.line()?.order(Order::FlushConnections)?)
    }

    /// Takes the device that a tunnel's daemon made at one end to the router on that side, under the name by which
    /// [`crate::vpn::places`] calls it.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn adopt_tunnel(
        &self,
        tunnel: &TunnelId,
        side: VpnSide,
        device: &str,
    ) -> Result<(), AskError> {
        Ok(self.line()?.order(Order::Adopt {
            tunnel: tunnel.clone(),
            side,
            device: device.to_owned(),
        })?)
    }

    /// Takes down the plain links for which tunnels stand.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn cut_plain_links(&self) -> Result<(), AskError> {
        Ok(self.line()?.order(Order::Cut)?)
    }

    /// Has the Internet drop everything from and to AWS's end of a tunnel, or no more.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn sever_tunnel(&self, tunnel: &TunnelId, severed: bool) -> Result<(), AskError> {
        Ok(self.line()?.order(Order::Sever {
            tunnel: tunnel.clone(),
            severed,
        })?)
    }

    /// What the twin's processes take of memory now.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn memory(&self) -> Result<Memory, AskError> {
        Ok(self.line()?.order(Order::Memory)?)
    }

    /// The hosts and routers whose programs have ended; none while the twin is whole.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn ended(&self) -> Result<Vec<HostId>, AskError> {
        let Status { programs, .. } = self.line()?.order(Order::Status)?;
        let ended = programs.into_iter().filter(|(_, pid)| pid.is_none());
        Ok(ended.map(|(host, _)| host).collect())
    }

    /// How long the parts of the start took.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Ends the twin. Returns when every process of it is gone, and with the processes their namespaces and mounts.
    ///
    /// # Errors
    /// [`TwinError::Undead`], and nothing else.
    pub fn stop(mut self) -> Result<(), TwinError> {
        self.running.take().map_or(Ok(()), Running::end)
    }

    /// Leaves the twin running without its starter, and listening on `control.sock` in its folder.
    ///
    /// # Errors
    /// When it was not started with [`Plan::keep`], or is no more.
    pub fn release(mut self) -> Result<Kept, TwinError> {
        self.line()
            .and_then(|line| Ok(line.order::<()>(Order::Release)?))
            .map_err(TwinError::Release)?;
        // From here on the supervisor is a child that outlives its parent.
        self.running = None;
        kept::in_folder(&self.plan.run_dir)
            .map_err(|error| TwinError::Release(AskError::Wire(error.to_string())))?
            .ok_or(TwinError::Release(AskError::Ended))
    }

    fn line(&self) -> Result<&Line, AskError> {
        match &self.running {
            Some(running) => Ok(&running.line),
            None => Err(AskError::Ended),
        }
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // There is nobody to tell; PID 1 ends with its socket in any case.
            let _ = running.end();
        }
    }
}

impl Running {
    fn end(mut self) -> Result<(), TwinError> {
        // The answer to this order is the end of the stream, for which the next line waits.
        let _ = self.line.order::<()>(Order::Stop);
        if !self.line.ended_within(STOP_LIMIT) {
            // Its death ends PID 1, and PID 1's everything else.
            let _ = self.supervisor.kill();
            if !self.line.ended_within(STOP_LIMIT) {
                return Err(TwinError::Undead);
            }
        }
        self.supervisor.wait().map_err(|_| TwinError::Undead)?;
        Ok(())
    }
}

/// Makes the run folder and the one for logs, for the caller alone.
fn prepare(run_dir: &Path) -> Result<PathBuf, TwinError> {
    let fail = |source| TwinError::RunDir {
        path: run_dir.to_owned(),
        source,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(run_dir.join(log::FOLDER))
        .map_err(fail)?;
    fs::canonicalize(run_dir).map_err(fail)
}

fn spawn(plan: &Plan, socket: UnixStream) -> Result<Child, TwinError> {
    let path = plan.run_dir.join(log::FOLDER).join(log::OWN);
    let log = File::create(&path).map_err(|source| TwinError::RunDir { path, source })?;
    let passed = PASSED_ON
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    Command::new("/proc/self/exe")
        .arg0("reeve")
        .args([crate::hidden::SUPERVISOR, &plan.label])
        .arg(&plan.run_dir)
        .env_clear()
        .envs(passed)
        .current_dir("/")
        .stdin(OwnedFd::from(socket))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(TwinError::Spawn)
}

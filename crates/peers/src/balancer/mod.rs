//! A load balancer stand-in: passes TCP to targets that answer their health check, in turn or by the client's address.

mod check;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::service::Listener;
use rustls::ClientConfig;
use serde::{Deserialize, Serialize};
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

pub(crate) use check::client_config;

use crate::socket::accept_each;
use check::Check;

/// What evidence calls this server.
pub const NAME: &str = concat!("reeve balancer ", env!("CARGO_PKG_VERSION"));

/// Connections at a time on one listener: a rehearsal's whole traffic many times over.
const CONNECTIONS: usize = 256;

/// Time to connect to a target: longer than any way within a twin, shorter than a client waits.
const CONNECT: Duration = Duration::from_secs(2);

/// Longest life of a connection passed on: longer than any transfer of a rehearsal.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Bytes buffered each way of a connection.
const BUFFER: usize = 8 * 1024;

/// Time between two checks of a target: the least that AWS's network load balancer allows.
const INTERVAL: Duration = Duration::from_secs(5);

/// Failed checks in a row until a target counts as dead: the least that AWS's load balancers allow.
const FAILURES: u8 = 2;

/// What a balancer thinks of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// No check has passed yet, nor two failed; clients are passed to it, so that a balancer serves from its first moment.
    Unknown,
    /// The last check was answered as it must be.
    Healthy,
    /// The last checks failed.
    Unhealthy,
}

/// One target of a listener and what the balancer thinks of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetState {
    /// The balancer's name in the plan.
    pub service: String,
    /// The port that clients use.
    pub listener: u16,
    /// The target.
    pub target: SocketAddr,
    /// What the balancer thinks of it.
    pub health: Health,
}

/// The targets of one listener.
pub(crate) struct Pool {
    port: u16,
    check: Check,
    sticky: bool,
    targets: Vec<Target>,
    turn: AtomicUsize,
}

struct Target {
    address: SocketAddr,
    opinion: Mutex<Opinion>,
}

/// What is thought of a target, and how often in a row it failed.
#[derive(Clone, Copy)]
struct Opinion {
    health: Health,
    failures: u8,
}

impl Opinion {
    const NONE: Self = Self {
        health: Health::Unknown,
        failures: 0,
    };

    /// The opinion after one more check.
    fn after(self, passed: bool) -> Self {
        if passed {
            return Self {
                health: Health::Healthy,
                failures: 0,
            };
        }
        let failures = self.failures.saturating_add(1);
        // A target that was not seen well yet has the benefit of the doubt as well: hosts start side by side, and a
        // client that was moved away for the first check's sake would lose its session when it is moved back.
        let dead = failures >= FAILURES || self.health == Health::Unhealthy;
        Self {
            health: if dead { Health::Unhealthy } else { self.health },
            failures,
        }
    }
}

impl Target {
    fn opinion(&self) -> Opinion {
        *self.opinion.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, passed: bool) {
        let mut opinion = self.opinion.lock().unwrap_or_else(PoisonError::into_inner);
        *opinion = opinion.after(passed);
    }
}

impl Pool {
    pub(crate) fn new(listener: &Listener, client: &Arc<ClientConfig>) -> Self {
        let target = |address: &SocketAddr| Target {
            address: *address,
            opinion: Mutex::new(Opinion::NONE),
        };
        Self {
            port: listener.port,
            check: Check::new(&listener.health, client),
            sticky: listener.sticky,
            targets: listener.targets.iter().map(target).collect(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Every target and what is thought of it.
    pub(crate) fn states(&self, service: &str) -> impl Iterator<Item = TargetState> {
        self.targets.iter().map(move |target| TargetState {
            service: service.to_owned(),
            listener: self.port,
            target: target.address,
            health: target.opinion().health,
        })
    }

    /// Targets in the order in which a client is passed to them: those not known to be dead. Where all are known to be
    /// dead, all of them, as AWS's network load balancer does: a wrong check must not cut everybody off.
    fn order(&self, client: IpAddr) -> Vec<SocketAddr> {
        let mut targets: Vec<&Target> = self.targets.iter().collect();
        if self.sticky {
            // Each client has a ranking of its own (rendezvous hashing): a target that dies moves its clients alone.
            targets.sort_by_key(|target| rank(client, target.address));
        } else if !targets.is_empty() {
            // Wrapping round costs one uneven turn in 2^64.
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % targets.len();
            targets.rotate_left(first);
        }
        let alive = |target: &&Target| target.opinion().health != Health::Unhealthy;
        if targets.iter().any(alive) {
            targets.retain(alive);
        }
        targets.into_iter().map(|target| target.address).collect()
    }

    /// Connects to the first target that can be connected to.
    async fn connect(&self, client: IpAddr) -> Option<TcpStream> {
        for target in self.order(client) {
            if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(target)).await {
                return Some(stream);
            }
        }
        None
    }
}

/// Where a target stands in a client's ranking. The hash's keys are fixed, so that every balancer ranks alike.
fn rank(client: IpAddr, target: SocketAddr) -> u64 {
    let mut hasher = DefaultHasher::new();
    (client, target).hash(&mut hasher);
    hasher.finish()
}

/// Passes a listener's connections to targets for ever. A connection for which there is no target is closed at once.
pub(crate) async fn serve(listener: TcpListener, pool: Arc<Pool>) {
    accept_each(listener, CONNECTIONS, move |mut client, from| {
        let pool = Arc::clone(&pool);
        async move {
            let Some(mut target) = pool.connect(from.ip()).await else {
                return;
            };
            // The socket's first write says whatever is wrong with it.
            let _ = target.set_nodelay(true);
            let copy = copy_bidirectional_with_sizes(&mut client, &mut target, BUFFER, BUFFER);
            // How either side ends its connection concerns only the other side, which sees it.
            let _ = timeout(LIFETIME, copy).await;
        }
    })
    .await;
}

/// Checks a listener's targets for ever, all at the same time, at a steady interval.
pub(crate) async fn watch(pool: Arc<Pool>) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut checks = JoinSet::new();
        for index in 0..pool.targets.len() {
            let pool = Arc::clone(&pool);
            checks.spawn(async move {
                if let Some(target) = pool.targets.get(index) {
                    target.learn(pool.check.passes(target.address).await);
                }
            });
        }
        checks.join_all().await;
    }
}

#[cfg(test)]
mod tests;

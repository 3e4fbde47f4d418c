//! Carries a layout out.

use std::collections::BTreeSet;
use std::fmt;
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use ipnet::IpNet;

use super::namespace::{Raw, make};
use super::{StandError, StandingNode};
use crate::layout::{Cable, LOOPBACK, Layout, Link, Namespace, Setting};
use crate::netlink::{Batch, Refused, filter, route};

/// The most threads: beyond that they wait for the kernel's one lock over all links.
const THREADS: usize = 4;

/// How long a link may take to carry packets, and an address to receive them. The kernel sees to it a moment after it was
/// told to; seconds mean that the machine is at its end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at what is not ready yet.
const LOOK_AGAIN: Duration = Duration::from_micros(200);

/// Makes everything in a layout.
pub(super) fn all(layout: &Layout) -> Result<Vec<StandingNode>, StandError> {
    let raw = spread(&layout.namespaces, |_, namespace| make(namespace))?;
    spread(&layout.namespaces, |position, namespace| {
        links(layout, &raw, position, namespace)
    })?;
    spread(&layout.namespaces, |position, namespace| {
        furnish(layout, &raw[position], position, namespace)
    })?;
    spread(&layout.namespaces, |position, namespace| {
        await_links(layout, &raw[position], position, namespace)?;
        await_addresses(&raw[position], namespace)
    })?;
    let tracked = layout.namespaces.iter().map(|namespace| {
        let filter = namespace.filter.as_ref();
        filter.is_some_and(crate::filter::Ruleset::tracks_connections)
    });
    Ok(raw
        .into_iter()
        .zip(tracked)
        .map(|(raw, tracked)| StandingNode {
            node: raw.node,
            namespace: raw.fd,
            connections: tracked.then_some(raw.netfilter),
        })
        .collect())
}

/// Does something for each namespace, on a few threads, and collects the results in order.
fn spread<T: Send>(
    namespaces: &[Namespace],
    work: impl Fn(usize, &Namespace) -> Result<T, StandError> + Sync,
) -> Result<Vec<T>, StandError> {
    let threads = thread::available_parallelism().map_or(1, |count| count.get().min(THREADS));
    let share = namespaces.len().div_ceil(threads).max(1);
    let work = &work;
    thread::scope(|scope| {
        let workers: Vec<_> = namespaces
            .chunks(share)
            .enumerate()
            .map(|(chunk, some)| {
                scope.spawn(move || {
                    some.iter()
                        .enumerate()
                        .map(|(position, namespace)| work(chunk * share + position, namespace))
                        .collect::<Result<Vec<T>, StandError>>()
                })
            })
            .collect();
        let mut all = Vec::with_capacity(namespaces.len());
        for worker in workers {
            let done = worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            all.extend(done);
        }
        Ok(all)
    })
}

/// One thing that a namespace is asked for.
#[derive(Clone, Copy)]
enum Request<'a> {
    Bridge(&'a Link),
    Cable(&'a Cable, &'a Raw),
    Up(u32),
    Setting(&'a Setting),
}

impl Request<'_> {
    fn push(self, batch: &mut Batch) {
        match self {
            Self::Bridge(link) => route::bridge(batch, link),
            Self::Cable(cable, far) => route::cable(batch, cable, far.fd.as_fd()),
            Self::Up(link) => route::up(batch, link),
            Self::Setting(setting) => route::setting(batch, setting),
        }
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bridge(link) => write!(f, "bridge {}", link.name),
            Self::Cable(cable, far) => {
                write!(f, "link {} to {}", cable.near.link.name, far.node)
            }
            Self::Up(link) => write!(f, "link {link} go up"),
            Self::Setting(setting) => write!(f, "{setting}"),
        }
    }
}

/// Sends requests to one namespace, many at a time.
fn request<'a>(raw: &Raw, requests: impl Iterator<Item = Request<'a>>) -> Result<(), StandError> {
    let mut batch = Batch::default();
    let mut sent = Vec::new();
    for request in requests {
        request.push(&mut batch);
        sent.push(request);
        if batch.is_full() {
            send(raw, std::mem::take(&mut batch), &sent)?;
            sent.clear();
        }
    }
    send(raw, batch, &sent)
}

fn send(raw: &Raw, mut batch: Batch, requests: &[Request<'_>]) -> Result<(), StandError> {
    raw.route.transact(&mut batch).map_err(|cause| {
        let request = cause.message.and_then(|message| requests.get(message));
        let object = request.map_or_else(|| "a batch of settings".to_owned(), Request::to_string);
        refused(raw, object, cause)
    })
}

fn refused(raw: &Raw, object: String, cause: Refused) -> StandError {
    StandError::Refused {
        node: raw.node.clone(),
        object,
        source: Box::new(cause),
    }
}

/// The bridges of a namespace, and the cables whose near end is in it.
fn links(
    layout: &Layout,
    raw: &[Raw],
    position: usize,
    namespace: &Namespace,
) -> Result<(), StandError> {
    let bridges = namespace.bridges.iter().map(Request::Bridge);
    let cables = layout
        .cables
        .iter()
        .filter(|cable| cable.near.namespace == position)
        .map(|cable| Request::Cable(cable, &raw[cable.far.namespace]));
    request(&raw[position], bridges.chain(cables))
}

/// What a namespace is told once all its links are there.
fn furnish(
    layout: &Layout,
    raw: &Raw,
    position: usize,
    namespace: &Namespace,
) -> Result<(), StandError> {
    let far_ends = layout
        .cables
        .iter()
        .filter(|cable| cable.far.namespace == position)
        .map(|cable| Request::Up(cable.far.link.index));
    let all = [Request::Up(LOOPBACK)]
        .into_iter()
        .chain(far_ends)
        .chain(namespace.settings.iter().map(Request::Setting));
    request(raw, all)?;
    if let Some(ruleset) = &namespace.filter {
        filter::install(&raw.netfilter, ruleset)
            .map_err(|rejected| refused(raw, rejected.object, rejected.cause))?;
    }
    Ok(())
}

/// Waits until each link of a namespace carries packets. A link is raised at once but carries only when a worker of the
/// kernel has seen that the other end is there.
fn await_links(
    layout: &Layout,
    raw: &Raw,
    position: usize,
    namespace: &Namespace,
) -> Result<(), StandError> {
    let wanted = links_with_another_end(layout, position);
    let look = || {
        route::carrying(&raw.route).map_err(|cause| refused(raw, "the list of links".into(), cause))
    };
    await_all(&wanted, look, |link| StandError::Silent {
        node: namespace.node.clone(),
        link: *link,
        seconds: PATIENCE.as_secs(),
    })
}

/// Waits until a namespace receives at each of its IPv6 addresses. They too are a worker's to put in force, once the
/// link carries.
fn await_addresses(raw: &Raw, namespace: &Namespace) -> Result<(), StandError> {
    let addresses = namespace
        .settings
        .iter()
        .filter_map(|setting| match setting {
            Setting::Address {
                net: IpNet::V6(net),
                ..
            } => Some(net.addr()),
            _ => None,
        });
    let look = || {
        route::receiving(&raw.route)
            .map_err(|cause| refused(raw, "the list of addresses".into(), cause))
    };
    await_all(&addresses.collect(), look, |address| StandError::Deaf {
        node: namespace.node.clone(),
        address: *address,
        seconds: PATIENCE.as_secs(),
    })
}

/// Looks again and again until everything wanted is there.
fn await_all<T: Ord>(
    wanted: &BTreeSet<T>,
    look: impl Fn() -> Result<BTreeSet<T>, StandError>,
    missed: impl Fn(&T) -> StandError,
) -> Result<(), StandError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let there = look()?;
        let Some(missing) = wanted.difference(&there).next() else {
            return Ok(());
        };
        if Instant::now() >= deadline {
            return Err(missed(missing));
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// Ends of cables, and the bridges that have some; a bridge alone never carries anything.
fn links_with_another_end(layout: &Layout, position: usize) -> BTreeSet<u32> {
    let ends = |cable: &Cable| {
        let near = [Some(cable.near.link.index), cable.bridge];
        let near = near
            .into_iter()
            .flatten()
            .filter(|_| cable.near.namespace == position);
        let far = Some(cable.far.link.index).filter(|_| cable.far.namespace == position);
        near.chain(far).collect::<Vec<_>>()
    };
    layout.cables.iter().flat_map(ends).collect()
}

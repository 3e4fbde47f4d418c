//! Carries a layout out.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use super::namespace::{Raw, make};
use super::{StandError, StandingNode};
use crate::layout::{Cable, LOOPBACK, Layout, Namespace};
use crate::netlink::{Batch, Refused, filter, route};

/// The most threads: beyond that they wait for the kernel's one lock over all links.
const THREADS: usize = 4;

/// How long a link may take to carry packets. The kernel raises it a moment after it was told to; seconds mean that
/// the machine is at its end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at links that do not carry yet.
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
        await_links(layout, &raw[position], position, namespace)
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

/// Messages to one namespace, each with what it asks for.
struct Requests<'a> {
    raw: &'a Raw,
    batch: Batch,
    objects: Vec<String>,
}

impl<'a> Requests<'a> {
    fn new(raw: &'a Raw) -> Self {
        Self {
            raw,
            batch: Batch::default(),
            objects: Vec::new(),
        }
    }

    fn add(
        &mut self,
        object: impl FnOnce() -> String,
        push: impl FnOnce(&mut Batch),
    ) -> Result<(), StandError> {
        push(&mut self.batch);
        self.objects.push(object());
        if self.batch.is_full() {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), StandError> {
        let mut batch = std::mem::take(&mut self.batch);
        let mut objects = std::mem::take(&mut self.objects);
        self.raw.route.transact(&mut batch).map_err(|refused| {
            let object = match refused.message {
                Some(message) if message < objects.len() => objects.swap_remove(message),
                _ => "a batch of settings".to_owned(),
            };
            self.refused(object, refused)
        })
    }

    fn refused(&self, object: String, cause: Refused) -> StandError {
        StandError::Refused {
            node: self.raw.node.clone(),
            object,
            source: Box::new(cause),
        }
    }
}

/// The bridges of a namespace, and the cables whose near end is in it.
fn links(
    layout: &Layout,
    raw: &[Raw],
    position: usize,
    namespace: &Namespace,
) -> Result<(), StandError> {
    let mut requests = Requests::new(&raw[position]);
    for link in &namespace.bridges {
        requests.add(
            || format!("bridge {}", link.name),
            |batch| route::bridge(batch, link),
        )?;
    }
    for cable in &layout.cables {
        if cable.near.namespace == position {
            let far = &raw[cable.far.namespace];
            requests.add(
                || format!("link {} to {}", cable.near.link.name, far.node),
                |batch| route::cable(batch, cable, far.fd.as_fd()),
            )?;
        }
    }
    requests.send()
}

/// What a namespace is told once all its links are there.
fn furnish(
    layout: &Layout,
    raw: &Raw,
    position: usize,
    namespace: &Namespace,
) -> Result<(), StandError> {
    let mut requests = Requests::new(raw);
    requests.add(
        || "the loopback".to_owned(),
        |batch| route::up(batch, LOOPBACK),
    )?;
    for cable in &layout.cables {
        if cable.far.namespace == position {
            let link = &cable.far.link;
            requests.add(
                || format!("link {} go up", link.name),
                |batch| route::up(batch, link.index),
            )?;
        }
    }
    for setting in &namespace.settings {
        requests.add(
            || setting.to_string(),
            |batch| route::setting(batch, setting),
        )?;
    }
    requests.send()?;
    if let Some(ruleset) = &namespace.filter {
        filter::install(&raw.netfilter, ruleset)
            .map_err(|rejected| requests.refused(rejected.object, rejected.cause))?;
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
    let deadline = Instant::now() + PATIENCE;
    loop {
        let carrying = route::carrying(&raw.route).map_err(|cause| StandError::Refused {
            node: namespace.node.clone(),
            object: "the list of links".to_owned(),
            source: Box::new(cause),
        })?;
        let Some(link) = wanted.difference(&carrying).next() else {
            return Ok(());
        };
        if Instant::now() >= deadline {
            return Err(StandError::Silent {
                node: namespace.node.clone(),
                link: *link,
                seconds: PATIENCE.as_secs(),
            });
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

//! Sends packets over a standing network and accounts for each, as the matrix of a rehearsal does.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::File;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;

use model::network::{Interface, Place, SiteKind};
use model::{HostId, InterfaceId, Network, Packet};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use probe::packets::{Caught, Echo, Receiver, Shot, answer, fire};
use twin::stand::Standing;

/// The routers of sites for the hosts there, by which sentinels are played.
const SITE_ROUTERS: [&str; 2] = ["169.254.0.1", "fdff:169:254::1"];

/// What was seen of packets, by identifier.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Where it arrived, and as what.
    pub(crate) arrived: BTreeMap<u32, (InterfaceId, Packet)>,
    /// Whose answer came back as its sender waits for it.
    pub(crate) answered: BTreeSet<u32>,
}

type Failure = Box<dyn Error + Send + Sync>;

/// Sends everybody's packets, has what arrives answered, and says what was seen.
///
/// # Errors
/// When any packet cannot be accounted for. It is then neither delivered nor lost.
pub(crate) fn play(
    network: &Network,
    standing: &Standing,
    shots: &BTreeMap<InterfaceId, Vec<Shot>>,
) -> Result<Seen, Failure> {
    // The thread returns from the hosts, so that none of their namespaces outlives the network.
    let home = File::open("/proc/thread-self/ns/net")?;
    let played = with_echoes(standing, || play_all(network, standing, shots));
    setns(home, CloneFlags::CLONE_NEWNET)?;
    played
}

/// Does something while every router sends sentinels back.
fn with_echoes<T: Send>(
    standing: &Standing,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut echoes = Vec::new();
    for (_, namespace) in standing.routers() {
        setns(namespace, CloneFlags::CLONE_NEWNET)?;
        echoes.push(Echo::open()?);
    }
    let (stop, end) = nix::unistd::pipe()?;
    thread::scope(|scope| {
        let echoing = scope.spawn(move || echo(&echoes, stop.as_fd()));
        let done = work();
        drop(end);
        match echoing.join() {
            Ok(echoed) => echoed.and(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Sends sentinels back until the other end of `stop` closes.
fn echo(echoes: &[Echo], stop: BorrowedFd<'_>) -> Result<(), Failure> {
    loop {
        let waiting = echoes.iter().flat_map(Echo::as_fds);
        let mut polled: Vec<PollFd<'_>> = std::iter::once(stop)
            .chain(waiting)
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        match poll(&mut polled, PollTimeout::NONE) {
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        if polled[0].any() == Some(true) {
            return Ok(());
        }
        for (echo, ready) in echoes.iter().zip(polled[1..].chunks(2)) {
            if ready.iter().any(|fd| fd.any() == Some(true)) {
                echo.send_back()?;
            }
        }
    }
}

/// A host, from which packets are sent and where they arrive.
struct Vantage<'a> {
    host: &'a HostId,
    /// What its interfaces send.
    shots: Vec<Shot>,
    namespace: BorrowedFd<'a>,
    gateway: IpAddr,
    receiver: Receiver,
}

impl<'a> Vantage<'a> {
    /// Opens a receiver at a host and says which packets will be sent from there. The thread stays there.
    fn open(
        network: &Network,
        (host, namespace): (&'a HostId, BorrowedFd<'a>),
        shots: &BTreeMap<InterfaceId, Vec<Shot>>,
    ) -> Result<Self, Failure> {
        setns(namespace, CloneFlags::CLONE_NEWNET)?;
        let of_interface = |(id, _)| shots.get(id).into_iter().flatten().copied();
        let shots: Vec<Shot> = network.interfaces_of(host).flat_map(of_interface).collect();
        let mut receiver = Receiver::open()?;
        receiver.expect(&shots)?;
        Ok(Self {
            host,
            shots,
            namespace,
            gateway: gateway(network, main_interface(network, host)?)?,
            receiver,
        })
    }

    /// The interface at which a packet arrived: the one that it is for.
    fn interface(&self, network: &Network, packet: &Packet) -> Result<InterfaceId, Failure> {
        let mut interfaces = network.interfaces_of(self.host);
        interfaces
            .find(|(_, interface)| interface.addresses.contains(&packet.destination))
            .map(|(id, _)| id.clone())
            .ok_or_else(|| {
                format!(
                    "{packet} arrived at {}, which has no such address",
                    self.host
                )
                .into()
            })
    }

    fn enter(&self) -> Result<(), Failure> {
        Ok(setns(self.namespace, CloneFlags::CLONE_NEWNET)?)
    }

    /// What arrived since the last time.
    fn drain(&mut self) -> Result<Caught, Failure> {
        self.enter()?;
        Ok(self.receiver.drain()?)
    }
}

/// The interface by which a host reaches what it has no other way to: one that is not at a private site, if it can.
fn main_interface<'n>(network: &'n Network, host: &'n HostId) -> Result<&'n Interface, Failure> {
    let is_private = |interface: &Interface| match &interface.place {
        Place::Site(site) => network.sites[site].kind == SiteKind::Private,
        Place::Subnet(_) => false,
    };
    let interfaces = || network.interfaces_of(host).map(|(_, interface)| interface);
    let main = interfaces().find(|interface| !is_private(interface));
    Ok(main.or(interfaces().next()).ok_or("it has no interface")?)
}

/// The router next to an interface: a subnet's has its range's first address after the range's own.
fn gateway(network: &Network, interface: &Interface) -> Result<IpAddr, Failure> {
    let own = *interface.addresses.first().ok_or("it has no address")?;
    let Place::Subnet(subnet) = &interface.place else {
        return Ok(SITE_ROUTERS[usize::from(own.is_ipv6())].parse()?);
    };
    let mut ranges = network.subnets[subnet].cidrs.iter();
    let range = ranges.find(|range| range.contains(&own));
    Ok(
        match range.ok_or("its subnet does not hold it")?.network() {
            IpAddr::V4(first) => IpAddr::V4((first.to_bits() + 1).into()),
            IpAddr::V6(first) => IpAddr::V6((first.to_bits() + 1).into()),
        },
    )
}

fn play_all(
    network: &Network,
    standing: &Standing,
    shots: &BTreeMap<InterfaceId, Vec<Shot>>,
) -> Result<Seen, Failure> {
    let mut vantages = standing
        .hosts()
        .map(|host| Vantage::open(network, host, shots))
        .collect::<Result<Vec<_>, _>>()?;
    standing.flush_connections()?;
    for vantage in &vantages {
        vantage.enter()?;
        fire(&vantage.shots, vantage.gateway)?;
    }
    let mut seen = Seen::default();
    let mut caught = Vec::new();
    for vantage in &mut vantages {
        let here = vantage.drain()?;
        for (id, packet) in &here.arrived {
            let at = vantage.interface(network, packet)?;
            let before = seen.arrived.insert(*id, (at, *packet));
            if let Some((elsewhere, _)) = before {
                let host = vantage.host;
                return Err(format!("{packet} arrived at {host} and {elsewhere}").into());
            }
        }
        caught.push(here);
    }
    // Kernels have answered TCP and echo requests by now; datagrams are answered here.
    for (vantage, here) in vantages.iter().zip(&caught) {
        vantage.enter()?;
        answer(&here.arrived, vantage.gateway)?;
    }
    for (vantage, before) in vantages.iter_mut().zip(caught) {
        let here = vantage.drain()?;
        if let Some(packet) = here.arrived.values().next() {
            return Err(format!("{packet} arrived at {} after all was over", vantage.host).into());
        }
        seen.answered
            .extend(before.answered.iter().chain(&here.answered));
    }
    Ok(seen)
}

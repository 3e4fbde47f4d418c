//! The sentinel: a packet that overtakes nothing, and so shows that what was sent before it has arrived or is dead.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::Socket;

use super::pin::Pinned;
use super::{raw_address, socket};

/// IP protocol for experiments (RFC 3692), which every filter of a twin lets through and no comparison covers.
pub(super) const PROTOCOL: u8 = 253;

/// Rounds that move every packet to its end: as many as its time-to-live allows hops.
pub const ROUNDS: u32 = super::wire::HOPS as u32;

/// How long one play may take. A round takes some microseconds; a router process that a busy machine does not schedule
/// for seconds is still alive, and one that is silent for longer is a broken link: an error, never loss.
const PATIENCE: Duration = Duration::from_secs(5);

/// Packets that an echo answers before it looks whether it should stop.
const ECHO_BATCH: usize = 1024;

const MAGIC: [u8; 7] = *b"reeve\x00s";
/// Magic, direction, nonce, sequence.
const LENGTH: usize = MAGIC.len() + 1 + 8 + 4;
const OUT: u8 = 0;
const BACK: u8 = 1;

/// Why the sentinel could not be played. What was sent before it is then neither delivered nor lost but unknown.
#[derive(Debug, thiserror::Error)]
pub enum SentinelError {
    /// No raw socket: the process lacks `CAP_NET_RAW` in its network namespace.
    #[error("open a raw socket for the sentinel")]
    Open(#[source] io::Error),
    /// The thread could not be kept on one CPU, without which packets need not stay in order.
    #[error("keep the sender on one CPU")]
    Pin(#[source] nix::Error),
    /// The sentinel could not be sent.
    #[error("send the sentinel to router {gateway}")]
    Send {
        /// The router.
        gateway: IpAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The socket could not be read or waited for.
    #[error("receive a sentinel")]
    Receive(#[source] io::Error),
    /// The router did not send it back.
    #[error("get sentinel {round} of {rounds} back from router {gateway} within {PATIENCE:?}")]
    Silent {
        /// The router.
        gateway: IpAddr,
        /// The round that did not close, from one.
        round: u32,
        /// Rounds wanted.
        rounds: u32,
    },
}

/// Plays `rounds` of the sentinel with the router: each is sent when the last has come back.
///
/// Between two network namespaces a packet is queued on the backlog of the CPU that sent it, first in, first out, and
/// the kernel handles it on that same CPU: it forwards it, which queues it again at the end, answers it, which does the
/// same, delivers it or drops it. Nothing on its way waits: neighbours are permanent, links have no queueing
/// discipline. So when a sentinel that was queued behind a packet has been handled, that packet has made at least one
/// hop, or is at its end. The next sentinel is sent only then and is queued behind it again. After as many rounds as
/// the packet may live hops, it is delivered or dead, however slow or busy the machine is; no timer is part of the
/// argument. Steering of received packets to other CPUs (`rps_cpus`) is off unless somebody turns it on for a link.
///
/// A network that is still being built loses packets in silence, and the argument does not see it: a link's queue is
/// attached some time after the link's other end came up (until then its queueing discipline is `noop`), an IPv6 address
/// is received for once it stands in the local table. Whoever builds the network waits for both.
///
/// The argument is about what this thread has sent from the CPU on which it still is; [`super::fire`] and the questions
/// of this crate see to it. Called by itself it pins the thread only for the rounds.
///
/// # Errors
/// Fails if the router does not answer: that is a broken link and says nothing of the packets.
pub fn sentinel(gateway: IpAddr, rounds: u32) -> Result<(), SentinelError> {
    let _pinned = Pinned::here().map_err(SentinelError::Pin)?;
    Sentinel::open(gateway)?.play(rounds)
}

/// The sender's side of the loop with one router.
#[derive(Debug)]
pub(crate) struct Sentinel {
    socket: Socket,
    gateway: IpAddr,
    /// Tells this sender's sentinels from others' in the same namespace.
    nonce: u64,
    sequence: u32,
}

impl Sentinel {
    pub(crate) fn open(gateway: IpAddr) -> Result<Self, SentinelError> {
        let socket = socket::receiving(gateway.is_ipv4(), PROTOCOL).map_err(SentinelError::Open)?;
        Ok(Self {
            socket,
            gateway,
            nonce: rand::random(),
            sequence: 0,
        })
    }

    pub(crate) fn play(&mut self, rounds: u32) -> Result<(), SentinelError> {
        let end = Instant::now() + PATIENCE;
        for round in 1..=rounds {
            self.sequence = self.sequence.wrapping_add(1);
            let packet = self.packet(OUT);
            self.socket
                .send_to(&packet, &raw_address(self.gateway))
                .map_err(|source| SentinelError::Send {
                    gateway: self.gateway,
                    source,
                })?;
            if !self.comes_back(end)? {
                return Err(SentinelError::Silent {
                    gateway: self.gateway,
                    round,
                    rounds,
                });
            }
        }
        Ok(())
    }

    fn comes_back(&self, end: Instant) -> Result<bool, SentinelError> {
        let wanted = self.packet(BACK);
        let mut buffer = [0; 128];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            await_any(&[self.socket.as_fd()], timeout).map_err(SentinelError::Receive)?;
            while let Some(datagram) =
                socket::receive(&self.socket, &mut buffer).map_err(SentinelError::Receive)?
            {
                if payload(&datagram) == Some(&wanted[..]) {
                    return Ok(true);
                }
            }
        }
    }

    fn packet(&self, direction: u8) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(MAGIC);
        bytes.push(direction);
        bytes.extend(self.nonce.to_be_bytes());
        bytes.extend(self.sequence.to_be_bytes());
        bytes
    }
}

/// The router's side: sends each sentinel back to whom it came from. The sockets belong to the network namespace in
/// which they were opened, wherever they are used.
#[derive(Debug)]
pub struct Echo {
    v4: Socket,
    v6: Socket,
}

impl Echo {
    /// Opens the router's sockets in the calling thread's network namespace.
    ///
    /// # Errors
    /// Fails without `CAP_NET_RAW`.
    pub fn open() -> Result<Self, SentinelError> {
        let open = |v4| socket::receiving(v4, PROTOCOL).map_err(SentinelError::Open);
        Ok(Self {
            v4: open(true)?,
            v6: open(false)?,
        })
    }

    /// Sends sentinels back until `stop` becomes readable or its other end closes.
    ///
    /// # Errors
    /// Fails if a socket breaks.
    pub fn run(&self, stop: BorrowedFd<'_>) -> Result<(), SentinelError> {
        let [v4, v6] = self.as_fds();
        loop {
            let ready =
                await_any(&[stop, v4, v6], PollTimeout::NONE).map_err(SentinelError::Receive)?;
            if ready[0] {
                return Ok(());
            }
            self.send_back()?;
        }
    }

    /// What is to be polled for reading before [`Echo::send_back`] has something to do.
    pub fn as_fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.v4.as_fd(), self.v6.as_fd()]
    }

    /// Sends back the sentinels that wait, and returns how many those were.
    ///
    /// # Errors
    /// Fails if a socket cannot be read, or a sentinel not be sent back.
    pub fn send_back(&self) -> Result<usize, SentinelError> {
        let mut buffer = [0; 128];
        let mut sent = 0;
        for socket in [&self.v4, &self.v6] {
            while sent < ECHO_BATCH
                && let Some(datagram) =
                    socket::receive(socket, &mut buffer).map_err(SentinelError::Receive)?
            {
                let sender = datagram.source;
                let Some(out) = payload(&datagram).filter(|bytes| bytes[MAGIC.len()] == OUT) else {
                    continue;
                };
                let mut back = out.to_vec();
                back[MAGIC.len()] = BACK;
                socket
                    .send_to(&back, &raw_address(sender))
                    .map_err(|source| SentinelError::Send {
                        gateway: sender,
                        source,
                    })?;
                sent += 1;
            }
        }
        Ok(sent)
    }
}

/// Sends sentinels back in the calling thread's network namespace until `stop` becomes readable or its other end closes.
///
/// Whoever must know when it has begun opens an [`Echo`] and runs that: a sentinel that comes before is lost.
///
/// # Errors
/// Fails without `CAP_NET_RAW`, or if a socket breaks.
pub fn echo_sentinels(stop: BorrowedFd<'_>) -> Result<(), SentinelError> {
    Echo::open()?.run(stop)
}

/// Which of the descriptors can be read, or have ended.
pub(super) fn await_any(fds: &[BorrowedFd<'_>], timeout: PollTimeout) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = fds
        .iter()
        .map(|fd| PollFd::new(*fd, PollFlags::POLLIN))
        .collect();
    match poll(&mut polled, timeout) {
        // An interrupted wait is one in which nothing was ready.
        Ok(_) | Err(nix::Error::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(polled.iter().map(|fd| fd.any() == Some(true)).collect())
}

/// What follows the IP header, if it is a sentinel.
fn payload<'b>(datagram: &socket::Datagram<'b>) -> Option<&'b [u8]> {
    let start = match datagram.source {
        IpAddr::V4(_) => usize::from(datagram.bytes.first()? & 0x0f) * 4,
        IpAddr::V6(_) => 0,
    };
    let payload = datagram.bytes.get(start..)?;
    (payload.len() == LENGTH && payload.starts_with(&MAGIC)).then_some(payload)
}

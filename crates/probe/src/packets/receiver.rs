//! Reads what arrives: a thread empties the sockets as packets come, so that buffers need not hold them all.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use model::Packet;
use model::packet::Transport;
use nix::poll::PollTimeout;
use serde::{Deserialize, Serialize};
use socket2::Socket;

use super::sentinel::await_any;
use super::wire::{self, Mark, Seen};
use super::{FireError, LossError, Shot, fire, losses, socket};

/// Room asked for on each socket. The machine may give less; then the batches of a sender still fit.
const BUFFER_BYTES: usize = 8 << 20;

/// Packets read at one go from one socket, so that a flood does not keep the others waiting.
const READ_BATCH: usize = 4096;

/// Packets read from one socket by a drain: more than its buffer holds, so that all that had arrived is read, and a flood
/// that goes on does not hold it up for ever.
const DRAIN_BATCH: usize = 1 << 20;

/// Largest packet that is looked into; ours are under 100 bytes, and of longer ones only the headers matter.
const PACKET_BYTES: usize = 2048;

/// What a receiver has seen since it was last drained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caught {
    /// Test packets that arrived, by identifier, as they were seen: with the addresses that translation gave them.
    pub arrived: BTreeMap<u32, Packet>,
    /// Own shots that were answered, see [`Receiver::expect`], by answers that a socket would have taken.
    pub answered: BTreeSet<u32>,
    /// Answers that came, but not from whom the shot went to or not to whom it came from: a translation that does not
    /// undo itself. No socket would take them.
    pub astray: BTreeMap<u32, Packet>,
}

/// Why it cannot be said what arrived.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// A socket could not be read.
    #[error("read a raw socket")]
    Read(#[source] io::Error),
    /// The kernel's count of dropped packets could not be had.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// A socket is not in the kernel's table: the caller is in another network namespace than the receiver's.
    #[error("find the raw socket for {0} in the kernel's table of this network namespace")]
    Unlisted(String),
    /// A socket's buffer had no room.
    #[error(
        "account for {protocol}: the receiver's buffer overflowed and {dropped} packets were dropped"
    )]
    Overflow {
        /// Which socket.
        protocol: String,
        /// Packets dropped since the last drain.
        dropped: u64,
    },
    /// A packet of ours came twice.
    #[error("account for shot {id}: it came as `{first}` and again as `{second}`")]
    Twice {
        /// Its identifier.
        id: u32,
        /// As it came first.
        first: Packet,
        /// As it came again.
        second: Packet,
    },
    /// A packet of ours came with a wrong checksum: a translation did not mend it.
    #[error("account for shot {id}: it came as `{packet}` with a wrong checksum")]
    Damaged {
        /// Its identifier, if that is sound.
        id: u32,
        /// As it came.
        packet: Packet,
    },
}

/// Sees what passes the `input` filter of the network namespace in which it was opened.
#[derive(Debug)]
pub struct Receiver {
    shared: Arc<Shared>,
    /// Closing it ends the thread.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    ears: Vec<Ear>,
    state: Mutex<State>,
}

/// One raw socket.
#[derive(Debug)]
struct Ear {
    socket: Socket,
    inode: u64,
    v4: bool,
    protocol: u8,
}

impl Ear {
    fn name(&self) -> String {
        let version = if self.v4 { 4 } else { 6 };
        format!("protocol {} over IPv{version}", self.protocol)
    }
}

#[derive(Debug, Default)]
struct State {
    caught: Caught,
    /// Own shots whose answers are awaited, by their headers and by identifier.
    expected: BTreeMap<Packet, u32>,
    expected_ids: BTreeMap<u32, Packet>,
    /// Packets dropped before the last drain, by inode.
    dropped: BTreeMap<u64, u64>,
    /// What went wrong since the last drain.
    failure: Option<DrainError>,
}

impl Receiver {
    /// Opens raw sockets for TCP, UDP and ICMP of both families, and starts to read them.
    ///
    /// # Errors
    /// Fails without `CAP_NET_RAW` in the network namespace.
    pub fn open() -> io::Result<Self> {
        Self::open_for(&BTreeSet::new())
    }

    /// As [`Receiver::open`], with further protocols by their numbers.
    ///
    /// # Errors
    /// Fails without `CAP_NET_RAW`, and for protocols that no receiver could account for.
    pub fn open_for(others: &BTreeSet<u8>) -> io::Result<Self> {
        let mut wanted = vec![
            (true, 6),
            (true, 17),
            (true, 1),
            (false, 6),
            (false, 17),
            (false, 58),
        ];
        for protocol in others {
            if !wire::accountable(*protocol, true) {
                return Err(io::Error::other(format!(
                    "a receiver cannot account for protocol {protocol}"
                )));
            }
            wanted.push((true, *protocol));
            if wire::accountable(*protocol, false) {
                wanted.push((false, *protocol));
            }
        }
        let ears = wanted
            .into_iter()
            .map(|(v4, protocol)| Ear::open(v4, protocol))
            .collect::<io::Result<Vec<_>>>()?;
        let dropped = ears.iter().map(|ear| (ear.inode, 0)).collect();
        let shared = Arc::new(Shared {
            ears,
            state: Mutex::new(State {
                dropped,
                ..State::default()
            }),
        });
        let (end, stop) = nix::unistd::pipe()?;
        let reading = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("receiver".to_owned())
            .spawn(move || reading.listen(&end))?;
        Ok(Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Says which shots are about to be sent from here, so that their answers are known. It forgets those of before.
    ///
    /// # Errors
    /// Fails if two shots could not be told apart.
    pub fn expect(&mut self, shots: &[Shot]) -> Result<(), FireError> {
        let expected = fire::index(shots)?;
        let mut state = self.shared.lock();
        state.expected_ids = shots.iter().map(|shot| (shot.id, shot.packet)).collect();
        state.expected = expected;
        Ok(())
    }

    /// Takes what was caught since the last time. Everything that had arrived when this was called is in it.
    ///
    /// # Errors
    /// Fails if anything is not accounted for; what was caught is then dropped with it, since its absence proves
    /// nothing.
    pub fn drain(&mut self) -> Result<Caught, DrainError> {
        let mut state = self.shared.lock();
        self.shared.read(&mut state, DRAIN_BATCH);
        let caught = std::mem::take(&mut state.caught);
        let losses = self.shared.losses(&mut state);
        match state.failure.take() {
            Some(failure) => Err(failure),
            None => losses.map(|()| caught),
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It can only have panicked, which it has said itself.
            let _ = thread.join();
        }
    }
}

impl Ear {
    fn open(v4: bool, protocol: u8) -> io::Result<Self> {
        let socket = socket::receiving(v4, protocol)?;
        socket::widen(&socket, BUFFER_BYTES)?;
        let inode = socket::inode(&socket)?;
        Ok(Self {
            socket,
            inode,
            v4,
            protocol,
        })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What is behind it is whole after each packet.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: reads as packets come, until the other end of `stop` closes.
    fn listen(&self, stop: &OwnedFd) {
        let mut fds = vec![stop.as_fd()];
        fds.extend(self.ears.iter().map(|ear| ear.socket.as_fd()));
        loop {
            match await_any(&fds, PollTimeout::NONE) {
                Ok(ready) if ready[0] => return,
                Ok(_) => {}
                Err(error) => {
                    self.lock().fail(DrainError::Read(error));
                    return;
                }
            }
            let mut state = self.lock();
            self.read(&mut state, READ_BATCH);
            if matches!(state.failure, Some(DrainError::Read(_))) {
                return;
            }
        }
    }

    /// Reads up to `limit` packets from each socket.
    fn read(&self, state: &mut State, limit: usize) {
        let mut buffer = [0; PACKET_BYTES];
        for ear in &self.ears {
            for _ in 0..limit {
                match socket::receive(&ear.socket, &mut buffer) {
                    Ok(None) => break,
                    Ok(Some(datagram)) => {
                        let seen = match (datagram.source, datagram.destination) {
                            (IpAddr::V4(_), _) => wire::decode_v4(datagram.bytes),
                            (source @ IpAddr::V6(_), Some(destination)) => wire::decode(
                                ear.protocol,
                                source,
                                destination.into(),
                                datagram.bytes,
                            ),
                            (IpAddr::V6(_), None) => Seen::Foreign,
                        };
                        state.note(seen);
                    }
                    Err(error) => {
                        state.fail(DrainError::Read(error));
                        return;
                    }
                }
            }
        }
    }

    /// Whether every packet that came had room; counts from now on.
    fn losses(&self, state: &mut State) -> Result<(), DrainError> {
        let name = |inode: u64| {
            let ear = self.ears.iter().find(|ear| ear.inode == inode);
            ear.map_or_else(String::new, Ear::name)
        };
        let now = losses::raw_sockets()?;
        let dropped = losses::since(&state.dropped, &now)
            .map_err(|inode| DrainError::Unlisted(name(inode)))?;
        for (inode, count) in &mut state.dropped {
            *count = now.get(inode).copied().unwrap_or(*count);
        }
        match dropped.into_iter().find(|(_, dropped)| *dropped > 0) {
            None => Ok(()),
            Some((inode, dropped)) => Err(DrainError::Overflow {
                protocol: name(inode),
                dropped,
            }),
        }
    }
}

impl State {
    fn fail(&mut self, error: DrainError) {
        // The first is the cause of the others.
        self.failure.get_or_insert(error);
    }

    fn note(&mut self, seen: Seen) {
        match seen {
            Seen::Foreign => {}
            Seen::Damaged { id, packet } => self.fail(DrainError::Damaged { id, packet }),
            Seen::Acknowledged { packet, number } => {
                // By the headers first: numbers of other connections mean nothing.
                if let Some(id) = self.expected.get(&wire::reverse(&packet))
                    && wire::acknowledges(number, *id)
                {
                    self.caught.answered.insert(*id);
                }
            }
            Seen::Marked { mark, id, packet } => {
                if mark == Mark::Answer || self.is_echo_reply(id, &packet) {
                    self.note_answer(id, packet);
                } else {
                    self.note_arrival(id, packet);
                }
            }
        }
    }

    /// Whether a kernel made it out of an echo request of ours, the payload being the request's.
    fn is_echo_reply(&self, id: u32, packet: &Packet) -> bool {
        let request = self.expected_ids.get(&id).map(|shot| shot.transport);
        matches!(
            (request, packet.transport),
            (
                Some(Transport::Icmp { kind: 8, .. }),
                Transport::Icmp { kind: 0, .. }
            ) | (
                Some(Transport::Icmpv6 { kind: 128, .. }),
                Transport::Icmpv6 { kind: 129, .. }
            )
        )
    }

    fn note_answer(&mut self, id: u32, packet: Packet) {
        let shot = self.expected_ids.get(&id);
        if shot.is_some_and(|shot| wire::reverse(shot) == packet) {
            self.caught.answered.insert(id);
        } else {
            self.caught.astray.insert(id, packet);
        }
    }

    fn note_arrival(&mut self, id: u32, packet: Packet) {
        if let Some(first) = self.caught.arrived.insert(id, packet) {
            self.fail(DrainError::Twice {
                id,
                first,
                second: packet,
            });
        }
    }
}

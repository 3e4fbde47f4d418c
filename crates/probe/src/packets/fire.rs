//! Sends test packets, and returns when none of them is on its way any more.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;

use model::packet::Transport;
use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use socket2::Socket;

use super::wire::{self, Mark, WireError};
use super::{
    Backlog, LossError, Pinned, ROUNDS, Sentinel, SentinelError, Shot, raw_address, socket,
};

/// Packets sent before a sentinel is played. Few enough that a backlog (1,000 packets by default) takes what several
/// senders on one CPU have under way, with the answers, and that a receiver's smallest buffer (about 270 small packets)
/// takes a batch and is read before the next.
const BATCH: usize = 64;

/// Rounds that end all: the packets live [`ROUNDS`] hops, and an answer that a kernel gave at the last of these lives no
/// longer in a network that a packet crosses in [`ROUNDS`].
const CLOSING_ROUNDS: u32 = 2 * ROUNDS;

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// Packets that left, by identifier.
    pub sent: BTreeSet<u32>,
    /// Packets that the sender's own kernel stopped, by identifier, with its reason: its filter, or no route. They are
    /// lost, and that is proved.
    pub stopped: BTreeMap<u32, String>,
    /// Sentinels that came back.
    pub rounds: u32,
}

/// Why it cannot be said what became of the packets.
#[derive(Debug, thiserror::Error)]
pub enum FireError {
    /// A packet cannot be made.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Two shots could not be told apart.
    #[error("tell shots {0} and {1} apart: they have the same identifier or the same headers")]
    Twins(u32, u32),
    /// No raw socket: the process lacks `CAP_NET_RAW` in its network namespace.
    #[error("open a raw socket to send on")]
    Open(#[source] io::Error),
    /// The thread could not be kept on one CPU.
    #[error("keep the sender on one CPU")]
    Pin(#[source] nix::Error),
    /// The kernel had no room, or something that is no decision on a packet.
    #[error("send shot {shot:?}")]
    Send {
        /// The shot.
        shot: Shot,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The sentinel was not played.
    #[error(transparent)]
    Sentinel(#[from] SentinelError),
    /// Whether the machine dropped packets could not be told.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// The machine dropped packets meanwhile, which may have been ours.
    #[error("account for the packets: the machine dropped {0} for want of room in a CPU's backlog")]
    Backlog(u64),
}

/// Sends the shots from the calling thread's network namespace and plays the sentinel until each has arrived or is lost.
///
/// The thread stays on one CPU meanwhile. Every packet has a time-to-live of 16.
///
/// # Errors
/// Fails if a packet cannot be made or is not accounted for. What the sender's own filter or routes stop is no error,
/// see [`Fired::stopped`].
pub fn fire(shots: &[Shot], gateway: IpAddr) -> Result<Fired, FireError> {
    index(shots)?;
    volley(shots, Mark::Shot, gateway)
}

/// Answers the UDP packets that arrived here, each with addresses and ports swapped, and plays the sentinel.
///
/// Other protocols are answered by the kernel or not at all, and are passed over.
///
/// # Errors
/// As [`fire`].
pub fn answer(arrived: &BTreeMap<u32, model::Packet>, gateway: IpAddr) -> Result<Fired, FireError> {
    let answers: Vec<Shot> = arrived
        .iter()
        .filter(|(_, packet)| matches!(packet.transport, Transport::Udp { .. }))
        .map(|(id, packet)| Shot {
            id: *id,
            packet: wire::reverse(packet),
        })
        .collect();
    volley(&answers, Mark::Answer, gateway)
}

/// Finds shots by their headers; refuses those that could not be told apart.
pub(super) fn index(shots: &[Shot]) -> Result<BTreeMap<model::Packet, u32>, FireError> {
    let mut by_packet = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for shot in shots {
        if let Some(other) = by_packet.insert(shot.packet, shot.id) {
            return Err(FireError::Twins(other, shot.id));
        }
        if !ids.insert(shot.id) {
            return Err(FireError::Twins(shot.id, shot.id));
        }
    }
    Ok(by_packet)
}

fn volley(shots: &[Shot], mark: Mark, gateway: IpAddr) -> Result<Fired, FireError> {
    // Made before the first is sent, so that a packet which cannot be made leaves nothing half done.
    let packets: Vec<Vec<u8>> = shots
        .iter()
        .map(|shot| wire::encode(&shot.packet, mark, shot.id))
        .collect::<Result<_, _>>()?;
    let v4 = socket::sending(true).map_err(FireError::Open)?;
    let v6 = socket::sending(false).map_err(FireError::Open)?;
    let mut sentinel = Sentinel::open(gateway)?;
    let mut fired = Fired::default();

    let _pinned = Pinned::here().map_err(FireError::Pin)?;
    let before = Backlog::now()?;
    for (sent, (shot, packet)) in shots.iter().zip(&packets).enumerate() {
        if sent > 0 && sent % BATCH == 0 {
            sentinel.play(ROUNDS)?;
            fired.rounds += ROUNDS;
        }
        let socket = if shot.packet.destination.is_ipv4() {
            &v4
        } else {
            &v6
        };
        match send(socket, shot, packet)? {
            None => {
                fired.sent.insert(shot.id);
            }
            Some(reason) => {
                fired.stopped.insert(shot.id, reason);
            }
        }
    }
    sentinel.play(CLOSING_ROUNDS)?;
    fired.rounds += CLOSING_ROUNDS;
    match Backlog::now()?.grown_since(before) {
        0 => Ok(fired),
        dropped => Err(FireError::Backlog(dropped)),
    }
}

/// Sends one packet; returns why the kernel stopped it, if it did.
fn send(socket: &Socket, shot: &Shot, packet: &[u8]) -> Result<Option<String>, FireError> {
    let failed = |source| FireError::Send {
        shot: *shot,
        source,
    };
    match socket.send_to(packet, &raw_address(shot.packet.destination)) {
        Ok(length) if length == packet.len() => Ok(None),
        Ok(length) => Err(failed(io::Error::other(format!(
            "{length} bytes of {} left",
            packet.len()
        )))),
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EPERM) => Ok(Some("the sender's filter dropped it".to_owned())),
            // What the routing tables say of destinations that do not exist: none, unreachable, prohibit, blackhole.
            Some(
                errno @ (Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EACCES | Errno::EINVAL),
            ) => Ok(Some(format!("the sender has no route for it: {errno}"))),
            _ => Err(failed(error)),
        },
    }
}

//! Raw packets, each with an identifier, and what became of each.
//!
//! A sender fires [`Shot`]s; a [`Receiver`] on every host sees, by raw sockets and therefore behind the host's `input`
//! filter, what arrived, and on the sender what was answered. When [`fire`] returns, every shot has been delivered or is
//! dead, and so is every answer that a kernel gave: [`sentinel`] says why. UDP is answered by [`answer`], after which
//! the sender's receiver is drained.
//!
//! How a packet is known again: its payload is a magic text and its identifier. A TCP packet opens a connection with
//! the identifier as sequence number, so that the answer of the receiving kernel, a reset or a SYN-ACK, acknowledges
//! it. An ICMP echo request is answered by the receiving kernel with the same payload; other messages of ICMP, and
//! other protocols, only go forward. Whatever cannot be accounted for is an error that names it: an overflown buffer, a
//! packet that came twice, a checksum that a translation broke. It is never taken for loss.

use std::net::IpAddr;

use model::Packet;
use serde::{Deserialize, Serialize};

mod fire;
mod losses;
mod pin;
mod receiver;
mod sentinel;
mod socket;
mod wire;

pub use fire::{FireError, Fired, answer, fire};
pub use losses::LossError;
pub use receiver::{Caught, DrainError, Receiver};
pub use sentinel::{Echo, ROUNDS, SentinelError, echo_sentinels, sentinel};
pub use wire::WireError;

pub(crate) use losses::Backlog;
pub(crate) use pin::Pinned;
pub(crate) use sentinel::Sentinel;

/// One test packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    /// Unique among all packets of a run, whoever sends them.
    pub id: u32,
    /// As its sender sends it.
    pub packet: Packet,
}

/// The address with zero for a port or protocol, as raw sockets want it.
fn raw_address(address: IpAddr) -> socket2::SockAddr {
    std::net::SocketAddr::new(address, 0).into()
}

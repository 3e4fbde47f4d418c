//! What one interface can send to another, and the packets that test it.

use std::net::IpAddr;

use model::id::InterfaceId;
use model::packet::Packet;

use crate::boxes::HeaderBox;

/// What one address of an interface can send to one address of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The sender.
    pub from: InterfaceId,
    /// The receiver.
    pub to: InterfaceId,
    /// The sender's address that packets carry when they are sent.
    pub source: IpAddr,
    /// The address of the receiver's that packets are sent to: its own, or its public one.
    pub destination: IpAddr,
    /// Packets as sent that arrive; disjoint.
    pub forward: Vec<HeaderBox>,
    /// Those of them whose answer comes back: TCP, UDP and echo requests; disjoint.
    pub answered: Vec<HeaderBox>,
    /// Packets of which it is not known whether they arrive.
    pub unknown: Vec<Doubt>,
    /// Packets that arrive, of which it is not known whether the answer comes back.
    pub unknown_answers: Vec<Doubt>,
}

/// Headers whose fate is not known, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The headers, as sent; disjoint.
    pub boxes: Vec<HeaderBox>,
    /// What the model does not hold, by name.
    pub reason: String,
}

/// A packet of the matrix and what must become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sample {
    /// The packet as sent.
    pub packet: Packet,
    /// Whether it arrives.
    pub delivered: bool,
    /// Whether its answer comes back; none where nothing answers it, or it is not known.
    pub answered: Option<bool>,
}

/// What must become of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Predicted {
    /// Whether it arrives.
    pub delivered: bool,
    /// Whether its answer comes back; none where nothing answers it, or it is not known.
    pub answered: Option<bool>,
}

/// The packets that test a delivery: each corner of each box, and the packet on either side of each corner.
pub fn samples(_delivery: &Delivery) -> Vec<Sample> {
    Vec::new()
}

/// What a delivery says of a packet; none when that is unknown, or the packet is not between its two addresses.
pub fn predicted(_delivery: &Delivery, _packet: &Packet) -> Option<Predicted> {
    None
}

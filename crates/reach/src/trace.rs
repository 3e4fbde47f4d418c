//! One packet's way, hop by hop, with the rule that decides at each.

use model::Network;
use model::claim::Hop;
use model::id::InterfaceId;
use model::packet::Packet;

use crate::prover::Origin;

/// What became of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Delivered {
        /// Where.
        to: InterfaceId,
        /// As its receiver sees it.
        packet: Packet,
    },
    /// It was lost at the last hop.
    Lost,
    /// It met something that the model does not hold.
    Unknown(String),
}

/// One packet's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Each decision, in order.
    pub hops: Vec<Hop>,
    /// What became of it.
    pub outcome: Outcome,
}

/// A packet's way, and its answer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The packet's way.
    pub forward: Trace,
    /// The answer's way, when the packet arrived and is one that is answered: TCP, UDP, an echo request.
    pub reply: Option<Trace>,
}

/// Follows one packet, and its answer.
pub fn trace(_network: &Network, _from: &Origin, _packet: &Packet) -> Journey {
    Journey {
        forward: Trace {
            hops: Vec::new(),
            outcome: Outcome::Lost,
        },
        reply: None,
    }
}

//! One packet's way, hop by hop, with the rule that decides at each.
//!
//! Written for single packets from the rules of the model alone: it shares with the prover no code that decides, so that
//! each can be held against the other.

mod decide;
mod follow;
mod nat;
mod outside;
mod transit;
mod vpc;

use model::Network;
use model::claim::Hop;
use model::packet::{Packet, Transport};

use crate::endpoint::Endpoint;
use follow::Follower;

/// What became of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Delivered {
        /// Where: an interface; or a site, at an address of it where no interface stands.
        to: Endpoint,
        /// As its receiver sees it. Behind a NAT gateway the source port is one of the gateway's choice, from 1024 up; it
        /// stands here as it was sent.
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
    /// The answer's way, when the packet arrived at an interface and is one that is answered: TCP, UDP, an echo request.
    pub reply: Option<Trace>,
}

impl Journey {
    /// Every hop of the packet, then every hop of the answer.
    pub fn hops(&self) -> Vec<Hop> {
        let reply = self.reply.iter().flat_map(|reply| &reply.hops);
        self.forward.hops.iter().chain(reply).cloned().collect()
    }
}

/// Follows one packet, and its answer.
///
/// A packet whose source is not the sender's own is lost at once.
pub fn trace(network: &Network, from: &Endpoint, packet: &Packet) -> Journey {
    let mut follower = Follower::new(network, *packet);
    let outcome = follower.forward(from);
    let answer = match &outcome {
        Outcome::Delivered {
            to: to @ Endpoint::Interface(_),
            packet,
        } => answer_to(packet).map(|answer| (to.clone(), answer)),
        _ => None,
    };
    let reply = answer.map(|(receiver, answer)| {
        let mut answering = follower.answering(answer);
        let outcome = answering.back(&receiver, from, packet);
        Trace {
            hops: answering.hops,
            outcome,
        }
    });
    Journey {
        forward: Trace {
            hops: follower.hops,
            outcome,
        },
        reply,
    }
}

/// What a receiver answers to a packet; none to one that nothing answers.
fn answer_to(packet: &Packet) -> Option<Packet> {
    let transport = match packet.transport {
        Transport::Tcp {
            source,
            destination,
        } => Transport::Tcp {
            source: destination,
            destination: source,
        },
        Transport::Udp {
            source,
            destination,
        } => Transport::Udp {
            source: destination,
            destination: source,
        },
        Transport::Icmp { kind: 8, code: 0 } => Transport::Icmp { kind: 0, code: 0 },
        Transport::Icmpv6 { kind: 128, code: 0 } => Transport::Icmpv6 { kind: 129, code: 0 },
        Transport::Icmp { .. } | Transport::Icmpv6 { .. } | Transport::Other(_) => return None,
    };
    Some(Packet {
        source: packet.destination,
        destination: packet.source,
        transport,
    })
}

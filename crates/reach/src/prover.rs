//! The prover: one network, and what was worked out about it so far.

use std::fmt;

use model::Network;
use model::id::{InterfaceId, SiteId};

use crate::delivery::Delivery;

/// Who sends: an interface with its own addresses, or anybody at a site outside AWS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// An interface.
    Interface(InterfaceId),
    /// A site with its whole address space.
    Site(SiteId),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(id) => write!(f, "{id}"),
            Self::Site(id) => write!(f, "{id}"),
        }
    }
}

/// Proves intents on one network, and keeps what several of them need.
pub struct Prover<'n> {
    pub(crate) network: &'n Network,
}

impl<'n> Prover<'n> {
    /// Reads a network.
    pub fn new(network: &'n Network) -> Self {
        Self { network }
    }

    /// The network's faults: references to what is not there, and what the model's semantics leave open.
    pub fn problems(&self) -> &[String] {
        &[]
    }

    /// What one interface can send to another: one for each pair of a sender's and a receiver's address of one family.
    pub fn delivery(&self, _from: &InterfaceId, _to: &InterfaceId) -> Vec<Delivery> {
        let _ = self.network;
        Vec::new()
    }
}

/// The network's faults, by [`Prover::problems`].
pub fn problems(network: &Network) -> Vec<String> {
    Prover::new(network).problems().to_vec()
}

/// What one interface can send to another, by [`Prover::delivery`].
pub fn delivery(network: &Network, from: &InterfaceId, to: &InterfaceId) -> Vec<Delivery> {
    Prover::new(network).delivery(from, to)
}

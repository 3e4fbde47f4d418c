//! What can reach what: proofs over a [`model::Network`], exact for every packet header.
//!
//! Two ways lead through a network. [`Prover`] carries *sets* of headers, as disjoint interval boxes, from a sender
//! through every filter, route and translation to each receiver, and the answers back: so it can say "nothing". [`trace()`]
//! follows *one* packet and names the rule that decides at each hop: so it can show why. They share no code that decides,
//! and tests hold them against each other.
//!
//! Verdicts have three values. Whatever lies behind something that the model does not hold is unknown, never "holds".
//! A proof speaks of network paths alone; [`NOT_LOOKED_BEHIND`] names the other doors.
//!
//! Senders do not forge: an interface sends from its own addresses, a site from its own address space. What an interface
//! without the source and destination check might forward is unknown.
//!
//! This crate knows nothing of estates, products or people, and has no clock, randomness, environment, file or logger.

mod addresses;
mod atlas;
mod boxes;
mod carried;
mod delivery;
mod endpoint;
mod family;
mod filter;
mod interval;
mod landing;
mod problems;
mod prove;
mod prover;
mod routes;
#[cfg(test)]
mod tests;
mod trace;
mod walk;

pub use boxes::{BoxSet, HeaderBox, MAX_BOXES, TooManyBoxes};
pub use delivery::{Delivery, Doubt, Predicted, Sample, predicted, samples};
pub use endpoint::Endpoint;
pub use family::Family;
pub use interval::{Interval, Whole};
pub use problems::problems;
pub use prove::{NOT_LOOKED_BEHIND, Proof, prove};
pub use prover::{Prover, delivery};
pub use trace::{Journey, Outcome, Trace, trace};

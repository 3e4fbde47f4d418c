//! Tests of a design as a whole: of the example, of generated estates, and of estates that must be refused.

#![expect(clippy::panic, reason = "a test fails by a panic")]

mod acme;
mod bastions;
mod estates;
mod faults;
mod filters;
mod firewall;
mod links;
mod proofs;
mod properties;
mod refusals;

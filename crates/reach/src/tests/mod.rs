//! Tests of the whole crate: planned networks, and random ones on which the prover and the tracer must agree.

mod agreement;
mod algebra;
mod faults;
mod firewalls;
mod intents;
mod matrix;
mod outbound;
mod paths;
mod peerings;
mod plan;
mod seeded;
mod transit;

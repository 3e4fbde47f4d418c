//! Runs, their journal and their evidence, as versioned, append-only, hash-chained JSON lines in a folder.
//!
//! This crate knows nothing of what its records mean, and never rewrites one. What it publishes besides records it
//! writes aside, verifies and renames, so that a reader sees the old file or the new one and never half of one.

mod chain;
mod publish;
mod run;

pub use chain::{Chain, ChainError, FORMAT, Read, Record, read};
pub use publish::{PublishError, publish, publish_private};
pub use run::{Run, RunError, RunId};

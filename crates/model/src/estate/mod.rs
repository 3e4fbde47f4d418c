//! The estate: what one customer's managed cloud is to be.

mod check;
mod like;
mod read;
mod sections;
mod types;
mod waiver;

pub use read::{FORMAT, Reading, checks, read};
pub use types::*;

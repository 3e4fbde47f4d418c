//! The estate: what one customer's managed cloud is to be.

mod like;
mod read;
mod sections;
mod types;

pub use read::{FORMAT, Reading, read};
pub use types::*;

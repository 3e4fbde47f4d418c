//! The estate: what one customer's managed cloud is to be.

mod check;
mod like;
mod read;
mod reserved;
mod sections;
mod types;
mod waiver;

pub use read::{FORMAT, Reading, checks, read};
pub use reserved::{RESERVED_ENVIRONMENTS, RESERVED_PRODUCTS};
pub use types::*;

//! The estate: what one customer's managed cloud is to be.

mod types;

pub use types::*;

//! The estate: what one customer's managed cloud is to be.

mod check;
mod explain;
mod format;
mod layers;
mod like;
mod read;
mod reserved;
mod sections;
mod types;
mod waiver;

pub use crate::document::{Kind, Need, Shape};
pub use explain::{Explanation, Origin, Place, UnknownKey, explain};
pub use format::{Entry, Format, QUESTIONS, Starter, describe};
pub use layers::{Source, Sources};
pub use read::{FORMAT, Reading, Shown, checks, read, read_files};
pub use reserved::{RESERVED_ENVIRONMENTS, RESERVED_PRODUCTS};
pub use types::*;

//! The format of `estate.toml`, as its reader tells it: every path, what may stand there, what it means.

mod describe;
mod manual;
mod schema;
mod starter;
mod tree;
mod words;

pub use describe::{Entry, Format, describe};
pub use starter::{QUESTIONS, Starter};
pub(super) use tree::{Node, tree};

//! The questions, one module for each.

pub(crate) mod console;
pub(crate) mod database;
pub(crate) mod health;
pub(crate) mod mail;
pub(crate) mod resolve;
pub(crate) mod ssh;
pub(crate) mod time;

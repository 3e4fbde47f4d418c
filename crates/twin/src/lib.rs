//! The twin: a network stood up on this machine, with a program in each of its hosts.
//!
//! A supervisor in new user, mount, pid, network, UTS and IPC namespaces starts PID 1, which owns every namespace, link,
//! filter and process of the twin and takes them with it when it ends; it ends when its starter does. It needs no root,
//! no container engine and no other program, and touches nothing of the machine's outside its run folder.
//!
//! This crate knows nothing of estates, nor of what the programs do: it starts the commands that it is given and carries
//! JSON between them and the starter.

mod chain;
mod control;
mod doctor;
mod filter;
mod hidden;
pub mod host;
pub mod kept;
mod layout;
mod mounts;
mod netlink;
pub mod stand;
mod supervise;
pub mod vpn;

pub use doctor::{Capability, doctor};
pub use hidden::main_if_hidden;
pub use kept::{Kept, KeptError, enter, kept, stop_kept};
pub use mounts::DATA;
pub use supervise::{
    ASK_LIMIT, AskError, Memory, Plan, Program, Timings, Twin, TwinError, routers, uid_range,
};

pub(crate) use chain::explain;

//! The shell that acts: reads an estate's folder, proves, rehearses, asks, compares and records.
//!
//! It composes what the other crates decide and do. It knows nothing of the terminal: what it has to tell on its way it
//! tells a [`Progress`].

mod asking;
mod credentials;
mod doctor;
mod fault;
mod flow;
mod folder;
pub mod host;
mod kept;
mod link;
mod matrix;
mod message;
mod names;
mod outcome;
mod proof;
mod rehearsal;
mod secrets;
mod sources;
mod staging;
mod tunnels;
mod turns;

pub use doctor::doctor;
pub use fault::{Caught, Deviation, FAULTS, Fault, fault_table};
pub use folder::{Folder, FolderError, Loaded};
pub use kept::{KeptError, SUBCOMMAND as LOGIN_SUBCOMMAND, enter_shell, login_command};
pub use link::{LinkFolder, LinkPack, link_pack};
pub use names::{Names, NamesForm, NamesVerified, name_verdict};
pub use peers::daemon::{
    PeerChoice, SUBCOMMAND as DAEMON_SUBCOMMAND, UnknownChoice, main as daemon_main,
};
pub use proof::prove;
pub use rehearsal::{Options, Progress, RehearseError, Rehearsed, UnwrittenError, rehearse};
pub use secrets::{ResolveError, Surroundings, resolve};
pub use tunnels::{SUBCOMMAND as VPN_SUBCOMMAND, main as vpn_main};

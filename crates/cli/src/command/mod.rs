//! The commands.

mod begin;
mod estate;
mod explain;
mod failure;
mod link;
mod names;
mod rehearse;
mod secrets;
mod twin;

use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) use begin::{new, schema};
pub(crate) use estate::{check, design, prove};
pub(crate) use explain::explain;
pub(crate) use failure::{Failure, Unready};
pub(crate) use link::link;
pub(crate) use names::names;
pub(crate) use rehearse::rehearse;
pub(crate) use secrets::Tried;
pub(crate) use twin::{doctor, ssh, twin_ls, twin_stop};

/// What every command is given.
pub(crate) struct Given {
    /// Results as JSON.
    pub(crate) json: bool,
    /// A folder of catalogue files.
    pub(crate) catalog: Option<PathBuf>,
}

/// Runs one of the twin's own processes, if this is one.
pub(crate) fn hidden(argv: &[String]) -> Option<ExitCode> {
    if let Some(code) = ::twin::main_if_hidden(argv) {
        return Some(code);
    }
    match argv.get(1)?.as_str() {
        steward::host::SUBCOMMAND => Some(steward::host::main()),
        steward::host::ROUTER_SUBCOMMAND => Some(steward::host::router_main()),
        steward::VPN_SUBCOMMAND => Some(steward::vpn_main()),
        steward::DAEMON_SUBCOMMAND => Some(steward::daemon_main(argv.get(2..).unwrap_or_default())),
        steward::LOGIN_SUBCOMMAND => Some(twin::login(argv.get(2..).unwrap_or_default())),
        _ => None,
    }
}

/// Prints a value as JSON on standard output.
pub(crate) fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::Json)?;
    outln!("{text}");
    Ok(())
}

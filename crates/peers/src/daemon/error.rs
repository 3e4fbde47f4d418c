//! Why a daemon does not stand, with its own last words.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::software::Software;

/// Why a daemon does not stand.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Its files could not be written.
    #[error("write {} for {}", path.display(), software.name())]
    Prepare {
        /// The daemon.
        software: Software,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A value of the plan cannot be said in its configuration.
    #[error("tell {} {what}: it has a character that its configuration cannot hold", software.name())]
    Unspeakable {
        /// The daemon.
        software: Software,
        /// What it was to be told.
        what: &'static str,
    },
    /// Users that it runs as are not on this machine.
    #[error("find the user or group `{name}`, which {} runs as", software.name())]
    NoUser {
        /// The daemon.
        software: Software,
        /// The user or group.
        name: &'static str,
    },
    /// The program could not be started.
    #[error("start {}", software.name())]
    Start {
        /// The daemon.
        software: Software,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It ended when it was to serve, or failed at what it had to do before.
    #[error("keep {} running: {status}, and its last words are: {words}", software.name())]
    Ended {
        /// The daemon.
        software: Software,
        /// How it ended.
        status: ExitStatus,
        /// The last lines that it wrote.
        words: String,
    },
    /// It runs and does not answer.
    #[error("hear from {} within {limit:?}; its last words are: {words}", software.name())]
    Silent {
        /// The daemon.
        software: Software,
        /// How long it was asked.
        limit: Duration,
        /// The last lines that it wrote.
        words: String,
    },
}

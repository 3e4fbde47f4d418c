//! Why a twin does not start, answer or end.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use model::HostId;

use super::STOP_LIMIT;
use crate::control::LineError;
use crate::control::order::Failure;

/// Why a twin did not start, or did not end.
#[derive(Debug, thiserror::Error)]
pub enum TwinError {
    /// The machine, or the caller's rights on it, do not allow a twin.
    #[error("run a twin here: {what}")]
    CannotRunHere {
        /// What is not allowed or missing.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The plan cannot be carried out anywhere.
    #[error("make sense of the twin's plan: {0}")]
    Plan(String),
    /// The run folder cannot be used.
    #[error("use the folder {}", path.display())]
    RunDir {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The supervisor could not be started.
    #[error("start the twin's supervisor")]
    Spawn(#[source] io::Error),
    /// A step of the supervisor or of PID 1 failed.
    #[error("start the twin: {0}")]
    Inside(String),
    /// The network could not be stood up.
    #[error("stand the network up: {0}")]
    Network(String),
    /// A program could not be started, died, or answered its first message with an error.
    #[error("start the program of {host}: {detail}")]
    Program {
        /// Whose program.
        host: HostId,
        /// What happened, and the last lines that it wrote.
        detail: String,
    },
    /// The twin ended, or did not answer, while it was starting; its log has the reason if there is one.
    #[error("start the twin (log: {})", log.display())]
    Silent {
        /// PID 1's log.
        log: PathBuf,
        /// What was heard instead.
        #[source]
        source: AskError,
    },
    /// The twin still ran when the limit for its end had passed.
    #[error("end the twin within {} s", STOP_LIMIT.as_secs())]
    Undead,
    /// The twin is not to be released.
    #[error("keep the twin")]
    Release(#[source] AskError),
}

/// Why a question to a twin has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The twin has no such host.
    #[error("ask {0}: the twin has no such host")]
    NoSuchHost(HostId),
    /// The host's program is no more; how it ended.
    #[error("ask {host}: {how}")]
    HostGone {
        /// The host.
        host: HostId,
        /// How its program ended.
        how: String,
    },
    /// The host's program, or PID 1, answered with an error.
    #[error("{0}")]
    Refused(String),
    /// No answer came in time.
    #[error("hear an answer within {} s", .0.as_secs())]
    Late(Duration),
    /// The twin is no more.
    #[error("reach the twin: it has ended")]
    Ended,
    /// The question or the answer could not go over the wire.
    #[error("carry a question or its answer: {0}")]
    Wire(String),
}

impl AskError {
    pub(crate) fn of(host: &HostId, error: LineError) -> Self {
        match error {
            LineError::Gone(how) => Self::HostGone {
                host: host.clone(),
                how,
            },
            other => other.into(),
        }
    }
}

impl From<LineError> for AskError {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Refused(why) | LineError::Gone(why) => Self::Refused(why),
            LineError::Late(limit) => Self::Late(limit),
            LineError::Ended => Self::Ended,
            LineError::Frame(source) => Self::Wire(source.to_string()),
            LineError::Json(source) => Self::Wire(source.to_string()),
            LineError::Open(source) => Self::Wire(source.to_string()),
        }
    }
}

impl From<Failure> for TwinError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::CannotRunHere { what, remedy } => Self::CannotRunHere { what, remedy },
            Failure::Twin(detail) => Self::Inside(detail),
            Failure::Network(detail) => Self::Network(detail),
            Failure::Program { host, detail } => Self::Program { host, detail },
        }
    }
}

//! Why a command did not do its work, the exit code for it, and what to try next.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use ledger::PublishError;
use model::Finding;
use steward::{FolderError, KeptError, RehearseError};

use crate::exit::Exit;

/// Findings that stop the road, and the files that they are about.
#[derive(Debug)]
pub(crate) struct Unready {
    /// What messages call the estate.
    pub(crate) name: String,
    /// The names of the files that spans count.
    pub(crate) files: Vec<String>,
    /// The findings.
    pub(crate) findings: Vec<Finding>,
}

/// Each reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The estate's folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The estate has findings that stop the road; they have been shown.
    #[error("go on with {}: it has findings that nobody waived", .0.name)]
    Findings(Box<Unready>),
    /// A key cannot be explained.
    #[error(transparent)]
    Explain(#[from] model::estate::UnknownKey),
    /// There is something already where a new estate is to be.
    #[error("begin an estate in {}: {what}", folder.display())]
    Begin {
        /// The folder.
        folder: PathBuf,
        /// What is in the way.
        what: String,
    },
    /// A file of a new estate cannot be written.
    #[error("write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nobody is there to be asked.
    #[error("ask about the estate: standard input is no terminal")]
    NoTerminal,
    /// The answers ended, or none could be used.
    #[error("get an answer about {0}")]
    NoAnswer(&'static str),
    /// What `design` would write differs from what is there.
    #[error("find {0} unchanged: the design says something else than the file")]
    Changed(String),
    /// A file cannot be written.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A result has no JSON form.
    #[error("print the result as JSON")]
    Json(#[source] serde_json::Error),
    /// A file to hand over cannot be rendered.
    #[error(transparent)]
    Render(handover::RenderError),
    /// A server that is to be asked has no address.
    #[error("find the address of {server}")]
    Server {
        /// What was named.
        server: String,
        /// Why; none where the name has no address.
        #[source]
        source: Option<io::Error>,
    },
    /// Questions cannot be asked from here.
    #[error("ask questions from this process")]
    Ask(#[source] io::Error),
    /// An earlier lock cannot be read.
    #[error("read the earlier lock {}", path.display())]
    Before {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No fault has that name.
    #[error("plant `{name}`: there is no such fault; there are {known}")]
    NoFault {
        /// What was asked for.
        name: String,
        /// The names of all faults.
        known: String,
    },
    /// There was no rehearsal.
    #[error("rehearse")]
    Rehearse(#[source] RehearseError),
    /// The rehearsal's report is not on disk.
    #[error("keep the report of this rehearsal")]
    Unwritten(#[source] steward::UnwrittenError),
    /// Ctrl-C cannot be watched for.
    #[error("watch for interruptions")]
    Interrupt(#[source] ctrlc::Error),
    /// Kept twins cannot be looked for.
    #[error("look for kept twins")]
    Kept(#[source] twin::KeptError),
    /// No kept twin fits.
    #[error("find a kept twin {0}")]
    NoTwin(String),
    /// Several kept twins fit.
    #[error("choose between the kept twins called `{0}`: {1}")]
    Ambiguous(String, String),
    /// A kept twin cannot be entered or stopped.
    #[error("use the kept twin of {label}")]
    Twin {
        /// The estate's name.
        label: String,
        /// Why.
        #[source]
        source: twin::KeptError,
    },
    /// A login on the workstation failed.
    #[error(transparent)]
    Login(#[from] KeptError),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Rehearse(RehearseError::Twin(twin::TwinError::CannotRunHere { .. })) => {
                Exit::CannotRunHere
            }
            Self::Rehearse(
                RehearseError::Twin(_) | RehearseError::Run(_) | RehearseError::Peers(_),
            ) => Exit::CannotRunHere,
            Self::Publish(_)
            | Self::Unwritten(_)
            | Self::Write { .. }
            | Self::Ask(_)
            | Self::Interrupt(_)
            | Self::Kept(_)
            | Self::Twin { .. } => Exit::CannotRunHere,
            Self::Folder(FolderError::Publish(_)) => Exit::CannotRunHere,
            Self::Login(KeptError::NoRoute { .. }) => Exit::BadInput,
            Self::Changed(_) | Self::Login(_) => Exit::Fails,
            _ => Exit::BadInput,
        }
    }

    /// Whether results went to standard output before it, so that nothing else belongs there.
    pub(crate) fn follows_results(&self) -> bool {
        matches!(self, Self::Unwritten(_))
    }

    /// The findings that are the reason, where that is so.
    pub(crate) fn findings(&self) -> Option<&Unready> {
        match self {
            Self::Findings(unready) => Some(unready),
            _ => None,
        }
    }

    /// The next thing to try, where there is one.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Folder(FolderError::NoEstate { .. }) => Some("name the folder that has the estate.toml".to_owned()),
            Self::Findings(_) => Some("mend what was found above, or waive it in the estate with reason, owner and expiry".to_owned()),
            Self::Begin { .. } => Some("reeve new with another name; nothing is ever overwritten".to_owned()),
            Self::NoTerminal | Self::NoAnswer(_) => Some("reeve new NAME --defaults, and change the file".to_owned()),
            Self::Write { .. } => Some("make room on the disk, or make the folder writable".to_owned()),
            Self::Changed(_) => Some("reeve design ESTATE, and commit what it writes".to_owned()),
            Self::Server { .. } => Some("name the server by its address: 10.200.0.53, [2001:db8::53]:53".to_owned()),
            Self::NoFault { .. } => Some("reeve rehearse --list-faults".to_owned()),
            Self::Rehearse(RehearseError::Twin(twin::TwinError::CannotRunHere { remedy, .. })) => {
                Some(format!("{remedy}; `reeve doctor` tells what else this machine lacks"))
            }
            Self::Rehearse(RehearseError::Twin(_) | RehearseError::Peers(_)) => {
                Some("reeve doctor, or reeve rehearse ESTATE --peers embedded, which needs no daemon".to_owned())
            }
            Self::Unwritten(_) | Self::Rehearse(RehearseError::Run(_)) => {
                Some("make room on the disk, or name another folder with --records".to_owned())
            }
            Self::Publish(_) | Self::Folder(FolderError::Publish(_)) => {
                Some("make room on the disk, or make the folder writable".to_owned())
            }
            Self::Ambiguous(..) => Some("reeve twin stop PROCESS, or --all".to_owned()),
            Self::NoTwin(_) => Some("reeve twin ls, or reeve rehearse ESTATE --keep".to_owned()),
            _ => None,
        }
    }
}

//! Exit codes, a documented contract.

use std::process::ExitCode;

use model::Verdict;

/// What `--help` says of them.
pub(crate) const HELP: &str = "\
Exit codes:
  0  holds: everything that was asked is so
  1  fails: something is not so, and the output names it
  2  bad input: the command line, the estate or a file beside it
  3  cannot run here: this machine does not allow it, or a disk is full
  4  unknown: nothing fails, but something could not be told
130  interrupted (128 and the signal's number), 141 the reader of the output went away
`reeve ssh` ends with the status of what ran there.";

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked is so.
    Holds,
    /// Something is not so.
    Fails,
    /// The command line, the estate or a file beside it.
    BadInput,
    /// This machine does not allow it.
    CannotRunHere,
    /// It could not be told.
    Unknown,
    /// The status of a command that ran elsewhere.
    Status(u8),
}

impl Exit {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Fails => 1,
            Self::BadInput => 2,
            Self::CannotRunHere => 3,
            Self::Unknown => 4,
            Self::Status(status) => status,
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Holds => Self::Holds,
            Verdict::Fails => Self::Fails,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

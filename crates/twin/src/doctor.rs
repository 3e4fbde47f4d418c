//! What this machine can rehearse, and the remedy for the rest.

mod daemons;
mod limits;
pub(crate) mod probe;

use model::Verdict;

/// One thing that a rehearsal may need.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Capability {
    /// What it is, in two or three words.
    pub name: String,
    /// Whether the machine has it.
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
    /// What to do when it is missing.
    pub remedy: Option<String>,
    /// Whether no twin stands without it. The rest makes a twin truer, or lets real daemons stand in it.
    pub required: bool,
}

/// Tries what the machine allows, in a child process that changes nothing and is gone afterwards.
///
/// Runs this very executable again, which must call [`crate::main_if_hidden`] first thing.
#[must_use]
pub fn doctor() -> Vec<Capability> {
    let mut found = probe::run();
    found.extend(limits::all());
    found.extend(daemons::all().into_iter().map(Capability::optional));
    found
}

impl Capability {
    fn holds(name: &str, detail: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            verdict: Verdict::Holds,
            detail: detail.into(),
            remedy: None,
            required: true,
        }
    }

    fn fails(name: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            verdict: Verdict::Fails,
            detail: detail.into(),
            remedy: Some(remedy.into()),
            required: true,
        }
    }

    fn unknown(name: &str, detail: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            verdict: Verdict::Unknown,
            detail: detail.into(),
            remedy: None,
            required: true,
        }
    }

    /// Of something that a twin stands without.
    fn optional(self) -> Self {
        Self {
            required: false,
            ..self
        }
    }
}

//! A run: one folder with a journal, evidence and what was made of them.

use std::fmt;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use model::Evidence;
use serde::Serialize;

use crate::chain::{Chain, ChainError};

/// A run's name: when it began and a few letters of chance, `20261122T211500Z-4f2a`. Names sort by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(String);

impl RunId {
    /// Names a run that begins now.
    pub fn new(now: Timestamp, chance: u16) -> Self {
        Self(format!("{}-{chance:04x}", now.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a run could not be opened or recorded.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder cannot be made.
    #[error("make the run's folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A record cannot be written.
    #[error(transparent)]
    Record(#[from] ChainError),
}

/// A run that is being recorded.
#[derive(Debug)]
pub struct Run {
    folder: PathBuf,
    journal: Chain,
    evidence: Chain,
}

impl Run {
    /// Makes the run's folder `ROOT/runs/ID`, readable by its owner alone, and begins its records.
    ///
    /// # Errors
    /// Fails when the folder exists or the disk does not take it.
    pub fn create(root: &Path, id: &RunId) -> Result<Self, RunError> {
        let runs = root.join("runs");
        let folder = runs.join(id.as_str());
        let made = fs::create_dir_all(&runs)
            .and_then(|()| fs::DirBuilder::new().mode(0o700).create(&folder));
        made.map_err(|source| RunError::Folder {
            path: folder.clone(),
            source,
        })?;
        let journal = Chain::create(&folder.join("journal.jsonl"))?;
        let evidence = Chain::create(&folder.join("evidence.jsonl"))?;
        Ok(Self {
            folder,
            journal,
            evidence,
        })
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes what is about to be done, or what was done.
    ///
    /// # Errors
    /// Fails when the disk does not take it.
    pub fn note<T: Serialize>(
        &mut self,
        at: Timestamp,
        kind: &str,
        body: &T,
    ) -> Result<(), RunError> {
        Ok(self.journal.append(at, kind, body)?)
    }

    /// Keeps evidence.
    ///
    /// # Errors
    /// Fails when the disk does not take it.
    pub fn keep(&mut self, evidence: &[Evidence]) -> Result<(), RunError> {
        for item in evidence {
            self.evidence.append(item.at, "evidence", item)?;
        }
        Ok(())
    }

    /// Closes the records: the journal's last line vouches for the evidence.
    ///
    /// # Errors
    /// Fails when the disk does not take it.
    pub fn finish<T: Serialize>(&mut self, at: Timestamp, body: &T) -> Result<(), RunError> {
        #[derive(Serialize)]
        struct Finished<'a, T> {
            evidence: &'a str,
            outcome: &'a T,
        }
        self.evidence.sync()?;
        let finished = Finished {
            evidence: self.evidence.head().as_str(),
            outcome: body,
        };
        self.journal.append(at, "finished", &finished)?;
        Ok(self.journal.sync()?)
    }
}

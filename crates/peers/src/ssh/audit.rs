//! The record of logins: who, why, from where, when, and whether they were let in.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use model::HostId;
use serde::{Deserialize, Serialize};

/// Entries kept in memory; the file keeps all. A rehearsal makes some hundreds.
const KEPT: usize = 1024;

/// Longest text of a stranger that is recorded, in characters.
const LONGEST_TEXT: usize = 256;

/// One login, or one refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// When.
    pub at: Timestamp,
    /// The host logged in to.
    pub host: HostId,
    /// Login name.
    pub user: String,
    /// The certificate's key identifier: why the login was needed. None where no certificate was shown.
    pub reason: Option<String>,
    /// Where the connection came from: behind a bastion, the bastion.
    pub source: SocketAddr,
    /// Why it was refused; none where it was not.
    pub refused: Option<String>,
}

/// Where logins are recorded.
pub(super) struct Audit(Mutex<Records>);

struct Records {
    latest: VecDeque<Login>,
    log: Option<File>,
}

impl Audit {
    /// Opens the file for appending, where one is wanted.
    pub(super) fn open(path: Option<PathBuf>) -> io::Result<Self> {
        let log = path
            .map(|path| OpenOptions::new().create(true).append(true).open(path))
            .transpose()?;
        Ok(Self(Mutex::new(Records {
            latest: VecDeque::new(),
            log,
        })))
    }

    /// Records a login. The file is written at once, in one piece: an append of a line is as good as atomic, and too
    /// short to be worth a thread.
    ///
    /// # Errors
    /// Fails when the file cannot be written; nobody may be let in then.
    pub(super) fn record(&self, mut login: Login) -> io::Result<()> {
        login.user = shortened(&login.user);
        login.reason = login.reason.as_deref().map(shortened);
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = &mut records.log {
            let mut line = serde_json::to_vec(&login)?;
            line.push(b'\n');
            log.write_all(&line)?;
        }
        if records.latest.len() == KEPT {
            records.latest.pop_front();
        }
        records.latest.push_back(login);
        Ok(())
    }

    /// The latest entries, oldest first.
    pub(super) fn latest(&self) -> Vec<Login> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.latest.iter().cloned().collect()
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

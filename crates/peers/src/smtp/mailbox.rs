//! Where received mail is kept: written aside, forced to disk, then renamed, so that what is there is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tokio::task::spawn_blocking;

/// Mails kept at most: a rehearsal sends a handful; a client that sends without end is told that the store is full.
const MAILS: usize = 1_000;

/// Bytes of a token that can be looked for: a line of a mail (RFC 5322, section 2.1.1) holds no more.
const TOKEN: usize = 998;

/// Headers under which the envelope is kept before the mail's own.
const RETURN_PATH: &str = "Return-Path: ";
const ENVELOPE_TO: &str = "X-Envelope-To: ";
const USER: &str = "X-Authenticated-User: ";

/// Why mail could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// The mailbox' folders could not be made.
    #[error("make the mail folder {}", path.display())]
    Prepare {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The mailbox holds as much as it may.
    #[error("keep another mail: the mailbox holds {MAILS} already")]
    Full,
    /// A mail could not be written to disk.
    #[error("write the mail {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What was kept could not be read.
    #[error("read the mail at {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The runtime ended while the disk was at work.
    #[error("wait for the disk")]
    Interrupted(#[source] tokio::task::JoinError),
}

/// A mail that was received.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReceivedMail {
    /// Where it is kept.
    pub path: PathBuf,
    /// Envelope sender; empty for a bounce.
    pub sender: String,
    /// Envelope recipients.
    pub recipients: Vec<String>,
    /// The user that submitted it.
    pub user: String,
    /// Size in bytes, with the headers added here.
    pub bytes: usize,
}

/// What the server knows of a mail beside its text.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    pub(super) user: String,
    /// What the client called itself, and its address.
    pub(super) client: String,
    pub(super) host: String,
}

/// A folder of received mail, one file each: `mail/new` within the host's private folder.
#[derive(Debug)]
pub(crate) struct Mailbox {
    aside: PathBuf,
    new: PathBuf,
    serial: AtomicU64,
}

impl Mailbox {
    /// Opens the mailbox within a host's private folder and makes its folders.
    pub(crate) async fn open(data: &Path) -> Result<Self, MailboxError> {
        let mail = data.join("mail");
        let mailbox = Self {
            aside: mail.join("tmp"),
            new: mail.join("new"),
            serial: AtomicU64::new(0),
        };
        let folders = [mailbox.aside.clone(), mailbox.new.clone()];
        on_disk(move || {
            for path in folders {
                fs::create_dir_all(&path)
                    .map_err(|source| MailboxError::Prepare { path, source })?;
            }
            Ok(())
        })
        .await?;
        Ok(mailbox)
    }

    /// The folder, in maildir's form.
    pub(crate) fn folder(&self) -> &Path {
        // It is made of two names below the folder.
        self.new.parent().unwrap_or(&self.new)
    }

    /// Keeps a mail; when this returns it is on disk, whole.
    pub(super) async fn keep(&self, envelope: Envelope, text: Vec<u8>) -> Result<(), MailboxError> {
        let now = Timestamp::now();
        // Names order by time; the serial number tells apart what came within one nanosecond.
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:024}.{serial}.eml", now.as_nanosecond());
        let (aside, path) = (self.aside.join(&name), self.new.join(&name));
        let folder = self.new.clone();
        on_disk(move || {
            if names(&folder)?.len() >= MAILS {
                return Err(MailboxError::Full);
            }
            let mut mail = headers(&envelope, now).into_bytes();
            mail.extend_from_slice(&text);
            publish(&mail, &aside, &path, &folder)
                .map_err(|source| MailboxError::Write { path, source })
        })
        .await
    }

    /// Finds the newest mail that contains a token, in its headers or its body, as it stands there.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<ReceivedMail>, MailboxError> {
        if token.is_empty() || token.len() > TOKEN {
            return Ok(None);
        }
        let (folder, token) = (self.new.clone(), token.as_bytes().to_vec());
        on_disk(move || {
            for name in names(&folder)?.into_iter().rev() {
                let path = folder.join(name);
                let mail = fs::read(&path).map_err(|source| MailboxError::Read {
                    path: path.clone(),
                    source,
                })?;
                if mail.windows(token.len()).any(|window| window == token) {
                    return Ok(Some(received(path, &mail)));
                }
            }
            Ok(None)
        })
        .await
    }
}

/// Runs what waits for the disk beside the runtime's own thread.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MailboxError> + Send + 'static,
) -> Result<T, MailboxError> {
    spawn_blocking(work)
        .await
        .map_err(MailboxError::Interrupted)?
}

/// The names of the mails kept, oldest first.
fn names(folder: &Path) -> Result<Vec<std::ffi::OsString>, MailboxError> {
    let list = || -> io::Result<Vec<_>> {
        fs::read_dir(folder)?
            .take(MAILS)
            .map(|entry| Ok(entry?.file_name()))
            .collect()
    };
    let mut names = list().map_err(|source| MailboxError::Read {
        path: folder.to_owned(),
        source,
    })?;
    names.sort();
    Ok(names)
}

fn publish(mail: &[u8], aside: &Path, path: &Path, folder: &Path) -> io::Result<()> {
    let mut file = File::create_new(aside)?;
    let written = file
        .write_all(mail)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(aside, path));
    if written.is_err() {
        // What is left of it is in nobody's way; the first error is the one to tell.
        let _ = fs::remove_file(aside);
    }
    written?;
    File::open(folder)?.sync_all()
}

fn headers(envelope: &Envelope, now: Timestamp) -> String {
    let mut headers = format!("{RETURN_PATH}<{}>\r\n", envelope.sender);
    for recipient in &envelope.recipients {
        headers.push_str(&format!("{ENVELOPE_TO}<{recipient}>\r\n"));
    }
    // A time that RFC 2822 cannot write is not one that this clock shows.
    let date = rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    headers.push_str(&format!(
        "{USER}{}\r\nReceived: from {}\r\n by {} ({}) with ESMTPSA; {date}\r\n",
        envelope.user,
        envelope.client,
        envelope.host,
        super::NAME
    ));
    headers
}

/// Reads the envelope back from the headers that stand before the mail's own.
fn received(path: PathBuf, mail: &[u8]) -> ReceivedMail {
    let mut found = ReceivedMail {
        path,
        sender: String::new(),
        recipients: Vec::new(),
        user: String::new(),
        bytes: mail.len(),
    };
    for line in mail.split(|&byte| byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        let address = |text: &str| text.trim_matches(['<', '>']).to_owned();
        if let Some(sender) = line.strip_prefix(RETURN_PATH) {
            found.sender = address(sender);
        } else if let Some(recipient) = line.strip_prefix(ENVELOPE_TO) {
            found.recipients.push(address(recipient));
        } else if let Some(user) = line.strip_prefix(USER) {
            found.user = user.to_owned();
        } else {
            break;
        }
    }
    found
}

//! A file of records, each carrying the digest of the line before it.
//!
//! A line is one JSON object: `{"format":1,"number":0,"previous":"…","at":"…","kind":"…","body":{…}}`. `previous` is the
//! SHA-256 of the preceding line without its newline, or of nothing for the first: a record that is changed, removed
//! or put in breaks the chain at the next line. The last line has no successor to vouch for it; who needs that keeps
//! [`Chain::head`] elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the line format that this code writes. Readers of later versions must read it too.
pub const FORMAT: u32 = 1;

/// The longest line that is read, in bytes: a witness with a long path is some kilobytes, so this is far above any
/// honest record and far below what would trouble memory.
const LINE_LIMIT: u64 = 4 << 20;

/// One record of a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the line format.
    pub format: u32,
    /// Position in the file, from 0.
    pub number: u64,
    /// Digest of the line before.
    pub previous: Digest,
    /// When it was written.
    pub at: Timestamp,
    /// What the body is: `started`, `evidence`, `finished`.
    pub kind: String,
    /// The record's content; this crate does not look into it.
    pub body: Value,
}

/// Why a chain could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The file cannot be opened.
    #[error("open {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A record cannot be written; the file may end in part of a line, which readers pass over.
    #[error("write a record to {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A body has no JSON form.
    #[error("turn a `{kind}` record into JSON")]
    Body {
        /// The record's kind.
        kind: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A line is no record.
    #[error("understand line {line} of {path}: it is not a record of this ledger")]
    NotARecord {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A line was written by a later version.
    #[error(
        "read line {line} of {path}: it has format {found}, and this version reads up to {FORMAT}"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// The line's format.
        found: u32,
    },
    /// A record was changed, removed or put in.
    #[error(
        "verify {path}: line {line} does not follow from the line before; a record was changed, removed or put in"
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
    },
    /// A line is longer than any record.
    #[error(
        "read line {line} of {path}: it is longer than {LINE_LIMIT} bytes, more than any record"
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
    },
}

/// A chain that is being written.
#[derive(Debug)]
pub struct Chain {
    path: PathBuf,
    file: File,
    next: u64,
    head: Digest,
}

impl Chain {
    /// Starts a new chain in a file that does not exist yet.
    ///
    /// # Errors
    /// Fails when the file exists or cannot be made.
    pub fn create(path: &Path) -> Result<Self, ChainError> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(|source| ChainError::Open {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            next: 0,
            head: Digest::of_bytes(b""),
        })
    }

    /// Appends a record and hands it to the operating system in one write.
    ///
    /// # Errors
    /// Fails when the body has no JSON form, or the disk does not take the line.
    pub fn append<T: Serialize>(
        &mut self,
        at: Timestamp,
        kind: &str,
        body: &T,
    ) -> Result<(), ChainError> {
        let shape = |source| ChainError::Body {
            kind: kind.to_owned(),
            source,
        };
        let record = Record {
            format: FORMAT,
            number: self.next,
            previous: self.head.clone(),
            at,
            kind: kind.to_owned(),
            body: serde_json::to_value(body).map_err(shape)?,
        };
        let mut line = serde_json::to_vec(&record).map_err(shape)?;
        let head = Digest::of_bytes(&line);
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|source| ChainError::Write {
                path: self.path.clone(),
                source,
            })?;
        self.next += 1;
        self.head = head;
        Ok(())
    }

    /// Makes what was appended survive a power cut.
    ///
    /// # Errors
    /// Fails when the disk does not take it.
    pub fn sync(&self) -> Result<(), ChainError> {
        self.file.sync_data().map_err(|source| ChainError::Write {
            path: self.path.clone(),
            source,
        })
    }

    /// The digest of the last line: what vouches for the whole file.
    pub fn head(&self) -> &Digest {
        &self.head
    }
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The records, in order; each follows from the one before.
    pub records: Vec<Record>,
    /// Whether the file ends in part of a line, as it does when the writer was killed or the disk was full.
    pub torn: bool,
    /// The digest of the last whole line.
    pub head: Digest,
}

/// Reads and verifies a chain.
///
/// # Errors
/// Fails when a line other than an unfinished last one is no record, is of a later format or does not follow from the
/// line before.
pub fn read(path: &Path) -> Result<Read, ChainError> {
    let file = File::open(path).map_err(|source| ChainError::Open {
        path: path.to_owned(),
        source,
    })?;
    let mut reader = BufReader::new(file);
    let mut read = Read {
        records: Vec::new(),
        torn: false,
        head: Digest::of_bytes(b""),
    };
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let limited = (&mut reader)
            .take(LINE_LIMIT + 1)
            .read_until(b'\n', &mut bytes);
        let length = limited.map_err(|source| ChainError::Read {
            path: path.to_owned(),
            source,
        })?;
        if length == 0 {
            break;
        }
        if bytes.pop_if(|last| *last == b'\n').is_none() {
            if length as u64 > LINE_LIMIT {
                return Err(ChainError::TooLong {
                    path: path.to_owned(),
                    line,
                });
            }
            read.torn = true;
            break;
        }
        let record = parse(path, line, &bytes)?;
        if record.number != line - 1 || record.previous != read.head {
            return Err(ChainError::Broken {
                path: path.to_owned(),
                line,
            });
        }
        read.head = Digest::of_bytes(&bytes);
        read.records.push(record);
    }
    Ok(read)
}

fn parse(path: &Path, line: u64, bytes: &[u8]) -> Result<Record, ChainError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let not_a_record = |source| ChainError::NotARecord {
        path: path.to_owned(),
        line,
        source,
    };
    let found = serde_json::from_slice::<Versioned>(bytes)
        .map_err(not_a_record)?
        .format;
    if found > FORMAT {
        return Err(ChainError::NewerFormat {
            path: path.to_owned(),
            line,
            found,
        });
    }
    serde_json::from_slice(bytes).map_err(not_a_record)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as version 1 wrote it, kept to the letter: later versions must read it.
    const YESTERDAY: &str = include_str!("../tests/format-1.jsonl");

    fn written(folder: &Path) -> PathBuf {
        let path = folder.join("journal.jsonl");
        let mut chain = Chain::create(&path).expect("a fresh file");
        for (kind, body) in [("started", 1), ("step", 2), ("finished", 3)] {
            chain
                .append(Timestamp::UNIX_EPOCH, kind, &body)
                .expect("room on the disk");
        }
        path
    }

    /// Changes a written chain and says what the reader makes of it.
    fn check(change: impl FnOnce(String) -> String, wanted: Result<(usize, bool), &str>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = written(folder.path());
        let text = std::fs::read_to_string(&path).expect("what was written");
        std::fs::write(&path, change(text)).expect("room on the disk");
        let got = read(&path);
        match (&got, wanted) {
            (Ok(read), Ok((records, torn))) => {
                assert_eq!((read.records.len(), read.torn), (records, torn))
            }
            (Err(error), Err(wanted)) => assert!(error.to_string().contains(wanted), "{error}"),
            _ => panic!("wanted {wanted:?}, got {got:?}"),
        }
    }

    #[test]
    fn a_chain_reads_back_and_vouches_for_itself() {
        check(|text| text, Ok((3, false)));
        check(|_| String::new(), Ok((0, false)));
        check(|text| text.trim_end().to_owned(), Ok((2, true)));
        check(|text| text + "{\"format\":1,\"num", Ok((3, true)));
        check(
            |text| text.replace("\"body\":2", "\"body\":7"),
            Err("line 3 does not follow"),
        );
        check(
            |text| {
                text.lines()
                    .skip(1)
                    .map(|line| format!("{line}\n"))
                    .collect()
            },
            Err("line 1 does not follow"),
        );
        check(|text| text.clone() + &text, Err("line 4 does not follow"));
        check(
            |text| text.replace("\"format\":1", "\"format\":9"),
            Err("format 9"),
        );
        check(|text| text + "hello\n", Err("line 4"));
        check(|text| text + &"x".repeat(5 << 20), Err("longer than"));
    }

    #[test]
    fn yesterdays_file_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("old.jsonl");
        std::fs::write(&path, YESTERDAY).expect("room on the disk");
        assert_eq!(read(&path).expect("format 1").records.len(), 3);
    }

    #[test]
    fn a_chain_is_never_started_over_another() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = written(folder.path());
        assert!(matches!(Chain::create(&path), Err(ChainError::Open { .. })));
    }
}

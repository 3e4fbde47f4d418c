//! An estate's folder: the estate, its lock, and the place for runs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use design::Design;
use jiff::civil::Date;
use ledger::PublishError;
use model::estate::{Shown, Sources};
use model::finding::Awaited;
use model::lock::{Lock, LockError};
use model::{Catalog, Estate, Finding, SecretRef};

use crate::sources::{self, read_limited};

/// The most files that a catalogue folder may hold: a vendor has dozens of products, not thousands.
const CATALOG_FILES: usize = 256;

/// Where an estate is kept.
#[derive(Clone, Debug)]
pub struct Folder {
    estate: PathBuf,
    folder: PathBuf,
}

/// Why an estate's folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no estate there.
    #[error("find an estate at {path}: name a folder with an estate.toml, or the file itself")]
    NoEstate {
        /// What was named.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The lock is not one.
    #[error("use {path}; restore it from version control, or remove it to allot everything anew")]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: LockError,
    },
    /// A catalogue folder holds too much.
    #[error("use the catalogue {path}: it has more than {CATALOG_FILES} files")]
    Catalog {
        /// The folder.
        path: PathBuf,
    },
    /// The lock cannot be written.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// An estate as it was read.
#[derive(Debug)]
pub struct Loaded {
    /// What messages call the file.
    pub name: String,
    /// The files for showing spans: byte for byte as long, with secrets and control characters covered.
    pub files: Vec<Shown>,
    /// The files as they were read.
    pub sources: Sources,
    /// The references to secrets, by the paths where they stand.
    pub secrets: BTreeMap<String, SecretRef>,
    /// The estate, where the file could be read.
    pub estate: Option<Estate>,
    /// Everything that was found.
    pub findings: Vec<Finding>,
    /// What the customer has not given yet.
    pub awaited: Vec<Awaited>,
    /// The catalogue that the estate was read with.
    pub catalog: Catalog,
}

impl Loaded {
    /// The estate, if nothing stands in the way of designing it.
    pub fn ready(&self) -> Option<&Estate> {
        self.estate
            .as_ref()
            .filter(|_| !self.findings.iter().any(Finding::blocks))
    }
}

impl Folder {
    /// Finds an estate: a folder with an `estate.toml`, or the file itself.
    ///
    /// # Errors
    /// Fails when there is none.
    pub fn find(path: &Path) -> Result<Self, FolderError> {
        let no_estate = |source| FolderError::NoEstate {
            path: path.to_owned(),
            source,
        };
        let named = fs::metadata(path).map_err(no_estate)?;
        let estate = if named.is_dir() {
            path.join("estate.toml")
        } else {
            path.to_owned()
        };
        if !fs::metadata(&estate).map_err(no_estate)?.is_file() {
            return Err(no_estate(io::Error::other("it is not a regular file")));
        }
        let folder = match estate.parent() {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent.to_owned(),
            None => PathBuf::from("."),
        };
        Ok(Self { estate, folder })
    }

    /// The folder itself, where relative paths begin.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The folder that runs are kept in, unless somebody names another: `.reeve` beside the estate.
    pub fn records(&self) -> PathBuf {
        self.folder.join(".reeve")
    }

    /// The lock's file.
    pub fn lock_path(&self) -> PathBuf {
        self.folder.join("reeve.lock")
    }

    /// The diagram's file.
    pub fn diagram_path(&self) -> PathBuf {
        self.folder.join("diagram.svg")
    }

    /// Reads the estate with the embedded catalogue, and with a folder of catalogue files that add to it or override it.
    ///
    /// # Errors
    /// Fails when a file cannot be read. What is wrong *in* the files is a finding, not an error.
    pub fn load(&self, catalog: Option<&Path>, today: Date) -> Result<Loaded, FolderError> {
        let sources = sources::read(&self.estate).map_err(|source| FolderError::Read {
            path: self.estate.clone(),
            source,
        })?;
        let name = self.estate.display().to_string();
        let files = catalog.map(catalog_files).transpose()?.unwrap_or_default();
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        let overriding = Catalog::parse(&files);
        let mut catalog = Catalog::embedded();
        catalog.merge(overriding.catalog);
        let reading = model::estate::read_files(&sources, &catalog, today);
        // Spans are those of the catalogue's files: they would point to the wrong place in the estate.
        let of_catalog = overriding
            .findings
            .into_iter()
            .flat_map(|(file, findings)| {
                findings.into_iter().map(move |finding| Finding {
                    subject: format!("{file}: {}", finding.subject),
                    span: None,
                    label: None,
                    ..finding
                })
            });
        let findings = of_catalog.chain(reading.findings).collect();
        Ok(Loaded {
            name,
            files: reading.files,
            sources,
            secrets: reading.secrets,
            estate: reading.estate,
            findings,
            awaited: reading.awaited,
            catalog,
        })
    }

    /// Reads the lock; where there is none yet, an empty one.
    ///
    /// # Errors
    /// Fails on a lock that cannot be read or understood: nothing is ever allotted anew behind one's back.
    pub fn lock(&self) -> Result<Lock, FolderError> {
        let path = self.lock_path();
        let text = read_limited(&path)
            .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
        match text {
            Ok(text) => Lock::parse(&text).map_err(|source| FolderError::Lock { path, source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lock::default()),
            Err(source) => Err(FolderError::Read { path, source }),
        }
    }

    /// Writes a design's lock, if it says anything new, and returns whether it did.
    ///
    /// # Errors
    /// Fails when the disk does not take it.
    pub fn keep_lock(&self, design: &Design) -> Result<bool, FolderError> {
        let path = self.lock_path();
        let text = design.lock.render();
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(false);
        }
        ledger::publish(&path, text.as_bytes())?;
        Ok(true)
    }
}

/// The `*.toml` files of a folder, by name.
fn catalog_files(folder: &Path) -> Result<Vec<(String, String)>, FolderError> {
    let unreadable = |source| FolderError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
        if paths.len() > CATALOG_FILES {
            return Err(FolderError::Catalog {
                path: folder.to_owned(),
            });
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let bytes = read_limited(&path).map_err(|source| FolderError::Read {
                path: path.clone(),
                source,
            })?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Ok((path.display().to_string(), text))
        })
        .collect()
}

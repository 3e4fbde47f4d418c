//! Whole files, written aside and renamed into place.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why a file could not be published. What stood there before still stands there.
#[derive(Debug, thiserror::Error)]
#[error("write {path}")]
pub struct PublishError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// Publishes a file that anybody may read.
///
/// # Errors
/// Fails when the disk does not take it; then the part that was written is removed again.
pub fn publish(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    write(path, bytes, 0o644)
}

/// Publishes a file that only its owner may read.
///
/// # Errors
/// As [`publish`].
pub fn publish_private(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    write(path, bytes, 0o600)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), PublishError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let aside = path.with_file_name(name);
    let attempt = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&aside)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // Some file systems report a full disk only when they are asked for the length again.
        if file.metadata()?.len() != bytes.len() as u64 {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        fs::rename(&aside, path)
    };
    attempt().map_err(|source| {
        // The removal may fail too (the disk is gone); the first failure is the one to tell.
        let _ = fs::remove_file(&aside);
        PublishError {
            path: path.to_owned(),
            source,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_publication_leaves_what_stood_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("report.html");
        publish(&path, b"one").expect("room on the disk");
        // A folder in the place of the part makes the write fail whoever runs the test.
        fs::create_dir(
            folder
                .path()
                .join(format!("report.html.{}.part", std::process::id())),
        )
        .expect("room");
        assert!(publish(&path, b"two").is_err());
        assert_eq!(fs::read(&path).expect("the old file"), b"one");
    }

    #[test]
    fn a_private_file_is_private_even_over_an_open_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("access.json");
        publish(&path, b"{}").expect("room on the disk");
        publish_private(&path, b"{}").expect("room on the disk");
        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

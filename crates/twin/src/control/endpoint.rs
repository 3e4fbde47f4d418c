//! The socket in a kept twin's folder.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::libc;

/// Its name in the run folder.
pub(crate) const NAME: &str = "control.sock";

/// A name for the socket that fits into the 108 bytes of a Unix socket's address however long the folder's path is:
/// by way of the open folder.
fn short(run_dir: &Path) -> io::Result<(File, PathBuf)> {
    let folder = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
        .open(run_dir)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd()));
    Ok((folder, path))
}

/// Listens; a socket left by a twin that was killed gives way.
pub(crate) fn listen(run_dir: &Path) -> io::Result<UnixListener> {
    let (_folder, path) = short(run_dir)?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Connects to a kept twin.
pub(crate) fn connect(run_dir: &Path) -> io::Result<UnixStream> {
    let (_folder, path) = short(run_dir)?;
    UnixStream::connect(path)
}

/// Takes the socket's name away. What listens goes on.
pub(crate) fn remove(run_dir: &Path) {
    // Only tidiness: the next twin in this folder takes the name over, and nobody can connect to it meanwhile.
    let _ = fs::remove_file(run_dir.join(NAME));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_with_long_names_work_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = folder.path().join("x".repeat(200)).join("y".repeat(200));
        fs::create_dir_all(&long).expect("a long folder");
        assert!(connect(&long).is_err(), "nobody listens yet");
        drop(listen(&long).expect("listens"));
        assert!(
            connect(&long).is_err(),
            "the listener is gone, its name is not"
        );
        let _listener = listen(&long).expect("listens over the old name");
        connect(&long).expect("connects");
        remove(&long);
        assert!(connect(&long).is_err(), "the name is gone");
        assert!(listen(&long.join("absent")).is_err());
    }
}

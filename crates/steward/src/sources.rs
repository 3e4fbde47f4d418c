//! The files of an estate: itself, and what it extends.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use model::estate::{Source, Sources};
use rustix::fs::OFlags;

/// The most that is read of an estate, lock or catalogue file. The parsers' own limits are lower; one byte more than
/// those shows that a file is too large without reading a gigabyte.
const READ_LIMIT: u64 = (1 << 20) + 1;

/// Reads an estate and the files that it extends, each relative to the one that names it.
///
/// A file beneath the estate that cannot be read is a finding, so it is noted among the sources and no error.
///
/// # Errors
/// Fails when the estate itself cannot be read.
pub(crate) fn read(estate: &Path) -> io::Result<Sources> {
    let (source, mut path) = source(estate.to_owned())?;
    let mut sources = Sources::new(source);
    // Ends: every turn adds a file or refuses one, and the sources want no more than a few.
    while let Some(wanted) = sources.wanted() {
        match self::source(path.with_file_name("").join(wanted)) {
            Ok((source, next)) => {
                path = next;
                sources.add(source);
            }
            Err(error) => sources.refuse(error.to_string()),
        }
    }
    Ok(sources)
}

/// A file, and the path at which it was found.
fn source(path: PathBuf) -> io::Result<(Source, PathBuf)> {
    let text = read_limited(&path)?;
    let identity = fs::canonicalize(&path)?.to_string_lossy().into_owned();
    let name = path.display().to_string();
    Ok((
        Source {
            name,
            identity,
            text,
        },
        path,
    ))
}

/// Reads a regular file up to the limit.
///
/// Neither a pipe nor a device in its place is waited for or read without end: it is opened without waiting, and what was
/// opened is looked at, so that nobody can put something else there in between.
pub(crate) fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(READ_LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

//! What the twin's processes write, kept in the run folder and bounded.

use std::fs::{File, OpenOptions};
use std::io::{PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use model::HostId;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// The folder for logs in the run folder.
pub(super) const FOLDER: &str = "log";

/// The log of the supervisor and PID 1.
pub(super) const OWN: &str = "twin.log";

/// A program that fails in a loop must not fill the disk; what it wrote first tells more than what it wrote last.
const LIMIT: usize = 1 << 20;

/// What is read at once.
const CHUNK: usize = 16 << 10;

/// How much of a log an error repeats.
const TAIL: usize = 600;

/// What one program writes to standard output and error.
#[derive(Debug)]
pub(super) struct Log {
    pipe: Option<PipeReader>,
    path: PathBuf,
    file: Option<File>,
    room: usize,
    tail: Vec<u8>,
}

impl Log {
    /// A log that takes what comes out of a pipe.
    pub(super) fn new(run_dir: &Path, host: &HostId, pipe: PipeReader) -> Self {
        Self {
            pipe: Some(pipe),
            path: run_dir.join(FOLDER).join(file_name(host)),
            file: None,
            room: LIMIT,
            tail: Vec::new(),
        }
    }

    /// What to wait on; none when every writer is gone.
    pub(super) fn pipe(&self) -> Option<&PipeReader> {
        self.pipe.as_ref()
    }

    /// Takes what the pipe has. Only to be called when it has something, or has ended.
    pub(super) fn take(&mut self) {
        let mut bytes = [0; CHUNK];
        let Some(pipe) = &mut self.pipe else { return };
        match pipe.read(&mut bytes) {
            Ok(length @ 1..) => self.write(&bytes[..length]),
            Ok(0) | Err(_) => self.pipe = None,
        }
    }

    /// Takes what is there already of a program that has ended; another process may still hold the pipe open.
    pub(super) fn drain(&mut self) {
        // As many reads as fill the log.
        for _ in 0..LIMIT / CHUNK {
            let Some(pipe) = &self.pipe else { return };
            let mut ready = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
            if !matches!(poll(&mut ready, PollTimeout::ZERO), Ok(1..)) {
                return;
            }
            self.take();
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        if self.room == 0 {
            return;
        }
        if self.file.is_none() {
            let opened = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.path);
            self.file = opened.ok();
        }
        let kept = bytes.len().min(self.room);
        self.room -= kept;
        if let Some(file) = &mut self.file {
            // A full disk costs the log, not the rehearsal.
            let _ = file.write_all(&bytes[..kept]);
            if self.room == 0 {
                let _ = writeln!(file, "\n[{LIMIT} bytes written: the rest is not kept]");
                self.file = None;
            }
        }
    }

    /// The last lines, for an error.
    pub(super) fn tail(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let text = text.trim();
        // The first of them is cut somewhere.
        match text.split_once('\n') {
            Some((_, whole)) if self.tail.len() >= TAIL => whole.to_owned(),
            _ => text.to_owned(),
        }
    }
}

/// A host's name as a file's: no separator, and no name that means another folder.
fn file_name(host: &HostId) -> String {
    let plain: String = host
        .as_str()
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
            _ => '.',
        })
        .take(200)
        .collect();
    format!("{plain}.log")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_names_stay_in_the_folder() {
        let check = |host: &str, wanted: &str| assert_eq!(file_name(&HostId::from(host)), wanted);
        check("production/apim-1", "production.apim-1.log");
        check("../../etc/passwd", "......etc.passwd.log");
        check("..", "...log");
        check("a\0b\nc", "a.b.c.log");
        check("", ".log");
        assert_eq!(file_name(&HostId::new("x".repeat(5000))).len(), 204);
    }

    #[test]
    fn a_loud_program_does_not_fill_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(FOLDER)).expect("the logs' folder");
        let (pipe, _) = std::io::pipe().expect("a pipe");
        let mut log = Log::new(folder.path(), &HostId::from("loud"), pipe);
        for _ in 0..400 {
            log.write(&[b'x'; 4096]);
        }
        log.write(b"\nlast words\n");
        let size = std::fs::metadata(&log.path).expect("the log").len();
        assert!(size < LIMIT as u64 + 100, "{size} bytes");
        assert_eq!(log.tail(), "last words");
    }

    #[test]
    fn a_log_that_cannot_be_written_is_drained() {
        let (pipe, mut end) = std::io::pipe().expect("a pipe");
        let mut log = Log::new(Path::new("/nonexistent"), &HostId::from("x"), pipe);
        end.write_all(b"lost").expect("writes");
        drop(end);
        log.take();
        assert_eq!(log.tail(), "lost");
        log.take();
        assert!(log.pipe().is_none());
    }
}

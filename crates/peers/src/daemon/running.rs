//! A daemon's process: started, awaited, killed when dropped.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::error::DaemonError;
use super::launch::{Order, RunAs, SUBCOMMAND};
use super::software::Software;

/// A daemon answers in well under a second; where forty start at a time on a small machine, in a few.
const LIMIT: Duration = Duration::from_secs(30);

/// Between two questions whether it answers.
const LOOK: Duration = Duration::from_millis(10);

/// What a daemon's environment holds: what none of them needs it cannot be led astray by.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Bytes of a log that are read for last words, and how many lines are quoted.
const TAIL: u64 = 4 << 10;
const LINES: usize = 6;

/// A program to be started: a daemon, or what it needs done before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) software: Software,
    pub(super) run_as: RunAs,
    pub(super) argv: Vec<String>,
    /// Where it writes what it has to say.
    pub(super) log: PathBuf,
}

/// A running daemon. Dropping it kills it, with what it has started in its process group, of which the launch makes it
/// the leader.
#[derive(Debug)]
pub(super) struct Running {
    software: Software,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it; it runs on until it is dropped.
    pub(super) fn start(&self) -> Result<Running, DaemonError> {
        Ok(Running {
            software: self.software,
            child: self.spawn(Stdio::null())?,
            log: self.log.clone(),
        })
    }

    /// Runs it to its end, which must be a good one, with a file as standard input.
    pub(super) async fn finish(&self, input: Option<&Path>) -> Result<(), DaemonError> {
        let input = match input {
            Some(path) => {
                File::open(path)
                    .map(Stdio::from)
                    .map_err(|source| DaemonError::Prepare {
                        software: self.software,
                        path: path.to_owned(),
                        source,
                    })?
            }
            None => Stdio::null(),
        };
        let mut running = Running {
            software: self.software,
            child: self.spawn(input)?,
            log: self.log.clone(),
        };
        match timeout(LIMIT, running.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(running.ended(status)),
            Ok(Err(source)) => Err(DaemonError::Start {
                software: self.software,
                source,
            }),
            Err(_) => Err(running.silent()),
        }
    }

    fn spawn(&self, input: Stdio) -> Result<Child, DaemonError> {
        let fail = |source| DaemonError::Start {
            software: self.software,
            source,
        };
        let prepare = |source| DaemonError::Prepare {
            software: self.software,
            path: self.log.clone(),
            source,
        };
        let order = Order {
            parent: Pid::this().as_raw(),
            run_as: self.run_as,
            argv: self.argv.clone(),
        };
        let order = serde_json::to_string(&order).map_err(|error| fail(error.into()))?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(prepare)?;
        Command::new("/proc/self/exe")
            .arg0("reeve")
            .args([SUBCOMMAND, &order])
            .env_clear()
            .env("PATH", PATH)
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(input)
            .stdout(log.try_clone().map_err(prepare)?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(fail)
    }
}

impl Running {
    /// Asks until the answer is yes. The daemon's end, or half a minute without an answer, is an error.
    pub(super) async fn until<F>(
        &mut self,
        mut answers: impl FnMut() -> F,
    ) -> Result<(), DaemonError>
    where
        F: Future<Output = bool>,
    {
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            match self.child.try_wait() {
                Ok(Some(status)) => return Err(self.ended(status)),
                Ok(None) => {}
                Err(source) => {
                    return Err(DaemonError::Start {
                        software: self.software,
                        source,
                    });
                }
            }
            if let Ok(true) =
                timeout(end.saturating_duration_since(Instant::now()), answers()).await
            {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        Err(self.silent())
    }

    fn ended(&self, status: ExitStatus) -> DaemonError {
        DaemonError::Ended {
            software: self.software,
            status,
            words: last_words(&self.log),
        }
    }

    fn silent(&self) -> DaemonError {
        DaemonError::Silent {
            software: self.software,
            limit: LIMIT,
            words: last_words(&self.log),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(leader) = id {
            // It may have ended already.
            let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
        }
    }
}

/// The last lines of a log, in one line.
pub(super) fn last_words(log: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail)?;
        Ok(tail)
    };
    let tail = read().unwrap_or_default();
    let tail = String::from_utf8_lossy(&tail);
    let lines: Vec<_> = tail
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = lines
        .get(lines.len().saturating_sub(LINES)..)
        .unwrap_or_default();
    if last.is_empty() {
        "none".to_owned()
    } else {
        last.join(" / ")
            .replace(|character: char| character.is_control(), " ")
    }
}

/// Whether a log holds some words by now.
pub(super) fn log_says(log: &Path, words: &str) -> bool {
    fs::read(log).is_ok_and(|text| String::from_utf8_lossy(&text).contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_few_and_on_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        assert_eq!(last_words(&log), "none", "no log");
        let check = |text: &str, wanted: &str| {
            fs::write(&log, text).expect("a log");
            assert_eq!(last_words(&log), wanted);
        };
        check("", "none");
        check("\n  \n", "none");
        check("one\n\n two\n", "one / two");
        check("1\n2\n3\n4\n5\n6\n7\n8\n", "3 / 4 / 5 / 6 / 7 / 8");
        check("a\u{1b}[31mred", "a [31mred");
        let long = format!("{}\nend\n", "x".repeat(100_000));
        fs::write(&log, long).expect("a log");
        assert!(last_words(&log).len() < 5_000);
        assert!(last_words(&log).ends_with(" / end"));
    }
}

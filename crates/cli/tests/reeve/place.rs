//! A folder of a test's own with an estate in it, and Reeve run there as people run it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A rehearsal takes five seconds on an idle machine. One that takes this long on a loaded one hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);

/// Between two looks at something that is waited for.
pub(crate) const LOOK: Duration = Duration::from_millis(3);

/// The examples that come with Reeve.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// What the examples' operator says for all its customers.
const DEFAULTS: &str = "defaults.toml";

/// What of an example is an estate; the rest may be records of somebody's runs.
const FILES: [&str; 3] = ["estate.toml", "reeve.lock", "diagram.svg"];

/// What may stand in a run's folder, whatever befell the run. Parts of files have names of their own.
const OF_A_RUN: [&str; 7] = [
    "control.sock",
    "diagram.svg",
    "evidence.jsonl",
    "journal.jsonl",
    "log",
    "report.html",
    "report.json",
];

/// A folder with an estate, a home and room for temporary files. Its name is its mark, and is in the environment of every
/// process that is started from it, however far down.
pub(crate) struct Place {
    folder: PathBuf,
    pub(crate) mark: String,
    /// Reeve, or a copy of it.
    pub(crate) program: PathBuf,
    /// Removes the folder in the end.
    _owner: Option<TempDir>,
}

/// A process of Reeve that was started.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// How it ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// A new place with the first example's estate.
    pub(crate) fn new() -> Self {
        Self::with("acme")
    }

    /// A new place with an example's estate, in a folder of its name.
    pub(crate) fn with(example: &str) -> Self {
        let owner = tempfile::Builder::new()
            .prefix("reeve-test-")
            .tempdir()
            .expect("a folder");
        let mut place = Self::in_folder(owner.path());
        place._owner = Some(owner);
        for name in ["home", "tmp", "here", "output"] {
            fs::create_dir(place.path(name)).expect("a folder");
        }
        fs::copy(Path::new(EXAMPLES).join(DEFAULTS), place.path(DEFAULTS)).expect("a copy");
        place.copy_example(example, example);
        place
    }

    /// The place that another process has made in a folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let folder = fs::canonicalize(folder).expect("a folder");
        Self {
            mark: word(folder.file_name().expect("a name").as_ref()).to_owned(),
            folder,
            program: PathBuf::from(env!("CARGO_BIN_EXE_reeve")),
            _owner: None,
        }
    }

    /// A path in this place.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Copies an example's estate to a folder of that name.
    pub(crate) fn copy_example(&self, example: &str, name: &str) {
        let estate = self.path(name);
        fs::create_dir(&estate).expect("a folder");
        for file in FILES {
            let from = Path::new(EXAMPLES).join(example).join(file);
            fs::copy(from, estate.join(file)).expect("a copy");
        }
    }

    /// Reeve, to be run in this place: a home, a folder for temporary files and a working folder of its own.
    pub(crate) fn reeve(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .env("LANG", &self.mark)
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env_remove("RUST_BACKTRACE")
            .current_dir(self.path("here"));
        for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, self.path("home"));
        }
        command.stdin(Stdio::null());
        command
    }

    /// Starts Reeve with its output kept in files.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        self.start_command(&mut self.reeve(words))
    }

    /// Starts a command with its output kept in files.
    pub(crate) fn start_command(&self, command: &mut Command) -> Running {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let out = self.path(&format!("output/{number}.out"));
        let err = self.path(&format!("output/{number}.err"));
        let child = command
            .stdout(File::create(&out).expect("a file"))
            .stderr(File::create(&err).expect("a file"))
            .spawn()
            .expect("Reeve starts");
        Running { child, out, err }
    }

    /// Runs Reeve to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.start(words).end()
    }

    /// The folders of the runs of an estate, oldest first.
    pub(crate) fn runs(&self, estate: &str) -> Vec<PathBuf> {
        names_in(&self.path(estate).join(".reeve/runs"))
            .into_iter()
            .map(|name| self.path(estate).join(".reeve/runs").join(name))
            .collect()
    }

    /// The folder of an estate's only run.
    pub(crate) fn only_run(&self, estate: &str) -> PathBuf {
        let mut runs = self.runs(estate);
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.pop().expect("a run")
    }

    /// Asserts that nothing was written but in runs' folders.
    pub(crate) fn is_tidy(&self, why: &str) {
        for name in ["home", "tmp", "here"] {
            let left = names_in(&self.path(name));
            assert!(left.is_empty(), "{why}: in {name} are {left:?}");
        }
        let inside = names_in(&self.folder);
        let estates = inside
            .iter()
            .filter(|name| self.path(name).join("estate.toml").exists());
        for estate in estates {
            let mut names = names_in(&self.path(estate));
            if names.remove(".reeve") {
                let records = names_in(&self.path(estate).join(".reeve"));
                assert!(records.iter().all(|name| name == "runs"), "{records:?}");
            }
            assert_eq!(
                names,
                FILES.map(str::to_owned).into(),
                "{why}: the estate's folder"
            );
            for run in self.runs(estate) {
                for name in names_in(&run) {
                    let known = OF_A_RUN.contains(&name.as_str()) || name.ends_with(".part");
                    assert!(known, "{why}: {name} in {}", run.display());
                }
            }
        }
    }
}

impl Running {
    /// What it has told on standard error so far.
    pub(crate) fn told(&self) -> String {
        fs::read_to_string(&self.err).unwrap_or_default()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                break status;
            }
            let late = Instant::now() > deadline;
            if late {
                // With it everything that it started ends.
                let _ = self.child.kill();
            }
            assert!(!late, "it hangs, having told {}", self.told());
            thread::sleep(LOOK);
        };
        let text = |path| String::from_utf8(fs::read(path).expect("its output")).expect("text");
        Ended {
            status,
            stdout: text(&self.out),
            stderr: text(&self.err),
        }
    }
}

impl Ended {
    /// Asserts an exit code, and that nothing panicked.
    pub(crate) fn with(self, code: i32) -> Self {
        let quiet = !self.stderr.contains("panicked") && self.status.signal().is_none();
        assert!(
            quiet && self.status.code() == Some(code),
            "wanted exit code {code}: {}\n{}\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts words on standard error.
    pub(crate) fn telling(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "wanted {word:?}: {}",
                self.stderr
            );
        }
        self
    }
}

/// The names in a folder; none when it is not there.
pub(crate) fn names_in(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder)
        .map(|entries| {
            entries
                .map(|entry| entry.expect("an entry").file_name())
                .map(|name| name.into_string().expect("a text"))
                .collect()
        })
        .unwrap_or_default()
}

/// A folder and all that is in it.
pub(crate) fn everything_below(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() && !path.is_symlink() {
        for name in names_in(path) {
            found.extend(everything_below(&path.join(name)));
        }
    }
    found
}

/// A path as a word of a command line.
pub(crate) fn word(path: &Path) -> &str {
    path.to_str().expect("a text")
}

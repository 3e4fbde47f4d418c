//! A folder for a run and what belongs to it, and the processes that tests start.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use model::HostId;
use serde_json::Value;
use tempfile::TempDir;
use twin::{Plan, Twin};

use crate::machine::{is_clean, marked, namespaces};
use crate::sample::plan;

/// A folder for a run, whose name is the mark of all its processes.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) mark: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("mark-{}-{number}-end", std::process::id());
        let folder = tempfile::Builder::new()
            .prefix(&mark)
            .tempdir()
            .expect("a folder");
        Self { folder, mark }
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    pub(crate) fn plan(&self, inputs: &[(&str, Value)]) -> Plan {
        plan(&self.run_dir(), &self.mark, inputs)
    }

    pub(crate) fn start(&self) -> Twin {
        Twin::start(self.plan(&[])).expect("starts")
    }

    pub(crate) fn is_clean(&self, held: &BTreeSet<String>, why: &str) {
        is_clean(&self.mark, held, &self.run_dir(), why);
    }

    pub(crate) fn held(&self) -> BTreeSet<String> {
        namespaces(marked(&self.mark).keys())
    }
}

pub(crate) fn host(name: &str) -> HostId {
    HostId::from(name)
}

pub(crate) fn ask(twin: &Twin, to: &str, question: &Value) -> Result<Value, String> {
    twin.ask(&host(to), question)
        .map_err(|error| error.to_string())
}

pub(crate) fn command_of(words: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

pub(crate) fn spawn(words: &[&str]) -> Child {
    command_of(words).spawn().expect("starts")
}

/// Waits until a process says something; its output stays open.
pub(crate) fn first_line(child: &mut Child) {
    let mut lines = BufReader::new(child.stdout.as_mut().expect("its output"));
    let mut line = String::new();
    assert_ne!(
        lines.read_line(&mut line).expect("reads"),
        0,
        "it says nothing"
    );
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("a text").to_owned()
}

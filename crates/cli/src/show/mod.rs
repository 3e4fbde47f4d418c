//! How things are shown on a terminal.

mod explanation;
mod findings;
mod mail;
mod progress;
mod secrets;
mod table;
mod verdicts;

use std::error::Error;
use std::io::IsTerminal;

use serde_json::json;

use crate::command::Failure;
use crate::exit::Exit;

pub(crate) use explanation::explanation;
pub(crate) use findings::{Reader, awaited, findings};
pub(crate) use mail::mail_domain;
pub(crate) use progress::Narrator;
pub(crate) use secrets::secrets;
pub(crate) use table::table;
pub(crate) use verdicts::{evidence, rehearsed};

/// Shows why a command did not do its work: what failed, the causes, and what to do next.
pub(crate) fn failure(failure: &Failure) {
    let red = Paint::of(std::io::stderr().is_terminal());
    errln!("{}: failed to {failure}", red.bad("error"));
    let mut cause = failure.source();
    while let Some(inner) = cause {
        errln!("  because: {inner}");
        cause = inner.source();
    }
    if let Some(hint) = failure.hint() {
        errln!("  {}: {hint}", red.strong("try"));
    }
}

/// Prints why a command did not do its work for programs, unless its results stand there already.
pub(crate) fn failure_as_json(failure: &Failure) {
    if failure.follows_results() {
        return;
    }
    let causes = std::iter::successors(failure.source(), |cause| (*cause).source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    let mut error = json!({
        "failed-to": failure.to_string(),
        "because": causes,
        "try": failure.hint(),
        "exit": failure.exit().number(),
    });
    if let Some(unready) = failure.findings() {
        error["files"] = json!(unready.files);
        error["findings"] = json!(unready.findings);
    }
    let error = json!({ "error": error });
    outln!("{error:#}");
}

/// Prints that a command line was not understood for programs.
pub(crate) fn misread_as_json(error: &clap::Error) {
    let told = error.render().to_string();
    let told = told
        .trim_start_matches("error: ")
        .lines()
        .next()
        .unwrap_or_default();
    let error = json!({ "error": {
        "failed-to": "understand the command line",
        "because": [told],
        "try": "reeve --help",
        "exit": Exit::BadInput.number(),
    }});
    outln!("{error:#}");
}

/// Colours, where there is a terminal that shows them and nobody said NO_COLOR.
#[derive(Clone, Copy)]
pub(crate) struct Paint(bool);

impl Paint {
    pub(crate) fn of(terminal: bool) -> Self {
        Self(terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(crate) fn open(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn soft(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn verdict(self, verdict: model::Verdict) -> String {
        let padded = format!("{verdict:<7}");
        match verdict {
            model::Verdict::Holds => self.good(&padded),
            model::Verdict::Fails => self.bad(&padded),
            model::Verdict::Unknown => self.open(&padded),
        }
    }
}

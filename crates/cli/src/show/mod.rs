//! How things are shown on a terminal.

mod findings;
mod progress;
mod table;
mod verdicts;

use std::error::Error;
use std::io::IsTerminal;

use crate::command::Failure;

pub(crate) use findings::{awaited, findings};
pub(crate) use progress::Narrator;
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

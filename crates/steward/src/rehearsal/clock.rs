//! The phases of a rehearsal: how long each took and what it came to.

use std::cell::RefCell;
use std::time::Instant;

use handover::Phase;
use model::{Evidence, Verdict};

use super::Progress;

/// Phases with their durations, told as they end.
pub(super) struct Clock<'a> {
    pub(super) progress: &'a dyn Progress,
    began: Instant,
    phases: RefCell<Vec<Phase>>,
}

impl<'a> Clock<'a> {
    pub(super) fn start(progress: &'a dyn Progress) -> Self {
        Self {
            progress,
            began: Instant::now(),
            phases: RefCell::default(),
        }
    }

    /// Milliseconds since its start.
    pub(super) fn elapsed(&self) -> u64 {
        milliseconds(self.began)
    }

    /// The phases that have ended.
    pub(super) fn phases(&self) -> Vec<Phase> {
        self.phases.borrow().clone()
    }

    pub(super) fn time<T>(
        &self,
        name: &str,
        work: impl FnOnce() -> T,
        result: impl FnOnce(&T) -> String,
    ) -> T {
        self.progress.begin(name);
        let began = Instant::now();
        let done = work();
        let phase = Phase {
            name: name.to_owned(),
            took_ms: milliseconds(began),
            result: result(&done),
        };
        self.progress.end(&phase);
        self.phases.borrow_mut().push(phase);
        done
    }
}

fn milliseconds(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// How many pieces of evidence say what.
pub(super) fn tallied(evidence: &[Evidence]) -> String {
    let count = |verdict| {
        evidence
            .iter()
            .filter(|item| item.verdict == verdict)
            .count()
    };
    let (holds, fails, unknown) = (
        count(Verdict::Holds),
        count(Verdict::Fails),
        count(Verdict::Unknown),
    );
    format!("{holds} hold, {fails} fail, {unknown} unknown")
}

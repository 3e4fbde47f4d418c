//! The line to a server: how long it may take, and what silence on it means.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::answer::{Closing, Outcome};
use crate::ask::Miss;

/// One question's time, and whether its server was reached.
#[derive(Debug)]
pub(crate) struct Line {
    pub closing: Closing,
    /// When patience ends.
    pub end: Instant,
    patience: Duration,
    reached: AtomicBool,
}

impl Line {
    pub(crate) fn new(closing: Closing, patience: Duration) -> Self {
        Self {
            closing,
            end: Instant::now() + patience,
            patience,
            reached: AtomicBool::new(false),
        }
    }

    /// The line for a part of what is left: a first try that takes it all leaves nothing for a second one.
    pub(crate) fn part(&self, of: u32) -> Self {
        Self::new(self.closing, self.left() / of)
    }

    /// What is left of patience.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Notes that a server was reached: from now on silence is a server's, not the network's.
    pub(crate) fn reach(&self) {
        self.reached.store(true, Ordering::Relaxed);
    }

    /// What it means that patience has ended.
    pub(crate) fn nothing_more(&self) -> Miss {
        let patience = self.patience;
        if self.reached.load(Ordering::Relaxed) {
            return Miss::broken(format!("reached, but no answer within {patience:?}"));
        }
        match self.closing {
            Closing::Deadline => Miss::no_way(format!("nothing heard within {patience:?}")),
            Closing::Sentinel { .. } => Miss::new(
                Outcome::Silent,
                format!("nothing heard within {patience:?}, which proves no loss"),
            ),
        }
    }
}

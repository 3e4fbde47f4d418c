//! How far a rehearsal is, on standard error.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use handover::Phase;
use steward::Progress;

use super::Paint;
use crate::output::tell;

/// A line that is rewritten is rewritten at most this often, in milliseconds: fast enough to be seen moving.
const REDRAW_MS: u64 = 50;

/// Tells each phase in a line; on a terminal the line of the running phase moves.
pub(crate) struct Narrator {
    terminal: bool,
    paint: Paint,
    began: Instant,
    drawn: AtomicU64,
}

impl Narrator {
    pub(crate) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self {
            terminal,
            paint: Paint::of(terminal),
            began: Instant::now(),
            drawn: AtomicU64::new(0),
        }
    }
}

impl Progress for Narrator {
    fn begin(&self, phase: &str) {
        if self.terminal {
            tell(format_args!("\r\u{1b}[K  {phase:<14} …"));
        }
    }

    fn advance(&self, done: usize, total: usize) {
        if !self.terminal {
            return;
        }
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.drawn.load(Ordering::Relaxed);
        if done < total && now.saturating_sub(last) < REDRAW_MS {
            return;
        }
        self.drawn.store(now, Ordering::Relaxed);
        tell(format_args!("\u{1b}[17G{done} of {total}\u{1b}[K"));
    }

    fn end(&self, phase: &Phase) {
        let clear = if self.terminal { "\r\u{1b}[K" } else { "" };
        let took = self.paint.soft(&format!("{:>8} ms", phase.took_ms));
        errln!("{clear}  {:<14} {took}  {}", phase.name, phase.result);
    }
}

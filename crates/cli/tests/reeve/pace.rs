//! How far a running rehearsal is.

use std::thread;
use std::time::Instant;

use crate::place::{LIMIT, LOOK, Running};

impl Running {
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Waits until it has told so many lines; false when it ended before.
    pub(crate) fn has_told(&mut self, lines: usize) -> bool {
        self.goes_on_until(|running| running.told().lines().count() >= lines)
    }

    /// Waits until something is so; false when it ended before.
    pub(crate) fn goes_on_until(&mut self, is_so: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + LIMIT;
        loop {
            if is_so(self) {
                return true;
            }
            if self.child.try_wait().expect("its state").is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "it tells {:?}", self.told());
            thread::sleep(LOOK);
        }
    }
}

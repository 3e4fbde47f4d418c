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
        let deadline = Instant::now() + LIMIT;
        loop {
            if self.told().lines().count() >= lines {
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

//! Sessions of a console: random, few, and not for ever.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::constant_time;

/// The cookie that carries a session.
pub(super) const COOKIE_NAME: &str = "reeve-session";

/// Sessions at a time, the oldest goes first: a handful of probes and people.
const SESSIONS: usize = 64;

/// Life of a session: as long as an administrator may leave a console alone.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Bytes of a session's name: beyond guessing.
const NAME_BYTES: usize = 32;

/// The open sessions, oldest first.
#[derive(Default)]
pub(super) struct Sessions {
    open: Mutex<VecDeque<(String, Instant)>>,
}

impl Sessions {
    /// Opens a session and names it.
    pub(super) fn open(&self) -> String {
        let mut name = String::with_capacity(2 * NAME_BYTES);
        for byte in rand::random::<[u8; NAME_BYTES]>() {
            // Writing to a String cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() == SESSIONS {
            open.pop_front();
        }
        open.push_back((name.clone(), Instant::now()));
        name
    }

    /// Whether a session of this name is open. Every open one is compared in full, so that time tells nothing.
    pub(super) fn knows(&self, name: &str) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, since)| since.elapsed() < LIFETIME);
        open.iter().fold(false, |known, (kept, _)| {
            known | constant_time::verify_slices_are_equal(kept.as_bytes(), name.as_bytes()).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_open_sessions_are_known() {
        let sessions = Sessions::default();
        let first = sessions.open();
        assert!(sessions.knows(&first));
        assert!(!sessions.knows(""));
        assert!(!sessions.knows(&first[1..]));
        assert!(!sessions.knows(&first.to_uppercase().replace('A', "B")));
        for _ in 0..SESSIONS {
            assert!(sessions.knows(&sessions.open()));
        }
        assert!(!sessions.knows(&first), "the oldest went");
    }
}

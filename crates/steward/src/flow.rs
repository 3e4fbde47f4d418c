//! A stream of connections from a host, to see how long a way is interrupted.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Between two connections: the interruption is known as exactly.
const EVERY: Duration = Duration::from_millis(50);

/// A connection that has not come about by then is counted as lost. In a twin it takes a millisecond or two, so that the
/// retransmission that the kernel makes after a second would only hide when the way came back.
const PATIENCE: Duration = Duration::from_millis(250);

/// A stream that nobody ends, ends itself: a lost tunnel is noticed within a minute and a half or not at all.
const LONGEST: Duration = Duration::from_mins(5);

/// What became of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Interruption {
    /// Connections tried.
    pub(crate) tried: u32,
    /// Connections that came about.
    pub(crate) came_about: u32,
    /// The longest time in which none came about, milliseconds.
    pub(crate) longest_gap_ms: u64,
}

/// A stream that was begun.
#[derive(Debug)]
pub(crate) struct Flow {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Interruption>,
}

impl Flow {
    /// Begins to open connections to an address, one after the other.
    pub(crate) fn begin(target: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        Self {
            stop,
            thread: thread::spawn(move || run(target, &told)),
        }
    }

    /// Ends it and tells what was seen.
    pub(crate) fn end(self) -> Interruption {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

fn run(target: SocketAddr, stop: &AtomicBool) -> Interruption {
    let began = Instant::now();
    let mut seen = Interruption::default();
    let mut since = began;
    while !stop.load(Ordering::Relaxed) && began.elapsed() < LONGEST {
        let tried = Instant::now();
        seen.tried += 1;
        if TcpStream::connect_timeout(&target, PATIENCE).is_ok() {
            seen.came_about += 1;
            seen.close(since, tried);
            since = Instant::now();
        }
        thread::sleep(EVERY.saturating_sub(tried.elapsed()));
    }
    seen.close(since, Instant::now());
    seen
}

impl Interruption {
    fn close(&mut self, since: Instant, until: Instant) {
        let gap = until.saturating_duration_since(since).as_millis();
        let gap = u64::try_from(gap).unwrap_or(u64::MAX);
        self.longest_gap_ms = self.longest_gap_ms.max(gap);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn connections_are_counted_and_a_closed_door_is_a_gap() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let target = listener.local_addr().expect("an address");
        let flow = Flow::begin(target);
        for _ in 0..3 {
            listener.accept().expect("a connection of the stream");
        }
        drop(listener);
        let seen = flow.end();
        assert!(seen.came_about >= 3, "{seen:?}");
        assert!(seen.tried >= seen.came_about, "{seen:?}");

        let nobody = Flow::begin(target);
        let seen = nobody.end();
        assert_eq!(seen.came_about, 0, "{seen:?}");
    }
}

//! Work in turns: one thing after the other, but what takes long does not hold up the rest.

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

/// What is not done by then most likely waits for a deadline; the next is begun beside it. A login of a debug build on a
/// loaded machine is done by then, so that a sound rehearsal asks one question of a vantage at a time.
const SLOW: Duration = Duration::from_secs(1);

/// Things under way at once: a fault may have a hundred questions wait for their deadlines, which then take as long as
/// a dozen of them. More logins at once than this keep two cores busy until the deadlines of all of them have passed.
const AT_ONCE: usize = 8;

/// Tells that a thing is done, however it ended.
struct Done(Sender<()>);

impl Drop for Done {
    fn drop(&mut self) {
        // Whoever does not listen any more has nothing left to begin.
        let _ = self.0.send(());
    }
}

/// Does each job in turn, in order, and the next one beside those that take long. Returns when all are done.
pub(crate) fn in_turn<J: Send>(jobs: impl IntoIterator<Item = J>, work: &(dyn Fn(J) + Sync)) {
    overlapping(jobs, work, SLOW);
}

fn overlapping<J: Send>(
    jobs: impl IntoIterator<Item = J>,
    work: &(dyn Fn(J) + Sync),
    slow: Duration,
) {
    let (sender, finished) = mpsc::channel();
    thread::scope(|scope| {
        let mut under_way = 0;
        for job in jobs {
            let done = Done(sender.clone());
            scope.spawn(move || {
                let _done = done;
                work(job);
            });
            under_way += 1;
            let one_ended = if under_way < AT_ONCE {
                finished.recv_timeout(slow).is_ok()
            } else {
                finished.recv().is_ok()
            };
            if one_ended {
                under_way -= 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, Mutex};

    use super::*;

    #[test]
    fn what_is_quick_is_done_one_after_the_other() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let order = Mutex::new(Vec::new());
        let work = |job: usize| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            order.lock().expect("whole").push(job);
            now.fetch_sub(1, Ordering::SeqCst);
        };
        // Nothing counts as slow here.
        overlapping(0..50, &work, Duration::from_secs(3600));
        assert_eq!(most.load(Ordering::SeqCst), 1);
        assert_eq!(*order.lock().expect("whole"), (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn what_waits_is_overtaken_up_to_a_limit() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let all = Barrier::new(AT_ONCE);
        let work = |_: usize| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // None of them ends before as many are under way as may be.
            all.wait();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        overlapping(0..3 * AT_ONCE, &work, Duration::ZERO);
        assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
    }

    #[test]
    fn nothing_to_do_is_done() {
        in_turn(std::iter::empty::<u8>(), &|_| {
            unreachable!("there is no job")
        });
    }
}

//! Keeps a thread on one CPU for as long as packets must stay in order.

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// The calling thread stays on the CPU on which it is until this is dropped.
#[derive(Debug)]
pub(crate) struct Pinned {
    before: CpuSet,
}

impl Pinned {
    pub(crate) fn here() -> Result<Self, nix::Error> {
        // Process number zero is the calling thread.
        let before = sched_getaffinity(Pid::from_raw(0))?;
        let mut only = CpuSet::new();
        only.set(sched_getcpu()?)?;
        sched_setaffinity(Pid::from_raw(0), &only)?;
        Ok(Self { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It fails only if every CPU of before has gone; then the kernel has moved the thread already.
        let _ = sched_setaffinity(Pid::from_raw(0), &self.before);
    }
}

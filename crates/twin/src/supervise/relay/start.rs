//! The programs' first messages: everything is ready when all are answered.

use std::time::{Duration, Instant};

use model::HostId;
use nix::poll::PollTimeout;

use super::{Asker, Process, Relay};
use crate::control::order::Failure;
use crate::supervise::log::Log;
use crate::supervise::plan::Plan;
use crate::supervise::program::{self, SETTINGS, Settings, Spawned};
use crate::supervise::wire::Wire;

/// A program makes keys and opens sockets before it is ready: a second on an idle machine, all of them at once on a
/// loaded one.
const READY_LIMIT: Duration = Duration::from_secs(120);

impl Relay<'_> {
    /// Takes the programs in, gives each its first message and waits until all have answered it.
    pub(in crate::supervise) fn start(
        &mut self,
        plan: &Plan,
        spawned: Vec<Spawned>,
    ) -> Result<(), Failure> {
        let broken = |host: &HostId, error: String| Failure::Program {
            host: host.clone(),
            detail: error,
        };
        for ((host, program), spawned) in program::in_order(plan).into_iter().zip(spawned) {
            let settings = Settings::of(program, &self.about.run_dir);
            let position = self.programs.len();
            self.programs.push(Process {
                host: host.clone(),
                pid: spawned.pid,
                wire: Some(
                    Wire::over(spawned.channel).map_err(|error| broken(host, error.to_string()))?,
                ),
                log: Log::new(&self.about.run_dir, host, spawned.output),
                end: None,
            });
            let body = |value: Result<Vec<u8>, serde_json::Error>| {
                value.map_err(|error| broken(host, error.to_string()))
            };
            let settings = body(serde_json::to_vec(&settings))?;
            let input = body(serde_json::to_vec(&program.input))?;
            self.pass(position, Asker::Start, SETTINGS, settings);
            let call = self.number();
            self.pass(position, Asker::Start, call, input);
        }
        let deadline = Instant::now() + READY_LIMIT;
        while self.first.len() < self.programs.len() {
            let failed = self
                .first
                .iter()
                .find_map(|(position, outcome)| Some((*position, outcome.as_ref().err()?.clone())));
            if let Some((position, why)) = failed {
                return Err(self.failed(position, &why));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let late = (0..self.programs.len()).find(|at| !self.first.contains_key(at));
                let why = format!("not ready within {} s", READY_LIMIT.as_secs());
                return Err(self.failed(late.unwrap_or_default(), &why));
            }
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            // Nobody is a client yet who could break the loop.
            let _ = self
                .turn(left)
                .map_err(|error| Failure::Twin(format!("watch the programs: {error}")))?;
        }
        let first = std::mem::take(&mut self.first);
        for (position, outcome) in first {
            outcome.map_err(|why| self.failed(position, &why))?;
        }
        Ok(())
    }

    /// A program's failure, with the last lines that it wrote.
    fn failed(&mut self, position: usize, why: &str) -> Failure {
        let Some(process) = self.programs.get_mut(position) else {
            return Failure::Twin(why.to_owned());
        };
        process.log.drain();
        let tail = process.log.tail();
        let wrote = if tail.is_empty() {
            String::new()
        } else {
            format!("; it wrote: {tail}")
        };
        Failure::Program {
            host: process.host.clone(),
            detail: format!("{why}{wrote}"),
        }
    }
}

//! Orders to PID 1 itself.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use super::{Process, Relay, json};
use crate::control::frame::Kind;
use crate::control::order::{Order, Status};
use crate::explain;
use crate::stand::StandError;
use crate::supervise::{Memory, memory};

/// What is answered to an order to the standing network.
fn done(outcome: Result<(), StandError>) -> (Kind, Vec<u8>) {
    match outcome {
        Ok(()) => (Kind::Answer, json(&())),
        Err(error) => (Kind::Refusal, json(&explain(&error))),
    }
}

impl Relay<'_> {
    /// Carries an order out and answers it; the order to stop ends the loop.
    pub(super) fn obey(&mut self, client: u64, id: u64, body: &[u8]) -> ControlFlow<()> {
        let (kind, body) = match serde_json::from_slice::<Order>(body) {
            Err(error) => (Kind::Refusal, json(&format!("no such order: {error}"))),
            Ok(Order::FlushConnections) => done(self.standing.flush_connections()),
            Ok(Order::Adopt {
                tunnel,
                side,
                device,
            }) => done(self.standing.adopt(&tunnel, side, &device)),
            Ok(Order::Cut) => done(self.standing.cut()),
            Ok(Order::Sever { tunnel, severed }) => done(self.standing.sever(&tunnel, severed)),
            Ok(Order::Memory) => match memory::of_all() {
                Ok(memory) => (Kind::Answer, json::<Memory>(&memory)),
                Err(error) => (Kind::Refusal, json(&format!("read /proc: {error}"))),
            },
            Ok(Order::Status) => (Kind::Answer, json(&self.status())),
            Ok(Order::Release) if self.listener.is_some() => {
                self.released.store(true, Ordering::SeqCst);
                (Kind::Answer, json(&()))
            }
            Ok(Order::Release) => (Kind::Refusal, json(&"the twin was not started to be kept")),
            Ok(Order::Stop) => return ControlFlow::Break(()),
        };
        self.reply(client, id, kind, body);
        ControlFlow::Continue(())
    }

    fn status(&self) -> Status {
        let running = |process: &Process| match process.end {
            None => Some(process.pid.as_raw()),
            Some(_) => None,
        };
        Status {
            label: self.about.label.clone(),
            run_dir: self.about.run_dir.clone(),
            since: self.about.since,
            released: self.released.load(Ordering::SeqCst),
            programs: self
                .programs
                .iter()
                .map(|process| (process.host.clone(), running(process)))
                .collect(),
        }
    }
}

//! The relay: questions from the starter, or from whoever reaches a kept twin, to the programs, and answers back.

mod orders;
mod start;

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use model::HostId;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::Serialize;

use super::log::Log;
use super::program::SETTINGS;
use super::wire::Wire;
use crate::control::endpoint;
use crate::control::frame::{Frame, Kind, PID_1};
use crate::stand::Standing;

/// Callers of a kept twin at one time: people at terminals. One more waits until another has gone.
const MAX_CLIENTS: usize = 32;

/// Turns of reading for what a program that has ended left in its channel: more than a socket holds.
const LAST_WORDS: usize = 8;

/// The starter among the clients.
const OUTER: u64 = 0;

/// What PID 1 says of itself.
#[derive(Debug)]
pub(super) struct About {
    label: String,
    run_dir: PathBuf,
    since: u64,
}

/// PID 1's only loop.
#[derive(Debug)]
pub(super) struct Relay<'a> {
    about: About,
    standing: &'a Standing,
    children: SignalFd,
    listener: Option<UnixListener>,
    released: Arc<AtomicBool>,
    programs: Vec<Process>,
    clients: BTreeMap<u64, Wire>,
    next_client: u64,
    calls: BTreeMap<u64, Call>,
    next_call: u64,
    /// What the programs made of their first messages.
    first: BTreeMap<usize, Result<(), String>>,
}

/// A program and what joins it to PID 1.
#[derive(Debug)]
struct Process {
    host: HostId,
    pid: Pid,
    wire: Option<Wire>,
    log: Log,
    /// How it ended.
    end: Option<String>,
}

/// A question that a program has not answered yet.
#[derive(Clone, Copy, Debug)]
struct Call {
    asker: Asker,
    program: usize,
}

#[derive(Clone, Copy, Debug)]
enum Asker {
    /// PID 1 itself, for the first message.
    Start,
    /// A client, who calls the question by this number.
    Client(u64, u64),
}

/// What poll may report.
#[derive(Clone, Copy, Debug)]
enum Token {
    Children,
    Listener,
    Client(u64),
    Program(usize),
    Log(usize),
}

impl About {
    pub(super) fn new(label: &str, run_dir: &Path) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            label: label.to_owned(),
            run_dir: run_dir.to_owned(),
            since: since.map_or(0, |age| age.as_secs()),
        }
    }
}

impl<'a> Relay<'a> {
    /// A relay without programs. `children` are the signals that say that one has ended, blocked in every thread.
    pub(super) fn new(
        about: About,
        standing: &'a Standing,
        children: &SigSet,
        listener: Option<UnixListener>,
        released: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        Ok(Self {
            about,
            standing,
            children: SignalFd::with_flags(
                children,
                SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC,
            )?,
            listener,
            released,
            programs: Vec::new(),
            clients: BTreeMap::new(),
            next_client: OUTER + 1,
            calls: BTreeMap::new(),
            next_call: SETTINGS + 1,
            first: BTreeMap::new(),
        })
    }

    /// Serves the starter, and whoever connects to a kept twin, until it is told to stop or the starter of a twin that
    /// is not released has gone.
    pub(super) fn serve(&mut self, outer: UnixStream) -> io::Result<()> {
        self.clients.insert(OUTER, Wire::over(outer)?);
        while self.turn(PollTimeout::NONE)?.is_continue() {}
        if self.listener.is_some() {
            endpoint::remove(&self.about.run_dir);
        }
        Ok(())
    }

    /// Waits for something to happen and deals with it.
    fn turn(&mut self, limit: PollTimeout) -> io::Result<ControlFlow<()>> {
        let watched = self.watched();
        let mut ends: Vec<PollFd<'_>> = watched
            .iter()
            .map(|(_, end, flags)| PollFd::new(*end, *flags))
            .collect();
        match poll(&mut ends, limit) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ready: Vec<Token> = watched
            .iter()
            .zip(&ends)
            .filter(|(_, end)| end.any().unwrap_or(true))
            .map(|((token, ..), _)| *token)
            .collect();
        for token in ready {
            match token {
                Token::Children => self.reap(),
                Token::Listener => self.accept(),
                Token::Program(position) => self.hear(position),
                Token::Log(position) => {
                    if let Some(process) = self.programs.get_mut(position) {
                        process.log.take();
                    }
                }
                Token::Client(client) => {
                    if self.attend(client).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn watched(&self) -> Vec<(Token, BorrowedFd<'_>, PollFlags)> {
        let mut watched = vec![(Token::Children, self.children.as_fd(), PollFlags::POLLIN)];
        if let Some(listener) = &self.listener
            && self.clients.len() < MAX_CLIENTS
        {
            watched.push((Token::Listener, listener.as_fd(), PollFlags::POLLIN));
        }
        for (client, wire) in &self.clients {
            watched.push((Token::Client(*client), wire.as_fd(), wire.wants()));
        }
        // Answers that the starter has no time for stay where they are.
        let congested = self.clients.get(&OUTER).is_some_and(Wire::is_full);
        for (position, process) in self.programs.iter().enumerate() {
            if let Some(wire) = &process.wire
                && !congested
            {
                watched.push((Token::Program(position), wire.as_fd(), wire.wants()));
            }
            if let Some(pipe) = process.log.pipe() {
                watched.push((Token::Log(position), pipe.as_fd(), PollFlags::POLLIN));
            }
        }
        watched
    }

    /// Waits for all that have ended: the programs, and what they left behind.
    fn reap(&mut self) {
        // Several signals may have become one.
        while let Ok(Some(_)) = self.children.read_signal() {}
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let how = match status {
                WaitStatus::Exited(_, code) => format!("it ended with exit code {code}"),
                WaitStatus::Signaled(_, signal, _) => format!("it was ended by {signal}"),
                WaitStatus::StillAlive => break,
                _ => continue,
            };
            let ended =
                |process: &Process| Some(process.pid) == status.pid() && process.end.is_none();
            if let Some(position) = self.programs.iter().position(ended) {
                self.bury(position, how);
            }
        }
    }

    /// Passes on what a program that has ended still had to say, then answers all that was asked of it.
    fn bury(&mut self, position: usize, how: String) {
        self.programs[position].end = Some(how.clone());
        for _ in 0..LAST_WORDS {
            self.hear(position);
        }
        let process = &mut self.programs[position];
        process.wire = None;
        process.log.drain();
        let open: Vec<u64> = self
            .calls
            .iter()
            .filter(|(_, call)| call.program == position)
            .map(|(number, _)| *number)
            .collect();
        for number in open {
            self.answer(number, Kind::Gone, json(&how));
        }
    }

    /// Takes answers from a program.
    fn hear(&mut self, position: usize) {
        let Some(wire) = &mut self.programs[position].wire else {
            return;
        };
        let (frames, open) = wire.exchange();
        for frame in frames {
            if frame.id == SETTINGS {
                let why = serde_json::from_slice(&frame.body).unwrap_or_default();
                self.first.entry(position).or_insert(Err(why));
            } else if self
                .calls
                .get(&frame.id)
                .is_some_and(|call| call.program == position)
            {
                self.answer(frame.id, frame.kind, frame.body);
            }
        }
        if open {
            return;
        }
        let process = &mut self.programs[position];
        process.wire = None;
        if process.end.is_none() {
            // A program without its channel is of no use. Its end says how it came about.
            let _ = kill(process.pid, Signal::SIGKILL);
        }
    }

    /// Closes a call.
    fn answer(&mut self, number: u64, kind: Kind, body: Vec<u8>) {
        let Some(call) = self.calls.remove(&number) else {
            return;
        };
        match call.asker {
            Asker::Start => {
                let outcome = match kind {
                    Kind::Answer | Kind::Request => Ok(()),
                    Kind::Refusal | Kind::Gone => {
                        Err(serde_json::from_slice(&body).unwrap_or_default())
                    }
                };
                self.first.entry(call.program).or_insert(outcome);
            }
            Asker::Client(client, id) => self.reply(client, id, kind, body),
        }
    }

    fn reply(&mut self, client: u64, id: u64, kind: Kind, body: Vec<u8>) {
        // A client that has gone wants no answer.
        let Some(wire) = self.clients.get_mut(&client) else {
            return;
        };
        wire.queue(&Frame {
            id,
            to: PID_1,
            kind,
            body,
        });
        // The programs wait for the starter; for nobody else.
        if wire.is_full() && client != OUTER {
            self.clients.remove(&client);
        }
    }

    /// Takes questions and orders from a client.
    fn attend(&mut self, client: u64) -> ControlFlow<()> {
        let Some(wire) = self.clients.get_mut(&client) else {
            return ControlFlow::Continue(());
        };
        let (frames, open) = wire.exchange();
        for frame in frames {
            if frame.kind != Kind::Request {
                continue;
            }
            if frame.to == PID_1 {
                self.obey(client, frame.id, &frame.body)?;
            } else {
                self.ask(client, frame);
            }
        }
        if open {
            return ControlFlow::Continue(());
        }
        self.clients.remove(&client);
        if client == OUTER && !self.released.load(Ordering::SeqCst) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn ask(&mut self, client: u64, frame: Frame) {
        let position = usize::from(frame.to);
        let end = match self.programs.get(position) {
            None => Some((Kind::Refusal, "there is no such host".to_owned())),
            Some(process) => process.end.clone().map(|how| (Kind::Gone, how)),
        };
        if let Some((kind, why)) = end {
            self.reply(client, frame.id, kind, json(&why));
            return;
        }
        let call = self.number();
        self.pass(position, Asker::Client(client, frame.id), call, frame.body);
    }

    fn pass(&mut self, position: usize, asker: Asker, number: u64, body: Vec<u8>) {
        if number != SETTINGS {
            let program = position;
            self.calls.insert(number, Call { asker, program });
        }
        // Between the end of its channel and its burial a program has no wire; the burial then answers.
        let Some(wire) = &mut self.programs[position].wire else {
            return;
        };
        if wire.is_full() {
            let why = "too many questions wait for it already";
            self.answer(number, Kind::Refusal, json(&why));
            return;
        }
        wire.queue(&Frame {
            id: number,
            to: PID_1,
            kind: Kind::Request,
            body,
        });
    }

    fn number(&mut self) -> u64 {
        let number = self.next_call;
        self.next_call += 1;
        number
    }

    /// Lets a caller in who is the twin's own user. Others cannot reach the socket, but its folder's mode may be changed.
    fn accept(&mut self) {
        let Some(Ok((stream, _))) = self.listener.as_ref().map(UnixListener::accept) else {
            return;
        };
        // In the twin's user namespace its user is root, and nobody else is.
        let own = getsockopt(&stream, PeerCredentials).is_ok_and(|peer| peer.uid() == 0);
        if let (true, Ok(wire)) = (own, Wire::over(stream)) {
            self.clients.insert(self.next_client, wire);
            self.next_client += 1;
        }
    }
}

/// The JSON of a value that has one.
fn json<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec())
}

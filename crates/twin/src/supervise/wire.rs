//! A socket that never makes PID 1 wait: what comes in pieces is put together, what cannot go yet is kept.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::poll::PollFlags;

use crate::control::frame::{Decoder, Frame, MAX_BODY};

/// What may wait for the other end to read: twice the longest frame, so that one can follow another.
const MAX_QUEUE: usize = 2 * MAX_BODY + 4096;

/// Reads in one turn, so that one loud end does not keep the others waiting.
const READS: usize = 16;

/// One end of a stream of frames.
#[derive(Debug)]
pub(super) struct Wire {
    stream: UnixStream,
    inbox: Decoder,
    outbox: VecDeque<u8>,
    /// The other end does not read, or is gone.
    broken: bool,
}

impl Wire {
    pub(super) fn over(stream: UnixStream) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            inbox: Decoder::default(),
            outbox: VecDeque::new(),
            broken: false,
        })
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// What to wait for.
    pub(super) fn wants(&self) -> PollFlags {
        if self.outbox.is_empty() && !self.broken {
            PollFlags::POLLIN
        } else {
            PollFlags::POLLIN | PollFlags::POLLOUT
        }
    }

    /// Sends a frame, now or later; false when it does not fit any more.
    pub(super) fn queue(&mut self, frame: &Frame) -> bool {
        let Ok(bytes) = frame.encode() else {
            return false;
        };
        if self.outbox.len() + bytes.len() > MAX_QUEUE {
            self.broken = self.outbox.len() > MAX_BODY;
            return false;
        }
        self.outbox.extend(bytes);
        self.flush();
        true
    }

    /// Sends and takes what can be sent and taken now. Returns the frames that are complete, and whether the stream is
    /// still of use.
    pub(super) fn exchange(&mut self) -> (Vec<Frame>, bool) {
        self.flush();
        let ended = self.fill();
        match self.inbox.frames() {
            Ok(frames) => (frames, !ended && !self.broken),
            Err(_) => (Vec::new(), false),
        }
    }

    fn flush(&mut self) {
        while !self.outbox.is_empty() {
            match self.stream.write(self.outbox.as_slices().0) {
                Ok(sent) => drop(self.outbox.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    // Its last words may still be there to read; the end of them is the end of the stream.
                    self.outbox.clear();
                }
            }
        }
    }

    /// Whether the stream has ended.
    fn fill(&mut self) -> bool {
        let mut bytes = vec![0; 64 << 10];
        for _ in 0..READS {
            match self.stream.read(&mut bytes) {
                Ok(0) => return true,
                Ok(length) => self.inbox.push(&bytes[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
        false
    }
}

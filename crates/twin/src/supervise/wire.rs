//! A socket that never makes PID 1 wait: what comes in pieces is put together, what cannot go yet is kept.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::poll::PollFlags;

use crate::control::frame::{Decoder, Frame, MAX_BODY};

/// What may wait for the other end to read before it counts as full: the longest frame.
const FULL: usize = MAX_BODY;

/// Reads in one turn, so that one loud end does not keep the others waiting.
const READS: usize = 16;

/// One end of a stream of frames.
#[derive(Debug)]
pub(super) struct Wire {
    stream: UnixStream,
    inbox: Decoder,
    outbox: VecDeque<u8>,
}

impl Wire {
    pub(super) fn over(stream: UnixStream) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            inbox: Decoder::default(),
            outbox: VecDeque::new(),
        })
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// What to wait for.
    pub(super) fn wants(&self) -> PollFlags {
        if self.outbox.is_empty() {
            PollFlags::POLLIN
        } else {
            PollFlags::POLLIN | PollFlags::POLLOUT
        }
    }

    /// Whether the other end must read before more is sent.
    pub(super) fn is_full(&self) -> bool {
        self.outbox.len() > FULL
    }

    /// Sends a frame, now or later. A body that is too long has come by no frame, and is not sent.
    pub(super) fn queue(&mut self, frame: &Frame) {
        if let Ok(bytes) = frame.encode() {
            self.outbox.extend(bytes);
            self.flush();
        }
    }

    /// Sends and takes what can be sent and taken now. Returns the frames that are complete, and whether the stream goes
    /// on.
    pub(super) fn exchange(&mut self) -> (Vec<Frame>, bool) {
        self.flush();
        let ended = self.fill();
        match self.inbox.frames() {
            Ok(frames) => (frames, !ended),
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

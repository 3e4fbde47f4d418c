//! Talks netlink with the kernel about one namespace: links and routes, packet filters, connection tracking.
//!
//! Many messages go in one system call. The kernel works them off before the call returns and answers each that it
//! refuses; the last asks for an answer in any case. So nothing is waited for, and silence is an error.

pub(crate) mod conntrack;
pub(crate) mod filter;
pub(crate) mod route;
mod term;
pub(crate) mod tunnel;
mod wire;

use std::fmt;
use std::io;
use std::os::fd::AsFd;

use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::protocols::{NETLINK_NETFILTER, NETLINK_ROUTE};
use netlink_sys::{Socket, SocketAddr};
use nix::libc;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::SndBuf;

use wire::{Answer, answers};

/// A batch of so many bytes is sent; one message more makes it twice as long at most, as attributes end at 64 KiB.
const BATCH: usize = 64 * 1024;

/// What the socket is asked to take, with room for the kernel's own book-keeping; below what any machine allows.
const SEND_BUFFER: usize = 3 * BATCH;

/// The largest datagram that the kernel answers with, a part of a list.
const ANSWER: usize = 64 * 1024;

/// The most datagrams read for one request: a list of links has a few for a hundred links.
const ANSWERS: usize = 4096;

/// A part of the kernel that is talked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subsystem {
    /// Links, addresses, routes, rules, neighbours.
    Route,
    /// Packet filters and connection tracking.
    Netfilter,
}

/// A socket of the namespace in which it was opened, wherever it is used.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: Socket,
}

/// Messages for one system call, in order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Where each message begins. Its place in the list is its sequence number.
    starts: Vec<usize>,
    /// The last message that does something, which is the one to be answered.
    last: Option<usize>,
}

/// Why the kernel did not do what it was told.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Which message of the batch it refused; none when the whole batch did not reach it.
    pub(crate) message: Option<usize>,
    /// The error's name.
    pub(crate) error: io::Error,
    /// The kernel's own words, where it has any.
    pub(crate) detail: Option<String>,
}

impl Connection {
    /// Opens a socket in the calling thread's network namespace.
    pub(crate) fn open(subsystem: Subsystem) -> io::Result<Self> {
        let mut socket = Socket::new(match subsystem {
            Subsystem::Route => NETLINK_ROUTE,
            Subsystem::Netfilter => NETLINK_NETFILTER,
        })?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // Only the refused message's number and the kernel's words are wanted back, not the message.
        socket.set_cap_ack(true)?;
        socket.set_ext_ack(true)?;
        socket.set_non_blocking(true)?;
        setsockopt(&socket.as_fd(), SndBuf, &SEND_BUFFER)?;
        Ok(Self { socket })
    }

    /// Sends a batch; every message was done when this returns well.
    pub(crate) fn transact(&self, batch: &mut Batch) -> Result<(), Refused> {
        let Some(last) = batch.ask_for_answer() else {
            return Ok(());
        };
        self.send(&batch.bytes)?;
        let mut done = false;
        self.each_answer(|answer| {
            match answer {
                Answer::Refused(message, code, detail) => {
                    return Err(Refused {
                        message: Some(message),
                        error: io::Error::from_raw_os_error(code),
                        detail,
                    });
                }
                Answer::Done(message) => done |= message == last,
                Answer::End | Answer::Other(_) => {}
            }
            Ok(false)
        })?;
        if done {
            Ok(())
        } else {
            Err(Refused::whole(io::Error::from(io::ErrorKind::WouldBlock)))
        }
    }

    /// Asks for a list; each message of the answer goes to `item`, without its header.
    pub(crate) fn list(
        &self,
        batch: &mut Batch,
        mut item: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), Refused> {
        batch.ask_for_list();
        self.send(&batch.bytes)?;
        self.each_answer(|answer| match answer {
            Answer::Refused(message, code, detail) => Err(Refused {
                message: Some(message),
                error: io::Error::from_raw_os_error(code),
                detail,
            }),
            Answer::Other(body) => item(body).map(|()| false).map_err(Refused::whole),
            Answer::End => Ok(true),
            Answer::Done(_) => Ok(false),
        })
    }

    fn send(&self, bytes: &[u8]) -> Result<(), Refused> {
        let sent = self.socket.send(bytes, 0).map_err(Refused::whole)?;
        if sent == bytes.len() {
            Ok(())
        } else {
            Err(Refused::whole(io::Error::from(io::ErrorKind::WriteZero)))
        }
    }

    /// Reads answers until there are no more, or `take` has what it wants. All are read even when one is a refusal,
    /// so that none is taken for an answer to the next request.
    fn each_answer(
        &self,
        mut take: impl FnMut(Answer<'_>) -> Result<bool, Refused>,
    ) -> Result<(), Refused> {
        let mut outcome = Ok(());
        let mut datagram = Vec::with_capacity(ANSWER);
        for _ in 0..ANSWERS {
            datagram.clear();
            match self.socket.recv(&mut datagram, libc::MSG_TRUNC) {
                Ok(length) if length > datagram.len() => {
                    return Err(Refused::whole(io::Error::from(io::ErrorKind::InvalidData)));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return outcome,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return outcome.and(Err(Refused::whole(error))),
            }
            for answer in answers(&datagram) {
                if outcome.is_ok() {
                    match take(answer) {
                        Ok(true) => return Ok(()),
                        Ok(false) => {}
                        Err(refused) => outcome = Err(refused),
                    }
                }
            }
        }
        outcome.and(Err(Refused::whole(io::Error::from(
            io::ErrorKind::InvalidData,
        ))))
    }
}

impl Batch {
    /// Appends a message; its sequence number and length are filled in here.
    fn push(&mut self, kind: u16, flags: u16, body: impl FnOnce(&mut Vec<u8>)) {
        self.last = Some(self.starts.len());
        self.push_mark(kind, flags, body);
    }

    /// Appends a message that only begins or ends a transaction, and is not answered.
    fn push_mark(&mut self, kind: u16, flags: u16, body: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        let sequence = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        self.starts.push(start);
        wire::message(&mut self.bytes, kind, flags | NLM_F_REQUEST, sequence, body);
    }

    /// Whether it is time to send it.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH
    }

    /// Asks for an answer to the last message that does something; its number.
    fn ask_for_answer(&mut self) -> Option<usize> {
        let last = self.last?;
        wire::add_flags(&mut self.bytes[self.starts[last]..], NLM_F_ACK);
        Some(last)
    }

    fn ask_for_list(&mut self) {
        for start in &self.starts {
            wire::add_flags(&mut self.bytes[*start..], NLM_F_DUMP);
        }
    }
}

impl Refused {
    fn whole(error: io::Error) -> Self {
        Self {
            message: None,
            error,
            detail: None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{} ({detail})", self.error),
            None => write!(f, "{}", self.error),
        }
    }
}

impl std::error::Error for Refused {}

//! The program's side of a twin: its channel to PID 1, over which questions come and answers go.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use nix::unistd;
use serde_json::Value;

use crate::control::frame::{Frame, FrameError, Kind, PID_1};

/// The longest question or answer in bytes of JSON.
pub const MAX_MESSAGE: usize = crate::control::frame::MAX_BODY;

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its number, which the answer repeats. Answers may be given in any order.
    pub id: u64,
    /// What is asked. The first request of all is [`crate::Program::input`], and its answer says that the program is
    /// ready.
    pub body: Value,
}

/// A program's channel to the twin.
#[derive(Debug)]
pub struct Channel {
    requests: UnixStream,
    answers: Answers,
}

/// The way back for answers; clones may answer from several threads.
#[derive(Clone, Debug)]
pub struct Answers(Arc<Mutex<UnixStream>>);

/// Opens the channel that the twin gave this program as standard input, and puts `/dev/null` in its place, so that no
/// process started from here inherits it. To be called once, before anything reads standard input.
///
/// # Errors
/// When standard input is not a socket: the program was not started by a twin.
pub fn channel() -> io::Result<Channel> {
    let requests = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    requests.local_addr().map_err(|source| {
        io::Error::new(
            source.kind(),
            "standard input is no socket: only a twin starts this program",
        )
    })?;
    unistd::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    let answers = Answers(Arc::new(Mutex::new(requests.try_clone()?)));
    Ok(Channel { requests, answers })
}

impl Channel {
    /// Waits for the next question; none when the twin is ending, and the program with it.
    ///
    /// # Errors
    /// When the channel fails, or carries what is not a question.
    pub fn recv(&mut self) -> io::Result<Option<Request>> {
        receive(&mut self.requests)
    }

    /// Answers a question; `Err` carries, in words, why it could not be done.
    ///
    /// # Errors
    /// As [`Answers::send`].
    pub fn send(&self, id: u64, answer: Result<&Value, &str>) -> io::Result<()> {
        self.answers.send(id, answer)
    }

    /// The way back, for answers from other threads.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.answers.clone()
    }
}

impl Answers {
    /// Answers a question; `Err` carries, in words, why it could not be done. An answer longer than [`MAX_MESSAGE`]
    /// becomes such an error. Waits until the twin has taken it.
    ///
    /// # Errors
    /// When the twin is ending.
    pub fn send(&self, id: u64, answer: Result<&Value, &str>) -> io::Result<()> {
        let (kind, body) = match answer {
            Ok(value) => (Kind::Answer, serde_json::to_vec(value)?),
            Err(why) => (Kind::Refusal, serde_json::to_vec(why)?),
        };
        match self.write(id, kind, body) {
            Err(FrameError::TooLong(length)) => {
                let why = FrameError::TooLong(length).to_string();
                self.write(id, Kind::Refusal, serde_json::to_vec(&why)?)
                    .map_err(io::Error::other)
            }
            Err(FrameError::Stream(error)) => Err(error),
            other => other.map_err(io::Error::other),
        }
    }

    fn write(&self, id: u64, kind: Kind, body: Vec<u8>) -> Result<(), FrameError> {
        let frame = Frame {
            id,
            to: PID_1,
            kind,
            body,
        };
        // A writer that panicked left the stream whole or broken; the next write tells which.
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frame.write(&mut *stream)
    }
}

fn receive(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let Some(frame) = Frame::read(stream).map_err(|error| match error {
        FrameError::Stream(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    })?
    else {
        return Ok(None);
    };
    if frame.kind != Kind::Request {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "an answer came where only questions may",
        ));
    }
    Ok(Some(Request {
        id: frame.id,
        body: serde_json::from_slice(&frame.body)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_questions_come_in() {
        let frame = |kind, body: &[u8]| {
            Frame {
                id: 3,
                to: 0,
                kind,
                body: body.to_vec(),
            }
            .encode()
            .expect("short")
        };
        let check = |bytes: &[u8], wanted: Result<Option<Request>, io::ErrorKind>| {
            let got = receive(&mut &*bytes).map_err(|error| error.kind());
            assert_eq!(got, wanted);
        };
        check(
            &frame(Kind::Request, b"true"),
            Ok(Some(Request {
                id: 3,
                body: Value::Bool(true),
            })),
        );
        check(b"", Ok(None));
        check(
            &frame(Kind::Answer, b"true"),
            Err(io::ErrorKind::InvalidData),
        );
        check(
            &frame(Kind::Request, b"{"),
            Err(io::ErrorKind::UnexpectedEof),
        );
        check(&frame(Kind::Request, b"]"), Err(io::ErrorKind::InvalidData));
        check(&[0, 0, 0], Err(io::ErrorKind::UnexpectedEof));
    }
}

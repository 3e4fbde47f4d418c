//! A line to PID 1: many questions at once over one socket, each with a deadline.

pub(crate) mod endpoint;
pub(crate) mod frame;
pub(crate) mod order;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use frame::{Frame, FrameError, Kind, PID_1};
use order::Order;

/// PID 1 only relays and never computes: it takes a frame at once, or it is no more.
const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// Orders are carried out within milliseconds, on a loaded machine within seconds.
const ORDER_LIMIT: Duration = Duration::from_secs(30);

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// It, or its answer, cannot go over the wire.
    #[error("put a question into a frame")]
    Frame(#[source] FrameError),
    /// The question is no JSON, or the answer is not what was to come.
    #[error("read the JSON of an answer")]
    Json(#[from] serde_json::Error),
    /// The one asked says why it could not.
    #[error("{0}")]
    Refused(String),
    /// The one asked is no more.
    #[error("{0}")]
    Gone(String),
    /// No answer in time.
    #[error("hear an answer within {} s", .0.as_secs())]
    Late(Duration),
    /// The twin is no more.
    #[error("reach the twin: it has ended")]
    Ended,
    /// The reader of answers could not be started.
    #[error("open a line to the twin")]
    Open(#[source] std::io::Error),
}

/// A line to PID 1.
#[derive(Debug)]
pub(crate) struct Line {
    writer: Mutex<UnixStream>,
    waiting: Arc<Mutex<Waiting>>,
    reader: Option<JoinHandle<()>>,
}

/// The questions that have no answer yet; none once the stream has ended.
#[derive(Debug)]
struct Waiting {
    open: bool,
    next: u64,
    slots: BTreeMap<u64, Sender<Frame>>,
}

impl Line {
    /// Takes a connected socket over.
    pub(crate) fn over(stream: UnixStream) -> Result<Self, LineError> {
        stream
            .set_write_timeout(Some(WRITE_LIMIT))
            .map_err(LineError::Open)?;
        let waiting = Arc::new(Mutex::new(Waiting {
            open: true,
            next: order::START,
            slots: BTreeMap::new(),
        }));
        let mut answers = stream.try_clone().map_err(LineError::Open)?;
        let theirs = Arc::clone(&waiting);
        let reader = thread::Builder::new()
            .name("twin-answers".to_owned())
            .spawn(move || {
                while let Ok(Some(answer)) = Frame::read(&mut answers) {
                    // Nobody waits for an answer that came after its deadline.
                    if let Some(slot) = lock(&theirs).slots.remove(&answer.id) {
                        let _ = slot.send(answer);
                    }
                }
                let mut waiting = lock(&theirs);
                waiting.open = false;
                waiting.slots.clear();
            })
            .map_err(LineError::Open)?;
        Ok(Self {
            writer: Mutex::new(stream),
            waiting,
            reader: Some(reader),
        })
    }

    /// Asks PID 1 (`PID_1`) or a program, and waits for the answer.
    pub(crate) fn ask<A: DeserializeOwned>(
        &self,
        to: u16,
        question: &impl Serialize,
        limit: Duration,
    ) -> Result<A, LineError> {
        let body = serde_json::to_vec(question)?;
        let (slot, answer) = mpsc::channel();
        let id = {
            let mut waiting = lock(&self.waiting);
            if !waiting.open {
                return Err(LineError::Ended);
            }
            let id = waiting.next;
            waiting.next += 1;
            waiting.slots.insert(id, slot);
            id
        };
        let outcome = self
            .send(&Frame {
                id,
                to,
                kind: Kind::Request,
                body,
            })
            .and_then(|()| {
                answer.recv_timeout(limit).map_err(|error| match error {
                    RecvTimeoutError::Timeout => LineError::Late(limit),
                    RecvTimeoutError::Disconnected => LineError::Ended,
                })
            });
        lock(&self.waiting).slots.remove(&id);
        let answer = outcome?;
        match answer.kind {
            Kind::Refusal => Err(LineError::Refused(serde_json::from_slice(&answer.body)?)),
            Kind::Gone => Err(LineError::Gone(serde_json::from_slice(&answer.body)?)),
            Kind::Answer | Kind::Request => Ok(serde_json::from_slice(&answer.body)?),
        }
    }

    /// Gives PID 1 an order and waits until it is done.
    pub(crate) fn order<A: DeserializeOwned>(&self, order: Order) -> Result<A, LineError> {
        self.ask(PID_1, &order, ORDER_LIMIT)
    }

    /// Waits until the other end has closed the stream, which it does last of all; false when it did not in time.
    pub(crate) fn ended_within(&self, limit: Duration) -> bool {
        // A question that is never sent is answered by the end of the stream alone.
        let (slot, end) = mpsc::channel();
        {
            let mut waiting = lock(&self.waiting);
            if !waiting.open {
                return true;
            }
            let id = waiting.next;
            waiting.next += 1;
            waiting.slots.insert(id, slot);
        }
        end.recv_timeout(limit) == Err(RecvTimeoutError::Disconnected)
    }

    fn send(&self, frame: &Frame) -> Result<(), LineError> {
        let bytes = frame.encode().map_err(LineError::Frame)?;
        let mut writer = lock(&self.writer);
        writer.write_all(&bytes).map_err(|_| {
            // Half a frame may be out: no other may follow it.
            let _ = writer.shutdown(Shutdown::Both);
            LineError::Ended
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = lock(&self.writer).shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Every critical section here leaves its data whole, so a panic of another holder does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A line whose other end is played by `peer`, and what a question on it came to.
    fn check(peer: impl FnOnce(UnixStream) + Send + 'static, wanted: Result<Value, &str>) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let peer = thread::spawn(move || peer(theirs));
        let line = Line::over(ours).expect("a line");
        let got = line.ask::<Value>(3, &json!("?"), Duration::from_secs(20));
        assert_eq!(
            got.map_err(|error| error.to_string()),
            wanted.map_err(str::to_owned)
        );
        drop(line);
        peer.join().expect("the peer ends");
    }

    fn answer(stream: &mut UnixStream, id: u64, kind: Kind, body: &str) {
        Frame {
            id,
            to: 0,
            kind,
            body: body.as_bytes().to_vec(),
        }
        .write(stream)
        .expect("writes");
    }

    #[test]
    fn a_question_has_one_answer() {
        check(
            |mut stream| {
                let asked = Frame::read(&mut stream).expect("reads").expect("asked");
                assert_eq!((asked.to, asked.body.as_slice()), (3, b"\"?\"".as_slice()));
                answer(&mut stream, 99, Kind::Answer, "1");
                answer(&mut stream, asked.id, Kind::Answer, "2");
            },
            Ok(json!(2)),
        );
        check(
            |mut stream| {
                let _ = Frame::read(&mut stream);
                answer(&mut stream, 0, Kind::Refusal, "\"no\"");
            },
            Err("no"),
        );
        check(
            |mut stream| {
                let _ = Frame::read(&mut stream);
                answer(&mut stream, 0, Kind::Gone, "\"killed\"");
            },
            Err("killed"),
        );
        check(
            |mut stream| {
                let _ = Frame::read(&mut stream);
                answer(&mut stream, 0, Kind::Answer, "{");
            },
            Err("read the JSON of an answer"),
        );
    }

    #[test]
    fn a_line_that_ends_answers_everybody() {
        check(drop, Err("reach the twin: it has ended"));
        check(
            |mut stream| {
                let _ = Frame::read(&mut stream);
            },
            Err("reach the twin: it has ended"),
        );
        check(
            |mut stream| {
                let _ = Frame::read(&mut stream);
                let _ = stream.write_all(&[0xff; 40]);
            },
            Err("reach the twin: it has ended"),
        );
    }

    #[test]
    fn silence_is_a_late_answer() {
        let (ours, _theirs) = UnixStream::pair().expect("a pair");
        let line = Line::over(ours).expect("a line");
        let got = line.ask::<Value>(PID_1, &Order::Status, Duration::ZERO);
        assert!(matches!(got, Err(LineError::Late(_))), "{got:?}");
        assert!(!line.ended_within(Duration::ZERO));
    }
}

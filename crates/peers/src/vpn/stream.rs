//! How long a way is interrupted: numbered questions, one after the other, and which of them were answered.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Between two questions. A shorter gap than this is not seen.
const EVERY: Duration = Duration::from_millis(20);

/// A number has two bytes, as it is the identifier of a DNS question: 21 minutes of one question every 20 ms.
const MAX_QUESTIONS: u16 = u16::MAX;

/// What answers come in after the last question.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// The rest of a DNS question for the root's name servers: any name server answers it, if only to refuse it. The
/// identifier comes before it, and comes back in the answer.
const QUESTION: [u8; 15] = [0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

/// What became of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruption {
    /// Questions sent.
    pub sent: u16,
    /// Questions answered.
    pub answered: u16,
    /// The longest time between two questions sent that were answered, with none answered that was sent in between, and
    /// before the first or after the last; in milliseconds.
    pub longest_gap_ms: u64,
}

/// A stream of datagrams to a name server, or whatever sends back what it gets.
#[derive(Debug)]
pub struct Stream {
    socket: UdpSocket,
    /// When each question was sent, and whether it was answered.
    sent: Vec<(Instant, bool)>,
}

impl Stream {
    /// Opens a stream; nothing is sent yet.
    ///
    /// # Errors
    /// When no socket can be had.
    pub fn open(destination: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = if destination.is_ipv4() {
            ([0, 0, 0, 0], 0).into()
        } else {
            ([0_u16; 8], 0).into()
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(destination)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            sent: Vec::new(),
        })
    }

    /// Asks every 20 ms until `goes_on` says no, or the numbers are used up, and says what became of it.
    ///
    /// # Errors
    /// When the socket fails. That a question cannot be delivered is no failure.
    pub fn run(mut self, mut goes_on: impl FnMut() -> bool) -> io::Result<Interruption> {
        let began = Instant::now();
        for number in 0..MAX_QUESTIONS {
            if !goes_on() {
                break;
            }
            let mut datagram = number.to_be_bytes().to_vec();
            datagram.extend(QUESTION);
            self.sent.push((Instant::now(), false));
            tolerated(self.socket.send(&datagram))?;
            self.collect()?;
            let next = began + EVERY * (u32::from(number) + 1);
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        let deadline = Instant::now() + LAST_ANSWERS;
        while self.sent.last().is_some_and(|(_, answered)| !answered) && Instant::now() < deadline {
            self.collect()?;
            thread::sleep(EVERY);
        }
        Ok(judged(&self.sent))
    }

    fn collect(&mut self) -> io::Result<()> {
        let mut buffer = [0; 512];
        // No more than were sent can be waiting, but for copies.
        for _ in 0..=self.sent.len() {
            match tolerated(self.socket.recv(&mut buffer))? {
                Some(length) if length >= 2 => {
                    let number = usize::from(u16::from_be_bytes([buffer[0], buffer[1]]));
                    if let Some((_, answered)) = self.sent.get_mut(number) {
                        *answered = true;
                    }
                }
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

/// What a socket did, or nothing where the network is what did not do it.
fn tolerated<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::PermissionDenied => Ok(None),
            _ => Err(error),
        },
    }
}

fn judged(sent: &[(Instant, bool)]) -> Interruption {
    let mut longest = Duration::ZERO;
    let mut since = sent.first().map(|(when, _)| *when);
    let last = sent.len().saturating_sub(1);
    for (position, (when, answered)) in sent.iter().enumerate() {
        if *answered || position == last {
            longest = longest.max(since.map_or(Duration::ZERO, |since| *when - since));
            since = Some(*when);
        }
    }
    let count = |all: usize| u16::try_from(all).unwrap_or(u16::MAX);
    Interruption {
        sent: count(sent.len()),
        answered: count(sent.iter().filter(|(_, answered)| *answered).count()),
        longest_gap_ms: u64::try_from(longest.as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_between_answers_and_at_either_end() {
        let check = |answers: &str, wanted: (u16, u16, u64)| {
            let began = Instant::now();
            let sent: Vec<_> = answers
                .bytes()
                .zip(0_u32..)
                .map(|(byte, number)| (began + EVERY * number, byte == b'+'))
                .collect();
            let Interruption {
                sent,
                answered,
                longest_gap_ms,
            } = judged(&sent);
            assert_eq!((sent, answered, longest_gap_ms), wanted, "{answers}");
        };
        check("", (0, 0, 0));
        check("+", (1, 1, 0));
        check("-", (1, 0, 0));
        check("+++", (3, 3, 20));
        check("+--+", (4, 2, 60));
        check("--+", (3, 1, 40));
        check("+----", (5, 1, 80));
        check("-----", (5, 0, 80));
    }

    #[test]
    fn answers_are_counted_once_and_nonsense_not_at_all() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let destination = server.local_addr().expect("an address");
        let echo = thread::spawn(move || {
            let mut buffer = [0; 64];
            for round in 0..4_u8 {
                let (length, from) = server.recv_from(&mut buffer).expect("a question");
                // The second is not answered; every other one twice, with nonsense around it.
                if round != 1 {
                    for answer in [&buffer[..length], &[0xff], &[0xff, 0xff], &buffer[..2]] {
                        server.send_to(answer, from).expect("an answer");
                    }
                }
            }
        });
        let mut left = 4;
        let stream = Stream::open(destination).expect("a stream");
        let seen = stream
            .run(|| {
                left -= 1;
                left >= 0
            })
            .expect("a result");
        echo.join().expect("the server is well");
        assert_eq!((seen.sent, seen.answered), (4, 3));
    }
}

//! The programs that the tests run: a station of a VPN, and a host that asks and answers.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use peers::vpn::{Interruption, SetUp, Station, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The word by which this binary is a station.
pub(crate) const STATION: &str = "station";

/// The word by which this binary is a host.
pub(crate) const HOST: &str = "host";

/// A connection that hangs for so long is broken.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a host is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Send back whatever comes to this port.
    Echo(u16),
    /// Send so many bytes over a connection to that address, and read as many back. Answered with their number.
    Transfer(String, usize),
    /// Ask so many questions at that address. Answered with an [`Interruption`].
    Questions(String, u16),
    /// Begin to ask.
    Begin(String),
    /// End it. Answered with an [`Interruption`].
    End,
}

pub(crate) fn station() -> ExitCode {
    let Ok(mut channel) = twin::host::channel() else {
        return ExitCode::from(2);
    };
    let mut station = None;
    while let Ok(Some(request)) = channel.recv() {
        let answer = match &mut station {
            None => serde_json::from_value::<SetUp>(request.body)
                .map(|set_up| {
                    station = Some(Station::new(set_up));
                    Value::Null
                })
                .map_err(|error| error.to_string()),
            Some(station) => serde_json::from_value(request.body)
                .map_err(|error| error.to_string())
                .and_then(|request| station.answer(request).map_err(|error| chain(&error)))
                .and_then(|reply| serde_json::to_value(reply).map_err(|error| error.to_string())),
        };
        let answer = answer.as_ref().map_err(String::as_str);
        if channel.send(request.id, answer).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

pub(crate) fn host() -> ExitCode {
    let Ok(mut channel) = twin::host::channel() else {
        return ExitCode::from(2);
    };
    let mut stream = None;
    while let Ok(Some(request)) = channel.recv() {
        let answer = serde_json::from_value(request.body)
            .map_err(|error| chain(&error))
            .and_then(|ask| answer(ask, &mut stream).map_err(|error| chain(error.as_ref())));
        let answer = answer.as_ref().map_err(String::as_str);
        if channel.send(request.id, answer).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Interruption>>,
}

fn answer(ask: Ask, running: &mut Option<Running>) -> Result<Value, Box<dyn Error>> {
    match ask {
        Ask::Echo(port) => {
            let socket = UdpSocket::bind(("0.0.0.0", port))?;
            let listener = TcpListener::bind(("0.0.0.0", port))?;
            thread::spawn(move || {
                while let Ok((peer, _)) = listener.accept() {
                    // A connection that breaks is the other side's to tell of.
                    let _ = io::copy(&mut &peer, &mut &peer);
                }
            });
            thread::spawn(move || {
                let mut buffer = [0; 512];
                while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    // One that cannot be sent is as good as one that is lost.
                    let _ = socket.send_to(&buffer[..length], from);
                }
            });
            Ok(Value::Null)
        }
        Ask::Transfer(to, length) => {
            let stream = TcpStream::connect_timeout(&to.parse()?, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            let mut writer = stream.try_clone()?;
            let sender = thread::spawn(move || {
                writer.write_all(&vec![7; length])?;
                writer.shutdown(Shutdown::Write)
            });
            let mut back = Vec::new();
            (&stream).read_to_end(&mut back)?;
            sender.join().map_err(|_| "the sending thread")??;
            Ok(back.len().into())
        }
        Ask::Questions(to, count) => {
            let mut left = count;
            let seen = Stream::open(to.parse()?)?.run(|| {
                let more = left > 0;
                left = left.saturating_sub(1);
                more
            })?;
            Ok(serde_json::to_value(seen)?)
        }
        Ask::Begin(to) => {
            let stream = Stream::open(to.parse()?)?;
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = Arc::clone(&stop);
            let thread = thread::spawn(move || stream.run(|| !stopped.load(Ordering::SeqCst)));
            *running = Some(Running { stop, thread });
            Ok(Value::Null)
        }
        Ask::End => {
            let running = running.take().ok_or("nothing was begun")?;
            running.stop.store(true, Ordering::SeqCst);
            let seen = running.thread.join().map_err(|_| "the stream's thread")??;
            Ok(serde_json::to_value(seen)?)
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        write!(&mut text, ": {inner}").expect("a String takes everything");
        cause = inner.source();
    }
    text
}

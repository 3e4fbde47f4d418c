//! What runs in a host of the twin: its servers, and the probes that are asked from there.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;

use model::claim::Question;
use peers::Serving;
use probe::packets::Receiver;
use probe::{Answer, Closing, Means};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use twin::host::{Channel, Request as Frame};

use crate::flow::Flow;
use crate::message::{Closed, Reply, Request, SetUp};

/// The hidden subcommand that runs this.
pub const SUBCOMMAND: &str = "steward-host";

/// The hidden subcommand that runs the router's side: sentinels are sent back.
pub const ROUTER_SUBCOMMAND: &str = "steward-router";

/// Requests that wait while one is answered. The steward asks a few questions at once, everything else one at a time.
const WAITING: usize = 16;

/// Packets that a router may fail to read or to send back before it is taken for broken: a kernel that is short of
/// memory drops a few, a socket that is gone fails for ever.
const ECHO_FAILURES: u32 = 1000;

/// A host that was set up.
struct Host {
    serving: Serving,
    asker: Rc<Asker>,
    receiver: Option<Receiver>,
    flow: Option<Flow>,
}

/// What asks questions from here.
struct Asker {
    means: Means,
    gateway: Option<IpAddr>,
}

/// Serves and answers until the twin ends.
pub fn main() -> ExitCode {
    exit_code((|| {
        let channel = twin::host::channel()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        // Questions are asked beside one another; none leaves this thread, to whose CPU sentinels are bound.
        LocalSet::new().block_on(&runtime, serve(channel))
    })())
}

/// Whoever started this hears of a failure by the channel's end; why, stands in the log that standard error goes to.
pub(crate) fn exit_code(done: Result<(), Box<dyn Error>>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn complain(what: &str) {
    // A log that cannot be written has no other place to say so.
    let _ = writeln!(io::stderr(), "error: {what}");
}

/// Sends sentinels back until the twin ends. A router that fell silent would leave every flight beside it unaccounted
/// for: it ends instead, with the reason in its log, and PID 1 knows.
pub fn router_main() -> ExitCode {
    exit_code(route())
}

fn route() -> Result<(), Box<dyn Error>> {
    let mut channel = twin::host::channel()?;
    let first = channel.recv()?.ok_or("the twin ended before it began")?;
    // Nobody may send a sentinel before somebody can answer it.
    let echo = probe::packets::Echo::open()?;
    let (stop, held) = UnixStream::pair()?;
    channel.send(first.id, Ok(&Value::Null))?;
    // The twin asks a router nothing more: this waits for its end, and then lets go of the other end of `stop`.
    thread::spawn(move || {
        let _held = held;
        while let Ok(Some(_)) = channel.recv() {}
    });
    let mut failures = 0;
    loop {
        match echo.run(stop.as_fd()) {
            Ok(()) => return Ok(()),
            // One packet that could not be read or sent is no reason to leave all others unanswered.
            Err(error) if failures < ECHO_FAILURES => {
                failures += 1;
                complain(&chain(&error));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn serve(mut channel: Channel) -> Result<(), Box<dyn Error>> {
    let answers = channel.answers();
    let (sender, mut frames) = mpsc::channel::<Frame>(WAITING);
    // Reading blocks, and the servers must go on meanwhile.
    thread::spawn(move || {
        while let Ok(Some(frame)) = channel.recv() {
            if sender.blocking_send(frame).is_err() {
                break;
            }
        }
    });
    let Some(first) = frames.recv().await else {
        return Ok(());
    };
    let mut host = match Host::set_up(first.body).await {
        Ok(host) => host,
        Err(why) => return Ok(answers.send(first.id, Err(&why))?),
    };
    answers.send(first.id, Ok(&Value::Null))?;
    while let Some(frame) = frames.recv().await {
        let reply = match serde_json::from_value(frame.body) {
            Ok(Request::Ask(question, closed)) => {
                let (asker, answers) = (Rc::clone(&host.asker), answers.clone());
                // One that waits for its deadline holds up no other.
                tokio::task::spawn_local(async move {
                    let answer = Reply::Answer(asker.ask(&question, closed).await);
                    let sent = match serde_json::to_value(answer) {
                        Ok(answer) => answers.send(frame.id, Ok(&answer)),
                        Err(error) => answers.send(frame.id, Err(&chain(&error))),
                    };
                    // A twin that is ending takes no answer, and the next request never comes.
                    if let Err(error) = sent {
                        complain(&chain(&error));
                    }
                });
                continue;
            }
            Ok(request) => host.answer(request).await,
            Err(error) => Err(format!("the request is not understood: {error}")),
        };
        match reply {
            Ok(reply) => answers.send(frame.id, Ok(&serde_json::to_value(reply)?))?,
            Err(why) => answers.send(frame.id, Err(&why))?,
        }
    }
    Ok(())
}

impl Host {
    async fn set_up(first: Value) -> Result<Self, String> {
        let SetUp {
            plan,
            daemons,
            means,
            login,
        } = serde_json::from_value(first).map_err(|error| chain(&error))?;
        if let Some(login) = login {
            login.leave(&plan.data).map_err(|error| chain(&error))?;
        }
        let serving = peers::serve_with(plan, &daemons)
            .await
            .map_err(|error| chain(&error))?;
        Ok(Self {
            serving,
            asker: Rc::new(Asker {
                means,
                gateway: gateway(),
            }),
            receiver: None,
            flow: None,
        })
    }

    async fn answer(&mut self, request: Request) -> Result<Reply, String> {
        match request {
            Request::Listening => Ok(Reply::Listening(self.serving.listening().to_vec())),
            Request::Ask(question, closed) => {
                let answer = self.asker.ask(&question, closed).await;
                Ok(Reply::Answer(answer))
            }
            Request::BeginFlow(target) => {
                self.flow = Some(Flow::begin(target));
                Ok(Reply::Flowing)
            }
            Request::EndFlow => {
                let flow = self.flow.take().ok_or("no connections are opened here")?;
                // Ending it waits for a connection in the making, which the servers here must not.
                let seen = tokio::task::spawn_blocking(|| flow.end()).await;
                seen.map(Reply::Flow).map_err(|error| chain(&error))
            }
            Request::FindMail(token) => {
                let found = self
                    .serving
                    .find_mail(&token)
                    .await
                    .map_err(|error| chain(&error))?;
                Ok(Reply::Mail(found.is_some()))
            }
            Request::Watch => {
                self.receiver = Some(Receiver::open().map_err(|error| chain(&error))?);
                Ok(Reply::Watching)
            }
            Request::Fire(shots) => {
                let gateway = self.gateway()?;
                let receiver = self
                    .receiver
                    .as_mut()
                    .ok_or("packets are not watched here")?;
                receiver.drain().map_err(|error| chain(&error))?;
                receiver.expect(&shots).map_err(|error| chain(&error))?;
                probe::packets::fire(&shots, gateway)
                    .map(Reply::Fired)
                    .map_err(|error| chain(&error))
            }
            Request::Drain => {
                let receiver = self
                    .receiver
                    .as_mut()
                    .ok_or("packets are not watched here")?;
                receiver
                    .drain()
                    .map(Reply::Caught)
                    .map_err(|error| chain(&error))
            }
            Request::AnswerDatagrams(arrived) => {
                let gateway = self.gateway()?;
                probe::packets::answer(&arrived, gateway)
                    .map(Reply::Fired)
                    .map_err(|error| chain(&error))
            }
        }
    }

    fn gateway(&self) -> Result<IpAddr, String> {
        self.asker
            .gateway
            .ok_or_else(|| "there is no default route to play the sentinel with".to_owned())
    }
}

impl Asker {
    async fn ask(&self, question: &Question, closed: Closed) -> Answer {
        let closing = match (self.gateway, closed) {
            (Some(gateway), Closed::BySentinel) => Closing::Sentinel { gateway },
            (None, _) | (_, Closed::ByDeadline) => Closing::Deadline,
        };
        probe::ask(question, &self.means, &closing).await
    }
}

/// The default router of this namespace, as the kernel has it: IPv4's, else IPv6's.
fn gateway() -> Option<IpAddr> {
    let four = std::fs::read_to_string("/proc/self/net/route")
        .ok()
        .and_then(|table| default_route(&table));
    four.map(IpAddr::V4).or_else(|| {
        let six = std::fs::read_to_string("/proc/self/net/ipv6_route").ok()?;
        default_route6(&six).map(IpAddr::V6)
    })
}

/// The gateway of the first default route in the form of `/proc/net/route`: addresses as little-endian hexadecimals.
fn default_route(table: &str) -> Option<Ipv4Addr> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [_, "00000000", gateway, _, _, _, _, "00000000", ..] = fields[..] else {
            return None;
        };
        let raw = u32::from_str_radix(gateway, 16).ok()?;
        (raw != 0).then(|| Ipv4Addr::from(raw.swap_bytes()))
    })
}

/// The gateway of the first default route in the form of `/proc/net/ipv6_route`.
fn default_route6(table: &str) -> Option<Ipv6Addr> {
    table.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [network, "00", _, _, gateway, ..] = fields[..] else {
            return None;
        };
        let everything = network.bytes().all(|digit| digit == b'0');
        let address = Ipv6Addr::from(u128::from_str_radix(gateway, 16).ok()?);
        (everything && !address.is_unspecified()).then_some(address)
    })
}

/// An error and its causes in one line, for a channel that carries only words.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_is_read_as_the_kernel_writes_it() {
        let head =
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
        let check = |lines: &str, wanted: Option<&str>| {
            let found = default_route(&format!("{head}{lines}")).map(|address| address.to_string());
            assert_eq!(found.as_deref(), wanted);
        };
        check(
            "eth0\t00000000\t0100140A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
            Some("10.20.0.1"),
        );
        check(
            "eth0\t0000140A\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0\n",
            None,
        );
        check(
            "eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n",
            None,
        );
        check("", None);
        check("nonsense\n", None);
        let six = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                   20010db8000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n";
        assert_eq!(
            default_route6(six)
                .map(|address| address.to_string())
                .as_deref(),
            Some("2001:db8::1")
        );
    }
}

//! What can be done on a host: run a command, and go onward from it.

use std::net::SocketAddr;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use model::HostId;
use russh::{ChannelMsg, ChannelReadHalf, ChannelStream, ChannelWriteHalf, Disconnect, client};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::connect::{Session, open_forward};
use crate::error::{ChannelError, Refusal, Step};
use crate::route::{Limits, Stop};

/// Extended data of this type is standard error (RFC 4254, section 5.2).
const STANDARD_ERROR: u32 = 1;

/// A host on which one is logged in. Dropping it ends the session, and the bastion's with it.
pub struct HostChannel {
    host: HostId,
    // Before the bastion's, so that it is dropped first.
    session: Session,
    bastion: Option<Session>,
    limits: Limits,
}

/// What a command left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub exit: Exit,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether it ended with status 0.
    pub fn succeeded(&self) -> bool {
        self.exit == Exit::Status(0)
    }
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Status(u32),
    /// By a signal, named as in RFC 4254, section 6.10: `KILL`.
    Signal(String),
}

/// A connection that a host opened for us: bytes written come out at the far end.
pub struct Forwarded(ChannelStream<client::Msg>);

impl HostChannel {
    pub(crate) fn new(
        stop: &Stop,
        session: Session,
        bastion: Option<Session>,
        limits: &Limits,
    ) -> Self {
        Self {
            host: stop.host.clone(),
            session,
            bastion,
            limits: limits.clone(),
        }
    }

    /// The host.
    pub fn host(&self) -> &HostId {
        &self.host
    }

    /// Runs a command in the user's shell, gives it `input`, and collects what it says.
    ///
    /// # Errors
    /// Fails when the command says more than the limit or takes longer than it; it is cut off then, and whether it took
    /// effect is not known. A command that ends with another status than 0 is not an error.
    pub async fn exec(
        &self,
        command: &str,
        input: impl Into<Vec<u8>>,
    ) -> Result<Output, ChannelError> {
        let (mut answers, sender) = self.open().await?;
        let run = self.run(&mut answers, &sender, command, input.into());
        self.within(Step::Command, self.limits.command, run).await?
    }

    /// Opens a connection from the host to an address.
    ///
    /// One reader that does not read holds up the whole session: keep reading.
    ///
    /// # Errors
    /// Fails when the host forbids it or does not get there.
    pub async fn forward(&self, address: SocketAddr) -> Result<Forwarded, ChannelError> {
        let opening = open_forward(&self.session, address);
        let channel = self
            .within(Step::Forward, self.limits.reach, opening)
            .await?
            .map_err(|error| self.not_opened(error, Step::Forward))?;
        Ok(Forwarded(channel.into_stream()))
    }

    /// Says goodbye, so that the servers record an orderly end.
    pub async fn close(self) {
        // The far end may be gone already; then it knows.
        for session in [Some(self.session), self.bastion].into_iter().flatten() {
            let _ = session
                .disconnect(Disconnect::ByApplication, "done", "en")
                .await;
            let _ = timeout(self.limits.open, session).await;
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Opens a session channel.
    pub(crate) async fn open(&self) -> Result<(ChannelReadHalf, Sender), ChannelError> {
        let opening = self.session.channel_open_session();
        let channel = self
            .within(Step::Open, self.limits.open, opening)
            .await?
            .map_err(|error| self.not_opened(error, Step::Open))?;
        let (answers, sender) = channel.split();
        Ok((answers, Sender(Arc::new(sender))))
    }

    pub(crate) async fn within<T>(
        &self,
        step: Step,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, ChannelError> {
        timeout(limit, work)
            .await
            .map_err(|_| ChannelError::TimedOut {
                host: self.host.clone(),
                step,
                limit,
            })
    }

    pub(crate) fn disconnected(&self, step: Step) -> ChannelError {
        ChannelError::Disconnected {
            host: self.host.clone(),
            step,
        }
    }

    fn not_opened(&self, error: russh::Error, step: Step) -> ChannelError {
        match error {
            russh::Error::ChannelOpenFailure(failure) => ChannelError::Refused {
                host: self.host.clone(),
                cause: Refusal::from(failure),
            },
            _ => self.disconnected(step),
        }
    }

    async fn run(
        &self,
        answers: &mut ChannelReadHalf,
        sender: &Sender,
        command: &str,
        input: Vec<u8>,
    ) -> Result<Output, ChannelError> {
        let gone = |_| self.disconnected(Step::Command);
        sender.exec(true, command).await.map_err(gone)?;
        // A command need not read its input: how far this comes does not matter once the command has ended.
        let mut feed = pin!(async {
            if sender.data_bytes(input).await.is_ok() {
                let _ = sender.eof().await;
            }
        });
        let mut fed = false;
        let mut collected = Collected::new(self.limits.output);
        loop {
            let message = tokio::select! {
                () = &mut feed, if !fed => {
                    fed = true;
                    continue;
                }
                message = answers.wait() => message,
            };
            match message {
                Some(ChannelMsg::Failure) => {
                    return Err(ChannelError::RequestRefused {
                        host: self.host.clone(),
                        request: "run a command",
                    });
                }
                Some(message) if collected.take(&message) => {}
                Some(ChannelMsg::Close) | None => break,
                Some(_) => {}
            }
            if collected.too_much {
                return Err(ChannelError::TooMuchOutput {
                    host: self.host.clone(),
                    limit: self.limits.output,
                });
            }
        }
        collected
            .into_output()
            .ok_or_else(|| self.disconnected(Step::Command))
    }
}

/// The sending side of a session channel. Dropping it closes the channel, so that the server ends a command that nobody
/// waits for any more: after its limit, after too much output, and when the caller gives up.
pub(crate) struct Sender(Arc<ChannelWriteHalf<client::Msg>>);

impl Deref for Sender {
    type Target = ChannelWriteHalf<client::Msg>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Without a runtime the session has ended, and the channel with it.
        if let Ok(runtime) = Handle::try_current() {
            let sender = Arc::clone(&self.0);
            runtime.spawn(async move {
                let _ = sender.close().await;
            });
        }
    }
}

/// What a command has said so far.
struct Collected {
    exit: Option<Exit>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    room: usize,
    too_much: bool,
}

impl Collected {
    fn new(room: usize) -> Self {
        Self {
            exit: None,
            stdout: Vec::new(),
            stderr: Vec::new(),
            room,
            too_much: false,
        }
    }

    /// Takes in a message about the command; says whether it was one.
    fn take(&mut self, message: &ChannelMsg) -> bool {
        let (into, data) = match message {
            ChannelMsg::Data { data } => (&mut self.stdout, data),
            ChannelMsg::ExtendedData {
                data,
                ext: STANDARD_ERROR,
            } => (&mut self.stderr, data),
            other => {
                let exit = exit_of(other);
                let known = exit.is_some();
                self.exit = exit.or(self.exit.take());
                return known;
            }
        };
        match self.room.checked_sub(data.len()) {
            Some(room) => {
                self.room = room;
                into.extend_from_slice(data);
            }
            None => self.too_much = true,
        }
        true
    }

    /// The whole, unless the connection ended before the command did.
    fn into_output(self) -> Option<Output> {
        Some(Output {
            exit: self.exit?,
            stdout: self.stdout,
            stderr: self.stderr,
        })
    }
}

/// How a command ended, if the message says so.
pub(crate) fn exit_of(message: &ChannelMsg) -> Option<Exit> {
    match message {
        ChannelMsg::ExitStatus { exit_status } => Some(Exit::Status(*exit_status)),
        ChannelMsg::ExitSignal { signal_name, .. } => Some(Exit::Signal(signal_text(signal_name))),
        _ => None,
    }
}

fn signal_text(signal: &russh::Sig) -> String {
    match signal {
        russh::Sig::Custom(name) => name.clone(),
        known => format!("{known:?}"),
    }
}

impl AsyncRead for Forwarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Forwarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

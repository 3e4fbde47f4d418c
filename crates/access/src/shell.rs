//! An interactive shell on a host, with a terminal that can change its size.

use std::pin::pin;

use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, client};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

use crate::channel::{Exit, HostChannel, exit_of};
use crate::error::{ChannelError, Step};

/// Bytes read from the local terminal at a time: far more than anybody types, little enough to echo at once.
const KEYSTROKES: usize = 4096;

/// The terminal on this side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// What it is, as in the environment variable `TERM`.
    pub term: String,
    /// Its size at the start.
    pub size: Size,
}

/// A terminal's size, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Width.
    pub columns: u16,
    /// Height.
    pub rows: u16,
}

impl HostChannel {
    /// Runs the user's shell on a new terminal until it ends. There is no limit on how long; a dead connection is
    /// noticed by unanswered keep-alives. The caller puts the local terminal into raw mode and restores it.
    ///
    /// Each new value of `sizes` resizes the far terminal. The end of `input` is passed on; the shell may go on.
    ///
    /// # Errors
    /// Fails when the server refuses a terminal or a shell, when the connection ends, and when the output cannot be
    /// written.
    pub async fn shell(
        &self,
        terminal: &Terminal,
        mut sizes: watch::Receiver<Size>,
        mut input: impl AsyncRead + Unpin,
        mut output: impl AsyncWrite + Unpin,
    ) -> Result<Exit, ChannelError> {
        let (mut answers, sender) = self.open().await?;
        let starting = self.start(terminal, &mut answers, &sender);
        let early = self
            .within(Step::Open, self.limits().open, starting)
            .await??;
        // Typing, resizing and showing go on side by side: a shell that does not read must not keep its output from
        // being shown.
        let mut typing = pin!(pass_keystrokes(&mut input, &sender));
        let mut resizing = pin!(pass_sizes(&mut sizes, &sender));
        let mut showing = pin!(self.show(early, &mut answers, &mut output));
        let (mut typed, mut resized) = (false, false);
        loop {
            tokio::select! {
                ended = &mut showing => return ended,
                () = &mut typing, if !typed => typed = true,
                () = &mut resizing, if !resized => resized = true,
            }
        }
    }

    /// Asks for a terminal, then for a shell. Returns what was said before the answer.
    async fn start(
        &self,
        terminal: &Terminal,
        answers: &mut ChannelReadHalf,
        sender: &ChannelWriteHalf<client::Msg>,
    ) -> Result<Vec<ChannelMsg>, ChannelError> {
        let gone = |_| self.disconnected(Step::Open);
        let (columns, rows) = (
            u32::from(terminal.size.columns),
            u32::from(terminal.size.rows),
        );
        sender
            .request_pty(true, &terminal.term, columns, rows, 0, 0, &[])
            .await
            .map_err(gone)?;
        let mut early = Vec::new();
        self.agreed("open a terminal", answers, &mut early).await?;
        sender.request_shell(true).await.map_err(gone)?;
        self.agreed("start a shell", answers, &mut early).await?;
        Ok(early)
    }

    async fn agreed(
        &self,
        request: &'static str,
        answers: &mut ChannelReadHalf,
        early: &mut Vec<ChannelMsg>,
    ) -> Result<(), ChannelError> {
        loop {
            match answers.wait().await {
                Some(ChannelMsg::Success) => return Ok(()),
                Some(ChannelMsg::Failure) => {
                    return Err(ChannelError::RequestRefused {
                        host: self.host().clone(),
                        request,
                    });
                }
                Some(ChannelMsg::Close) | None => return Err(self.disconnected(Step::Open)),
                // Bounded by the channel's window: the caller's deadline ends the wait.
                Some(other) => early.push(other),
            }
        }
    }

    async fn show(
        &self,
        early: Vec<ChannelMsg>,
        answers: &mut ChannelReadHalf,
        output: &mut (impl AsyncWrite + Unpin),
    ) -> Result<Exit, ChannelError> {
        let mut exit = None;
        let mut early = early.into_iter();
        loop {
            let message = match early.next() {
                Some(message) => Some(message),
                None => answers.wait().await,
            };
            match message {
                Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                    output.write_all(&data).await.map_err(ChannelError::Local)?;
                    output.flush().await.map_err(ChannelError::Local)?;
                }
                Some(ChannelMsg::Close) | None => {
                    return exit.ok_or_else(|| self.disconnected(Step::Command));
                }
                Some(other) => exit = exit_of(&other).or(exit),
            }
        }
    }
}

async fn pass_keystrokes(
    input: &mut (impl AsyncRead + Unpin),
    sender: &ChannelWriteHalf<client::Msg>,
) {
    let mut buffer = vec![0; KEYSTROKES];
    loop {
        let read = match input.read(&mut buffer).await {
            // A terminal that fails has ended.
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let keystrokes = buffer.get(..read).unwrap_or_default().to_vec();
        if sender.data_bytes(keystrokes).await.is_err() {
            return;
        }
    }
    let _ = sender.eof().await;
}

async fn pass_sizes(sizes: &mut watch::Receiver<Size>, sender: &ChannelWriteHalf<client::Msg>) {
    while sizes.changed().await.is_ok() {
        let size = *sizes.borrow_and_update();
        let (columns, rows) = (u32::from(size.columns), u32::from(size.rows));
        if sender.window_change(columns, rows, 0, 0).await.is_err() {
            return;
        }
    }
}

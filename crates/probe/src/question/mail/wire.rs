//! Commands and replies over a connection, with limits.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::reply::Reply;
use crate::fault::{MailFault, MailStep};

/// Bytes of a reply's line: four times what RFC 5321, section 4.5.3.1.5, allows.
const LINE: usize = 2048;
/// Bytes read at a time.
const CHUNK: usize = 1024;

/// A connection to a mail server.
pub(super) struct Wire<S> {
    stream: S,
    unread: Vec<u8>,
    end: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S, end: Instant) -> Self {
        Self {
            stream,
            unread: Vec::new(),
            end,
        }
    }

    /// The connection, if nothing that was read is left over.
    pub(super) fn into_unread(self) -> Option<S> {
        self.unread.is_empty().then_some(self.stream)
    }

    /// Sends a command and reads its reply.
    pub(super) async fn command(
        &mut self,
        step: MailStep,
        command: &str,
    ) -> Result<Reply, MailFault> {
        self.send(step, format!("{command}\r\n").as_bytes()).await?;
        self.reply(step).await
    }

    /// Sends bytes.
    pub(super) async fn send(&mut self, step: MailStep, bytes: &[u8]) -> Result<(), MailFault> {
        let sent = timeout_at(self.end, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        match sent.await {
            Err(_) => Err(broken(step, "it takes nothing more")),
            // What the server said before it hung up tells more than that it did.
            Ok(_) => Ok(()),
        }
    }

    /// Reads a reply.
    pub(super) async fn reply(&mut self, step: MailStep) -> Result<Reply, MailFault> {
        let mut reply = Reply::default();
        loop {
            let line = self.line(step).await?;
            match reply.push(&line) {
                Ok(true) => return Ok(reply),
                Ok(false) => {}
                Err(bad) if step == MailStep::Greeting => {
                    return Err(MailFault::NotSmtp(bad.to_string()));
                }
                Err(bad) => return Err(broken(step, &bad.to_string())),
            }
        }
    }

    async fn line(&mut self, step: MailStep) -> Result<Vec<u8>, MailFault> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            if self.unread.len() > LINE {
                return Err(broken(step, "a line without end"));
            }
            let mut chunk = [0; CHUNK];
            let read = timeout_at(self.end, self.stream.read(&mut chunk)).await;
            match read {
                Err(_) => return Err(broken(step, "no reply came in time")),
                Ok(Err(error)) => return Err(broken(step, &error.to_string())),
                Ok(Ok(0)) => return Err(broken(step, "it closed the connection")),
                Ok(Ok(length)) => self.unread.extend(&chunk[..length]),
            }
        }
    }
}

fn broken(step: MailStep, why: &str) -> MailFault {
    MailFault::BrokenOff {
        step,
        why: why.to_owned(),
    }
}

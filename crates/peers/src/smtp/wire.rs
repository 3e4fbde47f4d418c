//! Lines and message texts of a submission, with limits.

use std::io;
use std::time::Duration;

use smtp_proto::request::receiver::DataReceiver;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use super::session::Reply;

/// Bytes of a command line: RFC 5321 asks for 512; a base64 credential (RFC 4954) needs more.
const LINE: u64 = 2_048;

/// Bytes of a message, announced as SIZE: the mails of a rehearsal are texts.
pub(super) const MESSAGE: usize = 1024 * 1024;

/// Bytes of a refused message that are read for the sake of a proper reply; who sends more is cut off.
const REFUSED: usize = 4 * MESSAGE;

/// Time for a line, or for the next piece of a message.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes buffered of what a client sent.
const BUFFER: usize = 4 * 1024;

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The client left, perhaps in the middle of a line.
    #[error("read on: the client left")]
    Left,
    /// The client said nothing for too long.
    #[error("wait any longer for the client")]
    Silent,
    /// A line has no end.
    #[error("read a line of at most {LINE} bytes")]
    TooLong,
    /// The connection failed.
    #[error("use the connection")]
    Connection(#[from] io::Error),
}

/// A client's connection.
pub(super) struct Wire<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream: BufReader::with_capacity(BUFFER, stream),
        }
    }

    /// The connection, if nothing that was read is left over.
    pub(super) fn into_unread(self) -> Option<S> {
        self.stream
            .buffer()
            .is_empty()
            .then(|| self.stream.into_inner())
    }

    /// The next line, with its end.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Broken> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LINE);
        let length = timeout(PATIENCE, limited.read_until(b'\n', &mut line))
            .await
            .map_err(|_| Broken::Silent)??;
        match line.last() {
            Some(b'\n') => Ok(line),
            _ if u64::try_from(length).is_ok_and(|length| length >= LINE) => Err(Broken::TooLong),
            _ => Err(Broken::Left),
        }
    }

    /// A message's text up to the line of one dot, unstuffed. None when it was longer than [`MESSAGE`].
    pub(super) async fn text(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let mut text = Vec::new();
        let mut receiver = DataReceiver::new();
        // The end of the DATA command's line counts as the one before the first line: an empty message is one dot.
        receiver.ingest(&mut b"\r\n".iter(), &mut Vec::new());
        let (mut total, mut refused) = (0, false);
        loop {
            let chunk = timeout(PATIENCE, self.stream.fill_buf())
                .await
                .map_err(|_| Broken::Silent)??;
            if chunk.is_empty() {
                return Err(Broken::Left);
            }
            let mut rest = chunk.iter();
            let complete = receiver.ingest(&mut rest, &mut text);
            let used = chunk.len() - rest.len();
            self.stream.consume(used);
            total += used;
            if text.len() > MESSAGE {
                refused = true;
            }
            if refused {
                text.clear();
            }
            if complete {
                return Ok((!refused).then_some(text));
            }
            if total > REFUSED {
                return Err(Broken::TooLong);
            }
        }
    }

    /// Sends a reply.
    pub(super) async fn say(&mut self, reply: &Reply) -> Result<(), Broken> {
        let text = reply.to_string();
        timeout(PATIENCE, async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        })
        .await
        .map_err(|_| Broken::Silent)??;
        Ok(())
    }

    /// Ends the connection in order, so that a TLS client knows that nothing was cut off.
    pub(super) async fn close(&mut self) -> Result<(), Broken> {
        timeout(PATIENCE, self.stream.shutdown())
            .await
            .map_err(|_| Broken::Silent)??;
        Ok(())
    }
}

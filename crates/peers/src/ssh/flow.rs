//! Bytes between a channel and what it stands for, so that one slow reader does not stall the whole connection.

use std::collections::VecDeque;
use std::io;

use russh::server::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes that wait for a slow reader. The protocol library hands a channel's messages over one by one and stops the whole
/// connection until they are taken, while it grants the client new windows as it receives. A command that reads slowly
/// would so keep its own output from being sent, and wait for ever. What fits here is taken at once; beyond it, the
/// client has to wait.
const WAITING: usize = 16 * 1024 * 1024;

/// Bytes read at a time: the largest packet that is sent.
const PIECE: usize = 32 * 1024;

/// Passes a channel's data on until the channel closes. Other messages go to `control`. After the end of data the reader
/// is shut down and dropped; a reader that has gone away loses what still comes, as in a shell's pipe.
pub(super) async fn pass_in(
    messages: &mut ChannelReadHalf,
    reader: impl AsyncWrite + Unpin,
    mut control: impl FnMut(ChannelMsg),
) {
    let mut reader = Some(reader);
    let mut waiting = Waiting::default();
    let mut ending = false;
    loop {
        if ending
            && waiting.bytes == 0
            && let Some(mut reader) = reader.take()
        {
            // It may have gone away already.
            let _ = reader.shutdown().await;
        }
        tokio::select! {
            message = messages.wait(), if waiting.bytes < WAITING => match message {
                Some(ChannelMsg::Data { data }) if reader.is_some() => waiting.push(data.into()),
                Some(ChannelMsg::Eof) => ending = true,
                Some(ChannelMsg::Close) | None => return,
                Some(other) => control(other),
            },
            written = write_some(&mut reader, waiting.first()), if waiting.bytes > 0 => match written {
                Ok(written) if written > 0 => waiting.pop(written),
                _ => {
                    reader = None;
                    waiting = Waiting::default();
                }
            },
        }
    }
}

/// Writes some bytes; to nobody, none.
async fn write_some(
    reader: &mut Option<impl AsyncWrite + Unpin>,
    bytes: &[u8],
) -> io::Result<usize> {
    match reader {
        Some(reader) => reader.write(bytes).await,
        None => Ok(0),
    }
}

/// Pieces that wait to be written.
#[derive(Default)]
struct Waiting {
    pieces: VecDeque<Vec<u8>>,
    /// How many bytes of the first piece are written.
    gone: usize,
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, piece: Vec<u8>) {
        // An empty piece would look like a reader that takes nothing.
        if !piece.is_empty() {
            self.bytes += piece.len();
            self.pieces.push_back(piece);
        }
    }

    fn first(&self) -> &[u8] {
        let piece = self.pieces.front().and_then(|piece| piece.get(self.gone..));
        piece.unwrap_or_default()
    }

    /// Forgets the first bytes, at most those of [`Waiting::first`].
    fn pop(&mut self, written: usize) {
        self.bytes -= written;
        self.gone += written;
        if self.first().is_empty() {
            self.pieces.pop_front();
            self.gone = 0;
        }
    }
}

/// Passes what a source says to the channel until it ends or the channel does. `kind` is none for data, or the type of
/// extended data.
pub(super) async fn pass_out(
    mut source: impl AsyncRead + Unpin,
    channel: &ChannelWriteHalf<Msg>,
    kind: Option<u32>,
) {
    let mut piece = vec![0; PIECE];
    loop {
        let read = match source.read(&mut piece).await {
            // A source that fails has ended.
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        let data = piece.get(..read).unwrap_or_default().to_vec();
        let sent = match kind {
            None => channel.data_bytes(data).await,
            Some(kind) => channel.extended_data_bytes(kind, data).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

//! Bytes between a channel and what it stands for, so that one slow reader does not stall the whole connection.

use std::collections::VecDeque;

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

/// Passes a channel's data on until the channel closes. Other messages go to `control`. The end of data is passed on as
/// a shutdown; a reader that has gone away loses what still comes, as in a shell's pipe.
pub(super) async fn pass_in(
    messages: &mut ChannelReadHalf,
    mut reader: impl AsyncWrite + Unpin,
    mut control: impl FnMut(ChannelMsg),
) {
    let mut waiting = VecDeque::new();
    let mut waiting_bytes = 0;
    let mut open = true;
    let mut ending = false;
    loop {
        if ending && open && waiting.is_empty() {
            // It may have gone away already.
            let _ = reader.shutdown().await;
            open = false;
        }
        let next = waiting
            .front()
            .map_or(&[][..], |piece: &_| AsRef::<[u8]>::as_ref(piece));
        tokio::select! {
            message = messages.wait(), if waiting_bytes < WAITING => match message {
                Some(ChannelMsg::Data { data }) if open && !data.is_empty() => {
                    waiting_bytes += data.len();
                    waiting.push_back(data);
                }
                Some(ChannelMsg::Eof) => ending = true,
                Some(ChannelMsg::Close) | None => return,
                Some(other) => control(other),
            },
            written = reader.write(next), if !next.is_empty() => match written {
                Ok(written) if written > 0 => {
                    waiting_bytes -= written;
                    if let Some(mut piece) = waiting.pop_front() {
                        let _ = piece.split_to(written);
                        if !piece.is_empty() {
                            waiting.push_front(piece);
                        }
                    }
                }
                _ => {
                    open = false;
                    waiting.clear();
                    waiting_bytes = 0;
                }
            },
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

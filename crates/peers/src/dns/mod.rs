//! A DNS stand-in: authoritative for its zones, forwarding for others, refusing the rest.
//!
//! Over UDP what does not fit is cut off with the TC bit, over TCP it is whole. It keeps no cache: every question of a
//! rehearsal is to travel.

mod forward;
mod resolver;
mod zone;

use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::socket::{Datagrams, accept_each};
use resolver::Decision;
pub(crate) use resolver::Resolver;
pub use zone::DnsError;
pub(crate) use zone::{TEXT_PIECE, name};

/// What evidence calls this server.
pub const NAME: &str = concat!("reeve dns ", env!("CARGO_PKG_VERSION"));

/// The port that RFC 1035 assigns.
pub(crate) const PORT: u16 = 53;

/// Bytes of a question that are read: one name of 255 bytes and EDNS fit many times over.
const QUESTION: usize = 4_096;

/// Bytes of an answer over UDP to a client without EDNS (RFC 1035, section 4.2.1).
const PLAIN_ANSWER: u16 = 512;

/// Bytes of an answer over UDP at most: what passes every path unfragmented (DNS flag day 2020).
const LARGEST_DATAGRAM: u16 = 1_232;

/// Questions being passed on for UDP clients at a time; later ones are told to come back.
const PASSING: usize = 64;

/// TCP connections at a time.
const CONNECTIONS: usize = 32;

/// Questions on one TCP connection.
const QUESTIONS: usize = 64;

/// Time for the next question on a TCP connection: RFC 7766 asks for a few seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers datagrams for ever.
pub(crate) async fn serve_udp(socket: Datagrams, resolver: Arc<Resolver>) {
    let socket = Arc::new(socket);
    let mut passing = JoinSet::new();
    let mut buffer = [0; QUESTION];
    loop {
        let (length, way) = tokio::select! {
            received = socket.receive(&mut buffer) => received,
            Some(_) = passing.join_next() => continue,
        };
        let question = buffer.get(..length).unwrap_or_default();
        // A client whose answer cannot be sent asks again.
        match resolver.decide(question) {
            Decision::Ignore => {}
            Decision::Answer(answer) => {
                let _ = socket.send(&datagram(&answer), way).await;
            }
            Decision::Forward(pending) if passing.len() >= PASSING => {
                let answer = pending.refuse(ResponseCode::ServFail);
                let _ = socket.send(&datagram(&answer), way).await;
            }
            Decision::Forward(pending) => {
                let (socket, resolver) = (Arc::clone(&socket), Arc::clone(&resolver));
                passing.spawn(async move {
                    let answer = resolver.forward(pending).await;
                    let _ = socket.send(&datagram(&answer), way).await;
                });
            }
        }
    }
}

/// An answer as one datagram, cut off where the client cannot take it whole.
fn datagram(answer: &Message) -> Vec<u8> {
    let largest = answer
        .edns
        .as_ref()
        .map_or(PLAIN_ANSWER, |edns| edns.max_payload());
    let largest = usize::from(largest.clamp(PLAIN_ANSWER, LARGEST_DATAGRAM));
    match answer.to_vec() {
        Ok(bytes) if bytes.len() <= largest => bytes,
        // What cannot be encoded is longer than any message.
        _ => answer.truncate().to_vec().unwrap_or_default(),
    }
}

/// Answers connections for ever.
pub(crate) async fn serve_tcp(listener: TcpListener, resolver: Arc<Resolver>) {
    accept_each(listener, CONNECTIONS, move |mut stream, _| {
        let resolver = Arc::clone(&resolver);
        async move {
            for _ in 0..QUESTIONS {
                let Ok(Some(())) = timeout(PATIENCE, converse(&mut stream, &resolver)).await else {
                    return;
                };
            }
        }
    })
    .await;
}

/// Answers one question of a connection; none when the connection is to be closed.
async fn converse<S>(stream: &mut S, resolver: &Resolver) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let question = read_message(stream, QUESTION).await?;
    let answer = match resolver.decide(&question) {
        Decision::Ignore => return None,
        Decision::Answer(answer) => answer,
        Decision::Forward(pending) => resolver.forward(pending).await,
    };
    write_message(stream, &answer).await
}

/// Reads a message behind its length (RFC 1035, section 4.2.2); none when it does not come or is too long.
async fn read_message<S: AsyncRead + Unpin>(stream: &mut S, longest: usize) -> Option<Vec<u8>> {
    let length = usize::from(stream.read_u16().await.ok()?);
    if length > longest {
        return None;
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.ok()?;
    Some(message)
}

/// Writes a message behind its length, in one piece; none when it cannot be.
async fn write_message<S: AsyncWrite + Unpin>(stream: &mut S, message: &Message) -> Option<()> {
    let bytes = message.to_vec().ok()?;
    let mut framed = u16::try_from(bytes.len()).ok()?.to_be_bytes().to_vec();
    framed.extend_from_slice(&bytes);
    stream.write_all(&framed).await.ok()
}

#[cfg(test)]
mod tests;

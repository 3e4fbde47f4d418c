//! The bytes beneath an SSH session, and the TCP connection that they begin with.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, copy, duplex, split};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::Unreached;

/// What a session may have sent and the network not yet taken. The SSH session beneath does not read while it writes,
/// so two ends that both write would wait for each other for ever; with room for what all windows allow in flight (2 MiB
/// for each of four busy channels), this end never waits.
const IN_FLIGHT: usize = 8 * 1024 * 1024;

/// Opens a TCP connection.
pub(crate) async fn dial(address: SocketAddr, limit: Duration) -> Result<TcpStream, Unreached> {
    let stream = match timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(unreached(error, limit)),
        Err(_) => return Err(Unreached::TimedOut(limit)),
    };
    // Keystrokes and small packets must not wait for each other. A socket that cannot do so is still a way.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn unreached(error: io::Error, limit: Duration) -> Unreached {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Unreached::Refused,
        io::ErrorKind::TimedOut => Unreached::TimedOut(limit),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => Unreached::NoRoute,
        io::ErrorKind::PermissionDenied => Unreached::Forbidden,
        _ => Unreached::Other(error),
    }
}

/// Puts a buffer between a session and the stream that carries it. The stream is closed when the session ends, and the
/// session sees the end when the stream ends.
pub(crate) fn buffered(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> DuplexStream {
    let (session, carrier) = duplex(IN_FLIGHT);
    tokio::spawn(async move {
        let (mut from_network, mut to_network) = split(stream);
        let (mut from_session, mut to_session) = split(carrier);
        let outward = async {
            let sent = copy(&mut from_session, &mut to_network).await;
            // The far end may be gone already; there is nobody left to tell.
            let _ = to_network.shutdown().await;
            sent
        };
        tokio::select! {
            _ = outward => {}
            _ = copy(&mut from_network, &mut to_session) => {}
        }
    });
    session
}

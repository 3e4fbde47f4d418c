//! Whether a daemon answers yet: each asked in its own protocol, once, for a moment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Time for one answer from within the host. Who needs longer is asked again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes of an NTP packet without extensions (RFC 5905, section 7.3).
const NTP: usize = 48;

/// Whether it takes connections.
pub(super) async fn connects(at: SocketAddr) -> bool {
    listened_on(at.port()) && matches!(timeout(PATIENCE, TcpStream::connect(at)).await, Ok(Ok(_)))
}

/// Whether it takes a connection and speaks first, with these words.
pub(super) async fn greets(at: SocketAddr, with: &[u8]) -> bool {
    if !listened_on(at.port()) {
        return false;
    }
    let greeting = async {
        let mut stream = TcpStream::connect(at).await.ok()?;
        let mut heard = vec![0; with.len()];
        stream.read_exact(&mut heard).await.ok()?;
        Some(heard)
    };
    matches!(timeout(PATIENCE, greeting).await, Ok(Some(heard)) if heard == with)
}

/// Whether somebody listens on a TCP port of this namespace, as the kernel has it.
///
/// To try a port on which nobody listens yet is not without harm: of its many tries one may get that very port for its own
/// end, and is then connected with itself, on the port that the daemon is about to take.
fn listened_on(port: u16) -> bool {
    const LISTEN: &str = "0A";
    let of = |table: &str| std::fs::read_to_string(table).unwrap_or_default();
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .any(|table| {
            of(table).lines().skip(1).any(|line| {
                let mut fields = line.split_whitespace().skip(1);
                let local = fields.next().and_then(|local| local.rsplit_once(':'));
                let state = fields.nth(1);
                let own = local.and_then(|(_, own)| u16::from_str_radix(own, 16).ok());
                own == Some(port) && state == Some(LISTEN)
            })
        })
}

/// Whether it answers for a name, be it that there is none.
pub(super) async fn resolves(at: SocketAddr, name: &Name) -> bool {
    let mut question = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    question.add_query(Query::query(name.clone(), RecordType::SOA));
    let Ok(bytes) = question.to_vec() else {
        return false;
    };
    let answer = exchange(at, &bytes).await;
    answer
        .and_then(|bytes| Message::from_vec(&bytes).ok())
        .is_some_and(|answer| {
            answer.metadata.id == question.metadata.id
                && answer.metadata.response_code != ResponseCode::ServFail
        })
}

/// Whether it tells the time and calls itself synchronised.
pub(super) async fn tells_time(at: SocketAddr) -> bool {
    let mut request = [0; NTP];
    // Version 4, a client.
    request[0] = 4 << 3 | 3;
    let cookie: [u8; 8] = rand::random();
    request[40..].copy_from_slice(&cookie);
    let answer = exchange(at, &request).await;
    answer.is_some_and(|answer| {
        let Some((header, _)) = answer.split_first_chunk::<NTP>() else {
            return false;
        };
        header[24..32] == cookie && header[0] >> 6 != 3 && (1..=15).contains(&header[1])
    })
}

async fn exchange(at: SocketAddr, request: &[u8]) -> Option<Vec<u8>> {
    let here: SocketAddr = if at.is_ipv4() {
        (IpAddr::from(Ipv4Addr::UNSPECIFIED), 0).into()
    } else {
        (IpAddr::from(Ipv6Addr::UNSPECIFIED), 0).into()
    };
    let conversation = async {
        let socket = UdpSocket::bind(here).await.ok()?;
        socket.connect(at).await.ok()?;
        socket.send(request).await.ok()?;
        let mut answer = vec![0; 4096];
        let length = socket.recv(&mut answer).await.ok()?;
        answer.truncate(length);
        Some(answer)
    };
    timeout(PATIENCE, conversation).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_listened_on_from_when_to_when() {
        for address in ["127.0.0.1", "[::1]"] {
            let listener = TcpListener::bind(format!("{address}:0")).expect("a port");
            let port = listener.local_addr().expect("an address").port();
            assert!(listened_on(port), "{address}");
            drop(listener);
            assert!(!listened_on(port), "{address}");
        }
    }
}

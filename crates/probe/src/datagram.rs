//! Asks over UDP: one packet there, one back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::ask::{Miss, Vantage, at};
use crate::connect;

/// Times that a question is sent: UDP may lose one on a live network, and the third is as good as the tenth.
const SENDS: u32 = 3;
/// Packets that are no answer to the question and are passed over, for each time that it is sent: whoever guesses at
/// answers gets no more tries than these.
const STRAYS: u32 = 16;
/// Larger than any answer over UDP that is asked for here.
const ANSWER_BYTES: usize = 4096;

/// Sends the request until `accept` takes an answer or patience ends.
///
/// A server's process answers, not its kernel, so that no sentinel can prove that none will come: patience decides.
pub(crate) async fn exchange<T>(
    vantage: &Vantage<'_>,
    target: SocketAddr,
    request: &[u8],
    mut accept: impl FnMut(&[u8]) -> Option<T>,
) -> Result<T, Miss> {
    let local = match target.ip() {
        IpAddr::V4(_) => at(Ipv4Addr::UNSPECIFIED.into(), 0),
        IpAddr::V6(_) => at(Ipv6Addr::UNSPECIFIED.into(), 0),
    };
    // Connected, so that the kernel takes answers from the server alone and tells what ICMP says.
    let socket = UdpSocket::bind(local)
        .await
        .map_err(|error| Miss::unknown(format!("no socket: {error}")))?;
    socket
        .connect(target)
        .await
        .map_err(|error| connect::miss(&error))?;
    let mut strays = 0;
    let mut buffer = vec![0; ANSWER_BYTES];
    for left in (1..=SENDS).rev() {
        socket
            .send(request)
            .await
            .map_err(|error| connect::miss(&error))?;
        let until = Instant::now() + share(vantage.end, left);
        while let Ok(received) = timeout_at(until, socket.recv(&mut buffer)).await {
            let length = received.map_err(|error| connect::miss(&error))?;
            if let Some(answer) = accept(&buffer[..length]) {
                return Ok(answer);
            }
            strays += 1;
            if strays > STRAYS * SENDS {
                return Err(Miss::broken(
                    "more packets that are no answer than are read",
                ));
            }
        }
    }
    if strays > 0 {
        return Err(Miss::broken(format!(
            "{strays} packets came back, none of them an answer to the question"
        )));
    }
    Err(vantage.nothing_more())
}

/// An equal share of what is left of patience.
fn share(end: Instant, parts: u32) -> Duration {
    end.saturating_duration_since(Instant::now()) / parts
}

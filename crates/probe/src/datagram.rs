//! Asks over UDP: one packet there, one back.

use std::io;
use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::answer::Outcome;
use crate::ask::{Miss, at};
use crate::line::Line;

/// Times that a question is sent: UDP may lose one on a live network, and the third is as good as the tenth.
const SENDS: u32 = 3;
/// Packets that are no answer to the question and are passed over, for each time that it is sent: whoever guesses at
/// answers gets no more tries than these.
const STRAYS: u32 = 16;
/// Larger than any answer over UDP that is asked for here.
const ANSWER_BYTES: usize = 4096;

/// An answer, and what it took.
#[derive(Debug)]
pub(crate) struct Received<T> {
    pub answer: T,
    /// Times that the question was sent, 1 to 3.
    pub sends: u32,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The server's own kernel says that nothing listens on the port.
    Closed,
    /// The network says that the packet may not or cannot go there.
    Rejected {
        /// Who says so; none where it is this machine.
        by: Option<IpAddr>,
        /// What is said.
        why: String,
    },
    /// Packets came back, none of them an answer to the question.
    Strays(u32),
    /// Nothing came back.
    Silent,
    /// It could not be sent.
    Unsent(String),
}

impl Loss {
    /// What it means for a question of which nothing more is known.
    pub(crate) fn miss(&self, line: &Line) -> Miss {
        match self {
            Self::Closed => Miss::closed("port unreachable: the packet arrived"),
            Self::Rejected { by, why } => Miss::new(Outcome::NoWay, rejected(*by, why)),
            Self::Strays(count) => Miss::broken(format!(
                "{count} packets came back, none of them an answer to the question"
            )),
            Self::Silent => line.nothing_more(),
            Self::Unsent(why) => Miss::unknown(why),
        }
    }
}

/// How a rejection is put.
pub(crate) fn rejected(by: Option<IpAddr>, why: &str) -> String {
    match by {
        Some(by) => format!("rejected by {by} on the way: {why}"),
        None => format!("rejected by the network: {why}"),
    }
}

/// Sends the request until `accept` takes an answer or the line's patience ends.
///
/// A server's process answers, not its kernel, so that no sentinel can prove that none will come: patience decides.
pub(crate) async fn exchange<T>(
    line: &Line,
    target: SocketAddr,
    request: &[u8],
    mut accept: impl FnMut(&[u8]) -> Option<T>,
) -> Result<Received<T>, Loss> {
    let socket = open(target).await?;
    let mut strays = 0;
    let mut buffer = vec![0; ANSWER_BYTES];
    for sends in 1..=SENDS {
        let failed = |error: io::Error| loss(&socket, target, &error);
        socket.send(request).await.map_err(failed)?;
        let until = Instant::now() + share(line, SENDS + 1 - sends);
        while let Ok(received) = timeout_at(until, socket.recv(&mut buffer)).await {
            let length = received.map_err(failed)?;
            if let Some(answer) = accept(&buffer[..length]) {
                return Ok(Received { answer, sends });
            }
            strays += 1;
            if strays > STRAYS * SENDS {
                return Err(Loss::Strays(strays));
            }
        }
    }
    Err(match strays {
        0 => Loss::Silent,
        strays => Loss::Strays(strays),
    })
}

/// A connected socket, so that the kernel takes answers from the server alone and tells what ICMP says.
async fn open(target: SocketAddr) -> Result<UdpSocket, Loss> {
    let unsent = |error: io::Error| Loss::Unsent(format!("no socket: {error}"));
    let local = match target.ip() {
        IpAddr::V4(_) => at(Ipv4Addr::UNSPECIFIED.into(), 0),
        IpAddr::V6(_) => at(Ipv6Addr::UNSPECIFIED.into(), 0),
    };
    let socket = UdpSocket::bind(local).await.map_err(unsent)?;
    // Without it the kernel keeps to itself who has sent an error, and that a host cannot be reached.
    match target.ip() {
        IpAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvErr, &true),
        IpAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvErr, &true),
    }
    .map_err(|errno| unsent(errno.into()))?;
    socket
        .connect(target)
        .await
        .map_err(|error| loss(&socket, target, &error))?;
    Ok(socket)
}

/// What the kernel says of a packet that was not welcome.
fn loss(socket: &UdpSocket, target: SocketAddr, error: &io::Error) -> Loss {
    let Some(errno) = error.raw_os_error().map(Errno::from_raw) else {
        return Loss::Unsent(format!("could not be sent: {error}"));
    };
    let by = offender(socket).filter(|by| !by.is_unspecified());
    match (errno, by) {
        // A firewall that rejects says "port unreachable" too, but in its own name.
        (Errno::ECONNREFUSED, Some(by)) if by != target.ip() => Loss::Rejected {
            by: Some(by),
            why: "port unreachable".to_owned(),
        },
        (Errno::ECONNREFUSED, _) => Loss::Closed,
        // ICMP says so, or this machine's own routes do; EACCES is how "administratively prohibited" is told.
        (
            Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::ENETDOWN
            | Errno::ENONET
            | Errno::ETIMEDOUT
            | Errno::EACCES,
            by,
        ) => Loss::Rejected {
            by,
            why: errno.desc().to_owned(),
        },
        _ => Loss::Unsent(format!("could not be sent: {error}")),
    }
}

/// Who sent the ICMP error that the socket holds, if one did.
fn offender(socket: &UdpSocket) -> Option<IpAddr> {
    let mut payload = [0; 64];
    let mut data = [IoSliceMut::new(&mut payload)];
    let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let message = recvmsg::<SockaddrStorage>(
        socket.as_raw_fd(),
        &mut data,
        Some(&mut control),
        MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT,
    )
    .ok()?;
    message.cmsgs().ok()?.find_map(|told| match told {
        ControlMessageOwned::Ipv4RecvErr(_, Some(from)) => Some(IpAddr::V4(Ipv4Addr::from(
            u32::from_be(from.sin_addr.s_addr),
        ))),
        ControlMessageOwned::Ipv6RecvErr(_, Some(from)) => {
            Some(IpAddr::V6(Ipv6Addr::from(from.sin6_addr.s6_addr)))
        }
        _ => None,
    })
}

/// An equal share of what is left of patience.
fn share(line: &Line, parts: u32) -> Duration {
    line.left() / parts
}

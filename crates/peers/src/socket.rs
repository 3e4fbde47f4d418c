//! Listening sockets: bound before anything is served, bounded in what they accept.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::libc;
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType,
    SockaddrIn, SockaddrIn6, SockaddrStorage, bind, listen, recvmsg, sendmsg, setsockopt, socket,
    sockopt,
};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// Connections that the kernel completes before they are accepted: what Linux itself allowed for decades.
const BACKLOG: i32 = 128;

/// Pause after a failed accept or receive, most likely for want of descriptors: asking again at once would only burn time.
const PAUSE: Duration = Duration::from_millis(50);

/// Binds a TCP listener.
pub(crate) fn listen_tcp(address: SocketAddr, ipv6_only: bool) -> io::Result<TcpListener> {
    let fd = open(address, SockType::Stream, ipv6_only)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&fd, Backlog::new(BACKLOG)?)?;
    TcpListener::from_std(fd.into())
}

fn open(address: SocketAddr, kind: SockType, ipv6_only: bool) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let fd = socket(family, kind, flags, None)?;
    if address.is_ipv6() {
        // Said either way, whatever the machine's net.ipv6.bindv6only is.
        setsockopt(&fd, sockopt::Ipv6V6Only, &ipv6_only)?;
    }
    Ok(fd)
}

/// Accepts connections for ever and hands each to `serve` in a task of its own; at most `limit` at a time, the rest wait
/// in the kernel's queue. Dropping the future ends every connection.
pub(crate) async fn accept_each<F, S>(listener: TcpListener, limit: usize, serve: F)
where
    F: Fn(TcpStream, SocketAddr) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= limit {
            connections.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Every protocol here is question and answer: waiting to fill a segment only delays it.
                    // A socket that refuses the option is closed already, and its first read says so.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream, peer));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A UDP socket that answers from the address that was asked: on a host with two interfaces the kernel would otherwise
/// choose by route, and a client rightly ignores an answer from an address that it did not ask.
pub(crate) struct Datagrams {
    socket: UdpSocket,
}

/// Where an answer goes, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Return {
    /// The client.
    pub(crate) to: SocketAddr,
    /// The address of this host that it asked.
    from: Option<IpAddr>,
}

impl Datagrams {
    /// Binds a UDP socket.
    pub(crate) fn bind(address: SocketAddr, ipv6_only: bool) -> io::Result<Self> {
        let fd = open(address, SockType::Datagram, ipv6_only)?;
        if address.is_ipv4() {
            setsockopt(&fd, sockopt::Ipv4PacketInfo, &true)?;
        } else {
            setsockopt(&fd, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
        bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
        Ok(Self {
            socket: UdpSocket::from_std(fd.into())?,
        })
    }

    /// The address bound.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Receives one datagram into `buffer`; what does not fit is cut off. An error of the socket is a past answer's and
    /// concerns no later client: it is waited out.
    pub(crate) async fn receive(&self, buffer: &mut [u8]) -> (usize, Return) {
        loop {
            let received = self
                .socket
                .async_io(Interest::READABLE, || self.try_receive(buffer))
                .await;
            match received {
                Ok(received) => return received,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Return)> {
        let mut control = nix::cmsg_space!(libc::in6_pktinfo);
        let mut parts = [IoSliceMut::new(buffer)];
        let message = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut parts,
            Some(&mut control),
            MsgFlags::empty(),
        )?;
        let to = message
            .address
            .as_ref()
            .and_then(socket_address)
            .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        let from = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(IpAddr::from(info.ipi_spec_dst.s_addr.to_ne_bytes()))
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                Some(IpAddr::V6(Ipv6Addr::from(info.ipi6_addr.s6_addr)))
            }
            _ => None,
        });
        Ok((message.bytes, Return { to, from }))
    }

    /// Sends one datagram.
    pub(crate) async fn send(&self, payload: &[u8], way: Return) -> io::Result<usize> {
        self.socket
            .async_io(Interest::WRITABLE, || self.try_send(payload, way))
            .await
    }

    fn try_send(&self, payload: &[u8], way: Return) -> io::Result<usize> {
        let to = SockaddrStorage::from(way.to);
        let parts = [IoSlice::new(payload)];
        let send = |control: &[ControlMessage<'_>]| {
            let fd = self.socket.as_raw_fd();
            Ok(sendmsg(fd, &parts, control, MsgFlags::empty(), Some(&to))?)
        };
        match way.from {
            Some(IpAddr::V4(from)) => send(&[ControlMessage::Ipv4PacketInfo(&libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from_ne_bytes(from.octets()),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            })]),
            Some(IpAddr::V6(from)) => send(&[ControlMessage::Ipv6PacketInfo(&libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: from.octets(),
                },
                ipi6_ifindex: 0,
            })]),
            None => send(&[]),
        }
    }
}

fn socket_address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    storage
        .as_sockaddr_in()
        .map(|address: &SockaddrIn| SocketAddr::V4((*address).into()))
        .or_else(|| {
            storage
                .as_sockaddr_in6()
                .map(|address: &SockaddrIn6| SocketAddr::V6((*address).into()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(bound: &str, asked: &str) {
        let server = Datagrams::bind(bound.parse().expect("an address"), false).expect("bound");
        let port = server.local_addr().expect("bound").port();
        let asked = SocketAddr::new(asked.parse().expect("an address"), port);
        let here = if asked.is_ipv4() {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        };
        let client = UdpSocket::bind(here).await.expect("bound");
        client.send_to(b"question", asked).await.expect("sent");
        let mut buffer = [0; 64];
        let (length, way) = server.receive(&mut buffer).await;
        assert_eq!(&buffer[..length], b"question");
        server.send(b"answer", way).await.expect("sent");
        let (length, from) = client.recv_from(&mut buffer).await.expect("received");
        assert_eq!((&buffer[..length], from), (&b"answer"[..], asked));
    }

    #[tokio::test]
    async fn an_answer_comes_from_the_address_that_was_asked() {
        check("0.0.0.0:0", "127.0.0.1").await;
        check("0.0.0.0:0", "127.0.0.77").await;
        check("127.0.0.78:0", "127.0.0.78").await;
        check("[::]:0", "127.0.0.79").await;
        check("[::]:0", "::1").await;
    }

    #[tokio::test]
    async fn both_families_can_be_bound_side_by_side() {
        let four = listen_tcp("0.0.0.0:0".parse().expect("an address"), true).expect("bound");
        let port = four.local_addr().expect("bound").port();
        let six = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
        listen_tcp(six, true).expect("IPv6 only leaves IPv4 alone");
        listen_tcp(six, false).expect_err("the port is taken");
    }
}

//! Raw sockets: opened, read and sent on.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsRawFd;

use nix::cmsg_space;
use nix::libc::in6_pktinfo;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use socket2::{Domain, Protocol, Socket, Type};

/// What one read gives: a packet as the socket's family shows it.
#[derive(Debug)]
pub(super) struct Datagram<'b> {
    /// IPv4: the whole packet. IPv6: what follows the headers.
    pub bytes: &'b [u8],
    /// The sender.
    pub source: IpAddr,
    /// The receiver; told by IPv6 sockets only, since IPv4 packets say it themselves.
    pub destination: Option<Ipv6Addr>,
}

/// A socket that sees every packet of the protocol which passed the `input` filter. Reads do not wait.
pub(super) fn receiving(v4: bool, protocol: u8) -> io::Result<Socket> {
    let domain = if v4 { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(i32::from(protocol))))?;
    socket.set_nonblocking(true)?;
    if !v4 {
        setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    }
    Ok(socket)
}

/// A socket that sends packets as they are, IP header included.
pub(super) fn sending(v4: bool) -> io::Result<Socket> {
    let domain = if v4 { Domain::IPV4 } else { Domain::IPV6 };
    // raw(7): this protocol number implies that headers are included, in both families.
    Socket::new(
        domain,
        Type::RAW,
        Some(Protocol::from(nix::libc::IPPROTO_RAW)),
    )
}

/// The next packet, if one waits.
pub(super) fn receive<'b>(
    socket: &Socket,
    buffer: &'b mut [u8],
) -> io::Result<Option<Datagram<'b>>> {
    let mut control = cmsg_space!(in6_pktinfo);
    let (length, source, destination) = {
        let mut slices = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let message = match recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut slices,
            Some(&mut control),
            flags,
        ) {
            Ok(message) => message,
            Err(nix::Error::EAGAIN) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let source = message.address.as_ref().and_then(address);
        let destination = message.cmsgs()?.find_map(|part| match part {
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                Some(Ipv6Addr::from(info.ipi6_addr.s6_addr))
            }
            _ => None,
        });
        (message.bytes, source, destination)
    };
    let source = source.ok_or_else(|| io::Error::other("a packet came without its sender"))?;
    Ok(Some(Datagram {
        bytes: &buffer[..length],
        source,
        destination,
    }))
}

fn address(storage: &SockaddrStorage) -> Option<IpAddr> {
    storage
        .as_sockaddr_in()
        .map(|v4| IpAddr::V4(v4.ip()))
        .or_else(|| storage.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

/// The socket's number in the kernel's tables.
pub(super) fn inode(socket: &Socket) -> io::Result<u64> {
    Ok(nix::sys::stat::fstat(socket)?.st_ino)
}

/// Asks for room for `bytes` of packets, as much of it as this process may have.
pub(super) fn widen(socket: &Socket, bytes: usize) -> io::Result<()> {
    // The first is for those who may pass the machine's limit; in a user namespace the limit holds.
    if setsockopt(socket, sockopt::RcvBufForce, &bytes).is_err() {
        setsockopt(socket, sockopt::RcvBuf, &bytes)?;
    }
    Ok(())
}

//! Real packets between the hosts of a standing network, accounted for without waiting.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, setns};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, recv, sendto,
    setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::unistd::Pid;
use twin::stand::Standing;

/// The protocol that every filter lets through.
const SENTINEL: u8 = 253;

/// The rounds after which a packet is delivered or dead, as it is sent with this time-to-live.
const ROUNDS: u32 = 16;

/// The port that datagrams are sent from.
const CLIENT_PORT: u16 = 40000;

/// The most a blocking call may take before the test fails; nothing that works comes near it.
const LIMIT: Duration = Duration::from_secs(10);

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It did not arrive.
    Lost,
    /// It did not arrive, and its sender was told so.
    Refused,
    /// It arrived from this address, and the answer was lost.
    Unanswered(IpAddr),
    /// It arrived from this address, and its answer came back.
    Answered(IpAddr),
}

/// One who sends packets about a standing network, from one CPU.
pub(crate) struct Traveller<'a> {
    standing: &'a Standing,
}

impl<'a> Traveller<'a> {
    /// Takes the calling thread to one CPU: its packets queue there in order.
    pub(crate) fn new(standing: &'a Standing) -> io::Result<Self> {
        let mut cpus = CpuSet::new();
        cpus.set(0)?;
        sched_setaffinity(Pid::from_raw(0), &cpus)?;
        Ok(Self { standing })
    }

    /// Takes the calling thread to a host.
    pub(crate) fn go(&self, host: &str) -> io::Result<()> {
        let (_, namespace) = self
            .standing
            .hosts()
            .find(|(name, _)| name.as_str() == host)
            .ok_or_else(|| io::Error::other(format!("no host {host}")))?;
        setns(namespace, CloneFlags::CLONE_NEWNET)?;
        Ok(())
    }

    /// Sends a datagram from one host to another's socket, and one back if it arrives.
    ///
    /// `router` is the address of the sender's and the receiver's own router, for the sentinels.
    pub(crate) fn datagram(
        &self,
        (from, from_router): (&str, Ipv4Addr),
        (to, to_router, to_own): (&str, Ipv4Addr, IpAddr),
        destination: SocketAddr,
    ) -> io::Result<Fate> {
        self.standing
            .flush_connections()
            .map_err(io::Error::other)?;
        self.go(to)?;
        let receiver = UdpSocket::bind(SocketAddr::new(to_own, destination.port()))?;
        receiver.set_nonblocking(true)?;
        self.go(from)?;
        let any: IpAddr = if destination.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let sender = UdpSocket::bind((any, CLIENT_PORT))?;
        sender.set_nonblocking(true)?;
        sender.connect(destination)?;
        attempt(sender.send(b"ask"))?;
        sentinels(from_router)?;
        let mut buffer = [0; 16];
        let source = match receiver.recv_from(&mut buffer) {
            Ok((_, source)) => source,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return match sender.recv(&mut buffer) {
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(Fate::Refused),
                    _ => Ok(Fate::Lost),
                };
            }
            Err(error) => return Err(error),
        };
        self.go(to)?;
        attempt(receiver.send_to(b"answer", source))?;
        sentinels(to_router)?;
        Ok(match sender.recv(&mut buffer) {
            Ok(_) => Fate::Answered(source.ip()),
            Err(_) => Fate::Unanswered(source.ip()),
        })
    }

    /// Sends a datagram to a port on which nobody listens; whether its sender is told.
    pub(crate) fn is_refused(
        &self,
        (from, router): (&str, Ipv4Addr),
        to_router: (&str, Ipv4Addr),
        destination: SocketAddr,
    ) -> io::Result<bool> {
        self.go(from)?;
        let sender = UdpSocket::bind("0.0.0.0:0")?;
        sender.set_nonblocking(true)?;
        sender.connect(destination)?;
        sender.send(b"ask")?;
        sentinels(router)?;
        self.go(to_router.0)?;
        sentinels(to_router.1)?;
        let answer = sender.recv(&mut [0; 16]);
        Ok(answer.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused))
    }

    /// Sends a datagram with a source that is not the sender's; whether it arrives.
    pub(crate) fn forged(
        &self,
        (from, router): (&str, Ipv4Addr),
        source: Ipv4Addr,
        (to, destination): (&str, Ipv4Addr),
        port: u16,
    ) -> io::Result<bool> {
        self.go(to)?;
        let receiver = UdpSocket::bind((destination, port))?;
        receiver.set_nonblocking(true)?;
        self.go(from)?;
        let mut datagram = Vec::from(port.to_be_bytes());
        datagram.extend(port.to_be_bytes());
        // Length of the header alone, and no checksum.
        datagram.extend([0, 8, 0, 0]);
        attempt(send_raw(&raw()?, 17, source, destination, &datagram))?;
        sentinels(router)?;
        Ok(receiver.recv_from(&mut [0; 16]).is_ok())
    }

    /// Carries a lot of bytes over a connection and back: every checksum on the way must be right.
    pub(crate) fn stream(
        &self,
        from: &str,
        to: &str,
        listen: SocketAddr,
        destination: SocketAddr,
    ) -> io::Result<()> {
        self.go(to)?;
        let listener = TcpListener::bind(listen)?;
        let echo = thread::spawn(move || {
            let (mut peer, _) = listener.accept()?;
            peer.set_read_timeout(Some(LIMIT))?;
            let mut copy = peer.try_clone()?;
            io::copy(&mut copy, &mut peer)
        });
        self.go(from)?;
        let stream = TcpStream::connect_timeout(&destination, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let sent: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
        let mut writer = stream.try_clone()?;
        let copy = sent.clone();
        let write = thread::spawn(move || {
            writer.write_all(&copy)?;
            writer.shutdown(std::net::Shutdown::Write)
        });
        let mut received = Vec::new();
        (&stream).read_to_end(&mut received)?;
        write.join().map_err(|_| io::Error::other("writer"))??;
        echo.join().map_err(|_| io::Error::other("echo"))??;
        if received == sent {
            Ok(())
        } else {
            Err(io::Error::other("not what was sent"))
        }
    }
}

/// Sends, and takes it for sent when the sender's own filter drops it, of which the kernel tells.
fn attempt<T>(sent: io::Result<T>) -> io::Result<()> {
    match sent {
        Err(error) if error.kind() != ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}

/// Moves every packet before it on by a hop and more, each round.
fn sentinels(router: Ipv4Addr) -> io::Result<()> {
    let sender = raw()?;
    let errors = socket(
        AddressFamily::Inet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::Icmp,
    )?;
    let limit = TimeVal::seconds(10);
    setsockopt(&errors, sockopt::ReceiveTimeout, &limit)?;
    for round in 0..ROUNDS {
        send_raw(
            &sender,
            SENTINEL,
            Ipv4Addr::UNSPECIFIED,
            router,
            &round.to_be_bytes(),
        )?;
        await_echo(&errors, round)?;
    }
    Ok(())
}

/// Reads ICMP messages until the router says that it does not know the sentinel's protocol.
fn await_echo(errors: &OwnedFd, round: u32) -> io::Result<()> {
    for _ in 0..1000 {
        let mut buffer = [0; 256];
        let length = recv(errors.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        // The header, the message's own eight bytes, the quoted header, what was sent.
        let quoted = buffer.get(28..length).unwrap_or_default();
        if quoted.get(9) == Some(&SENTINEL) && quoted.get(20..24) == Some(&round.to_be_bytes()) {
            return Ok(());
        }
    }
    Err(io::Error::other("the sentinel did not come back"))
}

fn raw() -> io::Result<OwnedFd> {
    Ok(socket(
        AddressFamily::Inet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::Raw,
    )?)
}

/// Sends a packet with a header of its own; the kernel fills in length, checksum and an unspecified source.
fn send_raw(
    socket: &OwnedFd,
    protocol: u8,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    payload: &[u8],
) -> io::Result<()> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 16, protocol, 0, 0];
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend(payload);
    let to = SockaddrIn::from(std::net::SocketAddrV4::new(destination, 0));
    sendto(socket.as_raw_fd(), &packet, &to, MsgFlags::empty())?;
    Ok(())
}

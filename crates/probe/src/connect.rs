//! Opens TCP connections, and says why one did not open.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use crate::answer::Closing;
use crate::ask::{Miss, causes};
use crate::line::Line;
use crate::packets::{Backlog, Pinned, ROUNDS, Sentinel};

/// Opens a connection; says how its loss was found where it was lost.
pub(crate) async fn open(line: &Line, target: SocketAddr) -> Result<TcpStream, Miss> {
    let stream = match line.closing {
        Closing::Deadline => match timeout_at(line.end, TcpStream::connect(target)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(miss(&error)),
            Err(_) => return Err(line.nothing_more()),
        },
        Closing::Sentinel { gateway } => {
            let mut sentinel = Sentinel::open(gateway).map_err(|error| cannot_tell(&error))?;
            prove(target, &mut sentinel)?
        }
    };
    line.reach();
    // Questions are small and answered one by one; waiting for more to send would only slow them.
    stream
        .set_nodelay(true)
        .map_err(|error| Miss::broke("set up the connection", &error))?;
    Ok(stream)
}

/// Sends a SYN and plays the sentinel: what opens the connection or refuses it is a kernel's answer, given in the same
/// breath as the SYN arrives, so after the sentinels it is here or never comes.
///
/// It does not await: nothing else may move the thread to another CPU.
fn prove(target: SocketAddr, sentinel: &mut Sentinel) -> Result<TcpStream, Miss> {
    let failed = |error: io::Error| Miss::unknown(format!("no socket: {error}"));
    let domain = Domain::for_address(target);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP)).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    {
        let _pinned = Pinned::here().map_err(|error| cannot_tell(&error))?;
        let before = Backlog::now().map_err(|error| cannot_tell(&error))?;
        match socket.connect(&target.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(nix::libc::EINPROGRESS) => {}
            Err(error) => return Err(miss(&error)),
        }
        // There and back, each as far as a packet may live.
        sentinel
            .play(2 * ROUNDS)
            .map_err(|error| cannot_tell(&error))?;
        let after = Backlog::now().map_err(|error| cannot_tell(&error))?;
        let dropped = after.grown_since(before);
        if dropped > 0 && !settled(&socket).map_err(failed)? {
            return Err(Miss::unknown(format!(
                "not answered, but the machine dropped {dropped} packets for want of room meanwhile"
            )));
        }
    }
    if !settled(&socket).map_err(failed)? {
        return Err(Miss::no_way(format!(
            "lost: neither opened nor refused when {} sentinels had followed the SYN",
            2 * ROUNDS
        )));
    }
    if let Some(error) = socket.take_error().map_err(failed)? {
        return Err(miss(&error));
    }
    TcpStream::from_std(socket.into()).map_err(failed)
}

/// Whether the connection is open or has failed.
fn settled(socket: &Socket) -> io::Result<bool> {
    let mut polled = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
    Ok(poll(&mut polled, PollTimeout::ZERO)? > 0)
}

/// What the kernel says of a packet that was not welcome.
pub(crate) fn miss(error: &io::Error) -> Miss {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ECONNREFUSED) => Miss::closed("reset or port unreachable: the packet arrived"),
        // ICMP says so, or this machine's own routes do; EACCES is how "administratively prohibited" is told.
        Some(
            errno @ (Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::ENETDOWN
            | Errno::ETIMEDOUT
            | Errno::EACCES),
        ) => Miss::no_way(format!("rejected by the network: {errno}")),
        _ => Miss::unknown(format!("could not be sent: {error}")),
    }
}

/// A sentinel that is not played proves nothing.
fn cannot_tell(error: &(dyn std::error::Error + 'static)) -> Miss {
    Miss::unknown(format!("loss could not be told: {}", causes(error)))
}

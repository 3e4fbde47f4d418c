//! What passes outside a tunnel: proof that it is encrypted.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, recvfrom, socket,
};
use nix::sys::socket::{setsockopt, sockopt::RcvBuf};
use serde::{Deserialize, Serialize};

/// Key exchange, and key exchange and data once it is in UDP for good.
const IKE: u16 = 500;
const NAT_TRAVERSAL: u16 = 4500;

/// What must be seen of a packet: the longest header of IPv4, UDP's and the first word of the data.
const LOOKED_AT: usize = 128;

/// Packets wait here while the machine is busy.
const BUFFER: usize = 4 << 20;

/// Packets seen at a tunnel's end, outside the tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Key exchange between the tunnel's two ends.
    pub exchange: u64,
    /// Encrypted data in UDP between them.
    pub encrypted: u64,
    /// Everything else of IP: it is not protected.
    pub clear: u64,
}

/// Counts what passes, in a thread that ends with the process.
#[derive(Debug, Default)]
pub(super) struct Wire {
    exchange: AtomicU64,
    encrypted: AtomicU64,
    clear: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Exchange,
    Encrypted,
    Clear,
}

impl Wire {
    /// Begins to count every IPv4 packet of the network namespace but those on the loopback and on the tunnel's own
    /// device, on which they are not yet, or no more, protected.
    pub(super) fn watch(ends: [Ipv4Addr; 2], inside_device: &'static str) -> io::Result<Arc<Self>> {
        let socket = socket(
            AddressFamily::Packet,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::EthAll,
        )?;
        setsockopt(&socket, RcvBuf, &BUFFER)?;
        let wire = Arc::new(Self::default());
        let counted = Arc::clone(&wire);
        let watch = move || {
            let mut buffer = [0; LOOKED_AT];
            loop {
                let (length, from) = match recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut buffer) {
                    Ok(received) => received,
                    Err(Errno::EINTR | Errno::ENOBUFS | Errno::ENETDOWN) => continue,
                    Err(_) => return,
                };
                let link = from.map(|from| from.ifindex());
                let is = |name: &str| {
                    let index = nix::net::if_::if_nametoindex(name).ok();
                    index.is_some() && index.map(|index| index as usize) == link
                };
                if is("lo") || is(inside_device) {
                    continue;
                }
                if let Some(kind) = kind(&buffer[..length.min(LOOKED_AT)], ends) {
                    counted.count(kind);
                }
            }
        };
        thread::Builder::new()
            .name("wire".to_owned())
            .spawn(watch)?;
        Ok(wire)
    }

    fn count(&self, kind: Kind) {
        let counter = match kind {
            Kind::Exchange => &self.exchange,
            Kind::Encrypted => &self.encrypted,
            Kind::Clear => &self.clear,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            exchange: self.exchange.load(Ordering::Relaxed),
            encrypted: self.encrypted.load(Ordering::Relaxed),
            clear: self.clear.load(Ordering::Relaxed),
        }
    }
}

/// What an IP packet is; none for what is not IPv4. What is cut off or odd is clear: nobody protected it.
fn kind(packet: &[u8], ends: [Ipv4Addr; 2]) -> Option<Kind> {
    if packet.first()? >> 4 != 4 {
        return None;
    }
    Some(protected(packet, ends).unwrap_or(Kind::Clear))
}

/// RFC 3948: on port 4500 four bytes of zero stand before key exchange, and a single byte keeps the way open.
fn protected(packet: &[u8], ends: [Ipv4Addr; 2]) -> Option<Kind> {
    const UDP: u8 = 17;
    let header = usize::from(packet.first()? & 0xf) * 4;
    let address = |at: usize| {
        let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        Some(Ipv4Addr::from(bytes))
    };
    let between = [address(12)?, address(16)?];
    if *packet.get(9)? != UDP || (between != ends && between != [ends[1], ends[0]]) {
        return None;
    }
    let port = |at: usize| {
        let bytes: [u8; 2] = packet.get(header + at..header + at + 2)?.try_into().ok()?;
        Some(u16::from_be_bytes(bytes))
    };
    match (port(0)?, port(2)?) {
        (IKE, IKE) => Some(Kind::Exchange),
        (NAT_TRAVERSAL, NAT_TRAVERSAL) => match packet.get(header + 8..header + 12) {
            None | Some([0, 0, 0, 0]) => Some(Kind::Exchange),
            Some(_) => Some(Kind::Encrypted),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: [Ipv4Addr; 2] = [Ipv4Addr::new(198, 18, 1, 1), Ipv4Addr::new(203, 0, 113, 7)];

    fn packet(protocol: u8, from: Ipv4Addr, ports: (u16, u16), data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
        bytes.extend(from.octets());
        bytes.extend(ENDS[1].octets());
        bytes.extend(ports.0.to_be_bytes());
        bytes.extend(ports.1.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(data);
        bytes
    }

    #[test]
    fn only_what_is_encrypted_between_the_ends_counts_as_that() {
        let check = |bytes: &[u8], wanted: Option<Kind>| assert_eq!(kind(bytes, ENDS), wanted);
        let natted = (4500, 4500);
        check(&packet(17, ENDS[0], natted, &[9; 8]), Some(Kind::Encrypted));
        check(&packet(17, ENDS[0], natted, &[0; 8]), Some(Kind::Exchange));
        check(&packet(17, ENDS[0], natted, &[0xff]), Some(Kind::Exchange));
        check(
            &packet(17, ENDS[0], (500, 500), &[9; 8]),
            Some(Kind::Exchange),
        );
        let stranger = Ipv4Addr::new(10, 20, 0, 1);
        check(&packet(17, stranger, natted, &[9; 8]), Some(Kind::Clear));
        check(&packet(6, ENDS[0], natted, &[9; 8]), Some(Kind::Clear));
        check(&packet(17, ENDS[0], (4500, 53), &[9; 8]), Some(Kind::Clear));
        check(
            &packet(17, ENDS[0], natted, &[9; 8])[..22],
            Some(Kind::Clear),
        );
        check(&[0x4f], Some(Kind::Clear));
        check(&[0x60; 60], None);
        check(&[], None);
    }
}

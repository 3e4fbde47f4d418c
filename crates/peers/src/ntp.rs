//! An NTP stand-in: tells a client the system clock's time (RFC 5905). It reads the clock and never sets it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::socket::Datagrams;

/// What evidence calls this server.
pub const NAME: &str = concat!("reeve ntp ", env!("CARGO_PKG_VERSION"));

/// The port that RFC 5905 assigns.
pub(crate) const PORT: u16 = 123;

/// Bytes of a header without extension fields, section 7.3.
const HEADER: usize = 48;

/// Longest request read: extension fields and a digest are not looked at, so no more of them is kept than a packet of
/// the smallest Internet path holds.
const LONGEST: usize = 512;

/// Seconds from 1900 to 1970.
const ERA_OFFSET: u64 = 2_208_988_800;

const MODE_CLIENT: u8 = 3;
const MODE_SERVER: u8 = 4;

/// Far down, as an undisciplined local clock is: no real client prefers it over a real server.
const STRATUM: u8 = 10;

/// What an undisciplined local clock names as its source: the pseudo-address that ntpd gave its local clock driver.
const REFERENCE: [u8; 4] = [127, 127, 1, 0];

/// Two to this power seconds: about a microsecond, what a system clock read by a process is good for.
const PRECISION: i8 = -20;

/// Root dispersion as 16.16 fixed point: 10 ms. Nothing disciplines this clock, and it says so.
const ROOT_DISPERSION: u32 = 0x0000_028f;

/// Answers clients for ever.
pub(crate) async fn serve(socket: Datagrams) {
    let mut buffer = [0; LONGEST];
    loop {
        let (length, way) = socket.receive(&mut buffer).await;
        let received = SystemTime::now();
        let request = buffer.get(..length).unwrap_or_default();
        if let Some(answer) = answer(request, received, SystemTime::now()) {
            // A client that cannot be answered asks again.
            let _ = socket.send(&answer, way).await;
        }
    }
}

/// The answer to a request, or none to what is not a client's request of version 1 to 4.
fn answer(request: &[u8], received: SystemTime, sent: SystemTime) -> Option<[u8; HEADER]> {
    let (header, _) = request.split_first_chunk::<HEADER>()?;
    let (version, mode) = (header[0] >> 3 & 0b111, header[0] & 0b111);
    if mode != MODE_CLIENT || !(1..=4).contains(&version) {
        return None;
    }
    let mut answer = [0; HEADER];
    answer[0] = version << 3 | MODE_SERVER;
    answer[1] = STRATUM;
    answer[2] = header[2];
    answer[3] = PRECISION.to_be_bytes()[0];
    answer[8..12].copy_from_slice(&ROOT_DISPERSION.to_be_bytes());
    answer[12..16].copy_from_slice(&REFERENCE);
    answer[16..24].copy_from_slice(&timestamp(received));
    // The client's transmit time comes back as the origin, by which it knows its own answer.
    answer[24..32].copy_from_slice(&header[40..48]);
    answer[32..40].copy_from_slice(&timestamp(received));
    answer[40..48].copy_from_slice(&timestamp(sent));
    Some(answer)
}

/// A time as 32 bits of seconds since 1900 and 32 bits of fraction; wraps into the next era in 2036, as section 6 wants.
fn timestamp(time: SystemTime) -> [u8; 8] {
    // A clock before 1970 is not set at all; 1970 says that as well as anything.
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().wrapping_add(ERA_OFFSET) << 32;
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    (seconds | fraction).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::net::UdpSocket;

    use super::*;

    fn request(first: u8) -> [u8; HEADER] {
        let mut request = [0; HEADER];
        request[0] = first;
        request[2] = 6;
        request[40..].copy_from_slice(b"originte");
        request
    }

    fn at(seconds: u64, nanos: u32) -> SystemTime {
        UNIX_EPOCH + Duration::new(seconds, nanos)
    }

    #[test]
    fn a_clients_request_is_answered() {
        let check = |first: u8, version: u8| {
            let answer = answer(&request(first), at(1_000, 500_000_000), at(1_001, 0))
                .expect("a client's request");
            assert_eq!(answer[0], version << 3 | MODE_SERVER);
            assert_eq!((answer[1], answer[2]), (STRATUM, 6));
            assert_eq!(&answer[12..16], &REFERENCE);
            assert_eq!(&answer[24..32], b"originte");
            let half = [0x83, 0xaa, 0x82, 0x68, 0x80, 0, 0, 0];
            assert_eq!(&answer[32..40], &half);
            assert_eq!(&answer[40..48], &[0x83, 0xaa, 0x82, 0x69, 0, 0, 0, 0]);
        };
        check(0x23, 4);
        check(0xe3, 4);
        check(0x1b, 3);
        check(0x0b, 1);
    }

    #[test]
    fn whatever_is_not_a_clients_request_is_ignored() {
        let check = |request: &[u8]| assert_eq!(answer(request, at(0, 0), at(0, 0)), None);
        check(&[]);
        check(&[0x23]);
        check(&request(0x23)[..HEADER - 1]);
        for mode in [0, 1, 2, 4, 5, 6, 7] {
            check(&request(0x20 | mode));
        }
        for version in [0, 5, 6, 7] {
            check(&request(version << 3 | MODE_CLIENT));
        }
    }

    #[test]
    fn the_era_ends_in_2036_without_a_panic() {
        let end = (1_u64 << 32) - ERA_OFFSET;
        assert_eq!(timestamp(at(end, 0)), [0; 8]);
        assert_eq!(timestamp(at(end - 1, 0)), [255, 255, 255, 255, 0, 0, 0, 0]);
        assert_eq!(
            timestamp(UNIX_EPOCH - Duration::from_secs(1)),
            timestamp(UNIX_EPOCH)
        );
    }

    proptest! {
        #[test]
        fn no_packet_is_answered_by_a_longer_one(bytes in prop::collection::vec(any::<u8>(), 0..LONGEST)) {
            if let Some(answer) = answer(&bytes, at(0, 0), at(0, 0)) {
                prop_assert!(answer.len() <= bytes.len());
            }
        }
    }

    #[tokio::test]
    async fn garbage_does_not_stop_the_server() {
        let socket =
            Datagrams::bind("127.0.0.1:0".parse().expect("an address"), false).expect("bound");
        let server = socket.local_addr().expect("bound");
        let serving = tokio::spawn(serve(socket));
        let client = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
        client.send_to(b"garbage", server).await.expect("sent");
        client.send_to(&[0xff; 600], server).await.expect("sent");
        client.send_to(&request(0x23), server).await.expect("sent");
        let mut buffer = [0; 64];
        let (length, from) = client.recv_from(&mut buffer).await.expect("an answer");
        assert_eq!((length, from), (HEADER, server));
        assert_eq!(&buffer[24..32], b"originte");
        serving.abort();
    }
}

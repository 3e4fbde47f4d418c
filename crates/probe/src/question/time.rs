//! Time: one SNTP exchange (RFC 4330, section 5). It sets no clock and compares none.

use std::net::IpAddr;

use crate::ask::{Heard, Miss, Vantage, at};
use crate::datagram;

const PORT: u16 = 123;
const PACKET: usize = 48;
/// Leap indicator 0, version 4, mode 3 (client).
const CLIENT: u8 = 4 << 3 | 3;
const MODE_SERVER: u8 = 4;
/// Leap indicator of a server that does not know the time.
const UNSYNCHRONISED: u8 = 3;
/// The highest stratum of a synchronised server.
const STRATUM_LAST: u8 = 15;

/// What a server says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reply {
    leap: u8,
    stratum: u8,
    reference: [u8; 4],
    transmitted: bool,
}

/// Asks for the time, and says who gave it: not what it was, since nothing here may depend on it.
pub(crate) async fn ask(vantage: &Vantage<'_>, server: IpAddr) -> Result<Heard, Miss> {
    // Not the time: the server only repeats it, so a random number tells its answer from a guess.
    let cookie: [u8; 8] = rand::random();
    let mut request = [0; PACKET];
    request[0] = CLIENT;
    request[40..].copy_from_slice(&cookie);
    let reply = datagram::exchange(vantage, at(server, PORT), &request, |bytes| {
        read(bytes, cookie)
    })
    .await?;
    judge(reply)
}

/// The reply, if it answers this request.
fn read(bytes: &[u8], cookie: [u8; 8]) -> Option<Reply> {
    // Longer packets carry extensions and a key's digest, which are not asked for.
    let (packet, _) = bytes.split_first_chunk::<PACKET>()?;
    let version = packet[0] >> 3 & 0b111;
    let answers =
        packet[0] & 0b111 == MODE_SERVER && (3..=4).contains(&version) && packet[24..32] == cookie;
    answers.then(|| Reply {
        leap: packet[0] >> 6,
        stratum: packet[1],
        reference: [packet[12], packet[13], packet[14], packet[15]],
        transmitted: packet[40..48] != [0; 8],
    })
}

fn judge(reply: Reply) -> Result<Heard, Miss> {
    let [a, b, c, d] = reply.reference;
    let name: String = reply
        .reference
        .iter()
        .take_while(|byte| **byte != 0)
        .map(|byte| char::from(*byte))
        .filter(char::is_ascii_graphic)
        .collect();
    match reply.stratum {
        // A "kiss of death": the server asks not to be asked.
        0 => Err(Miss::refused(format!("refused with code {name}"))),
        stratum if stratum > STRATUM_LAST || reply.leap == UNSYNCHRONISED => Err(Miss::broken(
            format!("the server is not synchronised, stratum {stratum}"),
        )),
        _ if !reply.transmitted => Err(Miss::broken("the answer holds no time")),
        1 => Ok(Heard::new(format!("answered, stratum 1, clock {name}"))),
        stratum => Ok(Heard::new(format!(
            "answered, stratum {stratum}, from {a}.{b}.{c}.{d}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOKIE: [u8; 8] = *b"\x01\x02\x03\x04\x05\x06\x07\x08";

    fn packet(first: u8, stratum: u8) -> Vec<u8> {
        let mut bytes = vec![0; PACKET];
        bytes[0] = first;
        bytes[1] = stratum;
        bytes[12..16].copy_from_slice(b"GPS\0");
        bytes[24..32].copy_from_slice(&COOKIE);
        bytes[40] = 1;
        bytes
    }

    #[test]
    fn only_a_server_that_answers_this_request_is_heard() {
        let good = packet(0b00_100_100, 1);
        assert!(read(&good, COOKIE).is_some());
        let mut version_three = good.clone();
        version_three[0] = 0b00_011_100;
        assert!(read(&version_three, COOKIE).is_some());
        for (why, at, value) in [
            ("a client's packet", 0, 0b00_100_011),
            ("a broadcast", 0, 0b00_100_101),
            ("version 7", 0, 0b00_111_100),
            ("another request's answer", 24, 0xff),
        ] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(read(&bad, COOKIE), None, "{why}");
        }
        assert_eq!(read(&good[..47], COOKIE), None, "cut short");
        assert_eq!(read(&[], COOKIE), None, "empty");
    }

    #[test]
    fn a_server_must_know_the_time() {
        use crate::answer::Outcome;
        let check = |first: u8, stratum: u8, wanted: Result<&str, (Outcome, &str)>| {
            let bytes = packet(first, stratum);
            let reply = read(&bytes, COOKIE).expect("it answers the request");
            let got = judge(reply)
                .map(|heard| heard.said)
                .map_err(|miss| (miss.outcome, miss.said));
            let wanted = wanted
                .map(str::to_owned)
                .map_err(|(outcome, said)| (outcome, said.to_owned()));
            assert_eq!(got, wanted);
        };
        const SYNCHRONISED: u8 = 0b00_100_100;
        const NOT: u8 = 0b11_100_100;
        let broken = |said| Err((Outcome::Broken, said));
        check(SYNCHRONISED, 1, Ok("answered, stratum 1, clock GPS"));
        check(SYNCHRONISED, 2, Ok("answered, stratum 2, from 71.80.83.0"));
        check(
            SYNCHRONISED,
            0,
            Err((Outcome::Refused, "refused with code GPS")),
        );
        check(
            SYNCHRONISED,
            16,
            broken("the server is not synchronised, stratum 16"),
        );
        check(NOT, 2, broken("the server is not synchronised, stratum 2"));
        let timeless = Reply {
            leap: 0,
            stratum: 2,
            reference: [0; 4],
            transmitted: false,
        };
        let miss = judge(timeless).expect_err("it holds no time");
        assert_eq!(miss.outcome, Outcome::Broken);
    }
}

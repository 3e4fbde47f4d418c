//! Time: SNTP exchanges (RFC 5905, section 14). It sets no clock; the offset is told, and nothing is judged by it.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::answer::Outcome;
use crate::ask::{Heard, Miss, Vantage, at};
use crate::datagram::{self, Loss};
use crate::fault::{Fault, TimeFault};
use crate::line::Line;

const PORT: u16 = 123;
const PACKET: usize = 48;
/// Leap indicator 0, version 4, mode 3 (client).
const CLIENT: u8 = 4 << 3 | 3;
const MODE_SERVER: u8 = 4;
/// Leap indicator of a server that does not know the time.
const UNSYNCHRONISED: u8 = 3;
/// The highest stratum of a synchronised server.
const STRATUM_LAST: u8 = 15;

/// Times that the time is asked for: of several answers the quickest has the best offset (RFC 5905, section 10).
const SAMPLES: usize = 4;
/// A round trip so short that its offset, off by half of it at most, needs no second one.
const QUICK: Duration = Duration::from_millis(50);
/// Root distance beyond which chrony (`maxdistance`) takes no server; ntpd and RFC 5905 are stricter.
const DISTANCE_MS: u64 = 3_000;
/// Seconds from 1900 to 1970.
const ERA_OFFSET: u64 = 2_208_988_800;

/// What a server says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reply {
    leap: u8,
    stratum: u8,
    /// Root delay and dispersion, in 16.16 fixed-point seconds.
    delay: u32,
    dispersion: u32,
    reference: [u8; 4],
    received: u64,
    transmitted: u64,
}

/// One exchange.
#[derive(Clone, Copy, Debug)]
struct Sample {
    reply: Reply,
    round_trip: Duration,
    /// How far the server's clock is ahead, microseconds.
    offset_us: i64,
}

/// Packets sent and answered: what `ntpq` calls reach.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    sent: u32,
    answered: u32,
}

/// Asks for the time, and says who gave it.
pub(crate) async fn ask(vantage: &Vantage<'_>, server: IpAddr) -> Result<Heard, Miss> {
    ask_at(&vantage.line, at(server, PORT)).await
}

async fn ask_at(line: &Line, server: SocketAddr) -> Result<Heard, Miss> {
    let mut reach = Reach::default();
    let mut best = sample(line, server, &mut reach)
        .await
        .map_err(|loss| lost(line, loss))?;
    judge(&best.reply).map_err(miss)?;
    for _ in 1..SAMPLES {
        if best.round_trip <= QUICK {
            break;
        }
        // The first answer stands: a server may well mind being asked again at once.
        let part = line.part(2);
        match sample(&part, server, &mut reach).await {
            Ok(next) if judge(&next.reply).is_ok() && next.round_trip < best.round_trip => {
                best = next;
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok(Heard::new(words(&best, reach)))
}

async fn sample(line: &Line, server: SocketAddr, reach: &mut Reach) -> Result<Sample, Loss> {
    // Not the time: the server only repeats it, so a random number tells its answer from a guess.
    let cookie: [u8; 8] = rand::random();
    let mut request = [0; PACKET];
    request[0] = CLIENT;
    request[40..].copy_from_slice(&cookie);
    let sent = SystemTime::now();
    let heard = datagram::exchange(line, server, &request, |bytes| {
        read(bytes, cookie).map(|reply| (reply, SystemTime::now()))
    })
    .await?;
    let (reply, back) = heard.answer;
    reach.sent += heard.sends;
    reach.answered += 1;
    let round_trip = back.duration_since(sent).unwrap_or_default();
    Ok(Sample {
        reply,
        round_trip,
        offset_us: offset(stamp(sent), &reply, stamp(back)),
    })
}

/// The reply, if it answers this request.
fn read(bytes: &[u8], cookie: [u8; 8]) -> Option<Reply> {
    // Longer packets carry extensions and a key's digest, which are not asked for.
    let (packet, _) = bytes.split_first_chunk::<PACKET>()?;
    let version = packet[0] >> 3 & 0b111;
    let answers =
        packet[0] & 0b111 == MODE_SERVER && (3..=4).contains(&version) && packet[24..32] == cookie;
    let word = |from: usize| {
        packet[from..from + 4]
            .iter()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
    };
    let time = |from: usize| u64::from(word(from)) << 32 | u64::from(word(from + 4));
    answers.then(|| Reply {
        leap: packet[0] >> 6,
        stratum: packet[1],
        delay: word(4),
        dispersion: word(8),
        reference: word(12).to_be_bytes(),
        received: time(32),
        transmitted: time(40),
    })
}

/// A time as 32 bits of seconds since 1900 and 32 bits of fraction, within its era.
fn stamp(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().wrapping_add(ERA_OFFSET) << 32;
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    seconds | fraction
}

/// How far the server's clock is ahead, microseconds: the mean of both ways (RFC 5905, section 8), right over the end
/// of an era.
fn offset(sent: u64, reply: &Reply, back: u64) -> i64 {
    let apart = |later: u64, earlier: u64| i128::from(later.wrapping_sub(earlier).cast_signed());
    let twice = apart(reply.received, sent) + apart(reply.transmitted, back);
    i64::try_from((twice * 500_000) >> 32).unwrap_or(i64::MAX)
}

/// Half the root delay and the root dispersion, milliseconds.
fn distance_ms(reply: &Reply) -> u64 {
    milliseconds(u64::from(reply.delay / 2) + u64::from(reply.dispersion))
}

/// Of 16.16 fixed-point seconds.
fn milliseconds(seconds: u64) -> u64 {
    (seconds * 1000) >> 16
}

/// The reference identifier as letters, as far as it is any.
fn letters(reference: [u8; 4]) -> String {
    reference
        .iter()
        .take_while(|byte| **byte != 0)
        .map(|byte| char::from(*byte))
        .filter(char::is_ascii_graphic)
        .collect()
}

/// Whether a server's time can be used.
fn judge(reply: &Reply) -> Result<(), TimeFault> {
    let code = letters(reply.reference);
    if reply.stratum == 0 {
        return Err(match code.as_str() {
            "RATE" => TimeFault::TooOften,
            "DENY" | "RSTR" => TimeFault::Denied(code),
            // INIT and STEP say that it has yet to find the time; chrony says it without a code.
            "INIT" | "STEP" | "" => unsynchronised(reply, code),
            _ if reply.leap == UNSYNCHRONISED => unsynchronised(reply, code),
            _ => TimeFault::Kiss(code),
        });
    }
    if reply.stratum > STRATUM_LAST || reply.leap == UNSYNCHRONISED {
        return Err(unsynchronised(reply, String::new()));
    }
    if reply.transmitted == 0 {
        return Err(TimeFault::NoTime);
    }
    match distance_ms(reply) {
        distance_ms @ DISTANCE_MS.. => Err(TimeFault::TooFar { distance_ms }),
        _ => Ok(()),
    }
}

fn unsynchronised(reply: &Reply, said: String) -> TimeFault {
    TimeFault::Unsynchronised {
        stratum: reply.stratum,
        leap: reply.leap,
        said,
    }
}

/// Names what became of a question that got no answer.
fn lost(line: &Line, loss: Loss) -> Miss {
    let bare = loss.miss(line);
    let fault = match loss {
        Loss::Closed => TimeFault::NothingListens,
        Loss::Rejected { by, why } => TimeFault::Rejected { by, why },
        Loss::Strays(count) => TimeFault::Strays(count),
        Loss::Silent => TimeFault::Silent,
        Loss::Unsent(_) => return bare,
    };
    Miss {
        said: match fault {
            TimeFault::Silent => format!("{fault} ({})", bare.said),
            _ => fault.to_string(),
        },
        ..bare.because(Fault::Time(fault))
    }
}

/// The miss that a server's own words are.
fn miss(fault: TimeFault) -> Miss {
    let outcome = match fault {
        TimeFault::TooOften | TimeFault::Denied(_) | TimeFault::Kiss(_) => Outcome::Refused,
        _ => Outcome::Broken,
    };
    Miss::new(outcome, fault.to_string()).because(Fault::Time(fault))
}

/// What a server says of its time, in one line.
fn words(sample: &Sample, reach: Reach) -> String {
    let reply = &sample.reply;
    let mut said = format!("answered, stratum {}", reply.stratum);
    let [a, b, c, d] = reply.reference;
    // Writing to a string cannot fail.
    let _ = match reply.stratum {
        1 => write!(said, ", clock {}", letters(reply.reference)),
        // An IPv4 address, or a part of the hash of an IPv6 address.
        _ => write!(said, ", from {a}.{b}.{c}.{d}"),
    };
    match reply.leap {
        1 => said.push_str(", a leap second to come"),
        2 => said.push_str(", a second to be left out"),
        _ => {}
    }
    let _ = write!(
        said,
        ", root dispersion {} ms, offset {:+}.{:03} ms, reach {} of {}",
        milliseconds(u64::from(reply.dispersion)),
        sample.offset_us / 1000,
        sample.offset_us.unsigned_abs() % 1000,
        reach.answered,
        reach.sent
    );
    said
}

#[cfg(test)]
mod tests;

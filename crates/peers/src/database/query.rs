//! After the login: the few queries that are answered, and a plain word to all others.

use tokio::io::{AsyncRead, AsyncWrite};

use super::wire::{Broken, Failure, Received, Wire, terminated};

/// What the server says of itself. The version is one that the products were tested with.
const PARAMETERS: [(&str, &str); 7] = [
    (
        "server_version",
        concat!(
            "15.2 (stand-in: reeve database ",
            env!("CARGO_PKG_VERSION"),
            ")"
        ),
    ),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("TimeZone", "UTC"),
    ("integer_datetimes", "on"),
    ("standard_conforming_strings", "on"),
];

/// Type numbers of the system catalogue `pg_type`.
const INT4: u32 = 23;
const NAME: u32 = 19;
const TEXT: u32 = 25;

/// A result of one row and one column.
struct Answer<'a> {
    column: &'static str,
    kind: u32,
    /// Bytes of a value of this type; -1 where they vary.
    size: i16,
    value: &'a str,
}

/// Says that the client is in, and answers it until it leaves.
pub(super) async fn serve<S>(wire: &mut Wire<S>, database: &str) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    wire.put(b'R', &0_u32.to_be_bytes());
    for (name, value) in PARAMETERS {
        wire.put(b'S', &[terminated(name), terminated(value)].concat());
    }
    // A key for cancelling, which the protocol wants and nothing here ever needs.
    wire.put(b'K', &rand::random::<[u8; 8]>());
    ready(wire).await?;
    while let Some(Received { kind, body }) = wire.receive().await? {
        match kind {
            b'X' => return Ok(()),
            b'Q' => {
                simple(wire, &body, database);
                ready(wire).await?;
            }
            // Of the extended protocol nothing is served: one error, and silence until the client synchronises.
            b'P' | b'B' | b'C' | b'D' | b'E' | b'F' | b'H' => {
                wire.put_failure(&Failure::unsupported(
                    "this stand-in answers simple queries only",
                ));
                wire.flush().await?;
                if !synchronise(wire).await? {
                    return Ok(());
                }
                ready(wire).await?;
            }
            b'S' => ready(wire).await?,
            _ => return Err(Broken::Garbled),
        }
    }
    Ok(())
}

async fn ready<S>(wire: &mut Wire<S>) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    wire.put(b'Z', b"I");
    wire.flush().await
}

/// Skips messages up to the next Sync. False when the client leaves first.
async fn synchronise<S>(wire: &mut Wire<S>) -> Result<bool, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(received) = wire.receive().await? {
        match received.kind {
            b'S' => return Ok(true),
            b'X' => return Ok(false),
            _ => {}
        }
    }
    Ok(false)
}

/// Answers a simple query.
fn simple<S>(wire: &mut Wire<S>, body: &[u8], database: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let query = String::from_utf8_lossy(body.strip_suffix(&[0]).unwrap_or(body));
    let query = query.trim().trim_end_matches(';').trim_end();
    let words: Vec<_> = query
        .split_ascii_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let answer = match words.as_slice() {
        [] => return wire.put(b'I', &[]),
        ["select", "1"] => Answer {
            column: "?column?",
            kind: INT4,
            size: 4,
            value: "1",
        },
        ["select", "current_database()"] => Answer {
            column: "current_database",
            kind: NAME,
            size: 64,
            value: database,
        },
        ["select", "version()"] => Answer {
            column: "version",
            kind: TEXT,
            size: -1,
            value: super::NAME,
        },
        _ => {
            return wire.put_failure(&Failure::unsupported(
                "this stand-in answers SELECT 1, SELECT current_database() and SELECT version()",
            ));
        }
    };
    answer.put(wire);
}

impl Answer<'_> {
    fn put<S>(&self, wire: &mut Wire<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut description = 1_u16.to_be_bytes().to_vec();
        description.extend(terminated(self.column));
        // No table, no column of one.
        description.extend([0; 6]);
        description.extend(self.kind.to_be_bytes());
        description.extend(self.size.to_be_bytes());
        // No type modifier; text format.
        description.extend((-1_i32).to_be_bytes());
        description.extend([0; 2]);
        wire.put(b'T', &description);

        let value = self.value.as_bytes();
        let mut row = 1_u16.to_be_bytes().to_vec();
        // A name that came in one message is shorter than four gigabytes.
        row.extend(u32::try_from(value.len()).unwrap_or_default().to_be_bytes());
        row.extend(value);
        wire.put(b'D', &row);
        wire.put(b'C', &terminated("SELECT 1"));
    }
}

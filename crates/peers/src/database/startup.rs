//! How a connection begins: requests for encryption, then who wants which database.

use std::collections::BTreeMap;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::wire::{Broken, Failure, Wire, body_length, terminated};

/// Bytes of a first message, PostgreSQL's own `MAX_STARTUP_PACKET_LENGTH`.
const LONGEST: usize = 10_000;

/// Requests for encryption before the start: one for each kind.
const REQUESTS: usize = 2;

/// Codes that stand where the version does (documentation, "Message Formats").
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// How a connection begins.
#[derive(Debug)]
pub(super) enum Opening {
    /// The client asked for TLS and was told to go ahead.
    Secure,
    /// The client started in clear.
    Plain(Startup),
    /// There is nothing to do: a cancel request, of which there is never anything to cancel.
    Over,
}

/// Who wants which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Startup {
    pub(super) user: String,
    pub(super) database: String,
    /// The protocol's minor version.
    minor: u16,
    /// Protocol options asked for, none of which are known.
    options: Vec<String>,
}

/// Reads up to the start, answering requests for encryption.
pub(super) async fn open<S>(stream: &mut S, tls: bool) -> Result<Opening, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for _ in 0..=REQUESTS {
        let message = first_message(stream).await?;
        match code(&message)? {
            SSL if tls => {
                stream.write_all(b"S").await?;
                stream.flush().await?;
                return Ok(Opening::Secure);
            }
            SSL | GSS => {
                stream.write_all(b"N").await?;
                stream.flush().await?;
            }
            CANCEL => return Ok(Opening::Over),
            _ => return Startup::parse(&message).map(Opening::Plain),
        }
    }
    Err(Broken::Garbled)
}

/// Reads a start, within TLS.
pub(super) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Startup, Broken> {
    Startup::parse(&first_message(stream).await?)
}

async fn first_message<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Vec<u8>, Broken> {
    let length = body_length(stream.read_u32().await?, LONGEST)?;
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

fn code(message: &[u8]) -> Result<u32, Broken> {
    let code = message.first_chunk().ok_or(Broken::Garbled)?;
    Ok(u32::from_be_bytes(*code))
}

impl Startup {
    fn parse(message: &[u8]) -> Result<Self, Broken> {
        let Some((&[major_high, major_low, minor_high, minor_low], pairs)) =
            message.split_first_chunk()
        else {
            return Err(Broken::Garbled);
        };
        if u16::from_be_bytes([major_high, major_low]) != 3 {
            return Err(Broken::Garbled);
        }
        let mut fields = BTreeMap::new();
        let mut texts = pairs.split(|&byte| byte == 0);
        // Names and values alternate; an empty name ends the list.
        while let Some(name) = texts.next().filter(|name| !name.is_empty()) {
            let value = texts.next().ok_or(Broken::Garbled)?;
            let [name, value] = [name, value].map(String::from_utf8_lossy);
            fields.insert(name.into_owned(), value.into_owned());
        }
        let user = fields.remove("user").ok_or(Broken::Garbled)?;
        let database = fields.remove("database").unwrap_or_else(|| user.clone());
        let options = fields.into_keys().filter(|name| name.starts_with("_pq_."));
        Ok(Self {
            user,
            database,
            minor: u16::from_be_bytes([minor_high, minor_low]),
            options: options.collect(),
        })
    }

    /// Tells a client of a newer minor version, or with protocol options, what is spoken here: 3.0 without any.
    pub(super) async fn negotiate<S>(&self, wire: &mut Wire<S>) -> Result<(), Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.minor == 0 && self.options.is_empty() {
            return Ok(());
        }
        let count = u32::try_from(self.options.len()).map_err(|_| {
            Broken::Refused(Failure::violation(
                "more protocol options than there are numbers",
            ))
        })?;
        let mut body = 0_u32.to_be_bytes().to_vec();
        body.extend(count.to_be_bytes());
        for option in &self.options {
            body.extend(terminated(option));
        }
        wire.put(b'v', &body);
        wire.flush().await
    }
}

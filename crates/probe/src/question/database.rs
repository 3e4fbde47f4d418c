//! A database: PostgreSQL's protocol 3 under TLS, a login, and `SELECT 1`.
//! <https://www.postgresql.org/docs/current/protocol-flow.html>

use std::io;
use std::net::SocketAddr;

use model::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::ask::{Heard, Miss, Vantage};
use crate::connect;
use crate::scram::{self, Client};
use crate::tls::{self, Wanted};

/// The number that asks for TLS instead of a protocol version.
const SSL_REQUEST: u32 = 80_877_103;
/// Version 3.0.
const PROTOCOL: u32 = 3 << 16;
/// Longest message read: those of a login are under a kilobyte.
const MESSAGE_BYTES: usize = 64 << 10;
/// Most messages read: a server tells about fifteen parameters before it is ready.
const MESSAGES: usize = 256;

/// A login to be tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login<'q> {
    /// As AWS names it.
    pub engine: &'q str,
    pub database: &'q str,
    pub user: &'q str,
    pub password: &'q Secret,
}

/// Opens the database and asks it for a one.
///
/// The server's certificate must come from the roots; its name is not checked, since only an address is known.
pub(crate) async fn open(
    vantage: &Vantage<'_>,
    target: SocketAddr,
    login: &Login<'_>,
) -> Result<Heard, Miss> {
    if !matches!(login.engine, "postgres" | "aurora-postgresql") {
        return Err(Miss::unknown(format!(
            "the protocol of engine `{}` is not spoken here",
            login.engine
        )));
    }
    let stream = connect::open(&vantage.line, target).await?;
    let stream = encrypt(vantage, stream).await?;
    let mut session = Session {
        stream,
        version: None,
        read: 0,
    };
    session.log_in(login).await?;
    let heard = session.select_one().await;
    // Terminate, as is polite; the answer is known.
    let _ = session.send(b'X', &[]).await;
    let peer = session
        .version
        .map(|version| format!("PostgreSQL {version}"));
    match heard {
        Ok(()) => Ok(Heard::new("logged in, SELECT 1 gave 1").from(peer)),
        Err(miss) => Err(miss.from(peer)),
    }
}

async fn encrypt(
    vantage: &Vantage<'_>,
    mut stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Miss> {
    let mut request = 8_u32.to_be_bytes().to_vec();
    request.extend(SSL_REQUEST.to_be_bytes());
    stream.write_all(&request).await.map_err(spoke)?;
    // Exactly one byte: what a stranger put in behind it would be taken for the server's under TLS, and breaks it.
    match stream.read_u8().await.map_err(spoke)? {
        b'S' => tls::connect(vantage, stream, Wanted::Ours).await,
        b'N' => Err(Miss::broken(
            "the server offers no TLS; no password was sent",
        )),
        _ => Err(Miss::broken("what answers is not PostgreSQL")),
    }
}

fn spoke(error: io::Error) -> Miss {
    Miss::broke("speak PostgreSQL's protocol", &error)
}

struct Session {
    stream: TlsStream<TcpStream>,
    /// The server's version, once it has told.
    version: Option<String>,
    /// Messages read so far.
    read: usize,
}

impl Session {
    async fn log_in(&mut self, login: &Login<'_>) -> Result<(), Miss> {
        self.start(login).await?;
        loop {
            let (kind, body) = self.receive().await?;
            if kind != b'R' {
                return Err(unexpected(kind));
            }
            let (method, data) = split_u32(&body)?;
            match method {
                0 => return self.until_ready().await,
                // In clear, but under TLS.
                3 => {
                    let password = terminated(login.password.expose())?;
                    self.send(b'p', &password).await?;
                }
                10 => self.scram(data, login).await?,
                5 => return Err(Miss::broken("the server wants MD5, which is not spoken")),
                other => {
                    return Err(Miss::broken(format!(
                        "the server wants authentication method {other}, which is not spoken"
                    )));
                }
            }
        }
    }

    async fn start(&mut self, login: &Login<'_>) -> Result<(), Miss> {
        let mut body = PROTOCOL.to_be_bytes().to_vec();
        let parameters = [
            ("user", login.user),
            ("database", login.database),
            ("application_name", "reeve"),
        ];
        for (name, value) in parameters {
            body.extend(terminated(name)?);
            body.extend(terminated(value)?);
        }
        body.push(0);
        let mut message = length(body.len())?.to_be_bytes().to_vec();
        message.extend(body);
        self.stream.write_all(&message).await.map_err(spoke)
    }

    async fn scram(&mut self, mechanisms: &[u8], login: &Login<'_>) -> Result<(), Miss> {
        let offered = mechanisms
            .split(|byte| *byte == 0)
            .any(|name| name == scram::MECHANISM.as_bytes());
        if !offered {
            return Err(Miss::broken(format!(
                "the server offers no {}",
                scram::MECHANISM
            )));
        }
        let failed = |error: scram::ScramError| Miss::broke("log in by SCRAM", &error);
        let client = Client::new(&format!("{:032x}", rand::random::<u128>()));
        let first = client.first();
        let mut body = terminated(scram::MECHANISM)?;
        body.extend((length(first.len())? - 4).to_be_bytes());
        body.extend(first.as_bytes());
        self.send(b'p', &body).await?;
        let server_first = self.sasl(11).await?;
        let (last, proved) = client
            .prove(&server_first, login.password.expose())
            .map_err(failed)?;
        self.send(b'p', last.as_bytes()).await?;
        let server_last = self.sasl(12).await?;
        proved.check(&server_last).map_err(failed)
    }

    /// The data of an authentication message of this method.
    async fn sasl(&mut self, wanted: u32) -> Result<Vec<u8>, Miss> {
        let (kind, body) = self.receive().await?;
        let (method, data) = split_u32(&body)?;
        if kind == b'R' && method == wanted {
            Ok(data.to_vec())
        } else {
            Err(unexpected(kind))
        }
    }

    async fn select_one(&mut self) -> Result<(), Miss> {
        self.send(b'Q', &terminated("SELECT 1")?).await?;
        let mut one = false;
        loop {
            match self.receive().await? {
                // One column, one byte long, `1` in text.
                (b'D', row) => one = row == [0, 1, 0, 0, 0, 1, b'1'],
                (b'T' | b'C', _) => {}
                (b'Z', _) if one => return Ok(()),
                (b'Z', _) => return Err(Miss::broken("SELECT 1 did not give 1")),
                (kind, _) => return Err(unexpected(kind)),
            }
        }
    }

    async fn until_ready(&mut self) -> Result<(), Miss> {
        loop {
            match self.receive().await? {
                (b'Z', _) => return Ok(()),
                // The key with which a query could be cancelled.
                (b'K', _) => {}
                (kind, _) => return Err(unexpected(kind)),
            }
        }
    }

    async fn send(&mut self, kind: u8, body: &[u8]) -> Result<(), Miss> {
        let mut message = vec![kind];
        message.extend(length(body.len())?.to_be_bytes());
        message.extend(body);
        self.stream.write_all(&message).await.map_err(spoke)
    }

    /// The next message that is not only news; an error is a miss.
    async fn receive(&mut self) -> Result<(u8, Vec<u8>), Miss> {
        loop {
            self.read += 1;
            if self.read > MESSAGES {
                return Err(Miss::broken(format!("more than {MESSAGES} messages")));
            }
            let kind = self.stream.read_u8().await.map_err(spoke)?;
            let length = self.stream.read_u32().await.map_err(spoke)?;
            let length = usize::try_from(length)
                .ok()
                .and_then(|length| length.checked_sub(4))
                .filter(|length| *length <= MESSAGE_BYTES)
                .ok_or_else(|| Miss::broken(format!("a message of {length} bytes")))?;
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.map_err(spoke)?;
            match kind {
                b'E' => return Err(refusal(&body)),
                b'S' => self.note_parameter(&body),
                b'N' => {}
                _ => return Ok((kind, body)),
            }
        }
    }

    fn note_parameter(&mut self, body: &[u8]) {
        let mut parts = body.split(|byte| *byte == 0);
        if parts.next() == Some(b"server_version") {
            self.version = parts
                .next()
                .map(|value| String::from_utf8_lossy(value).into_owned());
        }
    }
}

/// An error response: fields of one letter and a text each.
fn refusal(body: &[u8]) -> Miss {
    let field = |wanted: u8| {
        body.split(|byte| *byte == 0)
            .find_map(|field| field.split_first().filter(|(key, _)| **key == wanted))
            .map(|(_, text)| String::from_utf8_lossy(text).into_owned())
            .unwrap_or_default()
    };
    let code = field(b'C');
    let said = format!("{code}: {}", field(b'M'));
    // invalid password, invalid authorization, unknown database, insufficient privilege (CONNECT).
    if matches!(code.as_str(), "28P01" | "28000" | "3D000" | "42501") {
        Miss::refused(said)
    } else {
        Miss::broken(said)
    }
}

fn unexpected(kind: u8) -> Miss {
    Miss::broken(format!(
        "an unexpected message of kind `{}`",
        char::from(kind).escape_default()
    ))
}

/// The length that a message states: its own four bytes included.
fn length(body: usize) -> Result<u32, Miss> {
    u32::try_from(body + 4).map_err(|_| Miss::unknown("a message too long to send"))
}

fn split_u32(body: &[u8]) -> Result<(u32, &[u8]), Miss> {
    let (number, rest) = body
        .split_first_chunk::<4>()
        .ok_or_else(|| Miss::broken("a message cut short"))?;
    Ok((u32::from_be_bytes(*number), rest))
}

/// A text with its final zero; one within it would end it early.
fn terminated(text: &str) -> Result<Vec<u8>, Miss> {
    if text.contains('\0') {
        return Err(Miss::unknown("a parameter holds a zero byte"));
    }
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    Ok(bytes)
}

//! Messages of PostgreSQL's protocol, version 3 (documentation, "Message Formats").

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::startup::Startup;

/// Bytes of a message's body: a query that is answered here has forty.
const LONGEST: usize = 16 * 1024;

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The client said nothing for too long.
    #[error("wait any longer for the client")]
    Silent,
    /// The client's bytes are not the protocol, or one message is too long.
    #[error("understand the client")]
    Garbled,
    /// The client is to be told so, and then left.
    #[error("log the client in")]
    Refused(Failure),
    /// The connection failed.
    #[error("use the connection")]
    Connection(#[from] io::Error),
}

/// An error as PostgreSQL reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    severity: &'static str,
    /// SQLSTATE (documentation, "PostgreSQL Error Codes").
    code: &'static str,
    message: String,
}

impl Failure {
    pub(super) fn no_encryption(startup: &Startup) -> Self {
        let (user, database) = (&startup.user, &startup.database);
        Self::fatal(
            "28000",
            format!("no entry for user \"{user}\", database \"{database}\", no encryption"),
        )
    }

    pub(super) fn wrong_password(user: &str) -> Self {
        let message = format!("password authentication failed for user \"{user}\"");
        Self::fatal("28P01", message)
    }

    pub(super) fn no_database(database: &str) -> Self {
        Self::fatal("3D000", format!("database \"{database}\" does not exist"))
    }

    pub(super) fn violation(message: &'static str) -> Self {
        Self::fatal("08P01", message.to_owned())
    }

    pub(super) fn unsupported(message: &'static str) -> Self {
        Self {
            severity: "ERROR",
            code: "0A000",
            message: message.to_owned(),
        }
    }

    fn fatal(code: &'static str, message: String) -> Self {
        Self {
            severity: "FATAL",
            code,
            message,
        }
    }

    fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let fields = [
            (b'S', self.severity),
            (b'V', self.severity),
            (b'C', self.code),
            (b'M', &self.message),
        ];
        for (field, text) in fields {
            body.push(field);
            body.extend(terminated(text));
        }
        body.push(0);
        body
    }
}

/// A text with the zero byte that ends it on the wire. A zero within would end it early, and is left out.
pub(super) fn terminated(text: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = text.bytes().filter(|&byte| byte != 0).collect();
    bytes.push(0);
    bytes
}

/// A message from the client, after the start.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) kind: u8,
    pub(super) body: Vec<u8>,
}

/// A client's connection after its start. Messages are gathered and sent by [`Wire::flush`].
pub(super) struct Wire<S> {
    stream: S,
    out: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            out: Vec::new(),
        }
    }

    /// The next message; none when the client has left between two.
    pub(super) async fn receive(&mut self) -> Result<Option<Received>, Broken> {
        let kind = match self.stream.read_u8().await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            kind => kind?,
        };
        let length = self.stream.read_u32().await?;
        let length = body_length(length, LONGEST)?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(Some(Received { kind, body }))
    }

    /// Gathers a message.
    pub(super) fn put(&mut self, kind: u8, body: &[u8]) {
        // Bodies are made here and short; one that were not would be cut off by the client, not by a panic.
        let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
        self.out.push(kind);
        self.out.extend(length.to_be_bytes());
        self.out.extend(body);
    }

    /// Gathers an error.
    pub(super) fn put_failure(&mut self, failure: &Failure) {
        self.put(b'E', &failure.body());
    }

    /// Sends what was gathered.
    pub(super) async fn flush(&mut self) -> Result<(), Broken> {
        self.stream.write_all(&self.out).await?;
        self.stream.flush().await?;
        self.out.clear();
        Ok(())
    }

    /// Says why the connection ends, and ends it.
    pub(super) async fn fail(mut self, failure: &Failure) -> Result<(), Broken> {
        self.put_failure(failure);
        self.flush().await?;
        self.stream.shutdown().await?;
        Ok(())
    }
}

/// The bytes that follow a length, which counts itself.
pub(super) fn body_length(length: u32, longest: usize) -> Result<usize, Broken> {
    usize::try_from(length)
        .ok()
        .and_then(|length| length.checked_sub(4))
        .filter(|&length| length <= longest)
        .ok_or(Broken::Garbled)
}

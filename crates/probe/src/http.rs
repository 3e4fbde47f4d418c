//! One HTTP request over one connection.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, SERVER, USER_AGENT};
use hyper::{HeaderMap, Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::ask::{Miss, Vantage};
use crate::connect;
use crate::tls::{self, Wanted};

/// Pages of consoles and health checks are smaller; a server that sends more is not one of them.
const BODY_BYTES: usize = 1 << 20;

/// Where and how HTTP is spoken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'n> {
    pub target: SocketAddr,
    /// Server name for TLS and the Host header.
    pub name: &'n str,
    pub tls: bool,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// Path and query.
    pub path: String,
    /// The fields of a form, encoded; a call with a form is a POST.
    pub form: Option<String>,
    /// The Cookie header's value.
    pub cookies: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// The server's software, where it tells.
    pub(crate) fn server(&self) -> Option<String> {
        let value = self.headers.get(SERVER)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

/// Sends one request over a connection of its own, and reads the whole reply.
pub(crate) async fn call(
    vantage: &Vantage<'_>,
    place: Place<'_>,
    call: &Call,
) -> Result<Reply, Miss> {
    let request = request(place, call)?;
    let stream = connect::open(&vantage.line, place.target).await?;
    if place.tls {
        let stream = tls::connect(vantage, stream, Wanted::Named(place.name)).await?;
        send(stream, request).await
    } else {
        send(stream, request).await
    }
}

fn request(place: Place<'_>, call: &Call) -> Result<Request<Full<Bytes>>, Miss> {
    let host = match (place.tls, place.target.port()) {
        (true, 443) | (false, 80) => place.name.to_owned(),
        (_, port) => format!("{}:{port}", place.name),
    };
    let mut request = Request::builder()
        .uri(&call.path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("reeve/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close");
    if let Some(cookies) = &call.cookies {
        request = request.header(header::COOKIE, cookies);
    }
    let request = match &call.form {
        None => request.body(Full::default()),
        Some(form) => request
            .method(Method::POST)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form.clone())),
    };
    request.map_err(|error| {
        Miss::unknown(format!(
            "`{}` cannot be asked over HTTP: {error}",
            call.path
        ))
    })
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Reply, Miss>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| Miss::broke("speak HTTP", &error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    // The set ends the connection with this question, however that ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request).await.map_err(failed)?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, BODY_BYTES)
        .collect()
        .await
        .map_err(|error| Miss::broke("read the page", &*error))?
        .to_bytes();
    Ok(Reply {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

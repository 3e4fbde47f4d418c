//! HTTP/1.1 as the stand-ins serve it: small answers from memory, over TLS or in clear, with a limit on everything.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, SERVER};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::socket::accept_each;
use crate::tls;

/// Connections at a time on one port: more than a balancer, its health checks and the probes ever open together.
const CONNECTIONS: usize = 64;

/// Time for a request's header, and again for its body: these servers' clients are programs next door.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest life of a connection, so that a client that keeps one open for ever does not keep its slot.
const LIFETIME: Duration = Duration::from_secs(300);

/// Bytes of a request's header: hyper's least buffer, and far more than a probe sends.
const HEADER: usize = 8 * 1024;

/// Bytes of a request's body: a login form.
const BODY: usize = 8 * 1024;

/// A whole answer.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What answers requests.
pub(crate) trait Site: Send + Sync + 'static {
    /// What the server calls itself, in every answer: evidence names the peer by it.
    const NAME: &'static str;

    /// Answers one request, whose body is no longer than [`BODY`].
    fn answer(&self, request: &Parts, body: &[u8]) -> Answer;
}

/// Serves a site on a listener for ever, over TLS where an acceptor is given.
pub(crate) async fn serve<S: Site>(listener: TcpListener, tls: Option<TlsAcceptor>, site: S) {
    let site = Arc::new(site);
    accept_each(listener, CONNECTIONS, move |stream, _| {
        let (tls, site) = (tls.clone(), Arc::clone(&site));
        async move {
            match tls {
                None => converse(stream, site).await,
                Some(acceptor) => {
                    if let Some(stream) = tls::accept(&acceptor, stream).await {
                        converse(stream, site).await;
                    }
                }
            }
        }
    })
    .await;
}

async fn converse<S: Site, I>(stream: I, site: Arc<S>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(respond(site.as_ref(), request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEADER)
        .serve_connection(TokioIo::new(stream), service);
    // How a client ends its connection concerns nobody here.
    let _ = tokio::time::timeout(LIFETIME, connection).await;
}

async fn respond<S: Site>(site: &S, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(PATIENCE, Limited::new(body, BODY).collect()).await;
    let mut answer = match body {
        Ok(Ok(body)) => site.answer(&head, &body.to_bytes()),
        Ok(Err(_)) => text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long\n"),
        Err(_) => text(StatusCode::REQUEST_TIMEOUT, "the body did not come\n"),
    };
    let name = HeaderValue::from_static(S::NAME);
    answer.headers_mut().insert(SERVER, name);
    answer
}

/// An answer in plain text.
pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    answer(status, "text/plain; charset=utf-8", body)
}

/// An answer with a body of the given type, not to be kept by anybody.
pub(crate) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// 404.
pub(crate) fn not_found() -> Answer {
    text(StatusCode::NOT_FOUND, "there is nothing here\n")
}

/// 405, naming the methods that are served.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "not with this method\n");
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

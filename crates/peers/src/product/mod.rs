//! A product stand-in: the product's ports, its health path, and its consoles behind a login.
//!
//! It serves no API of the product. What it shows is that the network, the names, the certificates and the credentials
//! around a product are right.

mod form;
mod page;
mod session;

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, COOKIE, HeaderValue, LOCATION, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use model::service::{PortProtocol, ProductService};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::credential::Credential;
use crate::http::{Answer, Site, answer, method_not_allowed, not_found, text};
use crate::socket::accept_each;
use session::{COOKIE_NAME, Sessions};

/// What evidence calls this server.
pub const NAME: &str = concat!("reeve product ", env!("CARGO_PKG_VERSION"));

/// Connections at a time on a port where nothing is said.
const CONNECTIONS: usize = 32;

/// Time that such a connection is kept: long enough to be seen from both sides.
const SILENCE: Duration = Duration::from_secs(10);

const HTML: &str = "text/html; charset=utf-8";

/// One node of a product, shared by all its ports.
pub(crate) struct Product {
    service: ProductService,
    host: String,
    administrator: Credential,
    sessions: Sessions,
}

impl Product {
    pub(crate) fn new(service: ProductService, host: String, administrator: Credential) -> Self {
        Self {
            service,
            host,
            administrator,
            sessions: Sessions::default(),
        }
    }
}

/// Listens on a port whose protocol has no stand-in: takes a connection, reads what comes first, and closes.
pub(crate) async fn listen_only(listener: TcpListener) {
    accept_each(listener, CONNECTIONS, |mut stream, _| async move {
        let mut first = [0; 256];
        // Whatever came, and also when nothing did, the connection is closed.
        let _ = tokio::time::timeout(SILENCE, stream.read(&mut first)).await;
    })
    .await;
}

/// One HTTP or HTTPS port of a node.
pub(crate) struct Port {
    pub(crate) product: Arc<Product>,
    /// The number by which the product's documentation, and so the plan, knows the port.
    pub(crate) number: u16,
    pub(crate) protocol: PortProtocol,
}

impl Site for Port {
    const NAME: &'static str = NAME;

    fn answer(&self, request: &Parts, body: &[u8]) -> Answer {
        let product = &self.product;
        let path = request.uri.path();
        let health = &product.service.health;
        if self.number == health.port && self.protocol == health.protocol && path == health.path {
            return match request.method {
                Method::GET | Method::HEAD => self.health(),
                _ => method_not_allowed("GET, HEAD"),
            };
        }
        match self.console(path) {
            Some((console, Place::Inside)) => match request.method {
                Method::GET | Method::HEAD => self.inside(console, request),
                _ => method_not_allowed("GET, HEAD"),
            },
            Some((console, Place::Login)) => match request.method {
                Method::GET | Method::HEAD => self.form(console, StatusCode::OK),
                Method::POST => self.log_in(console, request, body),
                _ => method_not_allowed("GET, HEAD, POST"),
            },
            None => not_found(),
        }
    }
}

/// A place of a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Inside,
    Login,
}

impl Port {
    /// The console that a path belongs to. There is none in clear: a password never crosses the network readably.
    fn console(&self, path: &str) -> Option<(&str, Place)> {
        let service = &self.product.service;
        if service.console_port != Some(self.number) || self.protocol != PortProtocol::Https {
            return None;
        }
        service.consoles.iter().find_map(|console| {
            let console = console.trim_end_matches('/');
            match path.strip_prefix(console)? {
                "" | "/" => Some((console, Place::Inside)),
                "/login" => Some((console, Place::Login)),
                _ => None,
            }
        })
    }

    fn health(&self) -> Answer {
        let service = &self.product.service;
        let body = serde_json::json!({
            "status": "healthy",
            "product": service.product,
            "version": service.version,
            "host": self.product.host,
            "peer": format!("stand-in: {NAME}"),
        });
        answer(StatusCode::OK, "application/json", body.to_string())
    }

    fn inside(&self, console: &str, request: &Parts) -> Answer {
        let known = session_of(request).is_some_and(|id| self.product.sessions.knows(id));
        if !known {
            return redirect(&format!("{console}/login"));
        }
        let service = &self.product.service;
        let page = page::inside(&service.product, &service.version, &self.product.host);
        answer(StatusCode::OK, HTML, page)
    }

    fn form(&self, console: &str, status: StatusCode) -> Answer {
        let page = page::login(&self.product.service.product, &self.product.host, console);
        answer(status, HTML, page)
    }

    fn log_in(&self, console: &str, request: &Parts, body: &[u8]) -> Answer {
        let is_form = request
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(form::CONTENT_TYPE.as_bytes()));
        if !is_form {
            return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a form is wanted\n");
        }
        let (user, password) = (form::field(body, "username"), form::field(body, "password"));
        let (Some(user), Some(password)) = (user, password) else {
            return text(
                StatusCode::BAD_REQUEST,
                "username and password are wanted\n",
            );
        };
        if !self.product.administrator.accepts(&user, &password) {
            return self.form(console, StatusCode::UNAUTHORIZED);
        }
        let session = self.product.sessions.open();
        let cookie = format!("{COOKIE_NAME}={session}; Path=/; HttpOnly; Secure; SameSite=Strict");
        let mut answer = redirect(console);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().insert(SET_COOKIE, cookie);
        }
        answer
    }
}

/// 302. The empty path is the site's root.
fn redirect(path: &str) -> Answer {
    let path = if path.is_empty() { "/" } else { path };
    let mut answer = text(StatusCode::FOUND, "");
    match HeaderValue::from_str(path) {
        Ok(path) => {
            answer.headers_mut().insert(LOCATION, path);
            answer
        }
        Err(_) => not_found(),
    }
}

/// The session that a request names.
fn session_of(request: &Parts) -> Option<&str> {
    request
        .headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
}

#[cfg(test)]
mod tests;

//! A web server stand-in over TLS: says that it is there, and whose it is.

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use crate::http::{Answer, Site, method_not_allowed, not_found, text};

/// What evidence calls this server.
pub const NAME: &str = concat!("reeve web ", env!("CARGO_PKG_VERSION"));

/// A server that answers `/` and `/health` with its host's name.
pub(crate) struct Web {
    pub(crate) host: String,
}

impl Site for Web {
    const NAME: &'static str = NAME;

    fn answer(&self, request: &Parts, _body: &[u8]) -> Answer {
        if !matches!(request.uri.path(), "/" | "/health") {
            return not_found();
        }
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return method_not_allowed("GET, HEAD");
        }
        text(
            StatusCode::OK,
            format!("{}: {NAME}, a stand-in\n", self.host),
        )
    }
}

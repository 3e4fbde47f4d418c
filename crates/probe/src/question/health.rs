//! Health: a GET that answers 200.

use std::net::SocketAddr;

use hyper::StatusCode;
use model::service::{HealthCheck, PortProtocol};

use crate::ask::{Heard, Miss, Vantage};
use crate::connect;
use crate::http::{self, Call, Place};

/// Asks once. Where nothing but TCP is spoken, an open connection is all the health there is to see.
pub(crate) async fn ask(
    vantage: &Vantage<'_>,
    target: SocketAddr,
    name: &str,
    check: &HealthCheck,
) -> Result<Heard, Miss> {
    let tls = match check.protocol {
        PortProtocol::Tcp => {
            connect::open(&vantage.line, target).await?;
            return Ok(Heard::new("connected"));
        }
        PortProtocol::Http => false,
        PortProtocol::Https => true,
    };
    let call = Call {
        path: check.path.clone(),
        ..Call::default()
    };
    let reply = http::call(vantage, Place { target, name, tls }, &call).await?;
    let said = reply.status.to_string();
    if reply.status == StatusCode::OK {
        Ok(Heard::new(said).from(reply.server()))
    } else {
        Err(Miss::refused(said).from(reply.server()))
    }
}

//! SSH: a login, and a command that says where it ran.

use std::net::SocketAddr;

use access::{ConnectError, HostChannel, Limits, Refusal, Route, Step, Stop, Unreached};
use model::HostId;
use model::claim::SshHop;

use crate::answer::Outcome;
use crate::ask::{Heard, Miss, Vantage, causes};
use crate::connect;

/// Every managed host knows its own identifier by this variable. Quoted for a shell; it ends without a newline.
const WHERE: &str = "printf %s \"$REEVE_HOST\"";
/// An identifier is far shorter.
const OUTPUT_BYTES: usize = 4096;

/// Logs in, through the bastion where there is one, and checks that the command ran on the host meant.
pub(crate) async fn log_in(
    vantage: &Vantage<'_>,
    host: &HostId,
    target: SocketAddr,
    user: &str,
    via: Option<&SshHop>,
) -> Result<Heard, Miss> {
    // The login dials by itself, and its end by patience does not say whether it got there: a connection before it does,
    // and in a twin proves it.
    drop(connect::open(&vantage.line, via.map_or(target, |hop| hop.target)).await?);
    let target = Stop {
        host: host.clone(),
        address: target,
        user: user.to_owned(),
    };
    let route = match via {
        None => Route::direct(target),
        Some(hop) => Route::through(
            Stop {
                host: hop.host.clone(),
                address: hop.target,
                user: hop.user.clone(),
            },
            target,
        ),
    };
    let channel = access::connect(&route, &vantage.means.ssh, &limits(vantage))
        .await
        .map_err(|error| miss(vantage, &error))?;
    let heard = says_where(&channel, host).await;
    channel.close().await;
    heard
}

async fn says_where(channel: &HostChannel, host: &HostId) -> Result<Heard, Miss> {
    let output = channel
        .exec(WHERE, "")
        .await
        .map_err(|error| Miss::broke("run a command", &error))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.succeeded() && said == host.as_str() {
        Ok(Heard::new(format!(
            "logged in, and ran a command on {said}"
        )))
    } else {
        Err(Miss::broken(format!(
            "logged in, but the command ended with {:?} and says that it ran on `{said}`",
            output.exit
        )))
    }
}

/// What is left of patience, for whichever step needs it.
fn limits(vantage: &Vantage<'_>) -> Limits {
    let left = vantage.line.left();
    Limits {
        reach: left,
        handshake: left,
        authenticate: left,
        open: left,
        command: left,
        output: OUTPUT_BYTES,
    }
}

fn miss(vantage: &Vantage<'_>, error: &ConnectError) -> Miss {
    let said = causes(error);
    let outcome = match error {
        ConnectError::Identity(_) => Outcome::Unknown,
        ConnectError::Unreached { cause, .. } => match cause {
            Unreached::Refused => Outcome::Closed,
            Unreached::NoRoute | Unreached::Forbidden => Outcome::NoWay,
            Unreached::TimedOut(_) => return vantage.line.nothing_more(),
            Unreached::Other(_) => Outcome::Unknown,
        },
        ConnectError::NotForwarded { cause, .. } => match cause {
            Refusal::Prohibited => Outcome::Refused,
            // The bastion does not say whether it was refused or heard nothing.
            Refusal::ConnectFailed => Outcome::Silent,
            _ => Outcome::Broken,
        },
        ConnectError::TimedOut {
            step: Step::Forward,
            ..
        } => Outcome::Silent,
        ConnectError::Authentication { .. } => Outcome::Refused,
        ConnectError::Handshake { .. }
        | ConnectError::HostKey { .. }
        | ConnectError::Disconnected { .. }
        | ConnectError::TimedOut { .. } => Outcome::Broken,
    };
    Miss {
        outcome,
        said: format!("failed to {said}"),
        peer: None,
        fault: None,
    }
}

//! From nothing to a channel: TCP, key exchange, host certificate, login; twice, where a bastion stands between.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::HostId;
use russh::client::{self, AuthResult, Handle};
use russh::keys::{Algorithm, Certificate, HashAlg, PrivateKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelOpenFailure, Preferred};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::certificate::{CertificateKind, TrustedAuthority};
use crate::channel::HostChannel;
use crate::error::{ConnectError, HostKeyFault, IdentityError, Refusal, Step};
use crate::route::{Identity, Limits, Route, Stop};
use crate::transport::{buffered, dial};

/// How often a silent server is asked whether it is there, and how often in vain: a dead one is noticed after a minute.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVES_UNANSWERED: usize = 3;

/// Logs in to a route's target, through the bastion where there is one.
///
/// Each server on the way must show a *host certificate* that the identity's host authority signed, that is valid now,
/// and that names the stop's host identifier. Only certificates of Ed25519 host keys are asked for.
///
/// # Errors
/// Says which stop failed at which step, and what the network, the server or the check said.
pub async fn connect(
    route: &Route,
    identity: &Identity,
    limits: &Limits,
) -> Result<HostChannel, ConnectError> {
    let login = Login::parse(identity).map_err(ConnectError::Identity)?;
    let first = route.via.as_ref().unwrap_or(&route.target);
    let stream =
        dial(first.address, limits.reach)
            .await
            .map_err(|cause| ConnectError::Unreached {
                host: first.host.clone(),
                address: first.address,
                cause,
            })?;
    let session = login.enter(first, stream, limits).await?;
    if route.via.is_none() {
        return Ok(HostChannel::new(first, session, None, limits));
    }
    let tunnel = onward(&session, first, &route.target, limits).await?;
    let inner = login
        .enter(&route.target, tunnel.into_stream(), limits)
        .await?;
    Ok(HostChannel::new(
        &route.target,
        inner,
        Some(session),
        limits,
    ))
}

/// Has the bastion open a connection to the target.
async fn onward(
    session: &Session,
    bastion: &Stop,
    target: &Stop,
    limits: &Limits,
) -> Result<Channel<client::Msg>, ConnectError> {
    match timeout(limits.reach, open_forward(session, target.address)).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(russh::Error::ChannelOpenFailure(failure))) => Err(ConnectError::NotForwarded {
            bastion: bastion.host.clone(),
            host: target.host.clone(),
            address: target.address,
            cause: Refusal::from(failure),
        }),
        Ok(Err(_)) => Err(ConnectError::Disconnected {
            host: bastion.host.clone(),
            step: Step::Forward,
        }),
        Err(_) => Err(ConnectError::TimedOut {
            host: bastion.host.clone(),
            step: Step::Forward,
            limit: limits.reach,
        }),
    }
}

/// Asks a server to open a connection to an address. The originator that it is told is nominal: nothing listens here.
pub(crate) async fn open_forward(
    session: &Session,
    address: SocketAddr,
) -> Result<Channel<client::Msg>, russh::Error> {
    session
        .channel_open_direct_tcpip(
            address.ip().to_string(),
            u32::from(address.port()),
            "127.0.0.1",
            0,
        )
        .await
}

/// A session with a server that has proved who it is.
pub(crate) type Session = Handle<HostCheck>;

/// An identity, read.
struct Login {
    key: Arc<PrivateKey>,
    certificate: Certificate,
    host_authority: TrustedAuthority,
}

impl Login {
    fn parse(identity: &Identity) -> Result<Self, IdentityError> {
        let key = PrivateKey::from_openssh(identity.user.private_key.expose())
            .map_err(IdentityError::PrivateKey)?;
        let certificate = Certificate::from_openssh(identity.user.certificate.trim())
            .map_err(IdentityError::Certificate)?;
        if key.public_key().key_data() != certificate.public_key() {
            return Err(IdentityError::Mismatch);
        }
        Ok(Self {
            key: Arc::new(key),
            certificate,
            host_authority: TrustedAuthority::from_openssh(&identity.host_authority)
                .map_err(IdentityError::HostAuthority)?,
        })
    }

    /// Exchanges keys over a stream, checks who answers, and logs in.
    async fn enter(
        &self,
        stop: &Stop,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        limits: &Limits,
    ) -> Result<Session, ConnectError> {
        let host = || stop.host.clone();
        let check = HostCheck {
            host: stop.host.clone(),
            authority: self.host_authority.clone(),
        };
        let handshake = client::connect_stream(configuration(), buffered(stream), check);
        let mut session = match timeout(limits.handshake, handshake).await {
            Ok(Ok(session)) => session,
            Ok(Err(HandshakeError::Host(cause))) => {
                return Err(ConnectError::HostKey {
                    host: host(),
                    cause,
                });
            }
            Ok(Err(HandshakeError::Protocol(cause))) if is_disconnection(&cause) => {
                return Err(ConnectError::Disconnected {
                    host: host(),
                    step: Step::Handshake,
                });
            }
            Ok(Err(HandshakeError::Protocol(cause))) => {
                return Err(ConnectError::Handshake {
                    host: host(),
                    cause,
                });
            }
            Err(_) => {
                return Err(ConnectError::TimedOut {
                    host: host(),
                    step: Step::Handshake,
                    limit: limits.handshake,
                });
            }
        };
        let authentication = session.authenticate_openssh_cert(
            &stop.user,
            Arc::clone(&self.key),
            self.certificate.clone(),
        );
        match timeout(limits.authenticate, authentication).await {
            Ok(Ok(AuthResult::Success)) => Ok(session),
            // An ended session reads as a failure too: the difference is that it has ended.
            Ok(Ok(AuthResult::Failure { .. })) if !session.is_closed() => {
                Err(ConnectError::Authentication {
                    host: host(),
                    user: stop.user.clone(),
                })
            }
            Ok(_) => Err(ConnectError::Disconnected {
                host: host(),
                step: Step::Authenticate,
            }),
            Err(_) => Err(ConnectError::TimedOut {
                host: host(),
                step: Step::Authenticate,
                limit: limits.authenticate,
            }),
        }
    }
}

fn configuration() -> Arc<client::Config> {
    Arc::new(client::Config {
        preferred: Preferred {
            // A server with a certificate shows it. Plain keys stay on offer, so that a server without one is told apart
            // from one that speaks no SSH; the check refuses them all.
            host_key_certificates: Cow::Borrowed(&[Algorithm::Ed25519]),
            ..Preferred::DEFAULT
        },
        keepalive_interval: Some(KEEPALIVE),
        keepalive_max: KEEPALIVES_UNANSWERED,
        ..client::Config::default()
    })
}

fn is_disconnection(error: &russh::Error) -> bool {
    matches!(
        error,
        russh::Error::Disconnect | russh::Error::HUP | russh::Error::IO(_)
    )
}

/// The check that every server must pass before a name or a signature is sent to it.
pub(crate) struct HostCheck {
    host: HostId,
    authority: TrustedAuthority,
}

impl client::Handler for HostCheck {
    type Error = HandshakeError;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let Some(certificate) = shown.certificate() else {
            let fingerprint = shown.public_key().fingerprint(HashAlg::Sha256);
            return Err(HostKeyFault::PlainKey(fingerprint.to_string()).into());
        };
        self.authority
            .vouches_for(
                certificate,
                CertificateKind::Host,
                self.host.as_str(),
                Timestamp::now(),
            )
            .map_err(HostKeyFault::Certificate)?;
        Ok(true)
    }
}

/// What ends a key exchange early.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    Host(HostKeyFault),
    Protocol(russh::Error),
}

impl From<HostKeyFault> for HandshakeError {
    fn from(fault: HostKeyFault) -> Self {
        Self::Host(fault)
    }
}

impl From<russh::Error> for HandshakeError {
    fn from(error: russh::Error) -> Self {
        Self::Protocol(error)
    }
}

impl From<ChannelOpenFailure> for Refusal {
    fn from(failure: ChannelOpenFailure) -> Self {
        match failure {
            ChannelOpenFailure::AdministrativelyProhibited => Self::Prohibited,
            ChannelOpenFailure::ConnectFailed => Self::ConnectFailed,
            ChannelOpenFailure::UnknownChannelType => Self::UnknownKind,
            ChannelOpenFailure::ResourceShortage => Self::ResourceShortage,
            ChannelOpenFailure::Other { code, .. } => Self::Other(code),
        }
    }
}

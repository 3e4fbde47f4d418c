//! One health check of one target: a GET that must answer 200, or any connection at all.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use model::service::{HealthCheck, PortProtocol};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::tls::{TlsError, provider};

/// Time for a whole check, shorter than the interval between two.
const PATIENCE: Duration = Duration::from_secs(3);

/// How the targets of a listener are checked.
pub(super) struct Check {
    health: HealthCheck,
    tls: TlsConnector,
}

impl Check {
    pub(super) fn new(health: &HealthCheck, client: &Arc<ClientConfig>) -> Self {
        Self {
            health: health.clone(),
            tls: TlsConnector::from(Arc::clone(client)),
        }
    }

    /// Whether a target answers as it must.
    pub(super) async fn passes(&self, target: SocketAddr) -> bool {
        matches!(timeout(PATIENCE, self.ask(target)).await, Ok(Ok(true)))
    }

    async fn ask(&self, target: SocketAddr) -> io::Result<bool> {
        let asked = SocketAddr::new(target.ip(), self.health.port);
        let stream = TcpStream::connect(asked).await?;
        match self.health.protocol {
            PortProtocol::Tcp => Ok(true),
            PortProtocol::Http => self.get(stream, asked).await,
            PortProtocol::Https => {
                let name = ServerName::IpAddress(asked.ip().into());
                self.get(self.tls.connect(name, stream).await?, asked).await
            }
        }
    }

    async fn get<S>(&self, stream: S, asked: SocketAddr) -> io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let request = Request::get(&self.health.path)
            .header(HOST, asked.to_string())
            .body(Empty::<Bytes>::new())
            .map_err(io::Error::other)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        // The connection is driven beside the request, and ends with this set.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let answer = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        Ok(answer.status() == StatusCode::OK)
    }
}

/// The checks' TLS: like AWS's load balancers, it does not ask whose certificate a target shows.
///
/// # Errors
/// Never in practice: the provider has every protocol version.
pub(crate) fn client_config() -> Result<Arc<ClientConfig>, TlsError> {
    let provider = provider();
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Configure)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Accepts every certificate, but still wants the handshake signed by its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

//! TLS as a client that trusts the given roots and no others.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::ask::{Miss, Vantage};

/// Whose certificate a server must show.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'n> {
    /// One for this name, from the roots.
    Named(&'n str),
    /// Any one from the roots: `verify-ca` in PostgreSQL's words, for servers of which only an address is known.
    Ours,
}

/// Shakes hands over an open connection.
pub(crate) async fn connect(
    vantage: &Vantage<'_>,
    stream: TcpStream,
    wanted: Wanted<'_>,
) -> Result<TlsStream<TcpStream>, Miss> {
    let name = match wanted {
        Wanted::Named(name) => ServerName::try_from(name.to_owned())
            .map_err(|_| Miss::unknown(format!("`{name}` cannot be a server's name")))?,
        Wanted::Ours => {
            let address = stream
                .peer_addr()
                .map_err(|error| Miss::broke("read the server's address", &error))?;
            ServerName::from(address.ip())
        }
    };
    let config = config(vantage, wanted)?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| Miss::broke("agree on TLS", &error))
}

/// The roots that the vantage was given; none is a mistake, not a reason to trust nobody.
pub(crate) fn roots(vantage: &Vantage<'_>) -> Result<RootCertStore, Miss> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(vantage.means.tls_roots_pem.as_bytes()) {
        let root = root.map_err(|error| unusable(&error))?;
        roots.add(root).map_err(|error| unusable(&error))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"there are none"));
    }
    Ok(roots)
}

fn unusable(error: &dyn std::fmt::Display) -> Miss {
    Miss::unknown(format!("the TLS roots given cannot be used: {error}"))
}

fn config(vantage: &Vantage<'_>, wanted: Wanted<'_>) -> Result<ClientConfig, Miss> {
    let roots = roots(vantage)?;
    // Named, so that no other part of the process can choose another one for it.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let config = match wanted {
        Wanted::Named(_) => builder.with_root_certificates(roots),
        Wanted::Ours => {
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| unusable(&error))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyName(inner)))
        }
    };
    Ok(config.with_no_client_auth())
}

/// Checks all that the usual verifier checks but the name, which it checks last.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

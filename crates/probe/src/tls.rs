//! TLS as a client that trusts the given roots and no others.

use std::sync::{Arc, Mutex, PoisonError};

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
use crate::der::Parties;
use crate::fault::{CertificateFault, Fault};

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
    let shown = Shown::default();
    let config = config(vantage, wanted, &shown)?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| miss(&error, wanted, &shown))
}

/// Why there is no TLS: the certificate, where it is that.
fn miss(error: &std::io::Error, wanted: Wanted<'_>, shown: &Shown) -> Miss {
    let cause = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(cause)) => {
            let fault = fault(cause, wanted, &shown.take());
            Miss::broken(format!("could not agree on TLS: {fault}"))
                .because(Fault::Certificate(fault))
        }
        _ => Miss::broke("agree on TLS", error),
    }
}

/// Names what is wrong with a certificate.
fn fault(cause: &CertificateError, wanted: Wanted<'_>, shown: &[u8]) -> CertificateFault {
    const DAY: u64 = 24 * 60 * 60;
    let parties = Parties::of(shown);
    // Before the cause: a self-signed certificate is refused for many reasons, of which none is the matter with it.
    let untrusted = matches!(
        cause,
        CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            | CertificateError::Other(_)
    );
    if untrusted && parties.is_some_and(|parties| parties.same()) {
        return CertificateFault::SelfSigned;
    }
    let days =
        |from: UnixTime, to: UnixTime| Some(to.as_secs().saturating_sub(from.as_secs()) / DAY);
    let wanted = match wanted {
        Wanted::Named(name) => name.to_owned(),
        Wanted::Ours => "the server".to_owned(),
    };
    let issuer = || {
        parties
            .and_then(|parties| parties.issuer_name())
            .unwrap_or_else(|| "it names none".to_owned())
    };
    match cause {
        CertificateError::NotValidForName => CertificateFault::NameMismatch {
            wanted,
            presented: Vec::new(),
        },
        CertificateError::NotValidForNameContext { presented, .. } => {
            CertificateFault::NameMismatch {
                wanted,
                presented: presented.iter().map(|name| bare(name)).collect(),
            }
        }
        CertificateError::Expired => CertificateFault::Expired { days_ago: None },
        CertificateError::ExpiredContext { time, not_after } => CertificateFault::Expired {
            days_ago: days(*not_after, *time),
        },
        CertificateError::NotValidYet => CertificateFault::NotYetValid { days_ahead: None },
        CertificateError::NotValidYetContext { time, not_before } => {
            CertificateFault::NotYetValid {
                days_ahead: days(*time, *not_before),
            }
        }
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer { issuer: issuer() },
        // The issuer's name is that of a trusted root, its key is not.
        CertificateError::BadSignature => CertificateFault::UnknownIssuer {
            issuer: format!("{}, whose key is another than the trusted one's", issuer()),
        },
        other => CertificateFault::Other(other.to_string()),
    }
}

/// A name as people write it: `mail.example` for `DnsName("mail.example")`.
fn bare(presented: &str) -> String {
    let inner = presented
        .strip_prefix("DnsName(\"")
        .and_then(|rest| rest.strip_suffix("\")"));
    inner.unwrap_or(presented).to_owned()
}

/// The certificate that a server has shown, kept for naming what is wrong with it.
#[derive(Clone, Debug, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn keep(&self, certificate: &CertificateDer<'_>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = certificate.to_vec();
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
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

fn config(vantage: &Vantage<'_>, wanted: Wanted<'_>, shown: &Shown) -> Result<ClientConfig, Miss> {
    let roots = roots(vantage)?;
    // Named, so that no other part of the process can choose another one for it.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable(&error))?;
    let verifier = Verifier {
        inner,
        any_name: matches!(wanted, Wanted::Ours),
        shown: shown.clone(),
    };
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// The usual verifier, which keeps what it refuses. Where any name will do it checks all but that, which the usual one
/// checks last.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    any_name: bool,
    shown: Shown,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            Err(error) => {
                self.shown.keep(end_entity);
                Err(error)
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

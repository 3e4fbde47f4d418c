//! TLS: the authority of one run, the certificates that it issues, and the servers' configuration.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use model::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Why a certificate or a TLS configuration could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No key pair could be made.
    #[error("make a key pair")]
    Key(#[source] rcgen::Error),
    /// The authority's own certificate could not be made.
    #[error("make the authority's certificate")]
    Authority(#[source] rcgen::Error),
    /// A name is not one that a certificate can carry.
    #[error("put the name `{name}` into a certificate")]
    Name {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        #[source]
        source: rcgen::Error,
    },
    /// A certificate could not be signed.
    #[error("sign a certificate for `{name}`")]
    Sign {
        /// The certificate's first name.
        name: String,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// A certificate that names nothing was asked for.
    #[error("issue a certificate without any name or address")]
    NoName,
    /// The chain or the key is not PEM.
    #[error("read the PEM text of the {0}")]
    Pem(&'static str, #[source] rustls_pki_types::pem::Error),
    /// Key and chain do not fit, or the library refuses them.
    #[error("configure TLS with the certificate")]
    Configure(#[source] rustls::Error),
}

/// From when until when certificates hold. A value from the caller: nothing here reads the clock for it.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    /// First moment.
    pub not_before: SystemTime,
    /// Last moment.
    pub not_after: SystemTime,
}

/// The certificate authority of one run. Its key lives in this value alone and dies with it.
pub struct TlsAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    validity: Validity,
}

impl TlsAuthority {
    /// Makes an authority with a new P-256 key.
    ///
    /// # Errors
    /// Fails when the random source or the signature does.
    pub fn new(common_name: &str, validity: Validity) -> Result<Self, TlsError> {
        let mut params = CertificateParams::default();
        params.not_before = validity.not_before.into();
        params.not_after = validity.not_after.into();
        params.distinguished_name = common(common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().map_err(TlsError::Key)?;
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(TlsError::Authority)?;
        Ok(Self { issuer, validity })
    }

    /// The authority's certificate in PEM: what clients trust.
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// Issues a server certificate for names and addresses, with a new key, valid as long as the authority.
    ///
    /// # Errors
    /// Fails on a name that is not a DNS name, and when there is neither name nor address.
    pub fn issue(&self, names: &[&str], addresses: &[IpAddr]) -> Result<TlsIdentity, TlsError> {
        let mut params = CertificateParams::default();
        params.not_before = self.validity.not_before.into();
        params.not_after = self.validity.not_after.into();
        for name in names {
            let dns_name = (*name).try_into().map_err(|source| TlsError::Name {
                name: (*name).to_owned(),
                source,
            })?;
            params.subject_alt_names.push(SanType::DnsName(dns_name));
        }
        params
            .subject_alt_names
            .extend(addresses.iter().copied().map(SanType::IpAddress));
        let subject = names
            .first()
            .map(|name| (*name).to_owned())
            .or_else(|| addresses.first().map(IpAddr::to_string))
            .ok_or(TlsError::NoName)?;
        params.distinguished_name = common(&subject);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(TlsError::Key)?;
        let certificate =
            params
                .signed_by(&key, &self.issuer)
                .map_err(|source| TlsError::Sign {
                    name: subject,
                    source,
                })?;
        Ok(TlsIdentity {
            chain: certificate.pem(),
            key: Secret::new(key.serialize_pem()),
        })
    }
}

fn common(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// A server's certificate chain and its key, both in PEM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TlsIdentity {
    /// The server's certificate first, then those that lead to the authority, without the authority's own.
    pub chain: String,
    /// The private key, PKCS #8.
    pub key: Secret,
}

impl TlsIdentity {
    /// The configuration of a server that shows this identity: TLS 1.2 or 1.3, no client certificate.
    ///
    /// # Errors
    /// Fails when chain or key are not PEM, or do not fit each other.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = CertificateDer::pem_slice_iter(self.chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| TlsError::Pem("certificate chain", source))?;
        let key = PrivateKeyDer::from_pem_slice(self.key.expose().as_bytes())
            .map_err(|source| TlsError::Pem("private key", source))?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Configure)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsError::Configure)?;
        // Probes never resume a session, and forty processes need no session caches.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

/// The one cryptographic provider here, named explicitly so that no process-wide default is needed.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Time for a handshake: the client is a program next door.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Finishes a client's handshake. None when it fails or takes too long: whoever does not speak TLS is not served.
pub(crate) async fn accept<S>(acceptor: &TlsAcceptor, stream: S) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::time::timeout(HANDSHAKE, acceptor.accept(stream))
        .await
        .ok()?
        .ok()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::fixture::{HOST, Trust, validity};

    /// Shakes hands over a pipe and says whether the client trusts the server by the name it asked for.
    async fn check(issued: &Trust, trusted: &Trust, name: &str, accepted: bool) {
        let (here, there) = tokio::io::duplex(4_096);
        let acceptor = issued.acceptor();
        let server = tokio::spawn(async move {
            if let Some(mut stream) = accept(&acceptor, there).await {
                stream.write_all(b"hello").await.expect("sent");
                stream.shutdown().await.expect("closed");
            }
        });
        let mut heard = Vec::new();
        let outcome = match trusted.connect(name, here).await {
            Ok(mut stream) => stream.read_to_end(&mut heard).await.is_ok(),
            Err(_) => false,
        };
        server.await.expect("no panic");
        assert_eq!((outcome, heard == b"hello"), (accepted, accepted), "{name}");
    }

    #[tokio::test]
    async fn a_server_is_trusted_by_its_own_names_and_addresses_only() {
        let (ours, others) = (Trust::new(), Trust::new());
        check(&ours, &ours, HOST, true).await;
        check(&ours, &ours, "127.0.0.1", true).await;
        check(&ours, &ours, "::1", true).await;
        check(&ours, &ours, "other.example", false).await;
        check(&ours, &ours, "127.0.0.2", false).await;
        check(&ours, &others, HOST, false).await;
    }

    #[test]
    fn an_authority_refuses_what_no_certificate_can_say() {
        let authority = TlsAuthority::new("test", validity()).expect("an authority");
        assert!(matches!(authority.issue(&[], &[]), Err(TlsError::NoName)));
        let named = authority.issue(&["bücher.example"], &[]);
        assert!(matches!(named, Err(TlsError::Name { .. })), "{named:?}");
        authority
            .issue(&[], &[IpAddr::from([192, 0, 2, 1])])
            .expect("an address is enough");
    }

    #[test]
    fn an_identity_that_does_not_fit_is_refused() {
        let (ours, others) = (Trust::new(), Trust::new());
        let check = |chain: &str, key: &str| {
            let identity = TlsIdentity {
                chain: chain.to_owned(),
                key: Secret::new(key),
            };
            identity.server_config().expect_err("does not fit");
        };
        let (chain, key) = (&ours.identity.chain, ours.identity.key.expose());
        check(chain, others.identity.key.expose());
        check(chain, "");
        check(
            chain,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        );
        check("", key);
        check("garbage", key);
        check(&chain[..chain.len() / 2], key);
    }

    #[test]
    fn a_key_is_not_shown() {
        let identity = Trust::new().identity;
        let shown = format!("{identity:?}");
        assert!(!shown.contains("PRIVATE"), "{shown}");
    }
}

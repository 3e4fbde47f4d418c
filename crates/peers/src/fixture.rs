//! What the tests of several servers need: an authority, a host's identity, and a client that trusts it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::socket::listen_tcp;
use crate::tls::{TlsAuthority, TlsIdentity, Validity, provider};

/// The name of the tests' host.
pub(crate) const HOST: &str = "host.example";

/// An authority, and the identity that it issued to [`HOST`] at the loopback addresses.
pub(crate) struct Trust {
    pub(crate) identity: TlsIdentity,
    client: Arc<ClientConfig>,
}

impl Trust {
    pub(crate) fn new() -> Self {
        let authority = TlsAuthority::new("test", validity()).expect("an authority");
        let addresses = ["127.0.0.1", "::1"].map(|text| text.parse().expect("an address"));
        let identity = authority.issue(&[HOST], &addresses).expect("an identity");
        let mut roots = RootCertStore::empty();
        let root = authority.certificate();
        let root = CertificateDer::from_pem_slice(root.as_bytes()).expect("PEM");
        roots.add(root).expect("a certificate");
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            identity,
            client: Arc::new(client),
        }
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.identity.server_config().expect("fits"))
    }

    /// Shakes hands as a client that trusts the authority, asking for a server by name or address.
    pub(crate) async fn connect<S>(&self, name: &str, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(name.to_owned()).expect("a server's name");
        TlsConnector::from(Arc::clone(&self.client))
            .connect(name, stream)
            .await
    }
}

/// A day around now.
pub(crate) fn validity() -> Validity {
    let half = Duration::from_secs(12 * 3600);
    let now = SystemTime::now();
    Validity {
        not_before: now - half,
        not_after: now + half,
    }
}

/// A listener on a free port of the loopback.
pub(crate) fn loopback() -> (TcpListener, std::net::SocketAddr) {
    let any = "127.0.0.1:0".parse().expect("an address");
    let listener = listen_tcp(any, false).expect("bound");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

/// Runs a server until the result is dropped.
pub(crate) fn run(server: impl Future<Output = ()> + Send + 'static) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(server);
    tasks
}

/// Sends bytes and reads until the server closes.
pub(crate) async fn exchange<S>(mut stream: S, sent: &[u8]) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // A server may have heard enough before all was sent, and reset what it did not read.
    let _ = stream.write_all(sent).await;
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8_lossy(&heard).into_owned()
}

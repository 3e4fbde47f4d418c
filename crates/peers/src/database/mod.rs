//! A database stand-in: speaks as much of PostgreSQL's protocol as logging in and asking for a database's name takes.
//!
//! It keeps no data. What it shows is that the network, the certificate, the user, the password and the databases' names
//! are right: a client sees PostgreSQL's own SQLSTATE for each that is not.

mod query;
mod scram;
mod startup;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::credential::Credential;
use crate::socket::accept_each;
use crate::tls;
use scram::Verifier;
use startup::{Opening, Startup};
use wire::{Broken, Failure, Wire};

/// What evidence calls this server.
pub const NAME: &str = concat!("reeve database ", env!("CARGO_PKG_VERSION"));

/// The one engine that there is a stand-in for, as AWS names it.
pub const ENGINE: &str = "postgres";

/// Connections at a time: a product's pools open tens of them.
const CONNECTIONS: usize = 100;

/// Time to log in, PostgreSQL's own `authentication_timeout`.
const LOGIN: Duration = Duration::from_secs(60);

/// Longest life of a connection: a pool's connections live for half an hour.
const LIFETIME: Duration = Duration::from_secs(3600);

/// A database server, shared by its connections.
pub(crate) struct Database {
    databases: Vec<String>,
    user: String,
    verifier: Verifier,
    tls: Option<TlsAcceptor>,
}

/// A client that has logged in.
struct Client {
    database: String,
}

impl Database {
    /// A server of some databases that one user may open. With an acceptor, TLS is demanded, as RDS does by default.
    pub(crate) fn new(
        databases: &[String],
        credential: &Credential,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        Self {
            databases: databases.to_vec(),
            user: credential.user.clone(),
            verifier: Verifier::new(&credential.password),
            tls,
        }
    }

    async fn converse(&self, mut stream: TcpStream) -> Result<(), Broken> {
        let opening = timeout(LOGIN, startup::open(&mut stream, self.tls.is_some())).await;
        match opening.map_err(|_| Broken::Silent)?? {
            Opening::Plain(startup) if self.tls.is_some() => {
                let demand = Failure::no_encryption(&startup);
                Wire::new(stream).fail(&demand).await
            }
            Opening::Plain(startup) => self.session(Wire::new(stream), startup).await,
            Opening::Secure => {
                let Some(acceptor) = &self.tls else {
                    return Ok(());
                };
                let Some(mut stream) = tls::accept(acceptor, stream).await else {
                    return Ok(());
                };
                let startup = timeout(LOGIN, startup::read(&mut stream)).await;
                let startup = startup.map_err(|_| Broken::Silent)??;
                self.session(Wire::new(stream), startup).await
            }
            Opening::Over => Ok(()),
        }
    }

    async fn session<S>(&self, mut wire: Wire<S>, startup: Startup) -> Result<(), Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let login = timeout(LOGIN, self.log_in(&mut wire, startup)).await;
        let client = match login.map_err(|_| Broken::Silent)? {
            Ok(client) => client,
            Err(Broken::Refused(failure)) => return wire.fail(&failure).await,
            Err(broken) => return Err(broken),
        };
        query::serve(&mut wire, &client.database).await
    }

    /// Checks the user, the password and then the database, in PostgreSQL's order.
    async fn log_in<S>(&self, wire: &mut Wire<S>, startup: Startup) -> Result<Client, Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        startup.negotiate(wire).await?;
        // An unknown user goes through the same exchange and fails at its end: nobody learns who exists.
        let known = startup.user == self.user;
        if !scram::authenticate(wire, &self.verifier, known).await? {
            return Err(Broken::Refused(Failure::wrong_password(&startup.user)));
        }
        if !self.databases.contains(&startup.database) {
            return Err(Broken::Refused(Failure::no_database(&startup.database)));
        }
        Ok(Client {
            database: startup.database,
        })
    }
}

/// Serves a listener for ever.
pub(crate) async fn serve(listener: TcpListener, database: Arc<Database>) {
    accept_each(listener, CONNECTIONS, move |stream, _| {
        let database = Arc::clone(&database);
        async move {
            // How a client ends its connection concerns nobody here.
            let _ = timeout(LIFETIME, database.converse(stream)).await;
        }
    })
    .await;
}

#[cfg(test)]
mod tests;

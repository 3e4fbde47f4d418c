//! From a plan to listeners: everything is bound before anything is served, and every fault is found.

mod real;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use model::claim::Peer;
use model::service::{Forward, Listener, PortProtocol, ProductPort, ProductService, Zone};
use model::{SecretName, Service, ServiceKind};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::balancer::{self, Pool};
use crate::credential::Credential;
use crate::daemon::{Daemons, Standing};
use crate::database::{self, Database};
use crate::dns::{self, Resolver};
use crate::fault::{Fault, ServeError};
use crate::plan::HostPlan;
use crate::product::{self, Port, Product};
use crate::serving::{Listening, Serving, Transport};
use crate::smtp::{self, Mailbox, Submission};
use crate::socket::{self, Datagrams};
use crate::ssh::{self, SshConfig, SshLimits, SshServer};
use crate::web::{self, Web};
use crate::{http, ntp};

/// Where a host's SSH logins are recorded, within its private folder.
const SSH_LOG: &str = "ssh-logins.jsonl";

/// Ports that a plan does not choose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AssignedPorts {
    pub(crate) dns: u16,
    pub(crate) ntp: u16,
}

impl AssignedPorts {
    pub(crate) const STANDARD: Self = Self {
        dns: dns::PORT,
        ntp: ntp::PORT,
    };
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Listeners bound and servers made ready, none of them running yet.
pub(crate) struct Opening<'a> {
    plan: &'a HostPlan,
    ports: AssignedPorts,
    listening: Vec<Listening>,
    mailbox: Option<Arc<Mailbox>>,
    delivery: Duration,
    pools: Vec<(String, Arc<Pool>)>,
    ssh_servers: Vec<SshServer>,
    tasks: Vec<Task>,
    standing: Vec<Standing>,
    /// What belongs to the real daemons and must run before they answer.
    running: JoinSet<()>,
    faults: Vec<Fault>,
}

impl<'a> Opening<'a> {
    /// Binds every listener of a plan.
    pub(crate) async fn of(plan: &'a HostPlan, ports: AssignedPorts, daemons: &'a Daemons) -> Self {
        let mut opening = Self {
            plan,
            ports,
            listening: Vec::new(),
            mailbox: None,
            delivery: Duration::ZERO,
            pools: Vec::new(),
            ssh_servers: Vec::new(),
            tasks: Vec::new(),
            standing: Vec::new(),
            running: JoinSet::new(),
            faults: Vec::new(),
        };
        if plan.bind.is_empty() {
            opening.faults.push(Fault::NoAddress);
        }
        for service in &plan.services {
            let opened = match daemons.player(&service.kind) {
                Some(installed) => opening.open_real(service, installed).await,
                None => opening.open(service).await,
            };
            if let Err(fault) = opened {
                opening.faults.push(fault);
            }
        }
        opening
    }

    /// Serves what was bound, unless there was a fault.
    pub(crate) fn start(self) -> Result<Serving, ServeError> {
        if !self.faults.is_empty() {
            return Err(ServeError {
                faults: self.faults,
            });
        }
        let mut tasks = self.running;
        for task in self.tasks {
            tasks.spawn(task);
        }
        Ok(Serving {
            listening: self.listening,
            mailbox: self.mailbox,
            delivery: self.delivery,
            pools: self.pools,
            ssh_servers: self.ssh_servers,
            _standing: self.standing,
            _tasks: tasks,
        })
    }

    async fn open(&mut self, service: &Service) -> Result<(), Fault> {
        let name = service.name.as_str();
        match &service.kind {
            ServiceKind::Ssh {
                port,
                forwarding,
                users,
            } => self.ssh(name, *port, users, *forwarding),
            ServiceKind::Dns { zones, forwards } => self.dns(name, zones, forwards),
            ServiceKind::Ntp => self.ntp(name),
            ServiceKind::Smtp {
                port,
                user,
                password,
            } => self.smtp(name, *port, user, password, smtp::NAME).await,
            ServiceKind::Product(product) => self.product(name, product),
            ServiceKind::Balancer { listeners } => self.balancer(name, listeners),
            ServiceKind::Database {
                port,
                engine,
                databases,
                user,
                password,
            } => self
                .credential(name, user, password)
                .and_then(|credential| self.database(name, *port, engine, databases, credential)),
            ServiceKind::Web { port } => self.web(name, *port),
        }
    }

    fn ntp(&mut self, name: &str) -> Result<(), Fault> {
        for socket in self.bind_udp(name, self.ports.ntp, ntp::NAME) {
            self.run(ntp::serve(socket));
        }
        Ok(())
    }

    fn dns(&mut self, name: &str, zones: &[Zone], forwards: &[Forward]) -> Result<(), Fault> {
        let resolver =
            Resolver::new(&self.plan.name, zones, forwards, dns::PORT).map_err(|source| {
                Fault::Dns {
                    service: name.to_owned(),
                    source,
                }
            })?;
        let resolver = Arc::new(resolver);
        for socket in self.bind_udp(name, self.ports.dns, dns::NAME) {
            self.run(dns::serve_udp(socket, Arc::clone(&resolver)));
        }
        for listener in self.bind_tcp(name, self.ports.dns, dns::NAME) {
            self.run(dns::serve_tcp(listener, Arc::clone(&resolver)));
        }
        Ok(())
    }

    async fn smtp(
        &mut self,
        name: &str,
        port: u16,
        user: &str,
        password: &SecretName,
        peer: &str,
    ) -> Result<(), Fault> {
        let credential = self.credential(name, user, password)?;
        let tls = self.tls(name)?;
        let mailbox = self.mailbox(name).await?;
        let submission = Arc::new(Submission {
            host: self.plan.name.clone(),
            credential,
            tls,
            mailbox,
        });
        for listener in self.bind_tcp(name, port, peer) {
            self.run(smtp::serve(listener, Arc::clone(&submission)));
        }
        Ok(())
    }

    /// The host's one mailbox.
    async fn mailbox(&mut self, service: &str) -> Result<Arc<Mailbox>, Fault> {
        let mailbox = match &self.mailbox {
            Some(mailbox) => Arc::clone(mailbox),
            None => Mailbox::open(&self.plan.data)
                .await
                .map(Arc::new)
                .map_err(|source| Fault::Mailbox {
                    service: service.to_owned(),
                    source,
                })?,
        };
        self.mailbox = Some(Arc::clone(&mailbox));
        Ok(mailbox)
    }

    fn product(&mut self, name: &str, service: &ProductService) -> Result<(), Fault> {
        let administrator = self.credential(name, &service.admin_user, &service.admin_password)?;
        let speaks_tls = |port: &ProductPort| port.protocol == PortProtocol::Https;
        let tls = if service.ports.iter().any(speaks_tls) {
            Some(self.tls(name)?)
        } else {
            None
        };
        let product = Arc::new(Product::new(
            service.clone(),
            self.plan.name.clone(),
            administrator,
        ));
        for port in &service.ports {
            for listener in self.bind_tcp(name, port.port, product::NAME) {
                let site = Port {
                    product: Arc::clone(&product),
                    number: port.port,
                    protocol: port.protocol,
                };
                match port.protocol {
                    PortProtocol::Https => self.run(http::serve(listener, tls.clone(), site)),
                    PortProtocol::Http => self.run(http::serve(listener, None, site)),
                    PortProtocol::Tcp => self.run(product::listen_only(listener)),
                }
            }
        }
        Ok(())
    }

    fn balancer(&mut self, name: &str, listeners: &[Listener]) -> Result<(), Fault> {
        let client = balancer::client_config().map_err(|source| Fault::Tls {
            service: name.to_owned(),
            source,
        })?;
        for listener in listeners {
            let pool = Arc::new(Pool::new(listener, &client));
            self.pools.push((name.to_owned(), Arc::clone(&pool)));
            self.run(balancer::watch(Arc::clone(&pool)));
            for socket in self.bind_tcp(name, listener.port, balancer::NAME) {
                self.run(balancer::serve(socket, Arc::clone(&pool)));
            }
        }
        Ok(())
    }

    fn database(
        &mut self,
        name: &str,
        port: u16,
        engine: &str,
        databases: &[String],
        credential: Credential,
    ) -> Result<(), Fault> {
        if engine != database::ENGINE {
            return Err(Fault::Engine {
                service: name.to_owned(),
                engine: engine.to_owned(),
            });
        }
        let tls = match self.plan.tls {
            Some(_) => Some(self.tls(name)?),
            None => None,
        };
        let database = Arc::new(Database::new(databases, &credential, tls));
        for listener in self.bind_tcp(name, port, database::NAME) {
            self.run(database::serve(listener, Arc::clone(&database)));
        }
        Ok(())
    }

    fn web(&mut self, name: &str, port: u16) -> Result<(), Fault> {
        let tls = self.tls(name)?;
        for listener in self.bind_tcp(name, port, web::NAME) {
            let site = Web {
                host: self.plan.name.clone(),
            };
            self.run(http::serve(listener, Some(tls.clone()), site));
        }
        Ok(())
    }

    fn ssh(
        &mut self,
        name: &str,
        port: u16,
        users: &[String],
        forwarding: bool,
    ) -> Result<(), Fault> {
        let identity = self.plan.ssh.clone().ok_or_else(|| Fault::NoSsh {
            service: name.to_owned(),
        })?;
        let server = SshServer::new(SshConfig {
            host: self.plan.host.clone(),
            listen: Vec::new(),
            host_key: identity.host_key,
            host_certificate: identity.host_certificate,
            user_authority: identity.user_authority,
            users: users.to_vec(),
            forwarding,
            environment: BTreeMap::new(),
            home: self.plan.data.clone(),
            audit_log: Some(self.plan.data.join(SSH_LOG)),
            limits: SshLimits::default(),
        })
        .map_err(|source| Fault::Ssh {
            service: name.to_owned(),
            source,
        })?;
        for listener in self.bind_tcp(name, port, ssh::NAME) {
            self.run(server.clone().accept(listener));
        }
        self.ssh_servers.push(server);
        Ok(())
    }

    fn run(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(Box::pin(task));
    }

    fn credential(
        &self,
        service: &str,
        user: &str,
        secret: &SecretName,
    ) -> Result<Credential, Fault> {
        let password = self
            .plan
            .secrets
            .get(secret)
            .ok_or_else(|| Fault::NoSecret {
                service: service.to_owned(),
                secret: secret.clone(),
            })?;
        Ok(Credential {
            user: user.to_owned(),
            password: password.clone(),
        })
    }

    fn tls(&self, service: &str) -> Result<TlsAcceptor, Fault> {
        let identity = self.plan.tls.as_ref().ok_or_else(|| Fault::NoTls {
            service: service.to_owned(),
        })?;
        let config = identity.server_config().map_err(|source| Fault::Tls {
            service: service.to_owned(),
            source,
        })?;
        Ok(TlsAcceptor::from(config))
    }

    fn bind_tcp(&mut self, service: &str, port: u16, peer: &str) -> Vec<TcpListener> {
        let peer = Peer::StandIn(peer.to_owned());
        self.bind(
            service,
            port,
            Transport::Tcp,
            &peer,
            |address, ipv6_only| {
                let listener = socket::listen_tcp(address, ipv6_only)?;
                let bound = listener.local_addr()?;
                Ok((listener, bound))
            },
        )
    }

    fn bind_udp(&mut self, service: &str, port: u16, peer: &str) -> Vec<Datagrams> {
        let peer = Peer::StandIn(peer.to_owned());
        self.bind(
            service,
            port,
            Transport::Udp,
            &peer,
            |address, ipv6_only| {
                let socket = Datagrams::bind(address, ipv6_only)?;
                let bound = socket.local_addr()?;
                Ok((socket, bound))
            },
        )
    }

    /// Binds a port on every address of the plan; what cannot be bound is a fault.
    fn bind<S>(
        &mut self,
        service: &str,
        port: u16,
        transport: Transport,
        peer: &Peer,
        bind: impl Fn(SocketAddr, bool) -> io::Result<(S, SocketAddr)>,
    ) -> Vec<S> {
        let ipv6_only = self.plan.bind.iter().any(IpAddr::is_ipv4);
        let mut sockets = Vec::new();
        for &address in &self.plan.bind {
            let address = SocketAddr::new(address, port);
            match bind(address, ipv6_only) {
                Ok((socket, bound)) => {
                    sockets.push(socket);
                    self.listening.push(Listening {
                        service: service.to_owned(),
                        transport,
                        address: bound,
                        peer: peer.clone(),
                    });
                }
                Err(source) => self.faults.push(Fault::Bind {
                    service: service.to_owned(),
                    transport,
                    address,
                    source,
                }),
            }
        }
        sockets
    }
}

#[cfg(test)]
mod tests;

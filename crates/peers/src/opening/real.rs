//! Services that real daemons play: what each needs is looked up, the ports are tried, the daemon is started.

use std::time::Duration;

use model::claim::Peer;
use model::service::{Forward, Zone};
use model::{SecretName, Service, ServiceKind};

use super::Opening;
use crate::daemon::{self, DaemonError, Installed, Software, Standing};
use crate::dns::Resolver;
use crate::fault::Fault;
use crate::serving::Transport;
use crate::socket::{self, Datagrams};
use crate::{dns, smtp};

/// How long after its acceptance a mail may come into the mailbox: a queue on a busy machine takes a second or two.
const DELIVERY: Duration = Duration::from_secs(10);

impl<'a> Opening<'a> {
    /// Starts the daemon that plays a service.
    pub(super) async fn open_real(
        &mut self,
        service: &Service,
        installed: &'a Installed,
    ) -> Result<(), Fault> {
        let name = service.name.as_str();
        match &service.kind {
            ServiceKind::Smtp {
                port,
                user,
                password,
            } => {
                let missing = daemon::users_missing();
                if let Some(why) = missing {
                    let peer = format!("{} ({why})", smtp::NAME);
                    return self.smtp(name, *port, user, password, &peer).await;
                }
                self.real_smtp(name, installed, *port, user, password).await
            }
            ServiceKind::Database {
                port,
                databases,
                user,
                password,
                engine: _,
            } => {
                self.real_database(name, installed, *port, databases, (user, password))
                    .await
            }
            ServiceKind::Dns { zones, forwards } => {
                self.real_dns(name, installed, zones, forwards).await
            }
            ServiceKind::Ssh {
                port,
                forwarding,
                users,
            } => {
                let identity = self.plan.ssh.as_ref().ok_or_else(|| Fault::NoSsh {
                    service: name.to_owned(),
                })?;
                let sshd = daemon::Sshd {
                    port: *port,
                    users,
                    forwarding: *forwarding,
                    identity,
                };
                let site = self.site(name, installed, &[(Transport::Tcp, *port)])?;
                self.stands(name, daemon::openssh(&site, &sshd).await)
            }
            ServiceKind::Ntp => {
                let port = self.ports.ntp;
                let site = self.site(name, installed, &[(Transport::Udp, port)])?;
                self.stands(name, daemon::chrony(&site, port).await)
            }
            ServiceKind::Balancer { listeners } => {
                let ports: Vec<_> = listeners
                    .iter()
                    .map(|listener| (Transport::Tcp, listener.port))
                    .collect();
                let site = self.site(name, installed, &ports)?;
                self.stands(name, daemon::haproxy(&site, listeners).await)
            }
            ServiceKind::Web { port } => {
                self.tls(name)?;
                let identity = self.plan.tls.as_ref().ok_or_else(|| Fault::NoTls {
                    service: name.to_owned(),
                })?;
                let site = self.site(name, installed, &[(Transport::Tcp, *port)])?;
                self.stands(name, daemon::nginx(&site, *port, identity).await)
            }
            // No daemon plays a product.
            ServiceKind::Product(product) => self.product(name, product),
        }
    }

    async fn real_smtp(
        &mut self,
        name: &str,
        installed: &'a Installed,
        port: u16,
        user: &str,
        password: &SecretName,
    ) -> Result<(), Fault> {
        let credential = self.credential(name, user, password)?;
        self.tls(name)?;
        let identity = self.plan.tls.as_ref().ok_or_else(|| Fault::NoTls {
            service: name.to_owned(),
        })?;
        let mailbox = self.mailbox(name).await?;
        let submission = daemon::Submission {
            port,
            credential: &credential,
            identity,
            mailbox: mailbox.folder(),
        };
        let site = self.site(name, installed, &[(Transport::Tcp, port)])?;
        let standing = daemon::postfix(&site, &submission, &mut self.running).await;
        self.delivery = DELIVERY;
        self.stands(name, standing)
    }

    async fn real_database(
        &mut self,
        name: &str,
        installed: &'a Installed,
        port: u16,
        databases: &[String],
        (user, password): (&str, &SecretName),
    ) -> Result<(), Fault> {
        let credential = self.credential(name, user, password)?;
        if self.plan.tls.is_some() {
            self.tls(name)?;
        }
        let cluster = daemon::Cluster {
            port,
            databases,
            credential: &credential,
            tls: self.plan.tls.as_ref(),
        };
        let site = self.site(name, installed, &[(Transport::Tcp, port)])?;
        self.stands(name, daemon::postgres(&site, &cluster).await)
    }

    async fn real_dns(
        &mut self,
        name: &str,
        installed: &'a Installed,
        zones: &[Zone],
        forwards: &[Forward],
    ) -> Result<(), Fault> {
        let unsound = |source| Fault::Dns {
            service: name.to_owned(),
            source,
        };
        // What the embedded server does not take is wrong for every server.
        Resolver::new(&self.plan.name, zones, forwards, dns::PORT).map_err(unsound)?;
        let rendered = daemon::Zones::render(&self.plan.name, zones, forwards).map_err(unsound)?;
        let port = self.ports.dns;
        let ports = [(Transport::Udp, port), (Transport::Tcp, port)];
        let site = self.site(name, installed, &ports)?;
        let standing = match installed.software {
            Software::Dnsmasq => daemon::dnsmasq(&site, port, zones, forwards).await,
            _ => daemon::bind(&site, port, &rendered).await,
        };
        self.stands(name, standing)
    }

    /// Where a daemon will stand, once its ports are known to be free: what listens there already would answer for it.
    fn site(
        &mut self,
        service: &str,
        installed: &'a Installed,
        ports: &[(Transport, u16)],
    ) -> Result<daemon::Site<'a>, Fault> {
        let peer = Peer::Real(installed.to_string());
        let before = self.faults.len();
        for &(transport, port) in ports {
            // Bound, and let go of at once.
            self.bind(service, port, transport, &peer, |address, ipv6_only| {
                let bound = match transport {
                    Transport::Tcp => socket::listen_tcp(address, ipv6_only)?.local_addr()?,
                    Transport::Udp => Datagrams::bind(address, ipv6_only)?.local_addr()?,
                };
                Ok(((), bound))
            });
        }
        // The last one is what the caller is told, any others stand before it.
        if self.faults.len() > before
            && let Some(fault) = self.faults.pop()
        {
            return Err(fault);
        }
        daemon::Site::open(installed, self.plan, self.standing.len()).map_err(|source| {
            Fault::Daemon {
                service: service.to_owned(),
                source,
            }
        })
    }

    fn stands(
        &mut self,
        service: &str,
        standing: Result<Standing, DaemonError>,
    ) -> Result<(), Fault> {
        let standing = standing.map_err(|source| Fault::Daemon {
            service: service.to_owned(),
            source,
        })?;
        self.standing.push(standing);
        Ok(())
    }
}

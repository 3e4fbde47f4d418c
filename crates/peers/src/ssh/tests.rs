//! The server and `access` against each other, on loopback.

mod channels;
mod logins;
mod openssh;
mod shells;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use access::{
    Authority, Credential, HostChannel, HostGrant, Identity, Limits, Route, Stop, UserGrant, Window,
};
use jiff::{SignedDuration, Timestamp};
use model::HostId;

use super::{Running, SshConfig, SshLimits, serve};

const OPERATOR: &str = "operator";
const BASTION: &str = "production/bastion";
const TARGET: &str = "production/apim-1";

/// The operator's two authorities.
struct Authorities {
    users: Authority,
    hosts: Authority,
}

impl Authorities {
    fn new() -> Self {
        let mut rng = rand::rng();
        Self {
            users: Authority::generate(&mut rng).expect("an authority"),
            hosts: Authority::generate(&mut rng).expect("an authority"),
        }
    }

    fn host(&self, host: &str) -> Credential {
        self.host_at(host, hours(-1, 1))
    }

    fn host_at(&self, host: &str, window: Window) -> Credential {
        let grant = HostGrant {
            host: host.into(),
            names: vec!["127.0.0.1".to_owned()],
            window,
        };
        self.hosts
            .issue_host(&mut rand::rng(), &grant)
            .expect("a host certificate")
    }

    fn user(&self) -> Credential {
        self.user_as(&[OPERATOR], hours(-1, 1))
    }

    fn user_as(&self, principals: &[&str], window: Window) -> Credential {
        let grant = UserGrant {
            principals: principals.iter().map(ToString::to_string).collect(),
            reason: "rehearsal of acme".to_owned(),
            window,
        };
        self.users
            .issue_user(&mut rand::rng(), &grant)
            .expect("a user certificate")
    }

    fn identity(&self) -> Identity {
        self.identity_with(self.user())
    }

    fn identity_with(&self, user: Credential) -> Identity {
        Identity {
            user,
            host_authority: self.hosts.public_key().expect("a public key"),
        }
    }

    fn config(&self, host: &str) -> SshConfig {
        let credential = self.host(host);
        SshConfig {
            host: host.into(),
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
            host_key: credential.private_key,
            host_certificate: credential.certificate,
            user_authority: self.users.public_key().expect("a public key"),
            users: vec![OPERATOR.to_owned()],
            forwarding: false,
            environment: BTreeMap::new(),
            home: PathBuf::from("/"),
            audit_log: None,
            limits: SshLimits::default(),
        }
    }
}

/// A window from and until so many hours from now.
fn hours(from: i64, until: i64) -> Window {
    let now = Timestamp::now();
    Window {
        from: now + SignedDuration::from_hours(from),
        until: now + SignedDuration::from_hours(until),
    }
}

async fn served(config: SshConfig) -> Running {
    serve(config).await.expect("a server on loopback")
}

fn stop(host: &str, server: &Running) -> Stop {
    Stop {
        host: HostId::new(host),
        address: *server.addresses().first().expect("one address"),
        user: OPERATOR.to_owned(),
    }
}

/// Limits that a busy machine keeps, and that end a test that hangs.
fn limits() -> Limits {
    let patient = Duration::from_secs(60);
    Limits {
        reach: patient,
        handshake: patient,
        authenticate: patient,
        open: patient,
        command: patient,
        output: 64 * 1024 * 1024,
    }
}

/// A bastion and a target behind it, and a way in.
struct Site {
    authorities: Authorities,
    bastion: Running,
    target: Running,
}

impl Site {
    async fn new() -> Self {
        let authorities = Authorities::new();
        let mut bastion = authorities.config(BASTION);
        bastion.forwarding = true;
        let bastion = served(bastion).await;
        let target = served(authorities.config(TARGET)).await;
        Self {
            authorities,
            bastion,
            target,
        }
    }

    fn route(&self) -> Route {
        Route::through(stop(BASTION, &self.bastion), stop(TARGET, &self.target))
    }

    async fn enter(&self, limits: &Limits) -> HostChannel {
        access::connect(&self.route(), &self.authorities.identity(), limits)
            .await
            .expect("a way in through the bastion")
    }
}

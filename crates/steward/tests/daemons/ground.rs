//! A small twin: hosts at one site, each with services that real daemons play.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use access::{Authority, HostGrant, Identity, UserGrant, Window};
use jiff::{SignedDuration, Timestamp};
use model::claim::{Peer, Question};
use model::network::{Interface, Place, Site, SiteKind};
use model::{HostId, InterfaceId, Network, Secret, SecretName, Service, ServiceKind, SiteId};
use peers::daemon::{Daemons, Installed};
use peers::{HostPlan, Listening, SshIdentity, TlsAuthority, Validity};
use probe::{Answer, Means};
use rand::SeedableRng as _;
use serde_json::{Value, json};
use twin::{Plan, Program, Twin, TwinError};

/// The login name that every SSH server here knows.
pub(crate) const USER: &str = "ops";

/// The name of the one password.
pub(crate) fn password() -> SecretName {
    SecretName("password".to_owned())
}

/// A host that asks and serves nothing.
pub(crate) const CLIENT: &str = "client";

/// A host of the twin and what plays its services.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) services: Vec<Service>,
    pub(crate) daemons: Vec<Installed>,
}

pub(crate) fn service(name: &str, kind: ServiceKind) -> Service {
    Service {
        name: name.to_owned(),
        kind,
    }
}

/// The address of the n-th server; the client has that of number 99.
pub(crate) fn address(n: u8) -> IpAddr {
    Ipv4Addr::new(10, 200, 0, 10 + n).into()
}

/// A standing twin with its servers.
#[derive(Debug)]
pub(crate) struct Ground {
    twin: Twin,
    _folder: tempfile::TempDir,
}

impl Ground {
    pub(crate) fn stand(servers: &[Server]) -> Result<Self, TwinError> {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = plan(servers, folder.path().join("run"));
        Ok(Self {
            twin: Twin::start(plan)?,
            _folder: folder,
        })
    }

    fn request(&self, host: &str, request: &Value) -> Value {
        let id = HostId::new(host);
        self.twin.ask(&id, request).expect("the host answers")
    }

    /// Asks from the client.
    pub(crate) fn ask(&self, question: &Question) -> Answer {
        let question = json!({ "ask": [question, "by-sentinel"] });
        let reply = self.request(CLIENT, &question);
        serde_json::from_value(reply["answer"].clone()).expect("an answer")
    }

    pub(crate) fn has_mail(&self, host: &str, token: &str) -> bool {
        let reply = self.request(host, &json!({ "find-mail": token }));
        reply["mail"].as_bool().expect("an answer")
    }

    /// What plays a service.
    pub(crate) fn peer(&self, host: &str, service: &str) -> Peer {
        let reply = self.request(host, &json!("listening"));
        let all: Vec<Listening> =
            serde_json::from_value(reply["listening"].clone()).expect("an answer");
        let one = all.into_iter().find(|one| one.service == service);
        one.expect("it listens").peer
    }
}

fn network(servers: &[Server]) -> Network {
    let mut network = Network::default();
    let site = SiteId::new("site");
    network.sites.insert(
        site.clone(),
        Site {
            kind: SiteKind::Private,
            prefixes: vec!["10.200.0.0/16".parse().expect("a prefix")],
        },
    );
    let numbers = (0..).take(servers.len()).chain([99]);
    let names = servers.iter().map(|one| one.name).chain([CLIENT]);
    for (n, name) in numbers.zip(names) {
        network.interfaces.insert(
            InterfaceId::new(name),
            Interface {
                host: HostId::new(name),
                place: Place::Site(site.clone()),
                addresses: vec![address(n)],
                public: None,
                groups: vec![],
                source_dest_check: true,
            },
        );
    }
    network
}

fn plan(servers: &[Server], run_dir: PathBuf) -> Plan {
    let network = network(servers);
    let mut makings = Makings::new();
    let client = Server {
        name: CLIENT,
        services: vec![],
        daemons: vec![],
    };
    let numbers = (0..).take(servers.len()).chain([99]);
    let mut programs: BTreeMap<HostId, Program> = numbers
        .zip(servers.iter().chain([&client]))
        .map(|(n, server)| {
            let input = makings.set_up(server, address(n));
            (
                HostId::new(server.name),
                program(steward::host::SUBCOMMAND, input),
            )
        })
        .collect();
    let routers = twin::routers(&network).into_iter();
    programs.extend(routers.map(|router| {
        (
            router,
            program(steward::host::ROUTER_SUBCOMMAND, Value::Null),
        )
    }));
    Plan {
        network,
        vpns: vec![],
        programs,
        run_dir,
        label: "daemons".to_owned(),
        keep: false,
    }
}

fn program(subcommand: &str, input: Value) -> Program {
    Program {
        argv: vec!["/proc/self/exe".to_owned(), subcommand.to_owned()],
        hostname: "host".to_owned(),
        dns: vec![],
        search: vec![],
        hosts_file: vec![],
        input,
    }
}

/// Authorities, and what the client may use.
struct Makings {
    rng: rand::rngs::StdRng,
    window: Window,
    users: Authority,
    hosts: Authority,
    tls: TlsAuthority,
}

impl Makings {
    fn new() -> Self {
        let mut rng = rand::rngs::StdRng::seed_from_u64(7);
        let now = Timestamp::now();
        let window = Window {
            from: now - SignedDuration::from_mins(5),
            until: now + SignedDuration::from_hours(1),
        };
        let validity = Validity {
            not_before: SystemTime::from(window.from),
            not_after: SystemTime::from(window.until),
        };
        Self {
            users: Authority::generate(&mut rng).expect("an authority"),
            hosts: Authority::generate(&mut rng).expect("an authority"),
            tls: TlsAuthority::new("test", validity).expect("an authority"),
            rng,
            window,
        }
    }

    /// The first message of a host.
    fn set_up(&mut self, server: &Server, address: IpAddr) -> Value {
        let name = format!("{}.test.example", server.name);
        let secrets = BTreeMap::from([(password(), Secret::new("s3cret"))]);
        let grant = HostGrant {
            host: HostId::new(server.name),
            names: vec![name.clone()],
            window: self.window,
        };
        let credential = self
            .hosts
            .issue_host(&mut self.rng, &grant)
            .expect("a certificate");
        let plan = HostPlan {
            host: HostId::new(server.name),
            addresses: vec![address],
            bind: vec![Ipv4Addr::UNSPECIFIED.into()],
            services: server.services.clone(),
            secrets: secrets.clone(),
            tls: Some(self.tls.issue(&[&name], &[address]).expect("an identity")),
            ssh: Some(SshIdentity {
                host_key: credential.private_key,
                host_certificate: credential.certificate,
                user_authority: self.users.public_key().expect("a key"),
            }),
            data: PathBuf::from(twin::DATA),
            name,
        };
        let grant = UserGrant {
            principals: vec![USER.to_owned()],
            reason: "test".to_owned(),
            window: self.window,
        };
        let means = Means {
            ssh: Identity {
                user: self
                    .users
                    .issue_user(&mut self.rng, &grant)
                    .expect("a certificate"),
                host_authority: self.hosts.public_key().expect("a key"),
            },
            tls_roots_pem: self.tls.certificate(),
            secrets,
            patience: Duration::from_secs(10),
        };
        json!({
            "plan": plan,
            "daemons": Daemons::of(server.daemons.iter().cloned()),
            "means": means,
            "login": null,
        })
    }
}

//! A site to ask: `peers` on host `b`, and what host `a` needs to ask them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use access::{Authority, Credential, HostGrant, Identity, UserGrant, Window};
use model::claim::Question;
use model::service::{
    HealthCheck, Listener, PortProtocol, ProductPort, ProductService, Record, Zone,
};
use model::{HostId, Secret, SecretName, Service, ServiceKind};
use peers::{HostPlan, Serving, SshIdentity, TlsAuthority, Validity};
use probe::{Answer, Closing, Means, ask};

use crate::accounting::{B4, ROUTER_OF_A, ip};
use crate::namespace::{Namespace, Net};

pub(crate) const NAME: &str = "apim-1.acme.example";
pub(crate) const HOST: &str = "production/apim-1";
/// Its zone has more addresses for it than fit into one datagram.
pub(crate) const MANY: &str = "many.acme.example";
pub(crate) const USER: &str = "operator";

/// Long enough for any machine: nothing that is to work may depend on it.
pub(crate) const AMPLE: Duration = Duration::from_secs(60);

/// Servers on `b`, for as long as it lives.
pub(crate) struct Site {
    pub(crate) means: Means,
    pub(crate) stranger: Strangers,
    mails: Sender<(String, Sender<bool>)>,
    thread: Option<JoinHandle<()>>,
    _data: tempfile::TempDir,
}

/// What belongs to another site.
pub(crate) struct Strangers {
    pub(crate) roots_pem: String,
    pub(crate) user: Credential,
    pub(crate) host_authority: String,
}

impl Site {
    /// Starts every server on `b`.
    pub(crate) fn start(net: &Net) -> Self {
        let data = tempfile::tempdir().expect("a folder can be had");
        let (plan, means, stranger) = plan(data.path().to_owned());
        let (mails, asked) = channel::<(String, Sender<bool>)>();
        let (ready, started) = channel();
        let thread = net.b.run(move || {
            // The servers run in a thread of their own in b's namespace, so that it can do other things beside.
            std::thread::spawn(move || {
                let runtime = runtime();
                let serving = runtime
                    .block_on(peers::serve(plan))
                    .expect("all ports are free");
                ready.send(()).expect("the test waits for it");
                runtime.block_on(look_for_mail(&serving, asked));
            })
        });
        started.recv().expect("the servers start");
        Self {
            means,
            stranger,
            mails,
            thread: Some(thread),
            _data: data,
        }
    }

    /// Whether a mail with the token has arrived.
    pub(crate) fn has_mail(&self, token: &str) -> bool {
        let (answer, found) = channel();
        self.mails
            .send((token.to_owned(), answer))
            .expect("the servers run");
        found.recv().expect("the servers run")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let (none, _) = channel();
        self.mails = none;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn look_for_mail(
    serving: &Serving,
    asked: std::sync::mpsc::Receiver<(String, Sender<bool>)>,
) {
    loop {
        match asked.try_recv() {
            Ok((token, answer)) => {
                let mail = serving.find_mail(&token).await.expect("mail can be read");
                let _ = answer.send(mail.is_some());
            }
            Err(std::sync::mpsc::TryRecvError::Empty) => {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
        }
    }
}

/// Asks from the namespace.
pub(crate) fn ask_from(
    namespace: &Namespace,
    question: &Question,
    means: &Means,
    closing: Closing,
) -> Answer {
    let (question, means) = (question.clone(), means.clone());
    namespace.run(move || runtime().block_on(ask(&question, &means, &closing)))
}

/// How a twin closes questions asked from `a`.
pub(crate) fn sentinel() -> Closing {
    Closing::Sentinel {
        gateway: ip(ROUTER_OF_A),
    }
}

pub(crate) fn at(port: u16) -> SocketAddr {
    (ip(B4), port).into()
}

pub(crate) fn secret(name: &str) -> SecretName {
    SecretName(name.to_owned())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be had")
}

fn window() -> Window {
    let now = jiff::Timestamp::now();
    let hour = jiff::SignedDuration::from_hours(1);
    Window {
        from: now.checked_sub(hour).expect("the clock is not at its end"),
        until: now.checked_add(hour).expect("the clock is not at its end"),
    }
}

fn authority() -> TlsAuthority {
    let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
    let validity = Validity {
        not_before: now - hour,
        not_after: now + hour,
    };
    TlsAuthority::new("test", validity).expect("an authority can be made")
}

fn plan(data: PathBuf) -> (HostPlan, Means, Strangers) {
    let mut rng = rand::rng();
    let mut make = || Authority::generate(&mut rng).expect("an authority can be made");
    let (users, hosts, others) = (make(), make(), make());
    let grant = UserGrant {
        principals: vec![USER.to_owned()],
        reason: "test".to_owned(),
        window: window(),
    };
    let host = hosts
        .issue_host(
            &mut rng,
            &HostGrant {
                host: HOST.into(),
                names: Vec::new(),
                window: window(),
            },
        )
        .expect("a certificate can be issued");
    let tls = authority();
    let secrets: BTreeMap<SecretName, Secret> = ["mail", "admin", "database"]
        .map(|name| {
            (
                secret(name),
                Secret::new(format!("{name}: \"pass & word%\"")),
            )
        })
        .into();
    let mut known = secrets.clone();
    known.insert(secret("wrong"), Secret::new("wrong"));
    let means = Means {
        ssh: Identity {
            user: users
                .issue_user(&mut rng, &grant)
                .expect("a certificate can be issued"),
            host_authority: hosts.public_key().expect("it has a text form"),
        },
        tls_roots_pem: tls.certificate(),
        secrets: known,
        patience: AMPLE,
    };
    let stranger = Strangers {
        roots_pem: authority().certificate(),
        user: others
            .issue_user(&mut rng, &grant)
            .expect("a certificate can be issued"),
        host_authority: others.public_key().expect("it has a text form"),
    };
    let plan = HostPlan {
        host: HostId::new(HOST),
        name: NAME.to_owned(),
        addresses: vec![ip(B4)],
        bind: vec![ip(B4), ip("fd00:2::2")],
        services: services(),
        secrets,
        tls: Some(
            tls.issue(&[NAME], &[])
                .expect("a certificate can be issued"),
        ),
        ssh: Some(SshIdentity {
            host_key: host.private_key,
            host_certificate: host.certificate,
            user_authority: users.public_key().expect("it has a text form"),
        }),
        data,
    };
    (plan, means, stranger)
}

pub(crate) fn many_addresses() -> Vec<IpAddr> {
    (1..=60)
        .map(|last| IpAddr::from([10, 9, 9, last]))
        .collect()
}

pub(crate) fn health() -> HealthCheck {
    HealthCheck {
        port: 9443,
        protocol: PortProtocol::Https,
        path: "/services/Version".to_owned(),
    }
}

fn services() -> Vec<Service> {
    let record = |name: &str, addresses: Vec<IpAddr>| Record::addresses(name, addresses);
    let ssh = |port, forwarding| ServiceKind::Ssh {
        port,
        forwarding,
        users: vec![USER.to_owned()],
    };
    let kinds = [
        ("ssh", ssh(22, false)),
        ("bastion", ssh(2222, true)),
        (
            "dns",
            ServiceKind::Dns {
                zones: vec![Zone {
                    name: "acme.example".to_owned(),
                    records: vec![
                        record(NAME, vec![ip("10.9.0.1"), ip("fd00:9::1"), ip("10.9.0.2")]),
                        record(MANY, many_addresses()),
                    ],
                }],
                forwards: Vec::new(),
            },
        ),
        ("ntp", ServiceKind::Ntp),
        (
            "smtp",
            ServiceKind::Smtp {
                port: 587,
                user: USER.to_owned(),
                password: secret("mail"),
            },
        ),
        ("apim", ServiceKind::Product(product())),
        (
            "balancer",
            ServiceKind::Balancer {
                listeners: vec![Listener {
                    sticky: false,
                    port: 443,
                    targets: vec![at(9443)],
                    health: health(),
                    clients: Vec::new(),
                }],
            },
        ),
        (
            "database",
            ServiceKind::Database {
                port: 5432,
                engine: "postgres".to_owned(),
                databases: vec!["WSO2AM_DB".to_owned()],
                user: USER.to_owned(),
                password: secret("database"),
            },
        ),
    ];
    kinds
        .map(|(name, kind)| Service {
            name: name.to_owned(),
            kind,
        })
        .into()
}

fn product() -> ProductService {
    let port = |name: &str, port, protocol| ProductPort {
        name: name.to_owned(),
        port,
        protocol,
    };
    ProductService {
        product: "wso2-apim".to_owned(),
        version: "4.5.0".to_owned(),
        ports: vec![
            port("https", 9443, PortProtocol::Https),
            port("http", 9763, PortProtocol::Http),
        ],
        health: health(),
        consoles: vec!["/carbon".to_owned()],
        console_port: Some(9443),
        admin_user: "admin".to_owned(),
        admin_password: secret("admin"),
    }
}

//! A whole host: everything listens, or everything that is wrong is said.

use std::collections::BTreeMap;

use model::service::{HealthCheck, Record};
use model::{HostId, Secret};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::*;
use crate::fixture::{HOST, Trust, exchange, loopback};

/// Free ports instead of those that need a privilege.
const FREE: AssignedPorts = AssignedPorts { dns: 0, ntp: 0 };

fn service(name: &str, kind: ServiceKind) -> Service {
    Service {
        name: name.to_owned(),
        kind,
    }
}

fn secret(name: &str) -> SecretName {
    SecretName(name.to_owned())
}

fn dns(zone: &str) -> ServiceKind {
    ServiceKind::Dns {
        zones: vec![Zone {
            name: zone.to_owned(),
            records: vec![Record::addresses(
                format!("www.{zone}"),
                vec![IpAddr::from([10, 0, 0, 1])],
            )],
        }],
        forwards: Vec::new(),
    }
}

fn smtp(password: &str) -> ServiceKind {
    ServiceKind::Smtp {
        port: 0,
        user: "mailer".to_owned(),
        password: secret(password),
    }
}

fn database(engine: &str) -> ServiceKind {
    ServiceKind::Database {
        port: 0,
        engine: engine.to_owned(),
        databases: vec!["am_db".to_owned()],
        user: "apim".to_owned(),
        password: secret("known"),
    }
}

fn health(protocol: PortProtocol) -> HealthCheck {
    HealthCheck {
        port: 0,
        protocol,
        path: "/".to_owned(),
    }
}

fn product(password: &str) -> ServiceKind {
    let port = |name: &str, protocol| ProductPort {
        name: name.to_owned(),
        port: 0,
        protocol,
    };
    ServiceKind::Product(ProductService {
        product: "wso2-apim".to_owned(),
        version: "4.5.0".to_owned(),
        ports: vec![
            port("https", PortProtocol::Https),
            port("http", PortProtocol::Http),
            port("binary", PortProtocol::Tcp),
        ],
        health: health(PortProtocol::Http),
        consoles: Vec::new(),
        console_port: None,
        admin_user: "admin".to_owned(),
        admin_password: secret(password),
    })
}

fn balancer() -> ServiceKind {
    ServiceKind::Balancer {
        listeners: vec![Listener {
            sticky: false,
            port: 0,
            targets: vec![loopback().1],
            health: health(PortProtocol::Tcp),
            clients: Vec::new(),
        }],
    }
}

fn ssh() -> ServiceKind {
    ServiceKind::Ssh {
        port: 0,
        forwarding: false,
        users: vec!["ops".to_owned()],
    }
}

fn plan(services: Vec<Service>, trust: Option<&Trust>, folder: &TempDir) -> HostPlan {
    HostPlan {
        host: HostId::from("production/apim-1"),
        name: HOST.to_owned(),
        addresses: Vec::new(),
        bind: vec![IpAddr::from([127, 0, 0, 1])],
        services,
        secrets: BTreeMap::from([(secret("known"), Secret::new("value"))]),
        tls: trust.map(|trust| trust.identity.clone()),
        ssh: None,
        data: folder.path().to_owned(),
    }
}

async fn serve(plan: &HostPlan) -> Result<Serving, ServeError> {
    Opening::of(plan, FREE, &Daemons::none()).await.start()
}

#[tokio::test]
async fn every_service_listens_under_its_own_name_until_it_is_dropped() {
    let (trust, folder) = (Trust::new(), TempDir::new().expect("a folder"));
    let web = ServiceKind::Web { port: 0 };
    let services = [
        ("dns", dns("acme.example")),
        ("ntp", ServiceKind::Ntp),
        ("mail", smtp("known")),
        ("apim", product("known")),
        ("lb", balancer()),
        ("db", database("postgres")),
        ("web", web),
    ];
    let services = services.map(|(name, kind)| service(name, kind)).to_vec();
    let plan = plan(services, Some(&trust), &folder);
    // What crosses the pipe is what is served.
    let piped = serde_json::to_string(&plan).expect("encodes");
    let plan: HostPlan = serde_json::from_str(&piped).expect("decodes");
    let serving = serve(&plan).await.expect("all of it listens");
    let listening: Vec<_> = serving
        .listening()
        .iter()
        .map(|listening| {
            let peer = listening.peer.to_string();
            let peer = peer.rsplit_once(' ').expect("name and version").0;
            format!("{} {} {peer}", listening.service, listening.transport)
        })
        .collect();
    let expected = [
        "dns udp stand-in: reeve dns",
        "dns tcp stand-in: reeve dns",
        "ntp udp stand-in: reeve ntp",
        "mail tcp stand-in: reeve smtp",
        "apim tcp stand-in: reeve product",
        "apim tcp stand-in: reeve product",
        "apim tcp stand-in: reeve product",
        "lb tcp stand-in: reeve balancer",
        "db tcp stand-in: reeve database",
        "web tcp stand-in: reeve web",
    ];
    assert_eq!(listening, expected);
    assert_eq!(serving.targets().len(), 1);
    assert!(
        serving
            .find_mail("token")
            .await
            .expect("readable")
            .is_none()
    );

    let web = serving.listening().last().expect("the web server").address;
    let stream = TcpStream::connect(web).await.expect("connected");
    let stream = trust.connect(HOST, stream).await.expect("trusted");
    let request = b"GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let said = exchange(stream, request).await.to_ascii_lowercase();
    assert!(said.contains(&format!("server: {}", web::NAME)), "{said}");
    assert!(said.contains(HOST), "{said}");

    drop(serving);
    // The tasks end when the runtime next runs them; the address is free after that.
    while socket::listen_tcp(web, false).is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn all_faults_are_reported_together_and_nothing_is_served() {
    let folder = TempDir::new().expect("a folder");
    let (taken, address) = loopback();
    let services = vec![
        service("bad-zone", dns(&"x".repeat(64))),
        service("mail", smtp("unknown")),
        service("mail-2", smtp("known")),
        service("apim", product("unknown")),
        service("db", database("mysql")),
        service("ssh", ssh()),
        service("lb", balancer()),
        service(
            "taken",
            ServiceKind::Web {
                port: address.port(),
            },
        ),
    ];
    let trust = Trust::new();
    let mut plan = plan(services, None, &folder);
    let check = async |plan: &HostPlan, expected: &[&str]| {
        let Err(error) = serve(plan).await else {
            panic!("served: {expected:?}");
        };
        let faults: Vec<_> = error.faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        for (fault, words) in faults.iter().zip(expected) {
            assert!(fault.contains(words), "`{words}` is missing in `{fault}`");
        }
        let text = error.to_string();
        assert!(faults.iter().all(|fault| text.contains(fault)), "{text}");
        assert!(!text.contains("PRIVATE KEY"), "{text}");
    };
    check(
        &plan,
        &[
            "`bad-zone` cannot serve its zones",
            "`mail` needs the secret `unknown`",
            "`mail-2` speaks TLS",
            "`apim` needs the secret `unknown`",
            "database engine `mysql`",
            "`ssh` speaks SSH",
            "`taken` speaks TLS",
        ],
    )
    .await;
    plan.services.drain(..7);
    plan.tls = Some(trust.identity.clone());
    check(&plan, &["`taken` cannot listen on tcp 127.0.0.1"]).await;
    drop(taken);
    plan.tls = Some(crate::TlsIdentity {
        chain: trust.identity.chain.clone(),
        key: Secret::new("garbage"),
    });
    check(&plan, &["`taken` cannot use the plan's certificate"]).await;
    plan.tls = None;
    plan.bind.clear();
    check(&plan, &["no address to listen on", "`taken` speaks TLS"]).await;
}

#[tokio::test]
async fn mail_cannot_be_kept_where_there_is_no_folder() {
    let (trust, folder) = (Trust::new(), TempDir::new().expect("a folder"));
    let mut plan = plan(vec![service("mail", smtp("known"))], Some(&trust), &folder);
    plan.data = folder.path().join("file");
    std::fs::write(&plan.data, b"").expect("written");
    let error = serve(&plan).await.err().expect("a file is no folder");
    assert!(
        matches!(error.faults.as_slice(), [Fault::Mailbox { .. }]),
        "{error}"
    );
}

//! Every daemon, asked what a rehearsal asks.

use std::net::{IpAddr, SocketAddr};

use model::claim::{Peer, Question, SshHop};
use model::service::{Forward, HealthCheck, Listener, PortProtocol, Record, RecordData, Zone};
use model::{HostId, ServiceKind};
use peers::daemon::{Installed, Software};
use probe::Outcome;

use crate::ground::{Ground, Server, USER, address, password, service};

/// Hosts by their numbers.
const EVERYTHING: u8 = 0;
const MASQ: u8 = 1;
const NODE: u8 = 2;

/// Asks all that are installed; says which are not.
#[expect(
    clippy::print_stderr,
    reason = "a test without the usual harness speaks for itself"
)]
pub(crate) fn all() -> Vec<String> {
    let (found, missing): (Vec<_>, Vec<_>) = Software::ALL
        .into_iter()
        .map(|one| one.find().ok_or(one))
        .partition(Result::is_ok);
    let found: Vec<Installed> = found.into_iter().flatten().collect();
    let ground = Ground::stand(&servers(&found)).expect("it stands");
    for (name, test) in [
        ("logins", logins as fn(&Ground)),
        ("names", names),
        ("time", time),
        ("mail", mail),
        ("databases", databases),
        ("the web and its balancer", web),
    ] {
        eprintln!("daemons: {name} ...");
        test(&ground);
    }
    evidence_names_them(&ground, &found);
    missing
        .into_iter()
        .filter_map(Result::err)
        .map(|one| {
            format!(
                "{} (package {}) is not installed",
                one.name(),
                one.package()
            )
        })
        .collect()
}

fn servers(found: &[Installed]) -> Vec<Server> {
    let of = |wanted: &[Software]| -> Vec<Installed> {
        let has = |one: &&Installed| wanted.contains(&one.software);
        found.iter().filter(has).cloned().collect()
    };
    let except_dnsmasq: Vec<Software> = Software::ALL
        .into_iter()
        .filter(|one| *one != Software::Dnsmasq)
        .collect();
    vec![
        Server {
            name: "everything",
            services: everything(),
            daemons: of(&except_dnsmasq),
        },
        Server {
            name: "masq",
            services: vec![service(
                "dns",
                dns("masq.example", "acme.example", EVERYTHING),
            )],
            daemons: of(&[Software::Dnsmasq]),
        },
        Server {
            name: "node",
            services: vec![
                service("ssh", ssh(22, false)),
                service("web", ServiceKind::Web { port: 443 }),
            ],
            daemons: of(&[Software::OpenSsh, Software::Nginx]),
        },
    ]
}

fn everything() -> Vec<model::Service> {
    let balancer = ServiceKind::Balancer {
        listeners: vec![Listener {
            port: 8443,
            targets: vec![SocketAddr::new(address(NODE), 443)],
            health: HealthCheck {
                port: 443,
                protocol: PortProtocol::Https,
                path: "/health".to_owned(),
            },
            sticky: true,
            clients: vec![],
        }],
    };
    let database = ServiceKind::Database {
        port: 5432,
        engine: "postgres".to_owned(),
        databases: vec!["WSO2AM_DB".to_owned(), "shared".to_owned()],
        user: "wso2".to_owned(),
        password: password(),
    };
    let smtp = ServiceKind::Smtp {
        port: 587,
        user: "mailer".to_owned(),
        password: password(),
    };
    vec![
        service("ssh", ssh(40022, true)),
        service("dns", dns("acme.example", "masq.example", MASQ)),
        service("ntp", ServiceKind::Ntp),
        service("smtp", smtp),
        service("database", database),
        service("web", ServiceKind::Web { port: 443 }),
        service("balancer", balancer),
    ]
}

fn ssh(port: u16, forwarding: bool) -> ServiceKind {
    ServiceKind::Ssh {
        port,
        forwarding,
        users: vec![USER.to_owned()],
    }
}

/// A zone with every kind of record, and the way to another server's.
fn dns(zone: &str, other: &str, server: u8) -> ServiceKind {
    let record = |name: &str, data| Record {
        name: format!("{name}.{zone}"),
        data,
    };
    let addresses =
        ["10.9.9.1", "10.9.9.2", "fd00::9"].map(|text| text.parse().expect("an address"));
    ServiceKind::Dns {
        zones: vec![Zone {
            name: zone.to_owned(),
            records: vec![
                record("www", RecordData::Addresses(addresses.to_vec())),
                record("alias", RecordData::Alias(format!("www.{zone}"))),
                record("away", RecordData::Alias(format!("www.{other}"))),
                record(
                    "text",
                    RecordData::Text("v=spf1 \"quoted\" -all".to_owned()),
                ),
                record(
                    "mx",
                    RecordData::Mail {
                        preference: 10,
                        exchange: format!("www.{zone}"),
                    },
                ),
            ],
        }],
        forwards: vec![Forward {
            zone: other.to_owned(),
            servers: vec![address(server)],
        }],
    }
}

const WORKS: Outcome = Outcome::Works { addresses: None };

fn check(ground: &Ground, question: &Question, wanted: &Outcome) {
    let answer = ground.ask(question);
    assert_eq!(&answer.outcome, wanted, "{question:?}: {}", answer.detail);
}

fn logins(ground: &Ground) {
    let bastion = SocketAddr::new(address(EVERYTHING), 40022);
    let node = SocketAddr::new(address(NODE), 22);
    let log_in = |host: &str, target, user: &str, via: Option<SocketAddr>| Question::Ssh {
        host: HostId::new(host),
        target,
        user: user.to_owned(),
        via: via.map(|target| SshHop {
            host: HostId::new(if target == bastion {
                "everything"
            } else {
                "node"
            }),
            target,
            user: USER.to_owned(),
        }),
    };
    check(ground, &log_in("everything", bastion, USER, None), &WORKS);
    check(ground, &log_in("node", node, USER, None), &WORKS);
    check(ground, &log_in("node", node, USER, Some(bastion)), &WORKS);
    check(
        ground,
        &log_in("everything", bastion, "root", None),
        &Outcome::Refused,
    );
    check(
        ground,
        &log_in("everything", bastion, "other", None),
        &Outcome::Refused,
    );
    // What is no bastion forwards nothing.
    check(
        ground,
        &log_in("everything", bastion, USER, Some(node)),
        &Outcome::Refused,
    );
    // Another host's certificate is not believed.
    check(ground, &log_in("masq", node, USER, None), &Outcome::Broken);
}

fn names(ground: &Ground) {
    let addresses: Vec<IpAddr> = ["10.9.9.1", "10.9.9.2", "fd00::9"]
        .map(|text| text.parse().expect("an address"))
        .to_vec();
    let found = Outcome::Works {
        addresses: Some(addresses),
    };
    let nothing = Outcome::Works {
        addresses: Some(vec![]),
    };
    for (server, own, other) in [
        (EVERYTHING, "acme.example", "masq.example"),
        (MASQ, "masq.example", "acme.example"),
    ] {
        let check = |name: &str, wanted: &Outcome| {
            let question = Question::Resolve {
                server: address(server),
                name: name.to_owned(),
            };
            check(ground, &question, wanted);
        };
        check(&format!("www.{own}"), &found);
        check(&format!("alias.{own}"), &found);
        check(&format!("www.{other}"), &found);
        check(&format!("alias.{other}"), &found);
        check(&format!("text.{own}"), &nothing);
        check(&format!("nobody.{own}"), &Outcome::Refused);
        check(&format!("nobody.{other}"), &Outcome::Refused);
        check("www.stranger.example", &Outcome::Refused);
        check("test", &Outcome::Refused);
    }
    // An alias of the other server's names is followed there.
    let away = Question::Resolve {
        server: address(EVERYTHING),
        name: "away.acme.example".to_owned(),
    };
    check(ground, &away, &found);
}

fn time(ground: &Ground) {
    let ask = |n| Question::Time { server: address(n) };
    check(ground, &ask(EVERYTHING), &WORKS);
    check(ground, &ask(NODE), &Outcome::Closed);
}

fn mail(ground: &Ground) {
    let submit = |user: &str, secret: &str| Question::Mail {
        server: SocketAddr::new(address(EVERYTHING), 587),
        name: "everything.test.example".to_owned(),
        user: user.to_owned(),
        password: model::SecretName(secret.to_owned()),
        sender: "a@acme.example".to_owned(),
        recipient: "b@elsewhere.example".to_owned(),
    };
    let answer = ground.ask(&submit("mailer", "password"));
    assert_eq!(answer.outcome, WORKS, "{}", answer.detail);
    let token = answer.token.expect("it was accepted");
    assert!(ground.has_mail("everything", &token), "it is kept");
    assert!(!ground.has_mail("masq", &token), "and nowhere else");
    check(ground, &submit("other", "password"), &Outcome::Refused);
}

fn databases(ground: &Ground) {
    let open = |database: &str, user: &str| Question::Database {
        target: SocketAddr::new(address(EVERYTHING), 5432),
        engine: "postgres".to_owned(),
        database: database.to_owned(),
        user: user.to_owned(),
        password: password(),
    };
    check(ground, &open("WSO2AM_DB", "wso2"), &WORKS);
    check(ground, &open("shared", "wso2"), &WORKS);
    check(ground, &open("wso2am_db", "wso2"), &Outcome::Refused);
    check(ground, &open("shared", "postgres"), &Outcome::Refused);
    check(ground, &open("shared", "nobody"), &Outcome::Refused);
}

fn web(ground: &Ground) {
    let ask = |n: u8, port: u16, name: &str, path: &str| Question::Health {
        target: SocketAddr::new(address(n), port),
        name: name.to_owned(),
        check: HealthCheck {
            port,
            protocol: PortProtocol::Https,
            path: path.to_owned(),
        },
    };
    check(
        ground,
        &ask(NODE, 443, "node.test.example", "/health"),
        &WORKS,
    );
    check(
        ground,
        &ask(NODE, 443, "node.test.example", "/nothing"),
        &Outcome::Refused,
    );
    // The balancer passes TLS through: what answers is the node.
    check(
        ground,
        &ask(EVERYTHING, 8443, "node.test.example", "/health"),
        &WORKS,
    );
    check(
        ground,
        &ask(EVERYTHING, 8443, "everything.test.example", "/health"),
        &Outcome::Broken,
    );
}

fn evidence_names_them(ground: &Ground, found: &[Installed]) {
    for (host, name, software) in [
        ("everything", "ssh", Software::OpenSsh),
        ("everything", "dns", Software::Bind),
        ("everything", "ntp", Software::Chrony),
        ("everything", "smtp", Software::Postfix),
        ("everything", "database", Software::Postgres),
        ("everything", "balancer", Software::HaProxy),
        ("everything", "web", Software::Nginx),
        ("masq", "dns", Software::Dnsmasq),
    ] {
        let installed = found.iter().find(|one| one.software == software);
        let peer = ground.peer(host, name);
        let is_right = match (&peer, installed) {
            (Peer::Real(peer), Some(installed)) => *peer == installed.to_string(),
            (Peer::StandIn(_), None) => true,
            // Where the twin has one user only, Postfix cannot run, and that is said.
            (Peer::StandIn(peer), Some(_)) => {
                software == Software::Postfix && peer.contains("several users")
            }
            _ => false,
        };
        assert!(is_right, "{name} is played by {peer:?}, not {installed:?}");
    }
}

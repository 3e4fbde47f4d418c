//! Each question of a server that behaves: what it answers when all is well, and when one thing is not.

use model::claim::{Password, Question, RecordKind, SshHop};
use model::service::{HealthCheck, PortProtocol};
use probe::{Closing, Means, Outcome};

use crate::accounting::{B4, ip};
use crate::namespace::Net;
use crate::site::{
    AMPLE, HOST, MANY, NAME, Site, USER, ask_from, at, health, many_addresses, secret, sentinel,
};

/// Works, with no addresses to tell.
const WORKS: Outcome = Outcome::Works { addresses: None };

pub(crate) fn everything_works(net: &Net) {
    let site = Site::start(net);
    let check = |question: Question, wanted: Outcome, peer: Option<&str>| {
        for closing in [sentinel(), Closing::Deadline] {
            let answer = ask_from(&net.a, &question, &site.means, closing);
            assert_eq!(answer.outcome, wanted, "{}", answer.detail);
            let told = answer.peer.unwrap_or_default();
            assert!(told.contains(peer.unwrap_or_default()), "`{told}`");
            if let Question::Mail { .. } = question {
                let token = answer.token.expect("a mail has a token");
                assert!(site.has_mail(&token), "accepted and not kept");
            }
        }
    };
    check(ssh(HOST, 22, None), WORKS, None);
    check(ssh(HOST, 22, Some(2222)), WORKS, None);
    check(Question::Connect { target: at(9763) }, WORKS, None);
    let addresses = ["10.9.0.1", "10.9.0.2", "fd00:9::1"].map(ip).into();
    check(resolve(NAME), found(Some(addresses)), None);
    check(
        resolve("APIM-1.acme.EXAMPLE"),
        found(Some(["10.9.0.1", "10.9.0.2", "fd00:9::1"].map(ip).into())),
        None,
    );
    check(resolve(MANY), found(Some(many_addresses())), None);
    check(resolve("acme.example"), found(Some(Vec::new())), None);
    check(records(NAME, RecordKind::Aaaa), WORKS, None);
    check(records(NAME, RecordKind::Txt), WORKS, None);
    check(records("acme.example", RecordKind::Ns), WORKS, None);
    check(mail("mail", NAME), WORKS, None);
    check(Question::Time { server: ip(B4) }, WORKS, None);
    check(health_at(9443, NAME, &health()), WORKS, Some("reeve"));
    check(health_at(443, NAME, &health()), WORKS, Some("reeve"));
    let tcp = HealthCheck {
        protocol: PortProtocol::Tcp,
        ..health()
    };
    check(health_at(9443, NAME, &tcp), WORKS, None);
    check(
        console("/carbon", named("admin"), NAME),
        WORKS,
        Some("reeve"),
    );
    check(
        database("postgres", "WSO2AM_DB", "database"),
        WORKS,
        Some("PostgreSQL"),
    );
}

pub(crate) fn refusals(net: &Net) {
    let site = Site::start(net);
    let check = |question: Question, wanted: Outcome| {
        let answer = ask_from(&net.a, &question, &site.means, sentinel());
        assert_eq!(answer.outcome, wanted, "{}", answer.detail);
        assert_eq!(answer.token, None, "{}", answer.detail);
    };
    // The bastion lets nobody onward, or does not get there.
    check(ssh(HOST, 22, Some(22)), Outcome::Refused);
    check(ssh(HOST, 24, Some(2222)), Outcome::Silent);
    // Another host answers; no SSH server answers.
    check(ssh("production/apim-2", 22, None), Outcome::Broken);
    check(ssh(HOST, 9443, None), Outcome::Broken);
    check(ssh(HOST, 24, None), Outcome::Closed);
    check(resolve("nobody.acme.example"), Outcome::Refused);
    check(resolve("elsewhere.example"), Outcome::Refused);
    check(
        resolve("no name at all, for it is longer than any label may be, by far, and more"),
        Outcome::Unknown,
    );
    check(
        Question::Resolve {
            server: ip("10.0.1.1"),
            name: NAME.to_owned(),
        },
        Outcome::Closed,
    );
    check(
        Question::Time {
            server: ip("10.0.1.1"),
        },
        Outcome::Closed,
    );
    check(
        records("nobody.acme.example", RecordKind::Mx),
        Outcome::Refused,
    );
    check(relay(), Outcome::Refused);
    check(mail("wrong", NAME), Outcome::Refused);
    check(mail("mail", "other.example"), Outcome::Broken);
    check(mail("nowhere", NAME), Outcome::Unknown);
    let elsewhere = HealthCheck {
        path: "/nowhere".to_owned(),
        ..health()
    };
    check(health_at(9443, NAME, &elsewhere), Outcome::Refused);
    check(health_at(9443, "other.example", &health()), Outcome::Broken);
    check(health_at(9444, NAME, &health()), Outcome::Closed);
    let clear = HealthCheck {
        protocol: PortProtocol::Http,
        ..health()
    };
    check(health_at(9443, NAME, &clear), Outcome::Broken);
    check(health_at(9763, NAME, &health()), Outcome::Broken);
    let default = Password::Default("admin".to_owned());
    check(console("/carbon", default, NAME), Outcome::Refused);
    check(console("/carbon", named("wrong"), NAME), Outcome::Refused);
    check(console("/nowhere", named("admin"), NAME), Outcome::Broken);
    check(console("/carbon", named("nowhere"), NAME), Outcome::Unknown);
    check(
        console("/carbon", named("admin"), "other.example"),
        Outcome::Broken,
    );
    check(database("postgres", "WSO2AM_DB", "wrong"), Outcome::Refused);
    check(
        database("postgres", "NOWHERE_DB", "database"),
        Outcome::Refused,
    );
    check(database("mysql", "WSO2AM_DB", "database"), Outcome::Unknown);
    check(
        database("postgres", "WSO2AM\0DB", "database"),
        Outcome::Unknown,
    );
}

pub(crate) fn strangers(net: &Net) {
    let site = Site::start(net);
    let check = |question: Question, means: &Means, wanted: Outcome| {
        let answer = ask_from(&net.a, &question, means, sentinel());
        assert_eq!(answer.outcome, wanted, "{}", answer.detail);
    };
    let foreign_roots = Means {
        tls_roots_pem: site.stranger.roots_pem.clone(),
        ..site.means.clone()
    };
    let no_roots = Means {
        tls_roots_pem: "no certificate".to_owned(),
        ..site.means.clone()
    };
    for (means, wanted) in [
        (&foreign_roots, Outcome::Broken),
        (&no_roots, Outcome::Unknown),
    ] {
        check(mail("mail", NAME), means, wanted.clone());
        check(health_at(9443, NAME, &health()), means, wanted.clone());
        check(
            console("/carbon", named("admin"), NAME),
            means,
            wanted.clone(),
        );
        check(database("postgres", "WSO2AM_DB", "database"), means, wanted);
    }

    let mut foreign_user = site.means.clone();
    foreign_user.ssh.user = site.stranger.user.clone();
    check(ssh(HOST, 22, None), &foreign_user, Outcome::Refused);
    let mut foreign_hosts = site.means.clone();
    foreign_hosts
        .ssh
        .host_authority
        .clone_from(&site.stranger.host_authority);
    check(ssh(HOST, 22, None), &foreign_hosts, Outcome::Broken);
    let mut nobody = site.means.clone();
    nobody.ssh.host_authority = "no key".to_owned();
    check(ssh(HOST, 22, None), &nobody, Outcome::Unknown);
    assert_eq!(site.means.patience, AMPLE, "nothing above was waited for");
}

fn found(addresses: Option<Vec<std::net::IpAddr>>) -> Outcome {
    Outcome::Works { addresses }
}

pub(crate) fn ssh(host: &str, port: u16, via: Option<u16>) -> Question {
    Question::Ssh {
        host: host.into(),
        target: at(port),
        user: USER.to_owned(),
        via: via.map(|port| SshHop {
            host: HOST.into(),
            target: at(port),
            user: USER.to_owned(),
        }),
    }
}

pub(crate) fn resolve(name: &str) -> Question {
    Question::Resolve {
        server: ip(B4),
        name: name.to_owned(),
    }
}

fn records(name: &str, kind: RecordKind) -> Question {
    Question::Records {
        server: ip(B4),
        name: name.to_owned(),
        kind,
    }
}

fn relay() -> Question {
    Question::Relay {
        server: at(587),
        name: NAME.to_owned(),
        sender: "apim@acme.example".to_owned(),
        recipient: "somebody@elsewhere.example".to_owned(),
    }
}

pub(crate) fn mail(password: &str, name: &str) -> Question {
    Question::Mail {
        server: at(587),
        name: name.to_owned(),
        user: USER.to_owned(),
        password: secret(password),
        sender: "apim@acme.example".to_owned(),
        recipient: "operator@acme.example".to_owned(),
    }
}

pub(crate) fn health_at(port: u16, name: &str, check: &HealthCheck) -> Question {
    Question::Health {
        target: at(port),
        name: name.to_owned(),
        check: check.clone(),
    }
}

pub(crate) fn named(password: &str) -> Password {
    Password::Named(secret(password))
}

pub(crate) fn console(path: &str, password: Password, name: &str) -> Question {
    Question::Console {
        target: at(9443),
        name: name.to_owned(),
        path: path.to_owned(),
        user: "admin".to_owned(),
        password,
    }
}

pub(crate) fn database(engine: &str, database: &str, password: &str) -> Question {
    Question::Database {
        target: at(5432),
        engine: engine.to_owned(),
        database: database.to_owned(),
        user: USER.to_owned(),
        password: secret(password),
    }
}

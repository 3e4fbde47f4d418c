//! Daemons that do not stand say why, in their own last words.

use std::path::Path;

use model::{Service, ServiceKind};
use peers::daemon::{Installed, Software};

use crate::ground::{Ground, Server, service};

pub(crate) const CASES: [(&str, fn()); 4] = [
    ("a daemon that is gone is told", gone),
    ("a daemon that ends at once is quoted", ends_at_once),
    ("a port that is taken is told", taken),
    ("a daemon that ends well was still to serve", ends_well),
];

/// Something else in nginx's place, told what nginx is told.
fn check(path: &str, services: Vec<Service>, wanted: &[&str]) {
    let servers = [Server {
        name: "server",
        services,
        daemons: vec![Installed {
            software: Software::Nginx,
            version: "1.0".to_owned(),
            path: Path::new(path).to_owned(),
        }],
    }];
    let error = Ground::stand(&servers).expect_err("it cannot stand");
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    for part in wanted {
        assert!(words.contains(part), "{part} in {words}");
    }
}

fn web() -> Vec<Service> {
    vec![service("mirror", ServiceKind::Web { port: 443 })]
}

fn gone() {
    let wanted = [
        "`mirror`",
        "keep nginx running",
        "run /nonexistent/nginx",
        "No such file",
    ];
    check("/nonexistent/nginx", web(), &wanted);
}

fn ends_at_once() {
    let wanted = ["`mirror`", "exit status: 1", "cat: invalid option -- 'p'"];
    check("/bin/cat", web(), &wanted);
    check(
        "/bin/false",
        web(),
        &["exit status: 1", "last words are: none"],
    );
}

fn ends_well() {
    check(
        "/bin/true",
        web(),
        &["exit status: 0", "last words are: none"],
    );
}

fn taken() {
    let database = ServiceKind::Database {
        port: 443,
        engine: "postgres".to_owned(),
        databases: vec![],
        user: "u".to_owned(),
        password: crate::ground::password(),
    };
    // The embedded server of another service has the port.
    let services = vec![
        service("database", database),
        service("mirror", ServiceKind::Web { port: 443 }),
    ];
    let wanted = ["`mirror` cannot listen on tcp 0.0.0.0:443", "in use"];
    check("/bin/true", services, &wanted);
}

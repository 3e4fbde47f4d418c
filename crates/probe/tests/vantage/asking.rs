//! Questions that begin with a connection: opened, refused and lost are told apart without waiting.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use access::{Credential, Identity};
use model::claim::{Expect, Question};
use model::{Secret, Verdict};
use probe::{Means, Outcome, judge};

use crate::accounting::{B4, ip};
use crate::namespace::Net;
use crate::site::{ask_from, sentinel};

/// So long that a question which waited for it would not end.
const NEVER: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn connections(net: &Net) {
    let listener = net
        .b
        .run(|| TcpListener::bind((ip(B4), 9443)).expect("the port is free"));
    let means = Means {
        ssh: Identity {
            user: Credential {
                private_key: Secret::new(""),
                certificate: String::new(),
            },
            host_authority: String::new(),
        },
        tls_roots_pem: String::new(),
        secrets: BTreeMap::new(),
        patience: NEVER,
    };
    // 10.0.3.0/24 is a black hole in the router, 10.0.5.0/24 unreachable at a.
    for (target, wanted, no_way) in [
        (
            "10.0.2.2:9443",
            Outcome::Works { addresses: None },
            Verdict::Fails,
        ),
        ("10.0.2.2:9444", Outcome::Closed, Verdict::Fails),
        ("10.0.3.2:9443", Outcome::NoWay, Verdict::Holds),
        ("10.0.5.2:9443", Outcome::NoWay, Verdict::Holds),
    ] {
        let target: SocketAddr = target.parse().expect("the test's addresses are right");
        let question = Question::Connect { target };
        let answer = ask_from(&net.a, &question, &means, sentinel());
        assert_eq!(answer.outcome, wanted, "{}", answer.detail);
        assert_eq!(judge(&Expect::NoWay, &answer), no_way, "{}", answer.detail);
    }
    drop(listener);
}

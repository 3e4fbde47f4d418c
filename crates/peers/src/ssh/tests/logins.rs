//! Who is let in, which hosts are believed, and what is recorded.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use access::{
    CertificateFault, ConnectError, HostKeyFault, Refusal, Route, Step, Unreached, connect,
};
use model::Secret;
use russh::keys::ssh_key::certificate::Builder;
use russh::keys::{Algorithm, Certificate, PrivateKey};

use super::super::Login;
use super::*;

/// What a login that must not work has to say.
type Expected = fn(&ConnectError) -> bool;

/// Logs in to a single server with an identity; it must fail as expected, and the server must have let nobody in.
async fn refused(fault: &str, config: SshConfig, identity: &Identity, expected: Expected) {
    let server = served(config).await;
    let route = Route::direct(stop(TARGET, &server));
    let error = connect(&route, identity, &limits())
        .await
        .err()
        .unwrap_or_else(|| panic!("{fault}: let in"));
    assert!(expected(&error), "{fault}: {error:?}");
    let let_in = |login: &Login| login.refused.is_none();
    assert!(!server.logins().iter().any(let_in), "{fault}");
}

fn is_authentication(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Authentication { .. })
}

#[tokio::test]
async fn a_user_is_refused_with_a_certificate_that_does_not_fit() {
    let ours = Authorities::new();
    let stranger = Authorities::new();
    let cases: [(&str, Credential); 7] = [
        ("another authority's", stranger.user()),
        ("expired", ours.user_as(&[OPERATOR], hours(-2, -1))),
        ("not yet valid", ours.user_as(&[OPERATOR], hours(1, 2))),
        (
            "another principal's",
            ours.user_as(&["auditor"], hours(-1, 1)),
        ),
        ("a host's", ours.host(OPERATOR)),
        (
            "a host's, signed by the user authority",
            Authorities {
                hosts: ours.users.clone(),
                users: ours.users.clone(),
            }
            .host(OPERATOR),
        ),
        ("conditional", with_critical_option(&ours)),
    ];
    for (fault, credential) in cases {
        let identity = ours.identity_with(credential);
        refused(fault, ours.config(TARGET), &identity, is_authentication).await;
    }
}

/// A certificate that is right in everything, but bound to a condition that the server does not know.
fn with_critical_option(authorities: &Authorities) -> Credential {
    let mut credential = authorities.user();
    let certificate = Certificate::from_openssh(&credential.certificate).expect("a certificate");
    let authority = authorities.users.to_openssh().expect("an authority's key");
    let authority = PrivateKey::from_openssh(authority.expose()).expect("an authority's key");
    let mut builder = Builder::new(
        certificate.nonce(),
        certificate.public_key().clone(),
        certificate.valid_after(),
        certificate.valid_before(),
    )
    .expect("a builder");
    builder.key_id(certificate.key_id()).expect("a key id");
    builder.valid_principal(OPERATOR).expect("a principal");
    builder
        .critical_option("force-command", "/bin/true")
        .expect("an option");
    credential.certificate = builder
        .sign(&authority)
        .expect("a signature")
        .to_openssh()
        .expect("text");
    credential
}

#[tokio::test]
async fn a_user_is_refused_by_a_server_that_does_not_know_it() {
    let ours = Authorities::new();
    let mut config = ours.config(TARGET);
    config.users = vec!["auditor".to_owned()];
    refused(
        "an unknown user",
        config,
        &ours.identity(),
        is_authentication,
    )
    .await;
}

#[tokio::test]
async fn a_plain_key_a_password_and_nothing_at_all_are_refused() {
    struct Trusting;
    impl russh::client::Handler for Trusting {
        type Error = russh::Error;
        async fn check_server_key(
            &mut self,
            _: &russh::keys::PublicKeyOrCertificate,
        ) -> Result<bool, Self::Error> {
            Ok(true)
        }
    }
    let ours = Authorities::new();
    let server = served(ours.config(TARGET)).await;
    let address = stop(TARGET, &server).address;
    let mut session = russh::client::connect(std::sync::Arc::default(), address, Trusting)
        .await
        .expect("a session");
    let key = PrivateKey::from_openssh(ours.user().private_key.expose()).expect("a key");
    let key = russh::keys::PrivateKeyWithHashAlg::new(std::sync::Arc::new(key), None);
    let attempts = [
        session.authenticate_none(OPERATOR).await,
        session.authenticate_password(OPERATOR, "admin").await,
        session.authenticate_publickey(OPERATOR, key).await,
    ];
    for attempt in attempts {
        assert!(!attempt.expect("an answer").success());
    }
    let logins = server.logins();
    assert_eq!(
        logins.len(),
        1,
        "only the key got as far as the server's own check"
    );
    assert!(logins.iter().all(|login| login.refused.is_some()));
}

#[tokio::test]
async fn a_host_is_not_believed_without_the_right_certificate() {
    fn is(fault: fn(&CertificateFault) -> bool, error: &ConnectError) -> bool {
        matches!(
            error,
            ConnectError::HostKey { cause: HostKeyFault::Certificate(found), .. } if fault(found)
        )
    }
    let ours = Authorities::new();
    let stranger = Authorities::new();
    let cases: [(&str, Credential, Expected); 5] = [
        ("another host's", ours.host("production/apim-2"), |error| {
            is(|f| matches!(f, CertificateFault::Principal { .. }), error)
        }),
        ("another authority's", stranger.host(TARGET), |error| {
            is(|f| matches!(f, CertificateFault::Authority { .. }), error)
        }),
        ("expired", ours.host_at(TARGET, hours(-2, -1)), |error| {
            is(|f| matches!(f, CertificateFault::Expired(_)), error)
        }),
        (
            "not yet valid",
            ours.host_at(TARGET, hours(1, 2)),
            |error| is(|f| matches!(f, CertificateFault::NotYetValid(_)), error),
        ),
        (
            "a user's, signed by the host authority",
            user_as_host(&ours),
            |error| is(|f| matches!(f, CertificateFault::Kind(_)), error),
        ),
    ];
    for (fault, credential, expected) in cases {
        let mut config = ours.config(TARGET);
        config.host_key = credential.private_key;
        config.host_certificate = credential.certificate;
        refused(fault, config, &ours.identity(), expected).await;
    }
}

fn user_as_host(authorities: &Authorities) -> Credential {
    Authorities {
        users: authorities.hosts.clone(),
        hosts: authorities.hosts.clone(),
    }
    .user_as(&[TARGET], hours(-1, 1))
}

#[tokio::test]
async fn a_host_with_a_plain_key_is_not_believed() {
    struct Open;
    impl russh::server::Handler for Open {
        type Error = russh::Error;
    }
    let ours = Authorities::new();
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).expect("a key");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback");
    let address = listener.local_addr().expect("an address");
    let protocol = std::sync::Arc::new(russh::server::Config {
        keys: vec![key],
        ..Default::default()
    });
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        russh::server::run_stream(protocol, stream, Open)
            .await?
            .await
    });
    let target = Stop {
        host: TARGET.into(),
        address,
        user: OPERATOR.to_owned(),
    };
    let error = connect(&Route::direct(target), &ours.identity(), &limits())
        .await
        .err()
        .expect("not believed");
    let plain = matches!(
        error,
        ConnectError::HostKey {
            cause: HostKeyFault::PlainKey(_),
            ..
        }
    );
    assert!(plain, "{error:?}");
}

/// Connects to something that is no SSH server; it must fail as expected, and not hang.
async fn unanswered(fault: &str, said: Option<&'static [u8]>, limits: &Limits, expected: Expected) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("an address");
    let speaker = std::thread::spawn(move || {
        let Some(said) = said else {
            return drop(listener);
        };
        let (mut stream, _) = listener.accept().expect("a client");
        stream.write_all(said).expect("bytes sent");
        // Until the client gives up.
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
    });
    if said.is_none() {
        speaker.join().expect("a closed listener");
    }
    let target = Stop {
        host: TARGET.into(),
        address,
        user: OPERATOR.to_owned(),
    };
    let identity = Authorities::new().identity();
    let error = connect(&Route::direct(target), &identity, limits)
        .await
        .err()
        .expect("no server there");
    assert!(expected(&error), "{fault}: {error:?}");
}

#[tokio::test]
async fn what_is_no_ssh_server_is_told_apart() {
    let hasty = Limits {
        handshake: Duration::from_millis(50),
        ..limits()
    };
    unanswered("nobody listens", None, &limits(), |error| {
        matches!(
            error,
            ConnectError::Unreached {
                cause: Unreached::Refused,
                ..
            }
        )
    })
    .await;
    unanswered("silence", Some(b""), &hasty, |error| {
        matches!(
            error,
            ConnectError::TimedOut {
                step: Step::Handshake,
                ..
            }
        )
    })
    .await;
    unanswered("half a greeting", Some(b"SSH-2.0-"), &hasty, |error| {
        matches!(
            error,
            ConnectError::TimedOut {
                step: Step::Handshake,
                ..
            }
        )
    })
    .await;
    unanswered("noise", Some(&[0xff; 4096]), &hasty, |error| {
        matches!(
            error,
            ConnectError::Handshake { .. }
                | ConnectError::Disconnected { .. }
                | ConnectError::TimedOut { .. }
        )
    })
    .await;
}

#[tokio::test]
async fn an_identity_that_cannot_be_used_sends_nothing() {
    let ours = Authorities::new();
    let mut wrong_key = ours.identity();
    wrong_key.user.private_key = ours.user().private_key;
    let mut no_key = ours.identity();
    no_key.user.private_key = Secret::new("ssh-ed25519");
    let mut no_certificate = ours.identity();
    no_certificate.user.certificate = ours.identity().host_authority;
    let mut no_authority = ours.identity();
    no_authority.host_authority = String::new();
    for identity in [wrong_key, no_key, no_certificate, no_authority] {
        refused(
            "an unusable identity",
            ours.config(TARGET),
            &identity,
            |error| matches!(error, ConnectError::Identity(_)),
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_not_a_bastion_forwards_nothing() {
    let site = Site::new().await;
    let through_target = Route::through(stop(TARGET, &site.target), stop(BASTION, &site.bastion));
    let error = connect(&through_target, &site.authorities.identity(), &limits())
        .await
        .err()
        .expect("no way through");
    let forbidden = matches!(
        error,
        ConnectError::NotForwarded {
            cause: Refusal::Prohibited,
            ..
        }
    );
    assert!(forbidden, "{error:?}");
    assert!(!error.answered(&BASTION.into()));
    assert!(site.bastion.logins().is_empty());
}

#[tokio::test]
async fn a_bastion_says_that_it_does_not_get_there() {
    let site = Site::new().await;
    let mut route = site.route();
    drop(site.target);
    // The port may be anybody's by now, but not an SSH server of ours: bind it, so that it is nobody's, and let it go.
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    route.target.address = listener.local_addr().expect("an address");
    drop(listener);
    let error = connect(&route, &site.authorities.identity(), &limits())
        .await
        .err()
        .expect("nobody there");
    let failed = matches!(
        error,
        ConnectError::NotForwarded {
            cause: Refusal::ConnectFailed,
            ..
        }
    );
    assert!(failed, "{error:?}");
}

#[tokio::test]
async fn a_certificate_without_the_extension_forwards_nothing() {
    let site = Site::new().await;
    let mut credential = site.authorities.user();
    let certificate = Certificate::from_openssh(&credential.certificate).expect("a certificate");
    let authority = site.authorities.users.to_openssh().expect("a key");
    let authority = PrivateKey::from_openssh(authority.expose()).expect("a key");
    let mut builder = Builder::new(
        certificate.nonce(),
        certificate.public_key().clone(),
        certificate.valid_after(),
        certificate.valid_before(),
    )
    .expect("a builder");
    builder.valid_principal(OPERATOR).expect("a principal");
    let bare = builder.sign(&authority).expect("a signature");
    credential.certificate = bare.to_openssh().expect("text");
    let identity = site.authorities.identity_with(credential);
    let error = connect(&site.route(), &identity, &limits())
        .await
        .err()
        .expect("no way through");
    assert!(
        matches!(error, ConnectError::NotForwarded { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn logins_are_recorded_with_their_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("logins.jsonl");
    let ours = Authorities::new();
    let mut config = ours.config(TARGET);
    config.audit_log = Some(path.clone());
    let server = served(config).await;
    let route = Route::direct(stop(TARGET, &server));
    let channel = connect(&route, &ours.identity(), &limits()).await;
    channel.expect("a login").close().await;
    let stranger = ours.identity_with(ours.user_as(&["auditor"], hours(-1, 1)));
    assert!(connect(&route, &stranger, &limits()).await.is_err());

    let logins = server.logins();
    let reasons: Vec<_> = logins.iter().map(|login| login.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("rehearsal of acme"); 2]);
    let refused: Vec<_> = logins.iter().map(|login| login.refused.is_some()).collect();
    assert_eq!(refused, [false, true]);
    let lines = std::fs::read_to_string(path).expect("a record");
    let written: Vec<Login> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(written, logins);
}

#[tokio::test]
async fn a_login_that_cannot_be_recorded_is_refused() {
    let ours = Authorities::new();
    let mut config = ours.config(TARGET);
    config.audit_log = Some(PathBuf::from("/dev/full"));
    refused("a full disk", config, &ours.identity(), is_authentication).await;
}

#[tokio::test]
async fn a_server_with_unusable_keys_does_not_start() {
    let ours = Authorities::new();
    let mut mismatched = ours.config(TARGET);
    mismatched.host_key = ours.host(TARGET).private_key;
    let mut no_authority = ours.config(TARGET);
    no_authority.user_authority = "none".to_owned();
    let mut no_log = ours.config(TARGET);
    no_log.audit_log = Some(PathBuf::from("/proc/none/logins.jsonl"));
    let mut elsewhere = ours.config(TARGET);
    elsewhere.listen = vec![SocketAddr::from(([192, 0, 2, 1], 22))];
    for config in [mismatched, no_authority, no_log, elsewhere] {
        assert!(serve(config).await.is_err());
    }
}

#[tokio::test]
async fn a_connection_too_many_is_closed() {
    let ours = Authorities::new();
    let mut config = ours.config(TARGET);
    config.limits.connections = 1;
    let server = served(config).await;
    let route = Route::direct(stop(TARGET, &server));
    let first = connect(&route, &ours.identity(), &limits())
        .await
        .expect("a login");
    let error = connect(&route, &ours.identity(), &limits())
        .await
        .err()
        .expect("no place");
    assert!(
        matches!(
            error,
            ConnectError::Disconnected {
                step: Step::Handshake,
                ..
            }
        ),
        "{error:?}"
    );
    drop(first);
}

#[tokio::test]
async fn a_client_that_does_not_log_in_is_cut_off() {
    let ours = Authorities::new();
    let mut config = ours.config(TARGET);
    config.limits.login = Duration::from_millis(50);
    let server = served(config).await;
    let mut stream = tokio::net::TcpStream::connect(stop(TARGET, &server).address)
        .await
        .expect("a connection");
    let mut said = Vec::new();
    let ended = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut said);
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
    // The end, by whichever way the kernel reports it.
    assert!(ended.is_ok(), "still connected");
}

#[tokio::test]
async fn noise_does_not_keep_others_out() {
    let ours = Authorities::new();
    let server = served(ours.config(TARGET)).await;
    let target = stop(TARGET, &server);
    let noises: [&[u8]; 5] = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff",
        &[0x41; 100_000],
    ];
    let mut held = Vec::new();
    for noise in noises {
        let mut stream = tokio::net::TcpStream::connect(target.address)
            .await
            .expect("a connection");
        // The server may hang up in the middle of it.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, noise).await;
        held.push(stream);
    }
    let host = connect(&Route::direct(target), &ours.identity(), &limits()).await;
    let output = host.expect("a login").exec("true", "").await;
    assert!(output.expect("an answer").succeeded());
}

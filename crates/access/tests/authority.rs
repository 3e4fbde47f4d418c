//! The authority through its public face: what it issues, what it refuses to issue, and what is believed.

use access::{
    Authority, AuthorityError, CertificateFault, CertificateKind, Credential, HostGrant, Identity,
    TrustedAuthority, UserGrant, Window,
};
use jiff::Timestamp;
use model::Secret;
use russh::keys::Certificate;

/// A second of 2033, and an hour after it.
const NOON: i64 = 2_000_000_000;
const HOUR: i64 = 3600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a second within the calendar")
}

fn window(from: i64, until: i64) -> Window {
    Window {
        from: at(from),
        until: at(until),
    }
}

/// Makes a good grant a bad one.
type Spoil<T> = fn(&mut T);

fn authority() -> Authority {
    Authority::generate(&mut rand::rng()).expect("an authority")
}

fn user_grant() -> UserGrant {
    UserGrant {
        principals: vec!["operator".to_owned(), "auditor".to_owned()],
        reason: "TICKET-7: a full disk".to_owned(),
        window: window(NOON, NOON + HOUR),
    }
}

fn host_grant() -> HostGrant {
    HostGrant {
        host: "production/apim-1".into(),
        names: vec!["apim-1.acme.example".to_owned(), "10.0.1.4".to_owned()],
        window: window(NOON, NOON + HOUR),
    }
}

fn certificate(credential: &Credential) -> Certificate {
    Certificate::from_openssh(&credential.certificate).expect("a certificate")
}

fn trusted(authority: &Authority) -> TrustedAuthority {
    TrustedAuthority::from_openssh(&authority.public_key().expect("text")).expect("a key")
}

#[test]
fn what_is_issued_says_what_was_granted() {
    let authority = authority();
    let user = authority.issue_user(&mut rand::rng(), &user_grant());
    let user = certificate(&user.expect("issued"));
    assert_eq!(user.key_id(), "TICKET-7: a full disk");
    assert_eq!(user.valid_principals(), ["operator", "auditor"]);
    let extensions: Vec<_> = user.extensions().keys().map(String::as_str).collect();
    assert_eq!(extensions, ["permit-port-forwarding", "permit-pty"]);

    let host = authority.issue_host(&mut rand::rng(), &host_grant());
    let host = certificate(&host.expect("issued"));
    let names = ["production/apim-1", "apim-1.acme.example", "10.0.1.4"];
    assert_eq!(host.valid_principals(), names);
    assert!(host.extensions().is_empty());
    assert_ne!(user.nonce(), host.nonce());
}

#[test]
fn a_host_can_keep_its_own_key() {
    let authority = authority();
    let own = authority
        .issue_host(&mut rand::rng(), &host_grant())
        .expect("issued");
    let key = certificate(&own).public_key().clone();
    let text = russh::keys::PublicKey::from(key.clone())
        .to_openssh()
        .expect("text");
    let issued = authority.certify_host(&mut rand::rng(), &text, &host_grant());
    let issued = Certificate::from_openssh(&issued.expect("issued")).expect("a certificate");
    assert_eq!(issued.public_key(), &key);
    let nonsense = authority.certify_host(&mut rand::rng(), "ssh-ed25519 AAAA", &host_grant());
    assert!(matches!(nonsense, Err(AuthorityError::Read(_))));
}

#[test]
fn a_grant_that_no_certificate_should_carry_is_refused() {
    let authority = authority();
    let users: [(&str, Spoil<UserGrant>); 9] = [
        ("nobody", |grant| grant.principals.clear()),
        ("an empty name", |grant| {
            grant.principals.push(String::new())
        }),
        ("a name of two lines", |grant| {
            grant.principals.push("a\nb".to_owned())
        }),
        ("everybody", |grant| {
            grant.principals = vec!["operator".to_owned(); 65]
        }),
        ("no reason", |grant| grant.reason.clear()),
        ("a reason that breaks the record", |grant| {
            grant.reason.push('\n')
        }),
        ("a novel", |grant| grant.reason = "a".repeat(257)),
        ("no time", |grant| grant.window.until = grant.window.from),
        ("more than a week", |grant| {
            grant.window.until = at(NOON + 169 * HOUR)
        }),
    ];
    for (fault, spoil) in users {
        let mut grant = user_grant();
        spoil(&mut grant);
        let issued = authority.issue_user(&mut rand::rng(), &grant);
        assert!(matches!(issued, Err(AuthorityError::Grant(_))), "{fault}");
    }
    let hosts: [(&str, Spoil<HostGrant>); 4] = [
        ("nameless", |grant| grant.host = "".into()),
        ("an empty name", |grant| grant.names.push(String::new())),
        ("backwards", |grant| grant.window = window(NOON, NOON - 1)),
        ("before 1970", |grant| grant.window.from = at(-1)),
    ];
    for (fault, spoil) in hosts {
        let mut grant = host_grant();
        spoil(&mut grant);
        let issued = authority.issue_host(&mut rand::rng(), &grant);
        assert!(matches!(issued, Err(AuthorityError::Grant(_))), "{fault}");
    }
}

#[test]
fn a_certificate_is_believed_within_its_bounds_only() {
    use CertificateKind::{Host, User};
    let authority = authority();
    let trusted = trusted(&authority);
    let issued = authority.issue_user(&mut rand::rng(), &user_grant());
    let user = certificate(&issued.expect("issued"));
    let believed =
        |kind, principal, second| trusted.vouches_for(&user, kind, principal, at(second));

    for (principal, second) in [("operator", NOON), ("auditor", NOON + HOUR - 1)] {
        assert_eq!(believed(User, principal, second), Ok(()));
    }
    type Is = fn(&CertificateFault) -> bool;
    let cases: [(&str, CertificateKind, &str, i64, Is); 7] = [
        ("a host?", Host, "operator", NOON, |fault| {
            *fault == CertificateFault::Kind(Host)
        }),
        ("a second early", User, "operator", NOON - 1, |fault| {
            matches!(fault, CertificateFault::NotYetValid(_))
        }),
        ("before 1970", User, "operator", -1, |fault| {
            matches!(fault, CertificateFault::NotYetValid(_))
        }),
        (
            "the last second is over",
            User,
            "operator",
            NOON + HOUR,
            |fault| matches!(fault, CertificateFault::Expired(_)),
        ),
        ("somebody else", User, "root", NOON, |fault| {
            matches!(fault, CertificateFault::Principal { .. })
        }),
        ("nobody", User, "", NOON, |fault| {
            matches!(fault, CertificateFault::Principal { .. })
        }),
        ("another spelling", User, "Operator", NOON, |fault| {
            matches!(fault, CertificateFault::Principal { .. })
        }),
    ];
    for (fault, kind, principal, second, is) in cases {
        let found = believed(kind, principal, second).expect_err(fault);
        assert!(is(&found), "{fault}: {found}");
    }
}

#[test]
fn a_certificate_of_another_authority_or_with_a_changed_byte_is_not_believed() {
    let authority = authority();
    let issued = authority.issue_host(&mut rand::rng(), &host_grant());
    let host = certificate(&issued.expect("issued"));
    let ask = |trusted: &TrustedAuthority, certificate: &Certificate| {
        let kind = CertificateKind::Host;
        trusted.vouches_for(certificate, kind, "production/apim-1", at(NOON))
    };
    let stranger = self::authority();
    let other = ask(&trusted(&stranger), &host);
    assert!(
        matches!(other, Err(CertificateFault::Authority { .. })),
        "{other:?}"
    );

    let bytes = host.to_bytes().expect("bytes");
    let mut read = 0;
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        if let Some(byte) = changed.get_mut(position) {
            *byte ^= 1;
        }
        // Most changes leave no certificate at all; none leaves one that is believed.
        if let Ok(changed) = Certificate::from_bytes(&changed) {
            read += 1;
            assert!(
                ask(&trusted(&authority), &changed).is_err(),
                "byte {position}"
            );
        }
    }
    assert!(read > 100, "only {read} changes were read at all");
}

#[test]
fn keys_cross_a_pipe_and_never_a_log() {
    let authority = authority();
    let text = authority.to_openssh().expect("text");
    let again = Authority::from_openssh(&text).expect("the same authority");
    assert_eq!(authority.public_key().ok(), again.public_key().ok());
    let identity = Identity {
        user: authority
            .issue_user(&mut rand::rng(), &user_grant())
            .expect("issued"),
        host_authority: authority.public_key().expect("text"),
    };
    let json = serde_json::to_string(&identity).expect("JSON");
    let read: Identity = serde_json::from_str(&json).expect("an identity");
    assert_eq!(read, identity);
    for shown in [format!("{authority:?}"), format!("{identity:?}")] {
        assert!(!shown.contains("OPENSSH PRIVATE KEY"), "{shown}");
    }
}

#[test]
fn what_is_no_authority_is_not_read() {
    let public = authority().public_key().expect("text");
    for text in ["", "-----BEGIN OPENSSH PRIVATE KEY-----", public.as_str()] {
        let read = Authority::from_openssh(&Secret::new(text));
        assert!(matches!(read, Err(AuthorityError::Read(_))));
    }
    assert!(TrustedAuthority::from_openssh("ssh-ed25519").is_err());
}

//! Each step of a dialogue, against servers that play a script.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use access::{Credential, Identity};
use model::claim::Question;
use model::{Secret, SecretName};
use peers::{TlsAuthority, TlsIdentity, Validity};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::answer::{Answer, Closing, Means, Outcome};
use crate::ask::ask;
use crate::fault::{Fault, MailStep};

const NAME: &str = "mail.acme.example";
/// Nothing that is to be answered may depend on it.
const AMPLE: Duration = Duration::from_secs(60);
/// It is always waited for in full.
const SHORT: Duration = Duration::from_millis(100);

/// What a server does next.
#[derive(Clone)]
enum Act {
    Say(String),
    /// Reads a line that begins so.
    Hear(&'static str),
    /// Reads a message to its end.
    Text,
    /// Repeats without end.
    Repeat(&'static str),
    /// Says nothing more, and holds the connection.
    Hold,
}
use Act::{Hear, Hold, Repeat, Text};

fn say(text: &str) -> Act {
    Act::Say(text.replace('\n', "\r\n") + "\r\n")
}

/// A script in clear, and one that follows TLS.
#[derive(Clone, Default)]
struct Script {
    clear: Vec<Act>,
    secure: Option<(TlsIdentity, Vec<Act>)>,
}

/// A server's beginning as it should be, up to STARTTLS.
fn opening() -> Vec<Act> {
    vec![
        say("220 mail.acme.example ESMTP Fake"),
        Hear("EHLO probe.reeve.invalid"),
        say("250-mail.acme.example\n250-AUTH PLAIN\n250 STARTTLS"),
    ]
}

fn clear(acts: Vec<Act>) -> Script {
    Script {
        clear: acts,
        secure: None,
    }
}

fn after_opening(acts: Vec<Act>) -> Script {
    clear([opening(), acts].concat())
}

/// A script whose server shows an identity.
fn shown(identity: TlsIdentity, acts: Vec<Act>) -> Script {
    Script {
        clear: [opening(), vec![Hear("STARTTLS"), say("220 go ahead")]].concat(),
        secure: Some((identity, acts)),
    }
}

struct Trust {
    authority: TlsAuthority,
}

impl Trust {
    fn new() -> Self {
        Self::lasting(-1, 1)
    }

    /// An authority whose certificates hold from and until so many and a half days from now.
    fn lasting(from: i64, until: i64) -> Self {
        Self::called("Acme CA", from, until)
    }

    fn called(name: &str, from: i64, until: i64) -> Self {
        let day = |days: i64| {
            // Half a day more, so that no count of days is at its edge.
            let span = Duration::from_secs(86_400 * days.unsigned_abs() + 43_200);
            match days {
                ..0 => SystemTime::now() - span,
                _ => SystemTime::now() + span,
            }
        };
        let validity = Validity {
            not_before: day(from),
            not_after: day(until),
        };
        Self {
            authority: TlsAuthority::new(name, validity).expect("an authority"),
        }
    }

    fn identity(&self, name: &str) -> TlsIdentity {
        self.authority.issue(&[name], &[]).expect("a certificate")
    }

    /// A server that is right as far as EHLO after TLS.
    fn secure(&self, acts: Vec<Act>) -> Script {
        let hello = vec![
            Hear("EHLO"),
            say("250-mail.acme.example\n250 AUTH PLAIN LOGIN"),
        ];
        shown(self.identity(NAME), [hello, acts].concat())
    }

    /// A server that is right as far as the login.
    fn logged_in(&self, acts: Vec<Act>) -> Script {
        let login = vec![
            // NUL, the user, NUL, the password.
            Hear("AUTH PLAIN AGFwaW0AcGFzcyBwaHJhc2U="),
            say("235 logged in"),
        ];
        self.secure([login, acts].concat())
    }

    fn means(&self, patience: Duration) -> Means {
        Means {
            ssh: Identity {
                user: Credential {
                    private_key: Secret::new(""),
                    certificate: String::new(),
                },
                host_authority: String::new(),
            },
            tls_roots_pem: self.authority.certificate(),
            secrets: BTreeMap::from([(SecretName("mail".to_owned()), Secret::new("pass phrase"))]),
            patience,
        }
    }
}

async fn play<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, acts: Vec<Act>) {
    for act in acts {
        match act {
            Act::Say(text) => {
                // The client may be gone before it is said; that is its right.
                let _ = stream.write_all(text.as_bytes()).await;
            }
            Act::Hear(wanted) => {
                let line = until(stream, b"\r\n").await;
                assert!(line.starts_with(wanted), "`{line}`, not `{wanted}`");
            }
            Act::Text => {
                let text = until(stream, b"\r\n.\r\n").await;
                assert!(text.contains("reeve-"), "{text}");
            }
            Act::Repeat(text) => while stream.write_all(text.as_bytes()).await.is_ok() {},
            Act::Hold => while matches!(stream.read(&mut [0; 64]).await, Ok(1..)) {},
        }
    }
    let _ = stream.shutdown().await;
}

/// Reads byte by byte, so that nothing is taken that is another's.
async fn until<S: AsyncRead + Unpin>(stream: &mut S, end: &[u8]) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        match stream.read_u8().await {
            Ok(byte) => bytes.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn serve(mut stream: TcpStream, script: Script) {
    let Some((identity, acts)) = script.secure else {
        return play(&mut stream, script.clear).await;
    };
    for act in script.clear {
        match act {
            Act::Say(text) => stream.write_all(text.as_bytes()).await.expect("said"),
            _ => drop(until(&mut stream, b"\r\n").await),
        }
    }
    let acceptor = TlsAcceptor::from(identity.server_config().expect("an identity"));
    if let Ok(mut stream) = acceptor.accept(stream).await {
        play(&mut stream, acts).await;
    }
}

fn mail(server: SocketAddr) -> Question {
    Question::Mail {
        server,
        name: NAME.to_owned(),
        user: "apim".to_owned(),
        password: SecretName("mail".to_owned()),
        sender: "apim@acme.example".to_owned(),
        recipient: "ops@operator.example".to_owned(),
    }
}

fn relay(server: SocketAddr) -> Question {
    Question::Relay {
        server,
        name: NAME.to_owned(),
        sender: "apim@acme.example".to_owned(),
        recipient: "ops@operator.example".to_owned(),
    }
}

fn answer(question: fn(SocketAddr) -> Question, script: Script, means: Means) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let server = listener.local_addr().expect("bound");
        let served = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a client");
            serve(stream, script).await;
        });
        let answer = ask(&question(server), &means, &Closing::Deadline).await;
        served.abort();
        if let Err(error) = served.await {
            assert!(error.is_cancelled(), "the script was not followed: {error}");
        }
        answer
    })
}

/// Asks, and compares the step and the words: all of the detail after the first colon and blank.
fn check(
    trust: &Trust,
    question: fn(SocketAddr) -> Question,
    script: Script,
    outcome: &Outcome,
    step: MailStep,
    words: &str,
) {
    let patience = match script
        .clear
        .iter()
        .chain(script.secure.iter().flat_map(|(_, acts)| acts))
        .any(|act| matches!(act, Hold))
    {
        true => SHORT,
        false => AMPLE,
    };
    let answer = answer(question, script, trust.means(patience));
    let said = format!("failed at {step}: {words}");
    assert!(
        answer.detail.ends_with(&said),
        "`{}`, not `{said}`",
        answer.detail
    );
    assert_eq!(&answer.outcome, outcome, "{}", answer.detail);
    let Some(Fault::Mail(fault)) = &answer.fault else {
        panic!("no fault: {answer:?}");
    };
    assert_eq!(fault.step(), step);
    assert!(!fault.remedy().is_empty());
    assert!(!answer.detail.contains("pass phrase"));
}

#[test]
fn a_server_that_does_all_of_it_is_heard() {
    let trust = Trust::new();
    let rest = || {
        vec![
            Hear("MAIL FROM:<apim@acme.example>"),
            say("250 2.1.0 ok"),
            Hear("RCPT TO:<ops@operator.example>"),
            say("250 2.1.5 ok"),
            Hear("DATA"),
            say("354 go on"),
            Text,
            say("250 2.0.0 queued as 7"),
            Hear("QUIT"),
        ]
    };
    let by_login = vec![
        Hear("EHLO"),
        say("250-x\n250 AUTH LOGIN CRAM-MD5"),
        Hear("AUTH LOGIN"),
        say("334 VXNlcm5hbWU6"),
        Hear("YXBpbQ=="),
        say("334 UGFzc3dvcmQ6"),
        Hear("cGFzcyBwaHJhc2U="),
        say("235 ok"),
    ];
    let asked_for = vec![
        Hear("EHLO"),
        say("250-x\n250 AUTH PLAIN"),
        Hear("AUTH PLAIN"),
        say("334 "),
        Hear("AGFwaW0AcGFzcyBwaHJhc2U="),
        say("235 ok"),
    ];
    for script in [
        trust.logged_in(rest()),
        shown(trust.identity(NAME), [by_login, rest()].concat()),
        shown(trust.identity(NAME), [asked_for, rest()].concat()),
    ] {
        let answer = answer(mail, script, trust.means(AMPLE));
        assert_eq!(
            answer.outcome,
            Outcome::Works { addresses: None },
            "{answer:?}"
        );
        assert!(
            answer
                .detail
                .ends_with("accepted: \"250 2.0.0 queued as 7\"")
        );
        assert_eq!(answer.peer.as_deref(), Some("mail.acme.example ESMTP Fake"));
        assert!(answer.token.is_some() && answer.fault.is_none());
    }
}

#[test]
fn greeting_and_hello() {
    let trust = Trust::new();
    let check = |script, outcome: Outcome, step, words: &str| {
        check(&trust, mail, script, &outcome, step, words);
    };
    check(
        clear(vec![say("554 5.7.1 your network is blocked")]),
        Outcome::Refused,
        MailStep::Greeting,
        "the server turns us away with \"554 5.7.1 your network is blocked\"",
    );
    check(
        clear(vec![say("421 too busy")]),
        Outcome::Broken,
        MailStep::Greeting,
        "the server turns us away with \"421 too busy\"",
    );
    check(
        clear(vec![say("SSH-2.0-OpenSSH_9.6")]),
        Outcome::Broken,
        MailStep::Greeting,
        "what answers does not speak SMTP: a line that is no reply: `SSH-2.0-OpenSSH_9.6`",
    );
    check(
        clear(vec![]),
        Outcome::Broken,
        MailStep::Greeting,
        "the server broke off at greeting: it closed the connection",
    );
    check(
        clear(vec![Hold]),
        Outcome::Broken,
        MailStep::Greeting,
        "the server broke off at greeting: no reply came in time",
    );
    check(
        clear(vec![Repeat("x")]),
        Outcome::Broken,
        MailStep::Greeting,
        "the server broke off at greeting: a line without end",
    );
    check(
        clear(vec![Repeat("220-more\r\n")]),
        Outcome::Broken,
        MailStep::Greeting,
        "what answers does not speak SMTP: a reply of more than 128 lines",
    );
    check(
        clear(vec![say("220 hi"), Hear("EHLO"), say("550 not you")]),
        Outcome::Refused,
        MailStep::Hello,
        "the server refuses EHLO with \"550 not you\"",
    );
    check(
        clear(vec![say("220 hi"), Hear("EHLO"), say("250-a\n550 b")]),
        Outcome::Broken,
        MailStep::Hello,
        "the server broke off at EHLO: a reply of two codes, 250 and 550",
    );
}

#[test]
fn tls_and_its_certificate() {
    let trust = Trust::new();
    let check = |script, outcome: Outcome, words: &str| {
        check(&trust, mail, script, &outcome, MailStep::Tls, words);
    };
    check(
        clear(vec![
            say("220 hi"),
            Hear("EHLO"),
            say("250-x\n250 AUTH PLAIN"),
        ]),
        Outcome::Broken,
        "the server offers no STARTTLS; no password was sent in clear",
    );
    check(
        after_opening(vec![Hear("STARTTLS"), say("454 4.7.0 TLS not available")]),
        Outcome::Broken,
        "the server offers STARTTLS and refuses it with \"454 4.7.0 TLS not available\"",
    );
    check(
        after_opening(vec![
            Hear("STARTTLS"),
            say("220 go ahead\n250 injected"),
            Hold,
        ]),
        Outcome::Broken,
        "the server sent commands' answers in clear before TLS: somebody may have put them there",
    );
    check(
        after_opening(vec![Hear("STARTTLS"), say("220 go ahead"), Hold]),
        Outcome::Broken,
        "the server broke off at TLS: no handshake in time",
    );
    let broken = |identity, words: &str| check(shown(identity, vec![]), Outcome::Broken, words);
    broken(
        trust.identity("other.example"),
        "the certificate is for other.example, not for mail.acme.example",
    );
    broken(
        Trust::new().identity(NAME),
        "the certificate is from an unknown issuer: Acme CA, whose key is another than the trusted one's",
    );
    let other = Trust::called("Globex CA", -1, 1);
    broken(
        other.identity(NAME),
        "the certificate is from an unknown issuer: Globex CA",
    );
    let own = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
    broken(
        TlsIdentity {
            chain: own.cert.pem(),
            key: Secret::new(own.signing_key.serialize_pem()),
        },
        "the certificate is self-signed: no authority vouches for it",
    );
}

#[test]
fn certificates_have_their_time() {
    for (trust, words) in [
        (
            Trust::lasting(-30, -3),
            "the certificate has expired, 3 days ago",
        ),
        (
            Trust::lasting(3, 9),
            "the certificate is not valid yet, 3 days to go",
        ),
    ] {
        let script = shown(trust.identity(NAME), vec![]);
        check(&trust, mail, script, &Outcome::Broken, MailStep::Tls, words);
    }
}

#[test]
fn logins() {
    let trust = Trust::new();
    let check = |script, outcome: Outcome, words: &str| {
        check(&trust, mail, script, &outcome, MailStep::Login, words);
    };
    let offering = |extensions: &str| {
        let acts = vec![Hear("EHLO"), say(extensions)];
        shown(trust.identity(NAME), acts)
    };
    check(
        offering("250-x\n250 SIZE 1000"),
        Outcome::Broken,
        "the server offers no AUTH after TLS, only in clear before it",
    );
    let mut never = offering("250 x");
    never.clear[2] = say("250-x\n250 STARTTLS");
    check(never, Outcome::Broken, "the server offers no AUTH");
    check(
        offering("250-x\n250 AUTH GSSAPI CRAM-MD5"),
        Outcome::Broken,
        "the server offers no AUTH that is spoken here, PLAIN or LOGIN, only GSSAPI, CRAM-MD5",
    );
    let answering = |reply: &str| trust.secure(vec![Hear("AUTH PLAIN"), say(reply)]);
    check(
        answering("535 5.7.8 authentication failed"),
        Outcome::Refused,
        "user or password is refused: \"535 5.7.8 authentication failed\"",
    );
    check(
        answering("454 4.7.0 no directory"),
        Outcome::Broken,
        "the server cannot check the login now: \"454 4.7.0 no directory\"",
    );
    // What a server repeats of a password is not told on.
    check(
        answering("535 bad: AGFwaW0AcGFzcyBwaHJhc2U= is apim and pass phrase"),
        Outcome::Refused,
        "user or password is refused: \"535 bad: [withheld] is apim and [withheld]\"",
    );
    check(
        trust.secure(vec![Hear("AUTH PLAIN")]),
        Outcome::Broken,
        "the server broke off at AUTH: it closed the connection",
    );
}

#[test]
fn senders_recipients_and_messages() {
    let trust = Trust::new();
    let check = |acts: &[Act], outcome: Outcome, step, words: &str| {
        let script = trust.logged_in(acts.to_vec());
        check(&trust, mail, script, &outcome, step, words);
    };
    let sender = |reply: &str| vec![Hear("MAIL FROM:"), say(reply)];
    let recipient = |reply: &str| [sender("250 ok"), vec![Hear("RCPT TO:"), say(reply)]].concat();
    let data = |reply: &str| [recipient("250 ok"), vec![Hear("DATA"), say(reply)]].concat();
    let text = |reply: &str| [data("354 go on"), vec![Text, say(reply)]].concat();
    check(
        &sender("553 5.7.1 not owned by user apim"),
        Outcome::Refused,
        MailStep::Sender,
        "the sender apim@acme.example is refused: \"553 5.7.1 not owned by user apim\"",
    );
    check(
        &recipient("550 5.1.1 no such user"),
        Outcome::Refused,
        MailStep::Recipient,
        "the recipient ops@operator.example is refused: \"550 5.1.1 no such user\"",
    );
    check(
        &recipient("554 5.7.1 Relay access denied"),
        Outcome::Refused,
        MailStep::Recipient,
        "the server does not relay to the foreign recipient ops@operator.example: \"554 5.7.1 Relay access denied\"",
    );
    check(
        &recipient("450 4.2.0 greylisted"),
        Outcome::Broken,
        MailStep::Recipient,
        "put off at RCPT TO: \"450 4.2.0 greylisted\"",
    );
    check(
        &data("554 5.5.1 no valid recipients"),
        Outcome::Refused,
        MailStep::Message,
        "the message is refused: \"554 5.5.1 no valid recipients\"",
    );
    check(
        &text("554 Message rejected: Email address is not verified"),
        Outcome::Refused,
        MailStep::Message,
        "the message is refused: \"554 Message rejected: Email address is not verified\"",
    );
    check(
        &text("452 4.3.1 disk full"),
        Outcome::Broken,
        MailStep::Message,
        "put off at DATA: \"452 4.3.1 disk full\"",
    );
    check(
        &[data("354 go on"), vec![Text]].concat(),
        Outcome::Broken,
        MailStep::Message,
        "the server broke off at DATA: it closed the connection",
    );
}

#[test]
fn without_a_login() {
    let trust = Trust::new();
    let check = |script, outcome: Outcome, step, words: &str| {
        check(&trust, relay, script, &outcome, step, words);
    };
    check(
        trust.secure(vec![
            Hear("MAIL FROM:"),
            say("530 5.7.0 Authentication required"),
        ]),
        Outcome::Refused,
        MailStep::Sender,
        "the server takes no mail without a login: \"530 5.7.0 Authentication required\"",
    );
    check(
        trust.secure(vec![
            Hear("MAIL FROM:"),
            say("250 ok"),
            Hear("RCPT TO:"),
            say("454 4.7.1 <ops@operator.example>: Relay access denied"),
        ]),
        Outcome::Refused,
        MailStep::Recipient,
        "the server does not relay to the foreign recipient ops@operator.example: \"454 4.7.1 <ops@operator.example>: Relay access denied\"",
    );
    let hello = vec![say("220 hi"), Hear("EHLO"), say("250 hi")];
    check(
        clear(
            [
                hello.clone(),
                vec![
                    Hear("MAIL FROM:"),
                    say("530 5.7.0 Must issue a STARTTLS command first"),
                ],
            ]
            .concat(),
        ),
        Outcome::Refused,
        MailStep::Sender,
        "the server takes no mail without TLS: \"530 5.7.0 Must issue a STARTTLS command first\"",
    );
    let open = [
        hello,
        vec![
            Hear("MAIL FROM:"),
            say("250 ok"),
            Hear("RCPT TO:"),
            say("250 ok"),
            Hear("QUIT"),
        ],
    ]
    .concat();
    let answer = answer(relay, clear(open), trust.means(AMPLE));
    assert_eq!(
        answer.outcome,
        Outcome::Works { addresses: None },
        "{answer:?}"
    );
    assert!(answer.detail.ends_with(
        "the server takes mail for this recipient from a client that has not logged in"
    ));
}

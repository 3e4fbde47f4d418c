//! Logging in as clients do it, the well-behaved ones and the others.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::fixture::{HOST, Trust, exchange, loopback, run};

const USER: &str = "apim";
const PASSWORD: &str = "generated-password";
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

fn server(trust: Option<&Trust>) -> (SocketAddr, JoinSet<()>) {
    let credential = Credential {
        user: USER.to_owned(),
        password: Secret::new(PASSWORD),
    };
    let databases = ["am_db".to_owned(), "shared_db".to_owned()];
    let database = Database::new(&databases, &credential, trust.map(Trust::acceptor));
    let (listener, address) = loopback();
    (address, run(serve(listener, Arc::new(database))))
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("connected")
}

async fn secure(address: SocketAddr, trust: &Trust) -> TlsStream<TcpStream> {
    let mut stream = connect(address).await;
    stream.write_all(&SSL_REQUEST).await.expect("sent");
    assert_eq!(stream.read_u8().await.expect("an answer"), b'S');
    trust.connect(HOST, stream).await.expect("trusted")
}

fn startup(version: u32, pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    for (name, value) in pairs {
        body.extend(wire::terminated(name));
        body.extend(wire::terminated(value));
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).expect("short");
    [&length.to_be_bytes()[..], &body].concat()
}

const VERSION: u32 = 3 << 16;

/// A client that knows SCRAM.
struct Client<S> {
    stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn hear(&mut self) -> (u8, Vec<u8>) {
        let kind = self.stream.read_u8().await.expect("a message");
        let length = self.stream.read_u32().await.expect("a length");
        let mut body = vec![0; usize::try_from(length - 4).expect("short")];
        self.stream.read_exact(&mut body).await.expect("a body");
        (kind, body)
    }

    async fn say(&mut self, kind: u8, body: &[u8]) {
        let length = u32::try_from(body.len() + 4).expect("short");
        let message = [&[kind][..], &length.to_be_bytes(), body].concat();
        self.stream.write_all(&message).await.expect("sent");
        self.stream.flush().await.expect("sent");
    }

    async fn start(&mut self, user: &str, database: &str) {
        let message = startup(VERSION, &[("user", user), ("database", database)]);
        self.stream.write_all(&message).await.expect("sent");
    }

    /// The text of an authentication message of a kind.
    async fn authentication(&mut self, wanted: u8) -> String {
        let (kind, body) = self.hear().await;
        assert_eq!(
            (kind, &body[..4]),
            (b'R', &[0, 0, 0, wanted][..]),
            "{body:?}"
        );
        String::from_utf8(body[4..].to_vec()).expect("text")
    }

    async fn initial(&mut self, text: &str) {
        let length = u32::try_from(text.len()).expect("short").to_be_bytes();
        let message = [b"SCRAM-SHA-256\0", &length[..], text.as_bytes()].concat();
        self.say(b'p', &message).await;
    }

    /// Goes through the exchange up to the server's verdict, which the caller hears.
    async fn prove(&mut self, password: &str) {
        let offered = self.authentication(10).await;
        assert_eq!(offered, "SCRAM-SHA-256\0\0");
        self.initial("n,,n=,r=client").await;
        let challenge = self.authentication(11).await;
        let nonce = challenge.split(',').next().expect("a nonce").to_owned();
        let unproven = format!("c=biws,{nonce}");
        let exchange = format!("n=,r=client,{challenge},{unproven}");
        let proof = STANDARD.encode(proof(password, &challenge, &exchange));
        self.say(b'p', format!("{unproven},p={proof}").as_bytes())
            .await;
    }

    /// Wants an error, and the end of the connection. Gives its SQLSTATE.
    async fn refusal(mut self) -> String {
        let (kind, body) = self.hear().await;
        assert_eq!(kind, b'E');
        let fields = body.split(|&byte| byte == 0);
        let state = fields.filter_map(|field| field.strip_prefix(b"C")).next();
        let mut rest = Vec::new();
        // A reset is an end too.
        let _ = self.stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
        String::from_utf8(state.expect("a code").to_vec()).expect("text")
    }

    /// Hears messages until the server is ready: their kinds, and the rows' text.
    async fn ready(&mut self) -> (String, String) {
        let (mut kinds, mut rows) = (String::new(), String::new());
        loop {
            let (kind, body) = self.hear().await;
            kinds.push(char::from(kind));
            match kind {
                b'D' => rows.push_str(&String::from_utf8_lossy(&body[6..])),
                b'Z' => return (kinds, rows),
                _ => {}
            }
        }
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
        .as_ref()
        .to_vec()
}

fn proof(password: &str, challenge: &str, exchange: &str) -> Vec<u8> {
    let salt = challenge.split(",s=").nth(1).expect("a salt");
    let salt = salt.split(',').next().expect("a salt");
    let salt = STANDARD.decode(salt).expect("base64");
    let mut salted = [0; 32];
    let iterations = NonZeroU32::new(4_096).expect("not zero");
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(
        algorithm,
        iterations,
        &salt,
        password.as_bytes(),
        &mut salted,
    );
    let key = mac(&salted, b"Client Key");
    let stored = digest::digest(&digest::SHA256, &key);
    let signature = mac(stored.as_ref(), exchange.as_bytes());
    key.iter()
        .zip(signature)
        .map(|(key, mask)| key ^ mask)
        .collect()
}

#[tokio::test]
async fn the_products_user_logs_in_and_asks() {
    let trust = Trust::new();
    let (address, _server) = server(Some(&trust));
    let mut client = Client {
        stream: secure(address, &trust).await,
    };
    client.start(USER, "am_db").await;
    client.prove(PASSWORD).await;
    assert!(client.authentication(12).await.starts_with("v="));
    assert_eq!(client.authentication(0).await, "");
    let (kinds, _) = client.ready().await;
    assert_eq!(kinds, "SSSSSSSKZ");
    let mut check = async |query: &str, kinds: &str, row: &str| {
        client.say(b'Q', &wire::terminated(query)).await;
        let heard = client.ready().await;
        assert_eq!(
            (heard.0.as_str(), heard.1.as_str()),
            (kinds, row),
            "{query}"
        );
    };
    check("SELECT 1", "TDCZ", "1").await;
    check("  select\n1 ; ", "TDCZ", "1").await;
    check("SELECT current_database()", "TDCZ", "am_db").await;
    check("select version();", "TDCZ", NAME).await;
    check("", "IZ", "").await;
    check(";", "IZ", "").await;
    check("SELECT 2", "EZ", "").await;
    check("DROP TABLE am_user", "EZ", "").await;
    check("SELECT 1; SELECT 1", "EZ", "").await;
    // The extended protocol: one error, then silence until the client synchronises.
    client.say(b'P', b"\0SELECT 1\0\0\0").await;
    client.say(b'B', b"\0\0").await;
    client.say(b'E', b"\0").await;
    client.say(b'S', b"").await;
    assert_eq!(client.ready().await.0, "EZ");
    client.say(b'X', b"").await;
    assert_eq!(exchange(client.stream, b"").await, "");
}

#[tokio::test]
async fn each_wrong_thing_has_postgresqls_own_code() {
    let trust = Trust::new();
    let (address, _server) = server(Some(&trust));
    let check = async |user: &str, password: &str, database: &str, state: &str| {
        let mut client = Client {
            stream: secure(address, &trust).await,
        };
        client.start(user, database).await;
        client.prove(password).await;
        if state == "3D000" {
            client.authentication(12).await;
        }
        assert_eq!(
            client.refusal().await,
            state,
            "{user} {password} {database}"
        );
    };
    check(USER, "postgres", "am_db", "28P01").await;
    check(USER, "", "am_db", "28P01").await;
    check(USER, "postgres", "missing", "28P01").await;
    check(USER, PASSWORD, "missing", "3D000").await;
    check(USER, PASSWORD, "AM_DB", "3D000").await;
    check(USER, PASSWORD, "", "3D000").await;
}

#[tokio::test]
async fn an_unknown_user_does_not_learn_that_the_password_is_right() {
    let trust = Trust::new();
    let (address, _server) = server(Some(&trust));
    let check = async |password: &str| {
        let mut client = Client {
            stream: secure(address, &trust).await,
        };
        client.start("postgres", "am_db").await;
        client.prove(password).await;
        assert_eq!(client.refusal().await, "28P01");
    };
    check("postgres").await;
    check(PASSWORD).await;
}

#[tokio::test]
async fn with_a_certificate_nobody_logs_in_in_clear() {
    let trust = Trust::new();
    let (address, _server) = server(Some(&trust));
    let mut client = Client {
        stream: connect(address).await,
    };
    client.start(USER, "am_db").await;
    assert_eq!(client.refusal().await, "28000");
}

#[tokio::test]
async fn without_a_certificate_the_password_still_does_not_travel() {
    let (address, _server) = server(None);
    let mut stream = connect(address).await;
    stream.write_all(&SSL_REQUEST).await.expect("sent");
    assert_eq!(stream.read_u8().await.expect("an answer"), b'N');
    let mut client = Client { stream };
    client.start(USER, "shared_db").await;
    client.prove(PASSWORD).await;
    client.authentication(12).await;
    client.authentication(0).await;
    assert_eq!(client.ready().await.0, "SSSSSSSKZ");
}

#[tokio::test]
async fn a_newer_client_is_told_what_is_spoken() {
    let (address, _server) = server(None);
    let mut client = Client {
        stream: connect(address).await,
    };
    let pairs = [("user", USER), ("database", "am_db"), ("_pq_.new", "1")];
    let message = startup(VERSION + 2, &pairs);
    client.stream.write_all(&message).await.expect("sent");
    let (kind, body) = client.hear().await;
    assert_eq!(
        (kind, &body[..]),
        (b'v', &b"\0\0\0\0\0\0\0\x01_pq_.new\0"[..])
    );
    client.prove(PASSWORD).await;
    client.authentication(12).await;
}

#[tokio::test]
async fn a_malformed_exchange_is_a_violation() {
    let (address, _server) = server(None);
    let check = async |initial: &str, last: Option<&str>| {
        let mut client = Client {
            stream: connect(address).await,
        };
        client.start(USER, "am_db").await;
        client.authentication(10).await;
        client.initial(initial).await;
        if let Some(last) = last {
            client.authentication(11).await;
            client.say(b'p', last.as_bytes()).await;
        }
        assert_eq!(client.refusal().await, "08P01", "{initial} {last:?}");
    };
    check("", None).await;
    check("n,,n=", None).await;
    check("n,,n=,r=", None).await;
    check("p=tls-server-end-point,,n=,r=client", None).await;
    check("é,n=,r=client", None).await;
    check("n,,n=,r=client", Some("")).await;
    check("n,,n=,r=client", Some("c=biws,r=client,p=AAAA")).await;
    check("n,,n=,r=client", Some("c=biws,r=other,p=AAAA")).await;
    check("n,,n=,r=client", Some("c=eSws,r=client,p=!")).await;
}

#[tokio::test]
async fn hostile_clients_are_let_go() {
    let (address, _server) = server(None);
    let check = async |sent: &[u8], heard: &str| {
        let mut stream = connect(address).await;
        stream.write_all(sent).await.expect("sent");
        stream.shutdown().await.expect("half closed");
        assert_eq!(exchange(stream, b"").await, heard, "{sent:?}");
    };
    let gss = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];
    let cancel = [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2];
    check(b"", "").await;
    check(&[0, 0], "").await;
    check(&[0, 0, 0, 0], "").await;
    check(&[0, 0, 0, 4], "").await;
    check(&[0xff; 64], "").await;
    check(b"GET / HTTP/1.1\r\n\r\n", "").await;
    check(&startup(2 << 16, &[("user", USER)]), "").await;
    check(&startup(VERSION, &[]), "").await;
    check(&startup(VERSION, &[("database", "am_db")]), "").await;
    check(&cancel, "").await;
    check(&gss, "N").await;
    check(&SSL_REQUEST.repeat(9), "NNN").await;
    check(&[&gss[..], &SSL_REQUEST, &[0, 0, 0, 5, 1]].concat(), "NN").await;
}

//! Submission as clients meet it, the well-behaved ones and the others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Secret;
use proptest::prelude::*;
use smtp_proto::request::receiver::DataReceiver;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::task::JoinSet;

use super::*;
use crate::fixture::{HOST, Trust, exchange, loopback, run};

const USER: &str = "mailer";
const PASSWORD: &str = "generated";

/// A running server, its mailbox, and what is needed to reach it.
struct Server {
    trust: Trust,
    address: SocketAddr,
    mailbox: Arc<Mailbox>,
    folder: TempDir,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        let trust = Trust::new();
        let folder = TempDir::new().expect("a folder");
        let mailbox = Mailbox::open(folder.path()).await.expect("a mailbox");
        let mailbox = Arc::new(mailbox);
        let (listener, address) = loopback();
        let submission = Submission {
            host: HOST.to_owned(),
            credential: Credential {
                user: USER.to_owned(),
                password: Secret::new(PASSWORD),
            },
            tls: trust.acceptor(),
            mailbox: Arc::clone(&mailbox),
        };
        Self {
            trust,
            address,
            mailbox,
            folder,
            _tasks: run(serve(listener, Arc::new(submission))),
        }
    }

    async fn clear(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(self.address).await.expect("connected");
        let mut client = Client::new(stream);
        client.hear(220).await;
        client
    }

    async fn secure(&self) -> Client<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut client = self.clear().await;
        client.say("EHLO client.example", 250).await;
        client.say("STARTTLS", 220).await;
        let stream = client.stream.into_inner();
        let stream = self.trust.connect(HOST, stream).await.expect("trusted");
        let mut client = Client::new(stream);
        client.say("EHLO client.example", 250).await;
        client
    }

    async fn logged_in(&self) -> Client<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut client = self.secure().await;
        client.say(&plain(USER, PASSWORD), 235).await;
        client
    }

    fn kept(&self) -> usize {
        let files = std::fs::read_dir(self.folder.path().join("mail/new"));
        files.expect("a folder").count()
    }
}

fn plain(user: &str, password: &str) -> String {
    format!(
        "AUTH PLAIN {}",
        STANDARD.encode(format!("\0{user}\0{password}"))
    )
}

struct Client<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    fn new(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends a line, and wants a reply of this code. Gives the reply's text.
    async fn say(&mut self, line: &str, code: u16) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.hear(code).await
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("sent");
        self.stream.flush().await.expect("sent");
    }

    async fn hear(&mut self, code: u16) -> String {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await.expect("a reply");
            assert!(
                line.starts_with(&code.to_string()),
                "{code} wanted: {line:?} after {text:?}"
            );
            text.push_str(&line);
            if line.as_bytes().get(3) == Some(&b' ') {
                return text;
            }
        }
    }

    /// Wants the server to close.
    async fn end(&mut self) {
        let mut rest = Vec::new();
        // A reset is an end too.
        let _ = self.stream.read_to_end(&mut rest).await;
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }
}

#[tokio::test]
async fn a_mail_is_kept_before_it_is_accepted_and_found_by_what_is_in_it() {
    let server = Server::start().await;
    let mut client = server.logged_in().await;
    client
        .say("MAIL FROM:<reeve@acme.example> SIZE=100", 250)
        .await;
    client.say("RCPT TO:<ops@acme.example>", 250).await;
    client.say("RCPT TO:<second@acme.example>", 250).await;
    client.say("DATA", 354).await;
    client
        .send(b"Subject: token-in-header\r\n\r\n..stuffed\r\n. not the end\r\n.\r\n")
        .await;
    client.hear(250).await;
    let check = async |token: &str, found: bool| {
        let mail = server.mailbox.find(token).await.expect("readable");
        assert_eq!(mail.is_some(), found, "{token}");
        mail
    };
    check("\n. not the end", false).await;
    check("not there", false).await;
    check("", false).await;
    check(&"x".repeat(2_000), false).await;
    check("\n.stuffed\r\n not the end\r\n", true).await;
    let mail = check("token-in-header", true).await.expect("found");
    assert_eq!(mail.sender, "reeve@acme.example");
    assert_eq!(mail.recipients, ["ops@acme.example", "second@acme.example"]);
    assert_eq!(mail.user, USER);
    assert!(mail.path.starts_with(server.folder.path().join("mail/new")));
    let text = std::fs::read_to_string(&mail.path).expect("readable");
    assert_eq!(text.len(), mail.bytes);
    assert!(
        text.contains("Received: from client.example ([127.0.0.1])"),
        "{text}"
    );

    // The connection takes another, and an empty one; the newest is found first.
    client.say("MAIL FROM:<>", 250).await;
    client.say("RCPT TO:<ops@acme.example>", 250).await;
    client.say("DATA", 354).await;
    client.send(b".\r\n").await;
    client.hear(250).await;
    client.say("QUIT", 221).await;
    client.end().await;
    let newest = check("ops@acme.example", true).await.expect("found");
    assert_eq!(newest.sender, "");
    assert_eq!(server.kept(), 2);
}

#[tokio::test]
async fn commands_pipelined_are_answered_in_order() {
    let server = Server::start().await;
    let mut client = server.logged_in().await;
    client
        .send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        .await;
    for code in [250, 250, 354] {
        client.hear(code).await;
    }
    client.send(b"x\r\n.\r\nNOOP\r\nQUIT\r\n").await;
    for code in [250, 250, 221] {
        client.hear(code).await;
    }
}

#[tokio::test]
async fn nothing_is_taken_in_clear() {
    let server = Server::start().await;
    let mut client = server.clear().await;
    client.say("MAIL FROM:<a@b.example>", 530).await;
    let offered = client.say("EHLO client.example", 250).await;
    assert!(
        offered.contains("STARTTLS") && !offered.contains("AUTH"),
        "{offered}"
    );
    client.say(&plain(USER, PASSWORD), 538).await;
    client.say("AUTH LOGIN", 538).await;
    client.say("MAIL FROM:<a@b.example>", 530).await;
    client.say("RCPT TO:<a@b.example>", 503).await;
    client.say("DATA", 503).await;
    client.say("QUIT", 221).await;
    client.end().await;
}

#[tokio::test]
async fn only_the_right_credential_logs_in() {
    let server = Server::start().await;
    let coded = |text: &str| STANDARD.encode(text);
    let mut client = server.secure().await;
    client.say("MAIL FROM:<a@b.example>", 530).await;
    client.say("STARTTLS", 503).await;
    client.say("AUTH CRAM-MD5", 504).await;
    client.say("AUTH PLAIN !!!!", 501).await;
    client.say("AUTH LOGIN", 334).await;
    client.say("*", 501).await;
    client.say(&plain(USER, "admin"), 535).await;
    client.say("AUTH PLAIN", 334).await;
    client
        .say(&coded(&format!("\0other\0{PASSWORD}")), 535)
        .await;
    let prompt = client.say("AUTH LOGIN", 334).await;
    assert_eq!(prompt.trim(), format!("334 {}", coded("Username:")));
    client.say(&coded(USER), 334).await;
    // The third wrong password ends the connection.
    client.say(&coded("wrong"), 421).await;
    client.end().await;

    let mut client = server.secure().await;
    client
        .say(&format!("AUTH LOGIN {}", coded(USER)), 334)
        .await;
    client.say(&coded(PASSWORD), 235).await;
    client.say(&plain(USER, PASSWORD), 503).await;

    let mut client = server.secure().await;
    client.say("AUTH PLAIN", 334).await;
    client
        .say(&coded(&format!("\0{USER}\0{PASSWORD}")), 235)
        .await;
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let server = Server::start().await;
    let mut client = server.logged_in().await;
    client.say("RCPT TO:<a@b.example>", 503).await;
    client.say("DATA", 503).await;
    client
        .say("MAIL FROM:<a@b.example> SIZE=99999999", 552)
        .await;
    client.say("MAIL FROM:<a@b.example>", 250).await;
    client.say("MAIL FROM:<a@b.example>", 503).await;
    client.say("DATA", 503).await;
    client.say("RCPT TO:<a@b.example>", 250).await;
    client.say("RSET", 250).await;
    client.say("DATA", 503).await;
    client.say("BDAT 10 LAST", 502).await;
    client.say("WHAT", 500).await;
    client.say("MAIL", 501).await;
    // The tenth mistake ends the connection.
    client.say("MAIL FROM:nobody", 421).await;
    client.end().await;
    assert_eq!(server.kept(), 0);
}

#[tokio::test]
async fn recipients_have_a_limit() {
    let server = Server::start().await;
    let mut client = server.logged_in().await;
    client.say("MAIL FROM:<a@b.example>", 250).await;
    for _ in 0..100 {
        client.say("RCPT TO:<a@b.example>", 250).await;
    }
    client.say("RCPT TO:<a@b.example>", 452).await;
}

#[tokio::test]
async fn a_message_has_a_limit_and_the_connection_survives_it() {
    let server = Server::start().await;
    let mut client = server.logged_in().await;
    let line = [vec![b'x'; 998], b"\r\n".to_vec()].concat();
    let check = async |client: &mut Client<_>, lines: usize, code| {
        client.say("MAIL FROM:<a@b.example>", 250).await;
        client.say("RCPT TO:<a@b.example>", 250).await;
        client.say("DATA", 354).await;
        for _ in 0..lines {
            client.send(&line).await;
        }
        client.send(b".\r\n").await;
        client.hear(code).await;
    };
    check(&mut client, 1_048, 250).await;
    check(&mut client, 1_049, 552).await;
    check(&mut client, 2_000, 552).await;
    check(&mut client, 1, 250).await;
    assert_eq!(server.kept(), 2);
}

#[tokio::test]
async fn what_follows_starttls_in_clear_is_not_obeyed() {
    let server = Server::start().await;
    let mut client = server.clear().await;
    client.send(b"STARTTLS\r\nEHLO injected\r\n").await;
    client.hear(220).await;
    client.end().await;
}

#[tokio::test]
async fn hostile_clients_are_let_go() {
    let server = Server::start().await;
    let check = async |sent: &[u8], heard: &str| {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        stream.write_all(sent).await.expect("sent");
        stream.shutdown().await.expect("half closed");
        let said = exchange(stream, b"").await;
        let replies: Vec<_> = said.lines().filter_map(|line| line.get(..3)).collect();
        assert_eq!(replies.join(" "), heard);
    };
    check(b"", "220").await;
    check(b"EHLO half a line", "220").await;
    check(b"\0\xff\xfe\r\n", "220 500").await;
    check(b"\r\n\r\n", "220 500 500").await;
    check(&[b'x'; 2_048], "220 500").await;
    check(
        &b"BOGUS\r\n".repeat(20),
        "220 500 500 500 500 500 500 500 500 500 421",
    )
    .await;
    check(b"STARTTLS\r\n", "220 220").await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_mail_leaves_nothing() {
    let server = Server::start().await;
    let mut client = server.logged_in().await;
    client.say("MAIL FROM:<a@b.example>", 250).await;
    client.say("RCPT TO:<a@b.example>", 250).await;
    client.say("DATA", 354).await;
    client.send(b"half of it\r\n").await;
    client.stream.shutdown().await.expect("closed");
    client.end().await;
    assert_eq!(server.kept(), 0);
}

#[tokio::test]
async fn a_mail_that_cannot_be_kept_is_not_accepted() {
    let server = Server::start().await;
    std::fs::remove_dir_all(server.folder.path().join("mail")).expect("removed");
    let mut client = server.logged_in().await;
    client.say("MAIL FROM:<a@b.example>", 250).await;
    client.say("RCPT TO:<a@b.example>", 250).await;
    client.say("DATA", 354).await;
    client.send(b"x\r\n.\r\n").await;
    client.hear(451).await;
    server
        .mailbox
        .find("x")
        .await
        .expect_err("the folder is gone");
}

proptest! {
    #[test]
    fn no_line_panics_the_session(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..8)) {
        let mut session = Session::new(HOST, true);
        for mut line in lines {
            line.push(b'\n');
            session.step(&line);
        }
    }

    #[test]
    fn no_damaged_command_panics_the_session(which in 0_usize..6, at in 0_usize..40, byte: u8) {
        let commands = [
            "EHLO client.example", "AUTH PLAIN AGEAYg==", "MAIL FROM:<a@b.example> SIZE=1 BODY=8BITMIME",
            "RCPT TO:<a@b.example> NOTIFY=NEVER", "VRFY somebody", "BDAT 10 LAST",
        ];
        let mut line = format!("{}\r\n", commands[which]).into_bytes();
        let at = at % (line.len() - 2);
        line[at] = byte;
        Session::new(HOST, true).step(&line);
    }

    #[test]
    fn a_message_comes_out_as_it_went_in(text in "([a.]{0,3}(\r\n)?){0,12}", cut in 1_usize..7) {
        let text = if text.is_empty() || text.ends_with("\r\n") { text } else { text + "\r\n" };
        let stuffed: String = text
            .split_inclusive("\r\n")
            .map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() })
            .collect();
        let sent = format!("\r\n{stuffed}.\r\n");
        let (mut receiver, mut received) = (DataReceiver::new(), Vec::new());
        let chunks: Vec<_> = sent.as_bytes().chunks(cut).collect();
        for (index, chunk) in chunks.iter().enumerate() {
            let complete = receiver.ingest(&mut chunk.iter(), &mut received);
            prop_assert_eq!(complete, index + 1 == chunks.len());
        }
        prop_assert_eq!(String::from_utf8_lossy(&received), format!("\r\n{text}"));
    }
}

//! Names, records, answers and servers for tests.

use std::net::SocketAddr;
use std::sync::Arc;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

pub(super) fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

pub(super) fn query() -> Message {
    let mut query = Message::new(7, MessageType::Query, OpCode::Query);
    query.add_query(Query::query(name("a.example."), RecordType::A));
    query
}

pub(super) fn answer(code: ResponseCode, records: Vec<Record>) -> Message {
    let mut answer = query();
    answer.metadata.message_type = MessageType::Response;
    answer.metadata.response_code = code;
    answer.add_answers(records);
    answer
}

pub(super) fn address(owner: &str, last: u8) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A::new(10, 0, 0, last)))
}

pub(super) fn alias(owner: &str, to: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(to))))
}

/// What a server does with a question: the bytes that it answers, if any.
pub(super) type Doing = Arc<dyn Fn(&Message) -> Option<Vec<u8>> + Send + Sync>;

/// A server on the loopback, for as long as it lives. Where it does nothing over UDP it reads and is silent; where it
/// does nothing over TCP it does not listen.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(super) async fn start(udp: Option<Doing>, tcp: Option<Doing>) -> Self {
        let mut tasks = JoinSet::new();
        let (datagrams, connections) = ports().await;
        let address = datagrams.local_addr().expect("bound");
        tasks.spawn(async move {
            let mut buffer = [0; 2048];
            loop {
                let (length, client) = datagrams.recv_from(&mut buffer).await.expect("received");
                let question = Message::from_vec(&buffer[..length]).expect("a question");
                if let Some(answer) = udp.as_ref().and_then(|udp| udp(&question)) {
                    datagrams.send_to(&answer, client).await.expect("sent");
                }
            }
        });
        let Some(tcp) = tcp else {
            return Self {
                address,
                _tasks: tasks,
            };
        };
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = connections.accept().await.expect("a client");
                let length = stream.read_u16().await.expect("a length");
                let mut bytes = vec![0; usize::from(length)];
                stream.read_exact(&mut bytes).await.expect("a question");
                let question = Message::from_vec(&bytes).expect("a question");
                if let Some(answer) = tcp(&question) {
                    let length = u16::try_from(answer.len()).expect("no answer is longer");
                    let framed = [&length.to_be_bytes()[..], &answer].concat();
                    // The client may have had enough.
                    let _ = stream.write_all(&framed).await;
                }
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }

    /// A server that has these records, and NXDOMAIN for all other names.
    pub(super) async fn with(records: Vec<Record>) -> Self {
        let doing: Doing = Arc::new(move |question| Some(from(&records, question)));
        Self::start(Some(Arc::clone(&doing)), Some(doing)).await
    }
}

/// A port that is free for both.
async fn ports() -> (UdpSocket, TcpListener) {
    // The other half of a port is seldom taken, and never of many.
    for _ in 0..64 {
        let datagrams = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
        let address = datagrams.local_addr().expect("bound");
        if let Ok(connections) = TcpListener::bind(address).await {
            return (datagrams, connections);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

fn from(records: &[Record], question: &Message) -> Vec<u8> {
    let query = question.queries.first().expect("a question");
    let of_name: Vec<&Record> = records
        .iter()
        .filter(|record| record.name == *query.name())
        .collect();
    let fitting = |record: &&&Record| {
        let kind = record.record_type();
        kind == query.query_type() || kind == RecordType::CNAME
    };
    let found: Vec<Record> = of_name
        .iter()
        .filter(fitting)
        .map(|record| (**record).clone())
        .collect();
    let code = if of_name.is_empty() {
        ResponseCode::NXDomain
    } else {
        ResponseCode::NoError
    };
    reply(question, code, found)
}

/// An answer to a question, as bytes.
pub(super) fn reply(question: &Message, code: ResponseCode, records: Vec<Record>) -> Vec<u8> {
    let mut answer = question.clone();
    answer.metadata.message_type = MessageType::Response;
    answer.metadata.response_code = code;
    answer.add_answers(records);
    answer.to_vec().expect("it can be written")
}

/// An answer that is cut off.
pub(super) fn cut_off(question: &Message) -> Vec<u8> {
    let mut answer = question.clone();
    answer.metadata.message_type = MessageType::Response;
    answer.metadata.truncation = true;
    answer.to_vec().expect("it can be written")
}

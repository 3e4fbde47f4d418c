//! Asking another server: with a fresh socket and identifier for each question, and trusting only its own answer.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::Name;
use hickory_proto::rr::rdata::opt::EdnsOption;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::resolver::HOPS;
use super::{LARGEST_DATAGRAM, read_message, write_message};

/// Time for one server: two tries of it fit into the five seconds that a stub resolver waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// Servers of one zone that are asked, in turn.
const SERVERS: usize = 4;

/// Datagrams looked at while waiting for one answer: whoever sends more of the wrong ones is guessing identifiers.
const DATAGRAMS: usize = 16;

/// Bytes of an answer over TCP: the most that its length can say.
const ANSWER: usize = 65_535;

/// A zone whose questions are passed on, and to whom.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) zone: Name,
    pub(super) servers: Vec<SocketAddr>,
}

impl Upstream {
    /// Asks the servers in turn; the first that knows, or knows that there is nothing, is believed.
    pub(super) async fn ask(&self, query: &Query, hops: u8) -> Option<Message> {
        for &server in self.servers.iter().take(SERVERS) {
            if let Ok(Some(answer)) = timeout(PATIENCE, exchange(server, query, hops)).await {
                return Some(answer);
            }
        }
        None
    }
}

/// Asks one server over UDP, and over TCP where the answer was cut off.
async fn exchange(server: SocketAddr, query: &Query, hops: u8) -> Option<Message> {
    let question = question(query, hops);
    let answer = over_udp(server, &question).await?;
    let answer = if answer.metadata.truncation {
        over_tcp(server, &question).await?
    } else {
        answer
    };
    let code = answer.metadata.response_code;
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain).then_some(answer)
}

fn question(query: &Query, hops: u8) -> Message {
    let mut question = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    question.add_query(query.clone());
    let mut edns = Edns::new();
    edns.set_max_payload(LARGEST_DATAGRAM);
    let count = EdnsOption::Unknown(HOPS, vec![hops]);
    edns.options_mut().insert(count);
    question.set_edns(edns);
    question
}

async fn over_udp(server: SocketAddr, question: &Message) -> Option<Message> {
    // The kernel draws the port at random, and connecting lets only the server's own datagrams in.
    let here: SocketAddr = if server.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(here).await.ok()?;
    socket.connect(server).await.ok()?;
    socket.send(&question.to_vec().ok()?).await.ok()?;
    let mut buffer = vec![0; usize::from(LARGEST_DATAGRAM)];
    for _ in 0..DATAGRAMS {
        let length = socket.recv(&mut buffer).await.ok()?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if let Some(answer) = own(bytes, question) {
            return Some(answer);
        }
    }
    None
}

async fn over_tcp(server: SocketAddr, question: &Message) -> Option<Message> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    write_message(&mut stream, question).await?;
    own(&read_message(&mut stream, ANSWER).await?, question)
}

/// The answer in some bytes, if it is the one to this question: identifier, question and direction agree.
fn own(bytes: &[u8], question: &Message) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let fits = answer.metadata.message_type == MessageType::Response
        && answer.metadata.id == question.metadata.id
        && answer.queries == question.queries;
    fits.then_some(answer)
}

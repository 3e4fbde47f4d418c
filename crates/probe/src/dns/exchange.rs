//! One question and its answer: over UDP, and over TCP where an answer does not fit or none comes (RFC 1035, RFC 7766).

use std::net::SocketAddr;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout_at;

use crate::answer::Outcome;
use crate::ask::Miss;
use crate::connect;
use crate::datagram::{self, Loss};
use crate::fault::{Fault, NameFault, TcpTry};
use crate::line::Line;

/// Asks a server; the answer may be an error code of its.
pub(super) async fn ask(
    line: &Line,
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
) -> Result<Message, Miss> {
    let mut query = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(name.clone(), kind));
    let request = query
        .to_vec()
        .map_err(|error| Miss::unknown(format!("the question cannot be written: {error}")))?;
    // The other half is for TCP.
    let half = line.part(2);
    let heard = datagram::exchange(&half, server, &request, |bytes| read(bytes, &query)).await;
    match heard {
        Ok(received) => {
            line.reach();
            let answer = received.answer;
            if !answer.metadata.truncation {
                return Ok(answer);
            }
            over_tcp(line, server, &request, &query)
                .await
                .map_err(|(_, tcp)| miss(line, NameFault::CutOff { tcp }))
        }
        Err(Loss::Silent) => Err(after_silence(line, server, &request, &query).await),
        Err(Loss::Closed) => Err(miss(line, NameFault::NothingListens)),
        Err(Loss::Rejected { by, why }) => Err(miss(line, NameFault::Rejected { by, why })),
        Err(Loss::Strays(count)) => Err(miss(line, NameFault::Strays(count))),
        Err(loss @ Loss::Unsent(_)) => Err(loss.miss(line)),
    }
}

/// What it means that UDP is silent: TCP says more.
async fn after_silence(line: &Line, server: SocketAddr, request: &[u8], query: &Message) -> Miss {
    // A part of what is left, so that there is time to say how it ended.
    let rest = line.part(2);
    match over_tcp(&rest, server, request, query).await {
        Ok(_) => miss(line, NameFault::OnlyTcp),
        Err((_, tcp)) => miss(line, NameFault::Silent { tcp }),
    }
}

/// The miss that a fault is.
pub(super) fn miss(line: &Line, fault: NameFault) -> Miss {
    let outcome = match &fault {
        NameFault::NoSuchName | NameFault::Refused | NameFault::DanglingAlias { .. } => {
            Outcome::Refused
        }
        NameFault::ServerFailure
        | NameFault::Code(_)
        | NameFault::AliasLoop(_)
        | NameFault::OnlyTcp
        | NameFault::CutOff { .. }
        | NameFault::Strays(_)
        | NameFault::Silent {
            tcp: TcpTry::Unanswered,
        } => Outcome::Broken,
        NameFault::NothingListens
        | NameFault::Silent {
            tcp: TcpTry::Closed,
        } => Outcome::Closed,
        NameFault::Rejected { .. } => Outcome::NoWay,
        NameFault::Silent {
            tcp: TcpTry::Lost | TcpTry::Untried,
        } => line.nothing_more().outcome,
    };
    Miss::new(outcome, fault.to_string()).because(Fault::Name(fault))
}

async fn over_tcp(
    line: &Line,
    server: SocketAddr,
    request: &[u8],
    query: &Message,
) -> Result<Message, (Miss, TcpTry)> {
    let mut stream = connect::open(line, server).await.map_err(|miss| {
        let tcp = match miss.outcome {
            Outcome::NoWay | Outcome::Silent => TcpTry::Lost,
            Outcome::Closed => TcpTry::Closed,
            _ => TcpTry::Untried,
        };
        (miss, tcp)
    })?;
    let spoken = async {
        let length = u16::try_from(request.len()).map_err(std::io::Error::other)?;
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend(request);
        stream.write_all(&framed).await?;
        // Two bytes say how long it is: 64 KiB is as much as ever comes.
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let unanswered = |said: String| (Miss::broken(said), TcpTry::Unanswered);
    let bytes = timeout_at(line.end, spoken)
        .await
        .map_err(|_| unanswered("no answer in time".to_owned()))?
        .map_err(|error| unanswered(error.to_string()))?;
    read(&bytes, query).ok_or_else(|| unanswered("what came is no answer".to_owned()))
}

/// The message, if it answers this question: its number, its kind and the question repeated in it.
fn read(bytes: &[u8], query: &Message) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let same = answer.metadata.id == query.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.metadata.op_code == OpCode::Query
        && answer.queries == query.queries;
    // A server that does not even parse a question may leave it out of its refusal.
    let refusal = answer.metadata.id == query.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries.is_empty()
        && answer.metadata.response_code != ResponseCode::NoError;
    (same || refusal).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{address, answer, name, query};
    use super::*;

    #[test]
    fn only_this_questions_answer_is_read() {
        let check = |why: &str, answer: &Message, wanted: bool| {
            let bytes = answer.to_vec().expect("it can be written");
            assert_eq!(read(&bytes, &query()).is_some(), wanted, "{why}");
        };
        let good = answer(ResponseCode::NoError, vec![address("a.example.", 1)]);
        check("the answer", &good, true);
        let mut bare = answer(ResponseCode::FormErr, vec![]);
        bare.queries.clear();
        check("a refusal without the question", &bare, true);
        bare.metadata.response_code = ResponseCode::NoError;
        check("an answer without the question", &bare, false);
        let mut other = good.clone();
        other.metadata.id = 8;
        check("another number", &other, false);
        let mut other = good.clone();
        other.metadata.message_type = MessageType::Query;
        check("a question", &other, false);
        let mut other = good.clone();
        other.queries = vec![Query::query(name("b.example."), RecordType::A)];
        check("another question's answer", &other, false);
        for garbage in [&b""[..], b"\x00\x07", &[0xff; 600]] {
            assert!(read(garbage, &query()).is_none(), "{garbage:?}");
        }
    }

    #[test]
    fn a_compression_loop_is_no_answer() {
        // Number 7, a response, one question: the question's name points at itself, and so on.
        let mut bytes = vec![0, 7, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0];
        bytes.extend([0xc0, 12, 0, 1, 0, 1]);
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1]);
        assert!(read(&bytes, &query()).is_none());
        // Two that point at each other.
        let mut bytes = vec![0, 7, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend([0xc0, 14, 0xc0, 12, 0, 1, 0, 1]);
        assert!(read(&bytes, &query()).is_none());
    }
}

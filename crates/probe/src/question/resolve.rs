//! Names: A and AAAA over UDP, and over TCP where an answer does not fit (RFC 1035, RFC 7766).

use std::collections::BTreeSet;
use std::net::IpAddr;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::ask::{Heard, Miss, Vantage, at};
use crate::{connect, datagram};

const PORT: u16 = 53;
/// Aliases followed within one answer; resolvers give up at about as many.
const ALIASES: usize = 16;

/// Asks for both families; what the server has is the sum of the two answers.
pub(crate) async fn resolve(
    vantage: &Vantage<'_>,
    server: IpAddr,
    name: &str,
) -> Result<Heard, Miss> {
    let mut name = Name::from_ascii(name)
        .map_err(|error| Miss::unknown(format!("`{name}` cannot be a name: {error}")))?;
    name.set_fqdn(true);
    let mut addresses = BTreeSet::new();
    for kind in [RecordType::A, RecordType::AAAA] {
        let answer = question(vantage, server, &name, kind).await?;
        addresses.extend(judge(&answer, &name, kind)?);
    }
    let addresses: Vec<IpAddr> = addresses.into_iter().collect();
    let said = if addresses.is_empty() {
        "the name is there and has no address".to_owned()
    } else {
        let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        texts.join(", ")
    };
    Ok(Heard {
        addresses: Some(addresses),
        ..Heard::new(said)
    })
}

async fn question(
    vantage: &Vantage<'_>,
    server: IpAddr,
    name: &Name,
    kind: RecordType,
) -> Result<Message, Miss> {
    let mut query = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(name.clone(), kind));
    let request = query
        .to_vec()
        .map_err(|error| Miss::unknown(format!("the question cannot be written: {error}")))?;
    let target = at(server, PORT);
    let answer = datagram::exchange(vantage, target, &request, |bytes| read(bytes, &query)).await?;
    vantage.reach();
    if !answer.metadata.truncation {
        return Ok(answer);
    }
    let bytes = over_tcp(vantage, server, &request).await?;
    read(&bytes, &query).ok_or_else(|| Miss::broken("what came over TCP is no answer"))
}

async fn over_tcp(vantage: &Vantage<'_>, server: IpAddr, request: &[u8]) -> Result<Vec<u8>, Miss> {
    let failed = |error: std::io::Error| Miss::broke("ask over TCP", &error);
    let mut stream = connect::open(vantage, at(server, PORT)).await?;
    let length = u16::try_from(request.len())
        .map_err(|_| Miss::unknown("the question is too long for DNS"))?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend(request);
    stream.write_all(&framed).await.map_err(failed)?;
    let length = stream.read_u16().await.map_err(failed)?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.map_err(failed)?;
    Ok(answer)
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

/// The addresses in an answer, through the aliases in it.
fn judge(answer: &Message, name: &Name, kind: RecordType) -> Result<Vec<IpAddr>, Miss> {
    match answer.metadata.response_code {
        ResponseCode::NoError => {}
        code @ (ResponseCode::Refused | ResponseCode::NXDomain) => {
            return Err(Miss::refused(format!("{kind}: {code}")));
        }
        code => return Err(Miss::broken(format!("{kind}: {code}"))),
    }
    let mut owner = name.clone();
    for _ in 0..ALIASES {
        let alias = answer
            .answers
            .iter()
            .filter(|record| record.name == owner)
            .find_map(|record| match &record.data {
                RData::CNAME(alias) => Some(alias.0.clone()),
                _ => None,
            });
        match alias {
            Some(next) => owner = next,
            None => {
                return Ok(answer
                    .answers
                    .iter()
                    .filter(|record| record.name == owner)
                    .filter_map(|record| match (&record.data, kind) {
                        (RData::A(address), RecordType::A) => Some(IpAddr::V4(address.0)),
                        (RData::AAAA(address), RecordType::AAAA) => Some(IpAddr::V6(address.0)),
                        _ => None,
                    })
                    .collect());
            }
        }
    }
    Err(Miss::broken(format!(
        "{kind}: the answer follows more than {ALIASES} aliases"
    )))
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::{A, CNAME};

    use super::*;
    use crate::answer::Outcome;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect("a name")
    }

    fn query() -> Message {
        let mut query = Message::new(7, MessageType::Query, OpCode::Query);
        query.add_query(Query::query(name("a.example."), RecordType::A));
        query
    }

    fn answer(code: ResponseCode, records: Vec<Record>) -> Message {
        let mut answer = query();
        answer.metadata.message_type = MessageType::Response;
        answer.metadata.response_code = code;
        answer.add_answers(records);
        answer
    }

    fn address(owner: &str, last: u8) -> Record {
        Record::from_rdata(name(owner), 60, RData::A(A::new(10, 0, 0, last)))
    }

    fn alias(owner: &str, to: &str) -> Record {
        Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(to))))
    }

    #[test]
    fn addresses_are_the_names_own_or_its_aliases() {
        let check = |records: Vec<Record>, wanted: &[u8]| {
            let answer = answer(ResponseCode::NoError, records);
            let got = judge(&answer, &name("a.example."), RecordType::A).expect("it is sound");
            let wanted: Vec<IpAddr> = wanted.iter().map(|last| [10, 0, 0, *last].into()).collect();
            assert_eq!(got, wanted);
        };
        check(
            vec![address("a.example.", 1), address("a.example.", 2)],
            &[1, 2],
        );
        check(vec![address("A.Example.", 1)], &[1]);
        check(
            vec![alias("a.example.", "b.example."), address("b.example.", 3)],
            &[3],
        );
        check(vec![], &[]);
        // What was not asked for is not believed.
        check(vec![address("other.example.", 9)], &[]);
        check(
            vec![alias("a.example.", "b.example."), address("a.example.", 9)],
            &[],
        );
    }

    #[test]
    fn other_answers_are_misses() {
        let check = |answer: Message, wanted: Outcome| {
            let miss = judge(&answer, &name("a.example."), RecordType::A).expect_err("a miss");
            assert_eq!(miss.outcome, wanted);
        };
        check(answer(ResponseCode::NXDomain, vec![]), Outcome::Refused);
        check(answer(ResponseCode::Refused, vec![]), Outcome::Refused);
        check(answer(ResponseCode::ServFail, vec![]), Outcome::Broken);
        check(answer(ResponseCode::FormErr, vec![]), Outcome::Broken);
        let circle = vec![
            alias("a.example.", "b.example."),
            alias("b.example.", "a.example."),
        ];
        check(answer(ResponseCode::NoError, circle), Outcome::Broken);
    }

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
}

//! Names, records and answers for tests.

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};

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

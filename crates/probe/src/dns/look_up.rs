//! What a server has for a name: its records of one kind, through aliases.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use model::claim::{RecordKind, RecordValue};

use super::exchange::{ask, miss};
use crate::ask::Miss;
use crate::fault::NameFault;
use crate::line::Line;

/// Aliases followed for one name, in one answer or several; resolvers give up at about as many.
const ALIASES: usize = 16;

/// What a server has for a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The records, ascending and each once; none where the name has none of the kind.
    pub records: BTreeSet<RecordValue>,
    /// The names that aliases lead to, in order.
    pub aliases: Vec<String>,
}

impl Found {
    /// The alias chain as people read it: "an alias for b, an alias for c".
    pub(crate) fn chain(&self) -> String {
        self.aliases
            .iter()
            .map(|alias| format!("an alias for {alias}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Reads a name.
pub(crate) fn parse(text: &str) -> Result<Name, Miss> {
    let mut name = Name::from_ascii(text)
        .map_err(|error| Miss::unknown(format!("`{text}` cannot be a name: {error}")))?;
    name.set_fqdn(true);
    Ok(name)
}

/// Asks for a name's records of a kind. Where an alias leads out of the answer, the same server is asked for its target:
/// a client of that server has no other.
pub(crate) async fn look_up(
    line: &Line,
    server: SocketAddr,
    name: &Name,
    kind: RecordKind,
) -> Result<Found, Miss> {
    let mut found = Found::default();
    let mut owner = name.clone();
    // One question more than aliases: each either leads on or ends it.
    for _ in 0..=ALIASES {
        let answer = ask(line, server, &owner, wire_kind(kind)).await?;
        let before = found.aliases.len();
        owner = follow(&answer, owner, kind, &mut found.aliases)
            .ok_or_else(|| miss(line, NameFault::AliasLoop(ALIASES)))?;
        if let Some(fault) = fault(answer.metadata.response_code, name, &found.aliases) {
            return Err(miss(line, fault));
        }
        found.records = records(&answer, &owner, kind);
        if !found.records.is_empty() || found.aliases.len() == before {
            return Ok(found);
        }
    }
    Err(miss(line, NameFault::AliasLoop(ALIASES)))
}

/// What an answer's code means, after the aliases that it or earlier ones hold.
fn fault(code: ResponseCode, name: &Name, aliases: &[String]) -> Option<NameFault> {
    if code == ResponseCode::NoError {
        return None;
    }
    if !aliases.is_empty() {
        let names: Vec<&str> = aliases.iter().map(String::as_str).collect();
        return Some(NameFault::DanglingAlias {
            chain: format!("{} → {}", plain(name), names.join(" → ")),
            code: word(code),
        });
    }
    Some(match code {
        ResponseCode::NXDomain => NameFault::NoSuchName,
        ResponseCode::Refused => NameFault::Refused,
        ResponseCode::ServFail => NameFault::ServerFailure,
        other => NameFault::Code(word(other)),
    })
}

/// A code by the name that administrators know it by.
fn word(code: ResponseCode) -> String {
    match code {
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        other => format!("{} ({other})", u16::from(other)),
    }
}

/// The name at the end of the answer's aliases, which are noted; none when they are too many.
fn follow(
    answer: &Message,
    mut owner: Name,
    kind: RecordKind,
    aliases: &mut Vec<String>,
) -> Option<Name> {
    // An alias that is asked for is an answer, not a way to one.
    if kind == RecordKind::Cname {
        return Some(owner);
    }
    loop {
        let alias = answer
            .answers
            .iter()
            .filter(|record| record.name == owner)
            .find_map(|record| match &record.data {
                RData::CNAME(alias) => Some(alias.0.clone()),
                _ => None,
            });
        let Some(next) = alias else {
            return Some(owner);
        };
        if aliases.len() == ALIASES {
            return None;
        }
        aliases.push(plain(&next));
        owner = next;
    }
}

/// The records of the kind that an answer holds for the name. What was not asked for is not believed.
fn records(answer: &Message, owner: &Name, kind: RecordKind) -> BTreeSet<RecordValue> {
    answer
        .answers
        .iter()
        .filter(|record| record.name == *owner && record.record_type() == wire_kind(kind))
        .filter_map(|record| match &record.data {
            RData::A(address) => Some(RecordValue::Address(IpAddr::V4(address.0))),
            RData::AAAA(address) => Some(RecordValue::Address(IpAddr::V6(address.0))),
            RData::CNAME(alias) => Some(RecordValue::Alias(plain(&alias.0))),
            RData::TXT(text) => {
                let bytes: Vec<u8> = text.txt_data.iter().flatten().copied().collect();
                Some(RecordValue::Text(
                    String::from_utf8_lossy(&bytes).into_owned(),
                ))
            }
            RData::MX(mail) => Some(RecordValue::Mail {
                preference: mail.preference,
                exchange: plain(&mail.exchange),
            }),
            RData::NS(server) => Some(RecordValue::Server(plain(&server.0))),
            _ => None,
        })
        .collect()
}

/// A name in lower case without the final dot.
fn plain(name: &Name) -> String {
    let text = name.to_lowercase().to_ascii();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

fn wire_kind(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Txt => RecordType::TXT,
        RecordKind::Mx => RecordType::MX,
        RecordKind::Ns => RecordType::NS,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{address, alias, answer, name};
    use super::*;

    fn check(records_: Vec<hickory_proto::rr::Record>, wanted: &[u8], chain: &[&str]) {
        let answer = answer(ResponseCode::NoError, records_);
        let mut aliases = Vec::new();
        let owner = follow(&answer, name("a.example."), RecordKind::A, &mut aliases)
            .expect("the aliases end");
        let wanted: BTreeSet<_> = wanted
            .iter()
            .map(|last| RecordValue::Address([10, 0, 0, *last].into()))
            .collect();
        assert_eq!(records(&answer, &owner, RecordKind::A), wanted);
        assert_eq!(aliases, chain);
    }

    #[test]
    fn addresses_are_the_names_own_or_its_aliases() {
        check(
            vec![address("a.example.", 1), address("a.example.", 2)],
            &[1, 2],
            &[],
        );
        check(vec![address("A.Example.", 1)], &[1], &[]);
        check(
            vec![alias("a.example.", "B.example."), address("b.example.", 3)],
            &[3],
            &["b.example"],
        );
        check(vec![], &[], &[]);
        // What was not asked for is not believed.
        check(vec![address("other.example.", 9)], &[], &[]);
        check(
            vec![alias("a.example.", "b.example."), address("a.example.", 9)],
            &[],
            &["b.example"],
        );
    }

    #[test]
    fn a_circle_of_aliases_ends() {
        let circle = vec![
            alias("a.example.", "b.example."),
            alias("b.example.", "a.example."),
        ];
        let answer = answer(ResponseCode::NoError, circle);
        let mut aliases = Vec::new();
        let end = follow(&answer, name("a.example."), RecordKind::A, &mut aliases);
        assert_eq!((end, aliases.len()), (None, ALIASES));
    }

    #[test]
    fn codes_have_their_names() {
        let check = |code, aliases: &[&str], wanted: Option<&str>| {
            let aliases: Vec<String> = aliases.iter().map(|alias| (*alias).to_owned()).collect();
            let got = fault(code, &name("a.example."), &aliases).map(|fault| fault.to_string());
            assert_eq!(got.as_deref(), wanted);
        };
        check(ResponseCode::NoError, &["b.example"], None);
        check(
            ResponseCode::NXDomain,
            &[],
            Some("NXDOMAIN: the server says that there is no such name"),
        );
        check(
            ResponseCode::Refused,
            &[],
            Some("REFUSED: the server does not answer this question for this client"),
        );
        check(
            ResponseCode::ServFail,
            &[],
            Some("SERVFAIL: the server tried and could not find out"),
        );
        check(
            ResponseCode::FormErr,
            &[],
            Some("the server answers with the error FORMERR"),
        );
        check(
            ResponseCode::NXDomain,
            &["b.example", "c.example"],
            Some("alias a.example → b.example → c.example: NXDOMAIN for the last name"),
        );
    }
}

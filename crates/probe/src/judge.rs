//! What an answer means for the claim that wanted it. Pure.

use std::collections::BTreeSet;

use model::Verdict;
use model::claim::{Expect, RecordValue};

use crate::answer::{Answer, Outcome};
use crate::dns;
use crate::fault::{Fault, NameFault};

/// Says whether the answer is the one expected.
///
/// [`Verdict::Holds`] is given only for what was seen. A refusal that is wanted must come from the server: a closed
/// port refuses everybody and shows nothing of the login. A way that must not be there is broken by whatever shows
/// that a packet arrived, a reset included.
pub fn judge(expect: &Expect, answer: &Answer) -> Verdict {
    match expect {
        Expect::Works => works(&answer.outcome),
        Expect::Addresses(wanted) => match &answer.outcome {
            Outcome::Works {
                addresses: Some(found),
            } => {
                let wanted: BTreeSet<_> = wanted.iter().collect();
                holds(wanted == found.iter().collect())
            }
            Outcome::Works { addresses: None } => Verdict::Unknown,
            other => works(other),
        },
        Expect::Records(wanted) => match (&answer.outcome, &answer.records) {
            (Outcome::Works { .. }, Some(found)) => holds(plain(wanted) == plain(found)),
            (Outcome::Works { .. }, None) => Verdict::Unknown,
            (other, _) => works(other),
        },
        Expect::NoSuchName => match (&answer.fault, &answer.outcome) {
            (Some(Fault::Name(NameFault::NoSuchName)), _) => Verdict::Holds,
            (_, Outcome::Works { .. }) => Verdict::Fails,
            // An alias that leads nowhere is there itself.
            (Some(Fault::Name(NameFault::DanglingAlias { .. })), _) => Verdict::Fails,
            _ => Verdict::Unknown,
        },
        Expect::NoWay => match answer.outcome {
            Outcome::NoWay => Verdict::Holds,
            Outcome::Works { .. } | Outcome::Refused | Outcome::Closed | Outcome::Broken => {
                Verdict::Fails
            }
            Outcome::Silent | Outcome::Unknown => Verdict::Unknown,
        },
        Expect::Refused => match answer.outcome {
            Outcome::Refused => Verdict::Holds,
            Outcome::Works { .. } => Verdict::Fails,
            Outcome::Closed
            | Outcome::Broken
            | Outcome::NoWay
            | Outcome::Silent
            | Outcome::Unknown => Verdict::Unknown,
        },
    }
}

/// What there is to say of an answer that is not the one expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong, where more can be said than the answer's own detail says.
    pub words: Option<String>,
    /// What to do next.
    pub remedy: &'static str,
}

/// Explains an answer that is not the one expected: what of it is wrong and what to do next. None where nothing is
/// wrong, or nothing is known beyond the answer's detail.
pub fn explain(expect: &Expect, answer: &Answer) -> Option<Explanation> {
    if judge(expect, answer) == Verdict::Holds {
        return None;
    }
    if let (
        Expect::Addresses(wanted),
        Outcome::Works {
            addresses: Some(found),
        },
    ) = (expect, &answer.outcome)
    {
        return dns::compare(wanted, found, &BTreeSet::new()).map(|difference| Explanation {
            words: Some(difference.to_string()),
            remedy: difference.remedy(),
        });
    }
    match expect {
        // What stops the question is what is wanted, or was not enough of it.
        Expect::NoWay | Expect::Refused | Expect::NoSuchName => None,
        Expect::Works | Expect::Addresses(_) | Expect::Records(_) => {
            answer.fault.as_ref().map(|fault| Explanation {
                words: None,
                remedy: fault.remedy(),
            })
        }
    }
}

/// Records with their names as answers have them.
fn plain(records: &[RecordValue]) -> BTreeSet<RecordValue> {
    let name = |name: &String| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    records
        .iter()
        .map(|record| match record {
            RecordValue::Alias(alias) => RecordValue::Alias(name(alias)),
            RecordValue::Server(server) => RecordValue::Server(name(server)),
            RecordValue::Mail {
                preference,
                exchange,
            } => RecordValue::Mail {
                preference: *preference,
                exchange: name(exchange),
            },
            other @ (RecordValue::Address(_) | RecordValue::Text(_)) => other.clone(),
        })
        .collect()
}

/// Whether what must work does. A server that is not heard does not serve, whatever the reason.
fn works(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Works { .. } => Verdict::Holds,
        Outcome::Refused | Outcome::Closed | Outcome::Broken | Outcome::NoWay | Outcome::Silent => {
            Verdict::Fails
        }
        Outcome::Unknown => Verdict::Unknown,
    }
}

fn holds(so: bool) -> Verdict {
    if so { Verdict::Holds } else { Verdict::Fails }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn works(addresses: Option<&[&str]>) -> Outcome {
        let addresses = addresses.map(|texts| {
            let parse = |text: &&str| text.parse::<IpAddr>().expect("an address");
            texts.iter().map(parse).collect()
        });
        Outcome::Works { addresses }
    }

    fn check(expect: &Expect, outcome: Outcome, wanted: Verdict) {
        let answer = Answer {
            outcome,
            detail: String::new(),
            peer: None,
            took_us: 0,
            token: None,
            records: None,
            fault: None,
        };
        let got = judge(expect, &answer);
        assert_eq!(got, wanted, "{expect:?} and {:?}", answer.outcome);
    }

    #[test]
    fn what_each_outcome_means() {
        use Verdict::{Fails, Holds, Unknown};
        let table = [
            (works(None), [Holds, Fails, Fails]),
            (Outcome::Refused, [Fails, Fails, Holds]),
            (Outcome::Closed, [Fails, Fails, Unknown]),
            (Outcome::Broken, [Fails, Fails, Unknown]),
            (Outcome::NoWay, [Fails, Holds, Unknown]),
            (Outcome::Silent, [Fails, Unknown, Unknown]),
            (Outcome::Unknown, [Unknown, Unknown, Unknown]),
        ];
        for (outcome, wanted) in table {
            let expects = [Expect::Works, Expect::NoWay, Expect::Refused];
            for (expect, wanted) in expects.iter().zip(wanted) {
                check(expect, outcome.clone(), wanted);
            }
        }
    }

    #[test]
    fn addresses_must_be_exactly_those() {
        use Verdict::{Fails, Holds, Unknown};
        let two = Expect::Addresses(vec![[10, 0, 0, 2].into(), [10, 0, 0, 1].into()]);
        check(&two, works(Some(&["10.0.0.1", "10.0.0.2"])), Holds);
        check(&two, works(Some(&["10.0.0.1"])), Fails);
        check(
            &two,
            works(Some(&["10.0.0.1", "10.0.0.2", "10.0.0.3"])),
            Fails,
        );
        check(&two, works(Some(&["10.0.0.1", "::ffff:10.0.0.2"])), Fails);
        check(&two, works(Some(&[])), Fails);
        check(&two, works(None), Unknown);
        check(&two, Outcome::Refused, Fails);
        check(&two, Outcome::NoWay, Fails);
        check(&two, Outcome::Silent, Fails);
        check(&two, Outcome::Unknown, Unknown);
        let none = Expect::Addresses(Vec::new());
        check(&none, works(Some(&[])), Holds);
        check(&none, works(Some(&["10.0.0.1"])), Fails);
        check(&none, Outcome::Refused, Fails);
    }

    fn miss(outcome: Outcome, fault: NameFault) -> Answer {
        Answer {
            outcome,
            detail: String::new(),
            peer: None,
            took_us: 0,
            token: None,
            records: None,
            fault: Some(Fault::Name(fault)),
        }
    }

    fn recorded(records: Option<Vec<RecordValue>>) -> Answer {
        Answer {
            outcome: works(None),
            records,
            fault: None,
            ..miss(Outcome::Unknown, NameFault::Refused)
        }
    }

    #[test]
    fn records_must_be_exactly_those() {
        use Verdict::{Fails, Holds, Unknown};
        let alias = |name: &str| RecordValue::Alias(name.to_owned());
        let text = |text: &str| RecordValue::Text(text.to_owned());
        let check = |wanted: &[RecordValue], answer: &Answer, verdict| {
            let expect = Expect::Records(wanted.to_vec());
            assert_eq!(judge(&expect, answer), verdict, "{wanted:?}");
        };
        let one = recorded(Some(vec![alias("a.example")]));
        check(&[alias("A.Example.")], &one, Holds);
        check(&[alias("b.example")], &one, Fails);
        check(&[], &one, Fails);
        check(&[], &recorded(Some(vec![])), Holds);
        check(&[text("A")], &recorded(Some(vec![text("a")])), Fails);
        check(&[text("a")], &recorded(None), Unknown);
        check(&[], &miss(Outcome::Refused, NameFault::NoSuchName), Fails);
    }

    #[test]
    fn only_nxdomain_shows_that_there_is_no_such_name() {
        use Verdict::{Fails, Holds, Unknown};
        let check = |answer: &Answer, verdict| {
            assert_eq!(judge(&Expect::NoSuchName, answer), verdict, "{answer:?}");
        };
        check(&miss(Outcome::Refused, NameFault::NoSuchName), Holds);
        check(&miss(Outcome::Refused, NameFault::Refused), Unknown);
        check(&miss(Outcome::Broken, NameFault::ServerFailure), Unknown);
        check(&recorded(Some(vec![])), Fails);
        let dangling = NameFault::DanglingAlias {
            chain: String::new(),
            code: String::new(),
        };
        check(&miss(Outcome::Refused, dangling), Fails);
    }

    #[test]
    fn what_is_not_as_expected_is_explained() {
        let addresses = Expect::Addresses(vec![[10, 0, 0, 1].into()]);
        let check = |expect: &Expect, answer: &Answer, words: Option<Option<&str>>| {
            let got = explain(expect, answer);
            let got_words = got.as_ref().map(|got| got.words.as_deref());
            assert_eq!(got_words, words, "{answer:?}");
        };
        let outside = Answer {
            outcome: works(Some(&["203.0.113.9"])),
            ..recorded(None)
        };
        check(
            &addresses,
            &outside,
            Some(Some(
                "wrong view: public addresses where private ones are expected: found 203.0.113.9, wanted 10.0.0.1",
            )),
        );
        let right = Answer {
            outcome: works(Some(&["10.0.0.1"])),
            ..recorded(None)
        };
        check(&addresses, &right, None);
        let refused = miss(Outcome::Refused, NameFault::Refused);
        check(&addresses, &refused, Some(None));
        check(&Expect::Works, &refused, Some(None));
        check(&Expect::NoSuchName, &refused, None);
        let answer = recorded(None);
        check(&Expect::Works, &answer, None);
    }

    #[test]
    fn an_answer_crosses_a_pipe_unchanged() {
        let answer = Answer {
            outcome: works(Some(&["10.0.0.1", "fd00::1"])),
            detail: "resolve".to_owned(),
            peer: Some("peer".to_owned()),
            took_us: 7,
            token: None,
            records: None,
            fault: None,
        };
        let text = serde_json::to_string(&answer).expect("it can be written");
        let read: Answer = serde_json::from_str(&text).expect("it can be read");
        assert_eq!(read, answer);
    }
}

//! What an answer means for the claim that wanted it. Pure.

use std::collections::BTreeSet;

use model::Verdict;
use model::claim::Expect;

use crate::answer::{Answer, Outcome};

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

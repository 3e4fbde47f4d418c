//! Asks a server for a zone's records, one by one, and says which are right, wrong, missing or stale.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use model::Verdict;
use model::claim::{RecordKind, RecordValue};
use model::service::{Record, RecordData};
use serde::{Deserialize, Serialize};

use super::look_up::{look_up, parse};
use super::view::{Difference, compare};
use crate::answer::{Closing, Outcome};
use crate::ask::Miss;
use crate::fault::{Fault, NameFault};
use crate::line::Line;

/// Questions in a row that nothing answers, after which no more are asked: a fourth one would not be answered either,
/// and each costs the whole patience.
const SILENT: usize = 3;

/// What a server has for one name and kind, against what it should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFinding {
    /// Fully qualified, in lower case, without the final dot.
    pub name: String,
    /// The kind of record.
    pub kind: RecordKind,
    /// What should be there, ascending; empty where nothing should be there any more.
    pub wanted: BTreeSet<RecordValue>,
    /// What is there, and how it fits.
    pub state: RecordState,
}

/// How what a server has fits what it should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordState {
    /// It is there as it should be. (Texts for other purposes may stand beside a TXT record.)
    Right {
        /// Names that the server's aliases lead through, in order.
        aliases: Vec<String>,
    },
    /// Something else is there.
    Wrong {
        /// What is there.
        found: BTreeSet<RecordValue>,
        /// Why it is wrong, where more can be said than that it differs.
        why: Option<String>,
    },
    /// It is not there.
    Missing {
        /// Whether the name is there, with records of other kinds or none.
        name_exists: bool,
    },
    /// What was right before is there still.
    Stale {
        /// What is there.
        found: BTreeSet<RecordValue>,
    },
    /// The server did not say.
    Unanswered {
        /// What it did, where that has a name.
        fault: Option<NameFault>,
        /// What it did, in words.
        why: String,
    },
}

impl RecordFinding {
    /// Whether the record is as it should be.
    pub fn verdict(&self) -> Verdict {
        match &self.state {
            RecordState::Right { .. } => Verdict::Holds,
            RecordState::Wrong { .. } | RecordState::Missing { .. } | RecordState::Stale { .. } => {
                Verdict::Fails
            }
            RecordState::Unanswered { .. } => Verdict::Unknown,
        }
    }

    /// What to do next; none where nothing is.
    pub fn remedy(&self) -> Option<String> {
        let wanted = list(&self.wanted);
        let (name, kind) = (&self.name, self.kind);
        match &self.state {
            RecordState::Right { .. } => None,
            RecordState::Wrong { .. } => Some(format!("set {kind} of {name} to {wanted}")),
            RecordState::Missing { .. } => Some(format!("add {kind} of {name}: {wanted}")),
            RecordState::Stale { .. } if self.wanted.is_empty() => {
                Some(format!("remove {kind} of {name}"))
            }
            RecordState::Stale { .. } => Some(format!(
                "set {kind} of {name} to {wanted}; if it is set, wait until caches have forgotten the old one"
            )),
            RecordState::Unanswered { fault, .. } => Some(match fault {
                Some(fault) => fault.remedy().to_owned(),
                None => "correct the name, and ask again".to_owned(),
            }),
        }
    }
}

impl fmt::Display for RecordFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.name, self.kind)?;
        match &self.state {
            RecordState::Right { aliases } => {
                write!(f, "right, {}", list(&self.wanted))?;
                match aliases.last() {
                    Some(last) => write!(f, ", by the alias {last}"),
                    None => Ok(()),
                }
            }
            RecordState::Wrong { why: Some(why), .. } => write!(f, "wrong, {why}"),
            RecordState::Wrong { found, why: None } => {
                write!(
                    f,
                    "wrong, found {}, wanted {}",
                    list(found),
                    list(&self.wanted)
                )
            }
            RecordState::Missing { name_exists: true } => write!(
                f,
                "missing, the name is there without it; wanted {}",
                list(&self.wanted)
            ),
            RecordState::Missing { name_exists: false } => write!(
                f,
                "missing, there is no such name; wanted {}",
                list(&self.wanted)
            ),
            RecordState::Stale { found } => write!(
                f,
                "stale, found {} of before, wanted {}",
                list(found),
                list(&self.wanted)
            ),
            RecordState::Unanswered { why, .. } => write!(f, "not told, {why}"),
        }
    }
}

fn list(values: &BTreeSet<RecordValue>) -> String {
    if values.is_empty() {
        return "none".to_owned();
    }
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Values by name and kind.
type Wanted = BTreeMap<(String, RecordKind), BTreeSet<RecordValue>>;

/// Asks `server` for every record of `expected`, and for the names of `former` (what the zone held before) that are no
/// longer expected. Each question has `patience` from its first packet to its last.
///
/// The findings are ordered by name and kind. A name that should have addresses of one family only is asked for the
/// other too, and named if it has some. After three questions in a row that nothing answers the rest is not asked, and
/// says so.
pub async fn verify_zone(
    server: SocketAddr,
    expected: &[Record],
    former: &[Record],
    patience: Duration,
    closing: &Closing,
) -> Vec<RecordFinding> {
    let (wanted, before) = (by_name(expected), by_name(former));
    // A name that is to be an alias has nothing else of its own: what it has is its target's.
    let aliased = |(name, kind): &(String, RecordKind)| {
        *kind != RecordKind::Cname && wanted.contains_key(&(name.clone(), RecordKind::Cname))
    };
    let asked: BTreeSet<&(String, RecordKind)> = wanted
        .keys()
        .chain(before.keys())
        .filter(|key| !aliased(key))
        .collect();
    let none = BTreeSet::new();
    let mut findings = Vec::new();
    let mut silent = 0;
    for key in asked {
        let (name, kind) = key;
        let wanted = wanted.get(key).unwrap_or(&none);
        let before = before.get(key).unwrap_or(&none);
        let state = if silent == SILENT {
            Some(RecordState::Unanswered {
                fault: None,
                why: format!("not asked, after {SILENT} questions that nothing answered"),
            })
        } else {
            let line = Line::new(*closing, patience);
            let heard = match parse(name) {
                Ok(parsed) => look_up(&line, server, &parsed, *kind).await,
                Err(miss) => Err(miss),
            };
            silent = match &heard {
                Err(miss) if unheard(miss) => silent + 1,
                _ => 0,
            };
            match heard {
                Ok(found) => state(*kind, wanted, before, found.records, found.aliases),
                Err(miss) => missed(wanted, miss),
            }
        };
        findings.extend(state.map(|state| RecordFinding {
            name: name.clone(),
            kind: *kind,
            wanted: wanted.clone(),
            state,
        }));
    }
    findings
}

fn unheard(miss: &Miss) -> bool {
    matches!(
        miss.outcome,
        Outcome::NoWay | Outcome::Silent | Outcome::Closed
    )
}

/// Records by name and kind. Addresses of either family make the name one that is asked for both.
fn by_name(records: &[Record]) -> Wanted {
    let mut wanted = Wanted::new();
    for record in records {
        let name = plain(&record.name);
        let mut add = |kind, value| {
            wanted
                .entry((name.clone(), kind))
                .or_default()
                .extend(value);
        };
        match &record.data {
            RecordData::Addresses(addresses) => {
                add(RecordKind::A, None);
                add(RecordKind::Aaaa, None);
                for address in addresses {
                    let kind = match address {
                        IpAddr::V4(_) => RecordKind::A,
                        IpAddr::V6(_) => RecordKind::Aaaa,
                    };
                    add(kind, Some(RecordValue::Address(*address)));
                }
            }
            RecordData::Alias(target) => {
                add(RecordKind::Cname, Some(RecordValue::Alias(plain(target))));
            }
            RecordData::Text(text) => add(RecordKind::Txt, Some(RecordValue::Text(text.clone()))),
            RecordData::Mail {
                preference,
                exchange,
            } => add(
                RecordKind::Mx,
                Some(RecordValue::Mail {
                    preference: *preference,
                    exchange: plain(exchange),
                }),
            ),
        }
    }
    wanted
}

/// How what was found fits; none where nothing was wanted and nothing is there.
fn state(
    kind: RecordKind,
    wanted: &BTreeSet<RecordValue>,
    before: &BTreeSet<RecordValue>,
    found: BTreeSet<RecordValue>,
    aliases: Vec<String>,
) -> Option<RecordState> {
    let fits = match kind {
        // Other people's texts may stand under the same name; other records may not.
        RecordKind::Txt if !wanted.is_empty() => wanted.is_subset(&found),
        _ => *wanted == found,
    };
    if fits {
        return (!wanted.is_empty()).then_some(RecordState::Right { aliases });
    }
    if found.is_empty() {
        return Some(RecordState::Missing { name_exists: true });
    }
    let extra: BTreeSet<_> = found.difference(wanted).cloned().collect();
    if kind == RecordKind::Txt && wanted.is_empty() && extra.is_disjoint(before) {
        return None;
    }
    let stale = match kind {
        RecordKind::Txt => !extra.is_disjoint(before),
        _ => !extra.is_empty() && extra.is_subset(before),
    };
    if stale {
        return Some(RecordState::Stale { found });
    }
    let why = compare(
        addresses(wanted).iter(),
        addresses(&found).iter(),
        &BTreeSet::new(),
    )
    .filter(|difference| {
        matches!(
            difference,
            Difference::PublicForPrivate(_) | Difference::PrivateForPublic(_)
        )
    })
    .map(|difference| difference.to_string());
    Some(RecordState::Wrong { found, why })
}

fn addresses(values: &BTreeSet<RecordValue>) -> BTreeSet<IpAddr> {
    values
        .iter()
        .filter_map(|value| match value {
            RecordValue::Address(address) => Some(*address),
            _ => None,
        })
        .collect()
}

/// What a miss says of a record; none where nothing was wanted and the name is not there.
fn missed(wanted: &BTreeSet<RecordValue>, miss: Miss) -> Option<RecordState> {
    match miss.fault.map(|fault| *fault) {
        Some(Fault::Name(NameFault::NoSuchName)) => {
            (!wanted.is_empty()).then_some(RecordState::Missing { name_exists: false })
        }
        Some(Fault::Name(fault)) => Some(RecordState::Unanswered {
            fault: Some(fault),
            why: miss.said,
        }),
        _ => Some(RecordState::Unanswered {
            fault: None,
            why: miss.said,
        }),
    }
}

/// A name as answers have it.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

//! What a domain publishes so that its mail is believed: SPF, DKIM, DMARC and the envelope sender's domain at SES. Pure:
//! it says what must be asked, and judges what was told.
//!
//! Sources: RFC 7208 (SPF), 6376 and 8301 (DKIM), 7489 (DMARC), and the SES developer guide ("Easy DKIM", "Using a custom
//! MAIL FROM domain", "Complying with DMARC").

mod dkim;
mod dmarc;
mod envelope;
mod spf;
mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::Verdict;
use model::claim::{RecordKind, RecordValue};
use serde::{Deserialize, Serialize};

/// A domain that sends mail by SES. Names are fully qualified, without the final dot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailDomain {
    /// The domain of senders: `acme.example`.
    pub domain: String,
    /// The domain of envelope senders, below it, where one is set up.
    pub mail_from: Option<String>,
    /// AWS region of SES.
    pub region: String,
    /// The keys that sign.
    pub keys: DkimKeys,
}

/// Where the keys are that sign a domain's mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DkimKeys {
    /// Easy DKIM: three aliases for keys that SES keeps, by their tokens.
    Easy([String; 3]),
    /// A key of the domain's own, by its selector.
    Own(String),
    /// SES has not made its tokens yet.
    Awaited,
}

/// A name and the kind of record asked for.
pub type Asked = (String, RecordKind);

/// What was told of a name and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// These records; none: the name has none of the kind, or there is no such name.
    Records(BTreeSet<RecordValue>),
    /// Nothing, and why.
    Nothing(String),
}

/// All that was told.
pub type Seen = BTreeMap<Asked, Told>;

/// A rule that a sending domain must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailRule {
    /// SPF lets SES send, and not everybody.
    Spf,
    /// SPF takes no more lookups than receivers make.
    SpfLookups,
    /// A DKIM key is there and good.
    Dkim,
    /// A DMARC policy is there.
    Dmarc,
    /// What SPF or DKIM shows counts for the sender's domain.
    Alignment,
    /// DMARC reports go somewhere.
    Reports,
    /// Bounces come back to SES.
    MailFrom,
}

impl fmt::Display for MailRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Spf => "SPF",
            Self::SpfLookups => "SPF lookups",
            Self::Dkim => "DKIM",
            Self::Dmarc => "DMARC",
            Self::Alignment => "DMARC alignment",
            Self::Reports => "DMARC reports",
            Self::MailFrom => "MAIL FROM",
        })
    }
}

/// Whether a domain meets a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailFinding {
    /// Which rule.
    pub rule: MailRule,
    /// The name that was looked at.
    pub name: String,
    /// Whether it is met.
    pub verdict: Verdict,
    /// Why, in one line.
    pub words: String,
    /// What to do next, where it is not met.
    pub remedy: Option<String>,
}

impl fmt::Display for MailFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: {}", self.rule, self.name, self.words)
    }
}

/// Says what must still be asked before [`judge`] can tell all that there is to tell. SPF leads from one record to others:
/// ask until there is nothing more; it ends after as many lookups as receivers make.
pub fn needed(domain: &MailDomain, seen: &Seen) -> BTreeSet<Asked> {
    let mut asked = BTreeSet::from([(sender(domain).to_owned(), RecordKind::Txt)]);
    asked.extend(dkim::names(domain));
    asked.extend(dmarc::names(&domain.domain).map(|name| (name, RecordKind::Txt)));
    if let Some(mail_from) = &domain.mail_from {
        asked.insert((mail_from.clone(), RecordKind::Mx));
    }
    asked.extend(
        spf::walk(sender(domain), seen)
            .unseen
            .into_iter()
            .map(|name| (name, RecordKind::Txt)),
    );
    asked.retain(|key| !seen.contains_key(key));
    asked
}

/// Judges what was told of a domain. What was not told is unknown.
pub fn judge(domain: &MailDomain, seen: &Seen) -> Vec<MailFinding> {
    let mut findings = spf::judge(domain, seen);
    findings.extend(dkim::judge(domain, seen));
    findings.extend(dmarc::judge(domain, seen));
    findings.extend(envelope::judge(domain, seen));
    findings
}

/// The domain that SPF speaks of: the envelope sender's.
fn sender(domain: &MailDomain) -> &str {
    domain.mail_from.as_deref().unwrap_or(&domain.domain)
}

/// The texts of a name, or why they are not known.
fn texts<'s>(seen: &'s Seen, name: &str) -> Result<Vec<&'s str>, String> {
    let records = records(seen, name, RecordKind::Txt)?;
    Ok(records
        .iter()
        .filter_map(|record| match record {
            RecordValue::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect())
}

fn records<'s>(
    seen: &'s Seen,
    name: &str,
    kind: RecordKind,
) -> Result<&'s BTreeSet<RecordValue>, String> {
    match seen.get(&(name.to_owned(), kind)) {
        Some(Told::Records(records)) => Ok(records),
        Some(Told::Nothing(why)) => Err(why.clone()),
        None => Err("it was not asked".to_owned()),
    }
}

/// One rule's finding about one name, to be given its words.
#[derive(Clone, Copy)]
struct Judging<'n> {
    rule: MailRule,
    name: &'n str,
}

impl Judging<'_> {
    fn holds(self, words: impl Into<String>) -> MailFinding {
        self.found(Verdict::Holds, words.into(), None)
    }

    fn fails(self, words: impl Into<String>, remedy: impl Into<String>) -> MailFinding {
        self.found(Verdict::Fails, words.into(), Some(remedy.into()))
    }

    fn unknown(self, why: impl fmt::Display) -> MailFinding {
        self.found(
            Verdict::Unknown,
            format!("not known: {why}"),
            Some("ask a server that answers for the name".to_owned()),
        )
    }

    fn found(self, verdict: Verdict, words: String, remedy: Option<String>) -> MailFinding {
        MailFinding {
            rule: self.rule,
            name: self.name.to_owned(),
            verdict,
            words,
            remedy,
        }
    }
}

#[cfg(test)]
mod tests;

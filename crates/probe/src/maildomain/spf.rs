//! SPF: who may send for a domain (RFC 7208).

use std::collections::BTreeSet;

use model::Verdict;

use super::{Judging, MailDomain, MailFinding, MailRule, Seen, sender, texts};

/// Lookups that a receiver makes before it gives up (RFC 7208, section 4.6.4).
const LOOKUPS: usize = 10;
/// What lets SES send.
const SES: &str = "amazonses.com";

/// A record's terms, as far as they count here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spf {
    /// Domains whose senders pass.
    includes: Vec<String>,
    /// Domains that are looked up for other reasons: included with another result.
    others: Vec<String>,
    /// The domain whose record holds instead.
    redirect: Option<String>,
    /// The qualifier of `all`, where it is there.
    all: Option<char>,
    /// Lookups of the record's own terms.
    lookups: usize,
}

/// Reads a record; none where it is one that receivers give up on.
fn read(text: &str) -> Option<Spf> {
    let mut spf = Spf::default();
    for term in text.split_ascii_whitespace().skip(1) {
        let lower = term.to_ascii_lowercase();
        if let Some((name, value)) = lower.split_once('=')
            && !name.contains([':', '/'])
        {
            // Unknown modifiers are passed over (section 6).
            if name == "redirect" {
                spf.redirect = Some(value.to_owned());
            }
            continue;
        }
        // Nothing after it is looked at (section 5.1).
        if spf.all.is_some() {
            continue;
        }
        let (qualifier, mechanism) = match lower.chars().next() {
            Some(sign @ ('+' | '-' | '~' | '?')) => (sign, &lower[1..]),
            _ => ('+', lower.as_str()),
        };
        let end = mechanism.find([':', '/']).unwrap_or(mechanism.len());
        let (name, rest) = mechanism.split_at(end);
        let target = rest.strip_prefix(':').filter(|target| !target.is_empty());
        match (name, target) {
            ("all", None) => spf.all = Some(qualifier),
            ("include", Some(target)) => {
                spf.lookups += 1;
                let to = if qualifier == '+' {
                    &mut spf.includes
                } else {
                    &mut spf.others
                };
                to.push(target.to_owned());
            }
            ("a" | "mx" | "ptr", _) | ("exists", Some(_)) => spf.lookups += 1,
            ("ip4" | "ip6", Some(_)) => {}
            _ => return None,
        }
    }
    match (&spf.redirect, spf.all) {
        // Where there is an `all`, a redirect is not followed (section 6.1).
        (Some(_), Some(_)) => spf.redirect = None,
        (Some(_), None) => spf.lookups += 1,
        (None, _) => {}
    }
    Some(spf)
}

/// The one record of a name.
enum Published {
    One(Spf),
    None,
    Several(usize),
    Unreadable,
    Unknown(String),
}

fn published(seen: &Seen, name: &str) -> Published {
    let texts = match texts(seen, name) {
        Ok(texts) => texts,
        Err(why) => return Published::Unknown(why),
    };
    let records: Vec<&str> = texts
        .into_iter()
        .filter(|text| {
            text.split(' ')
                .next()
                .is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
        })
        .collect();
    match records.as_slice() {
        [] => Published::None,
        [one] => read(one).map_or(Published::Unreadable, Published::One),
        several => Published::Several(several.len()),
    }
}

/// What a receiver would find, record by record.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Lookups made; no more are counted than show that there are too many.
    lookups: usize,
    /// Domains whose senders pass.
    passing: BTreeSet<String>,
    /// Names whose records are not known.
    pub(super) unseen: BTreeSet<String>,
}

/// Follows a record to those that it includes.
pub(super) fn walk(start: &str, seen: &Seen) -> Walk {
    let mut walk = Walk::default();
    // Each with whether its senders pass.
    let mut ahead = vec![(start.to_owned(), true)];
    // A lookup leads to one more record at most, so that there are no more records than lookups.
    while let Some((name, passes)) = ahead.pop() {
        let spf = match published(seen, &name) {
            Published::One(spf) => spf,
            Published::Unknown(_) => {
                walk.unseen.insert(name);
                continue;
            }
            Published::None | Published::Several(_) | Published::Unreadable => continue,
        };
        walk.lookups += spf.lookups;
        if passes {
            walk.passing.extend(spf.includes.iter().cloned());
        }
        if walk.lookups > LOOKUPS {
            break;
        }
        let redirect = spf.redirect.into_iter();
        ahead.extend(
            spf.includes
                .into_iter()
                .chain(redirect)
                .map(|name| (name, passes)),
        );
        ahead.extend(spf.others.into_iter().map(|name| (name, false)));
    }
    walk
}

pub(super) fn judge(domain: &MailDomain, seen: &Seen) -> Vec<MailFinding> {
    let name = sender(domain);
    let judging = Judging {
        rule: MailRule::Spf,
        name,
    };
    let wanted = format!("publish one text: v=spf1 include:{SES} ~all");
    let spf = match published(seen, name) {
        Published::One(spf) => spf,
        Published::None => return vec![judging.fails("there is no SPF record", wanted)],
        Published::Several(count) => {
            return vec![judging.fails(
                format!("there are {count} SPF records, and receivers take none of several"),
                "put them together into one",
            )];
        }
        Published::Unreadable => {
            return vec![judging.fails(
                "the SPF record has a term that receivers give up on",
                wanted,
            )];
        }
        Published::Unknown(why) => return vec![judging.unknown(why)],
    };
    let walk = walk(name, seen);
    vec![
        permission(domain, &spf, &walk, judging),
        lookups(
            &walk,
            Judging {
                rule: MailRule::SpfLookups,
                name,
            },
        ),
    ]
}

fn permission(domain: &MailDomain, spf: &Spf, walk: &Walk, judging: Judging<'_>) -> MailFinding {
    if spf.all == Some('+') {
        return judging.fails(
            "the SPF record ends with +all: everybody may send for the domain",
            "end it with ~all or -all",
        );
    }
    let by = [Some(SES), domain.mail_from.as_deref()]
        .into_iter()
        .flatten()
        .find(|wanted| walk.passing.contains(&wanted.to_ascii_lowercase()));
    let ending = match spf.all {
        Some('-') => ", and fails everybody else",
        Some('~') => ", and marks everybody else",
        _ => ", and says nothing of everybody else",
    };
    match by {
        Some(by) => judging.holds(format!("it lets SES send, by {by}{ending}")),
        None if walk.lookups <= LOOKUPS && !walk.unseen.is_empty() => {
            let names: Vec<&str> = walk.unseen.iter().map(String::as_str).collect();
            judging.unknown(format!(
                "it does not name {SES}, and what {} includes was not told",
                names.join(", ")
            ))
        }
        None => judging.fails(
            format!("the SPF record does not let SES send: it does not include {SES}"),
            format!("add include:{SES} before its `all`"),
        ),
    }
}

fn lookups(walk: &Walk, judging: Judging<'_>) -> MailFinding {
    let count = walk.lookups;
    if count > LOOKUPS {
        return judging.fails(
            format!("it takes {count} lookups or more, and receivers give up after {LOOKUPS}"),
            "take out includes that are needed no more, or name addresses instead",
        );
    }
    if walk.unseen.is_empty() {
        judging.holds(format!("it takes {count} of {LOOKUPS} lookups"))
    } else {
        let names: Vec<&str> = walk.unseen.iter().map(String::as_str).collect();
        judging.found(
            Verdict::Unknown,
            format!(
                "it takes {count} of {LOOKUPS} lookups, and those of {}, which were not told",
                names.join(", ")
            ),
            Some("ask a server that resolves names on the Internet".to_owned()),
        )
    }
}

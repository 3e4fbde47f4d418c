//! Environments declared *like* another: the other's tables, with what the environment says itself laid over them.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::document::{Check, Report, TOO_MANY, Table, did_you_mean, list, quote};
use crate::finding::Finding;

/// Most environments of an estate: development, test, pre-production, production and a few more. Each is a copy of what
/// it is like, so the number is kept small.
pub(super) const MOST_ENVIRONMENTS: usize = 16;

/// What an environment never takes over: what makes it another one.
pub(super) const ITS_OWN: [&str; 4] = ["like", "production", "account", "cidr"];

/// `like` names no environment, or leads round in a circle.
pub(crate) const UNKNOWN_LIKE: Check = Check::fatal(
    "unknown-like",
    "An environment is declared like one that does not exist, or by a circle like itself.",
);

/// An environment after unfolding.
pub(crate) struct Unfolded<'d> {
    /// Its name.
    pub(crate) name: String,
    /// Where its own table begins.
    pub(crate) span: Option<Range<usize>>,
    /// Its table, everything taken over filled in.
    pub(crate) table: DeTable<'d>,
}

/// Unfolds the environments of a document.
pub(crate) fn unfold<'d>(root: &mut Table<'_, 'd>, report: &mut Report) -> Vec<Unfolded<'d>> {
    let mut tables = root.named("environments", report);
    if tables.len() > MOST_ENVIRONMENTS {
        let span = report.span_of("environments");
        report.refuse(
            TOO_MANY,
            "environments",
            span.map(|span| span.start..span.end),
            "too many",
            format!(
                "There are {} environments, and at most {MOST_ENVIRONMENTS} are read.",
                tables.len()
            ),
            "Split the estate: environments that share nothing may stand in files of their own.",
        );
        tables.truncate(MOST_ENVIRONMENTS);
    }
    let declared: BTreeMap<String, Declared<'_, 'd>> = tables
        .into_iter()
        .map(|(name, mut table)| {
            let like = table.optional("like", report);
            let span = table.span();
            let entries = table.entries();
            (
                name,
                Declared {
                    like,
                    span,
                    entries,
                },
            )
        })
        .collect();
    declared
        .iter()
        .map(|(name, own)| Unfolded {
            name: name.clone(),
            span: own.span.clone(),
            table: chain(name, &declared, report)
                .into_iter()
                .rev()
                .fold(DeTable::new(), |under, own| {
                    overlay(inherited(under), own.entries)
                }),
        })
        .collect()
}

/// An environment as it stands in the file.
struct Declared<'t, 'd> {
    like: Option<String>,
    span: Option<Range<usize>>,
    entries: &'t DeTable<'d>,
}

/// The environment, what it is like, what that is like, and so on; itself alone when that leads nowhere.
fn chain<'a, 't, 'd>(
    name: &'a str,
    declared: &'a BTreeMap<String, Declared<'t, 'd>>,
    report: &mut Report,
) -> Vec<&'a Declared<'t, 'd>> {
    let mut names = vec![name];
    let mut links: Vec<_> = declared.get(name).into_iter().collect();
    while let Some(target) = links.last().and_then(|link| link.like.as_deref()) {
        let Some(next) = declared.get(target) else {
            // The environment that names the missing one reports it; those that are like that one stay silent.
            if links.len() == 1 {
                unknown(name, target, declared, report);
            }
            incomplete(name, report);
            break;
        };
        if names.contains(&target) {
            circle(name, &names, target, report);
            incomplete(name, report);
            links.truncate(1);
            break;
        }
        names.push(target);
        links.push(next);
    }
    links
}

/// What an environment lacks is where it leads to, and that cannot be had.
fn incomplete(name: &str, report: &mut Report) {
    report.lack(&format!(
        "environments.{}",
        crate::document::quote_key(name)
    ));
}

fn unknown(
    name: &str,
    target: &str,
    declared: &BTreeMap<String, Declared<'_, '_>>,
    report: &mut Report,
) {
    let others = || {
        declared
            .keys()
            .map(String::as_str)
            .filter(|other| *other != name)
    };
    let remedy = match did_you_mean(target, others()) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None => format!("Name one of the others: {}.", list(others())),
    };
    let subject = format!("environments.{}.like", crate::document::quote_key(name));
    let span = report.span_of(&subject);
    report.refuse(
        UNKNOWN_LIKE,
        &subject,
        span.map(|span| span.start..span.end),
        "there is no such environment",
        format!(
            "{} is to be like {}, which is not declared.",
            quote(name),
            quote(target)
        ),
        remedy,
    );
}

fn circle(name: &str, names: &[&str], target: &str, report: &mut Report) {
    let subject = format!("environments.{}.like", crate::document::quote_key(name));
    let span = report.span_of(&subject);
    let round: Vec<_> = names.iter().copied().chain([target]).map(quote).collect();
    report.refuse(
        UNKNOWN_LIKE,
        &subject,
        span.map(|span| span.start..span.end),
        "leads round in a circle",
        format!(
            "{} leads round in a circle: {}.",
            quote(name),
            round.join(" is like ")
        ),
        "Write one of them out in full, without `like`.",
    );
}

/// What an environment that is like this one takes over.
fn inherited(mut table: DeTable<'_>) -> DeTable<'_> {
    for key in ITS_OWN {
        table.remove(key);
    }
    table
}

/// Lays a table over another: tables are merged key by key, everything else replaces what was there.
pub(super) fn overlay<'d>(mut under: DeTable<'d>, over: &DeTable<'d>) -> DeTable<'d> {
    for (key, value) in over {
        // Removed first: the key's place in the file must be that of the overlay too.
        let below = under.remove(key.get_ref().as_ref());
        let mut merged = value.clone();
        if let (Some(DeValue::Table(below)), DeValue::Table(over)) =
            (below.map(toml::Spanned::into_inner), value.get_ref())
        {
            *merged.get_mut() = DeValue::Table(overlay(below, over));
        }
        under.insert(key.clone(), merged);
    }
    under
}

/// Removes findings about a value that was taken over, where the same is said about the one that it was taken from.
pub(crate) fn drop_echoes(findings: &mut Vec<Finding>, likes: &BTreeMap<String, String>) {
    let originals: Vec<_> = findings
        .iter()
        .map(|finding| (finding.rule.clone(), finding.subject.clone(), finding.span))
        .collect();
    findings.retain(|finding| {
        let mut subject = finding.subject.clone();
        // A chain is never longer than there are environments.
        for _ in 0..MOST_ENVIRONMENTS {
            let Some(original) = original_of(&subject, likes) else {
                return true;
            };
            // A circle leads back to the finding itself.
            if original == finding.subject {
                return true;
            }
            if originals.contains(&(finding.rule.clone(), original.clone(), finding.span)) {
                return false;
            }
            subject = original;
        }
        true
    });
}

/// The subject in the environment that this one's environment is like.
fn original_of(subject: &str, likes: &BTreeMap<String, String>) -> Option<String> {
    let rest = subject.strip_prefix("environments.")?;
    let (name, rest) = rest.split_once('.')?;
    let like = likes.get(name)?;
    Some(format!("environments.{like}.{rest}"))
}

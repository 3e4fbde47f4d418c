//! DMARC: what receivers do with mail that fails (RFC 7489).

use std::collections::BTreeMap;

use super::{DkimKeys, Judging, MailDomain, MailFinding, MailRule, Seen, tags, texts};

/// Names asked for at most, from the domain up: an organisation's own is found within them (RFC 9989 walks eight).
const WALK: usize = 8;

/// The names that may hold the policy: the domain's own, and those of the domains above but for the last label.
pub(super) fn names(domain: &str) -> impl Iterator<Item = String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let last = labels.len().saturating_sub(1).clamp(1, WALK);
    (0..last)
        .map(|from| format!("_dmarc.{}", labels[from..].join(".")))
        .collect::<Vec<_>>()
        .into_iter()
}

pub(super) fn judge(domain: &MailDomain, seen: &Seen) -> Vec<MailFinding> {
    let own = format!("_dmarc.{}", domain.domain);
    for name in names(&domain.domain) {
        let judging = Judging {
            rule: MailRule::Dmarc,
            name: &name,
        };
        let texts = match texts(seen, &name) {
            Ok(texts) => texts,
            Err(why) => return vec![judging.unknown(why)],
        };
        let policies: Vec<&str> = texts
            .into_iter()
            .filter(|text| {
                text.split(';').next().is_some_and(|version| {
                    version
                        .split_once('=')
                        .is_some_and(|(v, value)| v.trim() == "v" && value.trim() == "DMARC1")
                })
            })
            .collect();
        match policies.as_slice() {
            [] => {}
            [one] => return policy(domain, one, name == own, judging),
            several => {
                return vec![judging.fails(
                    format!(
                        "there are {} DMARC records, and receivers take none of several",
                        several.len()
                    ),
                    "leave one",
                )];
            }
        }
    }
    vec![
        Judging {
            rule: MailRule::Dmarc,
            name: &own,
        }
        .fails(
            "there is no DMARC record",
            "publish a text: v=DMARC1; p=quarantine; rua=mailto:…",
        ),
    ]
}

fn policy(domain: &MailDomain, text: &str, own: bool, judging: Judging<'_>) -> Vec<MailFinding> {
    let Some(tags) = tags::read(text) else {
        return vec![judging.fails(
            "the DMARC record is no list of tags",
            "publish a text: v=DMARC1; p=quarantine; rua=mailto:…",
        )];
    };
    // What stands above speaks of what is below by `sp`.
    let asked = if own {
        tags.get("p")
    } else {
        tags.get("sp").or_else(|| tags.get("p"))
    };
    let first = match asked.map(|policy| policy.to_ascii_lowercase()).as_deref() {
        Some("none") => judging
            .holds("policy none: receivers report mail that fails, and deliver it all the same"),
        Some(strict @ ("quarantine" | "reject")) => judging.holds(format!("policy {strict}")),
        Some(other) => judging.fails(
            format!("the DMARC record has the policy `{other}`, which receivers do not know"),
            "set p= to none, quarantine or reject",
        ),
        None => judging.fails(
            "the DMARC record has no policy",
            "set p= to none, quarantine or reject",
        ),
    };
    vec![
        first,
        alignment(domain, &tags, judging),
        reports(&tags, judging),
    ]
}

/// Whether what SPF or DKIM shows is of the sender's domain.
fn alignment(
    domain: &MailDomain,
    tags: &BTreeMap<&str, &str>,
    judging: Judging<'_>,
) -> MailFinding {
    let judging = Judging {
        rule: MailRule::Alignment,
        ..judging
    };
    let strict = |tag| {
        tags.get(tag)
            .is_some_and(|mode| mode.eq_ignore_ascii_case("s"))
    };
    let by_spf = domain.mail_from.as_ref().is_some_and(|mail_from| {
        mail_from == &domain.domain
            || !strict("aspf") && mail_from.ends_with(&format!(".{}", domain.domain))
    });
    // SES signs with the domain itself, which is aligned either way.
    let by_dkim = domain.keys != DkimKeys::Awaited;
    match (by_spf, by_dkim) {
        (true, true) => judging.holds("SPF and DKIM both count for the domain"),
        (true, false) => judging.holds("SPF counts for the domain, DKIM is awaited"),
        (false, true) if domain.mail_from.is_none() => judging.holds(
            "DKIM counts for the domain; SPF does not, for want of a MAIL FROM domain of its own",
        ),
        (false, true) => judging.holds(
            "DKIM counts for the domain; SPF does not: the MAIL FROM domain is another one, or aspf=s asks for the same",
        ),
        (false, false) => judging.unknown("SPF does not count for the domain, and DKIM is awaited"),
    }
}

fn reports(tags: &BTreeMap<&str, &str>, judging: Judging<'_>) -> MailFinding {
    let judging = Judging {
        rule: MailRule::Reports,
        ..judging
    };
    let addresses: Vec<&str> = tags
        .get("rua")
        .into_iter()
        .flat_map(|rua| rua.split(','))
        .filter_map(|address| address.trim().strip_prefix("mailto:"))
        .filter(|address| address.contains('@'))
        .collect();
    if addresses.is_empty() {
        judging.fails(
            "reports go nowhere: nobody would learn of mail that fails",
            "add rua=mailto: and an address that somebody reads",
        )
    } else {
        judging.holds(format!("reports go to {}", addresses.join(", ")))
    }
}

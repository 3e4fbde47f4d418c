//! DKIM: the keys that sign a domain's mail (RFC 6376, 8301, 8463).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::claim::{RecordKind, RecordValue};

use super::{
    Asked, DkimKeys, Judging, MailDomain, MailFinding, MailRule, Seen, records, tags, texts,
};
use crate::der;

/// Bits of an RSA key that receivers still take (RFC 8301, section 3.2).
const BITS: usize = 1024;
/// Bits that they should have.
const GOOD_BITS: usize = 2048;
/// Bytes of an Ed25519 key (RFC 8463).
const ED25519: usize = 32;

/// The names and kinds to ask for.
pub(super) fn names(domain: &MailDomain) -> Vec<Asked> {
    match &domain.keys {
        DkimKeys::Easy(tokens) => tokens
            .iter()
            .map(|token| (key_name(token, domain), RecordKind::Cname))
            .collect(),
        DkimKeys::Own(selector) => vec![(key_name(selector, domain), RecordKind::Txt)],
        DkimKeys::Awaited => Vec::new(),
    }
}

fn key_name(selector: &str, domain: &MailDomain) -> String {
    format!("{selector}._domainkey.{}", domain.domain)
}

pub(super) fn judge(domain: &MailDomain, seen: &Seen) -> Vec<MailFinding> {
    let each = |selector: &str, judge: &dyn Fn(Judging<'_>) -> MailFinding| {
        let name = key_name(selector, domain);
        judge(Judging {
            rule: MailRule::Dkim,
            name: &name,
        })
    };
    match &domain.keys {
        DkimKeys::Easy(tokens) => tokens
            .iter()
            .map(|token| each(token, &|judging| alias(token, seen, judging)))
            .collect(),
        DkimKeys::Own(selector) => vec![each(selector, &|judging| key(seen, judging))],
        DkimKeys::Awaited => vec![
            Judging {
                rule: MailRule::Dkim,
                name: &domain.domain,
            }
            .unknown("SES has not made its tokens yet"),
        ],
    }
}

/// One of Easy DKIM's three aliases.
fn alias(token: &str, seen: &Seen, judging: Judging<'_>) -> MailFinding {
    let target = format!("{token}.dkim.amazonses.com");
    let remedy = format!("publish {} CNAME {target}", judging.name);
    let records = match records(seen, judging.name, RecordKind::Cname) {
        Ok(records) => records,
        Err(why) => return judging.unknown(why),
    };
    let alias = records.iter().find_map(|record| match record {
        RecordValue::Alias(alias) => Some(alias),
        _ => None,
    });
    match alias {
        None => judging.fails("the alias is missing", remedy),
        // Some regions have a name of their own between the two: TOKEN.dkim.REGION.amazonses.com.
        Some(alias)
            if alias.starts_with(&format!("{token}.dkim.").to_ascii_lowercase())
                && alias.ends_with(".amazonses.com") =>
        {
            judging.holds(format!("an alias for {alias}"))
        }
        Some(alias) => judging.fails(format!("the alias is for {alias}"), remedy),
    }
}

/// A key in a text of the domain's own.
fn key(seen: &Seen, judging: Judging<'_>) -> MailFinding {
    const REMEDY: &str = "publish the key that signs, of 2048 bits";
    let texts = match texts(seen, judging.name) {
        Ok(texts) => texts,
        Err(why) => return judging.unknown(why),
    };
    let text = match texts.as_slice() {
        [] => return judging.fails("there is no key", REMEDY),
        [one] => one,
        several => {
            return judging.fails(
                format!(
                    "there are {} texts, and receivers may take any",
                    several.len()
                ),
                "leave the one with the key that signs",
            );
        }
    };
    let Some(tags) = tags::read(text) else {
        return judging.fails("the text is no list of tags", REMEDY);
    };
    if tags.get("v").is_some_and(|version| *version != "DKIM1") {
        return judging.fails("the text is of another version than DKIM1", REMEDY);
    }
    let encoded: String = tags
        .get("p")
        .copied()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    if encoded.is_empty() {
        return match tags.contains_key("p") {
            true => judging.fails("the key is revoked: its p= is empty", REMEDY),
            false => judging.fails("the text has no key: p= is missing", REMEDY),
        };
    }
    let Ok(bytes) = STANDARD.decode(encoded) else {
        return judging.fails("the key is not base64", REMEDY);
    };
    if tags
        .get("h")
        .is_some_and(|hashes| !hashes.split(':').any(|hash| hash.trim() == "sha256"))
    {
        return judging.fails(
            "the key is for hashes that receivers no longer take",
            REMEDY,
        );
    }
    let testing = match tags.get("t") {
        Some(flags) if flags.split(':').any(|flag| flag.trim() == "y") => {
            ", for tests: receivers need not mind it"
        }
        _ => "",
    };
    match tags.get("k").copied().unwrap_or("rsa") {
        "rsa" => match der::rsa_bits(&bytes) {
            None => judging.fails("the key is no RSA key", REMEDY),
            Some(bits @ ..BITS) => judging.fails(
                format!("the RSA key has {bits} bits, and receivers take none below {BITS}"),
                REMEDY,
            ),
            Some(bits @ BITS..GOOD_BITS) => judging.holds(format!(
                "an RSA key of {bits} bits, which should have {GOOD_BITS}{testing}"
            )),
            Some(bits) => judging.holds(format!("an RSA key of {bits} bits{testing}")),
        },
        "ed25519" if bytes.len() == ED25519 => judging.holds(format!("an Ed25519 key{testing}")),
        "ed25519" => judging.fails("the key is no Ed25519 key", REMEDY),
        other => judging.fails(
            format!("keys of the kind `{other}` are not known to receivers"),
            REMEDY,
        ),
    }
}

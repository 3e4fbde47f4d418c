//! The envelope sender's domain at SES: one mail server, to which bounces come back.

use model::claim::{RecordKind, RecordValue};

use super::{Judging, MailDomain, MailFinding, MailRule, Seen, records};

pub(super) fn judge(domain: &MailDomain, seen: &Seen) -> Option<MailFinding> {
    let name = domain.mail_from.as_deref()?;
    let judging = Judging {
        rule: MailRule::MailFrom,
        name,
    };
    let wanted = format!("feedback-smtp.{}.amazonses.com", domain.region);
    let remedy = format!("publish exactly one: {name} MX 10 {wanted}");
    let records = match records(seen, name, RecordKind::Mx) {
        Ok(records) => records,
        Err(why) => return Some(judging.unknown(why)),
    };
    let servers: Vec<&str> = records
        .iter()
        .filter_map(|record| match record {
            RecordValue::Mail { exchange, .. } => Some(exchange.as_str()),
            _ => None,
        })
        .collect();
    Some(match servers.as_slice() {
        [] => judging.fails(
            "there is no MX record, and SES falls back to its own domain",
            remedy,
        ),
        [one] if *one == wanted => judging.holds(format!("bounces go to {wanted}")),
        [one] => judging.fails(format!("bounces go to {one}, not to SES"), remedy),
        several => judging.fails(
            format!(
                "there are {} MX records, and SES takes the domain only with its own alone",
                several.len()
            ),
            remedy,
        ),
    })
}

//! What the customer publishes so that SES may send in its name: DKIM, the envelope sender's domain, SPF and DMARC.
//!
//! Source: "Easy DKIM", "Using a custom MAIL FROM domain" and "Complying with DMARC" of the SES developer guide.

use model::service::{Record, RecordData};

use super::lists::values;
use super::table;

/// A sender's domain at SES, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SesDomain {
    /// The domain of senders: `acme.example`.
    pub domain: String,
    /// The domain of envelope senders, below it: `bounce.acme.example`.
    pub mail_from: String,
    /// AWS region.
    pub region: String,
    /// The three tokens of Easy DKIM, once SES has made them.
    pub dkim_tokens: Option<[String; 3]>,
    /// The token of the older way to show that a domain is one's own, where SES asks for it.
    pub verification_token: Option<String>,
    /// Where reports about mail that fails DMARC go.
    pub dmarc_reports: Option<String>,
}

/// One record to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// What it is for.
    pub purpose: String,
    /// The record, or what it waits for.
    pub stand: Stand,
}

/// Whether a record can be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It can.
    Ready(Record),
    /// Part of it is not known yet.
    Awaited {
        /// The record's shape, with what is not known in angle brackets.
        shape: String,
        /// What it waits for.
        until: String,
    },
}

/// The preference of the one mail server of an envelope sender's domain, as SES asks for it.
const PREFERENCE: u16 = 10;

impl SesDomain {
    /// The records to publish, in the order in which they are best published.
    pub fn publications(&self) -> Vec<Publication> {
        let Self {
            domain,
            mail_from,
            region,
            ..
        } = self;
        let mut all = self.dkim();
        if let Some(token) = &self.verification_token {
            all.push(ready(
                "shows that the domain is the customer's (beside DKIM, which shows it too)",
                format!("_amazonses.{domain}"),
                RecordData::Text(token.clone()),
            ));
        }
        all.push(ready(
            "takes back what could not be delivered: the envelope sender's domain",
            mail_from.clone(),
            RecordData::Mail {
                preference: PREFERENCE,
                exchange: format!("feedback-smtp.{region}.amazonses.com"),
            },
        ));
        all.push(ready(
            "SPF: lets SES send for the envelope sender's domain",
            mail_from.clone(),
            RecordData::Text("v=spf1 include:amazonses.com ~all".to_owned()),
        ));
        let reports = self
            .dmarc_reports
            .as_ref()
            .map(|address| format!("; rua=mailto:{address}"))
            .unwrap_or_default();
        all.push(ready(
            "DMARC: what receivers do with mail that fails SPF and DKIM. A policy that is there already stays; tighten `quarantine` once reports are clean",
            format!("_dmarc.{domain}"),
            RecordData::Text(format!("v=DMARC1; p=quarantine{reports}")),
        ));
        all
    }

    fn dkim(&self) -> Vec<Publication> {
        let purpose = |number: usize| {
            format!(
                "DKIM key {number} of 3: shows that the domain is the customer's, and signs its mail"
            )
        };
        let domain = &self.domain;
        match &self.dkim_tokens {
            Some(tokens) => (1..)
                .zip(tokens)
                .map(|(number, token)| {
                    ready(
                        &purpose(number),
                        format!("{token}._domainkey.{domain}"),
                        RecordData::Alias(format!("{token}.dkim.amazonses.com")),
                    )
                })
                .collect(),
            None => (1..=3)
                .map(|number| Publication {
                    purpose: purpose(number),
                    stand: Stand::Awaited {
                        shape: format!(
                            "<token {number}>._domainkey.{domain} CNAME <token {number}>.dkim.amazonses.com"
                        ),
                        until: "SES makes its tokens when the identity is applied".to_owned(),
                    },
                })
                .collect(),
        }
    }
}

fn ready(purpose: &str, name: String, data: RecordData) -> Publication {
    Publication {
        purpose: purpose.to_owned(),
        stand: Stand::Ready(Record { name, data }),
    }
}

/// Writes what is to be published, in Markdown, with notes at the end. The records that are ready can be had as a zone
/// file too, by [`zone_file`](super::zone_file) over them.
pub fn publications(domain: &str, all: &[Publication], notes: &[String]) -> String {
    let domain = table::line(domain);
    let awaited = all
        .iter()
        .filter(|one| matches!(one.stand, Stand::Awaited { .. }))
        .count();
    let mut text = format!("# Mail of {domain}: records to publish\n\n");
    text.push_str(&match awaited {
        0 => format!("{} records, all ready.\n\n", all.len()),
        _ => format!(
            "{} records: {} ready, {awaited} awaited.\n\n",
            all.len(),
            all.len() - awaited
        ),
    });
    text.push_str("| record | type | value | for |\n|---|---|---|---|\n");
    for one in all {
        let purpose = cell(&one.purpose);
        match &one.stand {
            Stand::Ready(record) => {
                for (kind, value) in values(&record.data) {
                    text.push_str(&format!(
                        "| `{}` | {kind} | `{}` | {purpose} |\n",
                        cell(&record.name),
                        cell(&value)
                    ));
                }
            }
            Stand::Awaited { shape, until } => text.push_str(&format!(
                "| `{}` | | *awaited*: {} | {purpose} |\n",
                cell(shape),
                cell(until)
            )),
        }
    }
    for (number, note) in (1..).zip(notes) {
        text.push_str(if number == 1 { "\n- " } else { "- " });
        text.push_str(&table::line(note));
        text.push('\n');
    }
    text
}

/// A text as a cell of a Markdown table; never cut, since it is to be copied.
fn cell(text: &str) -> String {
    text.replace(char::is_control, " ")
        .replace('|', "\\|")
        .replace('`', "'")
}

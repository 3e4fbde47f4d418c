//! Zone files in the form that BIND and most other servers read (RFC 1035, section 5).

use std::net::IpAddr;

use model::service::{Record, RecordData, Zone};

use super::spelling::{absolute, fits, strings, within};
use super::table;

/// How a zone file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneForm {
    /// Seconds for which answers may be kept.
    pub ttl: u32,
    /// The head of a whole zone. Without it the file holds records alone, to be included in a zone that is there.
    pub authority: Option<Authority>,
}

/// The head of a zone: who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The primary server's name, fully qualified, without the final dot.
    pub primary: String,
    /// Every server's name, the primary's among them.
    pub servers: Vec<String>,
    /// The mail address of whoever is responsible.
    pub contact: String,
    /// Must grow with every change: most often the date and two digits, `2026112301`.
    pub serial: u32,
}

/// Refresh, retry and expiry, seconds: what RIPE-203 recommends for small and stable zones.
const TIMES: (u32, u32, u32) = (86_400, 7_200, 3_600_000);
/// Seconds for which servers keep that a name is not there; short, so that a name is seen soon after it is added.
const NEGATIVE: u32 = 300;

/// One line of a zone file.
#[derive(PartialEq, Eq)]
pub(super) struct Line {
    pub(super) owner: String,
    pub(super) kind: &'static str,
    pub(super) data: String,
}

/// Writes a zone, records sorted by name and aligned. What lies outside the zone, or fits no DNS name, is left out and
/// said in a comment: a server would refuse the whole file for it.
pub fn zone_file(zone: &Zone, form: &ZoneForm) -> String {
    let mut lines = Vec::new();
    let mut left_out = Vec::new();
    let mut records: Vec<&Record> = zone.records.iter().collect();
    records.sort();
    for record in records {
        match within(&record.name, &zone.name) {
            Some(owner) if fits(&record.name) && targets_fit(record) => {
                lines.extend(record_lines(&owner, &record.data));
            }
            _ => left_out.push(table::line(&record.name)),
        }
    }
    // The zone's own records come first, as readers of zone files expect.
    lines.sort_by_key(|line| {
        (
            line.owner != "@",
            line.owner.clone(),
            line.kind,
            line.data.clone(),
        )
    });
    lines.dedup();
    write(&zone.name, form, &lines, &left_out)
}

/// Writes a zone of ready lines.
pub(super) fn write(zone: &str, form: &ZoneForm, lines: &[Line], left_out: &[String]) -> String {
    let mut text = format!("; {}\n", table::line(zone));
    if form.authority.is_none() {
        text.push_str("; Records alone: include this file in the zone, whose SOA and NS records it does not have.\n");
    }
    for name in left_out {
        text.push_str("; LEFT OUT, since no name of this zone: ");
        text.push_str(name);
        text.push('\n');
    }
    text.push_str(&format!("$ORIGIN {}\n$TTL {}\n", absolute(zone), form.ttl));
    if let Some(authority) = &form.authority {
        let (refresh, retry, expire) = TIMES;
        text.push_str(&format!(
            "@ IN SOA {} {} (\n\t{} ; serial\n\t{refresh} ; refresh\n\t{retry} ; retry\n\t{expire} ; expire\n\t{NEGATIVE} ; negative answers\n)\n",
            absolute(&authority.primary),
            mailbox(&authority.contact),
            authority.serial,
        ));
        for server in &authority.servers {
            text.push_str(&format!("@ IN NS {}\n", absolute(server)));
        }
    }
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            vec![
                line.owner.clone(),
                "IN".to_owned(),
                line.kind.to_owned(),
                line.data.clone(),
            ]
        })
        .collect();
    text.push_str(&table::aligned(&rows));
    text
}

/// The lines of a record: one for each address, one for anything else.
fn record_lines(owner: &str, data: &RecordData) -> Vec<Line> {
    let line = |kind, data| Line {
        owner: owner.to_owned(),
        kind,
        data,
    };
    match data {
        RecordData::Addresses(addresses) => addresses
            .iter()
            .map(|address| match address {
                IpAddr::V4(_) => line("A", address.to_string()),
                IpAddr::V6(_) => line("AAAA", address.to_string()),
            })
            .collect(),
        RecordData::Alias(target) => vec![line("CNAME", absolute(target))],
        RecordData::Text(text) => vec![line("TXT", strings(text))],
        RecordData::Mail {
            preference,
            exchange,
        } => vec![line("MX", format!("{preference} {}", absolute(exchange)))],
    }
}

/// Whether the names that a record points to are names.
fn targets_fit(record: &Record) -> bool {
    match &record.data {
        RecordData::Alias(target) => fits(target),
        RecordData::Mail { exchange, .. } => fits(exchange),
        RecordData::Addresses(_) | RecordData::Text(_) => true,
    }
}

/// A mail address as a SOA record spells it: the at sign is a dot, dots before it are escaped.
fn mailbox(address: &str) -> String {
    match address.split_once('@') {
        Some((user, domain)) => {
            let user = absolute(user);
            let user = user.trim_end_matches('.').replace('.', "\\.");
            format!("{user}.{}", absolute(domain))
        }
        None => absolute(address),
    }
}

//! The same records as lists: for servers that read no zone files, and for people.

use model::service::{RecordData, Zone};

use super::table;

/// One record in three words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    name: String,
    kind: &'static str,
    value: String,
}

fn entries(zones: &[Zone]) -> Vec<Entry> {
    let mut entries: Vec<_> = zones
        .iter()
        .flat_map(|zone| &zone.records)
        .flat_map(|record| {
            values(&record.data).into_iter().map(|(kind, value)| Entry {
                name: record.name.to_lowercase(),
                kind,
                value,
            })
        })
        .collect();
    entries.sort();
    entries.dedup();
    entries
}

/// A record's types and values, as people write them: names without the final dot, texts unquoted and whole.
pub(super) fn values(data: &RecordData) -> Vec<(&'static str, String)> {
    match data {
        RecordData::Addresses(addresses) => addresses
            .iter()
            .map(|address| {
                let kind = if address.is_ipv4() { "A" } else { "AAAA" };
                (kind, address.to_string())
            })
            .collect(),
        RecordData::Alias(target) => vec![("CNAME", target.clone())],
        RecordData::Text(text) => vec![("TXT", text.clone())],
        RecordData::Mail {
            preference,
            exchange,
        } => vec![("MX", format!("{preference} {exchange}"))],
    }
}

/// The records as comma-separated values (RFC 4180) under a head: name, type, value, seconds to live.
pub fn csv(zones: &[Zone], ttl: u32) -> String {
    let mut text = "name,type,value,ttl\r\n".to_owned();
    for entry in entries(zones) {
        text.push_str(&format!(
            "{},{},{},{ttl}\r\n",
            field(&entry.name),
            entry.kind,
            field(&entry.value)
        ));
    }
    text
}

/// The records as a table for people.
pub fn listing(zones: &[Zone]) -> String {
    let mut rows = vec![["NAME", "TYPE", "VALUE"].map(str::to_owned).to_vec()];
    rows.extend(entries(zones).into_iter().map(|entry| {
        vec![
            table::line(&entry.name),
            entry.kind.to_owned(),
            table::line(&entry.value),
        ]
    }));
    table::aligned(&rows)
}

/// A field, quoted where it holds what separates fields.
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let check = |text: &str, wanted: &str| assert_eq!(field(text), wanted);
        check("api.acme.example", "api.acme.example");
        check("v=DMARC1; p=none", "v=DMARC1; p=none");
        check("a,b", "\"a,b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check(" blank", "\" blank\"");
    }
}

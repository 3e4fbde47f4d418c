//! Names: a name's addresses of both families, or its records of one kind.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::claim::{RecordKind, RecordValue};

use crate::ask::{Heard, Miss, Vantage, at};
use crate::dns::{self, Found};

/// Asks for both families; what the server has is the sum of the two answers.
pub(crate) async fn resolve(
    vantage: &Vantage<'_>,
    server: IpAddr,
    name: &str,
) -> Result<Heard, Miss> {
    let name = dns::parse(name)?;
    let mut addresses = BTreeSet::new();
    let mut chain = String::new();
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        let found = dns::look_up(&vantage.line, at(server, dns::PORT), &name, kind)
            .await
            .map_err(|miss| Miss {
                said: format!("{kind}: {}", miss.said),
                ..miss
            })?;
        chain = found.chain();
        addresses.extend(found.records.iter().filter_map(|record| match record {
            RecordValue::Address(address) => Some(*address),
            _ => None,
        }));
    }
    let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    let said = worded(&chain, &texts, "the name is there and has no address");
    Ok(Heard {
        addresses: Some(addresses.into_iter().collect()),
        ..Heard::new(said)
    })
}

/// Asks for the records of one kind.
pub(crate) async fn records(
    vantage: &Vantage<'_>,
    server: IpAddr,
    name: &str,
    kind: RecordKind,
) -> Result<Heard, Miss> {
    let name = dns::parse(name)?;
    let found: Found = dns::look_up(&vantage.line, at(server, dns::PORT), &name, kind).await?;
    let texts: Vec<String> = found.records.iter().map(ToString::to_string).collect();
    let said = worded(
        &found.chain(),
        &texts,
        &format!("no data: the name is there and has no {kind} record"),
    );
    Ok(Heard {
        records: Some(found.records.into_iter().collect()),
        ..Heard::new(said)
    })
}

fn worded(chain: &str, texts: &[String], none: &str) -> String {
    let told = if texts.is_empty() {
        none.to_owned()
    } else {
        texts.join(", ")
    };
    if chain.is_empty() {
        told
    } else {
        format!("{chain}: {told}")
    }
}

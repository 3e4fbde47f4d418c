//! A zone's own data, and what it says of a name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hickory_proto::ProtoError;
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, SOA, TXT};
use hickory_proto::rr::{LowerName, Name, RData, Record, RecordType};
use model::service::{self, RecordData};

/// Seconds for which an answer may be kept: addresses of an estate change only with its design.
const TTL: u32 = 300;

/// Seconds for which "no such name" may be kept: short, since a name may be about to appear.
const NEGATIVE_TTL: u32 = 60;

/// The SOA's timers in seconds. There is no secondary server: they are the customary ones of RFC 1912, section 2.2.
const REFRESH: i32 = 3_600;
const RETRY: i32 = 900;
const EXPIRE: i32 = 1_209_600;

/// Bytes of one piece of a text (RFC 1035, section 3.3).
pub(crate) const TEXT_PIECE: usize = 255;

/// Why a zone cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// A name is not a domain name.
    #[error("read `{name}` as a domain name")]
    Name {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        #[source]
        source: ProtoError,
    },
    /// A record does not lie in its zone.
    #[error("put `{name}` into the zone `{zone}`, in which it does not lie")]
    OutsideZone {
        /// The zone.
        zone: String,
        /// The record's name.
        name: String,
    },
    /// An alias stands beside other records, which DNS does not let it (RFC 1034, section 3.6.2). A zone's own name always
    /// has others.
    #[error("make `{name}` an alias: it has other records too")]
    AliasNotAlone {
        /// The alias.
        name: String,
    },
    /// A zone to be passed on names no server.
    #[error("pass `{zone}` on: it names no server")]
    NoServer {
        /// The zone.
        zone: String,
    },
}

/// Reads a fully qualified name, with or without its final dot.
pub(crate) fn name(text: &str) -> Result<Name, DnsError> {
    let mut name = Name::from_ascii(text).map_err(|source| DnsError::Name {
        name: text.to_owned(),
        source,
    })?;
    name.set_fqdn(true);
    Ok(name)
}

/// What a record is on the wire; a name's addresses are one record each.
fn data(data: &RecordData) -> Result<Vec<RData>, DnsError> {
    Ok(match data {
        RecordData::Addresses(addresses) => addresses
            .iter()
            .map(|address| match address {
                IpAddr::V4(address) => RData::A(A(*address)),
                IpAddr::V6(address) => RData::AAAA(AAAA(*address)),
            })
            .collect(),
        RecordData::Alias(target) => vec![RData::CNAME(CNAME(name(target)?))],
        RecordData::Text(text) => {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(TEXT_PIECE).collect();
            // A text of nothing is still a text.
            let empty: &[&[u8]] = &[b""];
            let pieces = if pieces.is_empty() { empty } else { &pieces };
            vec![RData::TXT(TXT::from_bytes(pieces.to_vec()))]
        }
        RecordData::Mail {
            preference,
            exchange,
        } => vec![RData::MX(MX::new(*preference, name(exchange)?))],
    })
}

/// A zone that is answered from its own data.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) apex: Name,
    server: Name,
    /// Every name that exists: those with records, and the empty ones between them and the apex (RFC 8020).
    names: BTreeMap<LowerName, Vec<RData>>,
}

/// What a zone says of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// These records.
    Records(Vec<Record>),
    /// The name stands for another one, whose records are meant.
    Alias(Box<Record>, Name),
    /// The name is there, records of the type are not.
    NoData,
    /// The name is not there.
    NoName,
}

impl Zone {
    /// Loads a zone that `server` serves.
    pub(super) fn load(zone: &service::Zone, server: &Name) -> Result<Self, DnsError> {
        let apex = name(&zone.name)?;
        let mut names = BTreeMap::from([(LowerName::new(&apex), Vec::new())]);
        for record in &zone.records {
            let owner = name(&record.name)?;
            if !apex.zone_of(&owner) {
                return Err(DnsError::OutsideZone {
                    zone: zone.name.clone(),
                    name: record.name.clone(),
                });
            }
            let mut ancestor = owner.base_name();
            while apex.zone_of(&ancestor) && ancestor != apex {
                names.entry(LowerName::new(&ancestor)).or_default();
                ancestor = ancestor.base_name();
            }
            names
                .entry(LowerName::new(&owner))
                .or_default()
                .extend(data(&record.data)?);
        }
        for (owner, data) in &names {
            let is_alias = |one: &RData| one.record_type() == RecordType::CNAME;
            let alone = data.len() == 1 && **owner != apex;
            if data.iter().any(is_alias) && !alone {
                return Err(DnsError::AliasNotAlone {
                    name: owner.to_string(),
                });
            }
        }
        Ok(Self {
            apex,
            server: server.clone(),
            names,
        })
    }

    /// What the zone says of a name that lies in it.
    pub(super) fn look_up(&self, asked: &Name, wanted: RecordType) -> Lookup {
        let Some(data) = self.names.get(&LowerName::new(asked)) else {
            return Lookup::NoName;
        };
        let wants = |kind| wanted == kind || wanted == RecordType::ANY;
        // The name goes back as it was asked, in its case (draft-vixie-dnsext-dns0x20).
        let record = |data: &RData| Record::from_rdata(asked.clone(), TTL, data.clone());
        if let [RData::CNAME(target)] = data.as_slice()
            && !wants(RecordType::CNAME)
        {
            let target = target.0.clone();
            return Lookup::Alias(
                Box::new(record(&RData::CNAME(CNAME(target.clone())))),
                target,
            );
        }
        let mut records = Vec::new();
        if *asked == self.apex {
            if wants(RecordType::SOA) {
                records.push(self.soa(TTL));
            }
            if wants(RecordType::NS) {
                records.push(self.ns());
            }
        }
        let wanted = data.iter().filter(|data| wants(data.record_type()));
        records.extend(wanted.map(record));
        if records.is_empty() {
            Lookup::NoData
        } else {
            Lookup::Records(records)
        }
    }

    /// The record that a negative answer carries; its time to live is how long the answer may be kept (RFC 2308).
    pub(super) fn negative(&self) -> Record {
        self.soa(NEGATIVE_TTL)
    }

    fn soa(&self, ttl: u32) -> Record {
        // A label of ten letters fits before any zone that has a name server; the apex stands in if it does not.
        let mailbox = self
            .apex
            .prepend_label("hostmaster")
            .unwrap_or_else(|_| self.apex.clone());
        let soa = SOA::new(
            self.server.clone(),
            mailbox,
            1,
            REFRESH,
            RETRY,
            EXPIRE,
            NEGATIVE_TTL,
        );
        Record::from_rdata(self.apex.clone(), ttl, RData::SOA(soa))
    }

    fn ns(&self) -> Record {
        Record::from_rdata(self.apex.clone(), TTL, RData::NS(NS(self.server.clone())))
    }
}

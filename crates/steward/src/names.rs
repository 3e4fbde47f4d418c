//! Names to hand over, and what the customer's server says of them, record by record.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use design::Design;
use handover::link::Document;
use handover::names::{
    NameVerdict, Publication, SesDomain, Stand, VerifiedName, ZoneForm, csv, listing, publications,
    reverse_zones, zone_file,
};
use ipnet::IpNet;
use model::claim::RecordValue;
use model::estate::{DnsKeeper, Mail};
use model::service::{Forward, Record, Zone};
use model::{Estate, Role, ServiceKind, Verdict};
use probe::maildomain::{DkimKeys, MailDomain, MailFinding};
use probe::{Closing, RecordFinding, RecordState};

/// Seconds for which answers may be kept: short while things move, and what most servers have by default.
const TTL: u32 = 300;

/// The longest that a server is waited for, question by question. It may be on the far side of a VPN.
const PATIENCE: Duration = Duration::from_secs(5);

/// Names of an estate as they are handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The zone that clients ask, with the records that must be in it.
    pub zone: Zone,
    /// Zones whose questions the customer's servers must pass on, and to whom.
    pub forwards: Vec<Forward>,
    /// What Amazon SES asks to be published, where it sends the mails: the domain, and the records.
    pub mail: Option<(SesDomain, Vec<Publication>)>,
    /// What is to be known besides.
    pub notes: Vec<String>,
    /// The ranges in which addresses get names.
    ranges: Vec<IpNet>,
    /// The ranges of the environments: what they hold that no record names any more is of an earlier design.
    own: Vec<IpNet>,
}

/// In which form names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamesForm {
    /// Zone files, reverse zones among them.
    Bind,
    /// Comma-separated values.
    Csv,
    /// A table for people.
    Table,
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamesVerified {
    /// The records, one by one.
    pub records: Vec<RecordFinding>,
    /// What SPF, DKIM, DMARC and the envelope sender's domain come to, where SES sends the mails.
    pub mail: Vec<MailFinding>,
}

impl Names {
    /// The names of a designed estate.
    pub fn of(estate: &Estate, design: &Design) -> Self {
        let network = design.network();
        let zones = design.blueprints.values().flat_map(|unit| &unit.zones);
        let zone = zones
            .filter(|zone| zone.name == estate.dns.zone)
            .map(|zone| Zone {
                name: zone.name.clone(),
                records: zone
                    .records
                    .iter()
                    .filter(|record| !made_up(design, record))
                    .cloned()
                    .collect(),
            })
            .next()
            .unwrap_or_else(|| Zone {
                name: estate.dns.zone.clone(),
                records: Vec::new(),
            });
        let own: Vec<IpNet> = network
            .vpcs
            .values()
            .flat_map(|vpc| vpc.cidrs.clone())
            .collect();
        let mut notes = Vec::new();
        if estate.dns.keeper == DnsKeeper::Route53 {
            notes.push(format!(
                "the operator keeps {} in Route 53: there is nothing to enter, and the customer's servers pass its questions on",
                zone.name
            ));
        }
        Self {
            forwards: forwards(design),
            mail: ses(estate),
            notes,
            ranges: own.clone(),
            own,
            zone,
        }
    }

    /// The files to hand over, in a form.
    pub fn documents(&self, form: NamesForm) -> Vec<Document> {
        let zones = std::slice::from_ref(&self.zone);
        let document = |name: String, text: String| Document { name, text };
        let mut files = match form {
            NamesForm::Bind => {
                let form = ZoneForm {
                    ttl: TTL,
                    authority: None,
                };
                let reverse = reverse_zones(zones, &self.ranges, &form);
                let mut files = vec![document(
                    format!("{}.zone", self.zone.name),
                    zone_file(&self.zone, &form),
                )];
                files.extend(
                    reverse
                        .into_iter()
                        .map(|(name, text)| document(format!("{name}.zone"), text)),
                );
                files
            }
            NamesForm::Csv => vec![document("names.csv".to_owned(), csv(zones, TTL))],
            NamesForm::Table => vec![document("names.txt".to_owned(), listing(zones))],
        };
        files.extend(self.mail.as_ref().map(|(domain, records)| {
            document(
                "mail.md".to_owned(),
                publications(&domain.domain, records, &[]),
            )
        }));
        files
    }

    /// Asks a server for every record. What the zone held before, where that is known, tells stale records from wrong
    /// ones; what leads to an address of the environments that is not wanted is of an earlier design too.
    ///
    /// # Errors
    /// Fails when this process can run no clock and no socket. What the server does, or does not, is a finding.
    pub fn verify(&self, server: SocketAddr, former: &[Record]) -> io::Result<NamesVerified> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let closing = Closing::Deadline;
        let mut records = runtime.block_on(probe::verify_zone(
            server,
            &self.zone.records,
            former,
            PATIENCE,
            &closing,
        ));
        for finding in &mut records {
            self.recognise(finding);
        }
        let mail = match &self.mail {
            Some((domain, records)) => runtime.block_on(probe::verify_mail_domain(
                server,
                &mail_domain(domain, records),
                PATIENCE,
                &closing,
            )),
            None => Vec::new(),
        };
        Ok(NamesVerified { records, mail })
    }

    /// Calls a wrong record stale where all that it leads to are addresses of the environments: nobody but an earlier
    /// design has ever given those.
    fn recognise(&self, finding: &mut RecordFinding) {
        let RecordState::Wrong { found, .. } = &finding.state else {
            return;
        };
        let former = |value: &RecordValue| match value {
            RecordValue::Address(address) => {
                finding.wanted.contains(value)
                    || self.own.iter().any(|range| range.contains(address))
            }
            _ => false,
        };
        if !found.is_empty() && found.iter().all(former) {
            let found = found.clone();
            finding.state = RecordState::Stale { found };
        }
    }
}

impl NamesVerified {
    /// The verdict on all of it.
    pub fn verdict(&self) -> Verdict {
        let records = self.records.iter().map(RecordFinding::verdict);
        Verdict::all(records.chain(self.mail.iter().map(|finding| finding.verdict)))
    }

    /// The records as people are shown them.
    pub fn rows(&self) -> Vec<VerifiedName> {
        self.records.iter().map(row).collect()
    }
}

/// What a finding's state is called.
pub fn name_verdict(state: &RecordState) -> NameVerdict {
    match state {
        RecordState::Right { .. } => NameVerdict::Right,
        RecordState::Wrong { .. } => NameVerdict::Wrong,
        RecordState::Missing { .. } => NameVerdict::Missing,
        RecordState::Stale { .. } => NameVerdict::Stale,
        RecordState::Unanswered { .. } => NameVerdict::Unknown,
    }
}

fn row(finding: &RecordFinding) -> VerifiedName {
    let list = |values: &std::collections::BTreeSet<RecordValue>| {
        let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    VerifiedName {
        name: finding.name.clone(),
        kind: finding.kind.to_string(),
        expected: list(&finding.wanted),
        found: match &finding.state {
            RecordState::Right { aliases } => match aliases.last() {
                Some(last) => format!("{}, by the alias {last}", list(&finding.wanted)),
                None => list(&finding.wanted),
            },
            RecordState::Wrong { why: Some(why), .. } => why.clone(),
            RecordState::Wrong { found, .. } | RecordState::Stale { found } => list(found),
            RecordState::Missing { name_exists: true } => "no such record".to_owned(),
            RecordState::Missing { name_exists: false } => "no such name".to_owned(),
            RecordState::Unanswered { why, .. } => why.clone(),
        },
        verdict: name_verdict(&finding.state),
    }
}

/// Whether a record only says how a rehearsal calls a server of the customer's: the estate names its address alone.
fn made_up(design: &Design, record: &Record) -> bool {
    let mut hosts = design.blueprints.values().flat_map(|unit| &unit.hosts);
    hosts.any(|(_, host)| {
        host.name == record.name
            && matches!(
                host.role,
                Role::CustomerDns | Role::CustomerNtp | Role::CustomerClient
            )
    })
}

/// What the customer's servers pass on, as the first of them is told.
fn forwards(design: &Design) -> Vec<Forward> {
    let hosts = design
        .blueprints
        .values()
        .flat_map(|unit| unit.hosts.values());
    let servers = hosts.filter(|host| host.role == Role::CustomerDns);
    servers
        .flat_map(|host| &host.services)
        .find_map(|service| match &service.kind {
            ServiceKind::Dns { forwards, .. } => Some(forwards.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

/// What SES asks to be published. Its tokens are made when its identity is applied.
fn ses(estate: &Estate) -> Option<(SesDomain, Vec<Publication>)> {
    let Mail::Ses(ses) = &estate.mail else {
        return None;
    };
    let domain = SesDomain {
        domain: ses.domain.clone(),
        mail_from: ses
            .mail_from
            .clone()
            .unwrap_or_else(|| format!("bounce.{}", ses.domain)),
        region: estate.region.clone(),
        dkim_tokens: None,
        verification_token: None,
        dmarc_reports: ses.reports.clone(),
    };
    let mut records = domain.publications();
    if ses.mail_from.is_none() {
        // Bounces go to SES's own domain: nothing of it is the customer's to publish.
        let below = |record: &Record| record.name == domain.mail_from;
        records.retain(|one| !matches!(&one.stand, Stand::Ready(record) if below(record)));
    }
    Some((domain, records))
}

fn mail_domain(domain: &SesDomain, records: &[Publication]) -> MailDomain {
    let published = |one: &Publication| matches!(&one.stand, Stand::Ready(record) if record.name == domain.mail_from);
    MailDomain {
        domain: domain.domain.clone(),
        mail_from: records
            .iter()
            .any(published)
            .then(|| domain.mail_from.clone()),
        region: domain.region.clone(),
        keys: match &domain.dkim_tokens {
            Some(tokens) => DkimKeys::Easy(tokens.clone()),
            None => DkimKeys::Awaited,
        },
    }
}

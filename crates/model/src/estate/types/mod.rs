//! An estate after parsing: every value typed, every default filled in, environments declared *like* another unfolded.

mod account;
mod agreement;
mod environment;
mod link;
mod people;
mod place;
mod recovery;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::{Awaited, Waiver};
use crate::id::EnvironmentId;

pub use account::{AccountTerms, Payer};
pub use agreement::{
    AlertKind, AlertReceiver, Availability, ChangeWindow, Escalation, Freeze, Monitoring, Percent,
    Period, Services, SupportService, Weekday,
};
pub use environment::{
    BalancerKind, Bastion, BastionPlace, Database, Environment, Hardening, Image, ProductUse,
    System,
};
pub use link::{CustomerRouter, DirectConnect, Link, Vpn};
pub use people::{Person, PersonRole, Side};
pub use place::{
    CertificateIssuer, CertificateValidation, Certificates, DataCentre, Dns, DnsKeeper, HandOver,
    Mail, Ntp, Operator, OperatorVpc, Outbound, OutboundKind, Ses, Smtp,
};
pub use recovery::{BackupClass, BackupRule, Recovery, RecoveryChoice};

/// One customer's managed cloud, as its `estate.toml` says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estate {
    /// Short name, a DNS label: `acme`.
    pub name: String,
    /// The customer's name, for people.
    pub customer: String,
    /// What holds for each AWS account of the estate.
    pub account: AccountTerms,
    /// Who builds and runs it.
    pub operator: Operator,
    /// The primary AWS region.
    pub region: String,
    /// Its availability zones, in the order in which they are filled.
    pub zones: Vec<String>,
    /// The private DNS zone under which environments get theirs: `acme.internal` gives `production.acme.internal`.
    pub private_zone: String,
    /// The customer's data centre, where one is joined.
    pub data_centre: Option<DataCentre>,
    /// Names.
    pub dns: Dns,
    /// Time.
    pub ntp: Ntp,
    /// Mail.
    pub mail: Mail,
    /// Machine images by name.
    pub images: BTreeMap<String, Image>,
    /// Environments by name.
    pub environments: BTreeMap<EnvironmentId, Environment>,
    /// Outbound dependencies by name: package mirrors, directories, back-ends.
    pub outbound: BTreeMap<String, Outbound>,
    /// The certificates of the names that clients use.
    pub certificates: Option<Certificates>,
    /// People by login name.
    pub people: BTreeMap<String, Person>,
    /// Whether disaster recovery was asked for, and how.
    pub recovery: RecoveryChoice,
    /// How backups are kept, by class; what nothing is said of is kept by [`BackupRule::default_of`].
    pub backups: BTreeMap<BackupClass, BackupRule>,
    /// When changes may be made.
    pub change_windows: Vec<ChangeWindow>,
    /// When none may.
    pub freezes: Vec<Freeze>,
    /// Who is called when nobody has answered for how long, in that order.
    pub escalation: Vec<Escalation>,
    /// Who hears of alerts, by name.
    pub alerts: BTreeMap<String, AlertReceiver>,
    /// What was agreed about the customer's monitoring.
    pub monitoring: Option<Monitoring>,
    /// What the customer bought.
    pub services: Services,
    /// What availability was promised, where any was.
    pub availability: Option<Availability>,
    /// Findings that somebody has accepted for a time.
    pub waivers: Vec<Waiver>,
    /// What the customer has not given yet.
    pub awaited: Vec<Awaited>,
}

impl Estate {
    /// Disaster recovery, where it was asked for.
    pub fn wanted_recovery(&self) -> Option<&Recovery> {
        match &self.recovery {
            RecoveryChoice::Wanted(recovery) => Some(recovery),
            RecoveryChoice::Declined { .. } | RecoveryChoice::Unsaid => None,
        }
    }

    /// The customer's mail server, where it takes the mails.
    pub fn customer_mail(&self) -> Option<&Smtp> {
        match &self.mail {
            Mail::Customer(smtp) => Some(smtp),
            Mail::Ses(_) => None,
        }
    }

    /// How backups of a class are kept.
    pub fn backup_rule(&self, class: BackupClass) -> BackupRule {
        let said = self.backups.get(&class).copied();
        said.unwrap_or_else(|| BackupRule::default_of(class, self.wanted_recovery().is_some()))
    }
}

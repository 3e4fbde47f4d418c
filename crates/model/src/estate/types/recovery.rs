//! Backups and disaster recovery.

use std::net::IpAddr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::link::Link;
use super::place::Mail;

/// Whether disaster recovery was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "an estate holds one of these, and is never moved in a loop"
)]
pub enum RecoveryChoice {
    /// It was.
    Wanted(Recovery),
    /// The customer said that it does not want it: backups stay in the region.
    Declined {
        /// Login of who said so.
        by: String,
    },
    /// Nothing was said.
    Unsaid,
}

/// Disaster recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The recovery region, other than the primary.
    pub region: String,
    /// Login name of the person who may declare a disaster.
    pub declared_by: String,
    /// By which criterion.
    pub criterion: String,
    /// How often backups go to the recovery region, hours.
    pub copy_every_hours: u32,
    /// Recovery point objective, minutes, where there is one.
    pub rpo_minutes: Option<u32>,
    /// Recovery time objective, minutes, where there is one.
    pub rto_minutes: Option<u32>,
    /// Since when it is agreed.
    pub agreed: Option<Date>,
    /// The AWS account of the recovery site; none: production's.
    pub account: Option<String>,
    /// The IPv4 range of the recovery site's VPC; none: production's, which then cannot be joined at the same time.
    pub cidr: Option<ipnet::Ipv4Net>,
    /// Availability zones of the recovery region.
    pub zones: Vec<String>,
    /// How the recovery site is joined with the data centre.
    pub link: Option<Link>,
    /// DNS servers that it uses; none: the estate's.
    pub dns_servers: Vec<IpAddr>,
    /// Time servers that it uses; none: the estate's.
    pub ntp_servers: Vec<IpAddr>,
    /// Who takes its mails; none: who takes the estate's.
    pub mail: Option<Mail>,
}

/// What a backup is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupClass {
    /// Hosted web applications and services.
    Artifacts,
    /// Application and system logs.
    Logs,
    /// Databases, the products' own among them.
    Databases,
    /// Volumes.
    Volumes,
}

/// How backups of a class are made and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRule {
    /// How often one is made, hours.
    pub every_hours: u32,
    /// How long it is kept where it can be had at once, days.
    pub keep_days: u32,
    /// After how many days it goes to Glacier; none: never.
    pub archive_after_days: Option<u32>,
    /// How long it is kept in all, days, where it goes to Glacier.
    pub archive_keep_days: Option<u32>,
    /// Whether it is copied to the recovery region.
    pub copied: bool,
}

impl BackupRule {
    /// How a class is kept of which nothing was said: daily, and logs and artifacts for the three months for which they
    /// must be had at once (R28, R29).
    pub fn default_of(class: BackupClass, recovery: bool) -> Self {
        let keep_days = match class {
            BackupClass::Artifacts | BackupClass::Logs => 92,
            BackupClass::Databases | BackupClass::Volumes => 14,
        };
        Self {
            every_hours: 24,
            keep_days,
            archive_after_days: None,
            archive_keep_days: None,
            copied: recovery,
        }
    }
}

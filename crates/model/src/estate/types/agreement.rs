//! What was agreed about the work: when changes are made, who is told, what was bought, what was promised.

use std::fmt;

use ipnet::IpNet;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::id::EnvironmentId;

/// A time of the week at which changes may be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeWindow {
    /// Environments for which it counts; none named: all.
    pub environments: Vec<EnvironmentId>,
    /// Days on which it begins.
    pub days: Vec<Weekday>,
    /// When it begins, local time.
    pub from: Time,
    /// How long it is, minutes.
    pub minutes: u16,
    /// The time zone, by its name in the tz database: `Europe/Berlin`.
    pub time_zone: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// Days on which nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// Why.
    pub reason: String,
}

/// Who is called when nobody has answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// Login.
    pub person: String,
    /// After how many minutes without an answer.
    pub after_minutes: u16,
}

/// Who hears of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertReceiver {
    /// Mail address.
    pub mail: Option<String>,
    /// Telephone number, in international form, for text messages.
    pub phone: Option<String>,
    /// Of which alerts; none named: all.
    pub kinds: Vec<AlertKind>,
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A product, or the way to it, does not answer.
    Outage,
    /// A disk, a processor or memory is nearly used up.
    Capacity,
    /// No good backup for too long.
    Backup,
    /// A certificate ends soon.
    Certificate,
    /// Somebody did what they may not.
    Security,
}

/// What was agreed about joining the customer's monitoring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitoring {
    /// Agents of the customer's that run on the hosts.
    pub agents: Vec<String>,
    /// Networks of the customer's to which dashboards are exposed.
    pub dashboards_to: Vec<IpNet>,
    /// Since when both teams agree; none: not yet.
    pub agreed: Option<Date>,
}

/// What the customer bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
    /// The managed cloud itself.
    pub managed: bool,
    /// Support services, bought apart.
    pub support: Vec<SupportService>,
}

/// A support service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SupportService {
    /// Developing applications and services.
    Development,
    /// Deploying them.
    Deployment,
    /// IT tasks such as creating users.
    Administration,
    /// Quality assurance.
    QualityAssurance,
    /// Trainings and workshops.
    Training,
    /// Vulnerability and penetration tests by third parties.
    PenetrationTest,
}

/// The availability that was promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// The share of time.
    pub percent: Percent,
    /// Over which time it is counted.
    pub period: Period,
    /// What does not count as an outage.
    pub excludes: Vec<String>,
}

/// Over which time availability is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// A calendar month.
    Month,
    /// A quarter.
    Quarter,
    /// A year.
    Year,
}

/// A share of time, in thousandths of a percent: 99,950 are 99.95 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Percent(u32);

impl Percent {
    /// All of the time.
    pub const ALL: Self = Self(100_000);

    /// Reads `99.95`: at most three digits after the point, at most 100.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| {
            !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole) || !digits(part) {
            return None;
        }
        let thousandths = format!("{whole}{part:0<3}").parse().ok()?;
        (thousandths <= Self::ALL.0).then_some(Self(thousandths))
    }

    /// Thousandths of a percent.
    pub fn thousandths(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1000, self.0 % 1000);
        if part == 0 {
            return write!(f, "{whole} %");
        }
        let part = format!("{part:03}");
        write!(f, "{whole}.{} %", part.trim_end_matches('0'))
    }
}

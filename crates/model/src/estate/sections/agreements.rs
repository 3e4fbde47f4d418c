//! What was agreed about the work.

use std::collections::BTreeMap;

use jiff::civil::Time;

use serde_json::Value;

use crate::document::{Described, Kind, Report, Spelt, Table};
use crate::estate::{
    AlertReceiver, Availability, ChangeWindow, Escalation, Freeze, Monitoring, Percent, Period,
    Services,
};
use crate::id::EnvironmentId;

pub(super) fn change_windows(root: &mut Table<'_, '_>, report: &mut Report) -> Vec<ChangeWindow> {
    let mut windows = Vec::new();
    for mut table in root.list("change-windows", report) {
        let environments: Vec<String> = table.or("environments", Vec::new(), report);
        windows.push(ChangeWindow {
            environments: environments.into_iter().map(EnvironmentId::new).collect(),
            days: table.required("days", report),
            from: table.required("from", report),
            minutes: table.required("minutes", report),
            time_zone: table.required("time-zone", report),
        });
        table.finish(report);
    }
    windows
}

pub(super) fn freezes(root: &mut Table<'_, '_>, report: &mut Report) -> Vec<Freeze> {
    let mut freezes = Vec::new();
    for mut table in root.list("freezes", report) {
        freezes.push(Freeze {
            from: table.required("from", report),
            until: table.required("until", report),
            reason: table.required("reason", report),
        });
        table.finish(report);
    }
    freezes
}

pub(super) fn escalation(root: &mut Table<'_, '_>, report: &mut Report) -> Vec<Escalation> {
    let mut steps = Vec::new();
    for mut table in root.list("escalation", report) {
        steps.push(Escalation {
            person: table.required("person", report),
            after_minutes: table.required("after-minutes", report),
        });
        table.finish(report);
    }
    steps
}

pub(super) fn alerts(
    root: &mut Table<'_, '_>,
    report: &mut Report,
) -> BTreeMap<String, AlertReceiver> {
    let mut receivers = BTreeMap::new();
    for (name, mut table) in root.named("alerts", report) {
        let receiver = AlertReceiver {
            mail: table.optional("mail", report),
            phone: table.optional("phone", report),
            kinds: table.or("kinds", Vec::new(), report),
        };
        table.finish(report);
        receivers.insert(name, receiver);
    }
    receivers
}

pub(super) fn monitoring(root: &mut Table<'_, '_>, report: &mut Report) -> Option<Monitoring> {
    let mut table = root.optional_table("monitoring", report)?;
    let monitoring = Monitoring {
        agents: table.or("agents", Vec::new(), report),
        dashboards_to: table.or("dashboards-to", Vec::new(), report),
        agreed: table.optional("agreed", report),
    };
    table.finish(report);
    Some(monitoring)
}

pub(super) fn services(root: &mut Table<'_, '_>, report: &mut Report) -> Services {
    let Some(mut table) = root.optional_table("services", report) else {
        return Services {
            managed: true,
            support: Vec::new(),
        };
    };
    let services = Services {
        managed: table.or("managed", true, report),
        support: table.or("support", Vec::new(), report),
    };
    table.finish(report);
    services
}

pub(super) fn availability(root: &mut Table<'_, '_>, report: &mut Report) -> Option<Availability> {
    let mut table = root.optional_table("availability", report)?;
    let availability = Availability {
        percent: table.required("percent", report),
        period: table.or("period", Period::Month, report),
        excludes: table.or("excludes", Vec::new(), report),
    };
    table.finish(report);
    Some(availability)
}

impl Described for Time {
    fn kind() -> Kind {
        Kind::Spelt {
            wanted: <Self as Spelt>::WANTED,
            pattern: "^[0-2][0-9]:[0-5][0-9]$",
        }
    }

    fn json(&self) -> Value {
        format!("{:02}:{:02}", self.hour(), self.minute()).into()
    }
}

impl Spelt for Time {
    const WANTED: &'static str = "a time of day";
    const EXAMPLE: &'static str = "22:00";

    fn spell(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(hour) || !digits(minute) {
            return None;
        }
        Self::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    }

    fn placeholder() -> Self {
        Self::midnight()
    }
}

impl Described for Percent {
    fn kind() -> Kind {
        Kind::Spelt {
            wanted: <Self as Spelt>::WANTED,
            pattern: r"^[0-9]{1,3}(\.[0-9]+)?$",
        }
    }

    fn json(&self) -> Value {
        self.to_string().trim_end_matches(" %").into()
    }
}

impl Spelt for Percent {
    const WANTED: &'static str = "a share of time in percent";
    const EXAMPLE: &'static str = "99.9";

    fn spell(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn placeholder() -> Self {
        Self::ALL
    }
}

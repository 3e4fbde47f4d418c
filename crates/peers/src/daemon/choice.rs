//! Which services real daemons play: as wished, and as far as this machine has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use model::{Service, ServiceKind};
use serde::{Deserialize, Serialize};

use super::software::{Installed, Software};
use crate::database;

/// Who is to play the servers of a rehearsal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeerChoice {
    /// The embedded stand-ins, whatever is installed.
    Embedded,
    /// Real daemons, for every service that one can play; where one is missing, nothing is stood up.
    Real,
    /// Real daemons where they are installed, stand-ins elsewhere.
    #[default]
    Auto,
}

/// The names of the choices.
const CHOICES: [(&str, PeerChoice); 3] = [
    ("embedded", PeerChoice::Embedded),
    ("real", PeerChoice::Real),
    ("auto", PeerChoice::Auto),
];

/// A word that names no choice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of embedded, real, auto")]
pub struct UnknownChoice(String);

impl FromStr for PeerChoice {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        let found = CHOICES.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, choice)| *choice)
            .ok_or_else(|| UnknownChoice(text.to_owned()))
    }
}

impl fmt::Display for PeerChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = CHOICES.iter().find(|(_, choice)| choice == self);
        f.pad(found.map_or("", |(name, _)| name))
    }
}

/// Daemons that services need and this machine has not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.told())]
pub struct MissingDaemons {
    /// For each kind of service without one, the daemons that could play it, the preferred one first.
    pub missing: BTreeSet<Vec<Software>>,
}

impl MissingDaemons {
    fn told(&self) -> String {
        let one = |alternatives: &Vec<Software>| {
            let names: Vec<_> = alternatives
                .iter()
                .map(|one| format!("{} (Debian package {})", one.name(), one.package()))
                .collect();
            names.join(" or ")
        };
        let all: Vec<_> = self.missing.iter().map(one).collect();
        format!("find {} on this machine", all.join(", "))
    }
}

/// The daemons that may be used, and what this machine has of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemons(BTreeMap<Software, Installed>);

impl Daemons {
    /// None: every service is played by its embedded stand-in.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Those given.
    pub fn of(installed: impl IntoIterator<Item = Installed>) -> Self {
        Self(
            installed
                .into_iter()
                .map(|one| (one.software, one))
                .collect(),
        )
    }

    /// Those that some services can use and the choice lets them use, each asked once for its version.
    ///
    /// # Errors
    /// With [`PeerChoice::Real`], when a service could be played by a daemon and none is installed.
    pub fn choose<'a>(
        choice: PeerChoice,
        services: impl IntoIterator<Item = &'a Service>,
    ) -> Result<Self, MissingDaemons> {
        Self::choose_from(choice, services, Software::find)
    }

    fn choose_from<'a>(
        choice: PeerChoice,
        services: impl IntoIterator<Item = &'a Service>,
        find: impl Fn(Software) -> Option<Installed>,
    ) -> Result<Self, MissingDaemons> {
        if choice == PeerChoice::Embedded {
            return Ok(Self::none());
        }
        let wanted: BTreeSet<&[Software]> = services
            .into_iter()
            .map(|service| candidates(&service.kind))
            .filter(|candidates| !candidates.is_empty())
            .collect();
        let mut chosen = BTreeMap::new();
        let mut missing = BTreeSet::new();
        for alternatives in wanted {
            match alternatives.iter().find_map(|one| find(*one)) {
                Some(found) => {
                    chosen.insert(found.software, found);
                }
                None => {
                    missing.insert(alternatives.to_vec());
                }
            }
        }
        if choice == PeerChoice::Real && !missing.is_empty() {
            return Err(MissingDaemons { missing });
        }
        Ok(Self(chosen))
    }

    /// The daemon that plays a service; none where its embedded server does.
    pub fn player(&self, kind: &ServiceKind) -> Option<&Installed> {
        candidates(kind).iter().find_map(|one| self.0.get(one))
    }
}

/// The daemons that can play a service, the preferred one first. No product is among them.
fn candidates(kind: &ServiceKind) -> &'static [Software] {
    match kind {
        ServiceKind::Ssh { .. } => &[Software::OpenSsh],
        ServiceKind::Dns { .. } => &[Software::Bind, Software::Dnsmasq],
        ServiceKind::Ntp => &[Software::Chrony],
        ServiceKind::Smtp { .. } => &[Software::Postfix],
        ServiceKind::Database { engine, .. } if engine == database::ENGINE => &[Software::Postgres],
        ServiceKind::Balancer { .. } => &[Software::HaProxy],
        ServiceKind::Web { .. } => &[Software::Nginx],
        ServiceKind::Database { .. } | ServiceKind::Product(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns() -> Service {
        Service {
            name: "dns".to_owned(),
            kind: ServiceKind::Dns {
                zones: vec![],
                forwards: vec![],
            },
        }
    }

    fn ntp() -> Service {
        Service {
            name: "ntp".to_owned(),
            kind: ServiceKind::Ntp,
        }
    }

    fn installed(software: Software) -> Installed {
        Installed {
            software,
            version: "1.0".to_owned(),
            path: "/nowhere".into(),
        }
    }

    #[test]
    fn the_choice_and_the_machine_decide() {
        let services = [dns(), ntp()];
        let check = |choice, machine: &[Software], wanted: Result<[Option<Software>; 2], &str>| {
            let find = |one| machine.contains(&one).then(|| installed(one));
            let chosen = Daemons::choose_from(choice, &services, find);
            let got = chosen
                .map(|chosen| {
                    [0, 1].map(|index| chosen.player(&services[index].kind).map(|one| one.software))
                })
                .map_err(|error| error.to_string());
            assert_eq!(
                got,
                wanted.map_err(str::to_owned),
                "{choice} of {machine:?}"
            );
        };
        use Software::{Bind, Chrony, Dnsmasq};
        let all = [Bind, Chrony, Dnsmasq];
        check(PeerChoice::Embedded, &all, Ok([None, None]));
        check(PeerChoice::Auto, &all, Ok([Some(Bind), Some(Chrony)]));
        check(PeerChoice::Auto, &[Dnsmasq], Ok([Some(Dnsmasq), None]));
        check(PeerChoice::Auto, &[], Ok([None, None]));
        check(PeerChoice::Real, &all, Ok([Some(Bind), Some(Chrony)]));
        check(
            PeerChoice::Real,
            &[Dnsmasq],
            Err("find chrony (Debian package chrony) on this machine"),
        );
        check(
            PeerChoice::Real,
            &[],
            Err(
                "find BIND (Debian package bind9) or dnsmasq (Debian package dnsmasq-base), \
                 chrony (Debian package chrony) on this machine",
            ),
        );
    }

    #[test]
    fn what_no_daemon_can_play_is_not_missing() {
        let mysql = Service {
            name: "db".to_owned(),
            kind: ServiceKind::Database {
                port: 3306,
                engine: "mysql".to_owned(),
                databases: vec![],
                user: "u".to_owned(),
                password: model::SecretName("p".to_owned()),
            },
        };
        let chosen = Daemons::choose_from(PeerChoice::Real, [&mysql], |_| None);
        assert_eq!(chosen, Ok(Daemons::none()));
    }

    #[test]
    fn choices_are_words() {
        for (name, choice) in CHOICES {
            assert_eq!(name.parse(), Ok(choice));
            assert_eq!(choice.to_string(), name);
        }
        for bad in ["", "Real", "none", "embedded,real"] {
            assert_eq!(
                bad.parse::<PeerChoice>(),
                Err(UnknownChoice(bad.to_owned()))
            );
        }
    }
}

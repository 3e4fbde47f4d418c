//! Non-production is to be like production, so that what works there works here too.

use std::fmt::Debug;

use super::environment_path;
use crate::document::{Check, Report, quote, quote_key};
use crate::estate::{Bastion, BastionPlace, Environment, Estate};

const DIFFERS: Check = Check::warning(
    "differs-from-production",
    "An environment differs from production, so that what was tested there may fail in production.",
);

pub(super) const CHECKS: &[Check] = &[DIFFERS];

/// Compares with the production environment that each is like; where it does not say, with the only one there is.
pub(super) fn check(estate: &Estate, report: &mut Report) {
    let productions: Vec<_> = estate
        .environments
        .iter()
        .filter(|(_, environment)| environment.production)
        .collect();
    for (name, environment) in &estate.environments {
        if environment.production {
            continue;
        }
        let named = environment
            .like
            .as_ref()
            .and_then(|like| productions.iter().find(|(name, _)| *name == like));
        let only = (productions.len() == 1)
            .then(|| productions.first())
            .flatten();
        if let Some((_, production)) = named.or(only) {
            Comparison {
                path: environment_path(name),
                report,
            }
            .all(environment, production);
        }
    }
}

struct Comparison<'r> {
    path: String,
    report: &'r mut Report,
}

impl Comparison<'_> {
    fn all(&mut self, own: &Environment, production: &Environment) {
        self.same("ipv6", &own.ipv6, &production.ipv6);
        self.same("balancer", &own.balancer, &production.balancer);
        self.text("image", own.image.as_deref(), production.image.as_deref());
        self.bastion(&own.bastion, &production.bastion);
        self.products(own, production);
        self.database(own, production);
    }

    /// A bastion elsewhere is another way in. Whose machine it is, and its addresses, are its own.
    fn bastion(&mut self, own: &Bastion, production: &Bastion) {
        let ground = |place: &BastionPlace| match place {
            BastionPlace::Vpc { .. } => "vpc",
            BastionPlace::OperatorVpc { .. } => "operator-vpc",
            BastionPlace::DataCentre { .. } => "data-centre",
        };
        let (here, there) = (ground(&own.place), ground(&production.place));
        self.same("bastion.place", &here, &there);
        if here == there {
            self.text("bastion.instance", own.instance(), production.instance());
        }
        self.text(
            "bastion.image",
            own.image.as_deref(),
            production.image.as_deref(),
        );
    }

    fn products(&mut self, own: &Environment, production: &Environment) {
        for (name, theirs) in &production.products {
            let key = format!("products.{}", quote_key(name));
            let Some(ours) = own.products.get(name) else {
                self.differs(&key, "is not here");
                continue;
            };
            self.same(&format!("{key}.product"), &ours.product, &theirs.product);
            self.same(&format!("{key}.version"), &ours.version, &theirs.version);
            self.same(&format!("{key}.pattern"), &ours.pattern, &theirs.pattern);
            self.same(&format!("{key}.nodes"), &ours.nodes, &theirs.nodes);
            self.same(&format!("{key}.instance"), &ours.instance, &theirs.instance);
            self.same(
                &format!("{key}.volume-gib"),
                &ours.volume_gib,
                &theirs.volume_gib,
            );
            self.text(
                &format!("{key}.image"),
                ours.image.as_deref(),
                theirs.image.as_deref(),
            );
            self.same(&format!("{key}.calls"), &ours.calls, &theirs.calls);
            self.same(&format!("{key}.public"), &ours.public, &theirs.public);
            self.same(&format!("{key}.internal"), &ours.internal, &theirs.internal);
        }
        for name in own.products.keys() {
            if !production.products.contains_key(name) {
                self.differs(
                    &format!("products.{}", quote_key(name)),
                    "is not in production",
                );
            }
        }
    }

    /// Backup days are left out: what is not production is not backed up.
    fn database(&mut self, own: &Environment, production: &Environment) {
        match (&own.database, &production.database) {
            (Some(ours), Some(theirs)) => {
                self.same("database.engine", &ours.engine, &theirs.engine);
                self.same("database.version", &ours.version, &theirs.version);
                self.same("database.instance", &ours.instance, &theirs.instance);
                self.same(
                    "database.storage-gib",
                    &ours.storage_gib,
                    &theirs.storage_gib,
                );
                self.same("database.multi-az", &ours.multi_az, &theirs.multi_az);
            }
            (None, Some(_)) => self.differs("database", "is not here"),
            (Some(_), None) => self.differs("database", "is not in production"),
            (None, None) => {}
        }
    }

    /// A text that need not be said.
    fn text(&mut self, key: &str, own: Option<&str>, production: Option<&str>) {
        if own != production {
            let label = production.map_or_else(
                || "production says nothing here".to_owned(),
                |text| format!("production has {}", quote(&format!("{text:?}"))),
            );
            self.differs(key, &label);
        }
    }

    fn same<T: PartialEq + Debug>(&mut self, key: &str, own: &T, production: &T) {
        if own != production {
            let label = format!("production has {}", quote(&format!("{production:?}")));
            self.differs(key, &label);
        }
    }

    fn differs(&mut self, key: &str, label: &str) {
        let path = format!("{}.{key}", self.path);
        self.report.add(
            DIFFERS,
            &path,
            label,
            format!(
                "{} differs from production: what was tested here may fail there.",
                quote(&path)
            ),
            "Make it as it is in production, or waive this with the reason.",
        );
    }
}

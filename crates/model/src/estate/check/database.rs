//! Databases: that there is one where products need it, that it was tested, that it survives.

use super::environment_path;
use super::environments::instance_type;
use crate::catalog::{Catalog, Product};
use crate::document::{Check, Report, list, quote};
use crate::estate::{Database, Environment, Estate};

const MISSING: Check = Check::fatal(
    "database-missing",
    "A product keeps its data in a database, and the environment has none.",
);
const UNUSED: Check = Check::warning(
    "database-unused",
    "An environment has a database that no product needs.",
);
const ENGINE: Check = Check::error(
    "database-engine-untested",
    "A product was not tested with the database's engine.",
);
const VERSION: Check = Check::warning(
    "database-version-untested",
    "A product was not tested with the database's version.",
);
const NO_BACKUPS: Check = Check::warning(
    "database-without-backups",
    "Production's database keeps no automated backups.",
);
const BACKUP_DAYS: Check = Check::error(
    "backup-days",
    "Automated backups are to be kept for longer than RDS keeps them.",
);
const SINGLE_AZ: Check = Check::warning(
    "database-in-one-zone",
    "Production's database has no standby in another zone.",
);
const STORAGE: Check = Check::error(
    "database-storage",
    "A database's storage is smaller or larger than RDS makes.",
);

pub(super) const CHECKS: &[Check] = &[
    MISSING,
    UNUSED,
    ENGINE,
    VERSION,
    NO_BACKUPS,
    BACKUP_DAYS,
    SINGLE_AZ,
    STORAGE,
];

/// Longest time that RDS keeps automated backups, days (its documentation of backup retention).
const LONGEST_RETENTION: u16 = 35;

/// Sizes of gp3 storage that RDS makes, GiB (its documentation of storage).
const SIZES: std::ops::RangeInclusive<u32> = 20..=65_536;

pub(super) fn check(estate: &Estate, catalog: &Catalog, report: &mut Report) {
    for (name, environment) in &estate.environments {
        let path = format!("{}.database", environment_path(name));
        let needing: Vec<_> = needing(environment, catalog).collect();
        match &environment.database {
            None => missing(&needing, &path, report),
            Some(database) => {
                if needing.is_empty()
                    && !report.doubts(&format!("{}.products", environment_path(name)))
                {
                    report.add(
                        UNUSED,
                        &path,
                        "not needed",
                        format!("No product of {name} keeps anything in a database."),
                        "Remove it, or waive this if applications use it.",
                    );
                }
                for product in needing {
                    tested(database, product, &path, report);
                }
                size(database, &path, report);
                if environment.production {
                    survives(database, &path, report);
                }
            }
        }
    }
}

/// The products of an environment that need a database.
fn needing<'c>(
    environment: &Environment,
    catalog: &'c Catalog,
) -> impl Iterator<Item = &'c Product> {
    environment
        .products
        .values()
        .filter_map(|product| catalog.products.get(&product.product))
        .filter(|product| product.needs_database())
}

fn missing(needing: &[&Product], path: &str, report: &mut Report) {
    if let Some(first) = needing.first() {
        report.add(
            MISSING,
            path,
            "has no database",
            format!(
                "{} keeps its data in {}, shared by all nodes, and there is no database.",
                first.name,
                list(first.databases.iter().map(String::as_str))
            ),
            format!(
                "Add `[{path}]`, with one of the engines {}.",
                list(first.engines.iter().map(String::as_str))
            ),
        );
    }
}

fn tested(database: &Database, product: &Product, path: &str, report: &mut Report) {
    let versions: Vec<&str> = product
        .engines
        .iter()
        .filter_map(|tested| tested.split_once(' '))
        .filter(|(engine, _)| *engine == database.engine)
        .map(|(_, version)| version)
        .collect();
    if versions.is_empty() {
        report.add(
            ENGINE,
            &format!("{path}.engine"),
            "not tested",
            format!(
                "{} was not tested with {}.",
                product.name,
                quote(&database.engine)
            ),
            format!(
                "Choose one that was: {}.",
                list(product.engines.iter().map(String::as_str))
            ),
        );
        return;
    }
    let own = line(&database.engine, &database.version);
    if !versions
        .iter()
        .any(|version| line(&database.engine, version) == own)
    {
        report.add(
            VERSION,
            &format!("{path}.version"),
            "not tested",
            format!(
                "{} was tested with {} {}, not with {}.",
                product.name,
                database.engine,
                list(versions.iter().copied()),
                quote(&database.version)
            ),
            "Choose a version of those lines, or waive this once it was tested.",
        );
    }
}

/// The release line of an engine's version: what gets fixes without changes of behaviour. MySQL counts two numbers, the
/// others one.
fn line<'v>(engine: &str, version: &'v str) -> Vec<&'v str> {
    let numbers = if engine == "mysql" { 2 } else { 1 };
    version.split('.').take(numbers).collect()
}

fn size(database: &Database, path: &str, report: &mut Report) {
    instance_type(
        &database.instance,
        "db.",
        &format!("{path}.instance"),
        report,
    );
    if !SIZES.contains(&database.storage_gib) {
        report.add(
            STORAGE,
            &format!("{path}.storage-gib"),
            "no such storage",
            format!("RDS makes no storage of {} GiB.", database.storage_gib),
            format!(
                "Write a size from {} to {} GiB.",
                SIZES.start(),
                SIZES.end()
            ),
        );
    }
    if database.backup_days > LONGEST_RETENTION {
        report.add(
            BACKUP_DAYS,
            &format!("{path}.backup-days"),
            &format!("at most {LONGEST_RETENTION}"),
            format!(
                "RDS keeps automated backups for at most {LONGEST_RETENTION} days, not {}.",
                database.backup_days
            ),
            "Write fewer days; what must be kept for longer is copied by the recovery schedule.",
        );
    }
}

fn survives(database: &Database, path: &str, report: &mut Report) {
    if database.backup_days == 0 {
        report.add(
            NO_BACKUPS,
            &format!("{path}.backup-days"),
            "no backups",
            "With 0 days RDS keeps no automated backups: what is lost or spoilt in production stays so.",
            "Keep them for at least 7 days.",
        );
    }
    if !database.multi_az {
        report.add(
            SINGLE_AZ,
            &format!("{path}.multi-az"),
            "no standby",
            "Production's database stands in one zone: when that fails, all products stop until it is restored from a backup.",
            "Write `multi-az = true`.",
        );
    }
}

//! The sections of `estate.toml`, from tables to types.

mod agreements;
mod environments;
mod link;
mod people;
mod places;
mod recovery;
mod servers;
mod word;

use std::collections::BTreeMap;

use crate::document::{Report, Table};
use crate::estate::{Estate, RecoveryChoice};

/// Reads the whole file. What cannot be read is a placeholder, and the report knows its path.
pub(super) fn estate(mut root: Table<'_, '_>, report: &mut Report) -> Estate {
    let mut estate = Estate {
        name: root.required("name", report),
        customer: root.required("customer", report),
        region: root.required("region", report),
        zones: root.required("zones", report),
        private_zone: root.required("private-zone", report),
        account: places::account(&mut root, report),
        operator: places::operator(&mut root, report),
        data_centre: places::data_centre(&mut root, report),
        dns: servers::dns(&mut root, report),
        ntp: servers::ntp(&mut root, report),
        mail: servers::mail(&mut root, report),
        images: environments::images(&mut root, report),
        environments: environments::all(&mut root, report),
        outbound: servers::outbound(&mut root, report),
        certificates: servers::certificates(&mut root, report),
        people: people::all(&mut root, report),
        recovery: recovery::choice(&mut root, report),
        backups: BTreeMap::new(),
        change_windows: agreements::change_windows(&mut root, report),
        freezes: agreements::freezes(&mut root, report),
        escalation: agreements::escalation(&mut root, report),
        alerts: agreements::alerts(&mut root, report),
        monitoring: agreements::monitoring(&mut root, report),
        services: agreements::services(&mut root, report),
        availability: agreements::availability(&mut root, report),
        waivers: people::waivers(&mut root, report),
        awaited: people::awaited(&mut root, report),
    };
    let recovered = matches!(estate.recovery, RecoveryChoice::Wanted(_));
    estate.backups = recovery::backups(&mut root, recovered, report);
    root.finish(report);
    estate
}

//! The sections of `estate.toml`, from tables to types.

mod environments;
mod people;
mod places;

use crate::document::{Report, Table};
use crate::estate::Estate;

/// Reads the whole file. What cannot be read is a placeholder, and the report knows its path.
pub(super) fn estate(mut root: Table<'_, '_>, report: &mut Report) -> Estate {
    let estate = Estate {
        name: root.required("name", report),
        customer: root.required("customer", report),
        operator: places::operator(&mut root, report),
        region: root.required("region", report),
        zones: root.required("zones", report),
        private_zone: root.required("private-zone", report),
        data_centre: places::data_centre(&mut root, report),
        dns: places::dns(&mut root, report),
        ntp: places::ntp(&mut root, report),
        smtp: places::smtp(&mut root, report),
        environments: environments::all(&mut root, report),
        outbound: places::outbound(&mut root, report),
        people: people::all(&mut root, report),
        recovery: people::recovery(&mut root, report),
        waivers: people::waivers(&mut root, report),
        awaited: people::awaited(&mut root, report),
    };
    root.finish(report);
    estate
}

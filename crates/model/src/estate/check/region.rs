//! Regions and zones.

use super::meant_or;
use crate::document::{Check, Report, did_you_mean, quote};
use crate::estate::Estate;

const UNKNOWN: Check = Check::error("unknown-region", "A region is not one that Reeve knows.");
const ZONE_OUTSIDE: Check = Check::error(
    "zone-outside-region",
    "A zone does not belong to the region.",
);
const ZONE_REPEATED: Check = Check::error(
    "zone-repeated",
    "A zone stands twice in the list, so that nodes thought apart would fail together.",
);

const ZONE_COUNT: Check = Check::fatal("zone-count", "An estate stands in two or three zones.");

pub(super) const CHECKS: &[Check] = &[UNKNOWN, ZONE_OUTSIDE, ZONE_REPEATED, ZONE_COUNT];

/// Zones of an estate: load balancers and databases need two, and a VPC's range is cut for three.
const ZONES: std::ops::RangeInclusive<usize> = 2..=3;

/// AWS's commercial regions, from its documentation of regions and zones (2026).
const REGIONS: [&str; 34] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    known(&estate.region, "region", report);
    if let Some(recovery) = estate.wanted_recovery() {
        known(&recovery.region, "recovery.region", report);
    }
    zones(&estate.zones, &estate.region, "zones", "region", report);
    // Nothing said of the recovery region's zones leaves them to the one who recovers.
    if let Some(recovery) = estate.wanted_recovery().filter(|it| !it.zones.is_empty()) {
        let (path, region) = ("recovery.zones", "recovery.region");
        zones(&recovery.zones, &recovery.region, path, region, report);
    }
}

fn zones(zones: &[String], region: &str, path: &str, region_path: &str, report: &mut Report) {
    if !ZONES.contains(&zones.len()) {
        report.add(
            ZONE_COUNT,
            path,
            "two or three",
            format!(
                "{} {} named. Load balancers and databases need two, so that one may fail; a VPC's range is cut for three.",
                zones.len(),
                if zones.len() == 1 { "zone is" } else { "zones are" }
            ),
            "Name two or three zones of the region.",
        );
    }
    // Of a misspelt region every zone would be reported, and most are right.
    let certain = REGIONS.contains(&region) && !report.doubts(region_path);
    for (index, zone) in zones.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let letter = zone.strip_prefix(region).unwrap_or_default();
        let belongs = letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_lowercase());
        if !belongs && certain {
            report.add(
                ZONE_OUTSIDE,
                &path,
                "not a zone of the region",
                format!("{} is not a zone of {}.", quote(zone), quote(region)),
                format!("A zone is the region's name with a letter, such as {region}a."),
            );
        }
        if zones.iter().take(index).any(|earlier| earlier == zone) {
            report.add(
                ZONE_REPEATED,
                &path,
                "stands here again",
                format!(
                    "{} stands twice: nodes thought to be apart would fail together.",
                    quote(zone)
                ),
                "Name each zone once.",
            );
        }
    }
}

/// Reports a region that is not known.
pub(super) fn known(region: &str, path: &str, report: &mut Report) {
    if REGIONS.contains(&region) {
        return;
    }
    let meant = did_you_mean(region, REGIONS);
    report.add(
        UNKNOWN,
        path,
        &meant_or(meant, "not known"),
        format!("{} is not a region of AWS's that Reeve knows.", quote(region)),
        meant.map_or_else(
            || "Write it as AWS does, such as eu-central-1. If AWS has opened it since, waive this.".to_owned(),
            |meant| format!("Write `{meant}`."),
        ),
    );
}

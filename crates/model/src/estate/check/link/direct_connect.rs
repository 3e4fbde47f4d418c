//! Direct Connect: what the provider, the location and AWS take.

use super::Joint;
use crate::document::{Check, Report, list, quote};
use crate::estate::DirectConnect;

const VLAN: Check = Check::error(
    "direct-connect-vlan",
    "A virtual interface's VLAN is not one that exists.",
);
const BANDWIDTH: Check = Check::error(
    "direct-connect-bandwidth",
    "AWS has no Direct Connect connection of that bandwidth.",
);
const LINES: Check = Check::error(
    "direct-connect-connections",
    "Direct Connect is to have no line, or more than a pair.",
);
const SINGLE: Check = Check::warning(
    "direct-connect-single",
    "There is one line to the data centre: without it nothing is joined.",
);
const LOCATION: Check = Check::error(
    "direct-connect-location",
    "A Direct Connect location is not spelt as AWS spells it.",
);

pub(in super::super) const CHECKS: &[Check] = &[VLAN, BANDWIDTH, LINES, SINGLE, LOCATION];

/// VLANs that a frame can name (IEEE 802.1Q keeps the first and the last).
const VLANS: std::ops::RangeInclusive<u16> = 1..=4094;

/// Bandwidths of hosted and dedicated connections (AWS's documentation of Direct Connect connections).
const BANDWIDTHS: [&str; 15] = [
    "50Mbps", "100Mbps", "200Mbps", "300Mbps", "400Mbps", "500Mbps", "1Gbps", "2Gbps", "5Gbps",
    "10Gbps", "25Gbps", "50Gbps", "100Gbps", "200Gbps", "400Gbps",
];

/// Longest code of a location; those in use have five to ten characters.
const LONGEST_LOCATION: usize = 32;

impl Joint<'_> {
    pub(super) fn direct_connect(&self, line: &DirectConnect, path: &str, report: &mut Report) {
        self.number(line.asn, path, report);
        if !VLANS.contains(&line.vlan) {
            report.add(
                VLAN,
                &format!("{path}.vlan"),
                &format!("must be {} to {}", VLANS.start(), VLANS.end()),
                format!(
                    "{} is not a VLAN: a frame can name {} to {}.",
                    line.vlan,
                    VLANS.start(),
                    VLANS.end()
                ),
                "Ask the provider for the VLAN of the virtual interface.",
            );
        }
        if !BANDWIDTHS.contains(&line.bandwidth.as_str()) {
            report.add(
                BANDWIDTH,
                &format!("{path}.bandwidth"),
                "AWS has none such",
                format!(
                    "AWS has no Direct Connect connection of {}.",
                    quote(&line.bandwidth)
                ),
                format!("Write one of {}.", list(BANDWIDTHS)),
            );
        }
        location(&line.location, &format!("{path}.location"), report);
        lines(line.connections, path, report);
    }
}

fn location(location: &str, path: &str, report: &mut Report) {
    let spelt = location.len() <= LONGEST_LOCATION
        && location
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if !spelt {
        report.add(
            LOCATION,
            path,
            "not a location's code",
            format!("{} is not spelt like a Direct Connect location of AWS's, which has a code of letters and digits.", quote(location)),
            "Write the code, like EqFR5; `aws directconnect describe-locations` lists them.",
        );
    }
}

fn lines(count: u8, path: &str, report: &mut Report) {
    match count {
        1 => report.add(
            SINGLE,
            path,
            "one line",
            "One line joins the data centre, over one device of AWS's: when either fails or is maintained, names, time, mail and every internal client are cut off.",
            "Order a second line at another location and write `connections = 2`, or waive this with what the customer accepted.",
        ),
        2 => {}
        _ => report.add(
            LINES,
            &format!("{path}.connections"),
            "must be 1 or 2",
            format!("{count} lines are asked for; one joins the data centre, and a second one stands in for it."),
            "Write 1 or 2.",
        ),
    }
}

//! Address ranges of VPCs and of the data centre.

use ipnet::IpNet;

use super::addresses::{Purpose, overlap, purpose};
use super::environment_path;
use crate::document::{Check, Report};
use crate::estate::{Environment, Estate};
use crate::id::EnvironmentId;

pub(super) const SIZE: Check = Check::fatal(
    "range-size",
    "A VPC's range is larger than AWS allows or too small for the subnets.",
);
const HOST_BITS: Check = Check::error(
    "range-host-bits",
    "A range names an address inside itself instead of its first one.",
);
const NOT_PRIVATE: Check = Check::error(
    "range-not-private",
    "A VPC's range is public: what really has those addresses could not be reached any more.",
);
const SPECIAL: Check = Check::error(
    "range-special",
    "A range touches addresses that are kept for something else.",
);
pub(super) const OVERLAP: Check = Check::fatal(
    "ranges-overlap",
    "The ranges of two VPCs overlap, so that nothing can be joined with both.",
);
pub(super) const OVERLAPS_DATA_CENTRE: Check = Check::fatal(
    "range-overlaps-data-centre",
    "A VPC's range overlaps the data centre: the VPC's local route wins, and the servers there are out of reach.",
);
const DATA_CENTRE_PUBLIC: Check = Check::warning(
    "data-centre-range-public",
    "A prefix of the data centre is public.",
);
const NO_PREFIX: Check = Check::error(
    "data-centre-without-prefix",
    "The data centre has no prefix, so that nothing is routed to it.",
);

pub(super) const CHECKS: &[Check] = &[
    SIZE,
    HOST_BITS,
    NOT_PRIVATE,
    SPECIAL,
    OVERLAP,
    OVERLAPS_DATA_CENTRE,
    DATA_CENTRE_PUBLIC,
    NO_PREFIX,
];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    let environments: Vec<_> = estate.environments.iter().collect();
    for (index, (name, environment)) in environments.iter().enumerate() {
        let earlier = environments.get(..index).unwrap_or_default();
        one_vpc(name, environment, earlier, report);
    }
    data_centre(estate, report);
}

fn one_vpc(
    name: &EnvironmentId,
    environment: &Environment,
    earlier: &[(&EnvironmentId, &Environment)],
    report: &mut Report,
) {
    let path = format!("{}.cidr", environment_path(name));
    let net = IpNet::V4(environment.cidr);
    host_bits(&net, &path, report);
    if !(16..=22).contains(&environment.cidr.prefix_len()) {
        report.add(
            SIZE,
            &path,
            "must be /16 to /22",
            format!(
                "A VPC cannot be larger than a /16, and the subnets of all tiers and zones do not fit into less than a /22; this is a /{}.",
                environment.cidr.prefix_len()
            ),
            "Choose a range from /16 to /22.",
        );
    }
    private(&net, &path, report);
    for (other, theirs) in earlier {
        let other_path = format!("{}.cidr", environment_path(other));
        if overlap(&net, &IpNet::V4(theirs.cidr)) && !report.doubts(&other_path) {
            report.add(
                OVERLAP,
                &path,
                &format!("overlaps {}", theirs.cidr),
                format!(
                    "{net} overlaps {} of {other}: a transit gateway and the data centre could not tell the two apart.",
                    theirs.cidr
                ),
                "Give each environment a range of its own.",
            );
        }
    }
}

fn data_centre(estate: &Estate, report: &mut Report) {
    let Some(data_centre) = &estate.data_centre else {
        return;
    };
    if data_centre.prefixes.is_empty() {
        report.add(
            NO_PREFIX,
            "data-centre.prefixes",
            "empty",
            "The data centre has no prefix, so that nothing is routed to it.",
            "List the prefixes of the servers that the products and their users need.",
        );
    }
    for (index, prefix) in data_centre.prefixes.iter().enumerate() {
        let path = format!("data-centre.prefixes[{index}]");
        host_bits(prefix, &path, report);
        match purpose(prefix) {
            Purpose::Private => {}
            Purpose::Special(what) => special(prefix, what, &path, report),
            Purpose::Public => report.add(
                DATA_CENTRE_PUBLIC,
                &path,
                "public addresses",
                format!("{prefix} is public. That is right only if the customer owns it and uses it inside."),
                "Have the customer confirm it and waive this, or name the private prefix.",
            ),
        }
        if report.doubts(&path) {
            continue;
        }
        for (name, environment) in &estate.environments {
            if overlap(prefix, &IpNet::V4(environment.cidr)) {
                report.add(
                    OVERLAPS_DATA_CENTRE,
                    &format!("{}.cidr", environment_path(name)),
                    &format!("overlaps {prefix}"),
                    format!(
                        "{} overlaps {prefix} of the data centre. The VPC's local route wins even over a more specific one, so that servers there are out of reach.",
                        environment.cidr
                    ),
                    "Ask the customer for a range that its network does not use.",
                );
            }
        }
    }
}

/// Reports a VPC's range that is not private.
pub(super) fn private(net: &IpNet, path: &str, report: &mut Report) {
    match purpose(net) {
        Purpose::Private => {}
        Purpose::Special(what) => special(net, what, path, report),
        Purpose::Public => report.add(
            NOT_PRIVATE,
            path,
            "public addresses",
            format!("{net} is public: hosts in this VPC could not reach those who really have these addresses."),
            "Choose a range out of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10 that the customer does not use.",
        ),
    }
}

fn special(net: &IpNet, what: &str, path: &str, report: &mut Report) {
    report.add(
        SPECIAL,
        path,
        "kept for something else",
        format!("{net} touches addresses kept for {what}."),
        "Choose a range out of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10.",
    );
}

/// Reports a range that is not written by its first address.
pub(super) fn host_bits(net: &IpNet, path: &str, report: &mut Report) {
    let clean = net.trunc();
    if clean != *net {
        report.add(
            HOST_BITS,
            path,
            &format!("means {clean}?"),
            format!("{net} names an address inside the range: the range that has it is {clean}, and it is not clear whether that is meant."),
            format!("Write {clean}, or the length that is meant."),
        );
    }
}

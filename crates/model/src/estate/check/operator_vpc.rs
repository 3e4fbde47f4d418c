//! The operator's VPC: that it is there where bastions stand in it, and that it can be peered with the environments'.

use ipnet::IpNet;

use super::environment_path;
use super::environments::account;
use super::ranges::{OVERLAP, OVERLAPS_DATA_CENTRE, SIZE, host_bits, private};
use crate::document::{Check, Report};
use crate::estate::{BastionPlace, Estate, OperatorVpc, layers};

const MISSING: Check = Check::fatal(
    "operator-vpc-missing",
    "A bastion is to stand in the operator's VPC, and there is none.",
);
const UNUSED: Check = Check::warning(
    "operator-vpc-unused",
    "The operator has a VPC in which no bastion stands.",
);

pub(super) const CHECKS: &[Check] = &[MISSING, UNUSED];

/// Sizes of a VPC (AWS's documentation of CIDR blocks). A few bastions need no more than the smallest.
const SIZES: std::ops::RangeInclusive<u8> = 16..=28;

const PATH: &str = "operator.vpc";

pub(super) fn check(estate: &Estate, report: &mut Report) {
    let mut used = false;
    for (name, environment) in &estate.environments {
        if !matches!(environment.bastion.place, BastionPlace::OperatorVpc { .. }) {
            continue;
        }
        used = true;
        if estate.operator.vpc.is_none() && !report.doubts(PATH) {
            report.add(
                MISSING,
                &format!("{}.bastion.place", environment_path(name)),
                "there is no `[operator.vpc]`",
                format!("The bastion of {name} is to stand in the operator's VPC, and the estate speaks of none."),
                "Add `[operator.vpc]` with its `account` and `cidr`, or let the bastion stand in the environment's own VPC.",
            );
        }
    }
    let Some(vpc) = &estate.operator.vpc else {
        return;
    };
    // Defaults of a fleet name it for those who use it.
    let shared = report.span_of(layers::KEY).is_some();
    if !used && !shared && !report.doubts("environments") {
        report.add(
            UNUSED,
            PATH,
            "no bastion stands here",
            "No bastion stands in the operator's VPC, so that nothing is built there and nothing peered with it: whoever reads this looks for a way in that is not there.",
            "Remove the table, or write `place = \"operator-vpc\"` in the bastions that stand there.",
        );
    }
    account(&vpc.account, &format!("{PATH}.account"), report);
    range(vpc, report);
    apart(estate, vpc, report);
}

fn range(vpc: &OperatorVpc, report: &mut Report) {
    let path = format!("{PATH}.cidr");
    let net = IpNet::V4(vpc.cidr);
    host_bits(&net, &path, report);
    private(&net, &path, report);
    if !SIZES.contains(&vpc.cidr.prefix_len()) {
        report.add(
            SIZE,
            &path,
            &format!("must be /{} to /{}", SIZES.start(), SIZES.end()),
            format!(
                "AWS makes VPCs from a /{} to a /{}; this is a /{}.",
                SIZES.start(),
                SIZES.end(),
                vpc.cidr.prefix_len()
            ),
            "Choose a range of that size.",
        );
    }
}

/// AWS peers no VPCs that share an address.
fn apart(estate: &Estate, vpc: &OperatorVpc, report: &mut Report) {
    let path = format!("{PATH}.cidr");
    let net = IpNet::V4(vpc.cidr);
    for (name, environment) in &estate.environments {
        let other = format!("{}.cidr", environment_path(name));
        if super::addresses::overlap(&net, &IpNet::V4(environment.cidr)) && !report.doubts(&other) {
            report.add(
                OVERLAP,
                &path,
                &format!("overlaps {}", environment.cidr),
                format!("{net} overlaps {} of {name}: AWS peers no VPCs that share addresses, and the bastion would not reach a host.", environment.cidr),
                "Give the operator's VPC a range that no customer of its has.",
            );
        }
    }
    for prefix in estate
        .data_centre
        .iter()
        .flat_map(|centre| &centre.prefixes)
    {
        if super::addresses::overlap(&net, prefix) && !report.doubts("data-centre.prefixes") {
            report.add(
                OVERLAPS_DATA_CENTRE,
                &path,
                &format!("overlaps {prefix}"),
                format!("{net} overlaps {prefix} of the data centre: answers to the bastion and to the servers there could not be told apart."),
                "Give the operator's VPC a range that no customer of its has.",
            );
        }
    }
}

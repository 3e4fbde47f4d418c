//! AWS's quotas for filters: what an environment would need beyond them cannot be applied.
//!
//! Source: "Amazon VPC quotas" in the VPC user guide.

use ipnet::IpNet;
use model::Network;
use model::finding::Finding;
use model::network::{GroupHome, GroupRule, RulePeer, SecurityGroup};

use crate::check::error;

/// Entries that one direction of an ACL can have: 20 unless AWS raises it, and 40 at the most.
const ACL_ENTRIES: usize = 40;

/// Rules that one direction of a group has unless AWS raises it; IPv4 and IPv6 are counted apart.
const GROUP_RULES: usize = 60;

/// Every ACL and every group of the network that passes a quota.
pub(crate) fn check(network: &Network) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, acl) in &network.acls {
        for (direction, entries) in [("ingress", &acl.ingress), ("egress", &acl.egress)] {
            let count = entries.len();
            if count > ACL_ENTRIES {
                let allow = entries.iter().filter(|entry| entry.allow).count();
                findings.push(error(
                    "acl-too-long",
                    id.as_str(),
                    format!(
                        "the ACL `{id}` would have {allow} entries that allow and {} that deny = {count} for {direction}; AWS takes {ACL_ENTRIES} at the most",
                        count - allow
                    ),
                    "name fewer servers, public ports, outbound ports or prefixes, or wider prefixes",
                ));
            }
        }
    }
    // A group of a site is no group of AWS's.
    let of_vpcs = |group: &&SecurityGroup| matches!(group.home, GroupHome::Vpc(_));
    for (id, group) in network.groups.iter().filter(|(_, group)| of_vpcs(group)) {
        for (direction, rules) in [("ingress", &group.ingress), ("egress", &group.egress)] {
            for (family, count) in counted(rules) {
                if count > GROUP_RULES {
                    findings.push(error(
                        "group-too-long",
                        id.as_str(),
                        format!(
                            "the group `{id}` would have {count} {family} rules for {direction}; AWS takes {GROUP_RULES} unless it raises the quota"
                        ),
                        "name fewer servers, ports or prefixes; a raise of the quota \"inbound or outbound rules per security group\" would have to be requested first",
                    ));
                }
            }
        }
    }
    findings
}

/// The rules of each family. One that names a group counts in both.
fn counted(rules: &[GroupRule]) -> [(&'static str, usize); 2] {
    let count = |other: fn(&IpNet) -> bool| {
        let not_other = |rule: &&GroupRule| match &rule.peer {
            RulePeer::Prefix(prefix) => !other(prefix),
            RulePeer::Group(_) => true,
        };
        rules.iter().filter(not_other).count()
    };
    [
        ("IPv4", count(|prefix| matches!(prefix, IpNet::V6(_)))),
        ("IPv6", count(|prefix| matches!(prefix, IpNet::V4(_)))),
    ]
}

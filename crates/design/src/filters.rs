//! Filters in the making: the rules of a group, the entries of an ACL.

use ipnet::IpNet;
use model::network::{AclEntry, GroupRule, RulePeer};
use model::packet::{IcmpMatch, PortRange, Traffic};

/// The steps between entries' numbers: room to add one by hand in an emergency.
const STEP: u16 = 10;

/// What a router says when a packet is too large for the link ahead. Lost at an ACL, large transfers hang while small
/// packets pass: AWS asks for both entries, in and out ("Path MTU Discovery" in the VPC user guide). Groups admit such a
/// message as related to the connection that it speaks of, and need no rule.
const TOO_LARGE_V4: Traffic = Traffic::Icmp(IcmpMatch::TypeCode(3, 4));
/// The same of IPv6: packet too big, which knows only code 0.
const TOO_LARGE_V6: Traffic = Traffic::Icmpv6(IcmpMatch::Type(2));

/// The rules of one group, each once.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) ingress: Vec<GroupRule>,
    pub(crate) egress: Vec<GroupRule>,
}

impl Rules {
    pub(crate) fn accept(&mut self, traffic: Traffic, peer: RulePeer, why: impl Into<String>) {
        add(&mut self.ingress, traffic, peer, why.into());
    }

    pub(crate) fn send(&mut self, traffic: Traffic, peer: RulePeer, why: impl Into<String>) {
        add(&mut self.egress, traffic, peer, why.into());
    }
}

fn add(rules: &mut Vec<GroupRule>, traffic: Traffic, peer: RulePeer, description: String) {
    let same = |rule: &GroupRule| rule.traffic == traffic && rule.peer == peer;
    if !rules.iter().any(same) {
        rules.push(GroupRule {
            traffic,
            peer,
            description,
        });
    }
}

/// Entries of one direction, numbered as they come.
#[derive(Default)]
pub(crate) struct Entries(pub(crate) Vec<AclEntry>);

impl Entries {
    pub(crate) fn add(&mut self, allow: bool, traffic: Traffic, prefix: IpNet) {
        let same = |entry: &AclEntry| {
            entry.allow == allow && entry.traffic == traffic && entry.prefix == prefix
        };
        if self.0.iter().any(same) {
            return;
        }
        let last = self.0.last().map_or(100 - STEP, |entry| entry.number);
        self.0.push(AclEntry {
            number: last.saturating_add(STEP),
            allow,
            traffic,
            prefix,
        });
    }

    pub(crate) fn allow(&mut self, traffic: &[Traffic], prefixes: &[IpNet]) {
        for prefix in prefixes {
            for traffic in traffic {
                self.add(true, *traffic, *prefix);
            }
        }
    }

    pub(crate) fn allow_replies(&mut self, prefixes: &[IpNet]) {
        let replies = [
            Traffic::Tcp(PortRange::EPHEMERAL),
            Traffic::Udp(PortRange::EPHEMERAL),
        ];
        self.allow(&replies, prefixes);
    }

    /// Lets pass what routers say of packets that are too large.
    pub(crate) fn allow_too_large(&mut self, prefixes: &[IpNet]) {
        for prefix in prefixes {
            let traffic = match prefix {
                IpNet::V4(_) => TOO_LARGE_V4,
                IpNet::V6(_) => TOO_LARGE_V6,
            };
            self.add(true, traffic, *prefix);
        }
    }
}

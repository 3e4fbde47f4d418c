//! Intents: rules that a network must satisfy, in terms of the network alone.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::id::{InterfaceId, SiteId, SubnetId, VpcId};
use crate::packet::Traffic;

/// A rule and the sentence that people read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What must hold, as a sentence: "SSH to production/apim-1 only from production/bastion".
    pub title: String,
    /// The rule.
    pub rule: Rule,
}

/// What must hold for every packet header, IPv4 and IPv6.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// None of this traffic is delivered from any of these sources to any of these interfaces, by any of their addresses.
    NoPath {
        /// Where packets come from.
        from: Sources,
        /// Where none may arrive.
        to: BTreeSet<InterfaceId>,
        /// Which packets.
        traffic: Vec<Traffic>,
    },
    /// Nothing but this traffic is delivered from any of these sources to any of these interfaces, of whatever protocol.
    OnlyTraffic {
        /// Where packets come from.
        from: Sources,
        /// Receivers.
        to: BTreeSet<InterfaceId>,
        /// What may be delivered.
        allowed: Vec<Traffic>,
    },
    /// Nothing but what is declared leaves these interfaces for a site's address space, whether or not an interface of
    /// the network stands at the address: what no interface is known at is reached all the same.
    OnlyOutbound {
        /// Senders.
        from: BTreeSet<InterfaceId>,
        /// The site.
        site: SiteId,
        /// What may arrive there.
        allowed: Vec<Outflow>,
    },
    /// From every named source, every packet of this traffic from an ephemeral port reaches the interfaces by their
    /// private address (from the Internet: by their public one), and the answer comes back: by IPv4 and by IPv6,
    /// where both ends have it.
    MustReach {
        /// Where packets come from: interfaces and sites, never a complement.
        from: Sources,
        /// All must be reached.
        to: BTreeSet<InterfaceId>,
        /// Which packets; exact ports.
        traffic: Vec<Traffic>,
    },
    /// Whatever is delivered to these interfaces can be answered: no stateless filter and no route loses the reply.
    RepliesReturn {
        /// Receivers.
        to: BTreeSet<InterfaceId>,
    },
    /// No route of these subnets' tables lets the Internet open a connection into them: no Internet gateway target.
    NoInternetRouteIn {
        /// Private subnets.
        subnets: BTreeSet<SubnetId>,
    },
    /// The only prefixes that a VPC routes to a private site, and that the site is offered of the VPC, are declared ones.
    /// Propagated routes count, and so does what a transit table that the VPC's attachment asks leads to the site by the
    /// VPC's families, whether or not a route of the VPC's leads there: a route leaked by BGP is found.
    OnlyPrefixes {
        /// The VPC.
        vpc: VpcId,
        /// The private site.
        site: SiteId,
        /// The site's prefixes that the VPC may route to it.
        of_site: BTreeSet<IpNet>,
        /// The VPC's prefixes that the site may be routed to.
        of_vpc: BTreeSet<IpNet>,
    },
    /// No interface of one VPC reaches one of the other, either way.
    Isolated {
        /// One VPC.
        left: VpcId,
        /// The other.
        right: VpcId,
    },
    /// No way is laid between two VPCs, whatever their groups let through and whoever stands there: no peering joins
    /// them, and no transit table that one's attachment asks has a route, static or propagated, to the other's.
    NotJoined {
        /// One VPC.
        left: VpcId,
        /// The other.
        right: VpcId,
    },
    /// The VPC's default group has no rule and no member.
    DefaultGroupEmpty {
        /// The VPC.
        vpc: VpcId,
    },
    /// For every interface: the IPv6 traffic delivered from a class of sources is never more than the IPv4 traffic
    /// delivered from the same class.
    Ipv6AsClosedAsIpv4 {
        /// Receivers.
        to: BTreeSet<InterfaceId>,
    },
}

/// What may arrive at a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outflow {
    /// At which addresses.
    pub to: IpNet,
    /// Which traffic.
    pub traffic: Traffic,
}

/// A set of senders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// Interfaces named.
    pub interfaces: BTreeSet<InterfaceId>,
    /// Whole sites named: any address of theirs.
    pub sites: BTreeSet<SiteId>,
    /// Address ranges at sites named.
    pub ranges: BTreeSet<(SiteId, IpNet)>,
    /// Whether the set is everything *but* what is named.
    pub complement: bool,
}

impl Sources {
    /// Exactly these interfaces.
    pub fn interfaces(interfaces: impl IntoIterator<Item = InterfaceId>) -> Self {
        Self {
            interfaces: interfaces.into_iter().collect(),
            sites: BTreeSet::new(),
            ranges: BTreeSet::new(),
            complement: false,
        }
    }

    /// Exactly this site.
    pub fn site(site: SiteId) -> Self {
        Self {
            interfaces: BTreeSet::new(),
            sites: BTreeSet::from([site]),
            ranges: BTreeSet::new(),
            complement: false,
        }
    }

    /// Everything there is.
    pub fn anywhere() -> Self {
        Self {
            interfaces: BTreeSet::new(),
            sites: BTreeSet::new(),
            ranges: BTreeSet::new(),
            complement: true,
        }
    }

    /// Adds a site.
    #[must_use]
    pub fn and_site(mut self, site: SiteId) -> Self {
        self.sites.insert(site);
        self
    }

    /// Everything but what this set names.
    #[must_use]
    pub fn complement(mut self) -> Self {
        self.complement = !self.complement;
        self
    }
}

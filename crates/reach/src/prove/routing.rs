//! Intents on what is written in tables and groups, whoever sends.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use model::id::{SiteId, SubnetId, TransitGatewayId, VpcId};
use model::network::{AttachedTo, Place, RouteTarget, TransitGateway};

use super::{Proof, Proved, Reasons, Unprovable};
use crate::addresses::AddressSet;
use crate::family::Family;
use crate::prover::Prover;

/// Addresses that a route leads somewhere.
struct Led {
    /// Which route, in words.
    by: String,
    space: AddressSet,
}

impl Led {
    /// The lowest of the addresses that are not in a set.
    fn beyond(&self, declared: &AddressSet) -> Option<IpAddr> {
        let mut beyond = self.space.clone();
        beyond.subtract(declared);
        let lowest = |family: Family| Some(family.address(beyond.of(family).next()?.first()));
        Family::BOTH.into_iter().find_map(lowest)
    }
}

impl fmt::Display for Led {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.by)
    }
}

impl<'n> Prover<'n> {
    /// No route of the subnets' tables leads to an Internet gateway that lets packets in.
    pub(super) fn no_internet_route_in(&self, subnets: &BTreeSet<SubnetId>) -> Proved {
        let network = self.network;
        let mut unknown = Reasons::default();
        if subnets.is_empty() {
            return Err(Unprovable::Senseless(
                "the intent names no subnet".to_owned(),
            ));
        }
        for id in subnets {
            let table = network.subnets.get(id).map(|subnet| &subnet.route_table);
            let Some((name, table)) = table.and_then(|id| network.route_tables.get_key_value(id))
            else {
                unknown.note(&format!("subnet {id} has no known route table"));
                continue;
            };
            for route in &table.routes {
                let to = route.destination;
                match &route.target {
                    RouteTarget::InternetGateway(gateway) => {
                        let known = network.internet_gateways.get(gateway);
                        match known.map(|known| known.egress_only) {
                            Some(false) => {
                                return Ok(Proof::fails(format!(
                                    "subnet {id} is open to the Internet: route table {name} sends {to} to Internet gateway {gateway}"
                                )));
                            }
                            _ => unknown.note(&format!("route table {name} sends {to} to {gateway}, no known Internet gateway")),
                        }
                    }
                    RouteTarget::Unmodelled(what) => {
                        unknown.note(&format!(
                            "route table {name} sends {to} to {what}, which is not modelled"
                        ));
                    }
                    _ => {}
                }
            }
        }
        if !unknown.is_empty() {
            return Ok(Proof::unknown(unknown.to_string()));
        }
        let count = subnets.len();
        Ok(Proof::holds(format!(
            "no table of {count} subnets names an Internet gateway"
        )))
    }

    /// What a VPC and a private site are routed of each other is among the declared prefixes.
    pub(super) fn only_prefixes(
        &self,
        vpc: &VpcId,
        site: &SiteId,
        of_site: &BTreeSet<IpNet>,
        of_vpc: &BTreeSet<IpNet>,
    ) -> Proved {
        let network = self.network;
        let Some((vpc, _)) = network.vpcs.get_key_value(vpc) else {
            return Err(Unprovable::Senseless(format!(
                "the intent names {vpc}, which is not there"
            )));
        };
        if !network.sites.contains_key(site) {
            return Err(Unprovable::Senseless(format!(
                "the intent names site {site}, which is not there"
            )));
        }
        let [mut of_site, of_vpc] = [of_site, of_vpc].map(AddressSet::of_prefixes);
        // A VPC has no use for routes of a family that it has no address of.
        let own = self.atlas.ranges(vpc);
        for family in Family::BOTH {
            if own.of(family).next().is_none() {
                of_site.insert(family, family.space());
            }
        }
        let mut unknown = Reasons::default();
        self.note_unmodelled(vpc, &AddressSet::everything(), &mut unknown);
        for (id, gateway) in &network.transit_gateways {
            let to_site = |to: &AttachedTo| {
                (
                    matches!(to, AttachedTo::Vpc { vpc: of, .. } if of == vpc),
                    matches!(to, AttachedTo::Site(of) if of == site),
                )
            };
            let to_vpc = |to: &AttachedTo| {
                let (of_vpc, of_site) = to_site(to);
                (of_site, of_vpc)
            };
            let learnt = self.claimed(id, gateway, &mut unknown, to_site);
            let offered = self.claimed(id, gateway, &mut unknown, to_vpc);
            // What the gateway's table leads there waits only for a route of the VPC's, and may come by BGP unasked.
            for way in learnt {
                if let Some(address) = way.beyond(&of_site) {
                    return Ok(Proof::fails(format!(
                        "{way} leads {address} from {vpc} to {site}, which no declared prefix covers"
                    )));
                }
            }
            for way in offered {
                if let Some(address) = way.beyond(&of_vpc) {
                    return Ok(Proof::fails(format!(
                        "{way} leads {address} from {site} to {vpc}, which no declared prefix covers"
                    )));
                }
            }
        }
        if !unknown.is_empty() {
            return Ok(Proof::unknown(unknown.to_string()));
        }
        Ok(Proof::holds(format!(
            "{vpc} and {site} are routed declared prefixes of each other alone"
        )))
    }

    /// Notes what the model does not hold that a VPC's tables lead some of these addresses to.
    pub(super) fn note_unmodelled(&self, vpc: &VpcId, space: &AddressSet, unknown: &mut Reasons) {
        let tables = self.network.route_tables.iter();
        for (name, _) in tables.filter(|(_, table)| table.vpc == *vpc) {
            for (claimed, target) in self.atlas.table(name).into_iter().flatten() {
                if let RouteTarget::Unmodelled(what) = target
                    && !claimed.intersect(space).is_empty()
                {
                    unknown.note(&format!(
                        "route table {name} leads to {what}, which is not modelled"
                    ));
                }
            }
        }
    }

    /// What the tables of some attachments lead to others; `is_end` says whether an attachment is at the near end, and
    /// whether it is at the far one.
    fn claimed(
        &self,
        id: &'n TransitGatewayId,
        gateway: &'n TransitGateway,
        unknown: &mut Reasons,
        is_end: impl Fn(&AttachedTo) -> (bool, bool),
    ) -> Vec<Led> {
        let mut claimed = Vec::new();
        for attachment in gateway.attachments.values() {
            let Some(table) = attachment
                .table
                .as_ref()
                .filter(|_| is_end(&attachment.to).0)
            else {
                continue;
            };
            let Some(claims) = self.atlas.transit_table(id, table) else {
                unknown.note(&format!(
                    "table {table} of transit gateway {id} is not known"
                ));
                continue;
            };
            for (space, route) in claims {
                let Some(out) = &route.attachment else {
                    continue;
                };
                let how = if route.propagated { "propagated " } else { "" };
                match gateway.attachments.get(out) {
                    Some(out) if is_end(&out.to).1 => claimed.push(Led {
                        by: format!(
                            "{how}route {} of table {table} of transit gateway {id}",
                            route.destination
                        ),
                        space: space.clone(),
                    }),
                    Some(_) => {}
                    None => unknown.note(&format!("attachment {out} is not known")),
                }
            }
        }
        claimed
    }

    /// The VPC's default group has no rule and no member.
    pub(super) fn default_group_empty(&self, vpc: &VpcId) -> Proved {
        let network = self.network;
        if !network.vpcs.contains_key(vpc) {
            return Err(Unprovable::Senseless(format!(
                "the intent names {vpc}, which is not there"
            )));
        }
        let groups = network.groups.iter();
        let defaults: Vec<_> = groups
            .filter(|(_, group)| group.default && group.vpc() == Some(vpc))
            .collect();
        let [(id, group)] = defaults.as_slice() else {
            let count = defaults.len();
            return Ok(Proof::unknown(format!(
                "{vpc} has {count} default groups, not one"
            )));
        };
        if let Some((member, _)) = network.members(id).next() {
            return Ok(Proof::fails(format!(
                "{member} is a member of default group {id}"
            )));
        }
        let ungrouped = network.interfaces.iter().find(|(_, interface)| {
            matches!(interface.place, Place::Subnet(_))
                && interface.groups.is_empty()
                && network.vpc_of(interface) == Some(vpc)
        });
        if let Some((member, _)) = ungrouped {
            return Ok(Proof::fails(format!(
                "{member} names no group, so AWS makes it a member of default group {id}"
            )));
        }
        if let Some(rule) = group.ingress.first() {
            return Ok(Proof::fails(format!(
                "default group {id} allows {} from {}",
                rule.traffic, rule.peer
            )));
        }
        if let Some(rule) = group.egress.first() {
            return Ok(Proof::fails(format!(
                "default group {id} allows {} to {}",
                rule.traffic, rule.peer
            )));
        }
        Ok(Proof::holds(format!(
            "default group {id} has no rule and no member"
        )))
    }
}

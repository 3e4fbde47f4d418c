//! Placing: subnets, hosts and gateways of an environment get their addresses, out of the lock where it has them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::estate::{Environment, Estate};
use model::finding::Finding;
use model::id::{EnvironmentId, HostId, NatId, SubnetId};
use model::{Catalog, Lock};

use crate::address::{
    INTERNET_STAND_INS6, PUBLIC_STAND_INS, Tier, VPC_STAND_INS6, embed, is_usable, overlap, usable,
};
use crate::allot::{Allotted, allot};
use crate::balancing::listeners;
use crate::bastion::{BastionPlan, seat_name};
use crate::check::{database_port, declared_ranges, error};
use crate::operator_vpc::{OperatorVpcPlan, guests};
use crate::plan::{EnvironmentPlan, HostPlan, NatPlan, ProductPlan, SubnetPlan};
use crate::roster::{Seat, roster, short_zones};
use crate::vpn;

/// IPv6 ranges for the environments that want one.
pub(crate) fn ranges6(
    estate: &Estate,
    held: &Lock,
    lock: &mut Lock,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, Ipv6Net> {
    let mut declared: Vec<IpNet> = declared_ranges(estate)
        .into_iter()
        .map(|(_, net)| net)
        .collect();
    declared.push(IpNet::V6(INTERNET_STAND_INS6));
    let names: Vec<String> = estate
        .environments
        .iter()
        .filter(|(_, environment)| environment.ipv6)
        .map(|(id, _)| id.to_string())
        .collect();
    let free = |range: &Ipv6Net| !declared.iter().any(|net| overlap(net, &IpNet::V6(*range)));
    let Allotted { given, unplaced } = allot(
        &names,
        &held.ipv6,
        |_, range| range.prefix_len() == 56 && *range == range.trunc() && free(range),
        // 256 ranges: a /48 has no more of them.
        |_, _| {
            VPC_STAND_INS6
                .subnets(56)
                .into_iter()
                .flatten()
                .filter(&free)
        },
    );
    no_room(
        &unplaced,
        "an IPv6 range",
        &VPC_STAND_INS6.to_string(),
        findings,
    );
    lock.ipv6.clone_from(&given);
    given
}

/// Stand-ins for the public addresses of everything that has one, in all environments.
pub(crate) fn public_addresses(
    estate: &Estate,
    held: &Lock,
    lock: &mut Lock,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, Ipv4Addr> {
    let declared: Vec<IpNet> = declared_ranges(estate)
        .into_iter()
        .map(|(_, net)| net)
        .collect();
    let zones = short_zones(estate);
    let names: Vec<String> = estate
        .environments
        .iter()
        .flat_map(|(id, environment)| {
            roster(estate, environment, &zones)
                .into_iter()
                .filter(|seat| seat.public)
                .map(move |seat| format!("{id}/{}", seat.name))
        })
        .chain(guests(estate).map(seat_name))
        .chain(vpn::tunnels(estate))
        .collect();
    let free = |address: &Ipv4Addr| {
        !declared
            .iter()
            .any(|net| net.contains(&IpAddr::V4(*address)))
    };
    let Allotted { given, unplaced } = allot(
        &names,
        &held.public,
        |_, address| is_usable(PUBLIC_STAND_INS, *address) && free(address),
        |_, _| usable(PUBLIC_STAND_INS).filter(&free),
    );
    no_room(
        &unplaced,
        "a public address",
        &PUBLIC_STAND_INS.to_string(),
        findings,
    );
    lock.public.clone_from(&given);
    given
}

/// Says of each name that no slot was left for it.
pub(crate) fn no_room(names: &[String], what: &str, range: &str, findings: &mut Vec<Finding>) {
    findings.extend(names.iter().map(|name| {
        error(
            "no-room",
            name,
            format!("nothing is left of {range} for {what} of `{name}`"),
            "take a wider range, or fewer of what takes from it",
        )
    }));
}

/// What is needed to place one environment.
pub(crate) struct Placing<'a, 'b> {
    pub(crate) estate: &'a Estate,
    pub(crate) id: &'a EnvironmentId,
    pub(crate) environment: &'a Environment,
    pub(crate) zones: &'b [String],
    pub(crate) ipv6: Option<Ipv6Net>,
    pub(crate) public: &'b BTreeMap<String, Ipv4Addr>,
    pub(crate) operator_vpc: Option<&'b OperatorVpcPlan>,
    pub(crate) held: &'b Lock,
    pub(crate) lock: &'b mut Lock,
    pub(crate) findings: &'b mut Vec<Finding>,
}

impl<'a> Placing<'a, '_> {
    /// Places everything of the environment.
    pub(crate) fn environment(&mut self, catalog: &'a Catalog) -> EnvironmentPlan<'a> {
        let subnets = self.subnets();
        let (hosts, nats) = self.hosts(&subnets);
        let bastion = BastionPlan::new(
            self.id,
            self.environment,
            &hosts,
            self.operator_vpc,
            self.public,
        );
        let listeners = listeners(
            self.estate,
            self.id,
            self.environment,
            catalog,
            &self.held.listeners,
        );
        no_room(
            &listeners.unplaced,
            "a port",
            "the ports of the balancer",
            self.findings,
        );
        self.lock.listeners.extend(listeners.entries);
        EnvironmentPlan {
            id: self.id,
            estate: self.estate,
            environment: self.environment,
            ipv6: self.ipv6,
            subnets,
            hosts,
            bastion,
            nats,
            products: self
                .environment
                .products
                .iter()
                .filter_map(|(name, wanted)| {
                    let plan = ProductPlan::new(self.estate, self.id, wanted, catalog)?;
                    Some((name.as_str(), plan))
                })
                .collect(),
            listeners: listeners.plans,
            database_port: self
                .environment
                .database
                .as_ref()
                .and_then(|database| database_port(&database.engine)),
        }
    }

    fn subnets(&mut self) -> Vec<SubnetPlan> {
        let mut plans = Vec::new();
        for tier in Tier::ALL {
            let name_of = |zone: &String| format!("{}/{tier}-{zone}", self.id);
            let names: Vec<String> = self.zones.iter().map(name_of).collect();
            let slots = tier.slots(self.environment.cidr);
            let Allotted { given, unplaced } = allot(
                &names,
                &self.held.subnets,
                |_, range| slots.contains(range),
                |_, _| slots.iter().copied(),
            );
            no_room(
                &unplaced,
                "a subnet",
                &self.environment.cidr.to_string(),
                self.findings,
            );
            for (zone, name) in names.iter().enumerate() {
                let Some(range) = given.get(name).copied() else {
                    continue;
                };
                plans.push(SubnetPlan {
                    id: SubnetId::new(name),
                    tier,
                    zone,
                    ipv4: range,
                    ipv6: self.ipv6.map(|all| tier.slot6(all, slot_of(&slots, range))),
                });
            }
            self.lock.subnets.extend(given);
        }
        plans
    }

    fn hosts(&mut self, subnets: &[SubnetPlan]) -> (Vec<HostPlan>, Vec<NatPlan>) {
        let seats = roster(self.estate, self.environment, self.zones);
        let mut given = BTreeMap::new();
        for tier in Tier::ALL {
            given.extend(self.addresses(&seats, subnets, tier));
        }
        let mut hosts = Vec::new();
        let mut nats = Vec::new();
        for seat in seats {
            let name = format!("{}/{}", self.id, seat.name);
            let Some(address) = given.get(&name).copied() else {
                continue;
            };
            let Some(subnet) = subnets.iter().find(|subnet| subnet.ipv4.contains(&address)) else {
                continue;
            };
            let public = self.public.get(&name).copied();
            match seat.role {
                Some(role) => hosts.push(HostPlan {
                    id: HostId::new(&name),
                    name: seat.name,
                    role,
                    product: seat.product,
                    group: model::GroupId::new(format!("{}/{}", self.id, seat.family)),
                    subnet: subnet.id.clone(),
                    ipv4: address,
                    ipv6: subnet.ipv6.map(|range| embed(range, address)),
                    public,
                }),
                None => nats.push(NatPlan {
                    id: NatId::new(&name),
                    zone: subnet.zone,
                    subnet: subnet.id.clone(),
                    address,
                    public,
                }),
            }
            self.lock.addresses.insert(name, IpAddr::V4(address));
        }
        (hosts, nats)
    }

    /// Addresses for those who stand in a tier: each family spread evenly over the zones.
    fn addresses(
        &mut self,
        seats: &[Seat],
        subnets: &[SubnetPlan],
        tier: Tier,
    ) -> BTreeMap<String, Ipv4Addr> {
        let by_name: BTreeMap<String, &Seat> = seats
            .iter()
            .filter(|seat| seat.tier == tier)
            .map(|seat| (format!("{}/{}", self.id, seat.name), seat))
            .collect();
        let names: Vec<String> = seats
            .iter()
            .filter(|seat| seat.tier == tier)
            .map(|seat| format!("{}/{}", self.id, seat.name))
            .collect();
        let ranges: Vec<(usize, Ipv4Net)> = subnets
            .iter()
            .filter(|subnet| subnet.tier == tier)
            .map(|subnet| (subnet.zone, subnet.ipv4))
            .collect();
        let held: BTreeMap<String, Ipv4Addr> = self
            .held
            .addresses
            .iter()
            .filter_map(|(name, address)| match address {
                IpAddr::V4(address) => Some((name.clone(), *address)),
                IpAddr::V6(_) => None,
            })
            .collect();
        let may_use = |name: &str, zone: usize| {
            by_name
                .get(name)
                .is_some_and(|seat| seat.zone.is_none_or(|wanted| wanted == zone))
        };
        let Allotted { given, unplaced } = allot(
            &names,
            &held,
            |name, address| {
                ranges
                    .iter()
                    .any(|(zone, range)| may_use(name, *zone) && is_usable(*range, *address))
            },
            |name, given| {
                let load = |range: &Ipv4Net| {
                    given
                        .iter()
                        .filter(|(other, address)| {
                            family(&by_name, other) == family(&by_name, name)
                                && range.contains(*address)
                        })
                        .count()
                };
                let mut order: Vec<(usize, usize, Ipv4Net)> = ranges
                    .iter()
                    .filter(|(zone, _)| may_use(name, *zone))
                    .map(|(zone, range)| (load(range), *zone, *range))
                    .collect();
                // The zone with the fewest of the family first, then in the estate's order.
                order.sort_unstable_by_key(|(load, zone, _)| (*load, *zone));
                order.into_iter().flat_map(|(_, _, range)| usable(range))
            },
        );
        no_room(
            &unplaced,
            "an address",
            &format!("the {tier} subnets of {}", self.environment.cidr),
            self.findings,
        );
        given
    }
}

fn family<'a>(seats: &'a BTreeMap<String, &Seat>, name: &str) -> Option<&'a str> {
    seats.get(name).map(|seat| seat.family.as_str())
}

/// The position of a subnet's range among its tier's slots.
fn slot_of(slots: &[Ipv4Net], range: Ipv4Net) -> u16 {
    slots
        .iter()
        .position(|slot| *slot == range)
        .and_then(|position| u16::try_from(position).ok())
        .unwrap_or_default()
}

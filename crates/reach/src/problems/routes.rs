//! Faults of subnets, route tables and peerings.

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::network::{Peering, RouteTable, RouteTarget};

use super::Found;
use super::gateways::count_attached;
use crate::addresses::AddressSet;

impl<'n> Found<'n> {
    pub(super) fn subnets(&mut self) {
        let network = self.network;
        for (id, subnet) in &network.subnets {
            let of = format!("subnet {id}");
            self.vpc(&of, &subnet.vpc);
            let table = network.route_tables.get(&subnet.route_table);
            self.want(table.is_some_and(|table| table.vpc == subnet.vpc), || {
                format!(
                    "{of} names route table {}, which is not one of its VPC",
                    subnet.route_table
                )
            });
            let acl = network.acls.get(&subnet.acl);
            self.want(acl.is_some_and(|acl| acl.vpc == subnet.vpc), || {
                format!("{of} names acl {}, which is not one of its VPC", subnet.acl)
            });
            let vpc = network.vpcs.get(&subnet.vpc);
            let within = vpc.is_none_or(|vpc| {
                let mut outside = AddressSet::of_prefixes(&subnet.cidrs);
                outside.subtract(&AddressSet::of_prefixes(&vpc.cidrs));
                outside.is_empty()
            });
            self.want(within, || {
                format!("{of} reaches beyond the ranges of {}", subnet.vpc)
            });
        }
    }

    pub(super) fn route_table(&mut self, of: &str, table: &'n RouteTable) {
        let network = self.network;
        self.vpc(of, &table.vpc);
        let gateway = |id, egress_only| {
            let gateway = network.internet_gateways.get(id);
            gateway.is_some_and(|known| known.vpc == table.vpc && known.egress_only == egress_only)
        };
        for route in &table.routes {
            let (well, target) = match &route.target {
                RouteTarget::Local | RouteTarget::Blackhole | RouteTarget::Unmodelled(_) => {
                    (true, String::new())
                }
                RouteTarget::Peering(id) => {
                    let peering = network.peerings.get(id);
                    let other = peering.and_then(|peering| peering.other(&table.vpc));
                    (other.is_some(), format!("peering {id}"))
                }
                RouteTarget::InternetGateway(id) => {
                    (gateway(id, false), format!("Internet gateway {id}"))
                }
                RouteTarget::EgressOnlyGateway(id) => {
                    (gateway(id, true), format!("egress-only gateway {id}"))
                }
                RouteTarget::NatGateway(id) => {
                    let nat = network.nat_gateways.get(id);
                    let vpc = nat.and_then(|nat| self.vpc_of_subnet(&nat.subnet));
                    (vpc == Some(&table.vpc), format!("NAT gateway {id}"))
                }
                RouteTarget::TransitGateway(id) => {
                    let gateway = network.transit_gateways.get(id);
                    let attached = gateway.map_or(0, |gateway| count_attached(gateway, &table.vpc));
                    (attached == 1, format!("transit gateway {id}"))
                }
            };
            self.want(well, || {
                format!("{of} names {target}, which does not serve {}", table.vpc)
            });
        }
        let routes = table.routes.iter();
        let keys = routes.map(|route| {
            let local = route.target == RouteTarget::Local;
            (route.destination, local, route.propagated)
        });
        self.once(of, keys);
    }

    /// Two routes of one rank to one prefix leave open which of them holds.
    pub(super) fn once(&mut self, of: &str, routes: impl Iterator<Item = (IpNet, bool, bool)>) {
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        for (prefix, local, propagated) in routes {
            *counts
                .entry((prefix.trunc(), local, propagated))
                .or_default() += 1;
        }
        for ((prefix, ..), count) in counts {
            self.want(count == 1, || {
                format!("{of} has {count} equal routes to {prefix}")
            });
        }
    }

    /// What two peers have in common, neither can send to the other.
    pub(super) fn peering(&mut self, of: &str, peering: &Peering) {
        let network = self.network;
        let [from, to] = &peering.vpcs;
        if from == to {
            self.want(false, || format!("{of} joins {from} with itself"));
            return;
        }
        for vpc in &peering.vpcs {
            self.vpc(of, vpc);
        }
        let ranges = [from, to].map(|vpc| {
            let vpc = network.vpcs.get(vpc);
            AddressSet::of_prefixes(vpc.into_iter().flat_map(|vpc| &vpc.cidrs))
        });
        let [own, others] = ranges;
        self.want(own.intersect(&others).is_empty(), || {
            format!("{of} joins {from} and {to}, whose ranges overlap")
        });
    }
}

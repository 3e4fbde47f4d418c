//! Follows one packet by NAT gateways.

use std::net::IpAddr;

use model::id::{NatId, SubnetId, VpcId};
use model::network::NatGateway;

use super::follow::{Connection, Follower, Way};
use crate::walk::MAX_LEGS;

impl<'n> Follower<'n> {
    pub(super) fn nat_at(
        &self,
        vpc: &VpcId,
        address: IpAddr,
    ) -> Option<(&'n NatId, &'n NatGateway)> {
        let network = self.network;
        let in_vpc = |nat: &NatGateway| {
            let subnet = network.subnets.get(&nat.subnet);
            subnet.is_some_and(|subnet| subnet.vpc == *vpc)
        };
        network
            .nat_gateways
            .iter()
            .find(|(_, nat)| IpAddr::V4(nat.address) == address && in_vpc(nat))
    }

    pub(super) fn translate(&mut self, from: &'n SubnetId, id: &'n NatId) -> Way {
        let at = format!("NAT gateway {id}");
        let known = self.network.nat_gateways.get(id);
        // Whatever the route, it is brought to the interface that has the address.
        if let Some(nat) = known
            && self.packet.destination == IpAddr::V4(nat.address)
        {
            self.cross(from, &nat.subnet)?;
            return self.translate_back(id, nat);
        }
        if self.is_answer {
            return self.lose(at, "knows no connection that this answers".to_owned());
        }
        let Some(nat) = known else {
            return self.unknown(format!("{at} is not known"));
        };
        self.cross(from, &nat.subnet)?;
        if self.packet.source.is_ipv6() {
            return self.unknown(format!("IPv6 through {at}"));
        }
        if self.connections.iter().any(|before| before.nat == id) {
            return self.lose(
                at,
                "has the packet for the second time: it goes round".to_owned(),
            );
        }
        if super::answer_to(&self.packet).is_none() {
            return self.unknown(format!(
                "other than TCP, UDP and echo requests through {at}"
            ));
        }
        if self.connections.len() >= MAX_LEGS {
            return self.unknown(format!("more than {MAX_LEGS} NAT gateways"));
        }
        let inside = self.packet.source;
        self.connections.push(Connection {
            nat: id,
            inside,
            outside: self.packet.destination,
        });
        self.packet.source = nat.address.into();
        self.go(at, format!("source {inside} becomes {}", nat.address));
        self.leave_subnet(&nat.subnet)
    }

    pub(super) fn translate_back(&mut self, id: &'n NatId, nat: &'n NatGateway) -> Way {
        let at = format!("NAT gateway {id}");
        let source = self.packet.source;
        let known =
            |last: &&Connection<'n>| self.is_answer && last.nat == id && last.outside == source;
        let Some(inside) = self
            .connections
            .last()
            .filter(known)
            .map(|last| last.inside)
        else {
            return self.lose(at, "knows no connection that this answers".to_owned());
        };
        self.connections.pop();
        self.go(at, format!("destination {} becomes {inside}", nat.address));
        self.packet.destination = inside;
        self.leave_subnet(&nat.subnet)
    }
}

//! The way of sets of packets by NAT gateways.

use std::net::IpAddr;

use model::id::{NatId, SubnetId};

use super::{MAX_LEGS, Step, Walk};
use crate::carried::{Address, Carried, Hidden, answerable_set};
use crate::family::{Family, number};
use crate::filter::Side;

impl<'n> Walk<'_, 'n> {
    /// Packets that a NAT gateway gets from inside.
    pub(super) fn hide(
        &mut self,
        from: &'n SubnetId,
        nat: &'n NatId,
        packets: Carried<'n>,
    ) -> Step {
        let known = self.atlas.network.nat_gateways.get(nat);
        let own = known.map(|gateway| IpAddr::V4(gateway.address));
        let is_for_it = own.is_some() && packets.destination_address(self.family) == own;
        // An answer that meets a NAT gateway on its way has no connection there, and is lost.
        if packets.answers && !is_for_it {
            return Ok(());
        }
        let Some(gateway) = known else {
            return self.doubt(packets.set, format!("NAT gateway {nat} is not known"));
        };
        let mut packets = packets;
        if gateway.subnet != *from {
            packets = self.acl(from, Side::Egress, packets)?;
            packets = self.acl(&gateway.subnet, Side::Ingress, packets)?;
        }
        // Whatever the route, they are brought to the interface that has the address.
        if is_for_it {
            return self.reveal(nat, &gateway.subnet, packets);
        }
        if self.family == Family::V6 {
            return self.doubt(packets.set, format!("IPv6 through NAT gateway {nat}"));
        }
        if packets.hidden.iter().any(|hidden| hidden.nat == nat) {
            return Ok(());
        }
        if packets.hidden.len() >= MAX_LEGS {
            return self.doubt(packets.set, format!("more than {MAX_LEGS} NAT gateways"));
        }
        let hideable = packets.set.intersect(&answerable_set()?)?;
        let other = packets.set.subtract(&hideable)?;
        self.doubt(
            other,
            format!("other than TCP, UDP and echo requests through NAT gateway {nat}"),
        )?;
        packets.set = hideable;
        packets.hidden.push(Hidden {
            nat,
            source: packets.source,
            destination: packets.destination,
        });
        packets.source = Address::Fixed(number(gateway.address.into()));
        self.leave(&gateway.subnet, packets)
    }

    /// Packets to a NAT gateway's own address: answers that it waits for go on, others are lost.
    pub(super) fn reveal(
        &mut self,
        nat: &'n NatId,
        subnet: &'n SubnetId,
        mut packets: Carried<'n>,
    ) -> Step {
        let awaited = |hidden: &Hidden<'n>| {
            packets.answers && hidden.nat == nat && hidden.destination == packets.source
        };
        match packets.hidden.last().copied().filter(awaited) {
            Some(hidden) => {
                packets.hidden.pop();
                packets.destination = hidden.source;
                self.leave(subnet, packets)
            }
            None => Ok(()),
        }
    }
}

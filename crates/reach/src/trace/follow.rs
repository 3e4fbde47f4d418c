//! Follows one packet from its sender to whoever receives it, past the filters on its way.

use std::net::IpAddr;

use model::Network;
use model::claim::Hop;
use model::id::{AttachmentId, InterfaceId, NatId, SubnetId, TransitGatewayId, VpcId};
use model::network::{Interface, Place};
use model::packet::{Packet, Transport};

use super::Outcome;
use super::decide::{self, hop};
use crate::atlas::is_filtered;
use crate::endpoint::Endpoint;
use crate::filter::Side;

/// Why a packet went no further.
pub(super) enum Stopped {
    Lost,
    Unknown(String),
}

/// Where a packet ended, or why it did not get there.
pub(super) type Way = Result<Endpoint, Stopped>;

/// A NAT gateway's connection.
#[derive(Clone)]
pub(super) struct Connection<'n> {
    pub(super) nat: &'n NatId,
    pub(super) inside: IpAddr,
    pub(super) outside: IpAddr,
}

/// A packet under way.
pub(super) struct Follower<'n> {
    pub(super) network: &'n Network,
    pub(super) hops: Vec<Hop>,
    pub(super) packet: Packet,
    pub(super) is_answer: bool,
    pub(super) connections: Vec<Connection<'n>>,
    pub(super) left_by_egress_only: Option<&'n VpcId>,
    pub(super) legs: Vec<(&'n TransitGatewayId, &'n AttachmentId, usize)>,
}

impl<'n> Follower<'n> {
    pub(super) fn new(network: &'n Network, packet: Packet) -> Self {
        Self {
            network,
            hops: Vec::new(),
            packet,
            is_answer: false,
            connections: Vec::new(),
            left_by_egress_only: None,
            legs: Vec::new(),
        }
    }

    /// The answer to the packet, with the connections that the packet opened.
    pub(super) fn answering(&self, answer: Packet) -> Self {
        Self {
            is_answer: true,
            connections: self.connections.clone(),
            left_by_egress_only: self.left_by_egress_only,
            ..Self::new(self.network, answer)
        }
    }

    /// Follows the packet from its sender.
    pub(super) fn forward(&mut self, from: &Endpoint) -> Outcome {
        let way = self.set_out(from);
        self.outcome(way)
    }

    fn set_out(&mut self, from: &Endpoint) -> Way {
        let network = self.network;
        let (source, destination) = (self.packet.source, self.packet.destination);
        let own = match from {
            Endpoint::Interface(id) => network
                .interfaces
                .get(id)
                .is_some_and(|interface| interface.addresses.contains(&source)),
            Endpoint::Site(site) => network
                .sites
                .get_key_value(site)
                .is_some_and(|(site, _)| self.stands_at(site, source)),
        };
        if !own || source.is_ipv4() != destination.is_ipv4() {
            return self.lose(
                from.to_string(),
                format!("{source} is not its own to send from"),
            );
        }
        if source == destination {
            return self.lose(
                from.to_string(),
                "sends to itself, over no network".to_owned(),
            );
        }
        match from {
            Endpoint::Site(site) => match network.sites.get_key_value(site) {
                Some((site, _)) => {
                    if let Some((id, interface)) = self.resident(site, source) {
                        self.pass_firewall(id, interface, Side::Egress)?;
                    }
                    self.leave_site(site)
                }
                None => self.unknown(format!("site {site} is not known")),
            },
            Endpoint::Interface(id) => match network.interfaces.get_key_value(id) {
                Some((id, interface)) => match &interface.place {
                    Place::Site(site) => {
                        self.pass_firewall(id, interface, Side::Egress)?;
                        self.leave_site(site)
                    }
                    Place::Subnet(subnet) => {
                        let peer = self.peer_behind(subnet);
                        self.pass_groups(id, interface, Side::Egress, peer)?;
                        self.leave_subnet(subnet)
                    }
                },
                None => self.unknown(format!("interface {id} is not known")),
            },
        }
    }

    /// Follows the answer from its receiver back to the sender of what it answers.
    pub(super) fn back(&mut self, from: &Endpoint, to: &Endpoint, sent: &Packet) -> Outcome {
        self.hops.push(hop(
            from.to_string(),
            format!("answers {}", self.packet),
            true,
        ));
        let way = self.set_back(from);
        let way = way.and_then(|reached| {
            let awaited = self.is_at(&reached, to)
                && self.packet.source == sent.destination
                && self.packet.destination == sent.source
                && self.connections.is_empty();
            if awaited {
                return Ok(reached);
            }
            let wanted = sent.destination;
            let decision = format!("waits for no {}: {to} sent to {wanted}", self.packet);
            self.lose(reached.to_string(), decision)
        });
        self.outcome(way)
    }

    /// Whether somebody is the endpoint, or is one of those at it.
    fn is_at(&self, somebody: &Endpoint, endpoint: &Endpoint) -> bool {
        match (somebody, endpoint) {
            (Endpoint::Interface(id), Endpoint::Site(site)) => {
                let interface = self.network.interfaces.get(id);
                interface.is_some_and(|interface| interface.place == Place::Site(site.clone()))
            }
            (somebody, endpoint) => somebody == endpoint,
        }
    }

    fn set_back(&mut self, from: &Endpoint) -> Way {
        let network = self.network;
        let Endpoint::Interface(id) = from else {
            return self.unknown(format!("{from} is no interface"));
        };
        let Some(interface) = network.interfaces.get(id) else {
            return self.unknown(format!("interface {id} is not known"));
        };
        if is_filtered(interface) {
            let decision = "the groups know the connection".to_owned();
            self.go(format!("interface {id}"), decision);
        }
        match &interface.place {
            Place::Site(site) => self.leave_site(site),
            Place::Subnet(subnet) => self.leave_subnet(subnet),
        }
    }

    fn outcome(&self, way: Way) -> Outcome {
        match way {
            Ok(to) => Outcome::Delivered {
                to,
                packet: self.packet,
            },
            Err(Stopped::Lost) => Outcome::Lost,
            Err(Stopped::Unknown(reason)) => Outcome::Unknown(reason),
        }
    }

    pub(super) fn go(&mut self, at: String, decision: String) {
        self.hops.push(hop(at, decision, true));
    }

    pub(super) fn lose(&mut self, at: String, decision: String) -> Way {
        self.hops.push(hop(at, decision, false));
        Err(Stopped::Lost)
    }

    pub(super) fn unknown(&mut self, reason: String) -> Way {
        self.hops
            .push(hop("unknown".to_owned(), reason.clone(), false));
        Err(Stopped::Unknown(reason))
    }

    fn decided(&mut self, decision: Hop) -> Result<(), Stopped> {
        let passed = decision.passed;
        self.hops.push(decision);
        if passed { Ok(()) } else { Err(Stopped::Lost) }
    }

    /// Passes an interface's groups; `peer` is the VPC with which the packet goes by a peering, if it does.
    pub(super) fn pass_groups(
        &mut self,
        id: &InterfaceId,
        interface: &Interface,
        side: Side,
        peer: Option<&VpcId>,
    ) -> Result<(), Stopped> {
        let packet = &self.packet;
        match decide::groups(self.network, id.as_str(), interface, side, packet, peer) {
            Ok(decision) => self.decided(decision),
            Err(reason) => self.unknown(reason).map(|_| ()),
        }
    }

    /// Passes the firewall that a site has in front of an interface, if it does.
    pub(super) fn pass_firewall(
        &mut self,
        id: &InterfaceId,
        interface: &Interface,
        side: Side,
    ) -> Result<(), Stopped> {
        if is_filtered(interface) {
            self.pass_groups(id, interface, side, None)
        } else {
            Ok(())
        }
    }

    pub(super) fn pass_acl(&mut self, id: &'n SubnetId, side: Side) -> Result<(), Stopped> {
        match self.asked_acl(id, side) {
            Ok(decision) => self.decided(decision),
            Err(reason) => self.unknown(reason).map(|_| ()),
        }
    }

    /// What a subnet's ACL says, or why that is not known.
    pub(super) fn asked_acl(&self, id: &SubnetId, side: Side) -> Result<Hop, String> {
        let subnet = self.network.subnets.get(id);
        let acl =
            subnet.and_then(|subnet| Some((&subnet.acl, self.network.acls.get(&subnet.acl)?)));
        let Some((name, acl)) = acl else {
            return Err(format!("subnet {id} has no known ACL"));
        };
        let has_ports = matches!(
            self.packet.transport,
            Transport::Tcp { .. } | Transport::Udp { .. }
        );
        let chosen_by_nat = self.is_answer && has_ports && !self.connections.is_empty();
        let at = format!("acl {name} of {id}");
        decide::acl(acl, at, side, &self.packet, chosen_by_nat).ok_or_else(|| {
            format!(
                "acl {name} passes some of the ports that a NAT gateway may choose, and not others"
            )
        })
    }
}

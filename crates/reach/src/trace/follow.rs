//! Follows one packet from its sender, through subnets and NAT gateways, to whoever receives it.

use std::net::IpAddr;

use model::Network;
use model::claim::Hop;
use model::id::{AttachmentId, InterfaceId, NatId, SubnetId, TransitGatewayId, VpcId};
use model::network::{Interface, NatGateway, Place, RouteTarget};
use model::packet::{Packet, Transport};

use super::Outcome;
use super::decide::{self, hop};
use crate::endpoint::Endpoint;
use crate::filter::Side;
use crate::walk::MAX_LEGS;

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
    nat: &'n NatId,
    inside: IpAddr,
    outside: IpAddr,
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
                Some((site, _)) => self.leave_site(site),
                None => self.unknown(format!("site {site} is not known")),
            },
            Endpoint::Interface(id) => match network.interfaces.get_key_value(id) {
                Some((id, interface)) => match &interface.place {
                    Place::Site(site) => self.leave_site(site),
                    Place::Subnet(subnet) => {
                        self.pass_groups(id, interface, Side::Egress)?;
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
        match network.interfaces.get(id).map(|known| &known.place) {
            Some(Place::Site(site)) => self.leave_site(site),
            Some(Place::Subnet(subnet)) => {
                let decision = "the groups know the connection".to_owned();
                self.hops
                    .push(hop(format!("interface {id}"), decision, true));
                self.leave_subnet(subnet)
            }
            None => self.unknown(format!("interface {id} is not known")),
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

    fn pass_groups(
        &mut self,
        id: &InterfaceId,
        interface: &Interface,
        side: Side,
    ) -> Result<(), Stopped> {
        match decide::groups(self.network, id.as_str(), interface, side, &self.packet) {
            Ok(decision) => self.decided(decision),
            Err(reason) => self.unknown(reason).map(|_| ()),
        }
    }

    fn pass_acl(&mut self, id: &'n SubnetId, side: Side) -> Result<(), Stopped> {
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

    /// Passes from one subnet into another: out by the first one's ACL, in by the other's. Within one, neither is asked.
    pub(super) fn cross(&mut self, from: &'n SubnetId, to: &'n SubnetId) -> Result<(), Stopped> {
        if from == to {
            return Ok(());
        }
        self.pass_acl(from, Side::Egress)?;
        self.pass_acl(to, Side::Ingress)
    }

    pub(super) fn leave_subnet(&mut self, from: &'n SubnetId) -> Way {
        let network = self.network;
        let Some(subnet) = network.subnets.get(from) else {
            return self.unknown(format!("subnet {from} is not known"));
        };
        let to = self.packet.destination;
        if decide::is_neighbour(subnet, to) {
            return self.reach(&subnet.vpc, Some(from));
        }
        let at = format!("route table {}", subnet.route_table);
        let Some(table) = network.route_tables.get(&subnet.route_table) else {
            return self.unknown(format!("{at} is not known"));
        };
        let Some(route) = decide::route(table, to) else {
            return self.lose(at, format!("no route to {to}"));
        };
        let words = decide::route_words(route);
        match &route.target {
            RouteTarget::Local => {
                self.pass_acl(from, Side::Egress)?;
                self.go(at, words);
                self.reach(&subnet.vpc, Some(from))
            }
            RouteTarget::InternetGateway(gateway) => {
                self.pass_acl(from, Side::Egress)?;
                self.go(at, words);
                self.leave_by_internet_gateway(&subnet.vpc, gateway)
            }
            RouteTarget::EgressOnlyGateway(gateway) => {
                self.pass_acl(from, Side::Egress)?;
                self.go(at, words);
                self.leave_by_egress_only(&subnet.vpc, gateway)
            }
            RouteTarget::NatGateway(nat) => {
                self.go(at, words);
                self.translate(from, nat)
            }
            RouteTarget::TransitGateway(gateway) => {
                self.go(at, words);
                self.leave_by_transit(from, subnet, gateway)
            }
            RouteTarget::Blackhole => self.lose(at, words),
            RouteTarget::Peering(id) => self.unknown(format!("peering {id} is not modelled")),
            RouteTarget::Unmodelled(what) => self.unknown(format!("{what} is not modelled")),
        }
    }

    /// Gives the packet to whatever has its destination in a VPC.
    pub(super) fn reach(&mut self, vpc: &'n VpcId, from: Option<&'n SubnetId>) -> Way {
        let network = self.network;
        let to = self.packet.destination;
        let interface = network.interfaces.iter().find(|(_, interface)| {
            network.vpc_of(interface) == Some(vpc) && interface.addresses.contains(&to)
        });
        if let Some((id, interface)) = interface {
            let Place::Subnet(subnet) = &interface.place else {
                return self.unknown(format!("interface {id} is in no subnet"));
            };
            if from != Some(subnet) {
                self.pass_acl(subnet, Side::Ingress)?;
            }
            if !self.is_answer {
                self.pass_groups(id, interface, Side::Ingress)?;
            }
            return Ok(Endpoint::Interface(id.clone()));
        }
        match self.nat_at(vpc, to) {
            Some((id, nat)) => {
                if from != Some(&nat.subnet) {
                    self.pass_acl(&nat.subnet, Side::Ingress)?;
                }
                self.translate_back(id, nat)
            }
            None => self.lose(vpc.to_string(), format!("nobody has {to}")),
        }
    }

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

    fn translate(&mut self, from: &'n SubnetId, id: &'n NatId) -> Way {
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

    fn translate_back(&mut self, id: &'n NatId, nat: &'n NatGateway) -> Way {
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

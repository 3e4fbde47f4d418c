//! Follows one packet from place to place.

use std::net::{IpAddr, Ipv4Addr};

use model::Network;
use model::claim::Hop;
use model::id::{
    AttachmentId, GatewayId, InterfaceId, NatId, SiteId, SubnetId, TransitGatewayId, VpcId,
};
use model::network::{AttachedTo, Interface, NatGateway, Place, RouteTarget, SiteKind, Subnet};
use model::packet::{Packet, Transport};

use super::Outcome;
use super::decide::{self, hop};
use crate::addresses::AddressSet;
use crate::atlas::primary;
use crate::endpoint::Endpoint;
use crate::filter::Side;
use crate::walk::MAX_LEGS;

/// Why a packet went no further.
enum Stopped {
    Lost,
    Unknown(String),
}

/// Where a packet ended, or why it did not get there.
type Way = Result<Endpoint, Stopped>;

/// A NAT gateway's connection.
#[derive(Clone)]
struct Connection<'n> {
    nat: &'n NatId,
    inside: IpAddr,
    outside: IpAddr,
}

/// A packet under way.
pub(super) struct Follower<'n> {
    network: &'n Network,
    pub(super) hops: Vec<Hop>,
    packet: Packet,
    is_answer: bool,
    connections: Vec<Connection<'n>>,
    left_by_egress_only: Option<&'n VpcId>,
    legs: Vec<(&'n TransitGatewayId, &'n AttachmentId, usize)>,
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

    fn go(&mut self, at: String, decision: String) {
        self.hops.push(hop(at, decision, true));
    }

    fn lose(&mut self, at: String, decision: String) -> Way {
        self.hops.push(hop(at, decision, false));
        Err(Stopped::Lost)
    }

    fn unknown(&mut self, reason: String) -> Way {
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
        let decision = decide::groups(self.network, id.as_str(), interface, side, &self.packet);
        self.decided(decision)
    }

    fn pass_acl(&mut self, id: &'n SubnetId, side: Side) -> Result<(), Stopped> {
        let subnet = self.network.subnets.get(id);
        let acl =
            subnet.and_then(|subnet| Some((&subnet.acl, self.network.acls.get(&subnet.acl)?)));
        let Some((name, acl)) = acl else {
            return self
                .unknown(format!("subnet {id} has no known ACL"))
                .map(|_| ());
        };
        let has_ports = matches!(
            self.packet.transport,
            Transport::Tcp { .. } | Transport::Udp { .. }
        );
        let chosen_by_nat = self.is_answer && has_ports && !self.connections.is_empty();
        let at = format!("acl {name} of {id}");
        match decide::acl(acl, at, side, &self.packet, chosen_by_nat) {
            Some(decision) => self.decided(decision),
            None => {
                let reason = format!(
                    "acl {name} passes some of the ports that a NAT gateway may choose, and not others"
                );
                self.unknown(reason).map(|_| ())
            }
        }
    }

    /// Passes from one subnet into another: out by the first one's ACL, in by the other's. Within one, neither is asked.
    fn cross(&mut self, from: &'n SubnetId, to: &'n SubnetId) -> Result<(), Stopped> {
        if from == to {
            return Ok(());
        }
        self.pass_acl(from, Side::Egress)?;
        self.pass_acl(to, Side::Ingress)
    }

    fn leave_subnet(&mut self, from: &'n SubnetId) -> Way {
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
            RouteTarget::Unmodelled(what) => self.unknown(format!("{what} is not modelled")),
        }
    }

    /// Gives the packet to whatever has its destination in a VPC.
    fn reach(&mut self, vpc: &'n VpcId, from: Option<&'n SubnetId>) -> Way {
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

    fn nat_at(&self, vpc: &VpcId, address: IpAddr) -> Option<(&'n NatId, &'n NatGateway)> {
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
        if self.is_answer {
            return self.lose(at, "knows no connection that this answers".to_owned());
        }
        let Some(nat) = self.network.nat_gateways.get(id) else {
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

    fn leave_by_internet_gateway(&mut self, vpc: &'n VpcId, id: &'n GatewayId) -> Way {
        let network = self.network;
        let at = format!("Internet gateway {id}");
        let known = network.internet_gateways.get(id);
        if known.is_none_or(|known| known.egress_only || known.vpc != *vpc) {
            return self.unknown(format!("{at} is not one of {vpc}"));
        }
        let source = self.packet.source;
        match source {
            IpAddr::V6(_) => {
                let own = network
                    .vpcs
                    .get(vpc)
                    .is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(&source)));
                if !own {
                    return self.unknown(format!("{at} with IPv6 sources of outside {vpc}"));
                }
                self.go(at, "passes IPv6 untranslated".to_owned());
            }
            IpAddr::V4(private) => {
                let pairs = self.public_addresses();
                let pair = pairs
                    .iter()
                    .find(|(of, from, _)| *of == vpc && *from == private);
                let Some((_, _, public)) = pair else {
                    return self.lose(at, format!("{private} has no public address"));
                };
                self.packet.source = (*public).into();
                self.go(at, format!("source {private} becomes {public}"));
            }
        }
        self.cross_internet()
    }

    /// Every public address that an Internet gateway translates: VPC, private address, public address.
    fn public_addresses(&self) -> Vec<(&'n VpcId, Ipv4Addr, Ipv4Addr)> {
        let network = self.network;
        let interfaces = network.interfaces.values().filter_map(|interface| {
            let vpc = network.vpc_of(interface)?;
            Some((vpc, primary(interface)?, interface.public?))
        });
        let nats = network.nat_gateways.values().filter_map(|nat| {
            let vpc = &network.subnets.get(&nat.subnet)?.vpc;
            Some((vpc, nat.address, nat.public?))
        });
        interfaces
            .chain(nats)
            .filter(|(vpc, ..)| self.is_open(vpc))
            .collect()
    }

    fn is_open(&self, vpc: &VpcId) -> bool {
        let mut gateways = self.network.internet_gateways.values();
        gateways.any(|gateway| gateway.vpc == *vpc && !gateway.egress_only)
    }

    fn leave_by_egress_only(&mut self, vpc: &'n VpcId, id: &'n GatewayId) -> Way {
        let at = format!("egress-only gateway {id}");
        let known = self.network.internet_gateways.get(id);
        if known.is_none_or(|known| !known.egress_only || known.vpc != *vpc) {
            return self.unknown(format!("{at} is not one of {vpc}"));
        }
        if self.packet.source.is_ipv4() {
            return self.lose(at, "passes IPv6 alone".to_owned());
        }
        self.left_by_egress_only = Some(vpc);
        self.go(at, "lets it out".to_owned());
        self.cross_internet()
    }

    fn cross_internet(&mut self) -> Way {
        let network = self.network;
        let to = self.packet.destination;
        if let IpAddr::V4(wanted) = to {
            let pairs = self.public_addresses();
            let pair = pairs.iter().find(|(.., public)| *public == wanted);
            if let Some((vpc, private, public)) = pair {
                self.go(
                    format!("Internet gateway of {vpc}"),
                    format!("destination {public} becomes {private}"),
                );
                self.packet.destination = (*private).into();
                return self.reach(vpc, None);
            }
        }
        let sites_of = |kind: SiteKind| {
            let sites = network.sites.iter();
            sites
                .filter(move |(_, site)| site.kind == kind)
                .map(|(id, _)| id)
        };
        if let Some(site) = sites_of(SiteKind::OnInternet).find(|site| self.stands_at(site, to)) {
            return self.enter_site(site);
        }
        let public = AddressSet::public().contains(to);
        let mut vpcs = network.vpcs.iter();
        let vpc = vpcs.find(|(_, vpc)| {
            to.is_ipv6() && public && vpc.cidrs.iter().any(|cidr| cidr.contains(&to))
        });
        if let Some((vpc, _)) = vpc {
            let answers_own = self.is_answer && self.left_by_egress_only == Some(vpc);
            if !self.is_open(vpc) && !answers_own {
                let decision = format!("no gateway lets in what is sent to {to}");
                return self.lose(vpc.to_string(), decision);
            }
            self.go(format!("gateway of {vpc}"), "lets it in".to_owned());
            return self.reach(vpc, None);
        }
        match sites_of(SiteKind::Internet).find(|site| self.stands_at(site, to)) {
            Some(site) => self.enter_site(site),
            None => self.lose("the Internet".to_owned(), format!("no route to {to}")),
        }
    }

    fn leave_by_transit(
        &mut self,
        from: &'n SubnetId,
        subnet: &'n Subnet,
        gateway: &'n TransitGatewayId,
    ) -> Way {
        let vpc = &subnet.vpc;
        let known = self.network.transit_gateways.get(gateway);
        let attachments: Vec<_> = known
            .into_iter()
            .flat_map(|known| &known.attachments)
            .filter_map(|(id, attachment)| match &attachment.to {
                AttachedTo::Vpc { vpc: to, subnets } if to == vpc => Some((id, subnets)),
                _ => None,
            })
            .collect();
        let [(attachment, subnets)] = attachments.as_slice() else {
            let count = attachments.len();
            return self.unknown(format!(
                "{vpc} has {count} attachments to transit gateway {gateway}, not one"
            ));
        };
        let Some(by) = self.in_zone(subnets, Some(&subnet.zone)) else {
            return self.unknown(format!("attachment {attachment} has no subnet"));
        };
        self.cross(from, by)?;
        self.transit(gateway, attachment)
    }

    /// The attachment's subnet for a zone: that zone's, else the first.
    fn in_zone(&self, subnets: &'n [SubnetId], zone: Option<&String>) -> Option<&'n SubnetId> {
        for id in subnets {
            if self.network.subnets.get(id).map(|subnet| &subnet.zone) == zone && zone.is_some() {
                return Some(id);
            }
        }
        subnets.first()
    }

    fn transit(&mut self, id: &'n TransitGatewayId, by: &'n AttachmentId) -> Way {
        let network = self.network;
        let to = self.packet.destination;
        let at = format!("transit gateway {id}");
        let leg = (id, by, self.connections.len());
        if self.legs.contains(&leg) {
            return self.lose(
                at,
                "has the packet for the second time: it goes round".to_owned(),
            );
        }
        if self.legs.len() >= MAX_LEGS {
            return self.unknown(format!("more than {MAX_LEGS} transit gateways"));
        }
        self.legs.push(leg);
        let Some(gateway) = network.transit_gateways.get(id) else {
            return self.unknown(format!("{at} is not known"));
        };
        let attachment = gateway.attachments.get(by);
        let Some(table) = attachment.and_then(|attachment| attachment.table.as_ref()) else {
            return self.lose(at, format!("attachment {by} has no table"));
        };
        let Some(routes) = gateway.tables.get(table) else {
            return self.unknown(format!("table {table} of {at} is not known"));
        };
        let at = format!("{at}, table {table}");
        let Some(route) = decide::transit_route(routes, to) else {
            return self.lose(at, format!("no route to {to}"));
        };
        let Some(out) = &route.attachment else {
            return self.lose(at, format!("{} is a black hole", route.destination));
        };
        let how = if route.propagated { ", propagated" } else { "" };
        self.go(
            at,
            format!("{} goes to attachment {out}{how}", route.destination),
        );
        match gateway
            .attachments
            .get(out)
            .map(|attachment| &attachment.to)
        {
            None => self.unknown(format!("attachment {out} is not known")),
            Some(AttachedTo::Site(site)) => match network.sites.get(site).map(|site| site.kind) {
                Some(SiteKind::Private) => self.enter_site(site),
                _ => self.unknown(format!("attachment {out} to {site}, no private site")),
            },
            Some(AttachedTo::Vpc { vpc, subnets }) => {
                let zone = self.zone_of(vpc, to);
                match self.in_zone(subnets, zone) {
                    Some(subnet) => self.leave_subnet(subnet),
                    None => self.unknown(format!("attachment {out} has no subnet")),
                }
            }
        }
    }

    /// The zone where an address of a VPC stands.
    fn zone_of(&self, vpc: &'n VpcId, address: IpAddr) -> Option<&'n String> {
        let network = self.network;
        let interface = network.interfaces.values().find(|interface| {
            network.vpc_of(interface) == Some(vpc) && interface.addresses.contains(&address)
        });
        let subnet = match interface.map(|interface| &interface.place) {
            Some(Place::Subnet(subnet)) => Some(subnet),
            _ => self.nat_at(vpc, address).map(|(_, nat)| &nat.subnet),
        };
        subnet
            .and_then(|subnet| network.subnets.get(subnet))
            .map(|subnet| &subnet.zone)
    }

    fn leave_site(&mut self, site: &'n SiteId) -> Way {
        let network = self.network;
        if self.stands_at(site, self.packet.destination) {
            return self.enter_site(site);
        }
        match network.sites.get(site).map(|site| site.kind) {
            None => self.unknown(format!("site {site} is not known")),
            Some(SiteKind::Internet | SiteKind::OnInternet) => self.cross_internet(),
            Some(SiteKind::Private) => {
                let gateways = network.transit_gateways.iter();
                let exits: Vec<_> = gateways
                    .flat_map(|(id, gateway)| {
                        let attachments = gateway.attachments.iter();
                        attachments.map(move |(by, attachment)| (id, by, attachment))
                    })
                    .filter(|(.., attachment)| {
                        matches!(&attachment.to, AttachedTo::Site(to) if to == site)
                    })
                    .collect();
                match exits.as_slice() {
                    [] => self.lose(format!("site {site}"), "has no way out".to_owned()),
                    [(gateway, by, _)] => {
                        self.go(format!("site {site}"), format!("sends by attachment {by}"));
                        self.transit(gateway, by)
                    }
                    _ => self.unknown(format!("site {site} has several attachments")),
                }
            }
        }
    }

    fn enter_site(&mut self, site: &'n SiteId) -> Way {
        let to = self.packet.destination;
        let mut interfaces = self.network.interfaces.iter();
        let resident = interfaces.find(|(_, interface)| {
            interface.place == Place::Site(site.clone()) && interface.addresses.contains(&to)
        });
        let at = format!("site {site}");
        match resident {
            Some((id, _)) => {
                self.go(at, format!("{to} is {id}"));
                Ok(Endpoint::Interface(id.clone()))
            }
            None if self.is_answer => {
                self.go(at, format!("{to} is there"));
                Ok(Endpoint::Site(site.clone()))
            }
            None => self.lose(at, format!("nobody has {to}")),
        }
    }

    /// Whether an address is one of a site's.
    fn stands_at(&self, id: &SiteId, address: IpAddr) -> bool {
        let network = self.network;
        let resident = |at: Option<&SiteId>| {
            network.interfaces.values().any(|interface| {
                let here = match &interface.place {
                    Place::Site(site) => at.is_none_or(|at| at == site),
                    Place::Subnet(_) => false,
                };
                here && interface.addresses.contains(&address)
            })
        };
        let in_any = |cidrs: &[ipnet::IpNet]| cidrs.iter().any(|cidr| cidr.contains(&address));
        let Some(site) = network.sites.get(id) else {
            return false;
        };
        if resident(Some(id)) {
            return true;
        }
        if site.kind != SiteKind::Internet {
            return in_any(&site.prefixes);
        }
        let is_public_of_somebody = || {
            let interfaces = network.interfaces.values();
            let nats = network.nat_gateways.values();
            interfaces
                .filter_map(|interface| interface.public)
                .chain(nats.filter_map(|nat| nat.public))
                .any(|public| IpAddr::V4(public) == address)
        };
        let others = network.sites.values();
        AddressSet::public().contains(address)
            && !network.vpcs.values().any(|vpc| in_any(&vpc.cidrs))
            && !others
                .filter(|site| site.kind != SiteKind::Internet)
                .any(|site| in_any(&site.prefixes))
            && !resident(None)
            && !is_public_of_somebody()
    }
}

//! Carries sets of packets through a network: from a sender to the receivers, and from a receiver back to the sender.
//!
//! Forwarding looks at the destination alone, so packets to one address go one way, however many they are; only answers
//! to a whole site may part at a route table. Each step narrows the set of headers *as sent*, looking at them as they are
//! by then.

mod nat;
mod outside;
mod transit;

use std::fmt;
use std::net::IpAddr;

use model::id::{InterfaceId, SiteId, SubnetId, VpcId};
use model::network::{Place, RouteTarget};

use crate::addresses::AddressSet;
use crate::atlas::{Atlas, Holder};
use crate::boxes::{BoxSet, TooManyBoxes};
use crate::carried::{Address, Carried, answerable_set};
use crate::family::{Family, number};
use crate::filter::Side;

/// The most attachments that a packet passes: the twin's packets, and those of many systems, live no longer. A path
/// that needs more is unknown; a loop is found sooner, and loses its packets.
pub(crate) const MAX_LEGS: usize = 16;

/// Packets that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival<'n> {
    /// Where.
    pub(crate) to: &'n InterfaceId,
    /// As they are by then.
    pub(crate) packets: Carried<'n>,
}

/// Packets whose fate is not known, and why.
#[derive(Clone, Debug)]
pub(crate) struct Doubtful {
    pub(crate) set: BoxSet,
    pub(crate) reason: String,
}

/// Who sent, and so whom answers must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sender<'n> {
    Interface(&'n InterfaceId),
    Site(&'n SiteId),
}

impl fmt::Display for Sender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(id) => write!(f, "{id}"),
            Self::Site(id) => write!(f, "{id}"),
        }
    }
}

/// What answers must look like at their end.
struct Expected<'n> {
    sender: Sender<'n>,
    /// The address that the packets were sent from.
    source: Address,
    /// The address that they were sent to.
    destination: Address,
}

/// One walk through the network.
pub(crate) struct Walk<'a, 'n> {
    atlas: &'a Atlas<'n>,
    family: Family,
    expected: Option<Expected<'n>>,
    /// Packets that arrived at an interface.
    pub(crate) arrivals: Vec<Arrival<'n>>,
    /// Packets to many addresses that arrived at a site, whether or not an interface stands there.
    pub(crate) departures: Vec<(&'n SiteId, BoxSet)>,
    /// Answers that found the sender, by the headers that they answer.
    pub(crate) answered: BoxSet,
    /// Packets whose fate is not known.
    pub(crate) doubts: Vec<Doubtful>,
}

type Step = Result<(), TooManyBoxes>;

impl<'a, 'n> Walk<'a, 'n> {
    fn new(atlas: &'a Atlas<'n>, family: Family) -> Self {
        Self {
            atlas,
            family,
            expected: None,
            arrivals: Vec::new(),
            departures: Vec::new(),
            answered: BoxSet::empty(),
            doubts: Vec::new(),
        }
    }

    /// Carries packets from a sender to an address.
    pub(crate) fn forward(
        atlas: &'a Atlas<'n>,
        sender: Sender<'n>,
        set: &BoxSet,
        source: Address,
        destination: IpAddr,
    ) -> Self {
        let mut walk = Self::new(atlas, Family::of(destination));
        let destination = Address::Fixed(number(destination));
        let packets = Carried::sent(set.clone(), source, destination);
        let done = walk.leave_sender(sender, packets);
        walk.finished(done, set)
    }

    /// Carries packets of one family from a sender to whatever site they reach; those to something in a VPC end there.
    pub(crate) fn outward(
        atlas: &'a Atlas<'n>,
        family: Family,
        sender: Sender<'n>,
        set: &BoxSet,
        source: Address,
    ) -> Self {
        let mut walk = Self::new(atlas, family);
        let packets = Carried::sent(set.clone(), source, Address::Receiver);
        let done = walk.leave_sender(sender, packets);
        walk.finished(done, set)
    }

    /// Carries the answers of packets that arrived back to their sender.
    pub(crate) fn back(
        atlas: &'a Atlas<'n>,
        sender: Sender<'n>,
        source: Address,
        destination: IpAddr,
        arrival: &Arrival<'n>,
    ) -> Self {
        let mut walk = Self::new(atlas, Family::of(destination));
        walk.expected = Some(Expected {
            sender,
            source,
            destination: Address::Fixed(number(destination)),
        });
        let done = walk.leave_receiver(arrival);
        walk.finished(done, &arrival.packets.set)
    }

    /// A walk that met too many boxes knows nothing.
    fn finished(mut self, done: Step, set: &BoxSet) -> Self {
        if let Err(error) = done {
            self.arrivals.clear();
            self.departures.clear();
            self.answered = BoxSet::empty();
            self.doubts = vec![Doubtful {
                set: set.clone(),
                reason: error.to_string(),
            }];
        }
        self
    }

    fn leave_sender(&mut self, sender: Sender<'n>, packets: Carried<'n>) -> Step {
        match sender {
            Sender::Site(site) => self.leave_site(site, packets),
            Sender::Interface(id) => {
                let Some(interface) = self.atlas.network.interfaces.get(id) else {
                    return Ok(());
                };
                match &interface.place {
                    Place::Site(site) => self.leave_site(site, packets),
                    Place::Subnet(subnet) => {
                        let packets = self.group(id, Side::Egress, packets)?;
                        self.leave(subnet, packets)
                    }
                }
            }
        }
    }

    fn leave_receiver(&mut self, arrival: &Arrival<'n>) -> Step {
        let Some(interface) = self.atlas.network.interfaces.get(arrival.to) else {
            return Ok(());
        };
        let arrived = &arrival.packets;
        let answers = Carried {
            set: arrived.set.intersect(&answerable_set()?)?,
            source: arrived.destination,
            destination: arrived.source,
            answers: true,
            legs: Vec::new(),
            ..arrived.clone()
        };
        match &interface.place {
            Place::Site(site) => self.leave_site(site, answers),
            // The groups remember the packet, so its answer passes them.
            Place::Subnet(subnet) => self.leave(subnet, answers),
        }
    }

    fn doubt(&mut self, set: BoxSet, reason: impl Into<String>) -> Step {
        if !set.is_empty() {
            self.doubts.push(Doubtful {
                set,
                reason: reason.into(),
            });
        }
        Ok(())
    }

    /// What an interface's groups let through.
    fn group(
        &mut self,
        interface: &InterfaceId,
        side: Side,
        mut packets: Carried<'n>,
    ) -> Result<Carried<'n>, TooManyBoxes> {
        let passed = match self.atlas.groups(interface).map(|filters| filters.on(side)) {
            Some(Ok(filter)) => {
                for (unsure, reason) in &filter.unsure {
                    self.doubt(packets.matched(unsure)?, reason)?;
                }
                packets.matched(&filter.allowed)?
            }
            Some(Err(error)) => {
                self.doubt(
                    packets.set,
                    format!("the groups of {interface} make {error}"),
                )?;
                BoxSet::empty()
            }
            None => BoxSet::empty(),
        };
        packets.set = passed;
        Ok(packets)
    }

    /// What a subnet's ACL lets through.
    fn acl(
        &mut self,
        subnet: &'n SubnetId,
        side: Side,
        mut packets: Carried<'n>,
    ) -> Result<Carried<'n>, TooManyBoxes> {
        let network = self.atlas.network;
        let acl = network.subnets.get(subnet).map(|subnet| &subnet.acl);
        let Some((acl, filters)) = acl.and_then(|acl| Some((acl, self.atlas.acl(acl)?))) else {
            self.doubt(packets.set, format!("subnet {subnet} has no known ACL"))?;
            packets.set = BoxSet::empty();
            return Ok(packets);
        };
        let filter = match filters.on(side) {
            Ok(filter) => filter,
            Err(error) => {
                self.doubt(packets.set, format!("acl {acl} makes {error}"))?;
                packets.set = BoxSet::empty();
                return Ok(packets);
            }
        };
        let filtered = packets.filtered(filter)?;
        self.doubt(
            filtered.undecided,
            format!(
                "acl {acl} passes some of the ports that a NAT gateway may choose, and not others"
            ),
        )?;
        packets.set = filtered.passed;
        Ok(packets)
    }

    /// Packets that something in a subnet sends.
    fn leave(&mut self, from: &'n SubnetId, mut packets: Carried<'n>) -> Step {
        if packets.set.is_empty() {
            return Ok(());
        }
        let Some(subnet) = self.atlas.network.subnets.get(from) else {
            return self.doubt(packets.set, format!("subnet {from} is not known"));
        };
        let neighbours = AddressSet::of_prefixes(&subnet.cidrs);
        let within = packets.destined(self.family, &neighbours)?;
        if !within.is_empty() {
            self.hand_over(&subnet.vpc, Some(from), packets.only(within.clone()))?;
            packets.set = packets.set.subtract(&within)?;
        }
        if packets.set.is_empty() {
            return Ok(());
        }
        let Some(claims) = self.atlas.table(&subnet.route_table) else {
            let reason = format!("route table {} is not known", subnet.route_table);
            return self.doubt(packets.set, reason);
        };
        for (space, target) in claims {
            let taken = packets.destined(self.family, space)?;
            if !taken.is_empty() {
                self.follow(from, &subnet.vpc, target, packets.only(taken))?;
            }
        }
        Ok(())
    }

    /// Packets that leave a subnet by a route.
    fn follow(
        &mut self,
        from: &'n SubnetId,
        vpc: &'n VpcId,
        target: &'n RouteTarget,
        packets: Carried<'n>,
    ) -> Step {
        match target {
            RouteTarget::Local => {
                let packets = self.acl(from, Side::Egress, packets)?;
                self.hand_over(vpc, Some(from), packets)
            }
            RouteTarget::InternetGateway(gateway) => {
                let packets = self.acl(from, Side::Egress, packets)?;
                self.leave_vpc(vpc, gateway, packets)
            }
            RouteTarget::EgressOnlyGateway(gateway) => {
                let packets = self.acl(from, Side::Egress, packets)?;
                self.leave_by_egress_only(vpc, gateway, packets)
            }
            RouteTarget::NatGateway(nat) => self.hide(from, nat, packets),
            RouteTarget::TransitGateway(gateway) => self.enter_transit(from, vpc, gateway, packets),
            RouteTarget::Blackhole => Ok(()),
            RouteTarget::Peering(id) => {
                self.doubt(packets.set, format!("peering {id} is not modelled"))
            }
            RouteTarget::Unmodelled(what) => {
                self.doubt(packets.set, format!("{what} is not modelled"))
            }
        }
    }

    /// Packets to whatever has their destination in a VPC; `from` is the subnet that they come from, if any.
    fn hand_over(
        &mut self,
        vpc: &'n VpcId,
        from: Option<&'n SubnetId>,
        packets: Carried<'n>,
    ) -> Step {
        // Packets to many addresses are followed to sites alone: what a VPC is given goes no further.
        let holder = packets
            .destination_address(self.family)
            .and_then(|address| self.atlas.holder(vpc, address));
        let Some(holder) = holder else {
            return Ok(());
        };
        let packets = if from == Some(holder.subnet()) {
            packets
        } else {
            self.acl(holder.subnet(), Side::Ingress, packets)?
        };
        match holder {
            Holder::Interface(id, _) => {
                let packets = if packets.answers {
                    packets
                } else {
                    self.group(id, Side::Ingress, packets)?
                };
                self.arrive(id, packets)
            }
            Holder::Nat(id, nat) => self.reveal(id, &nat.subnet, packets),
        }
    }

    /// Packets that an interface receives.
    fn arrive(&mut self, to: &'n InterfaceId, packets: Carried<'n>) -> Step {
        if packets.answers {
            return self.found(Sender::Interface(to), &packets);
        }
        if !packets.set.is_empty() {
            self.arrivals.push(Arrival { to, packets });
        }
        Ok(())
    }

    /// Answers that somebody receives: they count when they are what the sender waits for.
    fn found(&mut self, by: Sender<'n>, answers: &Carried<'n>) -> Step {
        let awaited = self.expected.as_ref().is_some_and(|expected| {
            expected.sender == by
                && answers.source == expected.destination
                && answers.destination == expected.source
                && answers.hidden.is_empty()
        });
        if awaited {
            self.answered = self.answered.union(&answers.set)?;
        }
        Ok(())
    }
}

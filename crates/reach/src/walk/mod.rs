//! Carries sets of packets through a network: from a sender to the receivers, and from a receiver back to the sender.
//!
//! Forwarding looks at the destination alone, so packets to one address go one way, however many they are; only answers
//! to a whole site may part at a route table. Each step narrows the set of headers *as sent*, looking at them as they are
//! by then.

mod filters;
mod nat;
mod outside;
mod transit;
mod vpc;

use std::fmt;
use std::net::IpAddr;

use model::id::{InterfaceId, SiteId};
use model::network::Place;

use crate::atlas::Atlas;
use crate::boxes::{BoxSet, TooManyBoxes};
use crate::carried::{Address, Carried, answerable_set};
use crate::family::{Family, number};
use crate::filter::Side;
use filters::Way;

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
            Sender::Site(site) => {
                let packets = self.past_firewalls(site, packets)?;
                self.leave_site(site, packets)
            }
            Sender::Interface(id) => {
                let Some(interface) = self.atlas.network.interfaces.get(id) else {
                    return Ok(());
                };
                match &interface.place {
                    Place::Site(site) => {
                        let packets = self.group(id, Side::Egress, Way::Other, packets)?;
                        self.leave_site(site, packets)
                    }
                    Place::Subnet(subnet) => {
                        let way = Way::Out(subnet);
                        let packets = self.group(id, Side::Egress, way, packets)?;
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

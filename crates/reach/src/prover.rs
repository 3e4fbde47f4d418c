//! The prover: one network, and what was worked out about it so far.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use model::Network;
use model::id::InterfaceId;
use model::network::{Interface, Place};

use crate::addresses::AddressSet;
use crate::atlas::{Atlas, targets};
use crate::boxes::{BoxSet, TooManyBoxes};
use crate::carried::Address;
use crate::delivery::Delivery;
use crate::family::{Family, number};
use crate::filter::between;
use crate::interval::Interval;
use crate::problems;
use crate::walk::{Arrival, Doubtful, Sender, Walk};

/// Packets of any kind from a sender to an address, and what becomes of them.
#[derive(Debug)]
pub(crate) struct Flow<'n> {
    pub(crate) sender: Sender<'n>,
    /// The sender's address, where it is one.
    source: Address,
    pub(crate) destination: IpAddr,
    /// Everything that the sender can send to the address.
    pub(crate) sent: BoxSet,
    arrivals: Vec<Arrival<'n>>,
    pub(crate) doubts: Vec<Doubtful>,
}

impl<'n> Flow<'n> {
    /// What arrives at an interface, as it was sent.
    pub(crate) fn delivered(&self, to: &InterfaceId) -> Result<BoxSet, TooManyBoxes> {
        let mut delivered = BoxSet::empty();
        for arrival in self.arrivals_at(to) {
            delivered = delivered.union(&arrival.packets.set)?;
        }
        Ok(delivered)
    }

    fn arrivals_at(&self, to: &InterfaceId) -> impl Iterator<Item = &Arrival<'n>> {
        self.arrivals.iter().filter(move |arrival| arrival.to == to)
    }
}

/// The answers of what arrives at an interface.
#[derive(Debug)]
pub(crate) struct Answers {
    /// Packets whose answers come back.
    pub(crate) answered: BoxSet,
    pub(crate) doubts: Vec<Doubtful>,
}

/// A sender, one of its addresses unless it is a site, and the address that it sends to.
type FlowKey<'n> = (Sender<'n>, Option<IpAddr>, IpAddr);

/// Proves intents on one network, and keeps what several of them need.
pub struct Prover<'n> {
    pub(crate) network: &'n Network,
    pub(crate) atlas: Atlas<'n>,
    problems: Vec<String>,
    flows: RefCell<BTreeMap<FlowKey<'n>, Arc<Flow<'n>>>>,
    answers: RefCell<BTreeMap<(FlowKey<'n>, &'n InterfaceId), Arc<Answers>>>,
}

impl<'n> Prover<'n> {
    /// Reads a network.
    pub fn new(network: &'n Network) -> Self {
        Self {
            network,
            atlas: Atlas::new(network),
            problems: problems::problems(network),
            flows: RefCell::default(),
            answers: RefCell::default(),
        }
    }

    /// The network's faults: references to what is not there, and what the model's semantics leave open. While there is
    /// any, no intent holds.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// What one interface can send to another: one for each pair of a sender's and a receiver's address of one family,
    /// the receiver's public address included. None for interfaces that are not there, and none between interfaces of one
    /// host: what it sends to itself is no matter of the network.
    pub fn delivery(&self, from: &InterfaceId, to: &InterfaceId) -> Vec<Delivery> {
        let interfaces = &self.network.interfaces;
        let (Some((from, sender)), Some((to, _))) =
            (interfaces.get_key_value(from), interfaces.get_key_value(to))
        else {
            return Vec::new();
        };
        if self
            .network
            .interfaces
            .get(to)
            .is_some_and(|receiver| receiver.host == sender.host)
        {
            return Vec::new();
        }
        let mut deliveries = Vec::new();
        for source in &sender.addresses {
            for flow in self.flows_from(from, *source, to) {
                let answers = self.answers(&flow, to);
                deliveries.push(Delivery::new(from, to, *source, &flow, &answers));
            }
        }
        deliveries
    }

    /// The flows from a sender to each address of an interface.
    pub(crate) fn flows(&self, sender: Sender<'n>, to: &'n InterfaceId) -> Vec<Arc<Flow<'n>>> {
        match sender {
            Sender::Interface(id) => {
                let interface = self.network.interfaces.get(id);
                let sources = interface.map(|interface| interface.addresses.as_slice());
                sources
                    .unwrap_or_default()
                    .iter()
                    .flat_map(|source| self.flows_from(id, *source, to))
                    .collect()
            }
            Sender::Site(_) => Family::BOTH
                .into_iter()
                .flat_map(|family| self.addresses_of(to, family))
                .map(|destination| self.flow((sender, None, destination)))
                .collect(),
        }
    }

    fn flows_from(
        &self,
        from: &'n InterfaceId,
        source: IpAddr,
        to: &'n InterfaceId,
    ) -> Vec<Arc<Flow<'n>>> {
        if from == to {
            return Vec::new();
        }
        self.addresses_of(to, Family::of(source))
            .into_iter()
            .map(|destination| self.flow((Sender::Interface(from), Some(source), destination)))
            .collect()
    }

    fn addresses_of(&self, interface: &InterfaceId, family: Family) -> Vec<IpAddr> {
        let interface = self.network.interfaces.get(interface);
        interface.map_or_else(Vec::new, |interface| targets(interface, family))
    }

    /// One flow.
    pub(crate) fn flow(&self, key: FlowKey<'n>) -> Arc<Flow<'n>> {
        if let Some(known) = self.flows.borrow().get(&key) {
            return Arc::clone(known);
        }
        let flow = Arc::new(self.carry(key));
        self.flows.borrow_mut().insert(key, Arc::clone(&flow));
        flow
    }

    fn carry(&self, (sender, source, destination): FlowKey<'n>) -> Flow<'n> {
        let family = Family::of(destination);
        let mut sources = match (sender, source) {
            (Sender::Site(site), _) => self.atlas.space(site).clone(),
            (Sender::Interface(_), Some(source)) => {
                AddressSet::from(Family::of(source), Interval::one(number(source)))
            }
            (Sender::Interface(_), None) => AddressSet::none(),
        };
        // Nobody sends to himself over a network.
        sources.remove(family, Interval::one(number(destination)));
        let mut sent = BoxSet::empty();
        let mut too_many = None;
        for span in sources.of(family) {
            if let Err(error) = sent.push_disjoint(between(family, span, destination)) {
                too_many = Some(error);
            }
        }
        let source = source.map_or(Address::Sender, |source| Address::Fixed(number(source)));
        let walk = Walk::forward(&self.atlas, sender, &sent, source, destination);
        let mut doubts = walk.doubts;
        if let Some(error) = too_many {
            let set = BoxSet::from(between(family, family.space(), destination));
            let reason = error.to_string();
            doubts.push(Doubtful { set, reason });
        }
        Flow {
            sender,
            source,
            destination,
            sent,
            arrivals: walk.arrivals,
            doubts,
        }
    }

    /// The answers of what a flow brings to an interface.
    pub(crate) fn answers(&self, flow: &Flow<'n>, to: &'n InterfaceId) -> Arc<Answers> {
        let family = Family::of(flow.destination);
        let source = match flow.source {
            Address::Fixed(source) => Some(family.address(source)),
            Address::Sender | Address::Receiver => None,
        };
        let key = ((flow.sender, source, flow.destination), to);
        if let Some(known) = self.answers.borrow().get(&key) {
            return Arc::clone(known);
        }
        let mut answers = Answers {
            answered: BoxSet::empty(),
            doubts: Vec::new(),
        };
        for arrival in flow.arrivals_at(to) {
            let (sender, source) = (flow.sender, flow.source);
            let back = Walk::back(&self.atlas, sender, source, flow.destination, arrival);
            answers.doubts.extend(back.doubts);
            match answers.answered.union(&back.answered) {
                Ok(answered) => answers.answered = answered,
                Err(error) => answers.doubts.push(Doubtful {
                    set: arrival.packets.set.clone(),
                    reason: error.to_string(),
                }),
            }
        }
        let answers = Arc::new(answers);
        self.answers.borrow_mut().insert(key, Arc::clone(&answers));
        answers
    }

    /// Everybody who can send: the sites, the Internet first, then the interfaces in subnets. Interfaces at sites are
    /// among their site's addresses.
    pub(crate) fn everybody(&self) -> Vec<Sender<'n>> {
        let mut sites: Vec<_> = self.network.sites.iter().collect();
        sites.sort_by_key(|(id, site)| (site.kind, *id));
        let sites = sites.into_iter().map(|(id, _)| Sender::Site(id));
        let interfaces = self.network.interfaces.iter();
        let inside = interfaces
            .filter(|(_, interface)| matches!(interface.place, Place::Subnet(_)))
            .map(|(id, _)| Sender::Interface(id));
        sites.chain(inside).collect()
    }

    /// An interface by its identifier.
    pub(crate) fn interface(&self, id: &InterfaceId) -> Option<(&'n InterfaceId, &'n Interface)> {
        self.network.interfaces.get_key_value(id)
    }
}

/// What one interface can send to another, by [`Prover::delivery`].
pub fn delivery(network: &Network, from: &InterfaceId, to: &InterfaceId) -> Vec<Delivery> {
    Prover::new(network).delivery(from, to)
}

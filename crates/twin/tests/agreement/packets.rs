//! Random packets between the interfaces of a network, and what the tracer and the prover say of each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::packet::Transport;
use model::{InterfaceId, Network, Packet};
use probe::packets::Shot;
use reach::{Endpoint, Journey, Outcome, Predicted, Prover, predicted, trace};

use crate::choices::Choices;

/// Packets that each interface sends.
const PER_SENDER: usize = 30;

/// Source ports: answers go to them, so that stateless filters divide them. None is among [`SERVICES`]: a packet is
/// never one that a stateful filter takes for another's answer.
const SOURCES: [u16; 6] = [900, 1024, 40000, 40000, 65000, 65001];

/// Destination ports, at which some rule's decision changes.
const SERVICES: [u16; 11] = [21, 22, 23, 53, 54, 443, 444, 1023, 1025, 30000, 65535];

/// ICMP messages by type, with code 0: most are echo requests, which somebody answers.
const ICMP: [u8; 5] = [8, 8, 8, 0, 13];
const ICMPV6: [u8; 5] = [128, 128, 128, 129, 1];

/// Addresses that nobody has.
const NOBODY: [&str; 6] = [
    "10.1.0.99",
    "192.168.7.7",
    "198.18.1.199",
    "198.51.100.77",
    "2001:db8:1::99",
    "2001:db8:9::1",
];

/// Somebody sends a packet to one of somebody's addresses, or to nobody's.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) from: InterfaceId,
    pub(crate) to: Option<InterfaceId>,
    pub(crate) packet: Packet,
}

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Who receives it.
    pub(crate) at: Option<InterfaceId>,
    /// Whether its answer comes back; none where nothing answers it, or nobody knows.
    pub(crate) answered: Option<bool>,
}

/// Everything that a network is asked, each with the identifier by which its packet is known again.
pub(crate) fn questions(network: &Network, choices: &mut Choices) -> BTreeMap<u32, Question> {
    let everybody: Vec<&InterfaceId> = network.interfaces.keys().collect();
    let mut seen = BTreeSet::new();
    let mut questions = Vec::new();
    for from in &everybody {
        for _ in 0..PER_SENDER {
            let question = question(network, from, &everybody, choices);
            // Two packets with the same headers could not be told apart.
            questions.extend(question.filter(|question| seen.insert(question.packet)));
        }
    }
    // Both halves differ from packet to packet: an echo's identifier is one, its sequence number the other, and stateful
    // filters know an echo by the former.
    (1_u32..)
        .map(|number| number << 16 | number)
        .zip(questions)
        .collect()
}

fn question(
    network: &Network,
    from: &InterfaceId,
    everybody: &[&InterfaceId],
    choices: &mut Choices,
) -> Option<Question> {
    let source = choices.one(&network.interfaces[from].addresses);
    let (to, targets) = if choices.chance(1) {
        (None, unowned(network))
    } else {
        let to = choices.one(everybody);
        let interface = &network.interfaces[to];
        let public = interface.public.map(IpAddr::V4);
        let own = interface.addresses.iter().copied();
        (Some(to.clone()), own.chain(public).collect())
    };
    let fitting: Vec<IpAddr> = targets
        .into_iter()
        .filter(|target| target.is_ipv4() == source.is_ipv4())
        .collect();
    // What a host sends to itself is no matter of the network.
    let host = |id: &InterfaceId| &network.interfaces[id].host;
    let to_itself = to.as_ref().is_some_and(|to| host(to) == host(from));
    if to_itself || fitting.is_empty() {
        return None;
    }
    Some(Question {
        from: from.clone(),
        to,
        packet: Packet {
            source,
            destination: choices.one(&fitting),
            transport: transport(source.is_ipv4(), choices),
        },
    })
}

/// NAT gateways' addresses, which receive nothing that they did not ask for, and addresses that nobody has.
fn unowned(network: &Network) -> Vec<IpAddr> {
    let nats = network.nat_gateways.values();
    nats.flat_map(|nat| [Some(nat.address), nat.public])
        .flatten()
        .map(IpAddr::V4)
        .chain(NOBODY.iter().filter_map(|address| address.parse().ok()))
        .collect()
}

fn transport(v4: bool, choices: &mut Choices) -> Transport {
    let (source, destination) = (choices.one(&SOURCES), choices.one(&SERVICES));
    match choices.below(5) {
        0 | 1 => Transport::Tcp {
            source,
            destination,
        },
        2 | 3 => Transport::Udp {
            source,
            destination,
        },
        _ if v4 => Transport::Icmp {
            kind: choices.one(&ICMP),
            code: 0,
        },
        _ => Transport::Icmpv6 {
            kind: choices.one(&ICMPV6),
            code: 0,
        },
    }
}

/// The shots of each sender.
pub(crate) fn shots(questions: &BTreeMap<u32, Question>) -> BTreeMap<InterfaceId, Vec<Shot>> {
    let mut shots: BTreeMap<InterfaceId, Vec<Shot>> = BTreeMap::new();
    for (id, question) in questions {
        let (id, packet) = (*id, question.packet);
        let of_sender = shots.entry(question.from.clone()).or_default();
        of_sender.push(Shot { id, packet });
    }
    shots
}

/// Follows a packet.
pub(crate) fn traced(network: &Network, question: &Question) -> Journey {
    let from = Endpoint::Interface(question.from.clone());
    trace(network, &from, &question.packet)
}

/// What a journey says of its packet; none when that is unknown.
pub(crate) fn of_journey(journey: &Journey) -> Option<Fate> {
    let at = match &journey.forward.outcome {
        Outcome::Unknown(_) => return None,
        Outcome::Lost => None,
        Outcome::Delivered { to, .. } => match to {
            Endpoint::Interface(id) => Some(id.clone()),
            Endpoint::Site(_) => return None,
        },
    };
    let answered = match journey.reply.as_ref().map(|reply| &reply.outcome) {
        None | Some(Outcome::Unknown(_)) => None,
        Some(Outcome::Lost) => Some(false),
        Some(Outcome::Delivered { .. }) => Some(true),
    };
    Some(Fate { at, answered })
}

/// What the prover's sets say of a packet to somebody; none when that is unknown.
pub(crate) fn proved(prover: &Prover<'_>, question: &Question, to: &InterfaceId) -> Option<Fate> {
    let deliveries = prover.delivery(&question.from, to);
    let says = deliveries
        .iter()
        .find_map(|delivery| predicted(delivery, &question.packet))?;
    let Predicted {
        delivered,
        answered,
    } = says;
    Some(Fate {
        at: delivered.then(|| to.clone()),
        answered: answered.filter(|_| delivered),
    })
}

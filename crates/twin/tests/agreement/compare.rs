//! Holds what was said of packets against what was seen of them, and counts.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use model::packet::{PortRange, Transport};
use model::{InterfaceId, Network, Packet};
use probe::packets::FireError;
use reach::{Journey, Outcome, Prover};
use twin::stand::{self, StandError};

use crate::choices::Choices;
use crate::network::network;
use crate::packets::{self, Fate, Question};
use crate::standing::{self, Seen};

/// Disagreements of one network that are written down: thousands have one cause.
const SHOWN: usize = 5;

/// How often packets are sent again when the machine, busy with others, dropped some for want of room.
const ATTEMPTS: usize = 3;

/// What all networks came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    networks: usize,
    /// Networks that the twin does not lay out, by its reason.
    refused: BTreeMap<String, usize>,
    /// Networks with faults that the prover names, by the first.
    faulty: BTreeMap<String, usize>,
    lost: usize,
    delivered: usize,
    answered: usize,
    /// Packets delivered by a peering.
    by_peering: usize,
    /// Packets of which nothing is said, and so nothing compared.
    unknown: usize,
    /// Delivered packets of whose answers nothing is said, though there might be one.
    unknown_answers: usize,
    disagreements: usize,
    /// Networks whose packets could not be accounted for, by their seeds.
    unaccounted: Vec<u64>,
}

impl Tally {
    /// Whether everything agreed, and there was enough to agree on.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        if self.disagreements > 0 {
            return Err(format!("{} disagreements", self.disagreements));
        }
        if !self.unaccounted.is_empty() {
            return Err(format!(
                "packets were not accounted for with seeds {:?}",
                self.unaccounted
            ));
        }
        let refused: usize = self.refused.values().chain(self.faulty.values()).sum();
        if refused * 4 > self.networks {
            return Err("more than a quarter of the networks could not be compared".to_owned());
        }
        // One network may well be one in which nothing arrives.
        let ends = [self.lost, self.delivered, self.answered, self.by_peering];
        if self.networks >= 10 && ends.contains(&0) {
            return Err("the networks do not see every way and end of a packet".to_owned());
        }
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} networks: {} packets lost, {} delivered, {} of them by peerings, {} answered; {} disagreements",
            self.networks,
            self.lost,
            self.delivered,
            self.by_peering,
            self.answered,
            self.disagreements
        )?;
        write!(
            f,
            "unknown and not compared: {} packets and {} answers",
            self.unknown, self.unknown_answers
        )?;
        for (reasons, what) in [(&self.refused, "not stood up"), (&self.faulty, "faulty")] {
            for (reason, count) in reasons {
                write!(f, "\n{count} networks {what}: {reason}")?;
            }
        }
        Ok(())
    }
}

/// Makes the network of a seed, stands it up, and compares.
pub(crate) fn one(seed: u64, tally: &mut Tally) {
    tally.networks += 1;
    let mut choices = Choices::of(seed);
    let network = network(&mut choices);
    let prover = Prover::new(&network);
    if let Some(problem) = prover.problems().first() {
        *tally.faulty.entry(problem.clone()).or_default() += 1;
        return;
    }
    let questions = packets::questions(&network, &mut choices);
    let seen = match see(&network, &questions) {
        Ok(seen) => seen,
        Err(NotSeen::Refused(why)) => {
            *tally.refused.entry(why).or_default() += 1;
            return;
        }
        Err(NotSeen::Unaccounted(why)) => {
            println!("seed {seed}: {why}\nnetwork: {}", json(&network));
            tally.unaccounted.push(seed);
            return;
        }
    };
    let mut differences = Vec::new();
    for (id, question) in &questions {
        let comparison = Comparison::new(&prover, &network, question, &seen, *id);
        match comparison.difference() {
            None => comparison.count(tally),
            Some(what) => differences.push(format!("{what}: {comparison}")),
        }
    }
    tally.disagreements += differences.len();
    if !differences.is_empty() {
        println!("seed {seed}: network: {}", json(&network));
    }
    for difference in differences.iter().take(SHOWN) {
        println!("seed {seed}: {difference}");
    }
}

fn json(network: &Network) -> String {
    serde_json::to_string(network).unwrap_or_else(|error| error.to_string())
}

/// Why nothing was seen.
enum NotSeen {
    /// The twin does not lay it out.
    Refused(String),
    /// It does not stand as laid out, or some packet could be anywhere.
    Unaccounted(String),
}

fn see(network: &Network, questions: &BTreeMap<u32, Question>) -> Result<Seen, NotSeen> {
    let standing = stand::up(network).map_err(|error| match error {
        StandError::Layout(why) => NotSeen::Refused(why.to_string()),
        other => NotSeen::Unaccounted(chain(&other)),
    })?;
    let shots = packets::shots(questions);
    let mut why = String::new();
    for _ in 0..ATTEMPTS {
        match standing::play(network, &standing, &shots) {
            Ok(seen) => return Ok(seen),
            Err(error) => {
                why = chain(&*error);
                if !matches!(error.downcast_ref(), Some(FireError::Backlog(_))) {
                    break;
                }
            }
        }
    }
    Err(NotSeen::Unaccounted(why))
}

/// An error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// One packet: what is said of it, and what was seen.
struct Comparison<'a> {
    question: &'a Question,
    journey: Journey,
    traced: Option<Fate>,
    /// Nothing where the packet is to nobody: the prover is asked of pairs of interfaces.
    proved: Option<Option<Fate>>,
    arrival: Option<&'a (InterfaceId, Packet)>,
    found: Fate,
}

impl<'a> Comparison<'a> {
    fn new(
        prover: &Prover<'_>,
        network: &Network,
        question: &'a Question,
        seen: &'a Seen,
        id: u32,
    ) -> Self {
        let journey = packets::traced(network, question);
        let arrival = seen.arrived.get(&id);
        Self {
            question,
            traced: packets::of_journey(&journey),
            journey,
            proved: question
                .to
                .as_ref()
                .map(|to| packets::proved(prover, question, to)),
            arrival,
            found: Fate {
                at: arrival.map(|(at, _)| at.clone()),
                answered: arrival.map(|_| seen.answered.contains(&id)),
            },
        }
    }

    /// Who differs from whom, if anybody does.
    fn difference(&self) -> Option<&'static str> {
        if self
            .proved
            .as_ref()
            .is_some_and(|proved| *proved != self.traced)
        {
            return Some("the prover and the tracer differ");
        }
        let said = self.traced.as_ref()?;
        if said.at != self.found.at {
            return Some("the packet and the tracer differ");
        }
        if said.answered.is_some() && said.answered != self.found.answered {
            return Some("the answer and the tracer differ");
        }
        let Outcome::Delivered { packet: said, .. } = &self.journey.forward.outcome else {
            return None;
        };
        let (_, arrived) = self.arrival?;
        let hidden = said.source != self.question.packet.source && may_be_hidden(said, arrived);
        (arrived != said && !hidden).then_some("the packet arrived as another than the tracer says")
    }

    fn count(&self, tally: &mut Tally) {
        let Some(said) = &self.traced else {
            tally.unknown += 1;
            return;
        };
        tally.lost += usize::from(said.at.is_none());
        tally.delivered += usize::from(said.at.is_some());
        let mut hops = self.journey.forward.hops.iter();
        let by_peering = said.at.is_some() && hops.any(|hop| hop.at.starts_with("peering "));
        tally.by_peering += usize::from(by_peering);
        tally.answered += usize::from(said.answered == Some(true));
        let reply = self.journey.reply.as_ref().map(|reply| &reply.outcome);
        tally.unknown_answers += usize::from(matches!(reply, Some(Outcome::Unknown(_))));
    }
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Question { from, to, packet } = self.question;
        writeln!(f, "{packet} from {from} to {to:?}")?;
        writeln!(f, "  packet: {:?}, {:?}", self.found, self.arrival)?;
        writeln!(f, "  prover: {:?}", self.proved)?;
        write!(f, "  tracer: {:?}", self.traced)?;
        for hop in self.journey.hops() {
            let mark = if hop.passed { "" } else { "LOST " };
            write!(f, "\n    {mark}{}: {}", hop.at, hop.decision)?;
        }
        Ok(())
    }
}

/// Whether packets are the same but for the source port, and that is one of a NAT gateway's.
fn may_be_hidden(said: &Packet, arrived: &Packet) -> bool {
    let mut alike = *said;
    match (&mut alike.transport, arrived.transport) {
        (Transport::Tcp { source: said, .. }, Transport::Tcp { source, .. })
        | (Transport::Udp { source: said, .. }, Transport::Udp { source, .. })
            if PortRange::EPHEMERAL.contains(source) =>
        {
            *said = source;
        }
        _ => {}
    }
    alike == *arrived
}

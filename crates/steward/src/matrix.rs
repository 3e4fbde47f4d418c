//! The packet matrix: what the prover says of every pair of interfaces, held against what real packets do.
//!
//! One flight for each sending interface: its packets to everybody, accounted for at both ends and closed by sentinels.
//! Between flights connection tracking is emptied, so that no packet of one lets a packet of the next through.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use handover::{Disagreement, MatrixCount};
use jiff::Timestamp;
use model::packet::Transport;
use model::{
    ClaimId, Digest, Evidence, HostId, InterfaceId, Network, Packet, Peer, Setting, Traffic,
    Verdict,
};
use probe::packets::{Caught, Fired, Shot};
use reach::{Delivery, Endpoint, Prover, Sample};
use twin::Twin;

use crate::asking::{broken, request};
use crate::message::{Reply, Request};

/// What asks, by name and version.
const SOURCE: &str = concat!("matrix ", env!("CARGO_PKG_VERSION"));

/// After so many flights of which nothing can be said the rest is not begun: a router or the twin itself is gone, and
/// each flight would wait for it in vain.
const BLIND: usize = 3;

/// The source port where only the destination matters.
const EPHEMERAL: u16 = 49152;

/// The most disagreements that are written down; one fails the run, and thousands have one cause.
const SHOWN: usize = 200;

/// What no comparison covers.
const LEFT_OUT: [&str; 4] = [
    "IP protocol 253: the sentinel's own",
    "ICMPv6 neighbour discovery and multicast housekeeping: the link's own, which AWS does not filter either",
    "protocols other than TCP, UDP and ICMP: proved where an intent speaks of all traffic, not sent",
    "addresses at which no interface of the design stands, and packets of an interface to itself: proved, not sent",
];

/// One packet to be compared.
struct Comparison {
    to: InterfaceId,
    sample: Sample,
}

/// A flight: everything that one interface sends.
struct Flight {
    from: InterfaceId,
    sender: HostId,
    shots: Vec<Shot>,
    comparisons: BTreeMap<u32, Comparison>,
}

/// What a flight came to.
#[derive(Default)]
struct Landed {
    fired: Fired,
    /// Identifier → hosts at which it arrived.
    arrived: BTreeMap<u32, BTreeSet<HostId>>,
    answered: BTreeSet<u32>,
    /// Answers that came back with addresses that do not undo the packet's: no socket would take them.
    mistranslated: BTreeMap<u32, Packet>,
    sentinels: u64,
}

/// Why a flight says nothing.
struct Unaccounted(String);

/// Compares prover and packets. `step` hears of each flight.
pub(crate) fn compare(twin: &Twin, network: &Network, step: &dyn Fn(usize, usize)) -> MatrixCount {
    let prover = Prover::new(network);
    let mut count = MatrixCount {
        left_out: LEFT_OUT.map(str::to_owned).to_vec(),
        ..MatrixCount::default()
    };
    let hosts: BTreeSet<&HostId> = network
        .interfaces
        .values()
        .map(|interface| &interface.host)
        .collect();
    for (host, watched) in each(hosts.iter().copied(), |host| {
        request(twin, host, &Request::Watch)
    }) {
        if let Err(why) = watched {
            count
                .unaccounted
                .push(format!("{host} sees no packets: {why}"));
        }
    }
    if !count.unaccounted.is_empty() {
        return count;
    }
    let named = named_ports(network);
    let mut next = 1;
    let total = network.interfaces.len();
    for (done, from) in network.interfaces.keys().enumerate() {
        if count.unaccounted.len() >= BLIND {
            count
                .unaccounted
                .push(format!("{} further flights were not begun", total - done));
            break;
        }
        let flight = plan(&prover, network, &named, from, &mut next, &mut count);
        let flown =
            broken(twin).map_or_else(|| fly(twin, &hosts, &flight), |why| Err(Unaccounted(why)));
        match flown {
            Ok(landed) => tally(network, &flight, &landed, &mut count),
            Err(Unaccounted(why)) => count.unaccounted.push(format!("packets of {from}: {why}")),
        }
        step(done + 1, total);
    }
    count
}

/// The evidence that answers the matrix' claim.
pub(crate) fn evidence(claim: &ClaimId, count: &MatrixCount, blueprint: &Digest) -> Evidence {
    let verdict = count.verdict();
    let mut detail = format!(
        "{} packets between {} pairs of interfaces: {} comparisons agree, {} disagree, {} sets of headers without an opinion",
        count.sent, count.pairs, count.agree, count.disagree, count.unknown
    );
    if let Some(first) = count.disagreements.first() {
        detail.push_str(&format!(
            "; first: {} from {} to {}: the prover says {}, the packets say {}",
            first.packet, first.from, first.to, first.proved, first.seen
        ));
    }
    if let Some(first) = count.unaccounted.first() {
        detail.push_str(&format!(
            "; {} flights could not be accounted for, first: {first}",
            count.unaccounted.len()
        ));
    }
    Evidence {
        claim: claim.clone(),
        verdict,
        blueprint: blueprint.clone(),
        vantage: "every interface".to_owned(),
        setting: Setting::Rehearsed,
        peer: Peer::None,
        source: SOURCE.to_owned(),
        at: Timestamp::now(),
        expires: None,
        detail,
        remedy: (verdict == Verdict::Fails)
            .then(|| "prover and twin differ: one of them is wrong about AWS; report it with this run's folder".to_owned()),
        witness: None,
    }
}

/// Every port that a rule of the network names, at its ends. A box's corners test what is open; these are asked between
/// every two interfaces, so that what is closed is tested where somebody might have opened it.
fn named_ports(network: &Network) -> BTreeSet<Transport> {
    let rules = network
        .groups
        .values()
        .flat_map(|group| group.ingress.iter().chain(&group.egress));
    let entries = network
        .acls
        .values()
        .flat_map(|acl| acl.ingress.iter().chain(&acl.egress));
    let named = rules
        .map(|rule| rule.traffic)
        .chain(entries.map(|entry| entry.traffic));
    let source = EPHEMERAL;
    named
        .flat_map(|traffic| match traffic {
            Traffic::Tcp(ports) => [ports.first, ports.last].map(|destination| {
                Some(Transport::Tcp {
                    source,
                    destination,
                })
            }),
            Traffic::Udp(ports) => [ports.first, ports.last].map(|destination| {
                Some(Transport::Udp {
                    source,
                    destination,
                })
            }),
            _ => [None, None],
        })
        .flatten()
        .collect()
}

/// What is to be sent to test a delivery, each packet once.
fn samples(delivery: &Delivery, named: &BTreeSet<Transport>) -> BTreeSet<Sample> {
    let mut samples: BTreeSet<Sample> = reach::samples(delivery).into_iter().collect();
    samples.extend(named.iter().filter_map(|transport| {
        let packet = Packet {
            source: delivery.source,
            destination: delivery.destination,
            transport: *transport,
        };
        let predicted = reach::predicted(delivery, &packet)?;
        Some(Sample {
            packet,
            delivered: predicted.delivered,
            answered: predicted.answered,
        })
    }));
    samples
}

/// Everything that one interface is to send.
fn plan(
    prover: &Prover<'_>,
    network: &Network,
    named: &BTreeSet<Transport>,
    from: &InterfaceId,
    next: &mut u32,
    count: &mut MatrixCount,
) -> Flight {
    let sender = network.interfaces.get(from).map_or_else(
        || HostId::new(from.as_str()),
        |interface| interface.host.clone(),
    );
    let mut flight = Flight {
        from: from.clone(),
        sender,
        shots: Vec::new(),
        comparisons: BTreeMap::new(),
    };
    for to in network.interfaces.keys().filter(|to| *to != from) {
        count.pairs += 1;
        for delivery in prover.delivery(from, to) {
            count.unknown += (delivery.unknown.len() + delivery.unknown_answers.len()) as u64;
            for sample in samples(&delivery, named) {
                flight.shots.push(Shot {
                    id: *next,
                    packet: sample.packet,
                });
                flight.comparisons.insert(
                    *next,
                    Comparison {
                        to: to.clone(),
                        sample,
                    },
                );
                *next += 1;
            }
        }
    }
    flight
}

/// Sends a flight and accounts for every packet of it.
fn fly(twin: &Twin, hosts: &BTreeSet<&HostId>, flight: &Flight) -> Result<Landed, Unaccounted> {
    let failed = |what: &str, why: String| Unaccounted(format!("{what}: {why}"));
    twin.flush_connections()
        .map_err(|error| failed("empty connection tracking", crate::host::chain(&error)))?;
    let fired = match request(twin, &flight.sender, &Request::Fire(flight.shots.clone())) {
        Ok(Reply::Fired(fired)) => fired,
        Ok(_) => return Err(failed("send", "replied to another request".to_owned())),
        Err(why) => return Err(failed("send", why)),
    };
    let mut landed = Landed {
        sentinels: u64::from(fired.rounds),
        fired,
        ..Landed::default()
    };
    let others = hosts.iter().copied().filter(|host| **host != flight.sender);
    for (host, drained) in each(others, |host| receive(twin, host)) {
        let (caught, sentinels) = drained.map_err(|why| failed(host.as_str(), why))?;
        landed.sentinels += sentinels;
        for id in caught.arrived.into_keys() {
            landed.arrived.entry(id).or_default().insert(host.clone());
        }
    }
    match request(twin, &flight.sender, &Request::Drain) {
        Ok(Reply::Caught(caught)) => {
            landed.answered = caught.answered;
            landed.mistranslated = caught.astray;
        }
        Ok(_) => {
            return Err(failed(
                "see the answers",
                "replied to another request".to_owned(),
            ));
        }
        Err(why) => return Err(failed("see the answers", why)),
    }
    Ok(landed)
}

/// What arrived at a host; datagrams among it are answered.
fn receive(twin: &Twin, host: &HostId) -> Result<(Caught, u64), String> {
    let Reply::Caught(caught) = request(twin, host, &Request::Drain)? else {
        return Err("replied to another request".to_owned());
    };
    let datagrams: BTreeMap<u32, Packet> = caught
        .arrived
        .iter()
        .filter(|(_, packet)| matches!(packet.transport, Transport::Udp { .. }))
        .map(|(id, packet)| (*id, *packet))
        .collect();
    if datagrams.is_empty() {
        return Ok((caught, 0));
    }
    match request(twin, host, &Request::AnswerDatagrams(datagrams))? {
        Reply::Fired(fired) => Ok((caught, u64::from(fired.rounds))),
        _ => Err("replied to another request".to_owned()),
    }
}

/// Does something at many hosts side by side.
fn each<'h, T: Send>(
    hosts: impl Iterator<Item = &'h HostId>,
    work: impl Fn(&HostId) -> T + Sync,
) -> Vec<(&'h HostId, T)> {
    let work = &work;
    thread::scope(|scope| {
        let running: Vec<_> = hosts
            .map(|host| (host, scope.spawn(move || work(host))))
            .collect();
        running
            .into_iter()
            .map(|(host, handle)| match handle.join() {
                Ok(done) => (host, done),
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

fn tally(network: &Network, flight: &Flight, landed: &Landed, count: &mut MatrixCount) {
    count.sentinels += landed.sentinels;
    for (id, comparison) in &flight.comparisons {
        count.sent += 1;
        let wanted = network
            .interfaces
            .get(&comparison.to)
            .map(|interface| &interface.host);
        let nowhere = BTreeSet::new();
        let at = landed.arrived.get(id).unwrap_or(&nowhere);
        let arrived = wanted.is_some_and(|host| at.contains(host));
        let astray: Vec<_> = at
            .iter()
            .filter(|host| Some(*host) != wanted)
            .map(ToString::to_string)
            .collect();
        let answered = landed.answered.contains(id);
        count.arrived += u64::from(arrived);
        count.lost += u64::from(at.is_empty());
        count.answered += u64::from(answered);
        let sample = &comparison.sample;
        let mut differ = |proved: String, seen: String| {
            count.disagree += 1;
            if count.disagreements.len() < SHOWN {
                count
                    .disagreements
                    .push(disagreement(network, flight, comparison, proved, seen));
            }
        };
        if !astray.is_empty() {
            differ(
                "nothing of other receivers".to_owned(),
                format!("it arrived at {}", astray.join(", ")),
            );
        } else if arrived == sample.delivered {
            count.agree += 1;
        } else {
            let stopped = landed
                .fired
                .stopped
                .get(id)
                .map(|why| format!("lost at the sender: {why}"));
            let seen = if arrived {
                "it arrived".to_owned()
            } else {
                stopped.unwrap_or_else(|| "it was lost".to_owned())
            };
            differ(
                if sample.delivered {
                    "it arrives"
                } else {
                    "it is lost"
                }
                .to_owned(),
                seen,
            );
            continue;
        }
        if let Some(answer) = landed.mistranslated.get(id) {
            let proved = "an answer comes from whom the packet went to".to_owned();
            differ(proved, format!("it came as {answer}"));
            continue;
        }
        match sample.answered {
            Some(expected) if expected == answered => count.agree += 1,
            Some(expected) => differ(
                if expected {
                    "its answer comes back"
                } else {
                    "its answer is lost"
                }
                .to_owned(),
                if answered {
                    "the answer came back"
                } else {
                    "no answer came back"
                }
                .to_owned(),
            ),
            None => {}
        }
    }
}

fn disagreement(
    network: &Network,
    flight: &Flight,
    comparison: &Comparison,
    proved: String,
    seen: String,
) -> Disagreement {
    let journey = reach::trace(
        network,
        &Endpoint::Interface(flight.from.clone()),
        &comparison.sample.packet,
    );
    let back = journey.reply.iter().flat_map(|reply| &reply.hops);
    Disagreement {
        from: flight.from.to_string(),
        to: comparison.to.to_string(),
        packet: comparison.sample.packet.to_string(),
        proved,
        seen,
        path: journey
            .forward
            .hops
            .iter()
            .chain(back)
            .map(|hop| format!("{}: {}", hop.at, hop.decision))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::SiteId;
    use model::network::{Interface, Place};

    /// Two interfaces at one site, and a packet from one to the other.
    fn stage(delivered: bool, answered: Option<bool>) -> (Network, Flight) {
        let mut network = Network::default();
        for (name, last) in [("a", 1), ("b", 2)] {
            let interface = Interface {
                host: HostId::new(name),
                place: Place::Site(SiteId::new("site")),
                addresses: vec![[10, 0, 0, last].into()],
                public: None,
                groups: vec![],
                source_dest_check: true,
            };
            network.interfaces.insert(InterfaceId::new(name), interface);
        }
        let packet = Packet {
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            transport: Transport::Tcp {
                source: EPHEMERAL,
                destination: 22,
            },
        };
        let sample = Sample {
            packet,
            delivered,
            answered,
        };
        let comparison = Comparison {
            to: InterfaceId::new("b"),
            sample,
        };
        let flight = Flight {
            from: InterfaceId::new("a"),
            sender: HostId::new("a"),
            shots: vec![Shot { id: 1, packet }],
            comparisons: BTreeMap::from([(1, comparison)]),
        };
        (network, flight)
    }

    fn landed(at: &[&str], answered: bool) -> Landed {
        let hosts: BTreeSet<HostId> = at.iter().map(|host| HostId::new(*host)).collect();
        Landed {
            arrived: if hosts.is_empty() {
                BTreeMap::new()
            } else {
                BTreeMap::from([(1, hosts)])
            },
            answered: if answered {
                BTreeSet::from([1])
            } else {
                BTreeSet::new()
            },
            ..Landed::default()
        }
    }

    /// What is proved, what happened, and what must come of it: agreements and disagreements.
    fn check(proved: (bool, Option<bool>), seen: Landed, agree: u64, wanted: Option<&str>) {
        let (network, flight) = stage(proved.0, proved.1);
        let mut count = MatrixCount::default();
        tally(&network, &flight, &seen, &mut count);
        assert_eq!(
            (count.agree, count.disagree),
            (agree, u64::from(wanted.is_some()))
        );
        let said = count
            .disagreements
            .first()
            .map(|one| format!("{}; {}", one.proved, one.seen));
        assert!(
            said.clone()
                .unwrap_or_default()
                .contains(wanted.unwrap_or_default()),
            "{said:?}"
        );
        let evidence = evidence(&ClaimId::new("matrix"), &count, &Digest::of_bytes(b""));
        assert_eq!(evidence.verdict == Verdict::Fails, wanted.is_some());
    }

    #[test]
    fn every_way_to_differ_is_told() {
        check((true, Some(true)), landed(&["b"], true), 2, None);
        check((false, Some(false)), landed(&[], false), 2, None);
        check((true, None), landed(&["b"], false), 1, None);
        check(
            (true, Some(true)),
            landed(&[], false),
            0,
            Some("it arrives; it was lost"),
        );
        check(
            (false, Some(false)),
            landed(&["b"], true),
            0,
            Some("it is lost; it arrived"),
        );
        check(
            (true, Some(true)),
            landed(&["b"], false),
            1,
            Some("its answer comes back; no answer"),
        );
        check(
            (true, Some(false)),
            landed(&["b"], true),
            1,
            Some("its answer is lost; the answer came back"),
        );
        check(
            (true, Some(true)),
            landed(&["b", "c"], true),
            1,
            Some("other receivers; it arrived at c"),
        );
        let packet = stage(true, None).1.shots[0].packet;
        let astray = Landed {
            mistranslated: BTreeMap::from([(1, packet)]),
            ..landed(&["b"], false)
        };
        check((true, Some(true)), astray, 1, Some("it came as"));
        let stopped = Fired {
            stopped: BTreeMap::from([(1, "no route".to_owned())]),
            ..Fired::default()
        };
        check(
            (true, None),
            Landed {
                fired: stopped,
                ..landed(&[], false)
            },
            0,
            Some("lost at the sender: no route"),
        );
    }

    #[test]
    fn nothing_sent_or_not_accounted_for_never_holds() {
        let check = |count: MatrixCount, wanted| {
            assert_eq!(
                evidence(&ClaimId::new("matrix"), &count, &Digest::of_bytes(b"")).verdict,
                wanted
            );
        };
        let sent = MatrixCount {
            sent: 9,
            agree: 9,
            ..MatrixCount::default()
        };
        check(sent.clone(), Verdict::Holds);
        check(MatrixCount::default(), Verdict::Unknown);
        check(
            MatrixCount {
                unknown: 1,
                ..sent.clone()
            },
            Verdict::Unknown,
        );
        check(
            MatrixCount {
                unaccounted: vec!["a".to_owned()],
                ..sent.clone()
            },
            Verdict::Unknown,
        );
        check(
            MatrixCount {
                disagree: 1,
                unaccounted: vec!["a".to_owned()],
                ..sent
            },
            Verdict::Fails,
        );
    }
}

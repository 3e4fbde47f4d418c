//! IPv6 as closed as IPv4.

use std::collections::BTreeSet;

use model::id::InterfaceId;
use model::intent::Sources;

use super::witness::{Shown, let_in_by};
use super::{Proof, Proved, Reasons};
use crate::boxes::{BoxSet, HeaderBox, TooManyBoxes, icmp_message};
use crate::family::{Family, ICMP, ICMPV6};
use crate::interval::Interval;
use crate::prover::Prover;
use crate::walk::Sender;

/// The ICMP messages that say what some ICMPv6 types say.
#[derive(Clone, Copy)]
enum Same {
    /// One type, with any code.
    Type(u8),
    /// One type and code.
    Code(u8, u8),
    /// None in particular.
    All,
}

impl Same {
    fn messages(self) -> Option<Interval<u16>> {
        match self {
            Self::Type(kind) => {
                Interval::between(icmp_message(kind, 0), icmp_message(kind, u8::MAX))
            }
            Self::Code(kind, code) => Some(Interval::one(icmp_message(kind, code))),
            Self::All => Some(Interval::ALL),
        }
    }
}

/// ICMPv6's types, first to last, and what says the same in ICMP, by RFC 4443 and RFC 792: unreachable, packet too big
/// (code 4 of unreachable there), time exceeded, parameter problem, echo request and reply. Types 130 to 137 and 143 keep
/// a link going and never leave it.
const SAME_MESSAGE: [((u8, u8), Same); 10] = [
    ((0, 0), Same::All),
    ((1, 1), Same::Type(3)),
    ((2, 2), Same::Code(3, 4)),
    ((3, 3), Same::Type(11)),
    ((4, 4), Same::Type(12)),
    ((5, 127), Same::All),
    ((128, 128), Same::Type(8)),
    ((129, 129), Same::Type(0)),
    ((138, 142), Same::All),
    ((144, 255), Same::All),
];

/// What one sender's packets of a family do at a receiver, by protocol and port alone.
struct Delivered {
    /// From some source that the sender has.
    by_some: BoxSet,
    /// From every source that the sender has.
    by_all: BoxSet,
    /// From some source, perhaps.
    perhaps: BoxSet,
    reasons: Vec<String>,
}

impl<'n> Prover<'n> {
    /// From no sender does more arrive by IPv6 than by IPv4: no service that IPv4 keeps from all of its addresses, and
    /// none from all of its addresses that IPv4 keeps from some.
    pub(super) fn ipv6_as_closed_as_ipv4(&self, to: &BTreeSet<InterfaceId>) -> Proved {
        let receivers = self.receivers(to)?;
        let mut unknown = Reasons::default();
        for source in self.senders(&Sources::anywhere())? {
            for to in &receivers {
                let v4 = self.delivered_by(source.sender, to, Family::V4)?;
                let v6 = self.delivered_by(source.sender, to, Family::V6)?;
                let wider = |v6: &BoxSet, v4: &BoxSet| v6.subtract(v4);
                let surely = wider(&v6.by_some, &v4.by_some.union(&v4.perhaps)?)?;
                let surely = surely.union(&wider(&v6.by_all, &v4.by_all.union(&v4.perhaps)?)?)?;
                if !surely.is_empty() {
                    return self.open_by_ipv6(source.sender, to, &surely);
                }
                let perhaps = v6.by_some.union(&v6.perhaps)?;
                if !wider(&perhaps, &v4.by_some)?.is_empty() {
                    let reasons = v6.reasons.iter().chain(&v4.reasons);
                    reasons.for_each(|reason| unknown.note(reason));
                }
            }
        }
        if !unknown.is_empty() {
            return Ok(Proof::unknown(unknown.to_string()));
        }
        let count = receivers.len();
        Ok(Proof::holds(format!(
            "nothing arrives at any of {count} interfaces by IPv6 that does not by IPv4"
        )))
    }

    /// Shows a packet of what is open by IPv6 alone.
    fn open_by_ipv6(&self, from: Sender<'n>, to: &'n InterfaceId, open: &BoxSet) -> Proved {
        for flow in self.flows(from, to) {
            if Family::of(flow.destination) != Family::V6 {
                continue;
            }
            let mut shown = BoxSet::empty();
            for held in flow.delivered(to)?.boxes() {
                for (part, service) in same_service(held) {
                    for service in BoxSet::from(service).intersect(open)?.boxes() {
                        let messages = part.protocol == Interval::one(ICMPV6);
                        let narrowed = HeaderBox {
                            protocol: service.protocol,
                            source_port: service.source_port,
                            destination_port: service.destination_port,
                            ..part
                        };
                        shown.insert(if messages { part } else { narrowed })?;
                    }
                }
            }
            if !shown.is_empty() {
                let witness = self.witness(from, to, &shown, Shown::Forward);
                let detail = witness.as_ref().map_or_else(String::new, |witness| {
                    format!(
                        "{} reaches {to}, and its like does not by IPv4: {}",
                        witness.packet,
                        let_in_by(witness)
                    )
                });
                return Ok(Proof::fails(detail).with(witness));
            }
        }
        Ok(Proof::unknown(format!(
            "{from} reaches {to} by IPv6 in a way that cannot be shown"
        )))
    }

    fn delivered_by(
        &self,
        from: Sender<'n>,
        to: &'n InterfaceId,
        family: Family,
    ) -> Result<Delivered, TooManyBoxes> {
        let mut all = Delivered {
            by_some: BoxSet::empty(),
            by_all: BoxSet::empty(),
            perhaps: BoxSet::empty(),
            reasons: Vec::new(),
        };
        for flow in self.flows(from, to) {
            if Family::of(flow.destination) != family {
                continue;
            }
            let delivered = flow.delivered(to)?;
            let kept = services(&flow.sent.subtract(&delivered)?)?;
            let sent = services(&flow.sent)?;
            all.by_all = all.by_all.union(&sent.subtract(&kept)?)?;
            all.by_some = all.by_some.union(&services(&delivered)?)?;
            for doubt in &flow.doubts {
                all.perhaps = all.perhaps.union(&services(&doubt.set)?)?;
                all.reasons.push(doubt.reason.clone());
            }
        }
        Ok(all)
    }
}

/// What a set asks for, whoever asks whom: by protocol and port, in terms of IPv4.
fn services(set: &BoxSet) -> Result<BoxSet, TooManyBoxes> {
    let mut services = BoxSet::empty();
    for held in set.boxes() {
        for (_, service) in same_service(held) {
            services.insert(service)?;
        }
    }
    Ok(services)
}

/// The parts of a box with what each asks for, in terms of IPv4. An ICMPv6 message asks for the ICMP message that says
/// the same, and where there is none, for all of ICMP; housekeeping of the link never leaves it and asks for nothing.
fn same_service(held: &HeaderBox) -> Vec<(HeaderBox, HeaderBox)> {
    let anybody = HeaderBox::all(Family::V4);
    let mut parts = Vec::new();
    let icmp = Interval::one(ICMP);
    let icmpv6 = Interval::one(ICMPV6);
    let between = Interval::ALL
        .after(icmp)
        .and_then(|after| after.before(icmpv6));
    let others = [
        Interval::ALL.before(icmp),
        between,
        Interval::ALL.after(icmpv6),
    ];
    for protocols in others.into_iter().flatten() {
        if let Some(protocol) = held.protocol.intersect(protocols) {
            let part = HeaderBox { protocol, ..*held };
            let service = HeaderBox {
                family: Family::V4,
                source: anybody.source,
                destination: anybody.destination,
                ..part
            };
            parts.push((part, service));
        }
    }
    let messages = |protocol, messages| HeaderBox {
        protocol,
        destination_port: messages,
        ..anybody
    };
    match held.family {
        Family::V4 if held.protocol.contains(ICMP) => {
            let part = HeaderBox {
                protocol: icmp,
                ..*held
            };
            parts.push((part, messages(icmp, held.destination_port)));
        }
        Family::V6 if held.protocol.contains(ICMPV6) => {
            for (kinds, same) in SAME_MESSAGE {
                let types =
                    Interval::between(icmp_message(kinds.0, 0), icmp_message(kinds.1, u8::MAX));
                let held_types = types.and_then(|types| held.destination_port.intersect(types));
                if let (Some(types), Some(asked)) = (held_types, same.messages()) {
                    let part = HeaderBox {
                        protocol: icmpv6,
                        destination_port: types,
                        ..*held
                    };
                    parts.push((part, messages(icmp, asked)));
                }
            }
        }
        _ => {}
    }
    parts
}

//! Intents on paths: what must not arrive, what must, and what must be answered.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::id::{InterfaceId, SubnetId, VpcId};
use model::intent::Sources;
use model::network::{Place, RouteTarget, SiteKind};
use model::packet::{PortRange, Traffic};

use super::search::{Search, doubted};
use super::sources::{Source, carrying, headers};
use super::witness::{Shown, let_in_by, lost_at};
use super::{Proof, Proved, Unprovable};
use crate::addresses::AddressSet;
use crate::boxes::{BoxSet, HeaderBox, TooManyBoxes};
use crate::carried::answerable_set;
use crate::family::{Family, TCP, UDP};
use crate::interval::Interval;
use crate::prover::{Flow, Prover};
use crate::walk::Sender;

/// Traffic that must arrive.
struct Wanted {
    headers: BoxSet,
    /// The family that it belongs to, where it does to one alone.
    family: Option<Family>,
}

/// The headers with a source port that a client opens a connection from.
fn from_clients() -> Result<BoxSet, TooManyBoxes> {
    let mut clients = BoxSet::all();
    for family in Family::BOTH {
        for protocol in [TCP, UDP] {
            let Some(below) = Interval::ALL.before(Interval::one(PortRange::EPHEMERAL.first))
            else {
                continue;
            };
            clients = clients.subtract(&BoxSet::from(HeaderBox {
                protocol: Interval::one(protocol),
                source_port: below,
                ..HeaderBox::all(family)
            }))?;
        }
    }
    Ok(clients)
}

impl<'n> Prover<'n> {
    /// None of the traffic is delivered, whether or not it would be answered.
    pub(super) fn no_path(
        &self,
        from: &Sources,
        to: &BTreeSet<InterfaceId>,
        traffic: &[Traffic],
    ) -> Proved {
        self.nothing_of(from, to, &headers(traffic)?, "it")
    }

    /// Nothing but the allowed traffic is delivered, of whatever protocol.
    pub(super) fn only_traffic(
        &self,
        from: &Sources,
        to: &BTreeSet<InterfaceId>,
        allowed: &[Traffic],
    ) -> Proved {
        let allowed = carrying(allowed)?;
        self.nothing_of(
            from,
            to,
            &BoxSet::all().subtract(&allowed)?,
            "anything else",
        )
    }

    /// None of these headers is delivered from a set of senders; `what` names them in the sentence that says so.
    fn nothing_of(
        &self,
        from: &Sources,
        to: &BTreeSet<InterfaceId>,
        forbidden: &BoxSet,
        what: &str,
    ) -> Proved {
        let (senders, receivers) = (self.senders(from)?, self.receivers(to)?);
        let mut search = Search::default();
        for source in &senders {
            for to in &receivers {
                self.search_path(source, to, forbidden, &mut search)?;
            }
        }
        Ok(search.end(|| {
            format!(
                "none of {} senders reaches any of {} interfaces with {what}",
                senders.len(),
                receivers.len()
            )
        }))
    }

    fn search_path(
        &self,
        source: &Source<'n>,
        to: &'n InterfaceId,
        forbidden: &BoxSet,
        search: &mut Search,
    ) -> Result<(), TooManyBoxes> {
        for flow in self.flows(source.sender, to) {
            let about = source.sent(&flow)?.intersect(forbidden)?;
            let open = flow.delivered(to)?.intersect(&about)?;
            if !open.is_empty() {
                search.broken(|| {
                    let witness = self.witness(source.sender, to, &open, Shown::Forward);
                    let detail = witness.as_ref().map_or_else(String::new, |witness| {
                        format!("{} reaches {to}: {}", witness.packet, let_in_by(witness))
                    });
                    Proof::fails(detail).with(witness)
                });
            }
            search.doubt(&flow.doubts, &about)?;
        }
        Ok(())
    }

    /// No interface of one VPC reaches one of the other, either way.
    pub(super) fn isolated(&self, left: &VpcId, right: &VpcId) -> Proved {
        let sides = [self.interfaces_in(left)?, self.interfaces_in(right)?];
        let everything = BoxSet::all();
        let mut search = Search::default();
        for (senders, receivers) in [(&sides[0], &sides[1]), (&sides[1], &sides[0])] {
            for from in senders {
                let source = Source::interface(from);
                for to in receivers {
                    self.search_path(&source, to, &everything, &mut search)?;
                }
            }
        }
        let counts = sides.map(|side| side.len());
        Ok(search.end(|| {
            let [left_count, right_count] = counts;
            format!("none of {left_count} interfaces of {left} reaches one of {right_count} of {right}, nor the other way")
        }))
    }

    /// The interfaces of a VPC.
    fn interfaces_in(&self, vpc: &VpcId) -> Result<Vec<&'n InterfaceId>, Unprovable> {
        if !self.network.vpcs.contains_key(vpc) {
            let reason = format!("the intent names {vpc}, which is not there");
            return Err(Unprovable::Senseless(reason));
        }
        let interfaces = self.network.interfaces.iter();
        Ok(interfaces
            .filter(|(_, interface)| self.network.vpc_of(interface) == Some(vpc))
            .map(|(id, _)| id)
            .collect())
    }

    /// Every packet of the traffic that a client sends arrives, and is answered where something answers it.
    pub(super) fn must_reach(
        &self,
        from: &Sources,
        to: &BTreeSet<InterfaceId>,
        traffic: &[Traffic],
    ) -> Proved {
        if from.complement {
            let reason = "the intent names everybody but some, whom nothing can be made to reach";
            return Err(Unprovable::Senseless(reason.to_owned()));
        }
        let (senders, receivers) = (self.senders(from)?, self.receivers(to)?);
        if traffic.is_empty() {
            let reason = "the intent names no traffic";
            return Err(Unprovable::Senseless(reason.to_owned()));
        }
        let mut search = Search::default();
        for traffic in traffic {
            let wanted = Wanted {
                headers: headers(&[*traffic])?.intersect(&from_clients()?)?,
                family: match traffic {
                    Traffic::Icmp(_) => Some(Family::V4),
                    Traffic::Icmpv6(_) => Some(Family::V6),
                    _ => None,
                },
            };
            for source in &senders {
                for to in &receivers {
                    if source.sender != Sender::Interface(to) {
                        self.search_gap(source, to, &wanted, &mut search)?;
                    }
                }
            }
        }
        Ok(search.end(|| {
            format!(
                "each of {} senders reaches each of {} interfaces and is answered",
                senders.len(),
                receivers.len()
            )
        }))
    }

    fn search_gap(
        &self,
        source: &Source<'n>,
        to: &'n InterfaceId,
        wanted: &Wanted,
        search: &mut Search,
    ) -> Result<(), TooManyBoxes> {
        let addresses = self.addresses_for(source, to, wanted.family);
        if addresses.is_empty() {
            let from = source.sender;
            search
                .broken(|| Proof::fails(format!("{to} has no address that {from} could send to")));
            return Ok(());
        }
        for flow in self.flows(source.sender, to) {
            if addresses.contains(&flow.destination) {
                let required = source.sent(&flow)?.intersect(&wanted.headers)?;
                self.search_gap_in(&flow, source, to, &required, search)?;
            }
        }
        Ok(())
    }

    fn search_gap_in(
        &self,
        flow: &Flow<'n>,
        source: &Source<'n>,
        to: &'n InterfaceId,
        required: &BoxSet,
        search: &mut Search,
    ) -> Result<(), TooManyBoxes> {
        if required.is_empty() {
            search
                .reasons
                .note(&format!("{} has nothing to send to {to}", source.sender));
            return Ok(());
        }
        let delivered = flow.delivered(to)?.intersect(required)?;
        let missing = required.subtract(&delivered)?;
        let lost = missing.subtract(&doubted(&flow.doubts)?)?;
        if !lost.is_empty() {
            search.broken(|| {
                let witness = self.witness(source.sender, to, &lost, Shown::Forward);
                let detail = witness.as_ref().map_or_else(String::new, |witness| {
                    format!("{} is lost: {}", witness.packet, lost_at(witness))
                });
                Proof::fails(detail).with(witness)
            });
        }
        search.doubt(&flow.doubts, required)?;
        self.search_unanswered(flow, source, to, &delivered, search)
    }

    /// What is delivered to these interfaces from clients' ports can be answered, whoever sends it.
    pub(super) fn replies_return(&self, to: &BTreeSet<InterfaceId>) -> Proved {
        let receivers = self.receivers(to)?;
        let senders = self.senders(&Sources::anywhere())?;
        let clients = from_clients()?;
        let asked = answerable_set()?.intersect(&clients)?;
        let mut search = Search::default();
        for source in &senders {
            for to in &receivers {
                for flow in self.flows(source.sender, to) {
                    let delivered = flow.delivered(to)?.intersect(&clients)?;
                    search.doubt(&flow.doubts, &asked)?;
                    self.search_unanswered(&flow, source, to, &delivered, &mut search)?;
                }
            }
        }
        Ok(search.end(|| {
            let count = receivers.len();
            format!("whatever arrives at any of {count} interfaces can be answered")
        }))
    }

    fn search_unanswered(
        &self,
        flow: &Flow<'n>,
        source: &Source<'n>,
        to: &'n InterfaceId,
        delivered: &BoxSet,
        search: &mut Search,
    ) -> Result<(), TooManyBoxes> {
        let asked = delivered.intersect(&answerable_set()?)?;
        if asked.is_empty() {
            return Ok(());
        }
        let answers = self.answers(flow, to);
        let unanswered = asked.subtract(&answers.answered)?;
        let lost = unanswered.subtract(&doubted(&answers.doubts)?)?;
        if !lost.is_empty() {
            search.broken(|| {
                let witness = self.witness(source.sender, to, &lost, Shown::AndReply);
                let detail = witness.as_ref().map_or_else(String::new, |witness| {
                    format!(
                        "{} arrives, its answer is lost: {}",
                        witness.packet,
                        lost_at(witness)
                    )
                });
                Proof::fails(detail).with(witness)
            });
        }
        search.doubt(&answers.doubts, &asked)
    }

    /// The addresses that a sender uses for an interface, one for each family that both have: its own, or from the
    /// Internet into a VPC its public one. An IPv6 address is public where its subnet's table names a plain Internet
    /// gateway for some of IPv6.
    fn addresses_for(
        &self,
        source: &Source<'n>,
        to: &InterfaceId,
        family: Option<Family>,
    ) -> Vec<IpAddr> {
        let Some((_, receiver)) = self.interface(to) else {
            return Vec::new();
        };
        let sends = |by: Family| match source.sender {
            Sender::Interface(id) => self.interface(id).is_some_and(|(_, interface)| {
                let mut own = interface.addresses.iter();
                own.any(|own| Family::of(*own) == by)
            }),
            Sender::Site(site) => {
                let meant = source.only.as_ref().unwrap_or(self.atlas.space(site));
                meant.of(by).next().is_some()
            }
        };
        let inside = match &receiver.place {
            Place::Subnet(subnet) if self.is_on_internet(source.sender) => Some(subnet),
            Place::Subnet(_) | Place::Site(_) => None,
        };
        let used = |by: Family| {
            let own = receiver.addresses.iter().copied();
            let own = own.into_iter().find(|own| Family::of(*own) == by);
            match (inside, by) {
                (None, _) => own,
                (Some(_), Family::V4) => receiver.public.map(IpAddr::V4),
                (Some(subnet), Family::V6) => own.filter(|own| {
                    AddressSet::public().contains(*own) && self.is_open_by_ipv6(subnet)
                }),
            }
        };
        Family::BOTH
            .into_iter()
            .filter(|by| family.is_none_or(|family| family == *by) && sends(*by))
            .filter_map(used)
            .collect()
    }

    /// Whether a subnet's table names a plain Internet gateway for some of IPv6.
    fn is_open_by_ipv6(&self, subnet: &SubnetId) -> bool {
        let subnet = self.network.subnets.get(subnet);
        let claims = subnet.and_then(|subnet| self.atlas.table(&subnet.route_table));
        claims.into_iter().flatten().any(|(space, target)| {
            matches!(target, RouteTarget::InternetGateway(_))
                && space.of(Family::V6).next().is_some()
        })
    }

    fn is_on_internet(&self, sender: Sender<'n>) -> bool {
        let site = match sender {
            Sender::Site(site) => Some(site),
            Sender::Interface(id) => self.interface(id).and_then(|(_, at)| match &at.place {
                Place::Site(site) => Some(site),
                Place::Subnet(_) => None,
            }),
        };
        let kind = site
            .and_then(|site| self.network.sites.get(site))
            .map(|site| site.kind);
        matches!(kind, Some(SiteKind::Internet | SiteKind::OnInternet))
    }
}

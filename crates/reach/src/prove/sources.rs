//! The senders that an intent names.

use std::collections::BTreeSet;

use model::id::{InterfaceId, SiteId};
use model::intent::Sources;
use model::network::{Interface, Place};
use model::packet::Traffic;

use super::Unprovable;
use crate::addresses::AddressSet;
use crate::boxes::{BoxSet, HeaderBox, TooManyBoxes};
use crate::family::Family;
use crate::prover::{Flow, Prover};
use crate::walk::Sender;

/// A sender, and which of its addresses are meant.
pub(super) struct Source<'n> {
    pub(super) sender: Sender<'n>,
    /// The addresses meant; none where all are.
    pub(super) only: Option<AddressSet>,
}

impl<'n> Source<'n> {
    /// An interface.
    pub(super) fn interface(id: &'n InterfaceId) -> Self {
        Self::all(Sender::Interface(id))
    }

    fn all(sender: Sender<'n>) -> Self {
        Self { sender, only: None }
    }

    /// The packets of a set that come from the addresses meant.
    pub(super) fn part_of(&self, set: &BoxSet) -> Result<BoxSet, TooManyBoxes> {
        let Some(only) = &self.only else {
            return Ok(set.clone());
        };
        let mut meant = BoxSet::empty();
        for family in Family::BOTH {
            for span in only.of(family) {
                meant.push_disjoint(HeaderBox {
                    source: span,
                    ..HeaderBox::all(family)
                })?;
            }
        }
        set.intersect(&meant)
    }

    /// All that the flow's sender can send from the addresses meant.
    pub(super) fn sent(&self, flow: &Flow<'n>) -> Result<BoxSet, TooManyBoxes> {
        self.part_of(&flow.sent)
    }
}

fn senseless<T>(reason: impl Into<String>) -> Result<T, Unprovable> {
    Err(Unprovable::Senseless(reason.into()))
}

impl<'n> Prover<'n> {
    /// The senders that are meant, sites first.
    pub(super) fn senders(&self, sources: &Sources) -> Result<Vec<Source<'n>>, Unprovable> {
        if !sources.interfaces.is_empty() {
            self.named_interfaces(&sources.interfaces, "sender")?;
        }
        let ranged = sources.ranges.iter().map(|(site, _)| site);
        for id in sources.sites.iter().chain(ranged) {
            if !self.network.sites.contains_key(id) {
                return senseless(format!("the intent names site {id}, which is not there"));
            }
        }
        let senders = if sources.complement {
            self.all_but(sources)
        } else {
            self.named(sources)
        };
        if senders.is_empty() {
            return senseless("the intent names no sender");
        }
        Ok(senders)
    }

    fn named(&self, sources: &Sources) -> Vec<Source<'n>> {
        let mut senders = Vec::new();
        for sender in self.everybody() {
            let Sender::Site(site) = sender else {
                continue;
            };
            if sources.sites.contains(site) {
                senders.push(Source::all(sender));
            } else if sources.ranges.iter().any(|(at, _)| at == site) {
                let only = Some(ranges_at(sources, site));
                senders.push(Source { sender, only });
            }
        }
        let interfaces = sources.interfaces.iter();
        senders.extend(
            interfaces
                .filter_map(|id| self.interface(id))
                .map(|(id, _)| Source::all(Sender::Interface(id))),
        );
        senders
    }

    fn all_but(&self, sources: &Sources) -> Vec<Source<'n>> {
        let mut senders = Vec::new();
        for sender in self.everybody() {
            match sender {
                Sender::Interface(id) if sources.interfaces.contains(id) => {}
                Sender::Interface(_) => senders.push(Source::all(sender)),
                Sender::Site(site) if sources.sites.contains(site) => {}
                Sender::Site(site) => {
                    let mut excepted = ranges_at(sources, site);
                    for (_, interface) in sources
                        .interfaces
                        .iter()
                        .filter_map(|id| self.interface(id))
                    {
                        if matches!(&interface.place, Place::Site(at) if at == site) {
                            let addresses = interface.addresses.iter();
                            addresses.for_each(|address| excepted.insert_address(*address));
                        }
                    }
                    let mut only = self.atlas.space(site).clone();
                    only.subtract(&excepted);
                    let only = (!excepted.is_empty()).then_some(only);
                    senders.push(Source { sender, only });
                }
            }
        }
        senders
    }

    /// The receivers that an intent names.
    pub(super) fn receivers(
        &self,
        to: &BTreeSet<InterfaceId>,
    ) -> Result<Vec<&'n InterfaceId>, Unprovable> {
        let named = self.named_interfaces(to, "receiver")?;
        Ok(named.into_iter().map(|(id, _)| id).collect())
    }

    /// The interfaces that an intent names as its senders or receivers.
    pub(super) fn named_interfaces(
        &self,
        ids: &BTreeSet<InterfaceId>,
        role: &str,
    ) -> Result<Vec<(&'n InterfaceId, &'n Interface)>, Unprovable> {
        if ids.is_empty() {
            return senseless(format!("the intent names no {role}"));
        }
        ids.iter()
            .map(|id| match self.interface(id) {
                Some(known) => Ok(known),
                None => senseless(format!(
                    "the intent names interface {id}, which is not there"
                )),
            })
            .collect()
    }
}

fn ranges_at(sources: &Sources, site: &SiteId) -> AddressSet {
    let ranges = sources.ranges.iter();
    AddressSet::of_prefixes(ranges.filter(|(at, _)| at == site).map(|(_, range)| range))
}

/// The headers that carry any of this traffic, of which there must be some.
pub(super) fn headers(traffic: &[Traffic]) -> Result<BoxSet, Unprovable> {
    let headers = carrying(traffic)?;
    if headers.is_empty() {
        return senseless("the intent names no traffic");
    }
    Ok(headers)
}

/// The headers that carry any of this traffic.
pub(super) fn carrying(traffic: &[Traffic]) -> Result<BoxSet, TooManyBoxes> {
    let mut headers = BoxSet::empty();
    for family in Family::BOTH {
        for one in traffic {
            if let Some(matched) = HeaderBox::of_traffic(family, *one) {
                headers.insert(matched)?;
            }
        }
    }
    Ok(headers)
}

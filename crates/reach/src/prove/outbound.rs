//! Intents on what leaves for a site.

use std::collections::BTreeSet;
use std::net::IpAddr;

use model::id::{InterfaceId, SiteId};
use model::intent::Outflow;

use super::search::Search;
use super::witness::{Shown, let_in_by};
use super::{Proof, Proved, Unprovable};
use crate::addresses::AddressSet;
use crate::boxes::{BoxSet, HeaderBox, TooManyBoxes};
use crate::carried::Address;
use crate::family::{Family, addresses, number};
use crate::interval::Interval;
use crate::prover::Prover;
use crate::walk::{Doubtful, Sender, Walk};

/// What one address of an interface can send to a site's addresses.
pub(crate) struct Departing {
    /// Everything that it can send to them.
    sent: BoxSet,
    /// What of it arrives at the site, as it was sent.
    pub(crate) arrived: BoxSet,
    pub(crate) doubts: Vec<Doubtful>,
}

impl<'n> Prover<'n> {
    /// Nothing but what is allowed leaves the interfaces for a site's addresses, whoever has them.
    pub(super) fn only_outbound(
        &self,
        from: &BTreeSet<InterfaceId>,
        site: &SiteId,
        allowed: &[Outflow],
    ) -> Proved {
        let senders = self.named_interfaces(from, "sender")?;
        let Some((site, _)) = self.network.sites.get_key_value(site) else {
            let reason = format!("the intent names site {site}, which is not there");
            return Err(Unprovable::Senseless(reason));
        };
        if self.atlas.space(site).is_empty() {
            let reason = format!("the intent names site {site}, which has no address");
            return Err(Unprovable::Senseless(reason));
        }
        let allowed = outflows(allowed)?;
        let mut search = Search::default();
        for (from, interface) in &senders {
            for source in &interface.addresses {
                let departing = self.departing(from, *source, site)?;
                let about = departing.sent.subtract(&allowed)?;
                let open = departing.arrived.subtract(&allowed)?;
                if !open.is_empty() {
                    search.broken(|| {
                        let from = Sender::Interface(from);
                        let witness = self.witness(from, site, &open, Shown::Forward);
                        let detail = witness.as_ref().map_or_else(String::new, |witness| {
                            let last = let_in_by(witness);
                            format!("{} leaves for {site}: {last}", witness.packet)
                        });
                        Proof::fails(detail).with(witness)
                    });
                }
                search.doubt(&departing.doubts, &about)?;
            }
        }
        Ok(search.end(|| {
            let count = senders.len();
            format!("nothing else leaves any of {count} interfaces for {site}")
        }))
    }

    /// What leaves one address of an interface for a site.
    pub(crate) fn departing(
        &self,
        from: &'n InterfaceId,
        source: IpAddr,
        site: &SiteId,
    ) -> Result<Departing, TooManyBoxes> {
        let family = Family::of(source);
        let own = Interval::one(number(source));
        let mut destinations = self.atlas.space(site).clone();
        // Nobody sends to himself over a network.
        destinations.subtract(&AddressSet::from(family, own));
        let mut sent = BoxSet::empty();
        for destination in destinations.of(family) {
            sent.push_disjoint(HeaderBox {
                source: own,
                destination,
                ..HeaderBox::all(family)
            })?;
        }
        let sender = Sender::Interface(from);
        let source = Address::Fixed(number(source));
        let walk = Walk::outward(&self.atlas, family, sender, &sent, source);
        let mut arrived = BoxSet::empty();
        for (_, set) in walk.departures.iter().filter(|(at, _)| *at == site) {
            arrived = arrived.union(set)?;
        }
        Ok(Departing {
            sent,
            arrived,
            doubts: walk.doubts,
        })
    }
}

/// The headers of what may leave.
fn outflows(allowed: &[Outflow]) -> Result<BoxSet, TooManyBoxes> {
    let mut headers = BoxSet::empty();
    for outflow in allowed {
        let (family, destination) = addresses(outflow.to);
        if let Some(matched) = HeaderBox::of_traffic(family, outflow.traffic) {
            headers.insert(HeaderBox {
                destination,
                ..matched
            })?;
        }
    }
    Ok(headers)
}

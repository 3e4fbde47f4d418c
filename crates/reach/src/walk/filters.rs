//! What filters make of sets of packets: groups of interfaces, firewalls of sites, ACLs of subnets.

use model::id::{InterfaceId, SiteId, SubnetId, VpcId};
use model::network::RouteTarget;

use super::Walk;
use crate::boxes::{BoxSet, TooManyBoxes};
use crate::carried::Carried;
use crate::filter::Side;

/// The way of packets to or from an interface, as far as rules look at it that name groups of another VPC.
#[derive(Clone, Copy)]
pub(super) enum Way<'n> {
    /// They come by a peering, out of this VPC.
    InFrom(&'n VpcId),
    /// They are about to leave this subnet's interface.
    Out(&'n SubnetId),
    /// Any other: no peering.
    Other,
}

impl<'n> Walk<'_, 'n> {
    /// What an interface's groups let through; all of it where nothing filters the interface.
    pub(super) fn group(
        &mut self,
        interface: &InterfaceId,
        side: Side,
        way: Way<'n>,
        mut packets: Carried<'n>,
    ) -> Result<Carried<'n>, TooManyBoxes> {
        let Some(filters) = self.atlas.groups(interface) else {
            return Ok(packets);
        };
        let filter = match filters.on(side) {
            Ok(filter) => filter,
            Err(error) => {
                let reason = format!("the groups of {interface} make {error}");
                self.doubt(packets.set, reason)?;
                packets.set = BoxSet::empty();
                return Ok(packets);
            }
        };
        let mut passed = packets.matched(&filter.allowed)?;
        let mut unsure = Vec::new();
        for rule in &filter.foreign {
            let matched = packets.only(packets.matched(&rule.headers)?);
            let surely = match &rule.peer {
                Some(peer) => self.by_peering(way, peer, &matched)?,
                None => BoxSet::empty(),
            };
            unsure.push((matched.set.subtract(&surely)?, &rule.reason));
            passed = passed.union(&surely)?;
        }
        for (set, reason) in unsure {
            self.doubt(set.subtract(&passed)?, reason)?;
        }
        packets.set = passed;
        Ok(packets)
    }

    /// Those packets that go by a peering with a VPC.
    fn by_peering(
        &self,
        way: Way<'n>,
        peer: &VpcId,
        packets: &Carried<'n>,
    ) -> Result<BoxSet, TooManyBoxes> {
        let from = match way {
            Way::InFrom(vpc) if vpc == peer => return Ok(packets.set.clone()),
            Way::InFrom(_) | Way::Other => return Ok(BoxSet::empty()),
            Way::Out(subnet) => subnet,
        };
        let network = self.atlas.network;
        let Some(subnet) = network.subnets.get(from) else {
            return Ok(BoxSet::empty());
        };
        let neighbours = packets.destined(self.family, &self.atlas.range(from))?;
        let beyond = packets.only(packets.set.subtract(&neighbours)?);
        let claims = self.atlas.table(&subnet.route_table);
        let mut by_peering = BoxSet::empty();
        for (space, target) in claims.into_iter().flatten() {
            let RouteTarget::Peering(id) = target else {
                continue;
            };
            let peering = network.peerings.get(id);
            if peering.and_then(|held| held.other(&subnet.vpc)) == Some(peer) {
                by_peering = by_peering.union(&beyond.destined(self.family, space)?)?;
            }
        }
        Ok(by_peering)
    }

    /// What leaves a site's interfaces: the site's firewall lets through what it does of those that it filters.
    pub(super) fn past_firewalls(
        &mut self,
        site: &'n SiteId,
        mut packets: Carried<'n>,
    ) -> Result<Carried<'n>, TooManyBoxes> {
        let atlas = self.atlas;
        for (id, own) in atlas.guarded(site) {
            let sent = packets.sourced(self.family, own)?;
            if sent.is_empty() {
                continue;
            }
            let rest = packets.set.subtract(&sent)?;
            let passed = self.group(id, Side::Egress, Way::Other, packets.only(sent))?;
            packets.set = rest.union(&passed.set)?;
        }
        Ok(packets)
    }

    /// What a subnet's ACL lets through.
    pub(super) fn acl(
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
}

//! Transit gateways: a link for each attached subnet or site, and a routing table for each of theirs.

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::id::{AttachmentId, SiteId, SubnetId, TransitGatewayId, TransitTableId, VpcId};
use model::network::{AttachedTo, Attachment, SiteKind, TransitGateway, TransitRoute};

use super::lookup::{Lookup, find, same_vpc};
use super::outside::Outside;
use super::plan::{Plan, default_net, next_hop};
use super::route::{Standing, spread, strongest};
use super::tunnel::{PlainLink, PlainLinks};
use super::vpc::Grounds;
use super::{Hop, INSIDE_TABLE, LayoutError, Link, MAIN_TABLE, Node};
use crate::filter::Family;

/// The table for attachments that have none: it holds nothing.
const NO_TABLE: u32 = 900;

/// The number of a transit gateway's first table; the others follow.
const FIRST_TABLE: u32 = 1000;

/// A transit gateway's tables with the numbers by which the kernel knows them.
pub(crate) fn tables(
    transit: &TransitGateway,
) -> impl Iterator<Item = (u32, &TransitTableId, &Vec<TransitRoute>)> {
    (FIRST_TABLE..)
        .zip(&transit.tables)
        .map(|(number, (id, routes))| (number, id, routes))
}

/// The links by which VPCs' routers reach transit gateways.
#[derive(Default)]
pub(super) struct Legs {
    by_vpc: BTreeMap<(TransitGatewayId, VpcId), Vec<ZoneLink>>,
    /// The links to sites.
    pub(super) plain: PlainLinks,
}

/// A link and the zone that it serves.
#[derive(Clone)]
struct ZoneLink {
    zone: String,
    link: u32,
}

impl Legs {
    /// How a VPC's router sends packets of a zone's subnets to a transit gateway: by that zone's link. A zone without one
    /// has no way there, on AWS neither. None for a VPC that is not attached.
    pub(super) fn hop(
        &self,
        (transit, vpc): (&TransitGatewayId, &VpcId),
        zone: &str,
        family: Family,
    ) -> Option<Hop> {
        let links = self.by_vpc.get(&(transit.clone(), vpc.clone()))?;
        let link = of_zone(links, zone);
        Some(link.map_or(Hop::Blackhole, |link| Hop::Gateway(next_hop(family), link)))
    }
}

/// A zone's link.
fn of_zone(links: &[ZoneLink], zone: &str) -> Option<u32> {
    let own = links.iter().find(|one| one.zone == zone);
    own.map(|one| one.link)
}

/// An attachment as the transit gateway sees it.
enum Side<'a> {
    Vpc(&'a VpcId, Vec<ZoneLink>),
    Site(u32),
}

/// A site's link to a transit gateway, and the table that its packets are asked of.
struct SiteLeg<'a> {
    link: u32,
    table: Option<&'a [TransitRoute]>,
}

/// Draws each transit gateway, its attachments and its tables.
pub(super) fn draw(
    plan: &mut Plan,
    lookup: &Lookup<'_>,
    outside: &Outside,
    grounds: &mut Grounds,
) -> Result<Legs, LayoutError> {
    let mut legs = Legs::default();
    let mut sites: BTreeMap<&SiteId, Vec<SiteLeg<'_>>> = BTreeMap::new();
    for (id, transit) in &lookup.network.transit_gateways {
        let mut hub = Hub {
            id,
            transit,
            namespace: plan.router(Node::Transit(id.clone())),
            sides: BTreeMap::new(),
        };
        for (name, attachment) in &transit.attachments {
            let table = hub.table_of(name, attachment)?;
            match &attachment.to {
                AttachedTo::Vpc { vpc, subnets } => {
                    let here =
                        hub.attach_vpc(plan, lookup, grounds, (name, vpc, subnets), table)?;
                    if legs
                        .by_vpc
                        .insert((id.clone(), vpc.clone()), here)
                        .is_some()
                    {
                        return Err(LayoutError::AttachedTwice {
                            vpc: vpc.clone(),
                            transit: id.clone(),
                        });
                    }
                }
                AttachedTo::Site(site) => {
                    let ends = hub.attach_site(plan, lookup, outside, (name, site), table)?;
                    let [_, (_, link)] = ends;
                    let plain = PlainLink { ends, table };
                    legs.plain.insert((id.clone(), name.clone()), plain);
                    sites.entry(site).or_default().push(SiteLeg {
                        link,
                        table: attachment
                            .table
                            .as_ref()
                            .and_then(|table| transit.tables.get(table))
                            .map(Vec::as_slice),
                    });
                }
            }
        }
        hub.draw_tables(plan, grounds)?;
    }
    for (site, legs) in sites {
        let by = "an attachment";
        site_routes(plan, site, outside.uplink(site, by)?, &legs)?;
    }
    Ok(legs)
}

/// One transit gateway while it is drawn.
struct Hub<'a> {
    id: &'a TransitGatewayId,
    transit: &'a TransitGateway,
    namespace: usize,
    sides: BTreeMap<&'a AttachmentId, Side<'a>>,
}

impl<'a> Hub<'a> {
    /// The number of the table that an attachment's packets are asked of.
    fn table_of(&self, name: &AttachmentId, attachment: &Attachment) -> Result<u32, LayoutError> {
        let Some(wanted) = &attachment.table else {
            return Ok(NO_TABLE);
        };
        tables(self.transit)
            .find(|(_, id, _)| *id == wanted)
            .map(|(number, ..)| number)
            .ok_or_else(|| LayoutError::Unknown {
                what: "transit table",
                name: wanted.to_string(),
                by: format!("attachment {name}"),
            })
    }

    /// Joins a VPC by a link for each of its attached subnets; those links at the VPC's router.
    fn attach_vpc(
        &mut self,
        plan: &mut Plan,
        lookup: &Lookup<'_>,
        grounds: &mut Grounds,
        (name, vpc, subnets): (&'a AttachmentId, &'a VpcId, &[SubnetId]),
        table: u32,
    ) -> Result<Vec<ZoneLink>, LayoutError> {
        let by = || format!("attachment {name}");
        let (mut here, mut there) = (Vec::new(), Vec::new());
        find(&lookup.network.vpcs, "VPC", vpc, by())?;
        for id in subnets {
            let subnet = lookup.subnet(id, by())?;
            same_vpc(&subnet.vpc, vpc, "subnet", id, by())?;
            let router = grounds.subnet(id, by())?.router;
            let (near, far) = plan.trunk((self.namespace, "vpc"), (router, "transit"));
            plan.ask(self.namespace, &near, table);
            let leg = |link: &Link| ZoneLink {
                zone: subnet.zone.clone(),
                link: link.index,
            };
            here.push(leg(&near));
            there.push(leg(&far));
            grounds.attach_transit(id, far);
        }
        if here.is_empty() {
            return Err(LayoutError::AttachmentWithoutSubnet(name.clone()));
        }
        self.sides.insert(name, Side::Vpc(vpc, here));
        Ok(there)
    }

    /// Joins a private site; the link's two ends, the site's last.
    fn attach_site(
        &mut self,
        plan: &mut Plan,
        lookup: &Lookup<'_>,
        outside: &Outside,
        (name, id): (&'a AttachmentId, &SiteId),
        table: u32,
    ) -> Result<[(usize, u32); 2], LayoutError> {
        let by = format!("attachment {name}");
        let site = find(&lookup.network.sites, "site", id, &by)?;
        if site.kind != SiteKind::Private {
            return Err(LayoutError::SiteNotPrivate {
                attachment: name.clone(),
                site: id.clone(),
            });
        }
        let router = outside.uplink(id, &by)?;
        let (near, far) = plan.trunk((self.namespace, "site"), (router, "transit"));
        plan.ask(self.namespace, &near, table);
        plan.ask(router, &far, INSIDE_TABLE);
        self.sides.insert(name, Side::Site(near.index));
        Ok([(self.namespace, near.index), (router, far.index)])
    }

    fn draw_tables(&self, plan: &mut Plan, grounds: &Grounds) -> Result<(), LayoutError> {
        plan.close_table(self.namespace, NO_TABLE);
        for (number, id, routes) in tables(self.transit) {
            let table = resolve(routes, || format!("transit table {id}"))?;
            for (prefix, target) in &table {
                for (range, hop) in self.hops(grounds, id, &table, *prefix, *target)? {
                    plan.route(self.namespace, number, range, hop);
                }
            }
            plan.close_table(self.namespace, number);
        }
        Ok(())
    }

    /// Where a route leads; into a VPC by the attached subnet of the destination's zone, else by the first.
    fn hops(
        &self,
        grounds: &Grounds,
        table_id: &TransitTableId,
        table: &BTreeMap<IpNet, Option<&AttachmentId>>,
        prefix: IpNet,
        target: Option<&AttachmentId>,
    ) -> Result<Vec<(IpNet, Hop)>, LayoutError> {
        let family = Family::of_net(&prefix);
        let by = |link| Hop::Gateway(next_hop(family), link);
        let Some(target) = target else {
            return Ok(vec![(prefix, Hop::Blackhole)]);
        };
        let side = self.sides.get(target).ok_or_else(|| LayoutError::Unknown {
            what: "attachment",
            name: target.to_string(),
            by: format!("transit table {table_id} of {}", self.id),
        })?;
        Ok(match side {
            Side::Site(link) => vec![(prefix, by(*link))],
            Side::Vpc(vpc, links) => {
                let first = links.first().map_or(Hop::Blackhole, |one| by(one.link));
                let ranges = grounds.of(vpc).flat_map(|ground| {
                    let hop = of_zone(links, &ground.zone).map_or(first, by);
                    ground.ranges.iter().map(move |(range, _)| (*range, hop))
                });
                spread(table, prefix, ranges, first)
            }
        })
    }
}

fn resolve(
    routes: &[TransitRoute],
    name: impl Fn() -> String,
) -> Result<BTreeMap<IpNet, Option<&AttachmentId>>, LayoutError> {
    strongest(routes.iter().map(|route| {
        let standing = if route.propagated {
            Standing::Propagated
        } else {
            Standing::Static
        };
        (route.destination, standing, route.attachment.as_ref())
    }))
    .map_err(|destination| LayoutError::Ambiguous {
        table: name(),
        destination,
    })
}

/// A site with one way out takes it for everything, and the transit gateway's table decides; one with several takes
/// each for what its table offers.
fn site_routes(
    plan: &mut Plan,
    site: &SiteId,
    router: usize,
    legs: &[SiteLeg<'_>],
) -> Result<(), LayoutError> {
    if let [only] = legs {
        for family in Family::BOTH {
            let hop = Hop::Gateway(next_hop(family), only.link);
            plan.route(router, MAIN_TABLE, default_net(family), hop);
        }
        return Ok(());
    }
    for leg in legs {
        let table = resolve(leg.table.unwrap_or_default(), || format!("site {site}"))?;
        for (prefix, target) in table {
            if target.is_some() {
                let hop = Hop::Gateway(next_hop(Family::of_net(&prefix)), leg.link);
                plan.route(router, MAIN_TABLE, prefix, hop);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where packets of a zone go that have a leg in zone `a` alone.
    fn check(transit: &str, zone: &str, wanted: Option<Hop>) {
        let only = ZoneLink {
            zone: "a".to_owned(),
            link: 7,
        };
        let legs = Legs {
            by_vpc: BTreeMap::from([(("hub".into(), "v".into()), vec![only])]),
            plain: PlainLinks::new(),
        };
        let hop = legs.hop((&transit.into(), &"v".into()), zone, Family::V4);
        assert_eq!(hop, wanted, "{transit} from zone {zone}");
    }

    #[test]
    fn a_zone_without_a_leg_has_no_way_to_the_transit_gateway() {
        check("hub", "a", Some(Hop::Gateway(next_hop(Family::V4), 7)));
        check("hub", "b", Some(Hop::Blackhole));
        check("hub", "", Some(Hop::Blackhole));
        check("none", "a", None);
    }
}

//! The upper half of the diagram: sites, VPCs, zones, subnets, hosts and the links between them.

use std::collections::{BTreeMap, BTreeSet};

use model::network::{AttachedTo, Place, SiteKind};
use model::{Host, HostId, Network, Role, SiteId, SubnetId, VpcId};

use super::svg::{Canvas, width_of};

const MARGIN: f64 = 28.0;
/// Height of a chip of two lines, and of one with a public address below.
const CHIP: f64 = 34.0;
const CHIP_PUBLIC: f64 = 46.0;
/// A longer name is set smaller, to stay within its chip.
const LONG_NAME: usize = 15;
const SITE_HEAD: f64 = 34.0;

/// Something that stands in a subnet or at a site.
struct Chip {
    name: String,
    address: String,
    public: Option<String>,
    colour: &'static str,
}

/// A rectangle and where its links end.
#[derive(Clone, Copy)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Area {
    fn middle(self) -> f64 {
        self.x + self.width / 2.0
    }

    fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// Draws the topology and returns its lower edge.
pub(super) fn draw(
    canvas: &mut Canvas,
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    top: f64,
) -> f64 {
    let outside: Vec<&SiteId> = of_kind(network, |kind| kind != SiteKind::Private);
    let inside: Vec<&SiteId> = of_kind(network, |kind| kind == SiteKind::Private);
    let (sites, below) = draw_sites(canvas, network, hosts, &outside, top);
    let (vpcs, below) = draw_vpcs(canvas, network, hosts, below + 46.0);
    let transit =
        (!network.transit_gateways.is_empty()).then(|| draw_transit(canvas, network, below + 34.0));
    let below = transit.map_or(below, Area::bottom);
    let (private, below) = draw_sites(
        canvas,
        network,
        hosts,
        &inside,
        below + if inside.is_empty() { 0.0 } else { 46.0 },
    );

    let internet = outside
        .iter()
        .position(|id| network.sites[*id].kind == SiteKind::Internet)
        .map(|at| sites[at]);
    if let Some(internet) = internet {
        link_internet(canvas, network, internet, &sites, &vpcs);
    }
    if let Some(transit) = transit {
        link_transit(canvas, network, transit, &vpcs, &private, &inside);
    }
    below
}

fn of_kind(network: &Network, wanted: impl Fn(SiteKind) -> bool) -> Vec<&SiteId> {
    network
        .sites
        .iter()
        .filter(|(_, site)| wanted(site.kind))
        .map(|(id, _)| id)
        .collect()
}

fn colour(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Bastion) => "#0b7285",
        Some(Role::PublicBalancer | Role::InternalBalancer) => "#1a7f4b",
        Some(Role::Product) => "#9a6700",
        Some(Role::Database) => "#c2571a",
        Some(Role::Resolver | Role::CustomerDns) => "#6b4fa0",
        Some(Role::Operator) => "#1f4e79",
        Some(Role::InternetClient | Role::InternetServer) => "#b3261e",
        _ => "#5c6b7a",
    }
}

/// A name without its environment or site.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn chips(network: &Network, hosts: &BTreeMap<HostId, Host>, place: &Place) -> Vec<Chip> {
    let mut chips: Vec<Chip> = network
        .interfaces
        .iter()
        .filter(|(_, interface)| &interface.place == place)
        .map(|(id, interface)| Chip {
            name: short(id.as_str()).to_owned(),
            address: interface
                .addresses
                .first()
                .map(ToString::to_string)
                .unwrap_or_default(),
            public: interface.public.map(|address| address.to_string()),
            colour: colour(hosts.get(&interface.host).map(|host| host.role)),
        })
        .collect();
    if let Place::Subnet(subnet) = place {
        chips.extend(
            network
                .nat_gateways
                .iter()
                .filter(|(_, nat)| &nat.subnet == subnet)
                .map(|(id, nat)| Chip {
                    name: short(id.as_str()).to_owned(),
                    address: nat.address.to_string(),
                    public: nat.public.map(|address| address.to_string()),
                    colour: "#1f4e79",
                }),
        );
    }
    chips
}

fn rows(count: usize, across: usize) -> f64 {
    f64::from(u16::try_from(count.div_ceil(across.max(1)).max(1)).unwrap_or(u16::MAX))
}

/// The height that chips side by side have, with the gap below.
fn row_height(chips: &[Chip]) -> f64 {
    let tall = chips.iter().any(|chip| chip.public.is_some());
    6.0 + if tall { CHIP_PUBLIC } else { CHIP }
}

fn draw_chips(canvas: &mut Canvas, chips: &[Chip], area: Area, across: usize) {
    let height = row_height(chips);
    let width = (area.width - 8.0) / f64::from(u16::try_from(across.max(1)).unwrap_or(1)) - 8.0;
    for (index, chip) in chips.iter().enumerate() {
        let at = |n: usize| f64::from(u16::try_from(n).unwrap_or(u16::MAX));
        let x = area.x + 8.0 + at(index % across) * (width + 8.0);
        let y = area.y + at(index / across) * height;
        canvas.rect(x, y, width, height - 6.0, 5.0, "chip");
        canvas.dot(x + 11.0, y + 12.0, chip.colour);
        let long = chip.name.chars().count() > LONG_NAME;
        let class = if long { "name tight" } else { "name small" };
        canvas.text(x + 20.0, y + 16.0, class, &chip.name);
        canvas.text(x + 20.0, y + 28.0, "mono", &chip.address);
        if let Some(public) = &chip.public {
            canvas.text(x + 20.0, y + 40.0, "mono out", public);
        }
    }
}

/// Sites side by side, each as wide as what stands there wants.
fn draw_sites(
    canvas: &mut Canvas,
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    sites: &[&SiteId],
    top: f64,
) -> (Vec<Area>, f64) {
    if sites.is_empty() {
        return (Vec::new(), top);
    }
    let room = canvas.width() - 2.0 * MARGIN;
    let gap = 26.0;
    let count = f64::from(u16::try_from(sites.len()).unwrap_or(1));
    let width = (room - gap * (count - 1.0)) / count;
    let mut areas = Vec::new();
    let mut below: f64 = top;
    for (index, id) in (0_u16..).zip(sites) {
        let standing = chips(network, hosts, &Place::Site((*id).clone()));
        let across = if width > 900.0 { 6 } else { 3 };
        let height = SITE_HEAD + rows(standing.len(), across) * row_height(&standing) + 4.0;
        let area = Area {
            x: MARGIN + f64::from(index) * (width + gap),
            y: top,
            width,
            height,
        };
        canvas.rect(area.x, area.y, area.width, area.height, 10.0, "site");
        canvas.text(area.x + 14.0, area.y + 22.0, "head", id.as_str());
        let prefixes: Vec<_> = network.sites[*id]
            .prefixes
            .iter()
            .map(ToString::to_string)
            .collect();
        canvas.text(
            area.x + area.width - 12.0,
            area.y + 22.0,
            "mono end",
            &prefixes.join("  "),
        );
        draw_chips(
            canvas,
            &standing,
            Area {
                y: area.y + SITE_HEAD,
                ..area
            },
            across,
        );
        below = below.max(area.bottom());
        areas.push(area);
    }
    (areas, below)
}

/// Subnets by tier and zone.
type Grid<'a> = BTreeMap<(String, String), &'a SubnetId>;

/// Subnets of a VPC by tier and zone. The tier is the part of the name before the zone's: `production/app-a` is `app`.
fn tiers<'a>(network: &'a Network, vpc: &VpcId) -> (Vec<String>, Vec<String>, Grid<'a>) {
    let mut grid = BTreeMap::new();
    let mut zones = BTreeSet::new();
    for (id, subnet) in network
        .subnets
        .iter()
        .filter(|(_, subnet)| &subnet.vpc == vpc)
    {
        let name = short(id.as_str());
        let tier = name
            .rsplit_once('-')
            .map_or(name, |(tier, _)| tier)
            .to_owned();
        zones.insert(subnet.zone.clone());
        grid.insert((tier, subnet.zone.clone()), id);
    }
    let mut names: Vec<String> = grid.keys().map(|(tier, _)| tier.clone()).collect();
    names.dedup();
    let order = ["public", "app", "data", "transit"];
    names.sort_by_key(|tier| {
        (
            order
                .iter()
                .position(|known| known == tier)
                .unwrap_or(order.len()),
            tier.clone(),
        )
    });
    names.dedup();
    (names, zones.into_iter().collect(), grid)
}

fn draw_vpcs(
    canvas: &mut Canvas,
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    top: f64,
) -> (BTreeMap<VpcId, Area>, f64) {
    let across = if network.vpcs.len() > 1 { 2 } else { 1 };
    let gap = 26.0;
    let room = canvas.width() - 2.0 * MARGIN;
    let width = if across == 2 {
        (room - gap) / 2.0
    } else {
        room
    };
    let mut areas = BTreeMap::new();
    let mut y = top;
    let ids: Vec<_> = network.vpcs.keys().collect();
    for pair in ids.chunks(across) {
        let mut below: f64 = y;
        for (index, vpc) in (0_u16..).zip(pair) {
            let x = MARGIN + f64::from(index) * (width + gap);
            let area = draw_vpc(
                canvas,
                network,
                hosts,
                vpc,
                Area {
                    x,
                    y,
                    width,
                    height: 0.0,
                },
            );
            below = below.max(area.bottom());
            areas.insert((*vpc).clone(), area);
        }
        y = below + 40.0;
    }
    (areas, y - 40.0)
}

fn draw_vpc(
    canvas: &mut Canvas,
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    id: &VpcId,
    at: Area,
) -> Area {
    let (tiers, zones, grid) = tiers(network, id);
    let count = f64::from(u16::try_from(zones.len().max(1)).unwrap_or(1));
    let zone_width = (at.width - 16.0) / count - 8.0;
    let across = if zone_width > 400.0 { 3 } else { 2 };
    let heights: Vec<f64> = tiers
        .iter()
        .map(|tier| {
            let subnets = zones
                .iter()
                .filter_map(|zone| grid.get(&(tier.clone(), zone.clone())));
            subnets
                .map(|subnet| chips(network, hosts, &Place::Subnet((*subnet).clone())))
                .filter(|chips| !chips.is_empty())
                .map(|chips| 28.0 + rows(chips.len(), across) * row_height(&chips))
                .fold(26.0, f64::max)
        })
        .collect();
    let zones_top = at.y + 44.0;
    let inner = heights.iter().map(|height| height + 8.0).sum::<f64>() + 30.0;
    let area = Area {
        height: 44.0 + inner + 12.0,
        ..at
    };
    canvas.rect(area.x, area.y, area.width, area.height, 10.0, "vpc");
    let region = network
        .vpcs
        .get(id)
        .map(|vpc| vpc.region.as_str())
        .unwrap_or_default();
    canvas.text(
        area.x + 16.0,
        area.y + 29.0,
        "head",
        &format!("{} · {region}", short(id.as_str())),
    );
    let ranges: Vec<_> = network
        .vpcs
        .get(id)
        .into_iter()
        .flat_map(|vpc| &vpc.cidrs)
        .map(ToString::to_string)
        .collect();
    canvas.text(
        area.x + area.width - 14.0,
        area.y + 29.0,
        "mono end",
        &ranges.join("  "),
    );
    for (index, zone) in (0_u16..).zip(&zones) {
        let x = area.x + 12.0 + f64::from(index) * (zone_width + 8.0);
        canvas.rect(x, zones_top, zone_width, inner, 8.0, "zone");
        canvas.text(x + 10.0, zones_top + 17.0, "soft", zone);
        let mut y = zones_top + 26.0;
        for (tier, height) in tiers.iter().zip(&heights) {
            if let Some(subnet) = grid.get(&(tier.clone(), zone.clone())) {
                let cell = Area {
                    x: x + 6.0,
                    y,
                    width: zone_width - 12.0,
                    height: *height,
                };
                draw_subnet(canvas, network, hosts, subnet, tier, cell, across);
            }
            y += height + 8.0;
        }
    }
    area
}

fn draw_subnet(
    canvas: &mut Canvas,
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    id: &SubnetId,
    tier: &str,
    cell: Area,
    across: usize,
) {
    let class = if ["public", "app", "data", "transit"].contains(&tier) {
        tier
    } else {
        "site"
    };
    canvas.rect(cell.x, cell.y, cell.width, cell.height, 6.0, class);
    canvas.text(cell.x + 9.0, cell.y + 17.0, "name small", tier);
    let ranges: Vec<_> = network
        .subnets
        .get(id)
        .into_iter()
        .flat_map(|subnet| &subnet.cidrs)
        .map(ToString::to_string)
        .collect();
    canvas.text(
        cell.x + cell.width - 8.0,
        cell.y + 17.0,
        "mono end",
        &ranges.join("  "),
    );
    let standing = chips(network, hosts, &Place::Subnet(id.clone()));
    draw_chips(
        canvas,
        &standing,
        Area {
            y: cell.y + 26.0,
            ..cell
        },
        across,
    );
}

fn draw_transit(canvas: &mut Canvas, network: &Network, top: f64) -> Area {
    let label = match network.transit_gateways.len() {
        1 => "transit gateway".to_owned(),
        _ => {
            let names = network.transit_gateways.keys().map(|id| short(id.as_str()));
            format!("transit gateways {}", names.collect::<Vec<_>>().join(", "))
        }
    };
    let width = width_of(&label) + 60.0;
    let area = Area {
        x: (canvas.width() - width) / 2.0,
        y: top,
        width,
        height: 30.0,
    };
    canvas.rect(area.x, area.y, area.width, area.height, 15.0, "transitbar");
    canvas.text(area.middle(), area.y + 20.0, "inv", &label);
    area
}

/// From the Internet to the sites on it, and to each VPC's Internet gateway.
fn link_internet(
    canvas: &mut Canvas,
    network: &Network,
    internet: Area,
    sites: &[Area],
    vpcs: &BTreeMap<VpcId, Area>,
) {
    for site in sites
        .iter()
        .filter(|site| (site.x - internet.x).abs() > 1.0)
    {
        let y = site.y + site.height.min(internet.height) / 2.0;
        let (left, right) = if site.x < internet.x {
            (site.x + site.width, internet.x)
        } else {
            (internet.x + internet.width, site.x)
        };
        canvas.path(&format!("M{left:.1} {y:.1} H{right:.1}"), "link");
    }
    for (id, area) in vpcs {
        let gateways = network
            .internet_gateways
            .values()
            .filter(|gateway| &gateway.vpc == id)
            .count();
        if gateways == 0 {
            continue;
        }
        let x = area.middle();
        let start = internet.bottom();
        let from = x.clamp(internet.x + 30.0, internet.x + internet.width - 30.0);
        let half = start + 20.0;
        canvas.path(
            &format!("M{from:.1} {start:.1} V{half:.1} H{x:.1} V{:.1}", area.y),
            "link",
        );
        canvas.rect(x - 62.0, area.y - 11.0, 124.0, 22.0, 11.0, "badge");
        canvas.text(x, area.y + 4.0, "inv", "Internet gateway");
    }
}

/// From the transit gateway to what is attached to it.
fn link_transit(
    canvas: &mut Canvas,
    network: &Network,
    transit: Area,
    vpcs: &BTreeMap<VpcId, Area>,
    private: &[Area],
    sites: &[&SiteId],
) {
    for attachment in network
        .transit_gateways
        .values()
        .flat_map(|gateway| gateway.attachments.values())
    {
        match &attachment.to {
            AttachedTo::Vpc { vpc, .. } => {
                let Some(area) = vpcs.get(vpc) else { continue };
                let x = area.middle();
                let y = transit.y + transit.height / 2.0;
                let edge = if x < transit.middle() {
                    transit.x
                } else {
                    transit.x + transit.width
                };
                canvas.path(
                    &format!("M{x:.1} {:.1} V{y:.1} H{edge:.1}", area.bottom()),
                    "link",
                );
            }
            AttachedTo::Site(site) => {
                let Some(area) = sites
                    .iter()
                    .position(|id| *id == site)
                    .and_then(|at| private.get(at))
                else {
                    continue;
                };
                let x = transit.middle();
                canvas.path(
                    &format!("M{x:.1} {:.1} V{:.1}", transit.bottom(), area.y),
                    "tunnel",
                );
                canvas.text(
                    x + 10.0,
                    f64::midpoint(transit.bottom(), area.y) + 4.0,
                    "soft",
                    "the link to the data centre",
                );
            }
        }
    }
}

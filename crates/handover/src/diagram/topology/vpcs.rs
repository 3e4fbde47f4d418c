//! VPCs: their zones side by side, in each a subnet for every tier.

use std::collections::{BTreeMap, BTreeSet};

use model::network::{AttachedTo, Place};
use model::{Host, HostId, Network, SubnetId, VpcId};

use super::chips::{chips, draw_chips, row_height, rows};
use super::{Area, MARGIN, short};
use crate::diagram::svg::{Canvas, fit, width_of};

/// As many zones stand side by side in half the drawing's width; with more, a VPC has the whole of it.
const ZONES_OF_HALF: usize = 2;

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

/// Draws the VPCs, two side by side where their zones leave room for it, and returns where each stands and the lower edge.
pub(super) fn draw_vpcs(
    canvas: &mut Canvas,
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    top: f64,
) -> (BTreeMap<VpcId, Area>, f64) {
    let (inner, outer): (Vec<_>, Vec<_>) =
        network.vpcs.keys().partition(|vpc| attached(network, vpc));
    let widest = network
        .vpcs
        .keys()
        .map(|vpc| tiers(network, vpc).1.len())
        .max();
    let narrow = widest.is_none_or(|zones| zones <= ZONES_OF_HALF);
    let across = if network.vpcs.len() > 1 && narrow {
        2
    } else {
        1
    };
    let gap = 26.0;
    let room = canvas.width() - 2.0 * MARGIN;
    let width = if across == 2 {
        (room - gap) / 2.0
    } else {
        room
    };
    let mut areas = BTreeMap::new();
    let mut y = top;
    // What no transit gateway joins stands above what one does.
    for pair in outer.chunks(across).chain(inner.chunks(across)) {
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

fn attached(network: &Network, id: &VpcId) -> bool {
    let mut attachments = network
        .transit_gateways
        .values()
        .flat_map(|gateway| gateway.attachments.values());
    attachments.any(|attachment| matches!(&attachment.to, AttachedTo::Vpc { vpc, .. } if vpc == id))
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
    let across = match zone_width {
        wide if wide > 560.0 => 4,
        middling if middling > 400.0 => 3,
        _ => 2,
    };
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
    draw_head(canvas, network, id, area);
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

/// A VPC's frame, its name and its ranges.
fn draw_head(canvas: &mut Canvas, network: &Network, id: &VpcId, area: Area) {
    canvas.rect(area.x, area.y, area.width, area.height, 10.0, "vpc");
    let region = network
        .vpcs
        .get(id)
        .map(|vpc| vpc.region.as_str())
        .unwrap_or_default();
    let head = format!("{} · {region}", short(id.as_str()));
    canvas.text(area.x + 16.0, area.y + 29.0, "head", &head);
    let after = area.x + 34.0 + width_of(&head) * 1.38;
    let ranges: Vec<_> = network
        .vpcs
        .get(id)
        .into_iter()
        .flat_map(|vpc| &vpc.cidrs)
        .map(ToString::to_string)
        .collect();
    let ranges = ranges.join("  ");
    let before = area.x + area.width - 26.0 - width_of(&ranges);
    let peered = fit(&peered(network, id), (before - after).max(0.0), 5.9);
    canvas.text(after, area.y + 29.0, "soft", &peered);
    canvas.text(
        area.x + area.width - 14.0,
        area.y + 29.0,
        "mono end",
        &ranges,
    );
}

/// The VPCs that a VPC is peered with, in words.
fn peered(network: &Network, id: &VpcId) -> String {
    let others: BTreeSet<&str> = network
        .peerings
        .values()
        .filter(|peering| peering.vpcs.contains(id))
        .flat_map(|peering| &peering.vpcs)
        .filter(|other| *other != id)
        .map(|other| short(other.as_str()))
        .collect();
    if others.is_empty() {
        return String::new();
    }
    let others: Vec<_> = others.into_iter().collect();
    format!("peered with {}", others.join(", "))
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

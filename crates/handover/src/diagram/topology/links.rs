//! Links: the Internet to gateways and sites, and the transit gateway to what is attached to it.

use std::collections::BTreeMap;

use model::network::AttachedTo;
use model::{Network, SiteId, VpcId};

use super::{Area, short};
use crate::diagram::svg::{Canvas, width_of};

/// Lanes of the gap between the columns of VPCs, from its middle: for links of VPCs that are not in the row next to what
/// they are linked to, and for peerings, of which more than four share them.
const INTERNET_LANE: f64 = 9.0;
const TRANSIT_LANE: f64 = -9.0;
const PEERING_LANES: [f64; 4] = [-4.5, -1.5, 1.5, 4.5];
/// How far below a VPC's upper edge its peerings leave it.
const UNDER_HEAD: f64 = 38.0;
/// How far above or below its VPC a link turns into the gap.
const TURN: f64 = 18.0;

/// Draws the transit gateway and returns where it stands.
pub(super) fn draw_transit(canvas: &mut Canvas, network: &Network, top: f64) -> Area {
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
pub(super) fn link_internet(
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
    let first = vpcs
        .values()
        .map(|area| area.y)
        .fold(f64::INFINITY, f64::min);
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
        let around = if area.y > first {
            let gap = canvas.width() / 2.0 + INTERNET_LANE;
            format!("H{gap:.1} V{:.1} ", area.y - TURN)
        } else {
            String::new()
        };
        canvas.path(
            &format!(
                "M{from:.1} {start:.1} V{half:.1} {around}H{x:.1} V{:.1}",
                area.y
            ),
            "link",
        );
        canvas.rect(x - 62.0, area.y - 11.0, 124.0, 22.0, 11.0, "badge");
        canvas.text(x, area.y + 4.0, "inv", "Internet gateway");
    }
}

/// From VPC to VPC where two are peered, along the gap between the columns of VPCs; their names are in the VPCs' heads.
pub(super) fn link_peerings(canvas: &mut Canvas, network: &Network, vpcs: &BTreeMap<VpcId, Area>) {
    let middle = canvas.width() / 2.0;
    for (index, peering) in (0_usize..).zip(network.peerings.values()) {
        let [Some(one), Some(other)] = peering.vpcs.each_ref().map(|vpc| vpcs.get(vpc)) else {
            continue;
        };
        let lane = PEERING_LANES[index % PEERING_LANES.len()];
        let edge = |area: &Area| {
            if area.middle() < middle {
                area.x + area.width
            } else {
                area.x
            }
        };
        let below = |area: &Area| area.y + UNDER_HEAD + lane;
        canvas.path(
            &format!(
                "M{:.1} {:.1} H{:.1} V{:.1} H{:.1}",
                edge(one),
                below(one),
                middle + lane,
                below(other),
                edge(other)
            ),
            "peering",
        );
    }
}

/// From the transit gateway to what is attached to it.
pub(super) fn link_transit(
    canvas: &mut Canvas,
    network: &Network,
    transit: Area,
    vpcs: &BTreeMap<VpcId, Area>,
    private: &[Area],
    sites: &[&SiteId],
) {
    let last = vpcs.values().map(|area| area.y).fold(0.0, f64::max);
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
                let bottom = area.bottom();
                let way = if area.y < last {
                    let gap = canvas.width() / 2.0 + TRANSIT_LANE;
                    format!("V{:.1} H{gap:.1} V{:.1}", bottom + TURN, transit.y)
                } else {
                    format!("V{y:.1} H{edge:.1}")
                };
                canvas.path(&format!("M{x:.1} {bottom:.1} {way}"), "link");
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

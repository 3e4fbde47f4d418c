//! Links: the Internet to gateways and sites, and the transit gateway to what is attached to it.

use std::collections::BTreeMap;

use model::network::AttachedTo;
use model::{Network, VpcId};

use super::{Area, short};
use crate::diagram::svg::{Canvas, width_of};

/// Lanes between the VPCs of two columns, from the middle: for links of VPCs that are not in the row next to what they
/// are linked to, and for peerings, of which more than four share them.
const INTERNET_LANE: f64 = 9.0;
const TRANSIT_LANE: f64 = -9.0;
const PEERING_LANES: [f64; 4] = [-4.5, -1.5, 1.5, 4.5];
/// Where they are where VPCs stand in one column: in the drawing's margins, the left one and the right one.
const LEFT_MARGIN: f64 = 9.0;
const RIGHT_MARGIN: f64 = 14.0;
const PEERINGS_MARGIN: f64 = 20.0;
/// How far below a VPC's upper edge its peerings leave it.
const UNDER_HEAD: f64 = 38.0;
/// How far above or below its VPC a link turns into the gap.
const TURN: f64 = 18.0;

/// Where links run past VPCs.
struct Lanes {
    internet: f64,
    transit: f64,
    peerings: f64,
}

impl Lanes {
    fn of(canvas: &Canvas, vpcs: &BTreeMap<VpcId, Area>) -> Self {
        let middle = canvas.width() / 2.0;
        let one_column = vpcs.values().all(|area| area.width > middle);
        if one_column {
            Self {
                internet: LEFT_MARGIN,
                transit: canvas.width() - RIGHT_MARGIN,
                peerings: PEERINGS_MARGIN,
            }
        } else {
            Self {
                internet: middle + INTERNET_LANE,
                transit: middle + TRANSIT_LANE,
                peerings: middle,
            }
        }
    }
}

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
    let lanes = Lanes::of(canvas, vpcs);
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
            format!("H{:.1} V{:.1} ", lanes.internet, area.y - TURN)
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
    let lanes = Lanes::of(canvas, vpcs);
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
                lanes.peerings + lane,
                below(other),
                edge(other)
            ),
            "peering",
        );
    }
}

/// From the transit gateway to the VPCs that are attached to it.
pub(super) fn link_transit(
    canvas: &mut Canvas,
    network: &Network,
    transit: Area,
    vpcs: &BTreeMap<VpcId, Area>,
) {
    let lanes = Lanes::of(canvas, vpcs);
    let last = vpcs.values().map(|area| area.y).fold(0.0, f64::max);
    for attachment in network
        .transit_gateways
        .values()
        .flat_map(|gateway| gateway.attachments.values())
    {
        let AttachedTo::Vpc { vpc, .. } = &attachment.to else {
            continue;
        };
        let Some(area) = vpcs.get(vpc) else { continue };
        let (x, bottom) = (area.middle(), area.bottom());
        let y = transit.y + transit.height / 2.0;
        let far = if area.y < last { lanes.transit } else { x };
        // Straight down onto the gateway where that is below, else from its side.
        let end = if far < transit.x {
            format!("V{y:.1} H{:.1}", transit.x)
        } else if far > transit.x + transit.width {
            format!("V{y:.1} H{:.1}", transit.x + transit.width)
        } else {
            format!("V{:.1}", transit.y)
        };
        let around = if area.y < last {
            format!("V{:.1} H{far:.1} ", bottom + TURN)
        } else {
            String::new()
        };
        canvas.path(&format!("M{x:.1} {bottom:.1} {around}{end}"), "link");
    }
}

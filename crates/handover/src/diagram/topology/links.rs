//! Links: the Internet to gateways and sites, and the transit gateway to what is attached to it.

use std::collections::BTreeMap;

use model::network::AttachedTo;
use model::{Network, SiteId, VpcId};

use super::{Area, short};
use crate::diagram::svg::{Canvas, width_of};

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
pub(super) fn link_transit(
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

//! Sites outside AWS.

use std::collections::BTreeMap;

use model::network::Place;
use model::{Host, HostId, Network, SiteId};

use super::chips::{chips, draw_chips, row_height, rows};
use super::{Area, MARGIN};
use crate::diagram::svg::{Canvas, fitting, width_of};

/// Height of a site's name and prefixes.
const SITE_HEAD: f64 = 34.0;

/// Sites side by side, each as wide as what stands there wants.
pub(super) fn draw_sites(
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
            &fitting(
                &prefixes,
                "  ",
                width - 60.0 - width_of(id.as_str()) * 1.4,
                6.35,
            ),
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

//! The upper half of the diagram: sites, VPCs, zones, subnets, hosts and the links between them.

mod chips;
mod legend;
mod line;
mod links;
mod sites;
mod vpcs;

use model::network::{AttachedTo, SiteKind};
use model::{Network, SiteId};

use super::Scene;
use super::svg::Canvas;
use links::{draw_transit, link_internet, link_peerings, link_transit};
use sites::draw_sites;
use vpcs::draw_vpcs;

/// Room at the left and the right edge.
const MARGIN: f64 = 28.0;

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
pub(super) fn draw(canvas: &mut Canvas, scene: &Scene<'_>, top: f64) -> f64 {
    let Scene { network, hosts, .. } = *scene;
    legend::draw(canvas, network, hosts, top - 22.0);
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
        below
            + match transit {
                Some(_) if !inside.is_empty() => line::HEIGHT,
                _ => 0.0,
            },
    );

    let internet = outside
        .iter()
        .position(|id| network.sites[*id].kind == SiteKind::Internet)
        .map(|at| sites[at]);
    if let Some(internet) = internet {
        link_internet(canvas, network, internet, &sites, &vpcs);
    }
    link_peerings(canvas, network, &vpcs);
    if let Some(transit) = transit {
        link_transit(canvas, network, transit, &vpcs);
        for site in joined(network, &inside, &private) {
            line::draw(canvas, scene.estate, scene.vpns, transit, site);
        }
    }
    below
}

/// Where the sites stand that a transit gateway joins.
fn joined(network: &Network, sites: &[&SiteId], areas: &[Area]) -> Vec<Area> {
    let attached = |site: &SiteId| {
        let mut attachments = network
            .transit_gateways
            .values()
            .flat_map(|gateway| gateway.attachments.values());
        attachments.any(|attachment| attachment.to == AttachedTo::Site(site.clone()))
    };
    sites
        .iter()
        .zip(areas)
        .filter(|(site, _)| attached(site))
        .map(|(_, area)| *area)
        .collect()
}

fn of_kind(network: &Network, wanted: impl Fn(SiteKind) -> bool) -> Vec<&SiteId> {
    network
        .sites
        .iter()
        .filter(|(_, site)| wanted(site.kind))
        .map(|(id, _)| id)
        .collect()
}

/// A name without its environment or site.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

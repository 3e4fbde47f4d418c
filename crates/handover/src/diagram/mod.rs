//! The diagram of an estate: where everything stands, and what may talk to what.

mod flows;
mod routing;
mod style;
mod svg;
mod topology;
mod wiring;

use std::collections::BTreeMap;

use model::estate::Estate;
use model::vpn::VpnConnection;
use model::{Host, HostId, Network};

use svg::Canvas;

/// Width of the drawing in its own units; it scales to any page.
const WIDTH: f64 = 1360.0;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The estate, for its name and its line to the data centre.
    pub estate: &'a Estate,
    /// Its network.
    pub network: &'a Network,
    /// Its hosts.
    pub hosts: &'a BTreeMap<HostId, Host>,
    /// Its VPN connections.
    pub vpns: &'a [VpnConnection],
}

/// Draws an estate as one self-contained `<svg>` element: sites, zones, subnets, hosts and links above, and below for
/// each environment which group may open which port of which other. The same input gives the same bytes.
///
/// Flows are read from the security groups, so that the drawing shows what the network allows and not what somebody
/// meant to allow. It follows its viewer to dark, and is printed light.
pub fn diagram(scene: &Scene<'_>) -> String {
    let Scene {
        estate,
        network,
        hosts,
        ..
    } = *scene;
    let mut canvas = Canvas::new(WIDTH);
    let title = format!("{} ({})", estate.customer, estate.name);
    canvas.text(28.0, 40.0, "title", &svg::fit(&title, 600.0, 12.5));
    let below = topology::draw(&mut canvas, scene, 62.0);
    let below = wiring::draw(&mut canvas, &flows::maps(network, hosts), below + 34.0);
    canvas.finish(below + 20.0)
}

//! The diagram of an estate: where everything stands, and what may talk to what.

mod flows;
mod routing;
mod svg;
mod topology;
mod wiring;

use std::collections::BTreeMap;

use model::{Host, HostId, Network};

use svg::Canvas;

/// Width of the drawing in its own units; it scales to any page.
const WIDTH: f64 = 1360.0;

/// Draws an estate as one self-contained `<svg>` element: sites, zones, subnets, hosts and links above, and below for
/// each environment which group may open which port of which other. The same input gives the same bytes.
///
/// Flows are read from the security groups, so that the drawing shows what the network allows and not what somebody
/// meant to allow.
pub fn diagram(title: &str, network: &Network, hosts: &BTreeMap<HostId, Host>) -> String {
    let mut canvas = Canvas::new(WIDTH);
    canvas.text(28.0, 40.0, "title", title);
    let below = topology::draw(&mut canvas, network, hosts, 62.0);
    let below = wiring::draw(&mut canvas, &flows::maps(network, hosts), below + 34.0);
    canvas.finish(below + 20.0)
}

//! The line to the data centre: the customer's routers with their tunnels, or Direct Connect.

use model::estate::{DirectConnect, Estate, Link};
use model::vpn::{Tunnel, VpnConnection, VpnRouting};

use super::Area;
use crate::diagram::svg::{Canvas, fit};

/// A box of the line: the customer's router, or the provider's connection.
const BOX: (f64, f64) = (296.0, 50.0);
/// Between the transit gateway and the boxes, where tunnels are named, and between the boxes and the site.
const ABOVE: f64 = 64.0;
const BELOW: f64 = 20.0;
/// From the middle of one router to that of the next: their tunnels' names stand in between.
const APART: f64 = 660.0;
/// Between the middle of a box and either of its two tunnels.
const TUNNEL: f64 = 14.0;

/// One box and what is drawn above it.
struct End<'a> {
    words: [String; 3],
    tunnels: &'a [Tunnel],
}

/// The room that the line needs below the transit gateway.
pub(super) const HEIGHT: f64 = ABOVE + BOX.1 + BELOW;

/// Draws the line from the transit gateway to a site below it.
pub(super) fn draw(
    canvas: &mut Canvas,
    estate: &Estate,
    vpns: &[VpnConnection],
    transit: Area,
    site: Area,
) {
    let direct = estate
        .data_centre
        .as_ref()
        .and_then(|centre| match &centre.link {
            Link::DirectConnect(direct) => Some(direct),
            Link::Vpn(_) => None,
        });
    let ends: Vec<End<'_>> = match direct {
        Some(direct) => vec![of_direct_connect(direct)],
        None => vpns.iter().map(of_vpn).collect(),
    };
    let half = f64::from(u16::try_from(ends.len().saturating_sub(1)).unwrap_or(u16::MAX)) / 2.0;
    let apart = APART.min((canvas.width() - 680.0) / (2.0 * half).max(1.0));
    for (index, end) in (0_u16..).zip(&ends) {
        let offset = f64::from(index) - half;
        let at = Area {
            x: transit.middle() + offset * apart - BOX.0 / 2.0,
            y: transit.bottom() + ABOVE,
            width: BOX.0,
            height: BOX.1,
        };
        if end.tunnels.is_empty() {
            let (x, top) = (at.middle(), transit.bottom());
            canvas.path(&format!("M{x:.1} {top:.1} V{:.1}", at.y), "line");
        }
        draw_tunnels(canvas, end.tunnels, transit, at, offset);
        let (x, bottom) = (at.middle(), at.bottom());
        canvas.path(&format!("M{x:.1} {bottom:.1} V{:.1}", site.y), "link");
        canvas.rect(at.x, at.y, at.width, at.height, 6.0, "router");
        let room = at.width - 24.0;
        let [name, address, routing] = &end.words;
        canvas.text(at.x + 12.0, at.y + 16.0, "name", &fit(name, room, 7.0));
        canvas.text(at.x + 12.0, at.y + 30.0, "mono", &fit(address, room, 6.35));
        canvas.text(at.x + 12.0, at.y + 43.0, "soft", &fit(routing, room, 5.9));
    }
}

/// Both tunnels of a connection, the names beside them. A router that stands aside is reached around the corner: the
/// tunnel that ends farther out turns first, so that they do not cross.
fn draw_tunnels(canvas: &mut Canvas, tunnels: &[Tunnel], transit: Area, at: Area, offset: f64) {
    let outward = if offset < 0.0 { -1.0 } else { 1.0 };
    for (number, tunnel) in (1_u8..).zip(tunnels) {
        let side = if number == 1 { -1.0 } else { 1.0 };
        let x = at.middle() + side * TUNNEL;
        let top = transit.bottom();
        let way = if offset == 0.0 {
            format!("M{x:.1} {top:.1} V{:.1}", at.y)
        } else {
            let outer = if (side - outward).abs() < 0.5 {
                1.0
            } else {
                0.0
            };
            let from = transit.middle() + outward * (16.0 + 24.0 * outer);
            let turn = top + 24.0 - 12.0 * outer;
            format!("M{from:.1} {top:.1} V{turn:.1} H{x:.1} V{:.1}", at.y)
        };
        canvas.path(&way, "tunnel");
        let (beside, soft, mono) = if number == 1 {
            (x - 10.0, "soft end", "mono end")
        } else {
            (x + 10.0, "soft", "mono")
        };
        let told = format!("IPsec tunnel {number} from {}", tunnel.outside);
        canvas.text(beside, at.y - 22.0, soft, &told);
        canvas.text(beside, at.y - 8.0, mono, &tunnel.inside.to_string());
    }
}

fn of_vpn(vpn: &VpnConnection) -> End<'_> {
    let gateway = &vpn.gateway;
    let routing = match vpn.routing {
        VpnRouting::Bgp {
            customer_asn,
            amazon_asn,
        } => format!("BGP, AS {customer_asn} with AS {amazon_asn} of AWS"),
        VpnRouting::Static => "static routes at both ends".to_owned(),
    };
    End {
        words: [
            format!("{} {} {}", gateway.vendor, gateway.model, gateway.software),
            format!("{} · {}", vpn.id, gateway.address),
            routing,
        ],
        tunnels: &vpn.tunnels,
    }
}

fn of_direct_connect(direct: &DirectConnect) -> End<'static> {
    let lines = match direct.connections {
        1 => "one connection".to_owned(),
        many => format!("{many} connections"),
    };
    End {
        words: [
            format!("Direct Connect, {lines}"),
            format!("{} at {}", direct.provider, direct.location),
            format!(
                "{}, VLAN {}, BGP with AS {}",
                direct.bandwidth, direct.vlan, direct.asn
            ),
        ],
        tunnels: &[],
    }
}

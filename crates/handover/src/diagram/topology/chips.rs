//! Chips: what stands in a subnet or at a site, each with its name and addresses.

use std::collections::BTreeMap;

use model::network::Place;
use model::{Host, HostId, Network, Role};

use super::{Area, short};
use crate::diagram::svg::Canvas;

/// Height of a chip of two lines, and of one with a public address below.
const CHIP: f64 = 34.0;
const CHIP_PUBLIC: f64 = 46.0;
/// A longer name is set smaller, to stay within its chip.
const LONG_NAME: usize = 15;

/// Something that stands in a subnet or at a site.
pub(super) struct Chip {
    name: String,
    address: String,
    public: Option<String>,
    colour: &'static str,
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

/// What stands at a place.
pub(super) fn chips(network: &Network, hosts: &BTreeMap<HostId, Host>, place: &Place) -> Vec<Chip> {
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

/// How many rows some chips make, at least one.
pub(super) fn rows(count: usize, across: usize) -> f64 {
    f64::from(u16::try_from(count.div_ceil(across.max(1)).max(1)).unwrap_or(u16::MAX))
}

/// The height that chips side by side have, with the gap below.
pub(super) fn row_height(chips: &[Chip]) -> f64 {
    let tall = chips.iter().any(|chip| chip.public.is_some());
    6.0 + if tall { CHIP_PUBLIC } else { CHIP }
}

/// Draws chips in rows from the top of an area.
pub(super) fn draw_chips(canvas: &mut Canvas, chips: &[Chip], area: Area, across: usize) {
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

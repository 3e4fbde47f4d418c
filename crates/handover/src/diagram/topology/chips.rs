//! Chips: what stands in a subnet or at a site, each with its name and addresses.

use std::collections::BTreeMap;

use model::network::Place;
use model::{Host, HostId, Network, Role};

use super::{Area, short};
use crate::diagram::style::Hue;
use crate::diagram::svg::{Canvas, fit};

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
    hue: Hue,
}

/// The colour of a role.
pub(super) fn hue(role: Option<Role>) -> Hue {
    match role {
        Some(Role::Bastion) => Hue::Bastion,
        Some(Role::PublicBalancer | Role::InternalBalancer) => Hue::Balancer,
        Some(Role::Product) => Hue::Product,
        Some(Role::Database) => Hue::Database,
        Some(Role::Resolver | Role::CustomerDns) => Hue::Names,
        Some(Role::Operator) => Hue::Operator,
        Some(Role::InternetClient | Role::InternetServer) => Hue::Internet,
        _ => Hue::Other,
    }
}

/// A host's name where it stands: without its environment or site, unless another has the same name there.
fn name_at<'a>(id: &'a str, mut there: impl Iterator<Item = &'a str>) -> String {
    let name = short(id);
    if there.any(|other| other != id && short(other) == name) {
        id.replace('/', " ")
    } else {
        name.to_owned()
    }
}

/// What stands at a place.
pub(super) fn chips(network: &Network, hosts: &BTreeMap<HostId, Host>, place: &Place) -> Vec<Chip> {
    let there = || {
        network
            .interfaces
            .values()
            .filter(|interface| &interface.place == place)
    };
    let mut chips: Vec<Chip> = network
        .interfaces
        .iter()
        .filter(|(_, interface)| &interface.place == place)
        .map(|(_, interface)| Chip {
            name: name_at(
                interface.host.as_str(),
                there().map(|other| other.host.as_str()),
            ),
            address: interface
                .addresses
                .first()
                .map(ToString::to_string)
                .unwrap_or_default(),
            public: interface.public.map(|address| address.to_string()),
            hue: hue(hosts.get(&interface.host).map(|host| host.role)),
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
                    hue: Hue::Other,
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
        canvas.dot(x + 11.0, y + 12.0, chip.hue);
        let long = chip.name.chars().count() > LONG_NAME;
        let (class, letter) = if long {
            ("name tight", 5.7)
        } else {
            ("name small", 6.7)
        };
        let room = width - 22.0;
        canvas.text(x + 20.0, y + 16.0, class, &fit(&chip.name, room, letter));
        canvas.text(x + 20.0, y + 28.0, "mono", &fit(&chip.address, room, 6.35));
        if let Some(public) = &chip.public {
            canvas.text(x + 20.0, y + 40.0, "mono out", public);
        }
    }
}

//! What the dots' colours stand for: those that are drawn, and no others.

use std::collections::{BTreeMap, BTreeSet};

use model::{Host, HostId, Network};

use super::MARGIN;
use super::chips::hue;
use crate::diagram::style::Hue;
use crate::diagram::svg::{Canvas, width_of};

/// A dot with its room, and the room after its word.
const DOT: f64 = 10.0;
const AFTER: f64 = 14.0;

/// Draws the legend in one line that ends at the right edge.
pub(super) fn draw(
    canvas: &mut Canvas,
    network: &Network,
    hosts: &BTreeMap<HostId, Host>,
    line: f64,
) {
    let drawn: BTreeSet<Hue> = network
        .interfaces
        .values()
        .map(|interface| hue(hosts.get(&interface.host).map(|host| host.role)))
        .collect();
    let room = |word: &str| DOT + width_of(word) + AFTER;
    let whole: f64 = drawn.iter().map(|hue| room(word(*hue))).sum();
    let mut x = canvas.width() - MARGIN - whole + AFTER;
    for hue in drawn {
        canvas.dot(x, line - 4.0, hue);
        canvas.text(x + DOT, line, "soft", word(hue));
        x += room(word(hue));
    }
}

fn word(hue: Hue) -> &'static str {
    match hue {
        Hue::Operator => "operator",
        Hue::Internet => "Internet",
        Hue::DataCentre => "data centre",
        Hue::Bastion => "bastion",
        Hue::Balancer => "balancer",
        Hue::Product => "product",
        Hue::Database => "database",
        Hue::Names => "names",
        Hue::Other => "other",
    }
}

//! The lower half of the diagram: boxes with a line for each port, and arrows to the ports that they may open.

use std::collections::BTreeMap;

use super::flows::{Map, Node};
use super::routing::{self, Column, Trip};
use super::svg::{Canvas, fit, fitting};

/// Left edge and width of each column.
const COLUMNS: [(f64, f64); 5] = [
    (28.0, 190.0),
    (300.0, 200.0),
    (590.0, 210.0),
    (890.0, 200.0),
    (1150.0, 182.0),
];
const ROW: f64 = 19.0;
const HEAD: f64 = 40.0;
const GAP: f64 = 22.0;
/// Room above and below the tallest column for arrows that pass it.
const LANES: f64 = 18.0;

/// Where a box stands.
struct Placed<'a> {
    node: &'a Node,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Placed<'_> {
    /// The height of a port's line, or of the box's head where the port has none.
    fn port(&self, traffic: model::Traffic) -> f64 {
        let row = self.node.ports.keys().position(|known| *known == traffic);
        match row.and_then(|row| u16::try_from(row).ok()) {
            Some(row) => self.y + HEAD + ROW * f64::from(row) + ROW / 2.0,
            None => self.y + HEAD / 2.0,
        }
    }
}

/// Draws every map below the one before and returns the lower edge.
pub(super) fn draw(canvas: &mut Canvas, maps: &[Map], top: f64) -> f64 {
    let mut y = top;
    for map in maps {
        let alike = if map.environments.len() > 1 {
            ", alike in each"
        } else {
            ""
        };
        canvas.text(
            28.0,
            y,
            "head",
            &format!("Allowed flows of {}{alike}", map.environments.join(" and ")),
        );
        canvas.text(28.0, y + 17.0, "soft", "As the security groups have it: an arrow ends at the port that it may open. Everything else is closed.");
        y = draw_map(canvas, map, y + 34.0) + 44.0;
    }
    y - 30.0
}

fn draw_map(canvas: &mut Canvas, map: &Map, top: f64) -> f64 {
    let (placed, bottom) = place(map, top + LANES);
    let ends: Vec<_> = map
        .flows
        .iter()
        .filter_map(|flow| Some((flow, placed.get(&flow.from)?, placed.get(&flow.to)?)))
        .collect();
    let trips: Vec<_> = ends
        .iter()
        .map(|(flow, from, to)| Trip {
            from: from.node.column,
            start: from.y + HEAD / 2.0,
            to: to.node.column,
            end: to.port(flow.traffic),
        })
        .collect();
    let ways = routing::ways(&columns(&placed), &trips);
    for ((flow, from, to), way) in ends.iter().zip(ways) {
        let what = format!("{} → {}: {}", from.node.title, to.node.title, flow.traffic);
        canvas.flow(&way, from.node.hue, &what);
    }
    for item in placed.values() {
        draw_box(canvas, item);
    }
    bottom + LANES
}

/// What stands in the arrows' way.
fn columns(placed: &BTreeMap<&String, Placed<'_>>) -> Vec<Column> {
    (0..)
        .zip(COLUMNS)
        .map(|(at, (left, width))| {
            let mut boxes: Vec<_> = placed
                .values()
                .filter(|item| item.node.column == at)
                .map(|item| (item.y, item.y + item.height))
                .collect();
            boxes.sort_by(|one, other| one.0.total_cmp(&other.0));
            Column {
                left,
                right: left + width,
                boxes,
            }
        })
        .collect()
}

/// Stacks each column and centres it; within a column the nodes that are reached from further up come first.
fn place(map: &Map, top: f64) -> (BTreeMap<&String, Placed<'_>>, f64) {
    let height = |node: &Node| {
        HEAD + ROW * f64::from(u16::try_from(node.ports.len()).unwrap_or(u16::MAX)) + 4.0
    };
    let mut columns: Vec<Vec<(&String, &Node)>> = vec![Vec::new(); COLUMNS.len()];
    for (key, node) in &map.nodes {
        if let Some(column) = columns.get_mut(node.column) {
            column.push((key, node));
        }
    }
    for column in &mut columns {
        column.sort_by_key(|(_, node)| (rank(node), node.title.clone()));
    }
    let total = |column: &[(&String, &Node)]| {
        column
            .iter()
            .map(|(_, node)| height(node) + GAP)
            .sum::<f64>()
    };
    let tallest = columns
        .iter()
        .map(|column| total(column))
        .fold(0.0, f64::max);
    let mut placed = BTreeMap::new();
    for (column, (x, width)) in columns.iter().zip(COLUMNS) {
        let mut y = top + (tallest - total(column)) / 2.0;
        for (key, node) in column {
            let height = height(node);
            placed.insert(
                *key,
                Placed {
                    node,
                    x,
                    y,
                    width,
                    height,
                },
            );
            y += height + GAP;
        }
    }
    (placed, top + tallest - GAP)
}

/// From the top: operator and bastion, the Internet and its balancer, the data centre and its balancer.
fn rank(node: &Node) -> usize {
    match node.title.as_str() {
        title if title.contains("operator") || title.contains("bastion") => 0,
        title if title.contains("internet") || title.contains("public") => 1,
        _ => 2,
    }
}

fn draw_box(canvas: &mut Canvas, item: &Placed<'_>) {
    let Placed {
        node,
        x,
        y,
        width,
        height,
    } = *item;
    canvas.rect(x, y, width, height, 6.0, "node");
    canvas.dot(x + 12.0, y + 15.0, node.hue);
    canvas.text(
        x + 22.0,
        y + 19.0,
        "name",
        &fit(&node.title, width - 30.0, 7.0),
    );
    canvas.text(
        x + 22.0,
        y + 33.0,
        "soft",
        &fitting(&node.members, ", ", width - 28.0, 5.5),
    );
    for (row, (traffic, note)) in (0_u16..).zip(&node.ports) {
        let line = y + HEAD + ROW * f64::from(row);
        canvas.path(&format!("M{x:.1} {line:.1} h{width:.1}"), "row");
        canvas.text(x + 10.0, line + 13.5, "small", &traffic.to_string());
        if let Some(note) = note {
            canvas.text(x + width - 8.0, line + 13.5, "soft end", note);
        }
    }
}

//! The ways of arrows between columns of boxes: around what stands in between, each in a lane of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Room between a lane and the column's edges, where arrows bend.
const MARGIN: f64 = 10.0;
/// Room between lanes above or below a whole column, and between the first of them and the column.
const LANE: f64 = 6.0;
/// How far an arrow swings out that ends in the column it started from.
const SWING: f64 = 46.0;
/// An arrow ends just before its box, so that its head is seen whole.
const TIP: f64 = 1.5;

/// A column of boxes.
pub(super) struct Column {
    /// Left edge.
    pub(super) left: f64,
    /// Right edge.
    pub(super) right: f64,
    /// Upper and lower edges of its boxes, from the top.
    pub(super) boxes: Vec<(f64, f64)>,
}

/// An arrow to be drawn: from a height in one column to a height in another.
pub(super) struct Trip {
    pub(super) from: usize,
    pub(super) start: f64,
    pub(super) to: usize,
    pub(super) end: f64,
}

impl Trip {
    /// The columns that it has to pass. Where it goes back, it passes its target too, to arrive from the left.
    fn passes(&self) -> Vec<usize> {
        if self.from < self.to {
            (self.from + 1..self.to).collect()
        } else {
            (self.to..self.from).rev().collect()
        }
    }
}

/// Where in each column each arrow passes: by arrow and column.
type Lanes = BTreeMap<(usize, usize), f64>;

/// The ways of all arrows as SVG path data, in the order given.
pub(super) fn ways(columns: &[Column], trips: &[Trip]) -> Vec<String> {
    let lanes = lanes(columns, trips);
    (0..)
        .zip(trips)
        .filter_map(|(index, trip)| way(columns, &lanes, index, trip))
        .collect()
}

/// Gives each arrow a lane in each column that it passes: in the gap nearest to its straight line.
fn lanes(columns: &[Column], trips: &[Trip]) -> Lanes {
    let mut lanes = Lanes::new();
    for (at, column) in columns.iter().enumerate() {
        let mut gaps: BTreeMap<usize, Vec<(f64, usize)>> = BTreeMap::new();
        for (index, trip) in trips.iter().enumerate() {
            let passes = trip.passes();
            let Some(step) = passes.iter().position(|passed| *passed == at) else {
                continue;
            };
            let share = whole(step + 1) / whole(passes.len() + 1);
            let wish = trip.start + (trip.end - trip.start) * share;
            gaps.entry(nearest(column, wish))
                .or_default()
                .push((wish, index));
        }
        for (gap, mut wishes) in gaps {
            wishes.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
            for (height, (_, index)) in spread(column, gap, &wishes).into_iter().zip(&wishes) {
                lanes.insert((*index, at), height);
            }
        }
    }
    lanes
}

/// The gap of a column that is nearest to a height: 0 above the first box, 1 below it, and so on.
fn nearest(column: &Column, wish: f64) -> usize {
    let away = |gap: usize| {
        let above = gap.checked_sub(1).and_then(|over| column.boxes.get(over));
        let low = above.map_or(f64::NEG_INFINITY, |(_, bottom)| bottom + LANE);
        let high = column
            .boxes
            .get(gap)
            .map_or(f64::INFINITY, |(top, _)| top - LANE);
        (low - wish).max(wish - high).max(0.0)
    };
    (0..=column.boxes.len())
        .min_by(|one, other| away(*one).total_cmp(&away(*other)))
        .unwrap_or(0)
}

/// Heights for the arrows in one gap, in the order of their wishes. Between boxes they share the gap; above and below a
/// column they keep their wishes as far as they keep clear of the boxes and of each other.
fn spread(column: &Column, gap: usize, wishes: &[(f64, usize)]) -> Vec<f64> {
    let above = gap.checked_sub(1).and_then(|over| column.boxes.get(over));
    match (above, column.boxes.get(gap)) {
        (Some((_, low)), Some((high, _))) => (1..)
            .zip(wishes)
            .map(|(lane, _)| low + (high - low) * whole(lane) / whole(wishes.len() + 1))
            .collect(),
        (None, Some((high, _))) => {
            let mut limit = *high;
            let mut heights: Vec<f64> = wishes
                .iter()
                .rev()
                .map(|(wish, _)| {
                    limit = wish.min(limit - LANE);
                    limit
                })
                .collect();
            heights.reverse();
            heights
        }
        (Some((_, low)), None) => {
            let mut limit = *low;
            wishes
                .iter()
                .map(|(wish, _)| {
                    limit = wish.max(limit + LANE);
                    limit
                })
                .collect()
        }
        (None, None) => wishes.iter().map(|(wish, _)| *wish).collect(),
    }
}

/// One arrow's way; none where it names a column that is not there.
fn way(columns: &[Column], lanes: &Lanes, index: usize, trip: &Trip) -> Option<String> {
    let (from, to) = (columns.get(trip.from)?, columns.get(trip.to)?);
    let forward = trip.from < trip.to;
    let mut at = (if forward { from.right } else { from.left }, trip.start);
    let mut data = format!("M{:.1} {:.1}", at.0, at.1);
    for passed in trip.passes() {
        let column = columns.get(passed)?;
        let height = *lanes.get(&(index, passed))?;
        let (enter, leave) = if forward {
            (column.left - MARGIN, column.right + MARGIN)
        } else {
            (column.right + MARGIN, column.left - MARGIN)
        };
        bend(&mut data, at, (enter, height));
        // Writing to a String cannot fail.
        let _ = write!(data, " H{leave:.1}");
        at = (leave, height);
    }
    let end = (to.left - TIP, trip.end);
    if forward {
        bend(&mut data, at, end);
    } else {
        let out = at.0.min(end.0) - SWING;
        let _ = write!(
            data,
            " C{out:.1} {:.1} {out:.1} {:.1} {:.1} {:.1}",
            at.1, end.1, end.0, end.1
        );
    }
    Some(data)
}

/// A curve that leaves and arrives level.
fn bend(data: &mut String, from: (f64, f64), to: (f64, f64)) {
    let half = f64::midpoint(from.0, to.0);
    let _ = write!(
        data,
        " C{half:.1} {:.1} {half:.1} {:.1} {:.1} {:.1}",
        from.1, to.1, to.0, to.1
    );
}

/// A count as a length; drawings have no 65,536 of anything.
fn whole(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let column = |left: f64, boxes: &[(f64, f64)]| Column {
            left,
            right: left + 200.0,
            boxes: boxes.to_vec(),
        };
        vec![
            column(0.0, &[(0.0, 50.0), (72.0, 120.0)]),
            column(300.0, &[(0.0, 90.0), (112.0, 300.0)]),
            column(600.0, &[]),
            column(900.0, &[(100.0, 150.0)]),
            column(1200.0, &[(0.0, 400.0)]),
        ]
    }

    /// Checks that no arrow crosses a box, and that no two share a lane.
    fn check(trips: &[(usize, f64, usize, f64)]) {
        let columns = columns();
        let trips: Vec<_> = trips
            .iter()
            .map(|&(from, start, to, end)| Trip {
                from,
                start,
                to,
                end,
            })
            .collect();
        let lanes = lanes(&columns, &trips);
        let mut taken: Vec<(usize, String)> = Vec::new();
        for ((_, at), height) in &lanes {
            for (top, bottom) in &columns[*at].boxes {
                assert!(
                    *height <= top - 2.0 || *height >= bottom + 2.0,
                    "column {at}: {height} crosses {top} to {bottom}"
                );
            }
            let lane = (*at, format!("{height:.1}"));
            assert!(!taken.contains(&lane), "{lane:?} is taken twice");
            taken.push(lane);
        }
        assert_eq!(ways(&columns, &trips).len(), trips.len());
    }

    #[test]
    fn arrows_pass_between_above_and_below_boxes() {
        check(&[(0, 25.0, 2, 50.0)]);
        check(&[(0, 25.0, 4, 390.0)]);
        check(&[
            (0, 25.0, 3, 110.0),
            (0, 90.0, 3, 120.0),
            (0, 95.0, 4, 130.0),
        ]);
        check(&[
            (0, 25.0, 3, -50.0),
            (0, 26.0, 3, -50.0),
            (0, 27.0, 3, -50.0),
        ]);
        check(&[(0, 25.0, 3, 900.0), (0, 26.0, 3, 900.0)]);
        check(&[(1, 25.0, 4, 125.0), (1, 125.0, 4, 125.5)]);
    }

    #[test]
    fn arrows_back_pass_their_target_and_arrive_from_the_left() {
        check(&[(4, 25.0, 0, 25.0), (3, 125.0, 1, 50.0), (3, 126.0, 1, 51.0)]);
        let way = ways(
            &columns(),
            &[Trip {
                from: 3,
                start: 120.0,
                to: 1,
                end: 200.0,
            }],
        );
        assert!(way[0].starts_with("M900.0 120.0"), "{way:?}");
        assert!(way[0].ends_with(" 298.5 200.0"), "{way:?}");
    }

    #[test]
    fn an_arrow_to_nowhere_is_not_drawn() {
        let trip = Trip {
            from: 0,
            start: 0.0,
            to: 9,
            end: 0.0,
        };
        assert!(ways(&columns(), &[trip]).is_empty());
        assert!(ways(&[], &[]).is_empty());
    }
}

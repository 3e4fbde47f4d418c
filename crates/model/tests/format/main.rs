//! The described format: first files, explanations, files that extend one another.

mod explain;
mod layers;
mod starter;

/// A day on which the example's waiver counts.
pub(crate) const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 20);

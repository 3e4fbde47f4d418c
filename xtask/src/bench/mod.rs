//! Measurements, side by side with a peer in one run. Absolute times are a machine's; the ratios are what counts.

mod acme;
mod build;
mod twin;

use clap::ValueEnum;

use crate::shell::Failure;

/// What can be measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Name {
    /// 100 hosts with groups up and down, beside Mininet's 100 hosts without filters.
    Twin,
    /// Check, design and prove of examples/acme, and the whole rehearsal of it.
    Acme,
    /// A cold release build and its dearest dependencies.
    Build,
}

pub(crate) fn run(name: Name) -> Result<(), Failure> {
    match name {
        Name::Twin => twin::run_twin(),
        Name::Acme => acme::run_acme(),
        Name::Build => build::run_build(),
    }
}

/// The middle of some measurements, which one slow run does not move; none of no measurements.
pub(crate) fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

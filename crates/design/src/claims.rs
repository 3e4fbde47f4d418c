//! Required claims: what must be shown to hold before the estate is handed over.

use model::Claim;

use crate::plan::{EnvironmentPlan, Plan};

/// The claims of one environment.
pub(crate) fn of_environment(_plan: &EnvironmentPlan<'_>, _whole: &Plan<'_>) -> Vec<Claim> {
    Vec::new()
}

/// The claims of the whole estate.
pub(crate) fn of_account(_plan: &Plan<'_>) -> Vec<Claim> {
    Vec::new()
}

//! Required claims: what must be shown to hold before the estate is handed over.

mod border;
mod consoles;
mod database;
mod draft;
mod egress;
mod estate;
mod link;
mod mail;
mod names;
mod products;
mod servers;
mod ssh;
mod targets;
mod vantages;

use model::Claim;

use crate::plan::{EnvironmentPlan, Plan};
use vantages::Vantages;

/// The claims of one environment.
pub(crate) fn of_environment(plan: &EnvironmentPlan<'_>, whole: &Plan<'_>) -> Vec<Claim> {
    let vantages = Vantages::new(plan, whole);
    [
        ssh::claims(plan, whole, &vantages),
        border::claims(plan, &vantages),
        database::claims(plan, &vantages),
        consoles::claims(plan, &vantages),
        products::claims(plan, &vantages),
        targets::claims(plan),
        names::claims(plan, whole, &vantages),
        servers::claims(plan, whole),
        mail::claims(plan, whole),
        estate::of_environment(plan),
    ]
    .concat()
}

/// The claims of the whole estate.
pub(crate) fn of_account(plan: &Plan<'_>) -> Vec<Claim> {
    [estate::of_account(plan), mail::of_account(plan)].concat()
}

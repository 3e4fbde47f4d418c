//! What was agreed with the customer, in sentences: what people must know and no probe can ask.

use model::Estate;
use model::estate::{Payer, RecoveryChoice};
use serde::{Deserialize, Serialize};

/// One thing that was agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// What it is about.
    pub subject: String,
    /// What was agreed, or that nothing was.
    pub words: Vec<String>,
}

/// What an estate says was agreed.
pub fn agreed(estate: &Estate) -> Vec<Agreed> {
    let about = |subject: &str, words: Vec<String>| Agreed {
        subject: subject.to_owned(),
        words,
    };
    let payer = match estate.account.payer {
        Payer::Customer => format!("{} pays AWS", estate.customer),
        Payer::Operator => format!("{} pays AWS", estate.operator.name),
    };
    vec![
        about("Who pays", vec![payer]),
        about("Services", services(estate)),
        about("Availability", vec![availability(estate)]),
        about("Recovery", recovery(estate)),
        about("Change windows", windows(estate)),
    ]
}

fn services(estate: &Estate) -> Vec<String> {
    let managed = match estate.services.managed {
        true => "the managed cloud",
        false => "no managed cloud",
    };
    let support = estate.services.support.iter().map(kebab);
    let bought: Vec<_> = std::iter::once(managed.to_owned()).chain(support).collect();
    vec![format!("Bought: {}", bought.join(", "))]
}

fn availability(estate: &Estate) -> String {
    match &estate.availability {
        None => "No availability was promised".to_owned(),
        Some(promise) => {
            let outside = match promise.excludes.as_slice() {
                [] => String::new(),
                excludes => format!("; not counted: {}", excludes.join(", ")),
            };
            let period = kebab(&promise.period);
            format!("{} of each {period}{outside}", promise.percent)
        }
    }
}

fn recovery(estate: &Estate) -> Vec<String> {
    match &estate.recovery {
        RecoveryChoice::Unsaid => vec!["Nobody has said whether it is wanted".to_owned()],
        RecoveryChoice::Declined { by } => vec![format!(
            "Declined by {by}. Backups stay in the region, and are lost with it"
        )],
        RecoveryChoice::Wanted(wanted) => {
            let minutes = |minutes: Option<u32>| {
                minutes.map_or("not agreed".to_owned(), |count| format!("{count} minutes"))
            };
            vec![
                format!(
                    "In {}; {} declares a disaster, when {}",
                    wanted.region, wanted.declared_by, wanted.criterion
                ),
                format!(
                    "Recovery point {}, recovery time {}",
                    minutes(wanted.rpo_minutes),
                    minutes(wanted.rto_minutes)
                ),
            ]
        }
    }
}

fn windows(estate: &Estate) -> Vec<String> {
    let mut words: Vec<String> = estate
        .change_windows
        .iter()
        .map(|window| {
            let environments: Vec<_> = window.environments.iter().map(|id| id.as_str()).collect();
            let whose = match environments.as_slice() {
                [] => "every environment".to_owned(),
                named => named.join(", "),
            };
            let days: Vec<_> = window.days.iter().map(kebab).collect();
            let (from, zone) = (window.from.strftime("%H:%M"), &window.time_zone);
            format!(
                "{whose}: {} from {from} for {} minutes ({zone})",
                days.join(", "),
                window.minutes
            )
        })
        .collect();
    if words.is_empty() {
        words.push("None was agreed".to_owned());
    }
    words.extend(estate.freezes.iter().map(|freeze| {
        format!(
            "No change from {} until {}: {}",
            freeze.from, freeze.until, freeze.reason
        )
    }));
    words
}

/// A choice as the estate file spells it, with spaces.
fn kebab<T: Serialize>(choice: &T) -> String {
    serde_json::to_value(choice)
        .ok()
        .and_then(|value| value.as_str().map(|word| word.replace('-', " ")))
        .unwrap_or_default()
}

//! Who hears when something fails: receivers of alerts, and who is called when nobody answers.

use std::collections::BTreeSet;

use super::people::{known_person, valid_mail, valid_phone};
use crate::document::{Check, Report, quote, quote_key};
use crate::estate::{AlertKind, AlertReceiver, Estate, Side};

const ESCALATION_UNKNOWN: Check = Check::error(
    "escalation-unknown",
    "Somebody is to be called who is not among the people.",
);
const ESCALATION_ORDER: Check = Check::error(
    "escalation-order",
    "A later step of the escalation does not come later.",
);
const ESCALATION_PHONE: Check = Check::warning(
    "escalation-without-phone",
    "Somebody is to be called who has no telephone number.",
);
const ESCALATION_OPERATOR: Check = Check::warning(
    "escalation-without-operator",
    "Nobody of the operator's is called when an alert is not answered.",
);
const NO_RECEIVER: Check = Check::warning(
    "alerts-missing",
    "There is a production environment, and nobody hears of alerts.",
);
const UNREACHABLE: Check = Check::error(
    "alert-receiver-unreachable",
    "A receiver of alerts has neither a mail address nor a telephone number.",
);
const BAD_MAIL: Check = Check::error(
    "alert-mail",
    "A receiver's mail address is not one, so that alerts are lost.",
);
const REPEATED: Check = Check::warning(
    "alert-kind-repeated",
    "A receiver names a kind of alert twice.",
);
const UNHEARD: Check = Check::warning("alert-unheard", "Nobody hears of a kind of alert.");

pub(super) const CHECKS: &[Check] = &[
    ESCALATION_UNKNOWN,
    ESCALATION_ORDER,
    ESCALATION_PHONE,
    ESCALATION_OPERATOR,
    NO_RECEIVER,
    UNREACHABLE,
    BAD_MAIL,
    REPEATED,
    UNHEARD,
];

const KINDS: [AlertKind; 5] = [
    AlertKind::Outage,
    AlertKind::Capacity,
    AlertKind::Backup,
    AlertKind::Certificate,
    AlertKind::Security,
];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    escalation(estate, report);
    for (name, receiver) in &estate.alerts {
        one(receiver, &format!("alerts.{}", quote_key(name)), report);
    }
    if report.doubts("alerts") {
        return;
    }
    if estate.alerts.is_empty() {
        no_receiver(estate, report);
    } else {
        unheard(estate, report);
    }
}

fn escalation(estate: &Estate, report: &mut Report) {
    let mut earlier = None;
    let mut operators = false;
    for (index, step) in estate.escalation.iter().enumerate() {
        let path = format!("escalation[{index}]");
        let person_path = format!("{path}.person");
        let so = "when nobody answers, nobody is called";
        let person = known_person(
            ESCALATION_UNKNOWN,
            estate,
            &step.person,
            &person_path,
            so,
            report,
        );
        // Who is not known may be the operator's.
        operators |= person.is_none_or(|person| person.side == Side::Operator);
        if let Some(person) = person.filter(|person| person.phone.is_none()) {
            report.add(
                ESCALATION_PHONE,
                &person_path,
                "has no `phone`",
                format!("{} is called when nobody has answered for {} minutes, and has no telephone number: a mail wakes nobody.", person.name, step.after_minutes),
                format!("Add `phone` to `people.{}`.", quote_key(&step.person)),
            );
        }
        if let Some(before) = earlier.filter(|before| *before >= step.after_minutes) {
            report.add(
                ESCALATION_ORDER,
                &format!("{path}.after-minutes"),
                &format!("must be more than {before}"),
                format!("The step before is taken after {before} minutes, and this one after {}: it would come no later.", step.after_minutes),
                "Write the steps in the order in which people are called, each later than the one before.",
            );
        }
        earlier = Some(step.after_minutes);
    }
    if !estate.escalation.is_empty() && !operators && !report.doubts("people") {
        report.add(
            ESCALATION_OPERATOR,
            "escalation",
            "the customer alone",
            "All who are called are on the customer's side, and none of them may log in to a host.",
            "Name somebody of the operator's, or waive this if the operator's desk is called otherwise.",
        );
    }
}

fn one(receiver: &AlertReceiver, path: &str, report: &mut Report) {
    if receiver.mail.is_none() && receiver.phone.is_none() {
        report.add(
            UNREACHABLE,
            path,
            "neither `mail` nor `phone`",
            "The receiver has neither a mail address nor a telephone number: its alerts go nowhere.",
            "Add `mail` or `phone`, or remove the receiver.",
        );
    }
    if let Some(mail) = receiver.mail.as_ref().filter(|mail| !valid_mail(mail)) {
        report.add(
            BAD_MAIL,
            &format!("{path}.mail"),
            "not a mail address",
            format!(
                "{} is not a mail address, and alerts are sent there.",
                quote(mail)
            ),
            "Write it like alerts@example.com.",
        );
    }
    if let Some(phone) = &receiver.phone {
        valid_phone(phone, &format!("{path}.phone"), report);
    }
    let mut seen = BTreeSet::new();
    for (index, kind) in receiver.kinds.iter().enumerate() {
        if !seen.insert(*kind) {
            report.add(
                REPEATED,
                &format!("{path}.kinds[{index}]"),
                "stands here again",
                format!(
                    "{} is named twice; perhaps another kind was meant.",
                    quote(word(*kind))
                ),
                "Remove it, or write the kind that was meant.",
            );
        }
    }
}

fn no_receiver(estate: &Estate, report: &mut Report) {
    if estate
        .environments
        .values()
        .any(|environment| environment.production)
    {
        report.add(
            NO_RECEIVER,
            "alerts",
            "nobody",
            "Production is watched, and nobody hears of what is seen: the customer's users would be the first to tell.",
            "Add `[alerts.NAME]` with the `mail` of a desk that is read day and night.",
        );
    }
}

fn unheard(estate: &Estate, report: &mut Report) {
    let hears = |receiver: &AlertReceiver, kind| {
        receiver.kinds.is_empty() || receiver.kinds.contains(&kind)
    };
    for kind in KINDS {
        if !estate.alerts.values().any(|receiver| hears(receiver, kind)) {
            report.add(
                UNHEARD,
                "alerts",
                &format!("nobody hears `{}`", word(kind)),
                format!(
                    "No receiver hears of alerts of the kind {}: they are made and thrown away.",
                    quote(word(kind))
                ),
                "Add the kind to a receiver; one without `kinds` hears all.",
            );
        }
    }
}

/// A kind as the file calls it.
fn word(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Outage => "outage",
        AlertKind::Capacity => "capacity",
        AlertKind::Backup => "backup",
        AlertKind::Certificate => "certificate",
        AlertKind::Security => "security",
    }
}

//! Who takes the products' mails: the customer's server or Amazon SES, of the estate and of its recovery site.

use super::names::{domain, within};
use super::people::valid_mail;
use super::servers::port_zero;
use crate::document::{Check, Report, quote};
use crate::estate::{Estate, Mail, Ses, Smtp};

const SMTP_25: Check = Check::warning(
    "smtp-port-25",
    "Mail is submitted on port 25, which AWS throttles.",
);
const SMTP_465: Check = Check::error(
    "smtp-port-465",
    "Mail is submitted on port 465, where STARTTLS is not spoken.",
);
const SENDER: Check = Check::error("smtp-sender", "The sender is not a mail address.");
const SENDER_ELSEWHERE: Check = Check::error(
    "ses-sender-elsewhere",
    "The sender's domain is not the one that SES verifies.",
);
const MAIL_FROM: Check = Check::error(
    "ses-mail-from",
    "The domain of bounces does not lie under the one that SES verifies, or is the sender's own.",
);
const REPORTS: Check = Check::error(
    "ses-reports",
    "The address for DMARC reports is not a mail address.",
);

pub(super) const CHECKS: &[Check] = &[
    SMTP_25,
    SMTP_465,
    SENDER,
    SENDER_ELSEWHERE,
    MAIL_FROM,
    REPORTS,
];

pub(super) fn check(estate: &Estate, report: &mut Report) {
    one(&estate.mail, "", report);
    let recovery = estate.wanted_recovery();
    if let Some(mail) = recovery.and_then(|recovery| recovery.mail.as_ref()) {
        one(mail, "recovery.", report);
    }
}

fn one(mail: &Mail, above: &str, report: &mut Report) {
    match mail {
        Mail::Customer(smtp) => customers(smtp, &format!("{above}smtp"), report),
        Mail::Ses(own) => ses(own, &format!("{above}ses"), report),
    }
}

fn customers(smtp: &Smtp, path: &str, report: &mut Report) {
    domain(&smtp.name, &format!("{path}.name"), report);
    sender(&smtp.sender, path, report);
    let path = format!("{path}.port");
    match smtp.port {
        0 => port_zero(&path, report),
        25 => report.add(
            SMTP_25,
            &path,
            "meant for servers",
            "Port 25 is for mail between servers. AWS throttles it for instances until a request is granted, and many servers there ask for no password.",
            "Use the submission port, 587.",
        ),
        465 => report.add(
            SMTP_465,
            &path,
            "STARTTLS is not spoken here",
            "On port 465 TLS begins at once; Reeve and the products submit with STARTTLS.",
            "Use the submission port, 587.",
        ),
        _ => {}
    }
}

fn ses(ses: &Ses, path: &str, report: &mut Report) {
    domain(&ses.domain, &format!("{path}.domain"), report);
    let sender_domain = sender(&ses.sender, path, report);
    let certain = !report.doubts(&format!("{path}.domain"));
    if let Some(sender_domain) = sender_domain.filter(|own| certain && !within(own, &ses.domain)) {
        report.add(
            SENDER_ELSEWHERE,
            &format!("{path}.sender"),
            "of another domain",
            format!(
                "SES verifies {} and signs for it; it refuses every mail whose sender is of {}.",
                quote(&ses.domain),
                quote(sender_domain)
            ),
            format!(
                "Write a sender of {}, or have SES verify the sender's domain.",
                quote(&ses.domain)
            ),
        );
    }
    if let Some(mail_from) = &ses.mail_from {
        let path = format!("{path}.mail-from");
        domain(mail_from, &path, report);
        let under = mail_from != &ses.domain && within(mail_from, &ses.domain);
        let senders = sender_domain == Some(mail_from);
        if certain && (!under || senders) {
            report.add(
                MAIL_FROM,
                &path,
                if senders { "the sender's own" } else { "not under the domain" },
                format!("Bounces are to come back to {}. SES takes a subdomain of {} from which nothing is sent, so that SPF is aligned.", quote(mail_from), quote(&ses.domain)),
                format!("Write a name such as bounce.{}, and have the customer publish its MX and SPF records.", ses.domain),
            );
        }
    }
    if let Some(reports) = ses.reports.as_ref().filter(|reports| !valid_mail(reports)) {
        report.add(
            REPORTS,
            &format!("{path}.reports"),
            "not a mail address",
            format!("{} is not a mail address, and receivers of the mails send their DMARC reports there.", quote(reports)),
            "Write it like dmarc@example.com.",
        );
    }
}

/// Checks the sender's address; gives its domain if there is one.
fn sender<'s>(sender: &'s str, path: &str, report: &mut Report) -> Option<&'s str> {
    if valid_mail(sender) {
        return sender.rsplit_once('@').map(|(_, domain)| domain);
    }
    report.add(
        SENDER,
        &format!("{path}.sender"),
        "not a mail address",
        format!(
            "{} has no domain that a receiver could check, so that its mails would be refused.",
            quote(sender)
        ),
        "Write it like managed-cloud@example.com.",
    );
    None
}

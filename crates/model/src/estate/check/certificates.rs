//! Certificates of the names that clients use: that somebody proves whose the names are, in a way that the issuer takes.

use super::people::known_person;
use crate::document::{Check, Report};
use crate::estate::{CertificateIssuer, CertificateValidation, Estate};

const VALIDATED_BY: Check = Check::error(
    "certificates-validated-by-unknown",
    "The one who proves whose the names are is not among the people.",
);
const VALIDATION: Check = Check::error(
    "certificate-validation",
    "The certificates' issuer does not validate names in that way.",
);
const RENEWAL: Check = Check::error(
    "certificate-renewal",
    "Certificates are to be renewed too late, or as soon as they were issued.",
);
const MISSING: Check = Check::warning(
    "certificates-missing",
    "Products are open to the Internet, and nothing says whose certificates they show.",
);

pub(super) const CHECKS: &[Check] = &[VALIDATED_BY, VALIDATION, RENEWAL, MISSING];

/// When a new certificate may be asked for, days before the end. Public ones last 200 days at most in 2026, and fewer each
/// year (CA/Browser Forum, ballot SC-081).
const RENEWAL_DAYS: std::ops::RangeInclusive<u16> = 1..=60;

pub(super) fn check(estate: &Estate, report: &mut Report) {
    let Some(certificates) = &estate.certificates else {
        missing(estate, report);
        return;
    };
    known_person(
        VALIDATED_BY,
        estate,
        &certificates.validated_by,
        "certificates.validated-by",
        "when the first certificate waits for the proof, nobody can be asked",
        report,
    );
    validation(certificates.issuer, certificates.validation, report);
    if !RENEWAL_DAYS.contains(&certificates.renew_days) {
        report.add(
            RENEWAL,
            "certificates.renew-days",
            &format!("must be {} to {}", RENEWAL_DAYS.start(), RENEWAL_DAYS.end()),
            format!("A new certificate is to be asked for {} days before the old one ends. On the last day it is too late, and public ones last a few months only.", certificates.renew_days),
            "Write 30, which leaves a month for a proof that waits.",
        );
    }
}

fn missing(estate: &Estate, report: &mut Report) {
    let mut products = estate
        .environments
        .values()
        .flat_map(|environment| environment.products.values());
    if products.any(|product| !product.public.is_empty()) && !report.doubts("environments") {
        report.add(
            MISSING,
            "certificates",
            "nothing is said",
            "The Internet uses products here, and nothing says who issues the certificates of their names, and who proves whose the names are: clients would see one that they do not trust.",
            "Add `[certificates]` with `issuer`, `validation` and `validated-by`.",
        );
    }
}

fn validation(issuer: CertificateIssuer, validation: CertificateValidation, report: &mut Report) {
    use CertificateValidation::{Dns, Mail, Manual};
    let (whose, proof) = match (issuer, validation) {
        (CertificateIssuer::Acm | CertificateIssuer::Public, Dns | Mail)
        | (CertificateIssuer::Customer, Manual) => return,
        (CertificateIssuer::Acm, Manual) => ("ACM", "`dns` or `mail`"),
        (CertificateIssuer::Public, Manual) => ("A public authority", "`dns` or `mail`"),
        (CertificateIssuer::Customer, Dns | Mail) => ("The customer's own authority", "`manual`"),
    };
    report.add(
        VALIDATION,
        "certificates.validation",
        "not by this issuer",
        format!("{whose} makes sure whose a name is by {proof}, and by nothing else: it would refuse every certificate."),
        format!("Write {proof}, or another `issuer`."),
    );
}

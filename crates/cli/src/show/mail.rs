//! What SPF, DKIM and DMARC of a sending domain come to.

use std::io::IsTerminal;

use probe::maildomain::MailFinding;

use super::Paint;

/// Shows each rule's finding in a line, and what to do where it is not met.
pub(crate) fn mail_domain(findings: &[MailFinding]) {
    if findings.is_empty() {
        return;
    }
    let paint = Paint::of(std::io::stdout().is_terminal());
    outln!();
    for finding in findings {
        outln!("{} {finding}", paint.verdict(finding.verdict));
        if let Some(remedy) = &finding.remedy {
            outln!("        {remedy}");
        }
    }
}

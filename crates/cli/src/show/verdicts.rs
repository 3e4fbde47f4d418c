//! Proofs and rehearsals in short.

use std::io::IsTerminal;

use model::{Claim, Evidence, Setting, Verdict};
use steward::Rehearsed;

use super::Paint;

/// Shows each proof in a line, those that do not hold with their witness, and counts them.
pub(crate) fn evidence(claims: &[Claim], evidence: &[Evidence]) {
    let paint = Paint::of(std::io::stdout().is_terminal());
    for item in evidence {
        let title = claims
            .iter()
            .find(|claim| claim.id == item.claim)
            .map_or("", |claim| claim.title.as_str());
        outln!(
            "{} {}  {}",
            paint.verdict(item.verdict),
            item.claim,
            paint.soft(title)
        );
        if item.verdict != Verdict::Holds {
            outln!("        {}", item.detail);
            witness(item, paint);
        }
    }
    let count = |verdict| {
        evidence
            .iter()
            .filter(|item| item.verdict == verdict)
            .count()
    };
    outln!(
        "\n{} intents hold, {} fail, {} unknown. A proof speaks of network paths alone.",
        count(Verdict::Holds),
        count(Verdict::Fails),
        count(Verdict::Unknown)
    );
}

fn witness(item: &Evidence, paint: Paint) {
    let Some(witness) = &item.witness else { return };
    outln!(
        "        witness: {}, from {} to {}",
        paint.strong(&witness.packet.to_string()),
        witness.from,
        witness.to
    );
    for hop in &witness.path {
        let mark = if hop.passed { "→" } else { "✗" };
        outln!("          {mark} {}: {}", hop.at, hop.decision);
    }
}

/// Shows a rehearsal's verdict, what fails, and where the report is.
pub(crate) fn rehearsed(done: &Rehearsed) {
    let paint = Paint::of(std::io::stdout().is_terminal());
    let report = &done.report;
    outln!();
    outln!("{} {}", paint.verdict(report.verdict), report.summary);
    for assessment in &report.claims {
        let verdict = assessment.within(&[Setting::Planned, Setting::Rehearsed]);
        let Some(verdict @ (Verdict::Fails | Verdict::Unknown)) = verdict else {
            continue;
        };
        outln!("\n{} {}", paint.verdict(verdict), assessment.claim.title);
        outln!("        {}", paint.soft(assessment.claim.id.as_str()));
        for item in assessment
            .evidence
            .iter()
            .filter(|item| item.verdict != Verdict::Holds)
        {
            outln!(
                "        {} from {}: {}",
                item.setting,
                item.vantage,
                item.detail
            );
            witness(item, paint);
        }
    }
    for difference in report
        .matrix
        .iter()
        .flat_map(|matrix| &matrix.disagreements)
        .take(5)
    {
        outln!(
            "\n{} {} → {}: {}: the prover says {}, the packets say {}",
            paint.bad("differ "),
            difference.from,
            difference.to,
            difference.packet,
            difference.proved,
            difference.seen
        );
    }
    if let Some(fault) = &report.fault {
        outln!(
            "\nPlanted fault {}: {}",
            paint.strong(&fault.name),
            fault.change
        );
        match &fault.cause {
            Some(cause) => outln!("Cause found: {cause}"),
            None => outln!("{}", paint.bad("Nobody saw it.")),
        }
    }
    if done.unwritten.is_none() {
        outln!("\nReport: {}", done.folder.join("report.html").display());
    }
}

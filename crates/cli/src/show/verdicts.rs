//! Proofs and rehearsals in short.

use std::io::IsTerminal;

use model::{Assessment, Claim, Evidence, Setting, Verdict};
use steward::Rehearsed;

use super::Paint;

/// Shows each proof in a line, those that do not hold with their witness, and counts them.
pub(crate) fn evidence(claims: &[Claim], evidence: &[Evidence]) {
    let paint = Paint::of(std::io::stdout().is_terminal());
    for claim in claims {
        let own: Vec<&Evidence> = evidence
            .iter()
            .filter(|item| item.claim == claim.id)
            .collect();
        if own.is_empty() {
            continue;
        }
        let verdict = Verdict::all(own.iter().map(|item| item.verdict));
        let intents = if own.len() == 1 {
            String::new()
        } else {
            format!(" ({} intents)", own.len())
        };
        let title = paint.soft(&format!("{}{intents}", claim.title));
        outln!("{} {}  {title}", paint.verdict(verdict), claim.id);
        for item in own.iter().filter(|item| item.verdict != Verdict::Holds) {
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

/// One claim that does not hold, with the first of what speaks against it.
fn broken(assessment: &Assessment, verdict: Verdict, paint: Paint) {
    outln!("\n{} {}", paint.verdict(verdict), assessment.claim.title);
    outln!("        {}", paint.soft(assessment.claim.id.as_str()));
    let against: Vec<&Evidence> = assessment
        .evidence
        .iter()
        .filter(|item| item.verdict != Verdict::Holds)
        .collect();
    for item in against.iter().take(ANSWERS_SHOWN) {
        outln!(
            "        {} from {}: {}",
            item.setting,
            item.vantage,
            item.detail
        );
        witness(item, paint);
    }
    if against.len() > ANSWERS_SHOWN {
        outln!(
            "        … and {} more answers",
            against.len() - ANSWERS_SHOWN
        );
    }
}

/// Claims that a terminal is told of: one cause often breaks dozens, and the report has them all.
const CLAIMS_SHOWN: usize = 4;

/// Answers shown of each.
const ANSWERS_SHOWN: usize = 3;

/// Shows a rehearsal's verdict, what fails, and where the report is.
pub(crate) fn rehearsed(done: &Rehearsed) {
    let paint = Paint::of(std::io::stdout().is_terminal());
    let report = &done.report;
    outln!();
    outln!("{} {}", paint.verdict(report.verdict), report.summary);
    let mut left = 0;
    let mut shown = 0;
    for assessment in &report.claims {
        let verdict = assessment.within(&[Setting::Planned, Setting::Rehearsed]);
        let Some(verdict @ (Verdict::Fails | Verdict::Unknown)) = verdict else {
            continue;
        };
        if shown == CLAIMS_SHOWN {
            left += 1;
            continue;
        }
        shown += 1;
        broken(assessment, verdict, paint);
    }
    if left > 0 {
        outln!("\n… and {left} more claims: see the report.");
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

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

/// A claim that does not hold, and how many more do not for the same reason.
struct Broken<'a> {
    assessment: &'a Assessment,
    verdict: Verdict,
    alike: usize,
}

impl Broken<'_> {
    /// Whether another claim could not be told for the very reason of this one.
    fn is_like(&self, other: &Assessment, verdict: Verdict) -> bool {
        let own = reason(self.assessment);
        let unknown = self.verdict == Verdict::Unknown && verdict == Verdict::Unknown;
        unknown && own.is_some() && own == reason(other)
    }

    /// Shows it with the first of what speaks against it.
    fn show(&self, paint: Paint) {
        let claim = &self.assessment.claim;
        outln!("\n{} {}", paint.verdict(self.verdict), claim.title);
        let alike = match self.alike {
            0 => String::new(),
            1 => ", and one more claim for the same reason".to_owned(),
            more => format!(", and {more} more claims for the same reason"),
        };
        outln!("        {}{alike}", paint.soft(claim.id.as_str()));
        let against = against(self.assessment);
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
        if let Some(remedy) = against.iter().find_map(|item| item.remedy.as_ref()) {
            outln!("        try: {remedy}");
        }
    }
}

fn against(assessment: &Assessment) -> Vec<&Evidence> {
    let all = assessment.evidence.iter();
    all.filter(|item| item.verdict != Verdict::Holds).collect()
}

/// Why a claim does not hold, and what to do about it.
fn reason(assessment: &Assessment) -> Option<(&str, Option<&str>)> {
    let first = against(assessment).into_iter().next()?;
    Some((&first.detail, first.remedy.as_deref()))
}

/// Claims that a terminal is told of: one cause often breaks dozens, and the report has them all.
const CLAIMS_SHOWN: usize = 4;

/// Answers shown of each.
const ANSWERS_SHOWN: usize = 3;

/// The first claims that do not hold, and how many more there are.
fn broken(claims: &[Assessment]) -> (Vec<Broken<'_>>, usize) {
    let mut shown: Vec<Broken<'_>> = Vec::new();
    let mut left = 0;
    for assessment in claims {
        let verdict = assessment.within(&[Setting::Planned, Setting::Rehearsed]);
        let Some(verdict @ (Verdict::Fails | Verdict::Unknown)) = verdict else {
            continue;
        };
        let like = shown
            .iter_mut()
            .find(|one| one.is_like(assessment, verdict));
        if let Some(one) = like {
            one.alike += 1;
        } else if shown.len() == CLAIMS_SHOWN {
            left += 1;
        } else {
            shown.push(Broken {
                assessment,
                verdict,
                alike: 0,
            });
        }
    }
    (shown, left)
}

/// Shows a rehearsal's verdict, what fails, and where the report is.
pub(crate) fn rehearsed(done: &Rehearsed) {
    let paint = Paint::of(std::io::stdout().is_terminal());
    let report = &done.report;
    outln!();
    outln!("{} {}", paint.verdict(report.verdict), report.summary);
    let (shown, left) = broken(&report.claims);
    for one in shown {
        one.show(paint);
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

#[cfg(test)]
mod tests {
    use model::claim::{Expect, Peer, Probe, Question};
    use model::{ClaimId, Digest, HostId, assess};

    use super::*;

    fn claim(id: &str) -> Claim {
        Claim {
            id: ClaimId::new(id),
            environment: None,
            title: format!("title of {id}"),
            rows: vec![],
            intents: vec![],
            probes: vec![Probe {
                vantage: HostId::new("a"),
                question: Question::Connect {
                    target: ([10, 0, 0, 1], 22).into(),
                },
                expect: Expect::Works,
            }],
            matrix: false,
            live_only: None,
        }
    }

    fn evidence(claim: &str, verdict: Verdict, detail: &str) -> Evidence {
        Evidence {
            claim: ClaimId::new(claim),
            verdict,
            blueprint: Digest::of_bytes(b"design"),
            vantage: "a".to_owned(),
            setting: Setting::Rehearsed,
            peer: Peer::None,
            source: "test".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            expires: None,
            detail: detail.to_owned(),
            remedy: None,
            witness: None,
        }
    }

    /// Of claims with these answers, those shown, each with how many are like it, and how many are left.
    fn check(answers: &[(Verdict, &str)], wanted: &[(&str, usize)], wanted_left: usize) {
        let ids: Vec<String> = (0..answers.len()).map(|at| at.to_string()).collect();
        let claims: Vec<_> = ids.iter().map(|id| claim(id)).collect();
        let evidence: Vec<_> = ids
            .iter()
            .zip(answers)
            .filter(|(_, (_, detail))| !detail.is_empty())
            .map(|(id, (verdict, detail))| evidence(id, *verdict, detail))
            .collect();
        let assessed = assess(&claims, &evidence, &Digest::of_bytes(b"design"));
        let (shown, left) = broken(&assessed);
        let shown: Vec<_> = shown
            .iter()
            .map(|one| (one.assessment.claim.id.as_str(), one.alike))
            .collect();
        assert_eq!((shown.as_slice(), left), (wanted, wanted_left));
    }

    #[test]
    fn one_reason_for_which_many_claims_cannot_be_told_is_shown_once() {
        use Verdict::{Fails, Holds, Unknown};
        check(&[], &[], 0);
        check(&[(Holds, "x"), (Holds, "x")], &[], 0);
        check(
            &[(Unknown, "plain"), (Holds, "x"), (Unknown, "plain")],
            &[("0", 1)],
            0,
        );
        check(
            &[(Unknown, "plain"), (Unknown, "dead"), (Unknown, "plain")],
            &[("0", 1), ("1", 0)],
            0,
        );
        // What fails is shown for itself, and so is what nobody answered.
        check(&[(Fails, "x"), (Fails, "x")], &[("0", 0), ("1", 0)], 0);
        check(&[(Unknown, "x"), (Fails, "x")], &[("0", 0), ("1", 0)], 0);
        check(&[(Unknown, ""), (Unknown, "")], &[("0", 0), ("1", 0)], 0);
        let mut many = vec![(Fails, "x"); CLAIMS_SHOWN - 1];
        many.extend([(Unknown, "plain"), (Fails, "x"), (Unknown, "plain")]);
        check(&many, &[("0", 0), ("1", 0), ("2", 0), ("3", 1)], 1);
    }
}

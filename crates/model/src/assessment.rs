//! What the evidence says of each required claim, and what is missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Evidence, Setting, Verdict};
use crate::digest::Digest;

/// A claim with the evidence that answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The claim.
    pub claim: Claim,
    /// What the evidence says, by setting; a setting without evidence is not here.
    pub verdicts: BTreeMap<Setting, Verdict>,
    /// The evidence, in the order in which it came.
    pub evidence: Vec<Evidence>,
    /// Settings in which evidence is required and none, or not all of it, is there.
    pub missing: Vec<Setting>,
}

impl Assessment {
    /// The verdict on the claim within these settings: *fails* if any evidence there fails, *unknown* if any that is
    /// required there is missing. None when the claim requires nothing in these settings.
    pub fn within(&self, settings: &[Setting]) -> Option<Verdict> {
        let required = self.claim.required_settings();
        let relevant: Vec<Setting> = settings
            .iter()
            .copied()
            .filter(|setting| required.contains(setting))
            .collect();
        if relevant.is_empty() {
            return None;
        }
        Some(Verdict::all(relevant.iter().map(|setting| {
            let seen = self
                .verdicts
                .get(setting)
                .copied()
                .unwrap_or(Verdict::Unknown);
            if self.missing.contains(setting) {
                seen.and(Verdict::Unknown)
            } else {
                seen
            }
        })))
    }
}

/// Assesses every claim. Evidence of another design than `blueprint` is not counted: it speaks of something else.
pub fn assess(claims: &[Claim], evidence: &[Evidence], blueprint: &Digest) -> Vec<Assessment> {
    claims
        .iter()
        .map(|claim| {
            let answers: Vec<Evidence> = evidence
                .iter()
                .filter(|item| item.claim == claim.id && &item.blueprint == blueprint)
                .cloned()
                .collect();
            let mut verdicts = BTreeMap::new();
            let mut missing = Vec::new();
            for setting in [Setting::Planned, Setting::Rehearsed, Setting::Live] {
                let here: Vec<Verdict> = answers
                    .iter()
                    .filter(|item| item.setting == setting)
                    .map(|item| item.verdict)
                    .collect();
                if !here.is_empty() {
                    verdicts.insert(setting, Verdict::all(here.iter().copied()));
                }
                if claim.required_settings().contains(&setting)
                    && here.len() < wanted(claim, setting)
                {
                    missing.push(setting);
                }
            }
            Assessment {
                claim: claim.clone(),
                verdicts,
                evidence: answers,
                missing,
            }
        })
        .collect()
}

/// How many answers a claim wants in a setting: one to each of its questions.
fn wanted(claim: &Claim, setting: Setting) -> usize {
    match setting {
        Setting::Planned => claim.intents.len(),
        Setting::Rehearsed => claim.probes.len() + usize::from(claim.matrix),
        Setting::Live => {
            claim.intents.len() + claim.probes.len() + usize::from(claim.live_only.is_some())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Expect, Peer, Probe, Question};
    use crate::id::{ClaimId, HostId};

    fn claim(probes: usize) -> Claim {
        let probe = Probe {
            vantage: HostId::new("a"),
            question: Question::Connect {
                target: ([10, 0, 0, 1], 22).into(),
            },
            expect: Expect::NoWay,
        };
        Claim {
            id: ClaimId::new("x"),
            environment: None,
            title: "x".to_owned(),
            rows: vec![],
            intents: vec![],
            probes: vec![probe; probes],
            matrix: false,
            live_only: None,
        }
    }

    fn evidence(verdict: Verdict, setting: Setting, blueprint: &str) -> Evidence {
        Evidence {
            claim: ClaimId::new("x"),
            verdict,
            blueprint: Digest::of_bytes(blueprint.as_bytes()),
            vantage: "a".to_owned(),
            setting,
            peer: Peer::None,
            source: "test".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            expires: None,
            detail: String::new(),
            remedy: None,
            witness: None,
        }
    }

    /// What a claim with two probes comes to, rehearsed.
    fn check(answers: &[Evidence], wanted: Verdict, missing: &[Setting]) {
        let found = assess(&[claim(2)], answers, &Digest::of_bytes(b"now"));
        assert_eq!(
            found[0].within(&[Setting::Planned, Setting::Rehearsed]),
            Some(wanted)
        );
        assert_eq!(found[0].missing, missing);
    }

    #[test]
    fn missing_is_unknown_and_a_failure_is_never_outvoted() {
        use Setting::{Live, Rehearsed};
        use Verdict::{Fails, Holds, Unknown};
        let now = |verdict| evidence(verdict, Rehearsed, "now");
        check(&[], Unknown, &[Rehearsed, Live]);
        check(&[now(Holds)], Unknown, &[Rehearsed, Live]);
        check(&[now(Holds), now(Holds)], Holds, &[Live]);
        check(&[now(Holds), now(Unknown)], Unknown, &[Live]);
        check(&[now(Fails)], Fails, &[Rehearsed, Live]);
        check(
            &[now(Holds), evidence(Holds, Rehearsed, "yesterday")],
            Unknown,
            &[Rehearsed, Live],
        );
        check(
            &[evidence(Holds, Live, "now"), evidence(Holds, Live, "now")],
            Unknown,
            &[Rehearsed],
        );
    }

    #[test]
    fn a_claim_that_asks_nothing_in_a_setting_has_no_verdict_there() {
        let found = assess(&[claim(0)], &[], &Digest::of_bytes(b"now"));
        assert_eq!(found[0].within(&[Setting::Planned]), None);
    }
}

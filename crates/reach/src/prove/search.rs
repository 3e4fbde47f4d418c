//! The search for what breaks an intent, pair by pair.

use super::{Proof, Reasons};
use crate::boxes::{BoxSet, TooManyBoxes};
use crate::walk::Doubtful;

/// The first packet found that breaks an intent, how many pairs do, and what is not known.
#[derive(Default)]
pub(super) struct Search {
    broken: Option<Proof>,
    pairs: usize,
    pub(super) reasons: Reasons,
}

impl Search {
    pub(super) fn broken(&mut self, proof: impl FnOnce() -> Proof) {
        self.pairs += 1;
        if self.broken.is_none() {
            self.broken = Some(proof());
        }
    }

    pub(super) fn doubt(
        &mut self,
        doubts: &[Doubtful],
        about: &BoxSet,
    ) -> Result<(), TooManyBoxes> {
        for doubt in doubts {
            if !doubt.set.intersect(about)?.is_empty() {
                self.reasons.note(&doubt.reason);
            }
        }
        Ok(())
    }

    /// Fails if something breaks the intent, is unknown if something might.
    pub(super) fn end(self, holds: impl FnOnce() -> String) -> Proof {
        match self.broken {
            Some(mut proof) => {
                if self.pairs > 1 {
                    let more = self.pairs - 1;
                    proof.detail = format!("{}; and {more} more such flows", proof.detail);
                }
                proof
            }
            None if self.reasons.is_empty() => Proof::holds(holds()),
            None => Proof::unknown(self.reasons.to_string()),
        }
    }
}

/// The headers whose fate some doubt leaves open.
pub(super) fn doubted(doubts: &[Doubtful]) -> Result<BoxSet, TooManyBoxes> {
    let mut all = BoxSet::empty();
    for doubt in doubts {
        all = all.union(&doubt.set)?;
    }
    Ok(all)
}

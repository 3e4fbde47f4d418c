//! Intents: holds, fails with a witness, or unknown.

use model::claim::Witness;
use model::{Intent, Network, Verdict};

use crate::prover::Prover;

/// Doors that no proof here looks behind: a proof says "no network path", and no more.
pub const NOT_LOOKED_BEHIND: [&str; 6] = [
    "IAM permissions",
    "Session Manager",
    "the EC2 serial console and EC2 Instance Connect",
    "VPC endpoints and AWS's own services",
    "what a host passes on at another's request, such as a proxy or a tunnel",
    "the customer's own filters at private sites",
];

/// What a proof says of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Holds, fails or unknown.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub detail: String,
    /// The packet that breaks the intent, where one does.
    pub witness: Option<Witness>,
    /// Doors that the proof did not look behind.
    pub not_looked_behind: &'static [&'static str],
}

/// Proves one intent; to prove several on one network, keep a [`Prover`].
pub fn prove(network: &Network, intent: &Intent) -> Proof {
    Prover::new(network).prove(intent)
}

impl Prover<'_> {
    /// Proves an intent.
    pub fn prove(&self, _intent: &Intent) -> Proof {
        Proof {
            verdict: Verdict::Unknown,
            detail: "not proved".to_owned(),
            witness: None,
            not_looked_behind: &NOT_LOOKED_BEHIND,
        }
    }
}

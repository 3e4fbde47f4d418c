//! Proofs of every intent that a design's claims carry, as evidence.

use jiff::Timestamp;
use model::{Claim, Digest, Evidence, Network, Peer, Setting};
use reach::Prover;

/// What asks, by name and version.
const SOURCE: &str = concat!("reach ", env!("CARGO_PKG_VERSION"));

/// Proves every claim's intents on a network: one piece of evidence for each, in the claims' order.
pub fn prove(
    network: &Network,
    claims: &[Claim],
    blueprint: &Digest,
    now: Timestamp,
) -> Vec<Evidence> {
    let prover = Prover::new(network);
    let intents = claims
        .iter()
        .flat_map(|claim| claim.intents.iter().map(move |intent| (claim, intent)));
    intents
        .map(|(claim, intent)| {
            let proof = prover.prove(intent);
            Evidence {
                claim: claim.id.clone(),
                verdict: proof.verdict,
                blueprint: blueprint.clone(),
                vantage: "proof".to_owned(),
                setting: Setting::Planned,
                peer: Peer::None,
                source: SOURCE.to_owned(),
                at: now,
                expires: None,
                detail: format!("{}: {}", intent.title, proof.detail),
                remedy: None,
                witness: proof.witness,
            }
        })
        .collect()
}

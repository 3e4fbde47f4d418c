//! The report as data: what `--json` prints and the page shows.

use jiff::Timestamp;
use model::finding::Awaited;
use model::{Assessment, Digest, Finding, Setting, Verdict};
use serde::{Deserialize, Serialize};

use crate::agreed::Agreed;

/// The version of the report's JSON form.
pub const VERSION: u32 = 1;

/// Everything that one rehearsal found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form.
    pub format: u32,
    /// The version of Reeve that made it.
    pub reeve: String,
    /// The estate's name.
    pub estate: String,
    /// The customer, for people.
    pub customer: String,
    /// The operator, for people.
    pub operator: String,
    /// The run's name.
    pub run: String,
    /// When the run began.
    pub began: Timestamp,
    /// How long it took, milliseconds of the monotonic clock.
    pub took_ms: u64,
    /// The twin's memory at its end, bytes of proportional set size over all its processes, where it could be read.
    pub memory: Option<u64>,
    /// The design's content address.
    pub blueprint: Digest,
    /// The verdict on everything that a rehearsal can tell.
    pub verdict: Verdict,
    /// One sentence that says why.
    pub summary: String,
    /// The fault that was planted, where one was.
    pub fault: Option<FaultSeen>,
    /// What the checker found in the estate, waived findings included.
    pub findings: Vec<Finding>,
    /// What the customer has not given yet.
    pub awaited: Vec<Awaited>,
    /// What was agreed with the customer; none in reports of versions that did not tell it.
    #[serde(default)]
    pub agreed: Vec<Agreed>,
    /// Every required claim with its evidence.
    pub claims: Vec<Assessment>,
    /// The packet matrix, where it was run.
    pub matrix: Option<MatrixCount>,
    /// Where the time went, in order.
    pub phases: Vec<Phase>,
    /// What answered in the twin.
    pub peers: Vec<Listening>,
    /// What was not rehearsed, and why.
    pub not_rehearsed: Vec<NotRehearsed>,
    /// What a network proof does not look behind.
    pub not_proved: Vec<String>,
}

/// A planted fault and who saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultSeen {
    /// The fault's name.
    pub name: String,
    /// What was changed.
    pub change: String,
    /// The claims that failed by proof.
    pub by_proof: Vec<String>,
    /// The claims that failed by packets or logins.
    pub by_probe: Vec<String>,
    /// The cause as the evidence names it.
    pub cause: Option<String>,
}

/// How the prover and the packets compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixCount {
    /// Ordered pairs of interfaces.
    pub pairs: u64,
    /// Packets sent.
    pub sent: u64,
    /// Packets that arrived.
    pub arrived: u64,
    /// Packets that were proved lost: the sentinel behind them came through.
    pub lost: u64,
    /// Answers that came back.
    pub answered: u64,
    /// Comparisons that agreed: one for each packet, and one for each answer that could be asked for.
    pub agree: u64,
    /// Sets of headers on which the prover had no opinion, so that nothing was compared.
    pub unknown: u64,
    /// Sentinels that came back.
    pub sentinels: u64,
    /// Comparisons that did not agree.
    pub disagree: u64,
    /// What prover and packets differ on: all of it, or where one cause makes thousands, the first of it.
    pub disagreements: Vec<Disagreement>,
    /// Flights of which nothing can be said, and why.
    pub unaccounted: Vec<String>,
    /// What the comparison leaves out, and why.
    pub left_out: Vec<String>,
}

impl MatrixCount {
    /// What the comparison comes to: it holds only if every packet was accounted for and compared.
    pub fn verdict(&self) -> Verdict {
        if self.disagree > 0 {
            Verdict::Fails
        } else if self.sent == 0 || self.unknown > 0 || !self.unaccounted.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::Holds
        }
    }

    /// The comparison in a few words.
    pub fn words(&self) -> &'static str {
        match self.verdict() {
            Verdict::Holds => "prover and packets agree",
            Verdict::Fails => "prover and packets disagree",
            Verdict::Unknown => "not everything could be compared",
        }
    }
}

/// One packet on which the prover and the network differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disagreement {
    /// The sending interface.
    pub from: String,
    /// The receiving interface.
    pub to: String,
    /// The packet.
    pub packet: String,
    /// What the prover says.
    pub proved: String,
    /// What happened.
    pub seen: String,
    /// The way that the prover takes it, with the rule at each step.
    pub path: Vec<String>,
}

/// A part of the run and its duration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// What was done.
    pub name: String,
    /// Milliseconds of the monotonic clock.
    pub took_ms: u64,
    /// What came of it, in a few words.
    pub result: String,
}

/// A server of the twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// The host.
    pub host: String,
    /// The service.
    pub service: String,
    /// Where it listens: `tcp 443`.
    pub ports: Vec<String>,
    /// What plays it; a stand-in is called one.
    pub peer: String,
}

/// Something that was not rehearsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRehearsed {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// What would change that.
    pub remedy: Option<String>,
}

/// Counts of claims by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Claims that hold.
    pub holds: usize,
    /// Claims that fail.
    pub fails: usize,
    /// Claims of which it could not be told.
    pub unknown: usize,
    /// Claims that require nothing in these settings.
    pub not_asked: usize,
}

/// Counts claims by their verdict within these settings.
pub fn totals(claims: &[Assessment], settings: &[Setting]) -> Totals {
    count(claims.iter(), settings)
}

pub(crate) fn count<'a>(
    claims: impl Iterator<Item = &'a Assessment>,
    settings: &[Setting],
) -> Totals {
    let mut totals = Totals::default();
    for assessment in claims {
        match assessment.within(settings) {
            Some(Verdict::Holds) => totals.holds += 1,
            Some(Verdict::Fails) => totals.fails += 1,
            Some(Verdict::Unknown) => totals.unknown += 1,
            None => totals.not_asked += 1,
        }
    }
    totals
}

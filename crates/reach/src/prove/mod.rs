//! Intents: holds, fails with a witness, or unknown.

mod families;
mod joined;
mod outbound;
mod paths;
mod routing;
mod search;
mod sources;
mod witness;

use model::claim::Witness;
use model::{Intent, Network, Rule, Verdict};

use crate::boxes::TooManyBoxes;
use crate::prover::Prover;

/// Doors that no proof here looks behind: a proof says "no network path", and no more.
pub const NOT_LOOKED_BEHIND: [&str; 6] = [
    "IAM permissions",
    "Session Manager",
    "the EC2 serial console and EC2 Instance Connect",
    "VPC endpoints and AWS's own services",
    "what a host passes on at another's request, such as a proxy or a tunnel",
    "the customer's own filters at private sites, where none is declared",
];

/// What a proof says of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Holds, fails or unknown.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub detail: String,
    /// The packet that breaks the intent, where one does: its path, and its answer's where that matters.
    pub witness: Option<Witness>,
    /// Doors that the proof did not look behind.
    pub not_looked_behind: &'static [&'static str],
}

impl Proof {
    fn new(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            verdict,
            detail: detail.into(),
            witness: None,
            not_looked_behind: &NOT_LOOKED_BEHIND,
        }
    }

    fn holds(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Holds, detail)
    }

    fn fails(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Fails, detail)
    }

    fn unknown(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Unknown, detail)
    }

    fn with(mut self, witness: Option<Witness>) -> Self {
        self.witness = witness;
        self
    }
}

/// Why an intent cannot be proved as it stands.
enum Unprovable {
    /// It names what is not there, or nothing at all.
    Senseless(String),
    /// The sets grew too large.
    TooManyBoxes(TooManyBoxes),
}

impl From<TooManyBoxes> for Unprovable {
    fn from(error: TooManyBoxes) -> Self {
        Self::TooManyBoxes(error)
    }
}

type Proved = Result<Proof, Unprovable>;

/// Notes reasons why something is unknown, each once.
#[derive(Default)]
struct Reasons(Vec<String>);

/// The most reasons that a proof spells out: more would hide the first.
const MAX_REASONS: usize = 3;

impl Reasons {
    fn note(&mut self, reason: &str) {
        if !self.0.iter().any(|held| held == reason) {
            self.0.push(reason.to_owned());
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Reasons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.0.len().min(MAX_REASONS);
        f.write_str(&self.0[..shown].join("; "))?;
        if self.0.len() > shown {
            write!(f, "; and {} more", self.0.len() - shown)?;
        }
        Ok(())
    }
}

/// Proves one intent; to prove several on one network, keep a [`Prover`].
pub fn prove(network: &Network, intent: &Intent) -> Proof {
    Prover::new(network).prove(intent)
}

impl Prover<'_> {
    /// Proves an intent.
    ///
    /// It is unknown what an intent says that names something that is not there, or nothing at all; and no intent holds
    /// on a network that has [problems](Prover::problems). What fails, fails all the same: its witness shows it.
    pub fn prove(&self, intent: &Intent) -> Proof {
        let proved = match &intent.rule {
            Rule::NoPath { from, to, traffic } => self.no_path(from, to, traffic),
            Rule::OnlyTraffic { from, to, allowed } => self.only_traffic(from, to, allowed),
            Rule::OnlyOutbound {
                from,
                site,
                allowed,
            } => self.only_outbound(from, site, allowed),
            Rule::MustReach { from, to, traffic } => self.must_reach(from, to, traffic),
            Rule::RepliesReturn { to } => self.replies_return(to),
            Rule::NoInternetRouteIn { subnets } => self.no_internet_route_in(subnets),
            Rule::OnlyPrefixes {
                vpc,
                site,
                of_site,
                of_vpc,
            } => self.only_prefixes(vpc, site, of_site, of_vpc),
            Rule::Isolated { left, right } => self.isolated(left, right),
            Rule::NotJoined { left, right } => self.not_joined(left, right),
            Rule::DefaultGroupEmpty { vpc } => self.default_group_empty(vpc),
            Rule::Ipv6AsClosedAsIpv4 { to } => self.ipv6_as_closed_as_ipv4(to),
        };
        let proof = proved.unwrap_or_else(|error| {
            Proof::unknown(match error {
                Unprovable::Senseless(reason) => reason,
                Unprovable::TooManyBoxes(error) => error.to_string(),
            })
        });
        if proof.verdict != Verdict::Holds || self.problems().is_empty() {
            return proof;
        }
        let mut reasons = Reasons::default();
        self.problems()
            .iter()
            .for_each(|problem| reasons.note(problem));
        Proof::unknown(format!("the network is not described soundly: {reasons}"))
    }
}

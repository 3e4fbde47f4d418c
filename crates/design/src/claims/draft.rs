//! Drafting a claim: its sentence first, then what must be proved and what must be asked.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use model::Claim;
use model::claim::{Expect, Probe, Question};
use model::id::{ClaimId, EnvironmentId, HostId, InterfaceId, SiteId};
use model::intent::{Intent, Rule, Sources};
use model::packet::Traffic;

use super::vantages::Vantage;
use crate::plan::{EnvironmentPlan, HostPlan};

/// A claim in the making.
pub(super) struct Draft(Claim);

impl Draft {
    /// Begins a claim of an environment; the identifier gets the environment's name in front.
    pub(super) fn of(
        plan: &EnvironmentPlan<'_>,
        id: &str,
        title: impl Into<String>,
        rows: &[&str],
    ) -> Self {
        Self::new(Some(plan.id.clone()), plan.named(id), title, rows)
    }

    /// Begins a claim of the whole estate.
    pub(super) fn of_estate(id: &str, title: impl Into<String>, rows: &[&str]) -> Self {
        Self::new(None, id.to_owned(), title, rows)
    }

    fn new(
        environment: Option<EnvironmentId>,
        id: String,
        title: impl Into<String>,
        rows: &[&str],
    ) -> Self {
        Self(Claim {
            id: ClaimId::new(id),
            environment,
            title: title.into(),
            rows: rows.iter().map(|row| (*row).to_owned()).collect(),
            intents: Vec::new(),
            probes: Vec::new(),
            matrix: false,
            live_only: None,
        })
    }

    /// Adds a rule that must be proved.
    pub(super) fn prove(mut self, title: impl Into<String>, rule: Rule) -> Self {
        self.0.intents.push(Intent {
            title: title.into(),
            rule,
        });
        self
    }

    /// Adds a rule that must be proved under the claim's own sentence.
    pub(super) fn prove_it(self, rule: Rule) -> Self {
        let title = self.0.title.clone();
        self.prove(title, rule)
    }

    /// Adds a question.
    pub(super) fn ask(mut self, vantage: &HostId, question: Question, expect: Expect) -> Self {
        self.0.probes.push(Probe {
            vantage: vantage.clone(),
            question,
            expect,
        });
        self
    }

    /// Adds the same question at each of these ends whose family the place has.
    pub(super) fn ask_each(
        mut self,
        vantage: &Vantage,
        targets: &[SocketAddr],
        expect: &Expect,
        question: impl Fn(SocketAddr) -> Question,
    ) -> Self {
        for target in vantage.of_its_families(targets) {
            self = self.ask(&vantage.id, question(target), expect.clone());
        }
        self
    }

    /// Adds the same attempt from several places: none may get through.
    pub(super) fn attack(
        mut self,
        from: impl IntoIterator<Item = Vantage>,
        targets: &[SocketAddr],
    ) -> Self {
        for vantage in from {
            self = self.ask_each(&vantage, targets, &Expect::NoWay, |target| {
                Question::Connect { target }
            });
        }
        self
    }

    /// Adds connections that must come about.
    pub(super) fn connect(self, vantage: &Vantage, targets: &[SocketAddr]) -> Self {
        self.ask_each(vantage, targets, &Expect::Works, |target| {
            Question::Connect { target }
        })
    }

    /// Leaves the claim to the packet matrix.
    pub(super) fn matrix(mut self) -> Self {
        self.0.matrix = true;
        self
    }

    /// Leaves the claim to a live site.
    pub(super) fn live_only(mut self, why: &str) -> Self {
        self.0.live_only = Some(why.to_owned());
        self
    }

    /// The claim. Its title says so where it is asked over both families.
    pub(super) fn done(mut self) -> Claim {
        let targets = || {
            self.0
                .probes
                .iter()
                .filter_map(|probe| target(&probe.question))
        };
        if targets().any(|target| target.is_ipv4()) && targets().any(|target| target.is_ipv6()) {
            self.0.title.push_str(", by IPv4 and IPv6");
        }
        self.0
    }
}

/// Where a question is put, of those that open a connection.
const fn target(question: &Question) -> Option<SocketAddr> {
    match question {
        Question::Ssh { target, .. }
        | Question::Connect { target }
        | Question::Health { target, .. }
        | Question::Console { target, .. }
        | Question::Database { target, .. } => Some(*target),
        Question::Resolve { .. }
        | Question::Records { .. }
        | Question::Mail { .. }
        | Question::Relay { .. }
        | Question::Time { .. }
        | Question::Tunnel { .. }
        | Question::TunnelLoss { .. } => None,
    }
}

/// Nothing of this traffic from these sources.
pub(super) fn no_path(
    from: Sources,
    to: impl IntoIterator<Item = InterfaceId>,
    traffic: impl Into<Vec<Traffic>>,
) -> Rule {
    Rule::NoPath {
        from,
        to: to.into_iter().collect(),
        traffic: traffic.into(),
    }
}

/// Nothing but this traffic from these sources, of whatever protocol.
pub(super) fn only(
    from: Sources,
    to: impl IntoIterator<Item = InterfaceId>,
    allowed: impl Into<Vec<Traffic>>,
) -> Rule {
    Rule::OnlyTraffic {
        from,
        to: to.into_iter().collect(),
        allowed: allowed.into(),
    }
}

/// All of this traffic from all of these sources, and back.
pub(super) fn must_reach(
    from: Sources,
    to: impl IntoIterator<Item = InterfaceId>,
    traffic: impl Into<Vec<Traffic>>,
) -> Rule {
    Rule::MustReach {
        from,
        to: to.into_iter().collect(),
        traffic: traffic.into(),
    }
}

/// The sites on the Internet: everybody there, and the operator.
pub(super) fn from_internet() -> Sources {
    Sources::site(SiteId::from(crate::outside::INTERNET))
        .and_site(SiteId::from(crate::outside::OPERATOR))
}

/// Where a host listens.
pub(super) fn at(address: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(address.into(), port)
}

/// Where a host listens, by each of its own addresses.
pub(super) fn ends(host: &HostPlan, port: u16) -> Vec<SocketAddr> {
    let addresses = host.addresses();
    addresses.into_iter().map(|it| at(it, port)).collect()
}

/// Where a host of the DMZ listens for those on the Internet: its public IPv4 address, and its own of IPv6.
pub(super) fn doors(host: &HostPlan, port: u16) -> Vec<SocketAddr> {
    let ipv4 = host.public.map(IpAddr::V4);
    let ipv6 = host.ipv6.map(IpAddr::V6);
    ipv4.into_iter()
        .chain(ipv6)
        .map(|it| at(it, port))
        .collect()
}

/// TCP and UDP to one port.
pub(super) fn both(port: u16) -> Vec<Traffic> {
    vec![Traffic::tcp(port), Traffic::udp(port)]
}

/// TCP to each of these ports.
pub(super) fn tcp(ports: impl IntoIterator<Item = u16>) -> Vec<Traffic> {
    let ports: BTreeSet<u16> = ports.into_iter().collect();
    ports.into_iter().map(Traffic::tcp).collect()
}

//! Probes: every question that the claims want asked, asked from its vantage, and the answers as evidence.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::thread;

use jiff::Timestamp;
use model::claim::{Expect, Probe, Question};
use model::{Claim, ClaimId, Digest, Evidence, Host, HostId, Network, Peer, Setting, Verdict};
use peers::Listening;
use probe::{Answer, Explanation, MailFault, Outcome};
use twin::Twin;

use crate::credentials::host_at;
use crate::host::chain;
pub(crate) use crate::message::Closed;
use crate::message::{Reply, Request};
use crate::turns::in_turn;

/// What asks, by name and version.
const SOURCE: &str = concat!("probe ", env!("CARGO_PKG_VERSION"));

/// A standing twin and what is known of it.
pub(crate) struct Site<'a> {
    pub(crate) twin: &'a Twin,
    pub(crate) network: &'a Network,
    pub(crate) listening: &'a BTreeMap<HostId, Vec<Listening>>,
    pub(crate) blueprint: &'a Digest,
}

/// Sends a request to a host and takes its reply apart.
pub(crate) fn request(twin: &Twin, host: &HostId, request: &Request) -> Result<Reply, String> {
    let body = serde_json::to_value(request).map_err(|error| chain(&error))?;
    let reply = twin.ask(host, &body).map_err(|error| chain(&error))?;
    serde_json::from_value(reply).map_err(|error| format!("the reply is not understood: {error}"))
}

/// Why the twin is not whole any more, where it is not: a program in it has ended, or all of it has. What it then shows
/// is not what the design does, and to go on asking is to wait for what cannot answer.
pub(crate) fn broken(twin: &Twin) -> Option<String> {
    match twin.ended() {
        Ok(ended) if ended.is_empty() => None,
        Ok(ended) => {
            let names: Vec<_> = ended.iter().map(HostId::as_str).collect();
            let names = names.join(", ");
            Some(format!("the twin is not whole: {names} ended unasked"))
        }
        Err(error) => Some(chain(&error)),
    }
}

/// What listens at each host. A host that does not tell is left out: its evidence then names no peer.
pub(crate) fn listening(
    twin: &Twin,
    hosts: &BTreeMap<HostId, Host>,
) -> BTreeMap<HostId, Vec<Listening>> {
    let told = |host: &HostId| match request(twin, host, &Request::Listening) {
        Ok(Reply::Listening(listening)) => Some((host.clone(), listening)),
        _ => None,
    };
    hosts.keys().filter_map(told).collect()
}

/// Asks what is wanted: vantages side by side, each vantage's questions in turn. `step` hears of each answer.
pub(crate) fn ask_all(
    site: &Site<'_>,
    claims: &[Claim],
    closed: Closed,
    wanted: &dyn Fn(&Probe) -> bool,
    step: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Evidence> {
    let mut by_vantage: BTreeMap<&HostId, Vec<(usize, &ClaimId, &Probe)>> = BTreeMap::new();
    let probes = claims
        .iter()
        .flat_map(|claim| claim.probes.iter().map(move |probe| (&claim.id, probe)))
        .filter(|(_, probe)| wanted(probe));
    let mut total = 0;
    for (index, (claim, probe)) in probes.enumerate() {
        by_vantage
            .entry(&probe.vantage)
            .or_default()
            .push((index, claim, probe));
        total += 1;
    }
    let (sender, receiver) = mpsc::channel();
    let mut answers = thread::scope(|scope| {
        for jobs in by_vantage.values() {
            let sender = sender.clone();
            scope.spawn(move || {
                in_turn(jobs, &|(index, claim, probe)| {
                    // The receiver outlives every sender of this scope.
                    let _ = sender.send((*index, site.ask(claim, probe, closed)));
                });
            });
        }
        drop(sender);
        let mut answers = Vec::with_capacity(total);
        for answer in receiver {
            answers.push(answer);
            step(answers.len(), total);
        }
        answers
    });
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, evidence)| evidence).collect()
}

impl Site<'_> {
    fn ask(&self, claim: &ClaimId, probe: &Probe, closed: Closed) -> Evidence {
        let question = Request::Ask(probe.question.clone(), closed);
        let asked =
            broken(self.twin).map_or_else(|| request(self.twin, &probe.vantage, &question), Err);
        let mut explained = None;
        let (mut verdict, detail, peer, token) = match asked {
            Ok(Reply::Answer(answer)) => {
                let verdict = probe::judge(&probe.expect, &answer);
                let peer = if heard(&answer) {
                    behind(self.peer(&probe.question), answer.peer.as_deref())
                } else {
                    Peer::None
                };
                explained = probe::explain(&probe.expect, &answer);
                (verdict, answer.detail, peer, answer.token)
            }
            Ok(_) => (
                Verdict::Unknown,
                "the vantage replied to another request".to_owned(),
                Peer::None,
                None,
            ),
            Err(why) => (
                Verdict::Unknown,
                format!("could not be asked: {why}"),
                Peer::None,
                None,
            ),
        };
        let mut detail = detail;
        if let Some(words) = explained.as_ref().and_then(|one| one.words.as_ref()) {
            detail = format!("{detail}; {words}");
        }
        if let (Question::Mail { server, .. }, Some(token), Verdict::Holds) =
            (&probe.question, &token, verdict)
        {
            let (kept, words) = self.find_mail(server.ip(), token);
            verdict = verdict.and(kept);
            detail = format!("{detail}; {words}");
            explained = (kept == Verdict::Fails).then(|| Explanation {
                words: None,
                remedy: MailFault::NotReceived.remedy(),
            });
        }
        // A host that has gone answers nobody: neither that something fails nor that nothing arrives is shown by that.
        let silence = verdict == Verdict::Fails || probe.expect == Expect::NoWay;
        if let (true, Some(why)) = (silence, broken(self.twin)) {
            verdict = Verdict::Unknown;
            detail = format!("{detail}; {why}");
        }
        let mut item = evidence(self, claim, probe, verdict, peer, detail);
        if let (Verdict::Fails, Some(explained)) = (verdict, explained) {
            item.remedy = Some(explained.remedy.to_owned());
        }
        item
    }

    /// Whether the mail server has kept what it accepted.
    fn find_mail(&self, server: IpAddr, token: &str) -> (Verdict, String) {
        let Some(host) = host_at(self.network, server) else {
            return (
                Verdict::Unknown,
                "no host of the design has the mail server's address".to_owned(),
            );
        };
        match request(self.twin, host, &Request::FindMail(token.to_owned())) {
            Ok(Reply::Mail(true)) => (Verdict::Holds, format!("found in the mailbox of {host}")),
            Ok(Reply::Mail(false)) => (
                Verdict::Fails,
                format!(
                    "{}: it is not in the mailbox of {host}",
                    MailFault::NotReceived
                ),
            ),
            Ok(_) => (
                Verdict::Unknown,
                format!("{host} replied to another request"),
            ),
            Err(why) => (
                Verdict::Unknown,
                format!("the mailbox of {host} could not be read: {why}"),
            ),
        }
    }

    /// What plays the server that a question goes to.
    fn peer(&self, question: &Question) -> Peer {
        let Some(target) = target(question) else {
            return Peer::None;
        };
        let name = host_at(self.network, target.ip())
            .and_then(|host| self.listening.get(host))
            .and_then(|listening| {
                listening
                    .iter()
                    .find(|one| one.address.port() == target.port())
            })
            .map(|one| one.peer.clone());
        name.unwrap_or(Peer::None)
    }
}

/// What an answer is evidence of.
pub(crate) fn evidence(
    site: &Site<'_>,
    claim: &ClaimId,
    probe: &Probe,
    verdict: Verdict,
    peer: Peer,
    detail: String,
) -> Evidence {
    Evidence {
        claim: claim.clone(),
        verdict,
        blueprint: site.blueprint.clone(),
        vantage: probe.vantage.to_string(),
        setting: Setting::Rehearsed,
        peer,
        source: SOURCE.to_owned(),
        at: Timestamp::now(),
        expires: None,
        remedy: (verdict != Verdict::Holds).then(|| remedy(&probe.expect, verdict).to_owned()),
        detail: format!("{detail} (wanted: {})", wanted(&probe.expect)),
        witness: None,
    }
}

/// What answered, of what listens and what the answer calls its author: a stand-in for a product is one behind a real
/// balancer too.
fn behind(listens: Peer, author: Option<&str>) -> Peer {
    match (listens, author) {
        (Peer::Real(balancer), Some(peers::product::NAME)) => {
            Peer::StandIn(format!("{} behind {balancer}", peers::product::NAME))
        }
        (listens, _) => listens,
    }
}

/// Whether something answered.
fn heard(answer: &Answer) -> bool {
    matches!(
        answer.outcome,
        Outcome::Works { .. } | Outcome::Refused | Outcome::Broken
    )
}

/// Where a question goes; none for what is asked of no server.
pub(crate) fn target(question: &Question) -> Option<SocketAddr> {
    let target = match question {
        Question::Ssh { target, .. }
        | Question::Connect { target }
        | Question::Health { target, .. }
        | Question::Console { target, .. }
        | Question::Database { target, .. }
        | Question::TunnelLoss { target, .. } => *target,
        Question::Mail { server, .. } | Question::Relay { server, .. } => *server,
        Question::Resolve { server, .. } | Question::Records { server, .. } => {
            SocketAddr::new(*server, 53)
        }
        Question::Time { server } => SocketAddr::new(*server, 123),
        Question::Tunnel { .. } => return None,
    };
    Some(target)
}

fn wanted(expect: &Expect) -> String {
    match expect {
        Expect::Works => "it works".to_owned(),
        Expect::Addresses(addresses) => {
            let list: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            format!("exactly {}", list.join(", "))
        }
        Expect::Records(records) if records.is_empty() => "no record of the kind".to_owned(),
        Expect::Records(records) => {
            let list: Vec<_> = records.iter().map(ToString::to_string).collect();
            format!("exactly {}", list.join(", "))
        }
        Expect::NoSuchName => "there is no such name".to_owned(),
        Expect::NoWay => "no packet of it arrives".to_owned(),
        Expect::Refused => "the server refuses".to_owned(),
    }
}

fn remedy(expect: &Expect, verdict: Verdict) -> &'static str {
    match (expect, verdict) {
        (_, Verdict::Unknown) => "see the host's log in the run's folder, and rehearse again",
        (Expect::NoWay, _) => {
            "see which rule lets it through: `reeve prove` names it for a network fault"
        }
        (Expect::Refused, _) => "change the credential that still works, and rehearse again",
        _ => {
            "see which rule stops it: `reeve prove` names it for a network fault; else see the host's log"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_behind_something_real_is_a_stand_in() {
        let product = peers::product::NAME;
        let real = || Peer::Real("HAProxy 2.6".to_owned());
        let check = |listens: Peer, author: Option<&str>, wanted: Peer| {
            assert_eq!(behind(listens, author), wanted);
        };
        let mixed = Peer::StandIn(format!("{product} behind HAProxy 2.6"));
        check(real(), Some(product), mixed);
        check(real(), Some("nginx"), real());
        check(real(), None, real());
        let embedded = || Peer::StandIn("reeve balancer 0.1.0".to_owned());
        check(embedded(), Some(product), embedded());
        check(Peer::None, Some(product), Peer::None);
    }
}

//! The questions about tunnels: whether each is up, and what is reached while some are lost.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use ipnet::Ipv4Net;
use model::claim::{Expect, Probe, Question};
use model::vpn::TunnelId;
use model::{Claim, Evidence, Peer, Verdict};
use peers::vpn::{TunnelState, Vpn};

use super::{Plain, Staged, is_about_tunnels};
use crate::asking::{Closed, Site, broken, evidence, request};
use crate::flow::Interruption;
use crate::host::chain;
use crate::message::{Reply, Request};

/// Answers the questions about tunnels while the VPN stands.
pub(crate) fn ask(
    site: &Site<'_>,
    claims: &[Claim],
    staged: &Staged,
    vpn: &Vpn<'_>,
) -> Vec<Evidence> {
    let states = vpn.tunnels();
    let mut all = Vec::new();
    for (claim, probe) in about_tunnels(claims) {
        let (mut verdict, mut detail) = match &probe.question {
            Question::Tunnel { tunnel } => match &states {
                Ok(states) => state(states, tunnel),
                Err(error) => (Verdict::Unknown, chain(error)),
            },
            Question::TunnelLoss { tunnels, target } => {
                // One that carries nothing anyway is neither taken nor awaited.
                let carries = |id: &&TunnelId| {
                    let states = states.as_deref().unwrap_or_default();
                    states.iter().any(|it| it.tunnel == **id && it.carries)
                };
                let taken: BTreeSet<TunnelId> = tunnels.iter().filter(carries).cloned().collect();
                let (verdict, words) =
                    if taken.len() < tunnels.len() && probe.expect == Expect::NoWay {
                        let words = "a tunnel is down already, which is to be mended first";
                        (Verdict::Unknown, words.to_owned())
                    } else {
                        lost(site, vpn, &taken, *target, probe)
                    };
                let names: Vec<_> = tunnels.iter().map(ToString::to_string).collect();
                (verdict, format!("without {}: {words}", names.join(" and ")))
            }
            _ => continue,
        };
        // A host that is gone answers nobody, and neither shows that a tunnel fails nor that nothing passes.
        if let Some(why) = broken(site.twin) {
            verdict = Verdict::Unknown;
            detail = format!("{detail}; {why}");
        }
        all.push(evidence(
            site,
            &claim.id,
            probe,
            verdict,
            staged.peer(),
            detail,
        ));
    }
    all
}

/// What is said of the tunnels where the link is plain.
pub(crate) fn untold(site: &Site<'_>, claims: &[Claim], plain: &Plain) -> Vec<Evidence> {
    about_tunnels(claims)
        .map(|(claim, probe)| {
            let detail = format!("the link to the data centre is plain here: {}", plain.why);
            let mut told = evidence(site, &claim.id, probe, Verdict::Unknown, Peer::None, detail);
            told.remedy = Some(plain.remedy.clone());
            told
        })
        .collect()
}

fn about_tunnels(claims: &[Claim]) -> impl Iterator<Item = (&Claim, &Probe)> {
    claims.iter().flat_map(|claim| {
        let probes = claim.probes.iter();
        let probes = probes.filter(|probe| is_about_tunnels(&probe.question));
        probes.map(move |probe| (claim, probe))
    })
}

/// What is to be said of a tunnel: both ends, what passes, and what is announced by it.
fn state(states: &[TunnelState], tunnel: &TunnelId) -> (Verdict, String) {
    let Some(state) = states.iter().find(|state| state.tunnel == *tunnel) else {
        return (Verdict::Unknown, format!("nobody runs {tunnel}"));
    };
    if let Some(wrong) = wrong(state) {
        return (Verdict::Fails, wrong);
    }
    let encrypted = state.customer.wire.encrypted;
    if encrypted == 0 {
        let words = format!("{tunnel} is up at both ends, and no packet of it was seen outside");
        return (Verdict::Unknown, words);
    }
    let association = &state.customer.association;
    let in_udp = if association.in_udp { " in UDP" } else { "" };
    (
        Verdict::Holds,
        format!(
            "{tunnel} is up at both ends with {}{in_udp}; {encrypted} packets of it crossed the Internet, all encrypted; AWS's end leads {} into it",
            association.ciphers,
            listed(&state.learnt),
        ),
    )
}

/// What is wrong with a tunnel, the cause before what follows from it.
fn wrong(state: &TunnelState) -> Option<String> {
    let tunnel = &state.tunnel;
    if let Some(why) = state.refused() {
        return Some(format!(
            "{tunnel} is refused: the pre-shared keys of its ends differ ({why})"
        ));
    }
    if !state.is_established() {
        let end = |up: bool| if up { "up" } else { "down" };
        return Some(format!(
            "{tunnel}: AWS's end is {}, the customer's {}",
            end(state.amazon.association.up),
            end(state.customer.association.up)
        ));
    }
    if !state.carries {
        return Some(format!(
            "{tunnel} stands, and the routers do not meet through it"
        ));
    }
    if state.learnt.is_empty() {
        return Some(format!(
            "{tunnel} stands, and AWS's end leads nothing into it"
        ));
    }
    if !state.leaked.is_empty() {
        return Some(format!(
            "by {tunnel} the customer's router announces {}, which is not its own",
            listed(&state.leaked)
        ));
    }
    let clear = state.amazon.wire.clear + state.customer.wire.clear;
    (clear > 0).then(|| format!("{clear} packets of {tunnel} went over the Internet in clear"))
}

fn listed(prefixes: &BTreeSet<Ipv4Net>) -> String {
    let names: Vec<_> = prefixes.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// Takes tunnels away while connections go on, asks, and gives them back.
fn lost(
    site: &Site<'_>,
    vpn: &Vpn<'_>,
    tunnels: &BTreeSet<TunnelId>,
    target: SocketAddr,
    probe: &Probe,
) -> (Verdict, String) {
    let begun = request(site.twin, &probe.vantage, &Request::BeginFlow(target));
    let (mut verdict, mut words) = match vpn.lose(tunnels) {
        Ok(()) => without(site, target, probe),
        Err(error) => (Verdict::Unknown, chain(&error)),
    };
    if let (Ok(_), Ok(Reply::Flow(seen))) =
        (begun, request(site.twin, &probe.vantage, &Request::EndFlow))
    {
        words = format!("{words}; {}", interruption(&seen));
    }
    if let Err(error) = vpn.restore(tunnels) {
        verdict = verdict.and(Verdict::Unknown);
        words = format!("{words}; not all came back: {}", chain(&error));
    }
    (verdict, words)
}

/// What a connection from the vantage comes to while tunnels are lost.
fn without(site: &Site<'_>, target: SocketAddr, probe: &Probe) -> (Verdict, String) {
    // Where nothing is to pass no daemon forwards either, and what a kernel forwards the sentinel accounts for.
    let closed = match probe.expect {
        Expect::NoWay => Closed::BySentinel,
        _ => Closed::ByDeadline,
    };
    let asked = Request::Ask(Question::Connect { target }, closed);
    match request(site.twin, &probe.vantage, &asked) {
        Ok(Reply::Answer(answer)) => (probe::judge(&probe.expect, &answer), answer.detail),
        Ok(_) => (
            Verdict::Unknown,
            "the vantage replied to another request".to_owned(),
        ),
        Err(why) => (Verdict::Unknown, format!("could not be asked: {why}")),
    }
}

fn interruption(seen: &Interruption) -> String {
    format!(
        "while it was lost, {} of {} connections came about, the longest gap was {} ms by the twin's quick timers, which says nothing of AWS's",
        seen.came_about, seen.tried, seen.longest_gap_ms
    )
}

#[cfg(test)]
mod tests {
    use peers::vpn::{Association, EndState, Seen};

    use super::*;

    fn tunnel() -> TunnelId {
        TunnelId {
            vpn: "vpn-1".into(),
            number: 1,
        }
    }

    fn end() -> EndState {
        EndState {
            association: Association {
                up: true,
                ..Association::default()
            },
            wire: Seen {
                encrypted: 9,
                ..Seen::default()
            },
            ..EndState::default()
        }
    }

    #[test]
    fn a_tunnel_holds_only_if_everything_about_it_was_seen() {
        let check = |damage: &dyn Fn(&mut TunnelState), wanted: Verdict, words: &str| {
            let own: Ipv4Net = "10.10.0.0/16".parse().expect("a range");
            let mut seen = TunnelState {
                tunnel: tunnel(),
                amazon: end(),
                customer: end(),
                carries: true,
                learnt: BTreeSet::from([own]),
                leaked: BTreeSet::new(),
            };
            damage(&mut seen);
            let (verdict, told) = state(&[seen], &tunnel());
            assert_eq!(verdict, wanted, "{told}");
            assert!(told.contains(words), "{told}");
        };
        use Verdict::{Fails, Holds, Unknown};
        check(&|_| {}, Holds, "9 packets");
        check(&|it| it.tunnel.number = 2, Unknown, "nobody runs");
        check(&|it| it.customer.wire.encrypted = 0, Unknown, "no packet");
        check(
            &|it| it.amazon.association.up = false,
            Fails,
            "AWS's end is down",
        );
        check(
            &|it| it.customer.association.up = false,
            Fails,
            "the customer's down",
        );
        check(&|it| it.carries = false, Fails, "do not meet");
        check(&|it| it.learnt.clear(), Fails, "leads nothing");
        check(&|it| it.leaked = it.learnt.clone(), Fails, "not its own");
        check(&|it| it.amazon.wire.clear = 2, Fails, "2 packets");
        check(&|it| it.customer.wire.clear = 1, Fails, "in clear");
        let refused =
            |it: &mut TunnelState| it.amazon.refused = Some("AUTHENTICATION_FAILED".to_owned());
        check(&refused, Fails, "keys of its ends differ");
        assert_eq!(state(&[], &tunnel()).0, Unknown);
    }
}

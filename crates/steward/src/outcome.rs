//! What a rehearsal came to, in words and verdicts: the pure end of it.

use std::collections::{BTreeMap, BTreeSet};

use handover::{FaultSeen, Listening, MatrixCount, NotRehearsed, Totals};
use model::claim::{Expect, Peer};
use model::estate::Link;
use model::{Assessment, Estate, Host, HostId, Setting, Verdict};

use crate::fault::Fault;
use crate::staging::unplayed;
use crate::tunnels::Plain;

/// What a rehearsal can tell.
pub(crate) const SETTINGS: [Setting; 2] = [Setting::Planned, Setting::Rehearsed];

/// The word on a twin that ended before it was taken down.
pub(crate) fn ended(why: &str) -> String {
    format!(
        "The twin ended before it was taken down ({why}): see log/twin.log in the run's folder."
    )
}

/// One line for each service of a host, with all its ports.
pub(crate) fn who_answers(host: &HostId, listening: &[peers::Listening]) -> Vec<Listening> {
    let mut services: BTreeMap<(&str, &Peer), Vec<String>> = BTreeMap::new();
    for one in listening {
        let port = format!("{} {}", one.transport, one.address.port());
        let ports = services.entry((&one.service, &one.peer)).or_default();
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    let line = |((service, peer), ports): ((&str, &Peer), Vec<String>)| Listening {
        host: host.to_string(),
        service: service.to_owned(),
        ports,
        peer: peer.to_string(),
    };
    services.into_iter().map(line).collect()
}

pub(crate) fn overall(counts: &Totals) -> Verdict {
    if counts.fails > 0 {
        Verdict::Fails
    } else if counts.unknown > 0 || counts.holds == 0 {
        Verdict::Unknown
    } else {
        Verdict::Holds
    }
}

pub(crate) fn summary(
    verdict: Verdict,
    counts: &Totals,
    claims: &[Assessment],
    matrix: &MatrixCount,
) -> String {
    let asked = counts.holds + counts.fails + counts.unknown;
    let first = match verdict {
        Verdict::Holds => format!("All {asked} claims that a rehearsal can tell hold"),
        Verdict::Fails => {
            let first = claims
                .iter()
                .find(|claim| claim.within(&SETTINGS) == Some(Verdict::Fails));
            let named = first
                .map(|claim| format!(", first of them “{}”", claim.claim.title))
                .unwrap_or_default();
            format!("{} of {asked} claims fail{named}", counts.fails)
        }
        Verdict::Unknown => format!(
            "Nothing fails, but of {} of {asked} claims it could not be told",
            counts.unknown
        ),
    };
    let live = claims
        .iter()
        .filter(|claim| claim.missing.contains(&Setting::Live))
        .count();
    let lost = match matrix.unaccounted.len() {
        0 => String::new(),
        flights => format!(" and {flights} flights unaccounted for"),
    };
    let packets = if *matrix == MatrixCount::default() {
        "The packet matrix was left out.".to_owned()
    } else {
        format!(
            "{} packets were compared with the proof, with {} disagreements{lost}.",
            matrix.sent, matrix.disagree
        )
    };
    format!("{first}. {packets} {live} claims still wait for evidence from AWS itself.")
}

pub(crate) fn seen_fault(fault: &Fault, change: &str, claims: &[Assessment]) -> FaultSeen {
    let failing = |setting| {
        claims
            .iter()
            .filter(move |claim| claim.verdicts.get(&setting) == Some(&Verdict::Fails))
            .map(|claim| claim.claim.id.to_string())
            .collect::<Vec<_>>()
    };
    FaultSeen {
        name: fault.name.to_owned(),
        change: change.to_owned(),
        by_proof: failing(Setting::Planned),
        by_probe: failing(Setting::Rehearsed),
        cause: cause(claims),
    }
}

/// The cause as the evidence names it. A proof names the rule that lets a packet through, or stops it. Where no proof
/// fails, what was open and must be closed says more than what then did not work.
fn cause(claims: &[Assessment]) -> Option<String> {
    let failed = |setting| {
        let all = claims
            .iter()
            .flat_map(|claim| claim.evidence.iter().map(move |item| (claim, item)));
        all.filter(move |(_, item)| item.setting == setting && item.verdict == Verdict::Fails)
    };
    let must_be_closed = |claim: &Assessment| {
        claim
            .claim
            .probes
            .iter()
            .all(|probe| matches!(probe.expect, Expect::NoWay | Expect::Refused))
    };
    let traced = failed(Setting::Planned).find(|(_, item)| item.witness.is_some());
    let proved = || failed(Setting::Planned).next();
    let open = || failed(Setting::Rehearsed).find(|(claim, _)| must_be_closed(claim));
    let broken = || failed(Setting::Rehearsed).next();
    let (claim, item) = traced.or_else(proved).or_else(open).or_else(broken)?;
    Some(match item.setting {
        Setting::Planned => item.detail.clone(),
        _ => format!(
            "{}, but from {}: {}",
            claim.claim.title, item.vantage, item.detail
        ),
    })
}

/// What a rehearsal of this version leaves out.
pub(crate) fn not_rehearsed(
    estate: &Estate,
    hosts: &BTreeMap<HostId, Host>,
    peers: &[Listening],
    plain: Option<&Plain>,
) -> Vec<NotRehearsed> {
    let line = |what: &str, why: &str, remedy: Option<&str>| NotRehearsed {
        what: what.to_owned(),
        why: why.to_owned(),
        remedy: remedy.map(str::to_owned),
    };
    let mut lines = vec![
        line(
            "The products, the database and the customer's servers themselves",
            &stand_ins(peers),
            Some("ask the live site"),
        ),
        line(
            "Offsets between clocks",
            "a twin has one clock: that a time server answers is seen, how well clocks agree is not",
            Some("ask the live site"),
        ),
        line(
            "AWS's own services",
            "IAM, KMS, RDS, SES, Route 53 and the rest are not in the twin",
            Some("apply, then ask the live site"),
        ),
        line(
            "Addresses that AWS allots",
            "public addresses are stand-ins out of 198.18.0.0/15 until AWS allots real ones",
            Some("apply, then ask the live site"),
        ),
    ];
    lines.extend(link(estate, plain));
    if estate.wanted_recovery().is_some() {
        lines.push(line(
            "Recovery in the recovery region",
            "backups, copies and drills are not designed yet; a time measured in a twin would not be RTO on AWS anyway",
            None,
        ));
    }
    for (id, host) in hosts {
        lines.extend(
            host.services
                .iter()
                .filter_map(unplayed)
                .map(|why| line(&format!("Logins to {id}"), &why, Some("ask the live site"))),
        );
    }
    lines
}

/// What of the link to the data centre the twin does not have.
fn link(estate: &Estate, plain: Option<&Plain>) -> Option<NotRehearsed> {
    let (what, why, remedy) = match (&estate.data_centre.as_ref()?.link, plain) {
        (Link::Vpn(_), Some(plain)) => (
            "The VPN's tunnels and encryption",
            format!("the link to the data centre was plain: {}", plain.why),
            plain.remedy.clone(),
        ),
        (Link::Vpn(_), None) => (
            "The customer's router, and AWS's timers",
            "strongSwan and BIRD stand for both ends; a lost tunnel is noticed by quicker timers than AWS's".to_owned(),
            "ask the live site".to_owned(),
        ),
        (Link::DirectConnect(_), _) => (
            "The provider's line",
            "in the twin the data centre is joined by a plain link: routes and filters are real".to_owned(),
            "ask the live site".to_owned(),
        ),
    };
    Some(NotRehearsed {
        what: what.to_owned(),
        why,
        remedy: Some(remedy),
    })
}

/// Which of the servers are stand-ins, in words.
fn stand_ins(peers: &[Listening]) -> String {
    const LACK: &str = "has the ports, health path and login, and not the software";
    let real: BTreeSet<&str> = peers
        .iter()
        .map(|one| one.peer.as_str())
        .filter(|peer| !peer.starts_with("stand-in"))
        .collect();
    if real.is_empty() {
        return format!("every server of the twin is a stand-in that {LACK}");
    }
    let real: Vec<&str> = real.into_iter().collect();
    format!(
        "{} are real, in the twin and not with the customer's data; every other server is a stand-in that {LACK}",
        real.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use model::claim::{Probe, Question, Witness};
    use model::packet::{Packet, Transport};
    use model::{Claim, ClaimId, Digest, Evidence, assess};

    use super::*;

    fn claim(id: &str, expect: Expect) -> Claim {
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
                expect,
            }],
            matrix: false,
            live_only: None,
        }
    }

    fn evidence(claim: &str, setting: Setting, verdict: Verdict, detail: &str) -> Evidence {
        Evidence {
            claim: ClaimId::new(claim),
            verdict,
            blueprint: Digest::of_bytes(b"design"),
            vantage: "a".to_owned(),
            setting,
            peer: Peer::None,
            source: "test".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            expires: None,
            detail: detail.to_owned(),
            remedy: None,
            witness: (setting == Setting::Planned).then(|| Witness {
                packet: Packet {
                    source: [10, 0, 0, 2].into(),
                    destination: [10, 0, 0, 1].into(),
                    transport: Transport::Tcp {
                        source: 49152,
                        destination: 22,
                    },
                },
                from: "a".to_owned(),
                to: "b".to_owned(),
                path: vec![],
            }),
        }
    }

    #[test]
    fn the_cause_is_what_was_open_before_what_was_broken_and_a_rule_before_both() {
        let claims = [claim("broken", Expect::Works), claim("open", Expect::NoWay)];
        let check = |answers: &[Evidence], wanted: Option<&str>| {
            let assessed = assess(&claims, answers, &Digest::of_bytes(b"design"));
            let found = cause(&assessed);
            assert_eq!(found.is_some(), wanted.is_some(), "{found:?}");
            assert!(
                found
                    .unwrap_or_default()
                    .contains(wanted.unwrap_or_default())
            );
        };
        let broken = evidence(
            "broken",
            Setting::Rehearsed,
            Verdict::Fails,
            "nothing answers",
        );
        let open = evidence("open", Setting::Rehearsed, Verdict::Fails, "connected");
        let rule = evidence("open", Setting::Planned, Verdict::Fails, "ingress rule 2");
        let unknown = evidence(
            "open",
            Setting::Rehearsed,
            Verdict::Unknown,
            "could not be asked",
        );
        check(&[], None);
        check(&[unknown], None);
        check(std::slice::from_ref(&broken), Some("nothing answers"));
        check(&[broken.clone(), open.clone()], Some("connected"));
        check(&[broken, open, rule], Some("ingress rule 2"));
    }

    #[test]
    fn a_rehearsal_holds_only_if_something_was_told_and_nothing_is_open() {
        let check = |holds, fails, unknown, wanted| {
            let counts = Totals {
                holds,
                fails,
                unknown,
                not_asked: 9,
            };
            assert_eq!(overall(&counts), wanted);
        };
        check(3, 0, 0, Verdict::Holds);
        check(3, 0, 1, Verdict::Unknown);
        check(3, 1, 1, Verdict::Fails);
        check(0, 0, 0, Verdict::Unknown);
    }

    #[test]
    fn stand_ins_are_named_as_such_and_real_servers_too() {
        let listening = |peer: &str| Listening {
            host: "a".to_owned(),
            service: "s".to_owned(),
            ports: vec![],
            peer: peer.to_owned(),
        };
        let check = |peers: &[&str], wanted: &str| {
            let peers: Vec<_> = peers.iter().map(|peer| listening(peer)).collect();
            let words = stand_ins(&peers);
            assert!(words.starts_with(wanted), "{words}");
        };
        check(&[], "every server of the twin is a stand-in");
        check(&["stand-in: reeve ssh"], "every server of the twin");
        check(
            &["OpenSSH 9.2", "BIND 9.18", "stand-in: x", "BIND 9.18"],
            "BIND 9.18, OpenSSH 9.2 are real, in the twin",
        );
    }

    #[test]
    fn the_summary_hides_no_flight_that_was_lost() {
        let matrix = MatrixCount {
            unaccounted: vec!["a".to_owned()],
            ..MatrixCount::default()
        };
        let counts = Totals {
            unknown: 1,
            ..Totals::default()
        };
        let words = summary(Verdict::Unknown, &counts, &[], &matrix);
        assert!(words.contains("1 flights unaccounted for"), "{words}");
        assert!(words.contains("it could not be told"), "{words}");
    }
}

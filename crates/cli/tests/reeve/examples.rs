//! Each example holds, with embedded and with real peers: whatever a rehearsal can tell, and nothing else is left open.

use std::fs;

use handover::Report;
use model::claim::{Peer, Question};
use model::{Assessment, Setting, Verdict};

use crate::daemons::all_are_installed;
use crate::kept::rename;
use crate::machine::can_rehearse;
use crate::place::{Place, word};
use crate::processes::{holders, marked, namespaces, none_remain};
use crate::report;

/// What a rehearsal can tell.
const SETTINGS: [Setting; 2] = [Setting::Planned, Setting::Rehearsed];

/// By this an estate has IPv6 beside IPv4.
const BOTH_FAMILIES: &str = "ipv6 = true";

/// What joins the data centre while an example is rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// Tunnels of strongSwan and BIRD, so many of them.
    Tunnels(usize),
    /// A plain link in the place of so many tunnels, of which nothing can be told.
    PlainFor(usize),
    /// A plain link in the place of a provider's line.
    Line,
}

/// A host that an operator logs in to, by a bastion of this kind, while the twin of an example is kept.
struct Login {
    host: &'static str,
    hostname: &'static str,
}

/// An example with stand-ins, taken down at its end.
fn embedded(example: &str, link: Link) {
    if !can_rehearse() {
        return;
    }
    let place = Place::with(example);
    let report = rehearse(&place, example, &["--peers", "embedded"], link);
    none_remain(&place.mark, &Default::default(), example);
    place.is_tidy(example);
    for one in &report.peers {
        assert!(one.peer.starts_with("stand-in: "), "{one:?}");
    }
}

/// An example with real daemons, kept at its end, entered and stopped.
fn real(example: &str, link: Link, login: &Login) {
    if !can_rehearse() || !all_are_installed() {
        return;
    }
    let place = Place::with(example);
    // Whoever stops a twin of this example on the same machine by its name does not mean this one.
    rename(&place, example);
    let report = rehearse(&place, example, &["--peers", "real", "--keep"], link);
    no_stand_in_but_of_products(&report);
    let daemons: &[&str] = match link {
        Link::Tunnels(_) => &["sshd", "named", "charon", "bird"],
        Link::PlainFor(_) | Link::Line => &["sshd", "named"],
    };
    is_entered_and_stopped(&place, example, login, daemons);
}

/// Rehearses an example and looks at all that it says and leaves behind.
fn rehearse(place: &Place, example: &str, options: &[&str], link: Link) -> Report {
    let estate = format!("../{example}");
    let mut words = vec!["rehearse", "--json", &estate];
    words.extend(options);
    // Of tunnels that nobody runs nothing is claimed.
    let (code, verdict) = match link {
        Link::PlainFor(_) => (4, Verdict::Unknown),
        Link::Tunnels(_) | Link::Line => (0, Verdict::Holds),
    };
    let ended = place.run(&words).with(code);
    let run = place.only_run(example);
    let kept = fs::read_to_string(run.join("report.json")).expect("the report");
    assert_eq!(ended.stdout.trim_end(), kept, "both are the same report");
    let report: Report = serde_json::from_str(&kept).expect("a report");

    assert_eq!((report.verdict, &report.fault), (verdict, &None));
    assert!(report.memory.is_some_and(|bytes| bytes > 0));
    assert!(!report.not_rehearsed.is_empty() && !report.not_proved.is_empty());
    packets_agree(&report);
    let estate = fs::read_to_string(place.path(example).join("estate.toml"));
    let both = estate.expect("an estate").contains(BOTH_FAMILIES);
    assert_eq!(is_asked_over_ipv6(&report), both);
    assert!(report.claims.len() > 100, "{} claims", report.claims.len());
    let (of_tunnels, others): (Vec<_>, Vec<_>) = report.claims.iter().partition(|one| tells(one));
    for one in others {
        answered(one, Verdict::Holds);
    }
    tunnels(&of_tunnels, &report, link);
    report::records(&run, &kept);
    report::page(
        &fs::read_to_string(run.join("report.html")).expect("the page"),
        &report,
    );
    report::nothing_secret(&run);
    report
}

/// Whether it tells of the tunnels themselves.
fn tells(assessment: &Assessment) -> bool {
    assessment.claim.probes.iter().any(|probe| {
        matches!(
            probe.question,
            Question::Tunnel { .. } | Question::TunnelLoss { .. }
        )
    })
}

/// Prover and packets agree on everything, and every packet is accounted for.
fn packets_agree(report: &Report) {
    let matrix = report.matrix.as_ref().expect("a matrix");
    assert!(matrix.sent > 1000, "{} packets", matrix.sent);
    assert_eq!((matrix.disagree, matrix.unknown), (0, 0));
    assert_eq!(matrix.disagreements, []);
    assert_eq!(matrix.unaccounted, Vec::<String>::new());
    assert_eq!(matrix.sent, matrix.arrived + matrix.lost);
}

/// Whether something was asked of an IPv6 address.
fn is_asked_over_ipv6(report: &Report) -> bool {
    let mut probes = report.claims.iter().flat_map(|one| &one.claim.probes);
    probes.any(|probe| match &probe.question {
        Question::Connect { target }
        | Question::Ssh { target, .. }
        | Question::Health { target, .. } => target.is_ipv6(),
        _ => false,
    })
}

/// Whatever a rehearsal can tell of a claim is told, and what only AWS can tell is named missing.
fn answered(assessment: &Assessment, rehearsed: Verdict) {
    let id = &assessment.claim.id;
    let required = assessment.claim.required_settings();
    for (setting, verdict) in SETTINGS.into_iter().zip([Verdict::Holds, rehearsed]) {
        let told = assessment.verdicts.get(&setting).copied();
        let wanted = required.contains(&setting).then_some(verdict);
        let said: Vec<_> = assessment.evidence.iter().map(|one| &one.detail).collect();
        assert_eq!(told, wanted, "{id}, {setting}: {said:?}");
    }
    assert!(!assessment.verdicts.contains_key(&Setting::Live), "{id}");
    let live = required.contains(&Setting::Live).then_some(Setting::Live);
    let missing: Vec<_> = live.into_iter().collect();
    assert_eq!(assessment.missing, missing, "{id}");
}

/// What is said of the tunnels: that each is up and may be lost, by those who ran them; or that nobody knows, why, and
/// what to do about it.
fn tunnels(claims: &[&Assessment], report: &Report, link: Link) {
    let lines: Vec<_> = report.not_rehearsed.iter().collect();
    let plain: Vec<_> = lines
        .iter()
        .filter(|line| line.what.contains("tunnels"))
        .collect();
    let (count, verdict) = match link {
        Link::Tunnels(count) => (count, Verdict::Holds),
        Link::PlainFor(count) => (count, Verdict::Unknown),
        Link::Line => (0, Verdict::Holds),
    };
    for end in ["up", "lost"] {
        let told = claims.iter().filter(|one| {
            let id = one.claim.id.as_str();
            id.contains("/tunnel-") && id.ends_with(end)
        });
        assert_eq!(told.count(), count, "each tunnel {end}");
    }
    for one in claims {
        answered(one, verdict);
        let id = one.claim.id.as_str();
        assert!(id.starts_with("data-centre/vpn"), "{id}");
        for evidence in &one.evidence {
            let as_wanted = match (&evidence.peer, link) {
                (Peer::Real(peer), Link::Tunnels(_)) => {
                    peer.starts_with("strongSwan ") && peer.contains(", BIRD ")
                }
                (Peer::None, Link::PlainFor(_)) => {
                    evidence.detail.contains("plain") && evidence.remedy.is_some()
                }
                _ => false,
            };
            assert!(as_wanted, "{id}, {link:?}: {evidence:?}");
        }
    }
    let told = usize::from(matches!(link, Link::PlainFor(_)));
    assert_eq!(plain.len(), told, "{lines:?}");
    assert!(plain.iter().all(|line| line.remedy.is_some()), "{plain:?}");
}

/// Every server is played by a daemon, but for the products, of which there are stand-ins alone.
fn no_stand_in_but_of_products(report: &Report) {
    let stand_ins = report
        .peers
        .iter()
        .filter(|one| one.peer.starts_with("stand-in: "));
    for one in stand_ins {
        assert!(one.peer.contains("product"), "{one:?}");
    }
    for daemon in ["OpenSSH", "BIND", "chrony", "Postfix", "PostgreSQL"] {
        let plays = report.peers.iter().any(|one| one.peer.contains(daemon));
        assert!(plays, "{daemon}: {:?}", report.peers);
    }
}

/// Logs in to a host of a kept twin by its bastion, over the VPN where there is one, and stops the twin: no process of it
/// remains, daemons included.
fn is_entered_and_stopped(place: &Place, example: &str, login: &Login, daemons: &[&str]) {
    let held = namespaces(marked(&place.mark).keys());
    let alive = holders(&held);
    for daemon in daemons {
        let runs = |command: &String| command.split([' ', '/', ':']).any(|word| word == *daemon);
        assert!(alive.values().any(runs), "{daemon}: {alive:?}");
    }
    let estate = format!("../{example}");
    let command = ["ssh", &estate, login.host, "--", "hostname; exit 7"];
    let ended = place.run(&command).with(7);
    assert_eq!(ended.stdout, format!("{}\n", login.hostname));

    let run = place.only_run(example);
    let run = word(run.file_name().expect("a name").as_ref());
    let list = || place.run(&["twin", "ls"]).with(0).stdout;
    assert!(list().contains(run), "{}", list());
    place.run(&["twin", "stop", run]).with(0).telling(&[run]);
    none_remain(&place.mark, &held, example);
    assert!(!list().contains(run), "{}", list());
    place.is_tidy(example);
}

#[test]
fn acme_with_embedded_peers() {
    embedded("acme", Link::PlainFor(2));
}

#[test]
fn acme_with_real_peers_and_bastions_in_its_vpcs() {
    let login = Login {
        host: "staging/apim-2",
        hostname: "staging-apim-2",
    };
    real("acme", Link::Tunnels(2), &login);
}

#[test]
fn globex_with_embedded_peers() {
    embedded("globex", Link::PlainFor(4));
}

#[test]
fn globex_with_real_peers_and_bastions_in_its_data_centre() {
    let login = Login {
        host: "production/ei-3",
        hostname: "production-ei-3",
    };
    real("globex", Link::Tunnels(4), &login);
}

#[test]
fn initech_with_embedded_peers() {
    embedded("initech", Link::Line);
}

#[test]
fn initech_with_real_peers_and_bastions_at_its_operator() {
    let login = Login {
        host: "development/mi-1",
        hostname: "development-mi-1",
    };
    real("initech", Link::Line, &login);
}

#[test]
fn acme_with_both_families_and_real_peers() {
    if !can_rehearse() || !all_are_installed() {
        return;
    }
    let place = Place::with("acme");
    let file = place.path("acme/estate.toml");
    let text = fs::read_to_string(&file).expect("an estate");
    let changed = text.replacen("ipv6 = false", BOTH_FAMILIES, 1);
    assert_ne!(text, changed);
    fs::write(file, changed).expect("an estate");
    rehearse(&place, "acme", &["--peers", "real"], Link::Tunnels(2));
    none_remain(&place.mark, &Default::default(), "both families");
    place.is_tidy("both families");
}

//! The diagram and the page of the example that everybody sees first.

use std::collections::BTreeMap;

use handover::{
    Disagreement, FaultSeen, Listening, MatrixCount, NotRehearsed, Phase, Report, Scene, VERSION,
    agreed, diagram, html,
};
use jiff::Timestamp;
use model::claim::{Hop, Witness};
use model::lock::Lock;
use model::packet::Transport;
use model::{Catalog, Digest, Estate, Evidence, Network, Packet, Peer, Setting, Verdict, assess};

/// What no name of an estate may do to a page.
const HOSTILE: &str = "</style></svg><script>alert('x')</script>&\u{1b}[31m";

fn acme() -> design::Design {
    let catalog = Catalog::embedded();
    design::design(&estate(), &catalog, &Lock::default()).expect("the example can be designed")
}

fn estate() -> Estate {
    let text = include_bytes!("../../../examples/acme/estate.toml");
    let today = jiff::civil::date(2026, 11, 22);
    let catalog = Catalog::embedded();
    let reading = model::estate::read("estate.toml", text, &catalog, today);
    let ready = reading.ready();
    ready
        .expect("the example has no finding that blocks")
        .clone()
}

/// The drawing of a network by this name.
fn draw(customer: &str, design: &design::Design, network: &Network) -> String {
    let mut estate = estate();
    customer.clone_into(&mut estate.customer);
    diagram(&Scene {
        estate: &estate,
        network,
        hosts: &design.hosts(),
        vpns: design.vpns(),
    })
}

fn evidence(
    claim: &model::Claim,
    verdict: Verdict,
    setting: Setting,
    blueprint: &Digest,
) -> Evidence {
    Evidence {
        claim: claim.id.clone(),
        verdict,
        blueprint: blueprint.clone(),
        vantage: "internet/client".to_owned(),
        setting,
        peer: Peer::StandIn("reeve ssh 0.1.0".to_owned()),
        source: "probe 0.1.0".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        expires: None,
        detail: HOSTILE.to_owned(),
        remedy: Some("close it".to_owned()),
        witness: (verdict == Verdict::Fails).then(|| Witness {
            packet: Packet {
                source: [203, 0, 113, 77].into(),
                destination: [198, 18, 0, 4].into(),
                transport: Transport::Tcp {
                    source: 49152,
                    destination: 40022,
                },
            },
            from: "internet".to_owned(),
            to: HOSTILE.to_owned(),
            path: vec![Hop {
                at: "group".to_owned(),
                decision: "ingress rule 2 allows".to_owned(),
                passed: true,
            }],
        }),
    }
}

/// A report in which the first claim fails, the next forty hold by what can be asked and everything else is missing.
fn report() -> Report {
    let design = acme();
    let (claims, blueprint) = (design.claims(), design.digest());
    let mut answers = Vec::new();
    for (claim, verdict) in claims
        .iter()
        .zip([Verdict::Fails].into_iter().chain([Verdict::Holds; 40]))
    {
        answers.extend(
            claim
                .intents
                .iter()
                .map(|_| evidence(claim, verdict, Setting::Planned, &blueprint)),
        );
        answers.extend(
            claim
                .probes
                .iter()
                .map(|_| evidence(claim, verdict, Setting::Rehearsed, &blueprint)),
        );
    }
    Report {
        format: VERSION,
        reeve: "0.1.0".to_owned(),
        estate: "acme".to_owned(),
        customer: HOSTILE.to_owned(),
        operator: "Northwind".to_owned(),
        run: "20261122T211500Z-4f2a".to_owned(),
        began: Timestamp::UNIX_EPOCH,
        took_ms: 5_432,
        memory: Some(64 << 20),
        verdict: Verdict::Fails,
        summary: "One claim fails".to_owned(),
        fault: Some(FaultSeen {
            name: "bastion-open".to_owned(),
            change: "everybody may knock".to_owned(),
            by_proof: vec![],
            by_probe: vec![],
            cause: None,
        }),
        findings: vec![],
        awaited: vec![],
        agreed: agreed(&estate()),
        claims: assess(&claims, &answers, &blueprint),
        matrix: Some(MatrixCount {
            sent: 61_234,
            disagree: 1,
            disagreements: vec![Disagreement {
                from: "a".to_owned(),
                to: "b".to_owned(),
                packet: "tcp".to_owned(),
                proved: "it arrives".to_owned(),
                seen: "it was lost".to_owned(),
                path: vec![HOSTILE.to_owned()],
            }],
            ..MatrixCount::default()
        }),
        phases: vec![Phase {
            name: "prove".to_owned(),
            took_ms: 12,
            result: HOSTILE.to_owned(),
        }],
        peers: vec![Listening {
            host: "a".to_owned(),
            service: "ssh".to_owned(),
            ports: vec!["tcp 22".to_owned()],
            peer: "stand-in: reeve ssh 0.1.0".to_owned(),
        }],
        not_rehearsed: vec![NotRehearsed {
            what: "clocks".to_owned(),
            why: "one clock".to_owned(),
            remedy: None,
        }],
        not_proved: vec!["IAM".to_owned()],
        blueprint,
    }
}

#[test]
fn the_diagram_is_well_formed_and_always_the_same() {
    let design = acme();
    let network = design.network();
    let drawn = draw("ACME", &design, &network);
    assert_eq!(drawn, draw("ACME", &design, &network));
    let document = roxmltree::Document::parse(&drawn).expect("well-formed XML");
    let mut texts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in document.descendants().filter_map(|node| node.text()) {
        *texts.entry(text).or_default() += 1;
    }
    for interface in network.interfaces.keys() {
        let name = interface.as_str().rsplit('/').next().unwrap_or_default();
        assert!(texts.contains_key(name), "{name} is not drawn");
    }
    for subnet in network.subnets.values() {
        for range in &subnet.cidrs {
            assert!(
                texts.contains_key(range.to_string().as_str()),
                "{range} is not drawn"
            );
        }
    }
    for wanted in [
        "tcp/40022",
        "203.0.113.10",
        "IPsec tunnel 2 from",
        "BGP, AS",
    ] {
        assert!(drawn.contains(wanted), "{wanted} is not drawn");
    }
    assert!(
        drawn.contains("@media screen and (prefers-color-scheme:dark)"),
        "dark is for screens alone"
    );
}

#[test]
fn names_stay_text_and_nothing_is_loaded_from_elsewhere() {
    let design = acme();
    let drawing = draw(HOSTILE, &design, &design.network());
    roxmltree::Document::parse(&drawing).expect("well-formed XML");
    let page = html(&report(), &drawing).expect("rendered");
    assert!(!page.contains("<script"), "a page that needs none has none");
    for outside in ["src=", "href=", "@import", "url(http"] {
        assert!(!page.contains(outside), "{outside} would load something");
    }
}

#[test]
fn what_fails_what_is_missing_and_who_differs_are_said() {
    let page = html(&report(), "<svg></svg>").expect("rendered");
    for wanted in [
        "What fails",
        "Who pays",
        "declares a disaster",
        "What could not be told",
        "tcp 203.0.113.77:49152 &#62; 198.18.0.4:40022",
        "ingress rule 2 allows",
        "Nobody saw it.",
        "61\u{202f}234",
        "prover and packets disagree",
        "it was lost",
        "5.4 s",
        "64 MiB",
        "stand-in: reeve ssh 0.1.0",
        "missing",
        "Only a live site can tell",
    ] {
        assert!(page.contains(wanted), "{wanted} is not said");
    }
}

#[test]
fn answers_of_failing_claims_are_open_and_no_others() {
    let report = report();
    let page = html(&report, "<svg></svg>").expect("rendered");
    let failing = report
        .claims
        .iter()
        .filter(|claim| {
            claim
                .evidence
                .iter()
                .any(|item| item.verdict == Verdict::Fails)
        })
        .count();
    assert_eq!(failing, 1, "as the report was made");
    assert_eq!(page.matches("<details open>").count(), failing);
    let answered = report
        .claims
        .iter()
        .filter(|claim| !claim.evidence.is_empty());
    assert_eq!(
        page.matches("<details>").count(),
        answered.count() - failing
    );
    assert!(
        page.contains("<details>"),
        "some claim holds by its answers"
    );
}

#[test]
fn peerings_are_drawn_and_named() {
    let design = acme();
    let mut network = design.network();
    let ids: Vec<_> = network.vpcs.keys().cloned().collect();
    let peer = |vpcs| model::network::Peering { vpcs };
    network
        .peerings
        .insert("peering".into(), peer([ids[0].clone(), ids[1].clone()]));
    let nowhere = "not of this network".into();
    network
        .peerings
        .insert("dangling".into(), peer([ids[0].clone(), nowhere]));
    let drawn = draw("ACME", &design, &network);
    roxmltree::Document::parse(&drawn).expect("well-formed XML");
    assert_eq!(drawn.matches("class='peering'").count(), 1);
    for (one, other) in [(&ids[0], &ids[1]), (&ids[1], &ids[0])] {
        let (one, other) = (one.as_str(), other.as_str());
        assert!(drawn.contains(&format!("{one} · ")), "{one} has no head");
        assert!(drawn.contains(other), "{other} is not named");
    }
    assert!(drawn.contains("peered with"));
}

//! A rehearsal: design, prove, stand up with real packets, ask, compare, take down, report.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use design::Design;
use handover::{
    FaultSeen, Listening, MatrixCount, NotRehearsed, Phase, RenderError, Report, Totals, VERSION,
    totals,
};
use jiff::Timestamp;
use ledger::{PublishError, Run, RunError, RunId};
use model::claim::Expect;
use model::lock::Lock;
use model::{
    Assessment, Claim, Digest, Estate, Evidence, Finding, Host, HostId, Network, Setting, Verdict,
    assess,
};
use twin::Twin;

use crate::asking::{Site, ask_all, listening};
use crate::credentials::{Credentials, CredentialsError};
use crate::fault::{Fault, Ground};
use crate::folder::Loaded;
use crate::staging::{Staging, StagingError, unplayed};
use crate::{matrix, proof};

/// What a rehearsal can tell.
const SETTINGS: [Setting; 2] = [Setting::Planned, Setting::Rehearsed];

/// How a rehearsal is to be done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A fault to plant.
    pub fault: Option<Fault>,
    /// Whether the twin is left standing.
    pub keep: bool,
}

/// Who hears how far a rehearsal is.
pub trait Progress: Sync {
    /// A phase begins.
    fn begin(&self, phase: &str);
    /// Some of it is done.
    fn advance(&self, done: usize, total: usize);
    /// It ended, after milliseconds, with a result in a few words.
    fn end(&self, phase: &Phase);
}

/// What a rehearsal came to.
#[derive(Debug)]
pub struct Rehearsed {
    /// Everything that it found out.
    pub report: Report,
    /// The run's folder.
    pub folder: PathBuf,
    /// Why the report's files could not be written, where they could not.
    pub unwritten: Option<UnwrittenError>,
}

/// Why the report is not on disk. What it says is not lost: it is still shown.
#[derive(Debug, thiserror::Error)]
pub enum UnwrittenError {
    /// The page cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The report has no JSON form.
    #[error("write the report as JSON")]
    Json(#[source] serde_json::Error),
    /// The disk does not take it.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The ledger does not take it.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Why there was no rehearsal.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// Findings in the estate stand in the way. They are with the caller, who loaded it.
    #[error("rehearse an estate with findings that nobody waived")]
    Findings,
    /// The estate cannot be designed.
    #[error("design the estate")]
    Design(Vec<Finding>),
    /// The fault has nowhere to be planted.
    #[error("plant the fault `{0}`: the estate has nothing that it could break")]
    Fault(&'static str),
    /// The design has no digest.
    #[error("digest the design")]
    Digest(#[source] serde_json::Error),
    /// The run cannot be recorded.
    #[error("record the run")]
    Run(#[from] RunError),
    /// No credentials for the run.
    #[error("make the credentials of this run")]
    Credentials(#[from] CredentialsError),
    /// The twin's plan cannot be made.
    #[error("plan the twin")]
    Staging(#[from] StagingError),
    /// The twin does not stand.
    #[error("stand the twin up")]
    Twin(#[from] twin::TwinError),
}

/// What is rehearsed: the design, or the design with a fault in it.
struct Subject<'a> {
    estate: &'a Estate,
    claims: Vec<Claim>,
    network: Network,
    hosts: BTreeMap<HostId, Host>,
    blueprint: Digest,
    planted: Option<(Fault, String)>,
}

/// Phases with their durations, told as they end.
struct Clock<'a> {
    progress: &'a dyn Progress,
    phases: RefCell<Vec<Phase>>,
}

impl Clock<'_> {
    fn time<T>(
        &self,
        name: &str,
        work: impl FnOnce() -> T,
        result: impl FnOnce(&T) -> String,
    ) -> T {
        self.progress.begin(name);
        let began = Instant::now();
        let done = work();
        let phase = Phase {
            name: name.to_owned(),
            took_ms: milliseconds(began),
            result: result(&done),
        };
        self.progress.end(&phase);
        self.phases.borrow_mut().push(phase);
        done
    }
}

/// What the standing twin gave.
struct Seen {
    evidence: Vec<Evidence>,
    matrix: MatrixCount,
    peers: Vec<Listening>,
}

/// Rehearses an estate and records it under `records`.
///
/// # Errors
/// Fails before anything stands when the estate has findings, cannot be designed or this machine cannot stand it up.
/// What a rehearsal finds out is no error: it is in the report.
pub fn rehearse(
    loaded: &Loaded,
    lock: &Lock,
    records: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Rehearsed, RehearseError> {
    let (began, start) = (Timestamp::now(), Instant::now());
    let clock = Clock {
        progress,
        phases: RefCell::new(Vec::new()),
    };
    let estate = loaded.ready().ok_or(RehearseError::Findings)?;
    let drawn = clock.time(
        "design",
        || design::design(estate, &loaded.catalog, lock),
        designed,
    );
    let design = drawn.map_err(RehearseError::Design)?;
    let mut credentials = Credentials::make(&design.hosts(), began)?;
    let subject = Subject::of(estate, design, loaded, options.fault, &mut credentials)?;

    let run_id = RunId::new(began, rand::random());
    let mut run = Run::create(records, &run_id)?;
    run.note(began, "started", &subject.opening(options))?;
    let mut evidence = clock.time(
        "prove",
        || {
            proof::prove(
                &subject.network,
                &subject.claims,
                &subject.blueprint,
                Timestamp::now(),
            )
        },
        |evidence| tallied(evidence),
    );
    run.keep(&evidence)?;
    run.note(Timestamp::now(), "standing-up", &())?;
    let staging = Staging {
        network: &subject.network,
        hosts: &subject.hosts,
        claims: &subject.claims,
        run_dir: run.folder(),
        label: &estate.name,
        keep: options.keep,
    };
    let plan = clock.time(
        "prepare",
        || staging.plan(&mut credentials),
        |_| "keys, certificates, passwords".to_owned(),
    )?;
    let twin = clock.time(
        "stand up",
        || Twin::start(plan),
        |twin| stood(twin, &subject),
    )?;
    let seen = subject.look(&twin, &clock);
    let memory = twin.memory().ok().map(|memory| memory.pss);
    evidence.extend(seen.evidence.iter().cloned());
    let taken = clock.time(
        "take down",
        || {
            if options.keep {
                twin.release().map(drop)
            } else {
                twin.stop()
            }
        },
        |_| {
            if options.keep {
                "kept standing".to_owned()
            } else {
                "nothing remains".to_owned()
            }
        },
    );
    taken?;

    let recorded = run.keep(&seen.evidence);
    let mut report = subject.report(loaded, &run_id, &clock, evidence, seen);
    report.began = began;
    report.took_ms = milliseconds(start);
    report.memory = memory;
    let folder = run.folder().to_owned();
    let written = recorded
        .map_err(UnwrittenError::from)
        .and_then(|()| subject.publish(&report, &mut run));
    Ok(Rehearsed {
        report,
        folder,
        unwritten: written.err(),
    })
}

impl<'a> Subject<'a> {
    fn of(
        estate: &'a Estate,
        design: Design,
        loaded: &Loaded,
        fault: Option<Fault>,
        credentials: &mut Credentials,
    ) -> Result<Self, RehearseError> {
        let (mut network, mut hosts, claims) = (design.network(), design.hosts(), design.claims());
        let mut blueprint = design.digest();
        let mut planted = None;
        if let Some(fault) = fault {
            let ground = Ground {
                network: &mut network,
                hosts: &mut hosts,
                secrets: &mut credentials.secrets,
                catalog: &loaded.catalog,
            };
            let change = fault
                .plant(ground)
                .ok_or(RehearseError::Fault(fault.name))?;
            // A faulty design is another design: its evidence must never be taken for the right one's.
            blueprint = Digest::of(&(&blueprint, fault.name)).map_err(RehearseError::Digest)?;
            planted = Some((fault, change));
        }
        Ok(Self {
            estate,
            claims,
            network,
            hosts,
            blueprint,
            planted,
        })
    }

    fn opening(&self, options: &Options) -> serde_json::Value {
        serde_json::json!({
            "estate": self.estate.name,
            "blueprint": self.blueprint,
            "fault": self.planted.as_ref().map(|(fault, _)| fault.name),
            "keep": options.keep,
            "reeve": env!("CARGO_PKG_VERSION"),
        })
    }

    /// Asks the standing twin everything.
    fn look(&self, twin: &Twin, clock: &Clock<'_>) -> Seen {
        let listening = listening(twin, &self.hosts);
        let site = Site {
            twin,
            network: &self.network,
            listening: &listening,
            blueprint: &self.blueprint,
        };
        let mut evidence = clock.time(
            "probe",
            || {
                ask_all(&site, &self.claims, &|done, total| {
                    clock.progress.advance(done, total)
                })
            },
            |evidence| tallied(evidence),
        );
        let (matrix, unaccounted) = clock.time(
            "packet matrix",
            || {
                matrix::compare(twin, &self.network, &|done, total| {
                    clock.progress.advance(done, total)
                })
            },
            |(count, unaccounted)| {
                let lost = if unaccounted.is_empty() {
                    String::new()
                } else {
                    format!(", {} flights unaccounted for", unaccounted.len())
                };
                format!(
                    "{} packets, {} disagreements{lost}",
                    count.sent,
                    count.disagreements.len()
                )
            },
        );
        for claim in self.claims.iter().filter(|claim| claim.matrix) {
            evidence.push(matrix::evidence(
                &claim.id,
                &matrix,
                &unaccounted,
                &self.blueprint,
            ));
        }
        let peers = listening
            .iter()
            .flat_map(|(host, all)| who_answers(host, all))
            .collect();
        Seen {
            evidence,
            matrix,
            peers,
        }
    }

    fn report(
        &self,
        loaded: &Loaded,
        run: &RunId,
        clock: &Clock<'_>,
        evidence: Vec<Evidence>,
        seen: Seen,
    ) -> Report {
        let claims = assess(&self.claims, &evidence, &self.blueprint);
        let counts = totals(&claims, &SETTINGS, None);
        let verdict = overall(&counts);
        let fault = self
            .planted
            .as_ref()
            .map(|(fault, change)| seen_fault(fault, change, &claims));
        Report {
            format: VERSION,
            reeve: env!("CARGO_PKG_VERSION").to_owned(),
            estate: self.estate.name.clone(),
            customer: self.estate.customer.clone(),
            operator: self.estate.operator.name.clone(),
            run: run.to_string(),
            began: Timestamp::UNIX_EPOCH,
            took_ms: 0,
            memory: None,
            blueprint: self.blueprint.clone(),
            verdict,
            summary: summary(verdict, &counts, &claims, &seen.matrix),
            fault,
            findings: loaded.findings.clone(),
            awaited: loaded.awaited.clone(),
            claims,
            matrix: Some(seen.matrix),
            phases: clock.phases.borrow().clone(),
            peers: seen.peers,
            not_rehearsed: not_rehearsed(self.estate, &self.hosts),
            not_proved: reach::NOT_LOOKED_BEHIND.map(str::to_owned).to_vec(),
        }
    }

    fn publish(&self, report: &Report, run: &mut Run) -> Result<(), UnwrittenError> {
        let folder = run.folder().to_owned();
        let title = format!("{} ({})", self.estate.customer, self.estate.name);
        // The picture is of what stood, so that a planted fault is in it.
        let drawing = handover::diagram(&title, &self.network, &self.hosts);
        let json = serde_json::to_vec_pretty(report).map_err(UnwrittenError::Json)?;
        ledger::publish(&folder.join("diagram.svg"), drawing.as_bytes())?;
        ledger::publish(&folder.join("report.json"), &json)?;
        ledger::publish(
            &folder.join("report.html"),
            handover::html(report, &drawing)?.as_bytes(),
        )?;
        let outcome =
            serde_json::json!({ "verdict": report.verdict, "report": Digest::of_bytes(&json) });
        Ok(run.finish(Timestamp::now(), &outcome)?)
    }
}

/// One line for each service of a host, with all its ports.
fn who_answers(host: &HostId, listening: &[peers::Listening]) -> Vec<Listening> {
    let mut services: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for one in listening {
        let port = format!("{} {}", one.transport, one.address.port());
        let ports = services.entry((&one.service, &one.peer)).or_default();
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    let line = |((service, peer), ports): ((&str, &str), Vec<String>)| Listening {
        host: host.to_string(),
        service: service.to_owned(),
        ports,
        peer: format!("stand-in: {peer}"),
    };
    services.into_iter().map(line).collect()
}

fn milliseconds(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn designed(design: &Result<Design, Vec<Finding>>) -> String {
    match design {
        Ok(design) => {
            let network = design.network();
            format!(
                "{} hosts, {} subnets, {} claims",
                design.hosts().len(),
                network.subnets.len(),
                design.claims().len()
            )
        }
        Err(findings) => format!("{} findings", findings.len()),
    }
}

fn stood(twin: &Result<Twin, twin::TwinError>, subject: &Subject<'_>) -> String {
    match twin {
        Ok(_) => format!("{} hosts with their servers", subject.hosts.len()),
        Err(_) => "it does not stand".to_owned(),
    }
}

fn tallied(evidence: &[Evidence]) -> String {
    let count = |verdict| {
        evidence
            .iter()
            .filter(|item| item.verdict == verdict)
            .count()
    };
    let (holds, fails, unknown) = (
        count(Verdict::Holds),
        count(Verdict::Fails),
        count(Verdict::Unknown),
    );
    format!("{holds} hold, {fails} fail, {unknown} unknown")
}

fn overall(counts: &Totals) -> Verdict {
    if counts.fails > 0 {
        Verdict::Fails
    } else if counts.unknown > 0 || counts.holds == 0 {
        Verdict::Unknown
    } else {
        Verdict::Holds
    }
}

fn summary(
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
    format!(
        "{first}. {} packets were compared with the proof, with {} disagreements. {live} claims still wait for evidence from AWS itself.",
        matrix.sent,
        matrix.disagreements.len()
    )
}

fn seen_fault(fault: &Fault, change: &str, claims: &[Assessment]) -> FaultSeen {
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
    let proved = failed(Setting::Planned).find(|(_, item)| item.witness.is_some());
    let open = || failed(Setting::Rehearsed).find(|(claim, _)| must_be_closed(claim));
    let broken = || failed(Setting::Rehearsed).next();
    let (claim, item) = proved.or_else(open).or_else(broken)?;
    Some(match item.setting {
        Setting::Planned => item.detail.clone(),
        _ => format!(
            "{}, but from {}: {}",
            claim.claim.title, item.vantage, item.detail
        ),
    })
}

/// What a rehearsal of this version leaves out.
fn not_rehearsed(estate: &Estate, hosts: &BTreeMap<HostId, Host>) -> Vec<NotRehearsed> {
    let line = |what: &str, why: &str, remedy: Option<&str>| NotRehearsed {
        what: what.to_owned(),
        why: why.to_owned(),
        remedy: remedy.map(str::to_owned),
    };
    let mut lines = vec![
        line(
            "The products, the database and the customer's servers themselves",
            "every server of the twin is a stand-in that has the product's ports, health path and login, and not its software",
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
    if estate.data_centre.is_some() {
        lines.push(line(
            "The VPN's tunnels and encryption",
            "in the twin the link to the data centre is plain: routes and filters are real, IPsec is not",
            Some("ask the live site"),
        ));
    }
    if estate.recovery.is_some() {
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

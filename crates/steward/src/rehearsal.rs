//! A rehearsal: design, prove, stand up with real packets, ask, compare, take down, report.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use design::Design;
use handover::{Listening, MatrixCount, Phase, RenderError, Report, VERSION, totals};
use jiff::Timestamp;
use ledger::{PublishError, Run, RunError, RunId};
use model::claim::Probe;
use model::lock::Lock;
use model::vpn::VpnConnection;
use model::{Claim, Digest, Estate, Evidence, Finding, Host, HostId, Network, Verdict, assess};
use peers::daemon::{Daemons, MissingDaemons, PeerChoice};
use twin::Twin;

use crate::asking::{Closed, Site, ask_all, listening};
use crate::credentials::{Credentials, CredentialsError};
use crate::fault::{Fault, Ground};
use crate::folder::Loaded;
use crate::host::chain;
use crate::outcome::{SETTINGS, not_rehearsed, overall, seen_fault, summary, who_answers};
use crate::staging::{Staging, StagingError};
use crate::tunnels::{self, Plain, Staged, Standing};
use crate::{matrix, outcome, proof};

/// How a rehearsal is to be done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A fault to plant.
    pub fault: Option<Fault>,
    /// Whether the twin is left standing.
    pub keep: bool,
    /// Who plays its servers.
    pub peers: PeerChoice,
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
    /// Real daemons are asked for, and some are not installed.
    #[error(transparent)]
    Peers(#[from] MissingDaemons),
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
    vpns: Vec<VpnConnection>,
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
    /// Why the VPN was not raised, where there is one and it was not.
    plain: Option<Plain>,
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
    let mut credentials = Credentials::make(&design.hosts(), design.vpns(), began)?;
    let subject = Subject::of(estate, design, loaded, options.fault, &mut credentials)?;
    let daemons = subject.daemons(options.peers)?;
    let link = subject.link(options.peers, &credentials);

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
        daemons: &daemons,
        tunnels: link.as_ref().ok().and_then(Option::as_ref),
        run_dir: run.folder(),
        label: &estate.name,
        keep: options.keep,
    };
    let plan = clock.time(
        "prepare",
        || staging.plan(&mut credentials),
        |_| "keys, certificates, passwords".to_owned(),
    )?;
    let started = clock.time(
        "stand up",
        || Twin::start(plan),
        |twin| stood(twin, &subject),
    );
    let twin = match started {
        Ok(twin) => twin,
        Err(error) => {
            run.note(Timestamp::now(), "failed", &chain(&error))?;
            return Err(error.into());
        }
    };
    let seen = subject.look(&twin, &link, &clock);
    // Whatever becomes of the twin, what was seen is kept first.
    let recorded = run.keep(&seen.evidence);
    let memory = twin.memory();
    evidence.extend(seen.evidence.iter().cloned());
    let ended = memory
        .as_ref()
        .err()
        .map(|error| outcome::ended(&chain(error)));
    // A twin that is kept is let go last: until then it ends with this process.
    let kept = if options.keep {
        Some(twin)
    } else {
        let words = |ended: &Result<(), twin::TwinError>| match ended {
            Ok(()) => "nothing remains".to_owned(),
            Err(error) => format!("failed: {}", chain(error)),
        };
        // What was seen counts, however the twin ends; a twin that does not end is told in the phase.
        let _told = clock.time("take down", || twin.stop(), words);
        None
    };

    let mut report = subject.report(loaded, &run_id, &clock, evidence, seen);
    report.began = began;
    report.took_ms = milliseconds(start);
    report.memory = memory.ok().map(|memory| memory.pss);
    if let Some(words) = ended {
        // The twin's own end comes first: everything after it that could not be told is its consequence.
        report.verdict = report.verdict.and(Verdict::Unknown);
        report.summary = format!("{words} {}", report.summary);
    }
    let folder = run.folder().to_owned();
    let written = recorded
        .map_err(UnwrittenError::from)
        .and_then(|()| subject.publish(&report, &mut run));
    if let Some(twin) = kept {
        twin.release()?;
    }
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
        let vpns = design.vpns().to_vec();
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
            vpns,
            blueprint,
            planted,
        })
    }

    /// The real daemons that play servers, if any do.
    fn daemons(&self, choice: PeerChoice) -> Result<Daemons, MissingDaemons> {
        Daemons::choose(choice, self.hosts.values().flat_map(|host| &host.services))
    }

    /// The VPN, if there is one and it can be raised; else why the link stays plain. Of a VPN there is no embedded form.
    fn link(&self, choice: PeerChoice, credentials: &Credentials) -> Result<Option<Staged>, Plain> {
        if choice == PeerChoice::Embedded && !self.vpns.is_empty() {
            return Err(Plain {
                why: "embedded peers were asked for, and IPsec has real daemons alone".to_owned(),
                remedy: "rehearse with `--peers auto`".to_owned(),
            });
        }
        Staged::new(&self.network, &self.vpns, &credentials.secrets)
    }

    fn opening(&self, options: &Options) -> serde_json::Value {
        serde_json::json!({
            "estate": self.estate.name,
            "blueprint": self.blueprint,
            "fault": self.planted.as_ref().map(|(fault, _)| fault.name),
            "keep": options.keep,
            "peers": options.peers,
            "reeve": env!("CARGO_PKG_VERSION"),
        })
    }

    /// Asks the standing twin everything: over the plain link what the kernel alone forwards and can account for, then
    /// over the VPN, where there is one, what must get through it.
    fn look(&self, twin: &Twin, link: &Result<Option<Staged>, Plain>, clock: &Clock<'_>) -> Seen {
        let listening = listening(twin, &self.hosts);
        let site = Site {
            twin,
            network: &self.network,
            listening: &listening,
            blueprint: &self.blueprint,
        };
        let staged = link.as_ref().ok().and_then(Option::as_ref);
        let crosses = |probe: &Probe| {
            staged.is_some_and(|staged| tunnels::crosses(&staged.vpns, &self.network, probe))
        };
        let mut evidence = self.probe(&site, clock, "probe", Closed::BySentinel, &|probe| {
            !tunnels::is_about_tunnels(&probe.question) && !crosses(probe)
        });
        let matrix = self.compare(twin, clock);
        for claim in self.claims.iter().filter(|claim| claim.matrix) {
            evidence.push(matrix::evidence(&claim.id, &matrix, &self.blueprint));
        }
        let plain = match link {
            Err(plain) => Some(plain.clone()),
            Ok(None) => None,
            Ok(Some(staged)) => self.through_vpn(&site, clock, staged, &crosses, &mut evidence),
        };
        if let Some(plain) = &plain {
            evidence.extend(tunnels::untold(&site, &self.claims, plain));
        }
        let peers = listening
            .iter()
            .flat_map(|(host, all)| who_answers(host, all))
            .collect();
        Seen {
            evidence,
            matrix,
            peers,
            plain,
        }
    }

    fn probe(
        &self,
        site: &Site<'_>,
        clock: &Clock<'_>,
        phase: &str,
        closed: Closed,
        wanted: &dyn Fn(&Probe) -> bool,
    ) -> Vec<Evidence> {
        let step = |done, total| clock.progress.advance(done, total);
        clock.time(
            phase,
            || ask_all(site, &self.claims, closed, wanted, &step),
            |evidence| tallied(evidence),
        )
    }

    fn compare(&self, twin: &Twin, clock: &Clock<'_>) -> MatrixCount {
        clock.time(
            "packet matrix",
            || {
                matrix::compare(twin, &self.network, &|done, total| {
                    clock.progress.advance(done, total)
                })
            },
            |count| {
                let lost = match count.unaccounted.len() {
                    0 => String::new(),
                    flights => format!(", {flights} flights unaccounted for"),
                };
                format!(
                    "{} packets, {} disagreements{lost}",
                    count.sent, count.disagree
                )
            },
        )
    }

    /// Raises the VPN and asks what must get through it, then of the tunnels themselves. Where it cannot be raised, the
    /// same is asked over the plain link, and why is returned.
    fn through_vpn(
        &self,
        site: &Site<'_>,
        clock: &Clock<'_>,
        staged: &Staged,
        crosses: &dyn Fn(&Probe) -> bool,
        evidence: &mut Vec<Evidence>,
    ) -> Option<Plain> {
        let ground = Standing(site.twin);
        let raised = clock.time(
            "raise the VPN",
            || staged.raise(&ground),
            |raised| match raised {
                Ok(_) => format!("{} tunnels, {}", staged.tunnels(), staged.peer()),
                Err(error) => format!("failed: {}", chain(error)),
            },
        );
        match raised {
            Ok(vpn) => {
                let over = "probe through the VPN";
                evidence.extend(self.probe(site, clock, over, Closed::ByDeadline, crosses));
                evidence.extend(clock.time(
                    "lose tunnels",
                    || tunnels::ask(site, &self.claims, staged, &vpn),
                    |evidence| tallied(evidence),
                ));
                None
            }
            Err(error) => {
                let plainly = "probe over the plain link";
                evidence.extend(self.probe(site, clock, plainly, Closed::BySentinel, crosses));
                Some(Plain {
                    why: chain(&error),
                    remedy:
                        "see the daemons' last words above; `reeve doctor` tells what is installed"
                            .to_owned(),
                })
            }
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
        let counts = totals(&claims, &SETTINGS);
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
            not_rehearsed: not_rehearsed(
                self.estate,
                &self.hosts,
                &seen.peers,
                seen.plain.as_ref(),
            ),
            peers: seen.peers,
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

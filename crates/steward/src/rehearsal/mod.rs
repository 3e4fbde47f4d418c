//! A rehearsal: design, prove, stand up with real packets, ask, compare, take down, report.

mod clock;
mod looking;
mod publishing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use design::Design;
use handover::{Phase, Report};
use jiff::Timestamp;
use ledger::{Run, RunError, RunId};
use model::lock::Lock;
use model::vpn::VpnConnection;
use model::{Claim, Digest, Estate, Evidence, Finding, Host, HostId, Network, Verdict};
use peers::daemon::{Daemons, MissingDaemons, PeerChoice};
use twin::Twin;

use self::clock::{Clock, tallied};
pub use self::publishing::UnwrittenError;
use crate::credentials::{CertificateFlaw, Credentials, CredentialsError};
use crate::fault::{Fault, Ground};
use crate::folder::Loaded;
use crate::host::chain;
use crate::staging::{Staging, StagingError};
use crate::tunnels::{Plain, Staged, TunnelFault};
use crate::{outcome, proof};

/// How a rehearsal is to be done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A fault to plant.
    pub fault: Option<Fault>,
    /// Whether the twin is left standing.
    pub keep: bool,
    /// Who plays its servers.
    pub peers: PeerChoice,
    /// Whether the packet matrix is left out. Its claim is unknown then.
    pub skip_matrix: bool,
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
    /// The fault is one of a VPN that is not raised here.
    #[error("plant the fault `{fault}` in the VPN: {why}")]
    FaultOfVpn {
        /// Which fault.
        fault: &'static str,
        /// Why the VPN is not raised.
        why: String,
    },
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
    flaws: BTreeMap<HostId, CertificateFlaw>,
    /// What is to be wrong with the VPN once it stands.
    broken: Option<TunnelFault>,
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
    let (began, clock) = (Timestamp::now(), Clock::start(progress));
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
    if let (Some((fault, _)), Some(_), Err(plain)) = (&subject.planted, &subject.broken, &link) {
        return Err(RehearseError::FaultOfVpn {
            fault: fault.name,
            why: plain.why.clone(),
        });
    }

    let run_id = RunId::new(began, rand::random());
    let mut run = Run::create(records, &run_id)?;
    run.note(began, "started", &subject.opening(options))?;
    let mut evidence = subject.prove(&clock);
    run.keep(&evidence)?;
    run.note(Timestamp::now(), "standing-up", &())?;
    let staging = Staging {
        network: &subject.network,
        hosts: &subject.hosts,
        claims: &subject.claims,
        daemons: &daemons,
        flaws: &subject.flaws,
        tunnels: link.as_ref().ok().and_then(Option::as_ref),
        run_dir: run.folder(),
        label: &estate.name,
        keep: options.keep,
    };
    let twin = match stand_up(&staging, &mut credentials, &clock) {
        Ok(twin) => twin,
        Err(error) => {
            run.note(Timestamp::now(), "failed", &chain(&error))?;
            return Err(error);
        }
    };
    let seen = subject.look(&twin, &link, &clock, options.skip_matrix);
    // Whatever becomes of the twin, what was seen is kept first.
    let recorded = run.keep(&seen.evidence);
    evidence.extend(seen.evidence.iter().cloned());
    let memory = twin.memory();
    // A twin that is kept is let go last: until then it ends with this process.
    let kept = if options.keep {
        Some(twin)
    } else {
        take_down(twin, &clock);
        None
    };

    let mut report = subject.report(loaded, &run_id, &clock, evidence, seen);
    report.began = began;
    report.took_ms = clock.elapsed();
    match memory {
        Ok(memory) => report.memory = Some(memory.pss),
        Err(error) => {
            // The twin's own end comes first: everything after it that could not be told is its consequence.
            report.verdict = report.verdict.and(Verdict::Unknown);
            report.summary = format!("{} {}", outcome::ended(&chain(&error)), report.summary);
        }
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

fn stand_up(
    staging: &Staging<'_>,
    credentials: &mut Credentials,
    clock: &Clock<'_>,
) -> Result<Twin, RehearseError> {
    let plan = clock.time(
        "prepare",
        || staging.plan(credentials),
        |_| "keys, certificates, passwords".to_owned(),
    )?;
    let stood = |twin: &Result<Twin, _>| match twin {
        Ok(_) => format!("{} hosts with their servers", staging.hosts.len()),
        Err(_) => "it does not stand".to_owned(),
    };
    Ok(clock.time("stand up", || Twin::start(plan), stood)?)
}

/// Takes the twin down. What was seen counts, however it ends; one that does not end is told in the phase.
fn take_down(twin: Twin, clock: &Clock<'_>) {
    let words = |ended: &Result<(), twin::TwinError>| match ended {
        Ok(()) => "nothing remains".to_owned(),
        Err(error) => format!("failed: {}", chain(error)),
    };
    let _told = clock.time("take down", || twin.stop(), words);
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
        let (mut planted, mut flaws, mut broken) = (None, BTreeMap::new(), None);
        if let Some(fault) = fault {
            let ground = Ground {
                estate,
                catalog: &loaded.catalog,
                network: &mut network,
                hosts: &mut hosts,
                secrets: &mut credentials.secrets,
                flaws: &mut flaws,
                vpns: &vpns,
                tunnels: &mut broken,
            };
            let done = fault
                .plant(ground)
                .ok_or(RehearseError::Fault(fault.name))?;
            // A faulty design is another design: its evidence must never be taken for the right one's.
            blueprint = Digest::of(&(&blueprint, fault.name)).map_err(RehearseError::Digest)?;
            planted = Some((fault, done.change));
        }
        Ok(Self {
            estate,
            claims,
            network,
            hosts,
            vpns,
            blueprint,
            planted,
            flaws,
            broken,
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

    fn prove(&self, clock: &Clock<'_>) -> Vec<Evidence> {
        let now = Timestamp::now();
        clock.time(
            "prove",
            || proof::prove(&self.network, &self.claims, &self.blueprint, now),
            |evidence| tallied(evidence),
        )
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

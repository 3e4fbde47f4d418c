//! The report of a rehearsal: put together, rendered, and written into the run's folder.

use handover::{RenderError, Report, VERSION, totals};
use jiff::Timestamp;
use ledger::{PublishError, Run, RunError, RunId};
use model::{Digest, Evidence, assess};

use super::Subject;
use super::clock::Clock;
use super::looking::Seen;
use crate::folder::Loaded;
use crate::outcome::{SETTINGS, not_rehearsed, overall, seen_fault, summary};

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

impl Subject<'_> {
    pub(super) fn report(
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
            agreed: handover::agreed(self.estate),
            claims,
            matrix: Some(seen.matrix),
            phases: clock.phases(),
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

    pub(super) fn publish(&self, report: &Report, run: &mut Run) -> Result<(), UnwrittenError> {
        let folder = run.folder().to_owned();
        // The picture is of what stood, so that a planted fault is in it.
        let drawing = handover::diagram(&handover::Scene {
            estate: self.estate,
            network: &self.network,
            hosts: &self.hosts,
            vpns: &self.vpns,
        });
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

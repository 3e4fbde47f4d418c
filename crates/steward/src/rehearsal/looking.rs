//! What is asked of a standing twin, in which order.

use handover::{Listening, MatrixCount};
use model::Evidence;
use model::claim::Probe;
use peers::vpn::RaiseError;
use twin::Twin;

use super::Subject;
use super::clock::{Clock, tallied};
use crate::asking::{Closed, Site, ask_all, listening};
use crate::host::chain;
use crate::matrix;
use crate::outcome::who_answers;
use crate::tunnels::{self, Plain, Staged, Standing};

/// What the standing twin gave.
pub(super) struct Seen {
    pub(super) evidence: Vec<Evidence>,
    /// Nothing was sent where it was left out.
    pub(super) matrix: MatrixCount,
    pub(super) peers: Vec<Listening>,
    /// Why the VPN was not raised, where there is one and it was not.
    pub(super) plain: Option<Plain>,
}

impl Subject<'_> {
    /// Asks the standing twin everything: over the plain link what the kernel alone forwards and can account for, then
    /// over the VPN, where there is one, what must get through it.
    pub(super) fn look(
        &self,
        twin: &Twin,
        link: &Result<Option<Staged>, Plain>,
        clock: &Clock<'_>,
        skip_matrix: bool,
    ) -> Seen {
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
        let matrix = if skip_matrix {
            MatrixCount::default()
        } else {
            let matrix = self.compare(twin, clock);
            for claim in self.claims.iter().filter(|claim| claim.matrix) {
                evidence.push(matrix::evidence(&claim.id, &matrix, &self.blueprint));
            }
            matrix
        };
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
            || {
                let vpn = staged.raise(&ground)?;
                if let Some(fault) = &self.broken {
                    fault.plant(&vpn)?;
                }
                Ok::<_, RaiseError>(vpn)
            },
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
                // A part of the VPN may stand, whose daemons forward when they are scheduled.
                let plainly = "probe over the plain link";
                evidence.extend(self.probe(site, clock, plainly, Closed::ByDeadline, crosses));
                Some(Plain {
                    why: chain(&error),
                    remedy:
                        "see the daemons' last words above; `reeve doctor` tells what is installed"
                            .to_owned(),
                })
            }
        }
    }
}

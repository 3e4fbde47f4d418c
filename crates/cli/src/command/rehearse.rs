//! `rehearse`: the main job.

use steward::{FAULTS, Fault, Options};

use super::estate::{load_ready, unready};
use super::{Failure, Given, print_json};
use crate::arguments::Rehearsal;
use crate::exit::Exit;
use crate::show::{self, Narrator};

/// The status of a process that was interrupted, as shells have it: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

pub(crate) fn rehearse(given: &Given, wanted: &Rehearsal) -> Result<Exit, Failure> {
    if wanted.list_faults {
        return list_faults(given);
    }
    let fault = match &wanted.fault {
        Some(name) => Some(Fault::named(name).ok_or_else(|| unknown_fault(name))?),
        None => None,
    };
    let Some(path) = &wanted.estate else {
        return list_faults(given);
    };
    // The twin lives by a socket to this process: with it the kernel takes everything down.
    ctrlc::set_handler(|| {
        errln!("\ninterrupted: nothing of the twin remains, the run's records do");
        std::process::exit(INTERRUPTED);
    })
    .map_err(Failure::Interrupt)?;
    let (folder, loaded) = load_ready(given, path)?;
    let lock = folder.lock()?;
    let records = wanted.records.clone().unwrap_or_else(|| folder.records());
    if !given.json {
        errln!("Rehearsing {}", loaded.name);
    }
    let options = Options {
        fault,
        keep: wanted.keep,
        peers: wanted.peers,
        skip_matrix: wanted.skip_matrix,
    };
    let done = steward::rehearse(&loaded, &lock, &records, &options, &Narrator::new()).map_err(
        |error| match error {
            steward::RehearseError::Design(findings) => unready(&loaded, findings),
            error => Failure::Rehearse(error),
        },
    )?;
    if given.json {
        print_json(&done.report)?;
    } else {
        show::rehearsed(&done);
        if wanted.keep {
            outln!(
                "The twin stands. Log in with `reeve ssh {} HOST`, stop it with `reeve twin stop {}`.",
                path.display(),
                done.report.estate
            );
        }
    }
    match done.unwritten {
        Some(error) => Err(Failure::Unwritten(error)),
        None => Ok(done.report.verdict.into()),
    }
}

fn unknown_fault(name: &str) -> Failure {
    let known: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    Failure::NoFault {
        name: name.to_owned(),
        known: known.join(", "),
    }
}

fn list_faults(given: &Given) -> Result<Exit, Failure> {
    if given.json {
        let list: Vec<_> = FAULTS
            .iter()
            .map(|fault| {
                serde_json::json!({
                    "name": fault.name,
                    "summary": fault.summary,
                    "rows": fault.rows,
                    "proof": fault.caught.proof,
                    "packets": fault.caught.packets,
                    "probe": fault.caught.probe,
                    "besides": fault.caught.besides,
                    "cause": fault.caught.cause,
                })
            })
            .collect();
        print_json(&list)?;
        return Ok(Exit::Holds);
    }
    for fault in FAULTS {
        let by = caught_by(fault);
        outln!("{:<26} {by:<22} {}", fault.name, fault.summary);
    }
    Ok(Exit::Holds)
}

fn caught_by(fault: &Fault) -> String {
    let caught = &fault.caught;
    let all = [
        (!caught.proof.is_empty(), "proof"),
        (caught.packets, "packets"),
        (!caught.probe.is_empty(), "probe"),
    ];
    let by: Vec<&str> = all
        .iter()
        .filter(|(so, _)| *so)
        .map(|(_, by)| *by)
        .collect();
    by.join(", ")
}

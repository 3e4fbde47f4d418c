//! `check`, `design`, `prove`: what needs no twin.

use std::fs;
use std::path::Path;

use design::Design;
use jiff::{Timestamp, Zoned};
use model::{Finding, Verdict};
use serde_json::json;
use steward::{Folder, Loaded};

use super::{Failure, Given, Unready, print_json, secrets};
use crate::exit::Exit;
use crate::show;

/// Reads an estate and shows what was found, unless results are wanted as JSON.
pub(super) fn load(given: &Given, path: &Path) -> Result<(Folder, Loaded), Failure> {
    let folder = Folder::find(path)?;
    let loaded = folder.load(given.catalog.as_deref(), Zoned::now().date())?;
    Ok((folder, loaded))
}

/// As [`load`], for commands that go on: blocking findings are shown and end the road.
pub(super) fn load_ready(given: &Given, path: &Path) -> Result<(Folder, Loaded), Failure> {
    let (folder, mut loaded) = load(given, path)?;
    if loaded.ready().is_none() {
        let findings = std::mem::take(&mut loaded.findings);
        return Err(unready(&loaded, findings));
    }
    Ok((folder, loaded))
}

fn drawn(folder: &Folder, loaded: &Loaded) -> Result<Design, Failure> {
    let lock = folder.lock()?;
    let Some(estate) = loaded.ready() else {
        return Err(unready(loaded, loaded.findings.clone()));
    };
    design::design(estate, &loaded.catalog, &lock).map_err(|findings| unready(loaded, findings))
}

/// Tells findings that end the road.
pub(super) fn unready(loaded: &Loaded, findings: Vec<Finding>) -> Failure {
    errln!(
        "{}",
        show::findings(&loaded.files, &findings, show::Reader::Narration)
    );
    Failure::Findings(Box::new(Unready {
        name: loaded.name.clone(),
        files: file_names(loaded),
        findings,
    }))
}

fn file_names(loaded: &Loaded) -> Vec<String> {
    loaded.files.iter().map(|file| file.name.clone()).collect()
}

pub(crate) fn check(given: &Given, path: &Path, resolve: bool) -> Result<Exit, Failure> {
    let (folder, mut loaded) = load(given, path)?;
    // What only a design can find (a range that is too small for its hosts) is found here too.
    if let Some(estate) = loaded.ready()
        && let Err(findings) = design::design(estate, &loaded.catalog, &folder.lock()?)
    {
        loaded.findings.extend(findings);
    }
    let ready = loaded.ready().is_some();
    let secrets = if resolve {
        secrets::tried(&folder, &loaded)
    } else {
        Vec::new()
    };
    if given.json {
        print_json(&json!({
            "ready": ready,
            "files": file_names(&loaded),
            "findings": loaded.findings,
            "awaited": loaded.awaited,
            "secrets": secrets,
        }))?;
    } else {
        outln!(
            "{}",
            show::findings(&loaded.files, &loaded.findings, show::Reader::Results)
        );
        for line in show::awaited(&loaded.awaited) {
            outln!("{line}");
        }
        if resolve {
            show::secrets(&secrets);
        }
    }
    if !ready {
        return Ok(Exit::BadInput);
    }
    if secrets.is_empty() {
        return Ok(Exit::Holds);
    }
    Ok(Verdict::all(secrets.iter().map(|secret| secret.verdict)).into())
}

pub(crate) fn design(
    given: &Given,
    path: &Path,
    unchanged: bool,
    out: Option<&Path>,
) -> Result<Exit, Failure> {
    let (folder, loaded) = load_ready(given, path)?;
    let design = drawn(&folder, &loaded)?;
    let (network, hosts) = (design.network(), design.hosts());
    let drawing = loaded
        .ready()
        .map(|estate| {
            handover::diagram(&handover::Scene {
                estate,
                network: &network,
                hosts: &hosts,
                vpns: design.vpns(),
            })
        })
        .unwrap_or_default();
    let diagram = out.map_or_else(|| folder.diagram_path(), Path::to_owned);
    if unchanged {
        for (file, text) in [
            (folder.lock_path(), design.lock.render()),
            (diagram, drawing),
        ] {
            if !fs::read_to_string(&file).is_ok_and(|old| old == text) {
                return Err(Failure::Changed(file.display().to_string()));
            }
        }
        return Ok(Exit::Holds);
    }
    let new_lock = folder.keep_lock(&design)?;
    ledger::publish(&diagram, drawing.as_bytes())?;
    if given.json {
        print_json(&json!({
            "digest": design.digest(),
            "blueprints": design.blueprints,
            "lock": folder.lock_path(),
            "diagram": diagram,
        }))?;
        return Ok(Exit::Holds);
    }
    for table in design::tables(&design) {
        show::table(&table.title, &table.columns, &table.rows);
    }
    outln!(
        "Design {}, {} required claims",
        design.digest().short(),
        design.claims().len()
    );
    outln!(
        "{} {}",
        if new_lock { "Wrote" } else { "Unchanged" },
        folder.lock_path().display()
    );
    outln!("Wrote {}", diagram.display());
    Ok(Exit::Holds)
}

pub(crate) fn prove(given: &Given, path: &Path) -> Result<Exit, Failure> {
    let (folder, loaded) = load_ready(given, path)?;
    let design = drawn(&folder, &loaded)?;
    let (network, claims) = (design.network(), design.claims());
    let evidence = steward::prove(&network, &claims, &design.digest(), Timestamp::now());
    if given.json {
        print_json(&json!({ "digest": design.digest(), "evidence": evidence }))?;
    } else {
        show::evidence(&claims, &evidence);
    }
    Ok(Verdict::all(evidence.iter().map(|item| item.verdict)).into())
}

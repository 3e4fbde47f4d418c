//! `doctor`, `twin ls`, `twin stop`, `ssh`: the machine and the twins kept on it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitCode;

use model::Verdict;
use serde_json::json;
use steward::Folder;
use twin::Kept;

use super::{Failure, Given, print_json};
use crate::exit::Exit;
use crate::show;

/// What a rehearsal with embedded peers cannot do without, and the real daemons that could play in it.
pub(crate) fn doctor(given: &Given) -> Result<Exit, Failure> {
    let capabilities = steward::doctor();
    if given.json {
        print_json(&capabilities)?;
    } else {
        for capability in &capabilities {
            let need = if capability.required {
                ""
            } else {
                " (optional)"
            };
            // What a twin stands without does not fail: it is not there.
            let word = if capability.verdict == Verdict::Fails && !capability.required {
                "absent".to_owned()
            } else {
                capability.verdict.to_string()
            };
            outln!(
                "{:<8} {}{need}: {}",
                word,
                capability.name,
                capability.detail
            );
            if let Some(remedy) = &capability.remedy {
                outln!("         remedy: {remedy}");
            }
        }
    }
    let required = capabilities.iter().filter(|capability| capability.required);
    let verdict = Verdict::all(required.map(|capability| capability.verdict));
    if !given.json {
        outln!(
            "\n{}",
            match verdict {
                Verdict::Holds => "This machine can rehearse.",
                Verdict::Fails =>
                    "This machine cannot rehearse until the required lines above are mended.",
                Verdict::Unknown => "Whether this machine can rehearse could not be told; try it.",
            }
        );
    }
    Ok(if verdict == Verdict::Fails {
        Exit::CannotRunHere
    } else {
        verdict.into()
    })
}

pub(crate) fn twin_ls(given: &Given) -> Result<Exit, Failure> {
    let kept = twin::kept().map_err(Failure::Kept)?;
    if given.json {
        let list: Vec<_> = kept
            .iter()
            .map(|one| json!({ "label": one.label, "pid": one.pid, "run_dir": one.run_dir, "hosts": one.hosts }))
            .collect();
        print_json(&list)?;
    } else if kept.is_empty() {
        outln!("No twin is kept on this machine. `reeve rehearse ESTATE --keep` keeps one.");
    } else {
        let columns = ["estate", "process", "hosts", "run"].map(str::to_owned);
        let rows: Vec<_> = kept
            .iter()
            .map(|one| {
                vec![
                    one.label.clone(),
                    one.pid.to_string(),
                    hosts(one).to_string(),
                    one.run_dir.display().to_string(),
                ]
            })
            .collect();
        show::table("Kept twins", &columns, &rows);
    }
    Ok(Exit::Holds)
}

/// Programs run in routers too; their names have a space, which no host's has.
fn hosts(kept: &Kept) -> usize {
    kept.hosts
        .iter()
        .filter(|host| !host.as_str().contains(' '))
        .count()
}

pub(crate) fn twin_stop(wanted: Option<&str>, all: bool) -> Result<Exit, Failure> {
    let kept = twin::kept().map_err(Failure::Kept)?;
    let named = |one: &&Kept| {
        wanted.is_some_and(|name| {
            one.label == name
                || one.pid.to_string() == name
                || one
                    .run_dir
                    .file_name()
                    .is_some_and(|run| run.to_str() == Some(name))
        })
    };
    let chosen: Vec<&Kept> = kept.iter().filter(|one| all || named(one)).collect();
    if chosen.is_empty() && !all {
        return Err(Failure::NoTwin(format!(
            "called `{}`",
            wanted.unwrap_or_default()
        )));
    }
    if chosen.len() > 1 && !all {
        let runs: Vec<_> = chosen
            .iter()
            .map(|one| format!("{} ({})", one.pid, one.run_dir.display()))
            .collect();
        return Err(Failure::Ambiguous(
            wanted.unwrap_or_default().to_owned(),
            runs.join(", "),
        ));
    }
    for one in chosen {
        twin::stop_kept(one).map_err(|source| Failure::Twin {
            label: one.label.clone(),
            source,
        })?;
        errln!("stopped {} ({})", one.label, one.run_dir.display());
    }
    Ok(Exit::Holds)
}

pub(crate) fn ssh(
    given: &Given,
    path: &Path,
    host: &str,
    command: &[String],
) -> Result<Exit, Failure> {
    let folder = Folder::find(path)?;
    let (_, loaded) = super::estate::load(given, path)?;
    let label = loaded
        .estate
        .as_ref()
        .map(|estate| estate.name.clone())
        .unwrap_or_default();
    let records = fs::canonicalize(folder.records()).unwrap_or_else(|_| folder.records());
    let kept = twin::kept().map_err(Failure::Kept)?;
    // The newest of this estate's; another folder's only where this one has none, and then it is said.
    let of_estate = kept.iter().filter(|one| one.label == label);
    let newest =
        of_estate.max_by_key(|one| (one.run_dir.starts_with(&records), one.run_dir.clone()));
    let Some(one) = newest else {
        return Err(Failure::NoTwin(format!("of {label}")));
    };
    if !one.run_dir.starts_with(&records) {
        errln!("entering the twin in {}", one.run_dir.display());
    }
    let workstation = one
        .hosts
        .iter()
        .find(|host| host.as_str().starts_with("operator/"));
    let Some(workstation) = workstation else {
        return Err(Failure::NoTwin(format!(
            "of {label} with an operator's workstation"
        )));
    };
    let status = twin::enter(one, workstation, &steward::login_command(host, command)).map_err(
        |source| Failure::Twin {
            label: one.label.clone(),
            source,
        },
    )?;
    // A command that a signal ended has no status of its own; shells then say 128 and the signal's number.
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(Exit::Status(
        code.and_then(|code| u8::try_from(code).ok())
            .unwrap_or(u8::MAX),
    ))
}

/// What runs on the workstation: `steward-login HOST [COMMAND…]`.
pub(crate) fn login(arguments: &[String]) -> ExitCode {
    let Some((host, command)) = arguments.split_first() else {
        return ExitCode::from(2);
    };
    match steward::enter_shell(host, command) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            let failure = Failure::from(error);
            show::failure(&failure);
            failure.exit().code()
        }
    }
}

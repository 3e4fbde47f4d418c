//! `link`: what the customer's network team needs to join its site.

use std::fs;
use std::path::{Path, PathBuf};

use design::Design;
use model::Estate;
use serde_json::json;
use steward::{Folder, LinkFolder, LinkPack, Loaded};

use super::estate::{load_ready, unready};
use super::{Failure, Given, print_json};
use crate::exit::Exit;

/// Where the files go below the estate's records, unless somebody names another folder.
const FOLDER: &str = "link";

pub(crate) fn link(given: &Given, path: &Path, out: Option<&Path>) -> Result<Exit, Failure> {
    let (folder, loaded) = load_ready(given, path)?;
    let (estate, design) = designed(&folder, &loaded)?;
    let pack = steward::link_pack(estate, &design).map_err(Failure::Render)?;
    let below = out.map_or_else(|| folder.records().join(FOLDER), Path::to_owned);
    for part in &pack.folders {
        for file in &part.files {
            publish(&below.join(&part.name).join(&file.name), &file.text)?;
        }
    }
    if given.json {
        print_json(&as_json(&pack, &below))?;
    } else {
        summary(&pack, &below);
    }
    Ok(Exit::Holds)
}

/// Designs an estate for what is handed over; findings are shown and end the road.
pub(super) fn designed<'l>(
    folder: &Folder,
    loaded: &'l Loaded,
) -> Result<(&'l Estate, Design), Failure> {
    let Some(estate) = loaded.ready() else {
        return Err(unready(loaded, loaded.findings.clone()));
    };
    let design = design::design(estate, &loaded.catalog, &folder.lock()?)
        .map_err(|findings| unready(loaded, findings))?;
    Ok((estate, design))
}

/// Writes a file whole or not at all, in a folder that is made where there is none.
pub(super) fn publish(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| Failure::Write {
            path: folder.to_owned(),
            source,
        })?;
    }
    Ok(ledger::publish(path, text.as_bytes())?)
}

fn paths<'a>(part: &'a LinkFolder, below: &'a Path) -> impl Iterator<Item = PathBuf> + 'a {
    let files = part.files.iter();
    files.map(|file| below.join(&part.name).join(&file.name))
}

fn as_json(pack: &LinkPack, below: &Path) -> serde_json::Value {
    let links: Vec<_> = pack
        .folders
        .iter()
        .map(|part| {
            json!({
                "name": part.name,
                "about": part.about,
                "files": paths(part, below).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "links": links, "notes": pack.notes })
}

fn summary(pack: &LinkPack, below: &Path) {
    for part in &pack.folders {
        outln!("{}: {}", part.name, part.about);
        for path in paths(part, below) {
            outln!("  {}", path.display());
        }
    }
    if !pack.folders.is_empty() {
        outln!();
    }
    for note in &pack.notes {
        outln!("- {note}");
    }
}

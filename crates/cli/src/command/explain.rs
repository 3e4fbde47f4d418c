//! `check --explain`: what a key means and where its value comes from.

use std::path::Path;

use model::estate::UnknownKey;

use super::estate::{load, unready};
use super::{Failure, Given, print_json};
use crate::exit::Exit;
use crate::show;

pub(crate) fn explain(given: &Given, path: &Path, key: &str) -> Result<Exit, Failure> {
    let (_, loaded) = load(given, path)?;
    let explained = match model::estate::explain(&loaded.sources, key) {
        Ok(explained) => explained,
        Err(UnknownKey::Unreadable) => return Err(unready(&loaded, loaded.findings.clone())),
        Err(error) => return Err(error.into()),
    };
    if given.json {
        print_json(&explained)?;
    } else {
        show::explanation(&explained);
    }
    Ok(Exit::Holds)
}

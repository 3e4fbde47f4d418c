//! `check --resolve`: whether every reference to a secret gives one.

use std::collections::BTreeMap;
use std::error::Error;

use model::Verdict;
use steward::{Folder, Loaded, Surroundings};

/// What became of a reference. The value itself is forgotten at once.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Tried {
    /// The paths where it stands.
    pub(crate) keys: Vec<String>,
    /// The reference.
    pub(crate) reference: String,
    /// Whether it gives a secret.
    pub(crate) verdict: Verdict,
    /// Why not.
    pub(crate) why: Option<String>,
    /// What to do about it.
    #[serde(rename = "try")]
    pub(crate) remedy: Option<String>,
}

/// Tries every reference once, however often it stands there. Without an estate nobody knows the region, so none is tried.
pub(super) fn tried(folder: &Folder, loaded: &Loaded) -> Vec<Tried> {
    let Some(estate) = &loaded.estate else {
        return Vec::new();
    };
    let around = Surroundings {
        folder: folder.path(),
        region: &estate.region,
    };
    let mut places: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (key, reference) in &loaded.secrets {
        places.entry(reference).or_default().push(key.clone());
    }
    let tried = places.into_iter().map(|(reference, keys)| {
        let error = steward::resolve(reference, around).err();
        let verdict = match &error {
            None => Verdict::Holds,
            Some(error) if error.is_unknown() => Verdict::Unknown,
            Some(_) => Verdict::Fails,
        };
        Tried {
            keys,
            reference: reference.to_string(),
            verdict,
            why: error.as_ref().map(|error| match error.source() {
                Some(cause) => format!("failed to {error}: {cause}"),
                None => format!("failed to {error}"),
            }),
            remedy: error.map(|error| error.remedy()),
        }
    });
    tried.collect()
}

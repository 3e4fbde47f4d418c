//! Faults as they are written down: each is an estate with a few texts replaced, and what must be found then.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The faults of one subject: a file beside this one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subject {
    /// Estates that several faults begin with, by name.
    #[serde(default)]
    on: BTreeMap<String, Ground>,
    /// The faults.
    #[serde(rename = "fault")]
    pub(crate) faults: Vec<Fault>,
}

/// An estate that several faults begin with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ground {
    edits: Edits,
}

/// What is replaced by what; each text must be there exactly once.
type Edits = Vec<(String, String)>;

/// A fault, and what must be found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// What is wrong.
    pub(crate) name: String,
    /// With which of the estates above it begins; the one without a fault where nothing is said.
    on: Option<String>,
    /// The rule that finds it.
    pub(crate) rule: String,
    /// Rules that find something too: faults that never come alone.
    #[serde(default)]
    pub(crate) besides: Vec<String>,
    /// The subject of the finding.
    pub(crate) subject: String,
    /// The text that the finding's place covers; empty when it has none in the file.
    #[serde(default)]
    pub(crate) at: String,
    edits: Edits,
    /// How the file is spoilt after that.
    spoilt: Option<Spoilt>,
}

/// What befalls a whole file.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Spoilt {
    /// It is written with one byte for a letter.
    Latin1,
    /// It grows beyond the mebibyte that is read.
    Grown,
}

impl Subject {
    /// Reads a file of faults.
    pub(crate) fn read(text: &str) -> Self {
        toml::from_str(text).expect("a file of faults")
    }

    /// The estate with a fault of this subject, made out of one without.
    pub(crate) fn estate(&self, fault: &Fault, sound: &str) -> Vec<u8> {
        let ground = fault.on.as_ref().map(|on| &self.on[on].edits);
        let edits = ground.into_iter().flatten().chain(&fault.edits);
        let text = edits.fold(sound.to_owned(), |text, (from, to)| {
            let count = text.matches(from).count();
            assert_eq!(count, 1, "{}: `{from}` must be there once", fault.name);
            text.replacen(from, to, 1)
        });
        match fault.spoilt {
            None => text.into_bytes(),
            Some(Spoilt::Latin1) => text
                .chars()
                .map(|character| u8::try_from(character).unwrap_or(b'?'))
                .collect(),
            Some(Spoilt::Grown) => (text + &"# and so on\n".repeat(100_000)).into_bytes(),
        }
    }
}

//! The description: what the reader asks for, with the words for it.

use toml::de::DeTable;

use super::words::{self, Words};
use crate::document::{Asked, ITEM, Kind, NAME, Need, Report, Shape, Table, read_format};
use crate::estate::{FORMAT, layers, sections};

/// One path of the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path, `NAME` standing for a name of the author's and `[]` for a place in a list:
    /// `environments.NAME.products.NAME.hostname`, `waivers[].rule`.
    pub path: String,
    /// What stands there.
    pub shape: Shape,
    /// Whether it must be said.
    pub need: Need,
    /// What it means, in a sentence or two.
    pub meaning: &'static str,
    /// A value as TOML; empty for tables.
    pub example: &'static str,
}

/// Everything that `estate.toml` may say, in the order in which it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The paths; those of a table stand behind it.
    pub entries: Vec<Entry>,
}

/// Asks the reader what it reads.
pub fn describe() -> Format {
    let entries = asked().into_iter().map(|asked| {
        let Words(_, meaning, example) = words::of(&asked.path);
        Entry {
            path: asked.path,
            shape: asked.shape,
            need: asked.need,
            meaning,
            example,
        }
    });
    Format {
        entries: entries.collect(),
    }
}

/// What the reader asks for when there is nothing to read.
pub(super) fn asked() -> Vec<Asked> {
    let nothing = DeTable::new();
    let mut root = Table::root(&nothing);
    let mut report = Report::describing();
    read_format(&mut root, FORMAT, &mut report);
    layers::extended(&mut root, &mut report);
    sections::estate(root, &mut report);
    report.into_asked()
}

impl Format {
    /// The entry of a path of the format.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }

    /// The tables, in order: the outermost is the empty path.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        let named = self
            .entries
            .iter()
            .filter(|entry| entry.shape == Shape::Table);
        std::iter::once("").chain(named.map(|entry| entry.path.as_str()))
    }

    /// The values that stand right in a table, names and lists of values included.
    pub fn values_in<'f>(&'f self, table: &'f str) -> impl Iterator<Item = (&'f str, &'f Entry)> {
        self.entries.iter().filter_map(move |entry| {
            let key = below(table, &entry.path)?;
            let plain = key
                .strip_suffix(NAME)
                .map_or(key, |key| key.trim_end_matches('.'));
            (matches!(entry.shape, Shape::Value(_)) && !plain.contains('.')).then_some((key, entry))
        })
    }
}

impl Entry {
    /// The kind of a value in a word or two; none for tables.
    pub fn kind(&self) -> Option<String> {
        match &self.shape {
            Shape::Table => None,
            Shape::Value(kind) => Some(kind.to_string()),
        }
    }
}

/// What of a path is below a table's, if it is.
pub(super) fn below<'p>(table: &str, path: &'p str) -> Option<&'p str> {
    if table.is_empty() {
        return Some(path);
    }
    path.strip_prefix(table)?.strip_prefix('.')
}

/// The parts of a path: keys, `NAME`, `[]`.
pub(super) fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').flat_map(|part| {
        let (key, item) = match part.strip_suffix(ITEM) {
            Some(key) => (key, Some(ITEM)),
            None => (part, None),
        };
        std::iter::once(key).chain(item)
    })
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Switch => f.write_str("`true` or `false`"),
            Self::Integer { least, most } if least == most => write!(f, "integer, {least}"),
            Self::Integer { least, most } => write!(f, "integer, {least} to {most}"),
            Self::Number => f.write_str("number"),
            Self::Date => f.write_str("date"),
            Self::Spelt { wanted, .. } => {
                let bare = wanted.split_once(' ').map_or(*wanted, |(_, bare)| bare);
                f.write_str(bare)
            }
            Self::Word(words) => {
                let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                f.write_str(&quoted.join(" or "))
            }
            Self::List(of) => write!(f, "list of {of}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_words_and_no_words_are_left() {
        let asked = asked();
        let silent = asked
            .iter()
            .filter(|asked| words::of(&asked.path).1.is_empty());
        let silent: Vec<_> = silent.map(|asked| &asked.path).collect();
        assert!(silent.is_empty(), "words.rs says nothing of {silent:#?}");
        let known = |path: &str| asked.iter().any(|asked| asked.path == path);
        let worded = words::WORDS.iter().map(|words| words.0);
        let stale: Vec<_> = worded.filter(|path| !known(path)).collect();
        assert!(
            stale.is_empty(),
            "words.rs speaks of what is not read: {stale:#?}"
        );
        for Words(path, meaning, example) in words::WORDS {
            assert!(meaning.ends_with('.'), "{path}: {meaning}");
            let is_table = asked
                .iter()
                .any(|asked| asked.path == *path && asked.shape == Shape::Table);
            assert_eq!(example.is_empty(), is_table, "{path}: {example}");
        }
    }
}

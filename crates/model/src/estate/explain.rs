//! One key of an estate explained: what it means, which value it has, and where that comes from.

use std::collections::BTreeSet;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::{
    Kind, Lines, Need, Report, Shape, Table, did_you_mean, list, quote, quote_key,
};
use crate::estate::format::{Entry, Node, describe, tree};
use crate::estate::layers::{self, Sources};
use crate::estate::like::{ITS_OWN, MOST_ENVIRONMENTS};
use crate::estate::read::{Shown, shown};
use crate::estate::sections;
use crate::finding::Span;

/// Longest key that is explained, in parts: the format's deepest path has six.
const DEEPEST: usize = 16;

/// Longest value that is repeated, characters.
const LONGEST_VALUE: usize = 2000;

/// What there is to say about a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The key's path.
    pub key: String,
    /// What it means.
    pub meaning: &'static str,
    /// The kind of value; none for a table.
    pub kind: Option<String>,
    /// Whether it must be said, in a few words.
    pub need: String,
    /// How a value is written; empty for a table.
    pub example: &'static str,
    /// The value that it has here, as TOML, secrets covered; none for a table, and where there is none.
    pub value: Option<String>,
    /// Where that comes from.
    pub origin: Origin,
    /// Something else worth knowing.
    pub note: Option<String>,
    /// What a table holds, one level down.
    pub below: Vec<Below>,
}

/// A key in a table that is explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Below {
    /// Its path.
    pub key: String,
    /// Its value; none for a table, and where there is none.
    pub value: Option<String>,
    /// Where that comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It is said, for this key itself.
    Said(Place),
    /// The environment is like another one, which says it.
    TakenOver {
        /// The environment that says it.
        environment: String,
        /// Where.
        place: Place,
    },
    /// Nothing is said, so this version's default counts.
    Default,
    /// Nothing is said, and there is no default.
    Nowhere,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, as messages call it.
    pub file: String,
    /// The line, from one.
    pub line: usize,
    /// The column, from one, in characters.
    pub column: usize,
}

/// Why a key cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownKey {
    /// The files are not TOML; reading says why.
    #[error("explain a key of files that cannot be read")]
    Unreadable,
    /// The format has no such key.
    #[error("explain {key}: {place} has no such key; {remedy}")]
    Unknown {
        /// The key, quoted.
        key: String,
        /// The table that lacks it.
        place: String,
        /// Which key was most likely meant, or which there are.
        remedy: String,
    },
}

/// Explains a key of an estate: `environments.staging.database.engine`, `waivers[0].owner`, or a table such as `dns`. The
/// empty key is the whole file.
///
/// # Errors
/// Fails when the format has no such key, and when the files are not TOML.
pub fn explain(sources: &Sources, key: &str) -> Result<Explanation, UnknownKey> {
    let mut report = Report::default();
    let root = layers::merge(sources, &mut report).ok_or(UnknownKey::Unreadable)?;
    // Read as a whole, so that whatever stands where a secret belongs is found and covered.
    sections::estate(Table::root(&root), &mut report);
    let mut findings = report.finish();
    for span in findings
        .iter_mut()
        .filter_map(|finding| finding.span.as_mut())
    {
        *span = sources.place(*span);
    }
    let format = describe();
    let document = Document {
        root: &root,
        sources,
        files: shown(sources, &findings),
    };
    let steps = steps(key)?;
    let mut node = &tree(&format);
    for (depth, step) in steps.iter().enumerate() {
        node = down(node, step).ok_or_else(|| unknown(key, &steps[..depth], step, node))?;
    }
    Ok(document.explain(&steps, node))
}

/// A part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(usize),
}

/// Takes a key apart. Names in quotes may have dots.
fn steps(key: &str) -> Result<Vec<Step>, UnknownKey> {
    let broken = || UnknownKey::Unknown {
        key: quote(key),
        place: "the format".to_owned(),
        remedy: "a key is written like `environments.production.cidr` or `waivers[0].owner`"
            .to_owned(),
    };
    let mut steps = Vec::new();
    let mut rest = key;
    while !rest.is_empty() {
        if steps.len() == DEEPEST {
            return Err(broken());
        }
        if let Some(after) = rest.strip_prefix('[') {
            let (number, after) = after.split_once(']').ok_or_else(broken)?;
            steps.push(Step::Item(number.parse().map_err(|_| broken())?));
            rest = after;
        } else {
            let text = if steps.is_empty() {
                rest
            } else {
                rest.strip_prefix('.').ok_or_else(broken)?
            };
            let (name, after) = match text.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(broken)?,
                None => text.split_at(text.find(['.', '[']).unwrap_or(text.len())),
            };
            if name.is_empty() {
                return Err(broken());
            }
            steps.push(Step::Key(name.to_owned()));
            rest = after;
        }
    }
    Ok(steps)
}

fn down<'n, 'f>(node: &'n Node<'f>, step: &Step) -> Option<&'n Node<'f>> {
    match step {
        Step::Item(_) => node.items.as_deref(),
        Step::Key(key) => {
            let known = node.keys.iter().find(|(known, _)| known == key);
            known.map(|(_, below)| below).or(node.names.as_deref())
        }
    }
}

fn unknown(key: &str, above: &[Step], step: &Step, node: &Node<'_>) -> UnknownKey {
    let place = match above {
        [] => "the file".to_owned(),
        above => quote(&path(above)),
    };
    let known = || node.keys.iter().map(|(known, _)| *known);
    let remedy = match step {
        Step::Key(wrong) => match did_you_mean(wrong, known()) {
            Some(meant) => {
                let meant = [above, &[Step::Key(meant.to_owned())]].concat();
                format!("did you mean {}?", quote(&path(&meant)))
            }
            None if node.keys.is_empty() => "there is nothing below it".to_owned(),
            None => format!("known there: {}", list(known())),
        },
        Step::Item(_) if is_list(node) => {
            format!(
                "its entries are explained together: ask for {}",
                quote(&path(above))
            )
        }
        Step::Item(_) => "it is no list".to_owned(),
    };
    UnknownKey::Unknown {
        key: quote(key),
        place,
        remedy,
    }
}

/// Whether it is a list of values, which have no keys of their own.
fn is_list(node: &Node<'_>) -> bool {
    let list = |entry: &Entry| matches!(entry.shape, Shape::Value(Kind::List(_)));
    node.entry.is_some_and(list)
}

fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Item(number) => path.push_str(&format!("[{number}]")),
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&quote_key(key));
            }
        }
    }
    path
}

/// What was read, all files laid over one another, environments not yet unfolded.
struct Document<'a, 'd> {
    root: &'a DeTable<'d>,
    sources: &'a Sources,
    files: Vec<Shown>,
}

impl<'a, 'd> Document<'a, 'd> {
    fn explain(&self, steps: &[Step], node: &Node<'_>) -> Explanation {
        let (value, origin) = self.value(steps, node);
        // A table of names has no words of its own; those for one of the names say what it is.
        let nearest = [node.names.as_deref(), node.items.as_deref()];
        let nearest = nearest.into_iter().flatten().find_map(|below| below.entry);
        let words = node.entry.or(nearest);
        Explanation {
            key: path(steps),
            meaning: words.map_or("What one customer's managed cloud is to be.", |entry| {
                entry.meaning
            }),
            kind: node.entry.and_then(Entry::kind),
            need: need(node.entry),
            example: node.entry.map_or("", |entry| entry.example),
            value,
            origin,
            note: self.note(steps),
            below: self.below(steps, node),
        }
    }

    /// A value and where it comes from.
    fn value(&self, steps: &[Step], node: &Node<'_>) -> (Option<String>, Origin) {
        let (found, taken_from) = match self.find(steps) {
            Some(found) => (Some(found), None),
            None => match self.taken_over(steps) {
                Some((environment, found)) => (Some(found), Some(environment)),
                None => (None, None),
            },
        };
        if let Some((begin, value)) = found {
            let place = self.place(begin);
            let is_value = node
                .entry
                .is_some_and(|entry| matches!(entry.shape, Shape::Value(_)));
            let text = is_value.then(|| self.text(value.span().into()));
            let origin = match taken_from {
                None => Origin::Said(place),
                Some(environment) => Origin::TakenOver { environment, place },
            };
            return (text, origin);
        }
        match node.entry.map(|entry| &entry.need) {
            Some(Need::Default(value)) => (Some(value.to_string()), Origin::Default),
            _ => (None, Origin::Nowhere),
        }
    }

    /// What stands at a path, and where it begins.
    fn find(&self, steps: &[Step]) -> Option<(Span, &'a Spanned<DeValue<'d>>)> {
        let (first, rest) = steps.split_first()?;
        let Step::Key(first) = first else {
            return None;
        };
        let (key, mut value) = self.root.get_key_value(first.as_str())?;
        let mut begin = key.span();
        for step in rest {
            match step {
                Step::Item(number) => {
                    value = value.get_ref().as_array()?.get(*number)?;
                    begin = value.span();
                }
                Step::Key(name) => {
                    let (key, below) = value.get_ref().as_table()?.get_key_value(name.as_str())?;
                    begin = key.span();
                    value = below;
                }
            }
        }
        Some((begin.into(), value))
    }

    /// What an environment takes over at a path from the one that it is like, directly or by others.
    fn taken_over(&self, steps: &[Step]) -> Option<(String, (Span, &'a Spanned<DeValue<'d>>))> {
        let [Step::Key(table), Step::Key(name), Step::Key(key), rest @ ..] = steps else {
            return None;
        };
        if table != "environments" || ITS_OWN.contains(&key.as_str()) {
            return None;
        }
        let mut name = name.clone();
        for _ in 0..MOST_ENVIRONMENTS {
            name = self.like(&name)?;
            let mut other = vec![
                Step::Key(table.clone()),
                Step::Key(name.clone()),
                Step::Key(key.clone()),
            ];
            other.extend_from_slice(rest);
            if let Some(found) = self.find(&other) {
                return Some((name, found));
            }
        }
        None
    }

    /// What an environment is like.
    fn like(&self, name: &str) -> Option<String> {
        let steps = ["environments", name, "like"].map(|key| Step::Key(key.to_owned()));
        let (_, value) = self.find(&steps)?;
        value.get_ref().as_str().map(str::to_owned)
    }

    /// The keys of a table, those that stand in the file by their names.
    fn below(&self, steps: &[Step], node: &Node<'_>) -> Vec<Below> {
        let mut below = Vec::new();
        let mut add = |step: Step, node: &Node<'_>| {
            let steps = [steps, &[step]].concat();
            let (value, origin) = self.value(&steps, node);
            below.push(Below {
                key: path(&steps),
                value,
                origin,
            });
        };
        for (key, child) in &node.keys {
            add(Step::Key((*key).to_owned()), child);
        }
        if let Some(child) = &node.names {
            for name in self.names(steps) {
                add(Step::Key(name), child);
            }
        }
        if let Some(child) = &node.items {
            let found = self
                .find(steps)
                .and_then(|(_, value)| value.get_ref().as_array());
            for number in 0..found.map_or(0, |items| items.len()) {
                add(Step::Item(number), child);
            }
        }
        below
    }

    /// The names in a table of names, those that are taken over included.
    fn names(&self, steps: &[Step]) -> BTreeSet<String> {
        let own = self.find(steps).map(|(_, value)| value);
        let other = self.taken_over(steps).map(|(_, (_, value))| value);
        let tables = own
            .into_iter()
            .chain(other)
            .filter_map(|value| value.get_ref().as_table());
        tables
            .flat_map(|table| table.keys().map(|key| key.get_ref().to_string()))
            .collect()
    }

    /// That nothing in the file is called so.
    fn note(&self, steps: &[Step]) -> Option<String> {
        for depth in 0..steps.len() {
            let (above, rest) = steps.split_at(depth);
            let Some(Step::Key(name)) = rest.first() else {
                continue;
            };
            let known = self.names(above);
            if self.is_table_of_names(above) && !known.contains(name) {
                let known = || known.iter().map(String::as_str);
                let remedy = match did_you_mean(name, known()) {
                    Some(meant) => format!("did you mean {}?", quote(meant)),
                    None => format!("there: {}", list(known())),
                };
                return Some(format!(
                    "{} has no {}; {remedy}",
                    quote(&path(above)),
                    quote(name)
                ));
            }
        }
        None
    }

    fn is_table_of_names(&self, steps: &[Step]) -> bool {
        let format = describe();
        let tree = tree(&format);
        let node = steps.iter().try_fold(&tree, down);
        !steps.is_empty() && node.is_some_and(|node| node.names.is_some())
    }

    /// The text at a place in all files, as it may be shown.
    fn text(&self, span: Span) -> String {
        let span = self.sources.place(span);
        let text = self
            .files
            .get(span.file)
            .and_then(|file| file.text.get(span.start..span.end));
        text.unwrap_or_default()
            .chars()
            .take(LONGEST_VALUE)
            .collect()
    }

    /// A place in all files in words.
    fn place(&self, span: Span) -> Place {
        let span = self.sources.place(span);
        let file = self.sources.files().nth(span.file);
        let (line, column) = file.map_or((1, 1), |file| Lines::of(&file.text).place(span.start));
        Place {
            file: file
                .map(|file| crate::document::tame(&file.name))
                .unwrap_or_default(),
            line,
            column,
        }
    }
}

fn need(entry: Option<&Entry>) -> String {
    match entry.map(|entry| &entry.need) {
        Some(Need::Required) => "must be said".to_owned(),
        Some(Need::OneOf(keys)) => {
            format!("exactly one of {} must be said", list(keys.iter().copied()))
        }
        Some(Need::When(condition)) => format!("must be said when {condition}"),
        Some(Need::Default(value)) => format!("may be left out: then {value} counts"),
        Some(Need::Optional) | None => "may be left out".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::NAME;

    #[test]
    fn keys_are_taken_apart() {
        let check = |key: &str, wanted: Option<&str>| {
            let taken = steps(key).ok().map(|steps| path(&steps));
            assert_eq!(taken.as_deref(), wanted, "{key}");
        };
        check("", Some(""));
        check("a.b[3].c", Some("a.b[3].c"));
        check("a.\"b.c\"", Some("a.\"b.c\""));
        for broken in [
            ".",
            "a.",
            "a..b",
            "a[",
            "a[x]",
            "a[-1]",
            "a[1]b",
            "a.\"b",
            &"a.".repeat(99),
        ] {
            check(broken, None);
        }
        assert_eq!(NAME, quote_key(NAME), "stands in paths without quotes");
    }
}

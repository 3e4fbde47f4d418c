//! A table and who has asked it for what: whatever nobody asked for is an unknown key.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::document::{
    Field, ITEM, MISSING_KEY, NAME, Need, Report, Shape, TOO_MANY, UNKNOWN_KEY, WRONG_VALUE,
    did_you_mean, field, list, quote, quote_key,
};

/// Most entries that a table of names or an array of tables may have: people, servers and waivers come by the dozen.
const MOST_ENTRIES: usize = 256;

/// A table of a document, its path, and the keys that it was asked for: those that it must have and has not are kept
/// until it is finished, since they may stand there misspelt.
pub(crate) struct Table<'t, 'd> {
    entries: &'t DeTable<'d>,
    path: String,
    span: Option<Range<usize>>,
    asked: BTreeSet<&'static str>,
    missing: BTreeMap<&'static str, &'static str>,
}

impl<'t, 'd> Table<'t, 'd> {
    /// The document's outermost table.
    pub(crate) fn root(entries: &'t DeTable<'d>) -> Self {
        Self::at(entries, String::new(), None)
    }

    /// A table at a path.
    pub(crate) fn at(entries: &'t DeTable<'d>, path: String, span: Option<Range<usize>>) -> Self {
        Self {
            entries,
            path,
            span,
            asked: BTreeSet::new(),
            missing: BTreeMap::new(),
        }
    }

    /// The entries as they stand in the document.
    pub(crate) fn entries(&self) -> &'t DeTable<'d> {
        self.entries
    }

    /// Where the table begins; the whole document has no such place.
    pub(crate) fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }

    /// The path of a key in this table.
    pub(crate) fn path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A value that must be there; a placeholder when it is missing or cannot be read.
    pub(crate) fn required<T: Field>(&mut self, key: &'static str, report: &mut Report) -> T {
        if report.describes() {
            report.note(self.path(key), Shape::Value(T::kind()), Need::Required);
            return T::placeholder();
        }
        match self.take(key, report) {
            Some((path, value)) => T::read(value, &path, report),
            None => {
                self.miss(key, T::WANTED, report);
                T::placeholder()
            }
        }
    }

    /// A value that must be there under a condition, which holds: "`wanted` is `true`".
    pub(crate) fn required_when<T: Field>(
        &mut self,
        condition: &'static str,
        key: &'static str,
        report: &mut Report,
    ) -> T {
        if report.describes() {
            let need = Need::When(condition);
            report.note(self.path(key), Shape::Value(T::kind()), need);
        }
        self.required(key, report)
    }

    /// A value that may be there.
    pub(crate) fn optional<T: Field>(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<T> {
        if report.describes() {
            report.note(self.path(key), Shape::Value(T::kind()), Need::Optional);
        }
        self.take(key, report)
            .map(|(path, value)| T::read(value, &path, report))
    }

    /// A value, or what counts when nothing is said.
    pub(crate) fn or<T: Field>(&mut self, key: &'static str, other: T, report: &mut Report) -> T {
        if report.describes() {
            // An empty text cannot be written: it stands for one that follows from something else.
            let need = match other.json() {
                serde_json::Value::String(text) if text.is_empty() => Need::Optional,
                other => Need::Default(other),
            };
            report.note(self.path(key), Shape::Value(T::kind()), need);
        }
        self.optional(key, report).unwrap_or(other)
    }

    /// A table that must be there.
    pub(crate) fn table(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<Table<'t, 'd>> {
        if report.describes() {
            return Some(self.described(key, Need::Required, report));
        }
        if !self.has(key) {
            self.asked.insert(key);
            self.miss(key, "a table", report);
        }
        self.optional_table(key, report)
    }

    /// A table that may be there.
    pub(crate) fn optional_table(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<Table<'t, 'd>> {
        if report.describes() {
            return Some(self.described(key, Need::Optional, report));
        }
        self.asked.insert(key);
        let (name, value) = self.entries.get_key_value(key)?;
        let path = self.path(key);
        report.place(&path, name.span());
        as_table(value, path, name.span(), report)
    }

    /// Two tables of which exactly one must be there: the first, when both are.
    pub(crate) fn one_table(
        &mut self,
        keys: [&'static str; 2],
        report: &mut Report,
    ) -> [Option<Table<'t, 'd>>; 2] {
        if report.describes() {
            let need = Need::OneOf(keys.to_vec());
            return keys.map(|key| Some(self.described(key, need.clone(), report)));
        }
        let [first, second] = keys;
        if !self.has(first) && !self.has(second) {
            self.asked.extend(keys);
            self.miss(first, "a table", report);
        }
        self.one_table_at_most(keys, report)
    }

    /// Two tables of which one may be there: the first, when both are.
    pub(crate) fn one_table_at_most(
        &mut self,
        keys: [&'static str; 2],
        report: &mut Report,
    ) -> [Option<Table<'t, 'd>>; 2] {
        let [first, second] = keys;
        if self.has(first) && self.has(second) {
            let path = self.path(second);
            let span = self.entries.get_key_value(second);
            report.refuse(
                WRONG_VALUE,
                &path,
                span.map(|(name, _)| name.span()),
                &format!("`{first}` is there too"),
                format!(
                    "{} and {} exclude one another.",
                    quote(&self.path(first)),
                    quote(&path)
                ),
                "Remove one of the two.",
            );
        }
        keys.map(|key| self.optional_table(key, report))
    }

    /// The tables under a table of names, by name; none when there is no such table.
    pub(crate) fn named(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Vec<(String, Table<'t, 'd>)> {
        if report.describes() {
            let below = format!("{key}.{NAME}");
            let table = self.described(&below, Need::Optional, report);
            return vec![(NAME.to_owned(), table)];
        }
        let Some(tables) = self.optional_table(key, report) else {
            return Vec::new();
        };
        let mut named = Vec::new();
        for (name, value) in tables.few(report) {
            let path = tables.path(name.get_ref());
            report.place(&path, name.span());
            if let Some(table) = as_table(value, path, name.span(), report) {
                named.push((name.get_ref().to_string(), table));
            }
        }
        named
    }

    /// The values under a table of names, by name; none when there is no such table.
    pub(crate) fn values<T: Field>(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Vec<(String, T)> {
        if report.describes() {
            let path = format!("{}.{NAME}", self.path(key));
            report.note(path, Shape::Value(T::kind()), Need::Optional);
            return Vec::new();
        }
        let Some(table) = self.optional_table(key, report) else {
            return Vec::new();
        };
        let mut values = Vec::new();
        for (name, value) in table.few(report) {
            let path = table.path(name.get_ref());
            report.place(&path, value.span());
            values.push((name.get_ref().to_string(), T::read(value, &path, report)));
        }
        values
    }

    /// The tables of an array of tables; none when it is not there.
    pub(crate) fn list(&mut self, key: &'static str, report: &mut Report) -> Vec<Table<'t, 'd>> {
        if report.describes() {
            let below = format!("{key}{ITEM}");
            return vec![self.described(&below, Need::Optional, report)];
        }
        let Some((path, value)) = self.take(key, report) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            report.refuse(
                WRONG_VALUE,
                &path,
                Some(value.span()),
                "must be a list of tables",
                format!(
                    "{} must be a list of tables, not {}.",
                    quote(key),
                    field::kind(value.get_ref())
                ),
                format!("Write `[[{key}]]` above each entry."),
            );
            return Vec::new();
        };
        if items.len() > MOST_ENTRIES {
            too_many(&path, value.span(), items.len(), report);
        }
        let mut tables = Vec::new();
        for (index, item) in items.iter().enumerate().take(MOST_ENTRIES) {
            let path = format!("{path}[{index}]");
            report.place(&path, item.span());
            tables.extend(as_table(item, path, item.span(), report));
        }
        tables
    }

    /// Reports what nobody asked for, and what is missing. A missing key that stands here misspelt is said once.
    pub(crate) fn finish(mut self, report: &mut Report) {
        for name in self.entries.keys() {
            if self.asked.contains(name.get_ref().as_ref()) {
                continue;
            }
            if report.is_full() {
                report.leave_out(UNKNOWN_KEY);
                continue;
            }
            if let Some(meant) = self.unknown(name, report) {
                self.missing.remove(meant);
            }
        }
        for (key, wanted) in &self.missing {
            self.missing(key, wanted, report);
        }
    }

    /// A table that is only described: nothing stands in it, and all of it is asked for.
    fn described(&self, below: &str, need: Need, report: &mut Report) -> Table<'t, 'd> {
        let path = if self.path.is_empty() {
            below.to_owned()
        } else {
            format!("{}.{below}", self.path)
        };
        report.note(path.clone(), Shape::Table, need);
        Table::at(self.entries, path, None)
    }

    fn take(
        &mut self,
        key: &'static str,
        report: &mut Report,
    ) -> Option<(String, &'t Spanned<DeValue<'d>>)> {
        self.asked.insert(key);
        let value = self.entries.get(key)?;
        let path = self.path(key);
        report.place(&path, value.span());
        Some((path, value))
    }

    /// Remembers a key that must be there.
    fn miss(&mut self, key: &'static str, wanted: &'static str, report: &mut Report) {
        report.fault(&self.path(key));
        self.missing.insert(key, wanted);
    }

    fn missing(&self, key: &str, wanted: &str, report: &mut Report) {
        if report.lacks(&self.path) {
            return;
        }
        let place = if self.path.is_empty() {
            "The file".to_owned()
        } else {
            quote(&self.path)
        };
        report.refuse(
            MISSING_KEY,
            &self.path(key),
            self.span.clone(),
            &format!("has no `{key}`"),
            format!("{place} must say `{key}`."),
            format!("Add `{key}`, {wanted}."),
        );
    }

    /// Reports a key that nobody asked for; gives the one that was most likely meant.
    fn unknown(&self, name: &Spanned<DeString<'d>>, report: &mut Report) -> Option<&'static str> {
        let key = name.get_ref().as_ref();
        let known = self.asked.iter().copied();
        let meant = did_you_mean(key, known.clone());
        let (label, remedy) = match meant {
            Some(meant) => (
                format!("did you mean `{meant}`?"),
                format!("Write `{meant}`, or remove the key."),
            ),
            None => (
                "not known here".to_owned(),
                format!("Remove it. Known here: {}.", list(known)),
            ),
        };
        let place = if self.path.is_empty() {
            "at the top of the file".to_owned()
        } else {
            format!("in {}", quote(&self.path))
        };
        report.refuse(
            UNKNOWN_KEY,
            &self.path(key),
            Some(name.span()),
            &label,
            format!("{} means nothing {place}.", quote(key)),
            remedy,
        );
        meant
    }

    /// The entries of a table of names, as many as are read.
    fn few(
        &self,
        report: &mut Report,
    ) -> impl Iterator<Item = (&'t Spanned<DeString<'d>>, &'t Spanned<DeValue<'d>>)> + use<'t, 'd>
    {
        if self.entries.len() > MOST_ENTRIES {
            let span = self.span.clone().unwrap_or_default();
            too_many(&self.path, span, self.entries.len(), report);
        }
        self.entries.iter().take(MOST_ENTRIES)
    }
}

fn as_table<'t, 'd>(
    value: &'t Spanned<DeValue<'d>>,
    path: String,
    span: Range<usize>,
    report: &mut Report,
) -> Option<Table<'t, 'd>> {
    if let DeValue::Table(entries) = value.get_ref() {
        return Some(Table::at(entries, path, Some(span)));
    }
    report.refuse(
        WRONG_VALUE,
        &path,
        Some(value.span()),
        "must be a table",
        format!(
            "{} must be a table, not {}.",
            quote(&path),
            field::kind(value.get_ref())
        ),
        format!("Write `[{path}]` and its keys below it."),
    );
    None
}

fn too_many(path: &str, span: Range<usize>, count: usize, report: &mut Report) {
    report.refuse(
        TOO_MANY,
        path,
        Some(span),
        "too many entries",
        format!(
            "{} has {count} entries, and at most {MOST_ENTRIES} are read.",
            quote(path)
        ),
        "Make sure that the right file is given.",
    );
}

/// The path of a key below a path.
fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        quote_key(key)
    } else {
        format!("{path}.{}", quote_key(key))
    }
}

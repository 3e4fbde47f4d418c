//! An estate's files: the estate itself, the defaults that it extends, those that they extend. Each is laid over the next.
//!
//! While they are read together a place is an offset into all files one behind the other, so that one number still says
//! it; what comes of the reading names the file and the place in it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::{Check, Report, Table, parse, quote, tame};
use crate::estate::FORMAT;
use crate::estate::like::overlay;
use crate::finding::Span;

/// Most files of one estate, itself included: a fleet's defaults, a country's, a customer's, and as many again.
const MOST_FILES: usize = 8;

/// What another file is named by.
pub(crate) const KEY: &str = "extends";

/// A file that is extended cannot be used.
pub(crate) const EXTENDS: Check = Check::fatal(
    "extends-unusable",
    "A file that the estate extends is missing, cannot be read, or leads round in a circle.",
);

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What messages call it.
    pub name: String,
    /// What tells it from all other files, such as its path without links and detours.
    pub identity: String,
    /// Its bytes; of a file with more than 1 MiB, at least one byte more.
    pub text: Vec<u8>,
}

/// The files of an estate, the estate first, each followed by the one that it extends.
///
/// Whoever can read files asks [`Sources::wanted`] and answers with [`Sources::add`] or [`Sources::refuse`] until nothing
/// is wanted any more, which is after eight files at the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    first: Source,
    others: Vec<Source>,
    refused: Option<String>,
}

impl Sources {
    /// Begins with the estate itself.
    pub fn new(estate: Source) -> Self {
        Self {
            first: estate,
            others: Vec::new(),
            refused: None,
        }
    }

    /// All files so far.
    pub fn files(&self) -> impl DoubleEndedIterator<Item = &Source> + ExactSizeIterator {
        let files: Vec<_> = std::iter::once(&self.first).chain(&self.others).collect();
        files.into_iter()
    }

    /// The last file so far.
    pub fn last(&self) -> &Source {
        self.others.last().unwrap_or(&self.first)
    }

    /// The file that the last one extends, as a path relative to it; none when all are there, or when what is written
    /// there cannot be followed, which reading reports.
    pub fn wanted(&self) -> Option<String> {
        if self.refused.is_some() {
            return None;
        }
        let root = parse("", &self.last().text, 0, &mut Report::default())?;
        let path = root.get(KEY)?.get_ref().as_str()?.to_owned();
        can_follow(&path).is_ok().then_some(path)
    }

    /// Adds the wanted file. One that is among them already, or one too many, is refused.
    pub fn add(&mut self, source: Source) {
        let mut names: Vec<_> = self.files().map(|file| quote(&file.name)).collect();
        let known = self
            .files()
            .position(|file| file.identity == source.identity);
        if let Some(known) = known {
            names.drain(..known);
            names.push(quote(&source.name));
            self.refuse(format!(
                "it leads round in a circle: {}",
                names.join(" extends ")
            ));
        } else if names.len() >= MOST_FILES {
            self.refuse(format!("at most {MOST_FILES} files may extend one another"));
        } else {
            self.others.push(source);
        }
    }

    /// Says why the wanted file cannot be had, as a part of a sentence.
    pub fn refuse(&mut self, why: String) {
        self.refused = Some(why);
    }

    /// Where a file begins when all stand one behind the other. A byte between them keeps the end of one apart from the
    /// beginning of the next.
    fn starts(&self) -> Vec<usize> {
        let lengths = self.files().map(|file| file.text.len() + 1);
        let starts = lengths.scan(0, |next, length| {
            let start = *next;
            *next += length;
            Some(start)
        });
        starts.collect()
    }

    /// A place in all files as a place in one.
    pub(crate) fn place(&self, span: Span) -> Span {
        let starts = self.starts();
        let file = starts
            .partition_point(|start| *start <= span.start)
            .saturating_sub(1);
        let start = starts.get(file).copied().unwrap_or(0);
        Span {
            file,
            start: span.start.saturating_sub(start),
            end: span.end.saturating_sub(start),
        }
    }
}

/// Whether a path may be followed.
///
/// It must be relative, since the estate would mean something else on every machine, and may lead out of the estate's
/// folder: that is where a fleet keeps its defaults. It must end in `.toml`, so that no finding about a file that somebody
/// else's estate names ever shows lines of a key or of a password file.
fn can_follow(path: &str) -> Result<(), &'static str> {
    if path.starts_with(['/', '~']) || path.contains('\\') || path.contains(':') {
        return Err("it must be a path relative to this file, with `/` between folders");
    }
    if !path.ends_with(".toml") {
        return Err("its name must end in `.toml`");
    }
    Ok(())
}

/// Reads what the estate extends. That it can be followed was seen when the files were put together.
pub(super) fn extended(root: &mut Table<'_, '_>, report: &mut Report) -> Option<String> {
    root.optional(KEY, report)
}

/// Parses all files and lays them over one another; none if one of them cannot be parsed.
pub(super) fn merge<'d>(sources: &'d Sources, report: &mut Report) -> Option<DeTable<'d>> {
    let mut merged = Some(DeTable::new());
    // From the bottom up: what is said of all files together is called by the estate's name.
    for (number, (file, start)) in sources.files().zip(sources.starts()).enumerate().rev() {
        let Some(mut table) = parse(&file.name, &file.text, start, report) else {
            merged = None;
            continue;
        };
        shift(&mut table, start);
        if number + 1 == sources.files().len() {
            end(sources, &table, report);
        }
        if number > 0 {
            same_format(file, &table, start, report);
        }
        merged = merged.map(|under| overlay(under, &table));
    }
    merged
}

/// Reports what the last file extends, if anything: it should have been added.
fn end(sources: &Sources, table: &DeTable<'_>, report: &mut Report) {
    let Some(value) = table.get(KEY) else {
        return;
    };
    // What seems to be missing or wrong may be right in the file that cannot be had.
    report.lack("");
    let Some(path) = value.get_ref().as_str().filter(|path| !path.is_empty()) else {
        // That it is no text, or an empty one, is said when it is read.
        return;
    };
    let why = match (can_follow(path), &sources.refused) {
        (Err(why), _) => why,
        (Ok(()), Some(why)) => why.as_str(),
        (Ok(()), None) => "it was not given",
    };
    report.refuse(
        EXTENDS,
        KEY,
        Some(value.span()),
        "cannot be used",
        format!("{} cannot be used: {}.", quote(path), tame(why)),
        "Name a file with defaults, relative to this one: \"../defaults.toml\".",
    );
}

/// Reports a file beneath the estate that is of another format.
fn same_format(file: &Source, table: &DeTable<'_>, start: usize, report: &mut Report) {
    let (span, label) = match table.get("format") {
        Some(value) if value.get_ref().as_integer().is_some_and(is_current) => return,
        Some(value) => (value.span(), "not the estate's format"),
        None => (start..start, "has no `format`"),
    };
    report.refuse(
        crate::document::UNKNOWN_FORMAT,
        "format",
        Some(span),
        label,
        format!(
            "{} must say which format it has, and have format {FORMAT}.",
            quote(&file.name)
        ),
        format!("Write `format = {FORMAT}` at its top."),
    );
}

fn is_current(number: &toml::de::DeInteger<'_>) -> bool {
    u32::from_str_radix(number.as_str(), number.radix()) == Ok(FORMAT)
}

/// Moves all places of a table.
fn shift(table: &mut DeTable<'_>, by: usize) {
    if by == 0 {
        return;
    }
    let entries = std::mem::take(table);
    for (key, mut value) in entries {
        shift_value(&mut value, by);
        table.insert(Spanned::new(moved(key.span(), by), key.into_inner()), value);
    }
}

fn shift_value(value: &mut Spanned<DeValue<'_>>, by: usize) {
    let span = moved(value.span(), by);
    let mut inner = std::mem::replace(value.get_mut(), DeValue::Boolean(false));
    match &mut inner {
        DeValue::Table(table) => shift(table, by),
        DeValue::Array(items) => {
            for item in items.iter_mut() {
                shift_value(item, by);
            }
        }
        _ => {}
    }
    *value = Spanned::new(span, inner);
}

fn moved(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

//! The format as the manual has it: a heading and a table for every table of the file.

use std::fmt::Write as _;

use super::describe::{Entry, Format};
use super::words::ALIKE;
use crate::document::{ITEM, Need};

impl Format {
    /// Every key, as Markdown.
    pub fn manual(&self) -> String {
        let mut text = String::new();
        for table in self.tables() {
            if ALIKE.iter().any(|(alike, _)| is_below(alike, table)) {
                continue;
            }
            let title = match table.strip_suffix(ITEM) {
                Some(list) => format!("`[[{list}]]`"),
                None if table.is_empty() => "The top".to_owned(),
                None => format!("`[{table}]`"),
            };
            let _ = writeln!(text, "### {title}\n");
            if let Some(entry) = self.entry(table) {
                let _ = writeln!(text, "{}{}\n", entry.meaning, presence(entry));
            }
            if let Some((_, other)) = ALIKE.iter().find(|(alike, _)| *alike == table) {
                let _ = writeln!(text, "It is written like `[{other}]`.\n");
            } else if self.values_in(table).next().is_some() {
                text.push_str(&self.rows(table));
                text.push('\n');
            }
        }
        text.trim_end().to_owned() + "\n"
    }

    /// The table of what stands right in a table of the format.
    fn rows(&self, table: &str) -> String {
        let mut text =
            String::from("| key | kind | default | meaning | example |\n|---|---|---|---|---|\n");
        for (key, entry) in self.values_in(table) {
            let _ = writeln!(
                text,
                "| `{key}` | {} | {} | {} | `{}` |",
                entry.kind().unwrap_or_default(),
                default(entry),
                entry.meaning,
                entry.example,
            );
        }
        text
    }
}

/// Whether a table stands in another one.
fn is_below(table: &str, other: &str) -> bool {
    other
        .strip_prefix(table)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// Whether a table must be there.
fn presence(entry: &Entry) -> String {
    match &entry.need {
        Need::Required => " It must be there.".to_owned(),
        Need::OneOf(keys) => format!(" Exactly one of `{}` must be there.", keys.join("` and `")),
        _ => String::new(),
    }
}

fn default(entry: &Entry) -> String {
    match &entry.need {
        Need::Required => String::new(),
        Need::When(condition) => format!("needed when {condition}"),
        Need::Optional | Need::OneOf(_) => "none".to_owned(),
        Need::Default(value) => format!("`{value}`"),
    }
}

//! A TOML document read with spans: whatever is wrong with it, all of it at once.
//!
//! A reader walks the tables itself. What it cannot read becomes a finding and a placeholder, and the placeholder's path
//! is remembered as faulty: checks run over the rest of the document, and nothing is said twice about a faulty value.

mod check;
mod described;
mod field;
mod hidden;
mod lines;
mod parse;
mod report;
mod sensitive;
mod shown;
mod table;
mod words;

pub use check::Check;
pub(crate) use check::{
    ALL, DUPLICATE_KEY, HIDDEN_CHARACTER, MISSING_KEY, NOT_TEXT, SECRET_IN_CLEAR, SYNTAX,
    TOO_LARGE, TOO_MANY, UNKNOWN_FORMAT, UNKNOWN_KEY, WRONG_VALUE,
};
pub(crate) use described::{Asked, Described, ITEM, NAME, described_words};
pub use described::{Kind, Need, Shape};
pub(crate) use field::{Field, Spelt};
pub(crate) use lines::Lines;
pub(crate) use parse::{parse, read_format};
pub(crate) use report::{Report, nearest};
pub(crate) use shown::shown;
pub(crate) use table::Table;
pub(crate) use words::{did_you_mean, list, quote, quote_key, tame};

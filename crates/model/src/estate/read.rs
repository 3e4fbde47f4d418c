//! From the bytes of `estate.toml` to an estate and everything that is to be said about it.

use jiff::civil::Date;

use crate::catalog::Catalog;
use crate::document::{Report, Table, parse, read_format};
use crate::estate::{Estate, sections};
use crate::finding::{Awaited, Finding};

/// The format of `estate.toml` that this version reads.
pub const FORMAT: u32 = 1;

/// What came of reading an estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The estate, if all of the file could be read. It may still have findings that block.
    pub estate: Option<Estate>,
    /// Everything that was found, in the order of the file, waivers attached.
    pub findings: Vec<Finding>,
    /// What the customer has not given yet, and what each item blocks.
    pub awaited: Vec<Awaited>,
}

impl Reading {
    /// The estate, if nothing stands in the way of designing it.
    pub fn ready(&self) -> Option<&Estate> {
        self.estate
            .as_ref()
            .filter(|_| !self.findings.iter().any(Finding::blocks))
    }
}

/// Reads an estate and checks it against the catalogue. `name` is what messages call the file; `today` decides which
/// waivers still count.
pub fn read(name: &str, text: &[u8], catalog: &Catalog, today: Date) -> Reading {
    let mut report = Report::default();
    let estate = parse(name, text, &mut report).and_then(|root| {
        let mut root = Table::root(&root);
        read_format(&mut root, FORMAT, &mut report).then(|| sections::estate(root, &mut report))
    });
    let _ = (catalog, today);
    let awaited = estate
        .as_ref()
        .map(|estate| estate.awaited.clone())
        .unwrap_or_default();
    Reading {
        estate: estate.filter(|_| !report.is_faulty()),
        findings: report.finish(),
        awaited,
    }
}

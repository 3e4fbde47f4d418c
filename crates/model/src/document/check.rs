//! The cards of checks: a stable name, how much a finding matters, whether it may be waived.

use crate::finding::Severity;

/// Something that is checked, by the name that findings and waivers carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Stable and greppable: `bastion-on-22`.
    pub name: &'static str,
    /// How much what it finds matters.
    pub severity: Severity,
    /// Whether somebody may accept what it finds for a time.
    pub waivable: bool,
    /// What it finds, in a sentence.
    pub meaning: &'static str,
}

impl Check {
    /// A check whose findings stop the road and cannot be waived: nothing sensible can be made of the file.
    pub(crate) const fn fatal(name: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            severity: Severity::Error,
            waivable: false,
            meaning,
        }
    }

    /// A check whose findings stop the road unless somebody waives them.
    pub(crate) const fn error(name: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            severity: Severity::Error,
            waivable: true,
            meaning,
        }
    }

    /// A check whose findings should be mended or waived.
    pub(crate) const fn warning(name: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            severity: Severity::Warning,
            waivable: true,
            meaning,
        }
    }
}

/// The document is larger than is read.
pub(crate) const TOO_LARGE: Check = Check::fatal("too-large", "The file is larger than is read.");
/// The document is not UTF-8 text.
pub(crate) const NOT_TEXT: Check = Check::fatal("not-text", "The file is not UTF-8 text.");
/// The document is not TOML.
pub(crate) const SYNTAX: Check = Check::fatal("syntax", "The file is not TOML.");
/// A character that is not seen and changes what is.
pub(crate) const HIDDEN_CHARACTER: Check = Check::fatal(
    "hidden-character",
    "A character that is not seen changes how the file looks.",
);
/// A key stands twice in one table.
pub(crate) const DUPLICATE_KEY: Check =
    Check::fatal("duplicate-key", "A key stands twice in one table.");
/// The document's format is not one that this version reads.
pub(crate) const UNKNOWN_FORMAT: Check = Check::fatal(
    "unknown-format",
    "The file's format is not one that this version reads.",
);
/// A key that means nothing.
pub(crate) const UNKNOWN_KEY: Check = Check::fatal("unknown-key", "A key means nothing.");
/// A key that must be there is not.
pub(crate) const MISSING_KEY: Check =
    Check::fatal("missing-key", "A key that must be there is not.");
/// A value of the wrong type or spelling.
pub(crate) const WRONG_VALUE: Check =
    Check::fatal("wrong-value", "A value has the wrong type or spelling.");
/// More entries than are read.
pub(crate) const TOO_MANY: Check =
    Check::fatal("too-many", "There are more entries than are read.");
/// Text that stands where a reference to a secret must stand.
pub(crate) const SECRET_IN_CLEAR: Check = Check::fatal(
    "secret-in-clear",
    "Something other than a reference stands where a secret is to be referred to.",
);

/// The checks of every document.
pub(crate) const ALL: [Check; 11] = [
    TOO_LARGE,
    NOT_TEXT,
    SYNTAX,
    HIDDEN_CHARACTER,
    DUPLICATE_KEY,
    UNKNOWN_FORMAT,
    UNKNOWN_KEY,
    MISSING_KEY,
    WRONG_VALUE,
    TOO_MANY,
    SECRET_IN_CLEAR,
];

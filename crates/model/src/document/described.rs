//! What a document may hold, as its own reader tells it: the reader is run once over no document at all, and notes what
//! it asks for.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use jiff::civil::Date;
use serde_json::Value;

use crate::secret::SecretRef;

/// How a name that the author chooses stands in the paths of a format: `people.NAME.mail`.
pub(crate) const NAME: &str = "NAME";

/// How the place in a list stands in the paths of a format: `waivers[].rule`.
pub(crate) const ITEM: &str = "[]";

/// What a value may be, as far as its type decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line of text.
    Text,
    /// `true` or `false`.
    Switch,
    /// An integer between two bounds, both included.
    Integer {
        /// The least.
        least: u64,
        /// The greatest.
        most: u64,
    },
    /// A number, with or without a fraction.
    Number,
    /// A date without a time.
    Date,
    /// A text that spells something.
    Spelt {
        /// What it spells, with its article: "an IP address".
        wanted: &'static str,
        /// A regular expression that every such text matches; not every match is one.
        pattern: &'static str,
    },
    /// One of a few words.
    Word(Vec<&'static str>),
    /// A list of these.
    List(Box<Kind>),
}

/// Whether something must be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must be said.
    Required,
    /// It must be said under a condition.
    When(&'static str),
    /// It may be said; when it is not, there is none.
    Optional,
    /// One of these keys of the same table must be said, and no other of them.
    OneOf(Vec<&'static str>),
    /// This counts when nothing is said.
    Default(Value),
}

/// What stands at a path of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A table.
    Table,
    /// A value.
    Value(Kind),
}

/// A path that a reader asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
}

/// A type that tells what its values look like in a document.
pub(crate) trait Described {
    /// What a value may be.
    fn kind() -> Kind;

    /// The value as JSON, for defaults.
    fn json(&self) -> Value;
}

/// Describes a type whose values are a few words.
macro_rules! described_words {
    ($type:ty) => {
        impl crate::document::Described for $type {
            fn kind() -> crate::document::Kind {
                crate::document::Kind::Word(Self::WORDS.iter().map(|(word, _)| *word).collect())
            }

            fn json(&self) -> serde_json::Value {
                let word = Self::WORDS.iter().find(|(_, value)| value == self);
                word.map(|(word, _)| *word).into()
            }
        }
    };
}
pub(crate) use described_words;

impl Described for String {
    fn kind() -> Kind {
        Kind::Text
    }

    fn json(&self) -> Value {
        self.as_str().into()
    }
}

impl Described for bool {
    fn kind() -> Kind {
        Kind::Switch
    }

    fn json(&self) -> Value {
        (*self).into()
    }
}

macro_rules! described_integers {
    ($($type:ty)*) => {$(
        impl Described for $type {
            fn kind() -> Kind {
                Kind::Integer {
                    least: u64::from(Self::MIN),
                    most: u64::from(Self::MAX),
                }
            }

            fn json(&self) -> Value {
                (*self).into()
            }
        }
    )*};
}

described_integers! { u8 u16 u32 }

macro_rules! described_spellings {
    ($($type:ty: $wanted:literal, $pattern:literal;)*) => {$(
        impl Described for $type {
            fn kind() -> Kind {
                Kind::Spelt { wanted: $wanted, pattern: $pattern }
            }

            fn json(&self) -> Value {
                self.to_string().into()
            }
        }
    )*};
}

described_spellings! {
    IpAddr: "an IP address", r"^[0-9A-Fa-f:.]+$";
    Ipv4Addr: "an IPv4 address", r"^[0-9.]+$";
    IpNet: "an address range", r"^[0-9A-Fa-f:.]+/[0-9]{1,3}$";
    Ipv4Net: "an IPv4 address range", r"^[0-9.]+/[0-9]{1,2}$";
    SecretRef: "a secret reference", r"^(file|env|command|age|aws-secret):.+$";
}

impl Described for Date {
    fn kind() -> Kind {
        Kind::Date
    }

    fn json(&self) -> Value {
        self.to_string().into()
    }
}

impl<T: Described> Described for Vec<T> {
    fn kind() -> Kind {
        Kind::List(Box::new(T::kind()))
    }

    fn json(&self) -> Value {
        self.iter().map(Described::json).collect()
    }
}
